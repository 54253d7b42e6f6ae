//! Durations of exchanges, small enough to keep one for each destination.

use std::time::Duration;

/// Four buckets to each power of two of microseconds: a quantile is at most an
/// eighth off. The last bucket takes everything from about two hours up.
#[derive(Clone, Debug)]
pub(crate) struct Latency {
    buckets: [u32; BUCKETS],
    /// Sums of as many buckets, so that a quantile is found in few steps.
    groups: [u32; BUCKETS / GROUP],
    count: u64,
}

const BUCKETS: usize = 128;
const GROUP: usize = 8;

impl Default for Latency {
    fn default() -> Self {
        Self { buckets: [0; BUCKETS], groups: [0; BUCKETS / GROUP], count: 0 }
    }
}

impl Latency {
    /// Counts one duration.
    pub(crate) fn add(&mut self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = bucket_of(micros);
        let counts = self.buckets.get_mut(bucket).into_iter();
        for count in counts.chain(self.groups.get_mut(bucket / GROUP)) {
            *count = count.saturating_add(1);
        }
        self.count += 1;
    }

    /// Counts everything that `other` counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        let mine = self.buckets.iter_mut().chain(&mut self.groups);
        for (mine, theirs) in mine.zip(other.buckets.iter().chain(&other.groups)) {
            *mine = mine.saturating_add(*theirs);
        }
        self.count += other.count;
    }

    /// The duration that `percent` of the counted ones do not exceed.
    pub(crate) fn quantile(&self, percent: u64) -> Option<Duration> {
        if self.count == 0 {
            return None;
        }
        let rank = (self.count * percent).div_ceil(100).max(1);
        let (group, before) = reached(&self.groups, 0, rank)?;
        let (inside, _) = reached(self.buckets.get(group * GROUP..)?, before, rank)?;
        Some(Duration::from_micros(middle_of(group * GROUP + inside)))
    }
}

/// Which of the counts brings the sum, of `before` and those in front of it, to `rank`,
/// and that sum without it.
fn reached(counts: &[u32], before: u64, rank: u64) -> Option<(usize, u64)> {
    let mut sum = before;
    for (at, count) in counts.iter().enumerate() {
        let next = sum + u64::from(*count);
        if next >= rank {
            return Some((at, sum));
        }
        sum = next;
    }
    None
}

fn bucket_of(micros: u64) -> usize {
    if micros < 4 {
        return micros as usize;
    }
    let exponent = micros.ilog2();
    let quarter = (micros >> (exponent - 2)) & 3;
    ((exponent as usize - 1) * 4 + quarter as usize).min(BUCKETS - 1)
}

fn middle_of(bucket: usize) -> u64 {
    if bucket < 4 {
        return bucket as u64;
    }
    let shift = bucket / 4 - 1;
    let low = (4 + bucket as u64 % 4) << shift;
    low + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_reads_back_within_an_eighth() {
        for micros in [0, 1, 3, 4, 5, 7, 8, 100, 999, 1_000, 65_535, 1_000_000, 3_600_000_000] {
            let mut latency = Latency::default();
            latency.add(Duration::from_micros(micros));
            let shown = latency.quantile(50).expect("one was counted").as_micros() as u64;
            assert!(shown.abs_diff(micros) <= micros / 8, "{micros} read back as {shown}");
        }
    }

    #[test]
    fn quantiles_follow_rank() {
        let mut latency = Latency::default();
        assert_eq!(latency.quantile(50), None);
        for _ in 0..98 {
            latency.add(Duration::from_micros(2));
        }
        latency.add(Duration::from_secs(1));
        latency.add(Duration::from_secs(1));
        assert_eq!(latency.quantile(50), Some(Duration::from_micros(2)));
        assert!(latency.quantile(99).expect("counted") > Duration::from_millis(800));
        latency.add(Duration::MAX);
        assert!(latency.quantile(100).expect("counted") > Duration::from_secs(3600));
    }
}
