//! What was dropped and not said yet.

use crate::clock;
use crate::pipeline::input::{Loss, LossReason, Stage};
use crate::pipeline::output::{LossReport, Output};
use crate::pipeline::time::{Timestamp, WallTime};

/// Lines dropped since that was said last.
#[derive(Debug, Default)]
pub(super) struct Missed {
    count: u64,
    /// When the first of them was dropped.
    since: WallTime,
}

impl Missed {
    /// Counts lines that were just dropped.
    pub(super) fn count(&mut self, lines: u64) {
        if self.count == 0 && lines > 0 {
            self.since = clock::wall();
        }
        self.count += lines;
    }

    /// What there is to say, if anything.
    pub(super) fn report(&self) -> Option<Output> {
        let never = Timestamp::default();
        (self.count > 0).then(|| {
            Output::Loss(LossReport {
                loss: Loss {
                    stage: Stage::Sink,
                    reason: LossReason::QueueFull,
                    count: self.count,
                    since: never,
                    time: never,
                },
                since: self.since,
                time: clock::wall(),
            })
        })
    }

    /// It was said.
    pub(super) fn forget(&mut self) {
        self.count = 0;
    }
}
