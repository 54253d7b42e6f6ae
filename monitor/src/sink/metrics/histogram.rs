//! Distribution of durations.

use std::time::Duration;

use prometheus::proto;

/// Upper bounds in nanoseconds: those of OpenTelemetry for HTTP durations, and
/// three below them for calls within a host.
const BOUNDS: [u64; 17] = [
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    75_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    750_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    7_500_000_000,
    10_000_000_000,
];

/// Lines of a scrape that one histogram takes: its buckets with `+Inf`, sum and count.
pub(super) const LINES_OF_HISTOGRAM: usize = BOUNDS.len() + 3;

/// Counts of durations. The sum is 128 bits wide, since 64 bits of nanoseconds
/// overflow after 584 years of requests, which long polls reach.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    /// Durations in each bucket, not in the buckets below; the last has no bound.
    buckets: [u64; BOUNDS.len() + 1],
    sum: u128,
}

impl Histogram {
    pub(super) fn observe(&mut self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        // `le` means lower or equal.
        let bucket = BOUNDS.partition_point(|bound| *bound < nanoseconds);
        if let Some(count) = self.buckets.get_mut(bucket) {
            *count += 1;
        }
        self.sum += u128::from(nanoseconds);
    }

    pub(super) fn to_proto(&self) -> proto::Histogram {
        let mut cumulative = 0;
        let mut buckets = Vec::with_capacity(BOUNDS.len());
        for (bound, count) in BOUNDS.iter().zip(&self.buckets) {
            cumulative += count;
            let mut bucket = proto::Bucket::default();
            bucket.set_upper_bound(seconds(u128::from(*bound)));
            bucket.set_cumulative_count(cumulative);
            buckets.push(bucket);
        }
        let mut histogram = proto::Histogram::default();
        histogram.set_bucket(buckets);
        histogram.set_sample_count(self.buckets.iter().sum());
        histogram.set_sample_sum(seconds(self.sum));
        histogram
    }
}

/// Rounds once, so that 500,000 nanoseconds are exactly the number 0.0005.
fn seconds(nanoseconds: u128) -> f64 {
    nanoseconds as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_on_a_bound_counts_in_its_bucket() {
        let mut histogram = Histogram::default();
        for nanoseconds in [0, 500_000, 500_001, 10_000_000_000, 10_000_000_001] {
            histogram.observe(Duration::from_nanos(nanoseconds));
        }
        let proto = histogram.to_proto();
        let counts: Vec<_> =
            proto.get_bucket().iter().map(|b| (b.upper_bound(), b.cumulative_count())).collect();
        assert_eq!(counts[..3], [(0.0005, 2), (0.001, 3), (0.0025, 3)]);
        assert_eq!(counts[16], (10.0, 4));
        assert_eq!(proto.get_sample_count(), 5);
        assert_eq!(proto.get_sample_sum(), 20.001_000_002);
    }

    #[test]
    fn the_longest_durations_do_not_overflow() {
        let mut histogram = Histogram::default();
        for _ in 0..3 {
            histogram.observe(Duration::MAX);
        }
        assert_eq!(histogram.to_proto().get_sample_count(), 3);
        assert!(histogram.to_proto().get_sample_sum() > 5.5e10);
    }
}
