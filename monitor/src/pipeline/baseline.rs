//! What was learned of traffic: for each identity × destination, how much of it is
//! normal in a window of time.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::input::SocketAddress;
use super::settings::{Settings, VolumeSettings};
use super::slab::{Handle, Slab};
use super::time::Timestamp;
use histogram::{Expected, Histogram};

/// How often which amounts were seen.
pub mod histogram;
/// The form in which it survives a restart.
mod stored;

pub use stored::BaselineError;
pub(super) use stored::FORM;

/// After so many deviating windows in a row a change counts as lasting.
pub const LASTING_WINDOWS: u16 = 30;

/// What an ordinary window weighs, and what a deviating one does.
const ORDINARY_WEIGHT: u16 = 8;
const DEVIATING_WEIGHT: u16 = 1;

/// Whose traffic: an identity and what it talks to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BaselineKey {
    /// [`super::process::Process::identity`].
    pub identity: Arc<str>,
    /// The server's address: for a server on this host its own.
    pub destination: SocketAddress,
    /// Which end the identity is.
    pub side: Side,
}

/// Which end of its connections an identity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Side {
    /// It calls.
    Client,
    /// It is called.
    Server,
}

/// Traffic of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// Bytes moved, both ways.
    pub bytes: u64,
    /// Requests begun.
    pub requests: u64,
}

/// What is expected of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpectedVolume {
    /// Of its bytes.
    pub bytes: Expected,
    /// Of its requests.
    pub requests: Expected,
}

impl ExpectedVolume {
    /// Whether a window deviates: too much of either. Too little is never a
    /// deviation: clients rest, and a dead one is for others to notice.
    #[must_use]
    pub const fn is_exceeded_by(&self, volume: Volume) -> bool {
        self.bytes.is_exceeded_by(volume.bytes) || self.requests.is_exceeded_by(volume.requests)
    }
}

/// What is normal for one key. Windows without traffic teach nothing: a client that
/// calls every five minutes is normal when it does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Normal {
    windows: u32,
    deviating: u16,
    bytes: Histogram,
    requests: Histogram,
}

impl Normal {
    /// Windows learned so far.
    #[must_use]
    pub const fn windows(&self) -> u32 {
        self.windows
    }

    /// What is expected of a window; none before enough was learned.
    #[must_use]
    pub fn expected(&self, settings: &VolumeSettings) -> Option<ExpectedVolume> {
        (self.windows >= settings.minimum_samples.max(1)).then(|| ExpectedVolume {
            bytes: self.bytes.expected(settings.tolerance, settings.minimum_bytes),
            requests: self.requests.expected(settings.tolerance, settings.minimum_requests),
        })
    }

    /// Learns a finished window, given what was expected of it.
    ///
    /// A deviating window is cut down to what was expected and weighs an eighth, so
    /// that an attack does not become normal. After [`LASTING_WINDOWS`] in a row
    /// the change is taken as it is, and half of what was known before is
    /// forgotten; and so again after as many more.
    pub fn learn(&mut self, volume: Volume, expected: Option<&ExpectedVolume>) {
        let deviation = expected.filter(|expected| expected.is_exceeded_by(volume));
        self.deviating = if deviation.is_some() { self.deviating.saturating_add(1) } else { 0 };
        let lasting = self.deviating >= LASTING_WINDOWS;
        if lasting && self.deviating.is_multiple_of(LASTING_WINDOWS) {
            self.bytes.halve();
            self.requests.halve();
        }
        let (volume, weight) = match deviation {
            Some(expected) if !lasting => (volume.cut_to(expected), DEVIATING_WEIGHT),
            _ => (volume, ORDINARY_WEIGHT),
        };
        self.windows = self.windows.saturating_add(1);
        self.bytes.add(volume.bytes, weight);
        self.requests.add(volume.requests, weight);
    }

    fn is_sound(&self) -> bool {
        self.bytes.is_sound() && self.requests.is_sound()
    }
}

impl Volume {
    fn cut_to(self, expected: &ExpectedVolume) -> Self {
        Self {
            bytes: self.bytes.min(expected.bytes.most),
            requests: self.requests.min(expected.requests.most),
        }
    }

    /// Adds traffic.
    pub const fn add(&mut self, more: Self) {
        self.bytes = self.bytes.saturating_add(more.bytes);
        self.requests = self.requests.saturating_add(more.requests);
    }
}

/// One key, what is normal for it, and its window in progress.
#[derive(Debug)]
pub struct Tracked {
    /// Whose.
    pub key: BaselineKey,
    /// What is normal.
    pub normal: Normal,
    /// The window in progress.
    pub volume: Volume,
    /// When it last had traffic; zero where only an earlier run saw it.
    pub last_use: Timestamp,
}

/// What is normal, for a bounded number of keys: when full, the least recently used
/// make room, of these the first by key.
#[derive(Debug)]
pub struct Baseline {
    limit: usize,
    places: BTreeMap<BaselineKey, Handle>,
    tracked: Slab<Tracked>,
    evicted: u64,
}

impl Baseline {
    /// A baseline that knows nothing.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            limit: limit_of(settings),
            places: BTreeMap::new(),
            tracked: Slab::default(),
            evicted: 0,
        }
    }

    /// The place of a key, made where it is new.
    pub fn place(&mut self, key: BaselineKey) -> Handle {
        if let Some(handle) = self.places.get(&key) {
            return *handle;
        }
        self.make_room(self.limit - 1);
        let tracked = Tracked {
            key: key.clone(),
            normal: Normal::default(),
            volume: Volume::default(),
            last_use: Timestamp::default(),
        };
        let handle = self.tracked.insert(tracked);
        self.places.insert(key, handle);
        handle
    }

    /// What stands at a place; nothing once it had to make room.
    pub fn at(&mut self, place: Handle) -> Option<&mut Tracked> {
        self.tracked.find_mut(place)
    }

    /// Keys that had to make room so far.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// New limits.
    pub fn apply_settings(&mut self, settings: &Settings) {
        self.limit = limit_of(settings);
        self.make_room(self.limit);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.places.clear();
        for handle in self.tracked.iter().map(|(handle, _)| handle).collect::<Vec<_>>() {
            self.tracked.remove(handle);
        }
    }

    fn make_room(&mut self, most: usize) {
        while self.tracked.len() > most {
            for handle in self.tracked.first_by(|tracked| (tracked.last_use, tracked.key.clone())) {
                let tracked = self.tracked.remove(handle);
                tracked.and_then(|tracked| self.places.remove(&tracked.key));
                self.evicted += 1;
            }
        }
    }
}

fn limit_of(settings: &Settings) -> usize {
    (settings.limits.destinations as usize).max(1)
}
