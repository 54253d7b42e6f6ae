//! A span in which nobody watched.

use std::time::Duration;

use crate::named::named;
use crate::pipeline::time::WallTime;

/// A span in which nobody watched this host, between two daemons with the same state. How
/// much moved meanwhile is not known, so it is part of no count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoverageGap {
    /// End of the span: this daemon began to watch.
    pub time: WallTime,
    /// Its length; none where the clocks do not tell.
    pub duration: Option<Duration>,
    /// What it came from.
    pub cause: GapCause,
}

impl CoverageGap {
    /// Start of the span: the last that the daemon before is known to have watched.
    #[must_use]
    pub fn since(&self) -> Option<WallTime> {
        let nanoseconds = u64::try_from(self.duration?.as_nanos()).unwrap_or(u64::MAX);
        Some(WallTime(self.time.0.saturating_sub(nanoseconds)))
    }
}

/// What a span without a watch came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GapCause {
    /// The daemon ended and another began; a clock that nobody sets measured the span.
    Restart,
    /// The host was started anew meanwhile, so that only wall time tells the length.
    Reboot,
}

impl GapCause {
    named!(Self {
        Restart = "restart",
        Reboot = "reboot",
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_starts_its_length_before_its_end() {
        for (end, duration, since) in [
            (90, Some(30), Some(60)),
            (90, Some(0), Some(90)),
            (90, Some(91), Some(0)),
            (90, None, None),
        ] {
            let duration = duration.map(Duration::from_nanos);
            let gap = CoverageGap { time: WallTime(end), duration, cause: GapCause::Restart };
            assert_eq!(gap.since(), since.map(WallTime), "{duration:?} before {end}");
        }
    }
}
