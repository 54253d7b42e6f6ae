//! Entries that are said again in good measure.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::pipeline::slab::{Handle, Slab};
use crate::pipeline::time::Timestamp;

/// A new entry is said after this long, with what is known then.
const SETTLING: Duration = Duration::from_secs(1);
/// An entry that changes is said at most this often.
const INTERVAL: Duration = Duration::from_secs(60);

/// Entries, and when each that has changed is to be said.
#[derive(Debug)]
pub(super) struct Shelf<T> {
    entries: Slab<Kept<T>>,
    /// Each entry that has changed since it was said stands here once.
    due: BTreeSet<(Timestamp, Handle)>,
}

#[derive(Debug)]
struct Kept<T> {
    entry: T,
    last_use: Timestamp,
    /// Not to be said before.
    next: Timestamp,
    changed: Changed,
}

impl<T> Shelf<T> {
    pub(super) fn new() -> Self {
        Self { entries: Slab::default(), due: BTreeSet::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn insert(&mut self, entry: T, now: Timestamp) -> Handle {
        let next = now.plus(SETTLING);
        self.entries.insert(Kept { entry, last_use: now, next, changed: Changed::No })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|(_, kept)| &kept.entry)
    }

    pub(super) fn find(&self, handle: Handle) -> Option<&T> {
        self.entries.find(handle).map(|kept| &kept.entry)
    }

    /// An entry to change, which counts as used.
    pub(super) fn change(&mut self, handle: Handle, now: Timestamp) -> Option<&mut T> {
        let kept = self.entries.find_mut(handle)?;
        kept.last_use = kept.last_use.max(now);
        if kept.changed == Changed::No {
            kept.changed = Changed::Yes;
            self.due.insert((kept.next, handle));
        }
        Some(&mut kept.entry)
    }

    /// Takes an entry out; says also whether it has changed since it was said.
    pub(super) fn remove(&mut self, handle: Handle) -> Option<(T, Changed)> {
        let kept = self.entries.remove(handle)?;
        self.due.remove(&(kept.next, handle));
        Some((kept.entry, kept.changed))
    }

    /// Takes what is due off the list, the longest due first.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<&T> {
        let (_, handle) = *self.due.first().filter(|(due, _)| *due <= now)?;
        self.take_changed(handle, now)
    }

    /// The entry, where it has changed; it counts as said.
    pub(super) fn take_changed(&mut self, handle: Handle, now: Timestamp) -> Option<&T> {
        let kept = self.entries.find_mut(handle)?;
        if kept.changed == Changed::No {
            return None;
        }
        self.due.remove(&(kept.next, handle));
        kept.changed = Changed::No;
        kept.next = now.plus(INTERVAL);
        Some(&kept.entry)
    }

    /// Entries that have changed, in no order of meaning.
    pub(super) fn changed(&self) -> Vec<Handle> {
        self.due.iter().map(|(_, handle)| *handle).collect()
    }

    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| *due)
    }

    /// The entries that were not used for longest: a sixteenth.
    pub(super) fn oldest(&self) -> Vec<Handle> {
        self.entries.first_by(|kept| kept.last_use)
    }
}

/// Whether an entry has changed since it was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Changed {
    No,
    Yes,
}
