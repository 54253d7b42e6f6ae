//! Events a second over the last ten seconds.

use crate::pipeline::time::Timestamp;

/// One count for each of the last ten seconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct RateWindow {
    counts: [u64; SECONDS],
    /// Second of the newest count.
    newest: u64,
}

const SECONDS: usize = 10;

impl RateWindow {
    /// Counts `events` at `now`.
    pub(crate) fn add(&mut self, events: u64, now: Timestamp) {
        let second = second_of(now).max(self.newest);
        let passed = (second - self.newest).min(SECONDS as u64);
        for step in 0..passed {
            *self.slot(second - step) = 0;
        }
        self.newest = second;
        *self.slot(second) += events;
    }

    /// Events a second over the ten seconds up to `now`, or since `started` where that
    /// is less.
    pub(crate) fn rate(&self, started: Timestamp, now: Timestamp) -> f64 {
        let idle = second_of(now).saturating_sub(self.newest).min(SECONDS as u64);
        let kept = SECONDS as u64 - idle;
        let events: u64 = (0..kept)
            .filter_map(|step| self.newest.checked_sub(step))
            .filter_map(|second| self.counts.get((second % SECONDS as u64) as usize))
            .sum();
        events as f64 / now.since(started).as_secs_f64().clamp(1.0, SECONDS as f64)
    }

    fn slot(&mut self, second: u64) -> &mut u64 {
        let index = (second % SECONDS as u64) as usize;
        self.counts.get_mut(index).expect("a remainder is below its divisor")
    }
}

fn second_of(time: Timestamp) -> u64 {
    time.0 / 1_000_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Timestamp {
        Timestamp(second * 1_000_000_000)
    }

    #[test]
    fn decays_to_nothing_in_ten_seconds() {
        let mut window = RateWindow::default();
        window.add(20, at(100));
        window.add(10, at(105));
        let rate_at = |window: &RateWindow, second| window.rate(at(100 - 50), at(second));
        for (second, rate) in
            [(105, 3.0), (109, 3.0), (110, 1.0), (114, 1.0), (115, 0.0), (9999, 0.0)]
        {
            assert!((rate_at(&window, second) - rate).abs() < 1e-9, "at {second}");
        }
        window.add(5, at(130));
        assert!((rate_at(&window, 130) - 0.5).abs() < 1e-9, "old counts are gone");
        assert!((window.rate(at(128), at(130)) - 2.5).abs() < 1e-9, "two seconds after the start");
        assert!((window.rate(at(130), at(130)) - 5.0).abs() < 1e-9, "at the start");
    }
}
