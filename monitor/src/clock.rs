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

/// How wall time stands to kernel time now.
#[must_use]
pub fn wall_offset() -> WallOffset {
    offset_of(ClockId::Monotonic)
}

/// How wall time stands to the time since boot, suspended time included.
#[must_use]
pub fn boot_offset() -> WallOffset {
    offset_of(ClockId::Boottime)
}

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
    let wall = nanoseconds(ClockId::Realtime);
    WallOffset(wall.wrapping_sub(nanoseconds(clock)).cast_signed())
}

fn nanoseconds(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}
