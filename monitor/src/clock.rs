//! The only reader of the clock; everything else is given its time.

use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::pipeline::time::{Timestamp, WallTime};

/// Kernel time now (`CLOCK_MONOTONIC`, as BPF programs read it).
#[must_use]
pub fn monotonic() -> Timestamp {
    Timestamp(nanoseconds(clock_gettime(ClockId::Monotonic)))
}

/// Wall time now.
#[must_use]
pub fn wall() -> WallTime {
    WallTime(nanoseconds(clock_gettime(ClockId::Realtime)))
}

/// Times before the epoch of the clock read as the epoch.
fn nanoseconds(time: Timespec) -> u64 {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let rest = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}
