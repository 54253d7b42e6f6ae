//! Capture time as the pipeline wants it: a time that never runs backwards, and ticks.

use std::time::Duration;

use crate::pipeline::time::{Timestamp, WallOffset, WallTime};

/// Kernel time of the first packet.
const START: Timestamp = Timestamp(1_000_000_000);
/// Time between ticks.
const TICK: Duration = Duration::from_millis(100);
/// Packets that are earlier than the one before by more than this are of another time:
/// files were put one behind the other, or the clock was set. Those that are earlier by
/// less came into the file in another order.
const DISORDER: Duration = Duration::from_secs(10);

/// Capture time so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    now: Timestamp,
    wall_offset: WallOffset,
    /// When the last tick was; none before the first packet.
    ticked: Option<Timestamp>,
}

/// Times at which to tick before a packet, at most two.
pub(super) type Ticks = [Option<Timestamp>; 2];

impl Clock {
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    pub(super) fn wall_offset(&self) -> WallOffset {
        self.wall_offset
    }

    /// Goes on to the time of a packet. Where nothing happened for long, one tick is soon
    /// after what happened last, and one now: nothing between them could differ.
    pub(super) fn advance(&mut self, wall: WallTime) -> Ticks {
        let Some(ticked) = self.ticked else {
            self.now = START;
            return self.start_at(wall);
        };
        let shown = self.wall_offset.wall(self.now);
        if shown.0.saturating_sub(wall.0) > DISORDER.as_nanos() as u64 {
            return self.start_at(wall);
        }
        self.now = self.now.plus(Duration::from_nanos(wall.0.saturating_sub(shown.0)));
        if self.now < ticked.plus(TICK) {
            return [None, None];
        }
        self.ticked = Some(self.now);
        let is_long = self.now >= ticked.plus(TICK * 2);
        [is_long.then_some(ticked.plus(TICK)), Some(self.now)]
    }

    /// Makes now the wall time of a packet.
    fn start_at(&mut self, wall: WallTime) -> Ticks {
        let difference = i128::from(wall.0) - i128::from(self.now.0);
        self.wall_offset = WallOffset(i64::try_from(difference).unwrap_or(i64::MAX));
        self.ticked = Some(self.now);
        [Some(self.now), None]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: u64 = 1_000_000;

    /// Milliseconds of a packet → milliseconds since the start, ticks, wall milliseconds
    #[test]
    fn time_never_runs_backwards_and_ticks() {
        let start = 1_700_000_000_000;
        let cases: [(u64, u64, &[u64], u64); 9] = [
            (start, 0, &[0], start),
            (start + 50, 50, &[], start + 50),
            (start + 30, 50, &[], start + 50),
            (start + 120, 120, &[120], start + 120),
            (start + 5_000, 5_000, &[220, 5_000], start + 5_000),
            (start - 4_999, 5_000, &[], start + 5_000),
            (start - 6_000, 5_000, &[5_000], start - 6_000),
            (start - 5_950, 5_050, &[], start - 5_950),
            (start + 86_400_000, 86_411_000, &[5_100, 86_411_000], start + 86_400_000),
        ];
        let mut clock = Clock::default();
        for (wall, now, ticks, shown) in cases {
            let came = clock.advance(WallTime(wall * MILLISECOND));
            let since = |time: Timestamp| time.since(START).as_millis() as u64;
            assert_eq!(since(clock.now()), now, "{wall}");
            let came: Vec<_> = came.into_iter().flatten().map(since).collect();
            assert_eq!(came, ticks, "{wall}");
            assert_eq!(clock.wall_offset().wall(clock.now()).0, shown * MILLISECOND);
        }
    }

    #[test]
    fn any_times_are_survived() {
        let mut clock = Clock::default();
        let mut before = clock.now();
        for wall in [u64::MAX, 0, 1, u64::MAX, u64::MAX / 2, 0, i64::MAX as u64, 5] {
            clock.advance(WallTime(wall));
            assert!(clock.now() >= before);
            before = clock.now();
        }
    }
}
