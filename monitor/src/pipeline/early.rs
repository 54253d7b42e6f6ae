//! What is known of an end before its connection is: its process, from the moment it
//! connects; and the processes themselves, until they are forgotten.

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::input::Cookie;
use super::process::{Process, ProcessKey};

/// Owners of ends whose connection is not established yet.
pub(super) struct EarlyOwners {
    owners: FxHashMap<Cookie, ProcessKey>,
    order: VecDeque<Cookie>,
}

impl EarlyOwners {
    pub(super) fn new() -> Self {
        Self { owners: FxHashMap::default(), order: VecDeque::new() }
    }

    /// Keeps an owner; beyond `limit` the oldest is forgotten.
    pub(super) fn insert(&mut self, cookie: Cookie, process: ProcessKey, limit: u32) {
        while self.order.len() >= limit as usize
            && let Some(oldest) = self.order.pop_front()
        {
            self.owners.remove(&oldest);
        }
        if self.owners.insert(cookie, process).is_none() {
            self.order.push_back(cookie);
        }
    }

    pub(super) fn remove(&mut self, cookie: Cookie) -> Option<ProcessKey> {
        let process = self.owners.remove(&cookie)?;
        // Ends are established within moments, so it stands near the end.
        if let Some(place) = self.order.iter().rposition(|it| *it == cookie) {
            self.order.remove(place);
        }
        Some(process)
    }
}

/// Processes by key; connections share what they use, so forgetting one here only
/// means that later connections of it show no process.
pub(super) struct Processes {
    processes: FxHashMap<ProcessKey, Arc<Process>>,
    order: VecDeque<ProcessKey>,
}

impl Processes {
    pub(super) fn new() -> Self {
        Self { processes: FxHashMap::default(), order: VecDeque::new() }
    }

    /// Keeps a process; beyond `limit` the one known for longest is forgotten.
    pub(super) fn insert(&mut self, process: Arc<Process>, limit: u32) {
        while self.order.len() >= limit as usize
            && let Some(oldest) = self.order.pop_front()
        {
            self.processes.remove(&oldest);
        }
        let key = process.key;
        if self.processes.insert(key, process).is_none() {
            self.order.push_back(key);
        }
    }

    pub(super) fn get(&self, key: ProcessKey) -> Option<Arc<Process>> {
        self.processes.get(&key).map(Arc::clone)
    }
}
