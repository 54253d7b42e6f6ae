use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault};
use std::time::Duration;

use rustc_hash::FxHasher;
use tracing::callsite::Identifier;

use super::Entry;
use crate::pipeline::time::Timestamp;

/// In this time a message with the same values is said once.
const WINDOW: Duration = Duration::from_secs(1);

/// Messages from one place of the program in that time, whatever their values: those may be
/// chosen by others.
const MOST: usize = 10;

/// What was said lately, by the place in the program, of which there are a fixed number.
#[derive(Default)]
pub(super) struct Throttle(HashMap<Identifier, Lately>);

#[derive(Default)]
struct Lately {
    since: Timestamp,
    /// Of the entries that were said.
    hashes: Vec<u64>,
    unsaid: u64,
}

/// Whether an entry is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It is not: it is counted.
    Not,
    /// It is, after so many of its place that were not.
    After(u64),
}

impl Throttle {
    pub(super) fn judge(&mut self, callsite: Identifier, entry: &Entry, now: Timestamp) -> Said {
        let lately = self.0.entry(callsite).or_default();
        let values = (&entry.message, &entry.fields);
        lately.judge(BuildHasherDefault::<FxHasher>::default().hash_one(values), now)
    }
}

impl Lately {
    fn judge(&mut self, hash: u64, now: Timestamp) -> Said {
        if self.hashes.is_empty() || now.since(self.since) >= WINDOW {
            self.since = now;
            self.hashes.clear();
        }
        if self.hashes.contains(&hash) || self.hashes.len() >= MOST {
            self.unsaid += 1;
            return Said::Not;
        }
        self.hashes.push(hash);
        Said::After(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_is_said_once_a_second_with_a_count() {
        let mut lately = Lately::default();
        let at = |milliseconds| Timestamp(7).plus(Duration::from_millis(milliseconds));
        for (milliseconds, hash, expected) in [
            (0, 1, Said::After(0)),
            (1, 1, Said::Not),
            (2, 2, Said::After(1)),
            (999, 1, Said::Not),
            (999, 2, Said::Not),
            (1000, 1, Said::After(2)),
            (5000, 1, Said::After(0)),
        ] {
            assert_eq!(lately.judge(hash, at(milliseconds)), expected, "{milliseconds} {hash}");
        }
    }

    #[test]
    fn values_that_others_choose_are_no_flood() {
        let mut lately = Lately::default();
        let said = (0..1000).filter(|hash| lately.judge(*hash, Timestamp(7)) != Said::Not).count();
        assert_eq!(said, MOST);
        let later = Timestamp(7).plus(WINDOW);
        assert_eq!(lately.judge(0, later), Said::After(990));
    }
}
