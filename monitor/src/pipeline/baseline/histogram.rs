//! How often which amounts were seen, in constant memory, forgetting slowly.

use serde::{Deserialize, Serialize};

/// Weight at which everything is halved: 2048 ordinary windows, or 1.4 days of
/// windows of a minute.
const MOST_WEIGHT: u32 = 2048 * 8;

/// Quarters of a doubling, as fractions of 2^64: 2^(q/4) · 2^63, rounded up.
const QUARTERS: [u64; 3] = [0x9837_f051_8db8_a970, 0xb504_f333_f9de_6485, 0xd744_fcca_d69d_6af5];

/// Amounts and their weights, with four buckets to each doubling. Only integers,
/// so that it says the same on every machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    /// Buckets that are not empty, ascending.
    buckets: Vec<(u8, u16)>,
}

/// What is expected of an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Half of what was seen was at most this.
    pub median: u64,
    /// More than this is a deviation.
    pub most: u64,
}

impl Expected {
    /// Whether an amount is a deviation.
    #[must_use]
    pub const fn is_exceeded_by(&self, amount: u64) -> bool {
        amount > self.most
    }
}

impl Histogram {
    /// Counts an amount with a weight.
    pub fn add(&mut self, amount: u64, weight: u16) {
        if self.weight() + u32::from(weight) > MOST_WEIGHT {
            self.halve();
        }
        let bucket = bucket_of(amount);
        match self.buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(at) => {
                if let Some((_, sum)) = self.buckets.get_mut(at) {
                    *sum = sum.saturating_add(weight);
                }
            }
            Err(at) => self.buckets.insert(at, (bucket, weight)),
        }
    }

    /// Forgets half of everything.
    pub fn halve(&mut self) {
        for (_, weight) in &mut self.buckets {
            *weight /= 2;
        }
        self.buckets.retain(|(_, weight)| *weight > 0);
    }

    /// What is expected: the median plus `tolerance` deviations, at least `minimum`.
    ///
    /// The deviation is that of a normal distribution whose 9th decile lies as far
    /// above the median as the one seen: a tenth of what was learned can be wild
    /// without moving it. Deviations below a sixth of the median count as that, so
    /// with a tolerance of 6 nothing below twice the median is a deviation.
    #[must_use]
    pub fn expected(&self, tolerance: f64, minimum: u64) -> Expected {
        const NINTH_DECILE: f64 = 1.281_551_565_5;
        let median = self.quantile(5);
        let spread = self.quantile(9).saturating_sub(median) as f64 / NINTH_DECILE;
        let deviation = spread.max(median as f64 / 6.0);
        let most = (median as f64 + tolerance * deviation) as u64;
        Expected { median, most: most.max(minimum) }
    }

    /// Whether it could have come about by counting; for one read from a file.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.buckets.is_sorted_by(|(a, _), (b, _)| a < b)
            && self.buckets.iter().all(|(_, weight)| *weight > 0)
            && self.weight() <= MOST_WEIGHT
    }

    fn weight(&self) -> u32 {
        self.buckets.iter().map(|(_, weight)| u32::from(*weight)).sum()
    }

    /// The amount that so many tenths of the weight do not exceed; 0 where empty.
    fn quantile(&self, tenths: u32) -> u64 {
        let enough = (self.weight() * tenths).div_ceil(10);
        let mut weight = 0;
        let found = self.buckets.iter().find(|(_, more)| {
            weight += u32::from(*more);
            weight >= enough
        });
        found.map_or(0, |(bucket, _)| most_of(*bucket))
    }
}

/// 0 for nothing, then four for each doubling.
fn bucket_of(amount: u64) -> u8 {
    let Some(doublings) = amount.checked_ilog2() else { return 0 };
    let mantissa = amount << (63 - doublings);
    let quarter = QUARTERS.iter().filter(|quarter| mantissa >= **quarter).count() as u32;
    u8::try_from(1 + 4 * doublings + quarter).unwrap_or(u8::MAX)
}

/// The largest amount in a bucket.
fn most_of(bucket: u8) -> u64 {
    let Some(above_zero) = bucket.checked_sub(1) else { return 0 };
    if bucket == u8::MAX {
        return u64::MAX;
    }
    let end = QUARTERS.get(usize::from(above_zero % 4)).map_or(u64::MAX, |quarter| quarter - 1);
    end >> (63 - above_zero / 4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn buckets_are_quarters_of_a_doubling() {
        for (amount, bucket) in
            [(0, 0), (1, 1), (2, 5), (3, 7), (4, 9), (5, 10), (6, 11), (7, 12), (8, 13)]
        {
            assert_eq!(bucket_of(amount), bucket, "{amount}");
        }
        assert_eq!(bucket_of(u64::MAX), u8::MAX);
        assert_eq!(most_of(u8::MAX), u64::MAX);
        assert_eq!(most_of(0), 0);
    }

    proptest! {
        #[test]
        fn a_bucket_ends_where_it_says(shift in 0u32..64, amount: u64) {
            let amount = amount >> shift;
            let bucket = bucket_of(amount);
            let most = most_of(bucket);
            prop_assert!(amount <= most);
            prop_assert_eq!(bucket_of(most), bucket);
            prop_assert!(most == u64::MAX || bucket_of(most + 1) > bucket);
            // A bucket is at most a fifth wide.
            prop_assert!(most == u64::MAX || most as f64 <= amount as f64 * 1.19 + 1.0);
        }

    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn any_counting_is_sound_and_bounded(
            amounts in proptest::collection::vec((any::<u64>(), 0u32..64, 1u16..=8), 1..4000),
        ) {
            let mut histogram = Histogram::default();
            for (amount, shift, weight) in amounts {
                histogram.add(amount >> shift, weight);
            }
            prop_assert!(histogram.is_sound());
            prop_assert!(histogram.quantile(5) <= histogram.quantile(9));
        }
    }

    #[test]
    fn a_tenth_may_be_wild() {
        let mut histogram = Histogram::default();
        for _ in 0..90 {
            histogram.add(1000, 8);
        }
        let calm = histogram.expected(6.0, 0);
        assert!((1000..1200).contains(&calm.median), "{calm:?}");
        assert!((2000..2400).contains(&calm.most), "{calm:?}");
        for _ in 0..10 {
            histogram.add(1_000_000, 8);
        }
        assert_eq!(histogram.expected(6.0, 0), calm);
        for _ in 0..2 {
            histogram.add(1_000_000, 8);
        }
        assert!(histogram.expected(6.0, 0).most > 1_000_000);
    }

    #[test]
    fn strange_tolerances_leave_the_minimum() {
        let mut histogram = Histogram::default();
        histogram.add(1000, 8);
        for (tolerance, most) in [(f64::NAN, 7), (-1e300, 7), (f64::INFINITY, u64::MAX)] {
            assert_eq!(histogram.expected(tolerance, 7).most, most);
        }
        assert_eq!(Histogram::default().expected(6.0, 7), Expected { median: 0, most: 7 });
    }
}
