//! The two times of the pipeline, never mixed: kernel time orders and measures,
//! wall time is only shown.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Kernel time: nanoseconds of `CLOCK_MONOTONIC`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Time from `earlier` to `self`; zero where the order is the other one.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The time `after` later.
    #[must_use]
    pub const fn plus(self, after: Duration) -> Self {
        Self(self.0.saturating_add(after.as_nanos() as u64))
    }
}

/// Wall time: nanoseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct WallTime(pub u64);

/// What to add to a [`Timestamp`] to get a [`WallTime`], in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WallOffset(pub i64);

impl WallOffset {
    /// The wall time of a kernel time.
    #[must_use]
    pub const fn wall(self, time: Timestamp) -> WallTime {
        WallTime(time.0.saturating_add_signed(self.0))
    }

    /// The kernel time of a wall time.
    #[must_use]
    pub const fn kernel(self, time: WallTime) -> Timestamp {
        Timestamp(time.0.saturating_add_signed(self.0.saturating_neg()))
    }
}
