//! How long exchanges took, in constant memory.

use std::time::Duration;

use crate::pipeline::output::Quantiles;

/// Buckets to each doubling: neighbours differ by 3.93 %, so that a duration differs by
/// less than 2 % from the middle of its bucket.
const PARTS: u32 = 18;

/// 2^(k/18) · 2^63 for k from 1 to 17, rounded up.
const STEPS: [u64; PARTS as usize - 1] = [
    0x8506_7241_efbf_c018,
    0x8a3f_65c4_2266_8a2f,
    0x8fac_d61e_3eb5_feb6,
    0x9550_d2d5_6827_a9b9,
    0x9b2d_8024_86b7_d1b1,
    0xa145_17cc_6b94_5712,
    0xa799_e9ec_21b5_ec99,
    0xae2e_5de1_bc84_2a44,
    0xb504_f333_f9de_6485,
    0xbc20_4285_103d_00f4,
    0xc382_fe8f_051a_7e8c,
    0xcb2f_f529_eb71_e416,
    0xd32a_105c_6de3_2391,
    0xdb74_5777_0bf6_aa9f,
    0xe411_f03a_7609_4a36,
    0xed06_2009_77a2_65f1,
    0xf654_4d26_e459_8f8e,
];

/// For each thirty-second of a doubling, the steps at or below its beginning; each has
/// one step in it at most.
const STEPS_BELOW: [u8; 32] = {
    let mut below = [0; 32];
    let mut cell = 0;
    while cell < 32 {
        let begin = (1 << 63) + ((cell as u64) << 58);
        while (below[cell] as usize) < STEPS.len() && STEPS[below[cell] as usize] <= begin {
            below[cell] += 1;
        }
        cell += 1;
    }
    below
};

/// The first doubling that is told apart begins at 2^12 ns, 4.1 µs.
const FIRST_DOUBLING: u32 = 12;
const PAGE: usize = 32;
const PAGES: usize = 16;
/// The last bucket holds all from 2^40.3 ns, 23 minutes, on.
const LAST: usize = PAGE * PAGES - 1;
/// Pages with counts at a time, each for a factor of 3.4. With one more, one without a
/// quantile goes, so there have to be more than quantiles.
const MOST_PAGES: usize = 4;
/// In hundredths.
const QUANTILES: [u64; 3] = [50, 95, 99];

/// Durations, counted in buckets, in pages of which only those in use exist. When a
/// bucket is full, everything is halved, so that the last hundred thousand or so count
/// most. Only integers, so that it says the same on every machine.
#[derive(Clone, Debug, Default)]
pub(super) struct Latencies {
    /// For each page one more than its place in `pages`, or 0.
    directory: [u8; PAGES],
    pages: Vec<[u16; PAGE]>,
    /// In nanoseconds.
    longest: u64,
}

/// The bucket of a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bucket(usize);

impl Bucket {
    pub(super) fn of(duration: Duration) -> Self {
        let nanoseconds = nanoseconds(duration);
        let Some(doubling) = (nanoseconds | 1).ilog2().checked_sub(FIRST_DOUBLING) else {
            return Self(0);
        };
        let mantissa = nanoseconds << nanoseconds.leading_zeros();
        let cell = (mantissa >> 58) as usize & 31;
        let below = STEPS_BELOW.get(cell).map_or(0, |below| usize::from(*below));
        let has_step = STEPS.get(below).is_some_and(|step| mantissa >= *step);
        let part = below + usize::from(has_step);
        Self((1 + (doubling * PARTS) as usize + part).min(LAST))
    }

