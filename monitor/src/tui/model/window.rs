//! The span of time that charts and rates are about.

use std::time::Duration;

use crate::pipeline::time::Timestamp;

/// The span of time that charts and rates are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Window {
    Minute,
    #[default]
    FiveMinutes,
    QuarterHour,
    Hour,
}

/// How long one bucket of a series is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolution {
    /// One second.
    Fine,
    /// Fifteen seconds.
    Coarse,
}

/// A window that ends now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) window: Window,
    /// When counting began, which may be later than the window.
    pub(crate) started: Timestamp,
    pub(crate) now: Timestamp,
}

impl Span {
    /// Events a second, of so many in the span.
    pub(crate) fn rate(self, events: u32) -> f64 {
        let counted = self.now.since(self.started).min(self.window.duration());
        f64::from(events) / counted.as_secs_f64().max(1.0)
    }
}

impl Window {
    /// From the shortest on.
    pub(crate) const ALL: [Self; 4] =
        [Self::Minute, Self::FiveMinutes, Self::QuarterHour, Self::Hour];

    /// As it is shown.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Minute => "1m",
            Self::FiveMinutes => "5m",
            Self::QuarterHour => "15m",
            Self::Hour => "1h",
        }
    }

    /// How long it is.
    pub(crate) const fn duration(self) -> Duration {
        Duration::from_secs(self.slots() as u64 * self.resolution().seconds())
    }

    /// The next longer one; the longest stays.
    pub(crate) fn longer(self) -> Self {
        Self::ALL.into_iter().find(|window| *window > self).unwrap_or(self)
    }

    /// The next shorter one; the shortest stays.
    pub(crate) fn shorter(self) -> Self {
        Self::ALL.into_iter().rev().find(|window| *window < self).unwrap_or(self)
    }

    /// The next longer one, the shortest after the longest.
    pub(crate) fn next(self) -> Self {
        if self == Self::Hour { Self::Minute } else { self.longer() }
    }

    pub(super) const fn resolution(self) -> Resolution {
        match self {
            Self::Minute => Resolution::Fine,
            Self::FiveMinutes | Self::QuarterHour | Self::Hour => Resolution::Coarse,
        }
    }

    /// Buckets that it spans.
    pub(super) const fn slots(self) -> usize {
        match self {
            Self::Minute | Self::QuarterHour => 60,
            Self::FiveMinutes => 20,
            Self::Hour => 240,
        }
    }
}

impl Resolution {
    pub(super) const fn seconds(self) -> u64 {
        match self {
            Self::Fine => 1,
            Self::Coarse => 15,
        }
    }

    /// Buckets that are kept: what the longest window of this resolution spans.
    pub(super) const fn slots(self) -> usize {
        match self {
            Self::Fine => Window::Minute.slots(),
            Self::Coarse => Window::Hour.slots(),
        }
    }
}
