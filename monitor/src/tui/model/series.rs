//! Counts over time, in buckets of two lengths, the newest ones only.

use std::time::Duration;

use super::latency::Latency;
use super::traffic::Step;
use super::window::{Resolution, Window};
use crate::pipeline::time::Timestamp;

/// What a bucket holds.
pub(crate) trait Bucket: Clone + Default {
    /// Counts one step.
    fn count(&mut self, step: &Step);
    /// Counts everything that `other` counted.
    fn absorb(&mut self, other: &Self);
}

/// Counts over the last minute by the second, and over the last hour by fifteen.
#[derive(Clone, Debug)]
pub(crate) struct Series<B> {
    fine: Ring<B>,
    coarse: Ring<B>,
}

/// Exchanges and errors: small enough for each row of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) exchanges: u32,
    pub(crate) errors: u32,
}

/// All that charts show.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interval {
    pub(crate) tally: Tally,
    pub(crate) bytes: u64,
    pub(crate) latency: Latency,
}

impl<B> Default for Series<B> {
    fn default() -> Self {
        Self { fine: Ring::new(Resolution::Fine), coarse: Ring::new(Resolution::Coarse) }
    }
}

impl<B: Bucket> Series<B> {
    /// Counts one step at `now`.
    pub(crate) fn count(&mut self, step: &Step, now: Timestamp) {
        self.fine.at(now).count(step);
        self.coarse.at(now).count(step);
    }

    /// The buckets of a window up to `now`, oldest first, each with its place in it.
    fn buckets(&self, window: Window, now: Timestamp) -> impl Iterator<Item = (usize, &B)> {
        let ring = match window.resolution() {
            Resolution::Fine => &self.fine,
            Resolution::Coarse => &self.coarse,
        };
        ring.newest(window.slots(), now)
    }

    /// What was counted in a window.
    pub(crate) fn total(&self, window: Window, now: Timestamp) -> B {
        let mut total = B::default();
        self.buckets(window, now).for_each(|(_, bucket)| total.absorb(bucket));
        total
    }

    /// A window in at most `columns` parts of equal length, oldest first; empty ones
    /// are there too. A part that has not ended is as long as it has been.
    pub(crate) fn columns(
        &self,
        window: Window,
        now: Timestamp,
        columns: usize,
    ) -> Vec<(B, Duration)> {
        let (slots, seconds) = (window.slots(), window.resolution().seconds());
        let columns = columns.clamp(1, slots);
        let mut parts = vec![(B::default(), Duration::ZERO); columns];
        let part_of = |place: usize| place * columns / slots;
        for (place, bucket) in self.buckets(window, now) {
            if let Some((sum, _)) = parts.get_mut(part_of(place)) {
                sum.absorb(bucket);
            }
        }
        let running = Duration::from_nanos(now.0 % (seconds * 1_000_000_000));
        for place in 0..slots {
            if let Some((_, length)) = parts.get_mut(part_of(place)) {
                let is_running = place + 1 == slots;
                *length += if is_running { running } else { Duration::from_secs(seconds) };
            }
        }
        parts
    }
}

/// Buckets of one length; none before the first count.
#[derive(Clone, Debug)]
struct Ring<B> {
    resolution: Resolution,
    slots: Vec<B>,
    /// Number of the newest bucket, counted from time zero.
    newest: u64,
}

impl<B> Ring<B> {
    const fn new(resolution: Resolution) -> Self {
        Self { resolution, slots: Vec::new(), newest: 0 }
    }

    fn bucket_of(&self, time: Timestamp) -> u64 {
        time.0 / (self.resolution.seconds() * 1_000_000_000)
    }
}

impl<B: Bucket> Ring<B> {
    /// The bucket of `now`. Time never goes back.
    fn at(&mut self, now: Timestamp) -> &mut B {
        let length = self.resolution.slots() as u64;
        if self.slots.is_empty() {
            self.slots = vec![B::default(); self.resolution.slots()];
            self.newest = self.bucket_of(now);
        }
        let bucket = self.bucket_of(now).max(self.newest);
        for passed in 0..(bucket - self.newest).min(length) {
            *self.slot(bucket - passed) = B::default();
        }
        self.newest = bucket;
        self.slot(bucket)
    }

    fn slot(&mut self, bucket: u64) -> &mut B {
        let length = self.slots.len() as u64;
        self.slots.get_mut((bucket % length) as usize).expect("a remainder is below its divisor")
    }

