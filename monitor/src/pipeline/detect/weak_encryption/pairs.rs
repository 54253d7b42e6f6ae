//! What each pair of identity and destination agreed on last, to tell a downgrade.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::judge::{is_256_bit, is_post_quantum, rank};
use super::weakness::Loss;
use crate::pipeline::output::tls::Handshake;
use crate::pipeline::settings::Settings;
use crate::pipeline::slab::{Handle, Slab};
use crate::pipeline::time::{Timestamp, WallTime};

/// Pairs that were seen, a bounded number of them: the one not used for longest makes
/// room. A pair that had to forgets what it agreed on, so a downgrade may be missed,
/// never made up.
pub(super) struct Pairs {
    limit: usize,
    places: BTreeMap<Arc<str>, Handle>,
    entries: Slab<Pair>,
    evicted: u64,
}

/// A pair.
pub(super) struct Pair {
    key: Arc<str>,
    last_use: Timestamp,
    standing: Option<Standing>,
    /// What it agreed on less in, and how often.
    pub(super) downgrade: Option<Arc<Downgrade>>,
    /// The finding of the pair.
    pub(super) finding: Option<Handle>,
}

/// The latest downgrade of a pair.
#[derive(Debug)]
pub(super) struct Downgrade {
    pub(super) before: Arc<Handshake>,
    pub(super) after: Arc<Handshake>,
    pub(super) time: WallTime,
    /// How often the pair went down so far. Two unlike backends behind one name do so
    /// again and again.
    pub(super) count: u64,
}

/// What a pair agreed on last.
struct Standing {
    handshake: Arc<Handshake>,
    rank: u16,
    /// Kept from earlier where the last handshake does not tell.
    post_quantum: Option<bool>,
    bits_256: Option<bool>,
}

impl Pairs {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            limit: limit_of(settings),
            places: BTreeMap::new(),
            entries: Slab::default(),
            evicted: 0,
        }
    }

    /// The pair of a key, made where it is new.
    pub(super) fn pair(&mut self, key: &str, now: Timestamp) -> Option<&mut Pair> {
        let handle = match self.places.get(key) {
            Some(handle) => *handle,
            None => self.insert(key, now),
        };
        let pair = self.entries.find_mut(handle)?;
        pair.last_use = pair.last_use.max(now);
        Some(pair)
    }

    /// Pairs that had to make room so far.
    pub(super) const fn evicted(&self) -> u64 {
        self.evicted
    }

    pub(super) fn apply_settings(&mut self, settings: &Settings) {
        self.limit = limit_of(settings);
        self.make_room(self.limit);
    }

    fn insert(&mut self, key: &str, now: Timestamp) -> Handle {
        self.make_room(self.limit - 1);
        let key: Arc<str> = key.into();
        let pair = Pair {
            key: Arc::clone(&key),
            last_use: now,
            standing: None,
            downgrade: None,
            finding: None,
        };
        let handle = self.entries.insert(pair);
        self.places.insert(key, handle);
        handle
    }

    fn make_room(&mut self, most: usize) {
        while self.entries.len() > most {
            for handle in self.entries.first_by(|pair| (pair.last_use, Arc::clone(&pair.key))) {
                if let Some(pair) = self.entries.remove(handle) {
                    self.places.remove(&pair.key);
                }
                self.evicted += 1;
            }
        }
    }
}

fn limit_of(settings: &Settings) -> usize {
    (settings.limits.destinations as usize).max(1)
}

impl Pair {
    /// Notes what was agreed on. Gives what is less than the last time, if anything.
    pub(super) fn note(&mut self, handshake: &Arc<Handshake>, time: WallTime) -> Vec<Loss> {
        let Some(mut now) = Standing::of(handshake) else { return Vec::new() };
        let Some(before) = self.standing.take() else {
            self.standing = Some(now);
            return Vec::new();
        };
        let losses = now.losses(&before);
        if !losses.is_empty() {
            self.downgrade = Some(Arc::new(Downgrade {
                before: before.handshake,
                after: Arc::clone(handshake),
                time,
                count: self.downgrade.as_ref().map_or(0, |earlier| earlier.count) + 1,
            }));
        }
        now.post_quantum = now.post_quantum.or(before.post_quantum);
        now.bits_256 = now.bits_256.or(before.bits_256);
        self.standing = Some(now);
        losses
    }
}

impl Standing {
    fn of(handshake: &Arc<Handshake>) -> Option<Self> {
        Some(Self {
            rank: rank(handshake.version?),
            post_quantum: is_post_quantum(handshake),
            bits_256: is_256_bit(handshake),
            handshake: Arc::clone(handshake),
        })
    }

    /// In what it is less than before. A suite of a higher version is no loss whatever
    /// it is: TLS 1.3 has suites of its own, and which comes first is a matter of taste.
    fn losses(&self, before: &Self) -> Vec<Loss> {
        let lost = |was: Option<bool>, is: Option<bool>| was == Some(true) && is == Some(false);
        let mut losses = Vec::new();
        if self.rank < before.rank {
            losses.push(Loss::Version);
        }
        if lost(before.post_quantum, self.post_quantum) {
            losses.push(Loss::PostQuantum);
        }
        if self.rank <= before.rank && lost(before.bits_256, self.bits_256) {
            losses.push(Loss::Bits256);
        }
        losses
    }
}
