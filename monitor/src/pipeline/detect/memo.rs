//! What was found out about a connection, found again fast.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::FxHasher;

use crate::pipeline::output::Ends;

/// Places: a power of two.
const PLACES: usize = 4096;

/// A cache of constant size. Each key has one place, which the last key keeps; what
/// is not found is found out anew, with the same result.
///
/// A value holds for the very [`Ends`] that it was found out from, which the cache
/// keeps alive; so a process learned later makes a new value.
pub(in crate::pipeline) struct Memo<T> {
    places: Box<[Option<Kept<T>>]>,
}

struct Kept<T> {
    key: u64,
    ends: Arc<Ends>,
    value: T,
}

impl<T> Memo<T> {
    /// An empty cache.
    pub(in crate::pipeline) fn new() -> Self {
        Self { places: (0..PLACES).map(|_| None).collect() }
    }

    /// The value of a key and these ends, where it is still here.
    pub(in crate::pipeline) fn find(&mut self, key: u64, ends: &Arc<Ends>) -> Option<&mut T> {
        let kept = self.places.get_mut(place(key))?.as_mut()?;
        (kept.key == key && Arc::ptr_eq(&kept.ends, ends)).then_some(&mut kept.value)
    }

    /// Keeps a value.
    pub(in crate::pipeline) fn keep(&mut self, key: u64, ends: &Arc<Ends>, value: T) {
        if let Some(kept) = self.places.get_mut(place(key)) {
            *kept = Some(Kept { key, ends: Arc::clone(ends), value });
        }
    }

    /// Forgets everything.
    pub(in crate::pipeline) fn clear(&mut self) {
        self.places.fill_with(|| None);
    }
}

/// A key for connections of which only the ends are known.
pub(super) fn key_of(ends: &Ends) -> u64 {
    let mut hasher = FxHasher::default();
    (ends.client.address, ends.server.address).hash(&mut hasher);
    hasher.finish()
}

/// Fibonacci hashing: cookies count up, and so do ports.
const fn place(key: u64) -> usize {
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - PLACES.trailing_zeros())) as usize
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{ends, process};
    use super::*;

    #[test]
    fn a_value_holds_for_its_key_and_its_ends_only() {
        let known = ends(Some(process("/usr/bin/curl")), "127.0.0.1:5000", None, "127.0.0.1:80");
        let same_but_new = Arc::new(Ends::clone(&known));
        let mut memo = Memo::new();
        memo.keep(1, &known, "kept");
        assert_eq!(memo.find(1, &known), Some(&mut "kept"));
        assert_eq!(memo.find(1, &same_but_new), None);
        let other = (2..).find(|key| place(*key) == place(1)).unwrap();
        assert_eq!(memo.find(other, &known), None);
        memo.keep(other, &known, "other");
        assert_eq!(memo.find(1, &known), None);
        memo.clear();
        assert_eq!(memo.find(other, &known), None);
    }
}
