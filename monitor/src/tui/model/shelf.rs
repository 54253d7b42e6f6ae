//! A bounded table of rows that are counted: keys beyond the limit, and long idle ones
//! that had to make room, are summed up in one row.

use std::collections::BTreeMap;
use std::time::Duration;

use super::RowId;
use crate::pipeline::time::Timestamp;

/// A row of a shelf.
pub(crate) trait Entry {
    /// A row of which nothing was counted.
    fn new(id: RowId, now: Timestamp) -> Self;
    /// What names the row.
    fn id(&self) -> RowId;
    /// Whether it sums up what has no row of its own.
    fn is_rest(&self) -> bool {
        self.id() == REST
    }
    /// Last time that it was counted for.
    fn touched(&self) -> Timestamp;
    /// Takes over the counts of a row that makes room.
    fn absorb(&mut self, other: &Self);
}

/// Rows by their keys, at most `LIMIT` of them.
#[derive(Clone, Debug)]
pub(crate) struct Shelf<K, E, const LIMIT: usize> {
    rows: BTreeMap<K, E>,
    other: Option<Box<E>>,
    next_id: u64,
    next_sweep: Timestamp,
}

/// Names the row for the rest.
const REST: RowId = RowId(u64::MAX);
/// A row that was idle for this long may make room for a new one.
const IDLE: Duration = Duration::from_secs(300);
/// Looking for idle rows costs a walk over all, so it is not done more often.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

impl<K, E, const LIMIT: usize> Default for Shelf<K, E, LIMIT> {
    fn default() -> Self {
        let (next_id, next_sweep) = (0, Timestamp::default());
        Self { rows: BTreeMap::new(), other: None, next_id, next_sweep }
    }
}

impl<K: Ord + Clone, E: Entry, const LIMIT: usize> Shelf<K, E, LIMIT> {
    /// Without rows; those to come have other ids.
    pub(crate) fn emptied(&self) -> Self {
        Self { next_id: self.next_id, ..Self::default() }
    }

    /// The row of a key, new where there is room, else the row for the rest.
    pub(crate) fn entry(&mut self, key: &K, now: Timestamp) -> &mut E {
        if !self.rows.contains_key(key) {
            if self.rows.len() >= LIMIT {
                self.sweep(now);
            }
            if self.rows.len() >= LIMIT {
                return self.rest(now);
            }
            self.next_id += 1;
            self.rows.insert(key.clone(), E::new(RowId(self.next_id), now));
        }
        self.rows.get_mut(key).expect("it was there, or was inserted")
    }

    /// The row of a key, where it has one of its own.
    pub(crate) fn known(&self, key: &K) -> Option<&E> {
        self.rows.get(key)
    }

    /// The key of a row, where it has one of its own.
    pub(crate) fn key_of(&self, key: &K) -> Option<&K> {
        self.rows.get_key_value(key).map(|(key, _)| key)
    }

    /// The row of a key, or the row for the rest.
    pub(crate) fn counted(&mut self, key: &K) -> Option<&mut E> {
        self.rows.get_mut(key).or(self.other.as_deref_mut())
    }

    /// Forgets a row.
    pub(crate) fn remove(&mut self, key: &K) {
        self.rows.remove(key);
    }

    /// All rows, in a fixed order; the one for the rest has no key and comes last.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Option<&K>, &E)> {
        let rows = self.rows.iter().map(|(key, row)| (Some(key), row));
        rows.chain(self.other.as_deref().map(|other| (None, other)))
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len() + usize::from(self.other.is_some())
    }

    /// The row of an id.
    pub(crate) fn find(&self, id: RowId) -> Option<(Option<&K>, &E)> {
        self.iter().find(|(_, row)| row.id() == id)
    }

    fn rest(&mut self, now: Timestamp) -> &mut E {
        self.other.get_or_insert_with(|| Box::new(E::new(REST, now)))
    }

    fn sweep(&mut self, now: Timestamp) {
        if now < self.next_sweep {
            return;
        }
        self.next_sweep = now.plus(SWEEP_INTERVAL);
        let is_idle = |row: &E| now.since(row.touched()) >= IDLE;
        let idle: Vec<_> =
            self.rows.iter().filter(|(_, row)| is_idle(row)).map(|(key, _)| key.clone()).collect();
        for key in idle {
            if let Some(row) = self.rows.remove(&key) {
                self.rest(now).absorb(&row);
            }
        }
    }
}
