//! What a client did not get, and when it is told so.

use std::time::Duration;

use crate::control::protocol::{DropReason, Notice};
use crate::pipeline::time::Timestamp;

/// Least time between two notices.
const INTERVAL: Duration = Duration::from_secs(1);

/// Records that a client did not get and was not told of.
#[derive(Debug, Default)]
pub(super) struct Drops {
    slow: u64,
    rate: u64,
    /// When it was told last.
    told: Option<Timestamp>,
}

impl Drops {
    pub(super) const fn count(&mut self, reason: DropReason, records: u64) {
        let counter = match reason {
            DropReason::Slow => &mut self.slow,
            DropReason::Rate => &mut self.rate,
        };
        *counter = counter.saturating_add(records);
    }

    /// When there is something to tell; none where there is nothing.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        let is_any = self.slow > 0 || self.rate > 0;
        is_any.then(|| self.told.map_or(Timestamp::default(), |told| told.plus(INTERVAL)))
    }

    /// All that was not told.
    pub(super) fn take(&mut self, now: Timestamp) -> impl Iterator<Item = Notice> + use<> {
        self.told = Some(now);
        let counted = [
            (std::mem::take(&mut self.slow), DropReason::Slow),
            (std::mem::take(&mut self.rate), DropReason::Rate),
        ];
        counted
            .into_iter()
            .filter(|(records, _)| *records > 0)
            .map(|(records, reason)| Notice::Dropped { records, reason })
    }
}

/// At most so many exchanges in each second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    per_second: u32,
    since: Timestamp,
    taken: u32,
}

impl Rate {
    pub(super) const fn new(per_second: u32) -> Self {
        Self { per_second, since: Timestamp(0), taken: 0 }
    }

    /// Takes one more, where it is not too many.
    pub(super) fn take(&mut self, now: Timestamp) -> bool {
        if now.since(self.since) >= Duration::from_secs(1) {
            *self = Self { since: now, taken: 0, ..*self };
        }
        let fits = self.taken < self.per_second;
        self.taken += u32::from(fits);
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn drops_are_told_once_and_at_most_each_second() {
        let mut drops = Drops::default();
        assert_eq!(drops.deadline(), None);
        drops.count(DropReason::Slow, 3);
        drops.count(DropReason::Rate, 1);
        drops.count(DropReason::Slow, 2);
        assert_eq!(drops.deadline(), Some(Timestamp(0)));
        let told: Vec<_> = drops.take(Timestamp(5)).collect();
        let expected = [(5, DropReason::Slow), (1, DropReason::Rate)];
        assert_eq!(told, expected.map(|(records, reason)| Notice::Dropped { records, reason }));
        assert_eq!(drops.deadline(), None);
        drops.count(DropReason::Rate, 1);
        assert_eq!(drops.deadline(), Some(Timestamp(5 + SECOND)));
    }

    #[test]
    fn a_rate_holds_in_each_second() {
        let mut rate = Rate::new(2);
        let start = 7 * SECOND;
        let taken = [0, 0, 1, SECOND - 1, SECOND, SECOND, SECOND + 1]
            .map(|after| rate.take(Timestamp(start + after)));
        assert_eq!(taken, [true, true, false, false, true, true, false]);
    }
}