    /// The last `count` buckets up to `now`, oldest first, each with its place among
    /// them. Those before time zero and after the newest count are not there.
    fn newest(&self, count: usize, now: Timestamp) -> impl Iterator<Item = (usize, &B)> {
        let (length, last) = (self.slots.len() as u64, self.bucket_of(now));
        let before_zero = count as u64 - (last + 1).min(count as u64);
        let idle = last.saturating_sub(self.newest).min(count as u64);
        (before_zero..count as u64 - idle).filter_map(move |place| {
            let bucket = last + 1 + place - count as u64;
            let slot = bucket.checked_rem(length)?;
            Some((place as usize, self.slots.get(slot as usize)?))
        })
    }
}

impl Tally {
    /// Share of errors, from 0 to 1; none where there was nothing.
    pub(crate) fn error_share(self) -> Option<f64> {
        let all = self.exchanges.max(self.errors);
        (all > 0).then(|| f64::from(self.errors) / f64::from(all))
    }
}

impl Bucket for Tally {
    fn count(&mut self, step: &Step) {
        self.exchanges = self.exchanges.saturating_add(step.exchanges);
        self.errors = self.errors.saturating_add(step.errors);
    }

    fn absorb(&mut self, other: &Self) {
        self.exchanges = self.exchanges.saturating_add(other.exchanges);
        self.errors = self.errors.saturating_add(other.errors);
    }
}

impl Bucket for Interval {
    fn count(&mut self, step: &Step) {
        self.tally.count(step);
        self.bytes = self.bytes.saturating_add(step.bytes);
        if let Some(duration) = step.duration {
            self.latency.add(duration);
        }
    }

    fn absorb(&mut self, other: &Self) {
        self.tally.absorb(&other.tally);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.latency.merge(&other.latency);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Timestamp {
        Timestamp(second * 1_000_000_000)
    }

    fn counted(steps: &[(u64, u32)]) -> Series<Tally> {
        let mut series = Series::default();
        for (second, exchanges) in steps {
            series.count(&Step { exchanges: *exchanges, ..Step::default() }, at(*second));
        }
        series
    }

    /// What was counted, the window and when it ends, and what is in it.
    #[test]
    fn windows_forget_what_is_older() {
        use Window::{FiveMinutes, Hour, Minute, QuarterHour};
        let counts = [(10_000, 1), (10_001, 2), (10_059, 4), (10_400, 8), (13_000, 16)];
        let until = |last: usize| counted(counts.get(..last).expect("a part of it"));
        for (series, window, end, total) in [
            (until(0), Hour, 10_000, 0),
            (until(1), Minute, 10_000, 1),
            (until(3), Minute, 10_059, 7),
            (until(3), Minute, 10_060, 6),
            (until(3), Minute, 10_061, 4),
            (until(3), Minute, 10_118, 4),
            (until(3), Minute, 10_119, 0),
            (until(3), Minute, 99_999, 0),
            (until(3), FiveMinutes, 10_059, 7),
            (until(4), FiveMinutes, 10_400, 8),
            (until(4), QuarterHour, 10_400, 15),
            (until(5), QuarterHour, 13_000, 16),
            (until(5), Hour, 13_000, 31),
            (until(5), Hour, 13_600, 28),
            (until(5), Hour, 13_665, 24),
            (until(5), Hour, 99_999, 0),
        ] {
            let counted = series.total(window, at(end)).exchanges;
            assert_eq!(counted, total, "{window:?} up to {end}");
        }
    }

    #[test]
    fn columns_are_in_order_and_lose_nothing() {
        let series = counted(&[(600, 1), (630, 2), (659, 4)]);
        for columns in [1, 2, 3, 7, 20, 59, 60, 200] {
            let parts = series.columns(Window::Minute, at(659), columns);
            assert_eq!(parts.len(), columns.min(60));
            assert_eq!(parts.iter().map(|(part, _)| part.exchanges).sum::<u32>(), 7);
            let length: Duration = parts.iter().map(|(_, length)| *length).sum();
            assert_eq!(length, Duration::from_secs(59), "the last second has just begun");
        }
        let thirds = series.columns(Window::Minute, at(659), 3);
        let thirds: Vec<_> = thirds.iter().map(|(part, _)| part.exchanges).collect();
        assert_eq!(thirds, [1, 2, 4]);
    }

    /// A host that has just started has a clock that is younger than the window.
    #[test]
    fn time_begins_at_zero() {
        let series = counted(&[(0, 1), (5, 2)]);
        for window in Window::ALL {
            assert_eq!(series.total(window, at(6)).exchanges, 3, "{window:?}");
            let parts = series.columns(window, at(6), 20);
            assert_eq!(parts.iter().map(|(part, _)| part.exchanges).sum::<u32>(), 3);
        }
    }
}
