//! The only reader of the clocks.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::pipeline::time::{Timestamp, WallOffset, WallTime};

/// Nanoseconds since this host was started, suspended time included. Nobody sets this clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BootTime(pub u64);

/// Kernel time now: the clock of the kernel side's records.
#[must_use]
pub fn monotonic() -> Timestamp {
    Timestamp(nanoseconds(ClockId::Monotonic))
}

/// Wall time now.
#[must_use]
pub fn wall() -> WallTime {
    WallTime(nanoseconds(ClockId::Realtime))
}

/// Time since this host was started.
#[must_use]
pub fn boot() -> BootTime {
    BootTime(nanoseconds(ClockId::Boottime))
}

/// How wall time stands to the time since boot now, suspended time included.
#[must_use]
pub fn boot_offset() -> WallOffset {
    offset_of(ClockId::Boottime)
}

/// How wall time stands to kernel time, which changes only where the clock on the wall is
/// set: a moment that is told twice is told the same.
#[derive(Debug, Default)]
pub struct WallClock {
    offset: WallOffset,
}

impl WallClock {
    /// Looks at the clocks.
    pub fn look(&mut self) -> Wall {
        self.follow(offset_of(ClockId::Monotonic))
    }

    /// Looks at the clocks where kernel time is that since boot, suspended time included.
    pub fn look_since_boot(&mut self) -> Wall {
        self.follow(offset_of(ClockId::Boottime))
    }

    /// What the last look found.
    #[must_use]
    pub const fn offset(&self) -> WallOffset {
        self.offset
    }

    fn follow(&mut self, offset: WallOffset) -> Wall {
        if offset.0.abs_diff(self.offset.0) < STEP_NANOSECONDS {
            return Wall::Steady;
        }
        self.offset = offset;
        Wall::Stepped
    }
}

/// What a look at the clock on the wall finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wall {
    /// It runs as kernel time does.
    Steady,
    /// It was set since the last look, or there was none before.
    Stepped,
}

/// The two clocks are read one after the other, and what is in between is no step. Where a
/// clock is not set but corrected while it runs, kernel time is corrected with it.
const STEP_NANOSECONDS: u64 = 10_000_000;
/// How often they are read again where that took long.
const READINGS: usize = 3;

/// What the local time of this host is ahead of UTC now, in seconds. None where that is
/// not known, and where other threads run, which could change the environment meanwhile.
#[must_use]
pub fn local_offset_seconds() -> Option<i32> {
    let seconds = i64::try_from(wall().0 / 1_000_000_000).ok()?;
    let now = time::OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    time::UtcOffset::local_offset_at(now).ok().map(time::UtcOffset::whole_seconds)
}

/// Processor time of this process so far, of all its threads.
#[must_use]
pub fn process_cpu() -> Duration {
    Duration::from_nanos(nanoseconds(ClockId::ProcessCPUTime))
}

fn offset_of(clock: ClockId) -> WallOffset {
    let mut reading = read(clock);
    for _ in 0..READINGS {
        // Something else ran in between.
        if reading.1 >= STEP_NANOSECONDS / 10 {
            reading = read(clock);
        }
    }
    reading.0
}

/// How wall time stands to a clock, and how long it took to look.
fn read(clock: ClockId) -> (WallOffset, u64) {
    let before = nanoseconds(clock);
    let wall = nanoseconds(ClockId::Realtime);
    let took = nanoseconds(clock).saturating_sub(before);
    (WallOffset(wall.wrapping_sub(before).cast_signed()), took)
}

fn nanoseconds(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_step_of_the_clock_changes_how_it_stands_to_kernel_time() {
        const HOUR: i64 = 3_600_000_000_000;
        let start = 1_790_000_000 * 1_000_000_000;
        let mut clock = WallClock::default();
        for (offset, wall, told) in [
            (start, Wall::Stepped, start),
            (start + 3_000, Wall::Steady, start),
            (start - 9_999_999, Wall::Steady, start),
            (start + HOUR, Wall::Stepped, start + HOUR),
            (start + HOUR - 10_000_000, Wall::Stepped, start + HOUR - 10_000_000),
            (-5, Wall::Stepped, -5),
        ] {
            assert_eq!(clock.follow(WallOffset(offset)), wall, "{offset}");
            assert_eq!(clock.offset(), WallOffset(told));
        }
    }
}
