//! Connections whose end was lost: once records of connections are, one without traffic for
//! as long as `limits.idle_timeout` is taken to have ended. Where none was lost, an idle
//! connection lives for as long as the kernel keeps it.

use std::time::Duration;

use super::Pipeline;
use super::connection::Connection;
use super::input::{Loss, Stage};
use super::time::Timestamp;

/// Time between two looks at all connections.
const INTERVAL: Duration = Duration::from_secs(60);

/// What is doubted, and when that was last looked at.
#[derive(Default)]
pub(super) struct Unended {
    /// Ends may have been lost up to this time.
    lost_until: Option<Timestamp>,
    looked: Timestamp,
}

impl Unended {
    /// Something was lost.
    pub(super) fn note(&mut self, loss: Loss) {
        if loss.stage == Stage::ControlRing {
            self.lost_until = self.lost_until.max(Some(loss.time));
        }
    }

    /// Up to when ends may have been lost, where it is time to look.
    pub(super) fn due(&mut self, now: Timestamp) -> Option<Timestamp> {
        let lost_until = self.lost_until?;
        (now.since(self.looked) >= INTERVAL).then(|| {
            self.looked = now;
            lost_until
        })
    }
}

impl Pipeline {
    /// Ends what has been idle for too long since its end may have been lost.
    pub(super) fn end_unended(&mut self) {
        let Some(lost_until) = self.unended.due(self.now) else { return };
        let idle = self.settings.limits.idle_timeout;
        let mut is_doubtful = false;
        for place in 0..self.connections.places() {
            let slot = self.connections.slot_at(place);
            let Some(active) = self.connections.get(slot).map(Connection::last_active) else {
                continue;
            };
            if active > lost_until {
                continue;
            }
            if self.now.since(active) >= idle {
                self.close(slot, None, self.now);
            } else {
                is_doubtful = true;
            }
        }
        if !is_doubtful {
            self.unended.lost_until = None;
        }
    }
}
