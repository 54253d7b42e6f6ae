//! What lines have in common, kept once: the ends of a connection stand in each of its
//! exchanges, a process in each of its connections, a host name in each of its requests.

use std::collections::HashMap;
use std::sync::Arc;

use crate::pipeline::output::Ends;
use crate::pipeline::process::Process;

/// Entries of one generation; there are two.
const GENERATION: usize = 2_048;
/// Bytes of their keys, and about as many of what is kept under them.
const GENERATION_BYTES: usize = 1 << 20;
/// What is longer is not kept.
const MOST_KEY_BYTES: usize = 4_096;

/// What was read before, by its text.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// By the text of both ends.
    pub(super) ends: Cache<Ends>,
    /// By the text of the process.
    pub(super) processes: Cache<Process>,
    texts: Cache<str>,
    /// Where the text of both ends is put together.
    pub(super) key: String,
}

impl Shared {
    /// A text, the same one where it was there before.
    pub(super) fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.find(text) {
            return known;
        }
        let text: Arc<str> = text.into();
        self.texts.keep(&text, &text);
        text
    }
}

/// What was met lately: in the present generation and the one before. When the present
/// one is full it becomes the one before, and what was in that is forgotten.
#[derive(Debug)]
pub(super) struct Cache<T: ?Sized> {
    present: HashMap<Box<str>, Arc<T>>,
    before: HashMap<Box<str>, Arc<T>>,
    /// Of the keys of the present.
    bytes: usize,
}

impl<T: ?Sized> Default for Cache<T> {
    fn default() -> Self {
        Self { present: HashMap::new(), before: HashMap::new(), bytes: 0 }
    }
}

impl<T: ?Sized> Cache<T> {
    /// What was kept under a key.
    pub(super) fn find(&mut self, key: &str) -> Option<Arc<T>> {
        if let Some(known) = self.present.get(key) {
            return Some(Arc::clone(known));
        }
        let known = self.before.remove(key)?;
        self.keep(key, &known);
        Some(known)
    }

    /// Keeps a value under a key, unless that is too long to be worth it.
    pub(super) fn keep(&mut self, key: &str, value: &Arc<T>) {
        if key.len() > MOST_KEY_BYTES {
            return;
        }
        if self.present.len() >= GENERATION || self.bytes + key.len() > GENERATION_BYTES {
            self.before = std::mem::take(&mut self.present);
            self.bytes = 0;
        }
        self.bytes += key.len();
        self.present.insert(key.into(), Arc::clone(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_met_again_stays_and_memory_is_bounded() {
        let mut shared = Shared::default();
        let often = shared.text("often");
        for n in 0..10 * GENERATION {
            shared.text(&n.to_string());
            assert!(Arc::ptr_eq(&shared.text("often"), &often), "{n}");
        }
        assert!(shared.texts.present.len() <= GENERATION);
        assert!(shared.texts.before.len() <= GENERATION);
        let once = shared.text("0");
        assert!(!Arc::ptr_eq(&once, &often));
        for n in 0..10 * GENERATION {
            shared.text(&format!("{n:04000}"));
            assert!(shared.texts.present.keys().map(|key| key.len()).sum::<usize>() <= 1 << 20);
        }
        let long = "x".repeat(MOST_KEY_BYTES + 1);
        assert!(!Arc::ptr_eq(&shared.text(&long), &shared.text(&long)));
    }
}