    /// The middle: as far from its ends, in parts of itself.
    fn middle(self) -> Duration {
        let bound = |at: usize| {
            let (doubling, part) = (at / PARTS as usize, at % PARTS as usize);
            let step = part.checked_sub(1).and_then(|step| STEPS.get(step));
            let mantissa = step.copied().unwrap_or(1 << 63);
            u128::from(mantissa >> (63 - (doubling as u32 + FIRST_DOUBLING).min(63)))
        };
        let Some(at) = self.0.checked_sub(1) else {
            return Duration::from_nanos(1 << FIRST_DOUBLING);
        };
        let (from, to) = (bound(at), bound(at + 1));
        let middle = 2 * from * to / (from + to);
        Duration::from_nanos(u64::try_from(middle).unwrap_or(u64::MAX))
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Latencies {
    pub(super) fn add(&mut self, bucket: Bucket, duration: Duration) {
        self.longest = self.longest.max(nanoseconds(duration));
        let Some(count) = self.count_at(bucket.0) else { return };
        *count = count.saturating_add(1);
        if *count == u16::MAX {
            self.halve();
        }
    }

    /// Adds all that another has.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.longest = self.longest.max(other.longest);
        for (bucket, more) in other.counts() {
            if let Some(count) = self.count_at(bucket) {
                *count = count.saturating_add(more);
            }
        }
        if self.counts().any(|(_, count)| count == u16::MAX) {
            self.halve();
        }
    }

    /// The quantiles; none where nothing was counted.
    pub(super) fn quantiles(&self) -> Option<Quantiles> {
        let max = Duration::from_nanos(self.longest);
        let [p50, p95, p99] = self.quantile_buckets()?.map(|bucket| {
            let middle = if bucket == LAST { max } else { Bucket(bucket).middle() };
            middle.min(max)
        });
        Some(Quantiles { p50, p95, p99, max })
    }

    fn quantile_buckets(&self) -> Option<[usize; 3]> {
        let total: u64 = self.counts().map(|(_, count)| u64::from(count)).sum();
        let (last, _) = self.counts().last()?;
        let mut buckets = [last; 3];
        for (bucket, hundredths) in buckets.iter_mut().zip(QUANTILES) {
            let enough = (total * hundredths).div_ceil(100);
            let mut sum = 0;
            let found = self.counts().find(|(_, count)| {
                sum += u64::from(*count);
                sum >= enough
            });
            *bucket = found.map_or(last, |(bucket, _)| bucket);
        }
        Some(buckets)
    }

    /// Buckets with counts, ascending.
    fn counts(&self) -> impl Iterator<Item = (usize, u16)> {
        let pages = (0..PAGES).filter_map(|number| Some((number, self.page(number)?)));
        let counts = pages.flat_map(|(number, page)| (PAGE * number..).zip(page.iter().copied()));
        counts.filter(|(_, count)| *count > 0)
    }

    fn count_at(&mut self, bucket: usize) -> Option<&mut u16> {
        let (number, slot) = (bucket / PAGE, bucket % PAGE);
        let place = match self.directory.get(number)?.checked_sub(1) {
            Some(place) => place,
            None => self.open(number)?,
        };
        self.pages.get_mut(usize::from(place))?.get_mut(slot)
    }

    /// A page for counts, new or that of another.
    fn open(&mut self, number: usize) -> Option<u8> {
        let place = if self.pages.len() < MOST_PAGES {
            self.pages.reserve_exact(1);
            self.pages.push([0; PAGE]);
            u8::try_from(self.pages.len()).ok()? - 1
        } else {
            self.close_least()?
        };
        *self.directory.get_mut(number)? = place + 1;
        Some(place)
    }

    /// Puts the counts of a page without a quantile, of these the one with the fewest,
    /// into the nearest bucket above it, or below it where there is none. That changes
    /// no quantile.
    fn close_least(&mut self) -> Option<u8> {
        let sum = |number: &usize| Some(self.page(*number)?.iter().copied().map(u32::from).sum());
        let used = |number: &usize| self.page(*number).is_some();
        let quantiles = self.quantile_buckets().unwrap_or_default().map(|bucket| bucket / PAGE);
        let weight = |number: &usize| (quantiles.contains(number), sum(number).unwrap_or(0u32));
        let least = (0..PAGES).filter(used).min_by_key(weight)?;
        let sum = u16::try_from(sum(&least)?).unwrap_or(u16::MAX);
        let above = (least + 1..PAGES).find(used).map(|number| number * PAGE);
        let below = (0..least).rev().find(used).map(|number| number * PAGE + PAGE - 1);
        let place = self.directory.get_mut(least)?;
        let place = std::mem::take(place).checked_sub(1)?;
        *self.pages.get_mut(usize::from(place))? = [0; PAGE];
        if let Some(heir) = above.or(below).and_then(|heir| self.count_at(heir)) {
            *heir = heir.saturating_add(sum);
        }
        Some(place)
    }

    fn page(&self, number: usize) -> Option<&[u16; PAGE]> {
        let place = self.directory.get(number)?.checked_sub(1)?;
        self.pages.get(usize::from(place))
    }

    fn halve(&mut self) {
        for count in self.pages.iter_mut().flatten() {
            *count /= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(durations: impl IntoIterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::default();
        for nanoseconds in durations {
            let duration = Duration::from_nanos(nanoseconds);
            latencies.add(Bucket::of(duration), duration);
        }
        latencies
    }

    fn is_near(found: Duration, exact: u64) -> bool {
        let (found, exact) = (found.as_nanos() as f64, exact as f64);
        (found - exact).abs() <= 0.02 * exact
    }

    #[test]
    fn every_bucket_is_within_two_percent_of_its_durations() {
        let mut at = 4096u64;
        let mut before = Bucket(0);
        while at < 1 << 40 {
            for duration in [at, at + at / 500] {
                let bucket = Bucket::of(Duration::from_nanos(duration));
                assert!(bucket == before || bucket.0 == before.0 + 1, "{duration}");
                assert!(is_near(bucket.middle(), duration), "{duration} {:?}", bucket.middle());
                before = bucket;
            }
            at += at / 250;
        }
        assert_eq!(Bucket::of(Duration::ZERO), Bucket(0));
        assert_eq!(Bucket::of(Duration::from_nanos(4095)), Bucket(0));
        assert_eq!(Bucket::of(Duration::MAX), Bucket(LAST));
    }

    #[test]
    fn quantiles_are_those_of_the_durations() {
        // 1 ms to 100 ms evenly, and a tail of 1 % around a second.
        let quantiles =
            of((1..=99_000).map(|n| 1_000 * n).chain((1..=1000).map(|n| n * 2_000_000)));
        let quantiles = quantiles.quantiles().unwrap();
        assert!(is_near(quantiles.p50, 50_000_000), "{quantiles:?}");
        assert!(is_near(quantiles.p95, 95_000_000), "{quantiles:?}");
        assert!(is_near(quantiles.p99, 99_000_000), "{quantiles:?}");
        assert_eq!(quantiles.max, Duration::from_secs(2));
        assert_eq!(of([]).quantiles(), None);
    }

    #[test]
    fn no_quantile_is_above_the_longest() {
        for duration in [0, 1, 5_000, 1_000_000, u64::MAX] {
            let exact = Duration::from_nanos(duration);
            let quantiles = of([duration]).quantiles().unwrap();
            let Quantiles { p50, p95, p99, max } = quantiles;
            assert!(p50 <= exact && p95 == p50 && p99 == p50 && max == exact);
            assert!(duration < 4096 || duration == u64::MAX || is_near(p50, duration));
        }
    }

    #[test]
    fn memory_is_bounded_and_few_stray_durations_spoil_no_quantile() {
        let strays = (0..64).map(|bit| 1u64 << bit);
        let latencies = of((0..100_000).map(|n| 10_000_000 + n * 100).chain(strays));
        assert!(latencies.pages.capacity() <= MOST_PAGES);
        let quantiles = latencies.quantiles().unwrap();
        assert!(is_near(quantiles.p50, 15_000_000), "{quantiles:?}");
        assert!(is_near(quantiles.p99, 19_900_000), "{quantiles:?}");
    }

    #[test]
    fn opening_a_page_changes_no_quantile() {
        // Four pages, each with many; then one in each other.
        let modes = [(60, 100_000), (33, 1_000_000), (4, 100_000_000), (3, 10_000_000_000)];
        let all = modes.into_iter().flat_map(|(count, at)| (0..count * 100).map(move |_| at));
        let strays = [20_000, 400_000, 5_000_000, 30_000_000, 900_000_000, 50_000_000_000];
        let quantiles = of(all.chain(strays)).quantiles().unwrap();
        assert!(is_near(quantiles.p50, 100_000), "{quantiles:?}");
        assert!(is_near(quantiles.p95, 100_000_000), "{quantiles:?}");
        assert!(is_near(quantiles.p99, 10_000_000_000), "{quantiles:?}");
    }

    #[test]
    fn the_last_hundred_thousand_count_most() {
        let slow_then_fast =
            (0..200_000).map(|_| 50_000_000).chain((0..200_000).map(|_| 1_000_000));
        let quantiles = of(slow_then_fast).quantiles().unwrap();
        assert!(is_near(quantiles.p50, 1_000_000), "{quantiles:?}");
        assert_eq!(quantiles.max, Duration::from_millis(50));
    }

    #[test]
    fn absorbing_is_counting_both() {
        let mut one = of((0..1000).map(|n| n * 10_000));
        let other = of((0..1000).map(|n| n * 1_000_000));
        one.absorb(&other);
        let both = of((0..1000).map(|n| n * 10_000).chain((0..1000).map(|n| n * 1_000_000)));
        assert_eq!(one.quantiles(), both.quantiles());
    }
}
