//! Endpoints of the paths seen lately, found again fast.

use std::hash::Hasher;
use std::sync::Arc;

use rustc_hash::FxHasher;

use super::kinds::MethodId;
use crate::pipeline::route::{Evidence, ServiceId};
use crate::pipeline::slab::Handle;

/// Places: a power of two.
const PLACES: usize = 512;
/// Longer paths are not kept.
const PATH_BYTES: usize = 64;

/// A cache of constant size. Each path has one place, which the last one keeps that came
/// twice while no other came; what is not found is found out anew, with the same result:
/// what is kept holds for one epoch of the routes.
pub(super) struct Recent {
    places: Box<[Place]>,
}

#[derive(Default)]
struct Place {
    /// Of the last path that was not found here.
    missed: u64,
    kept: Option<Kept>,
}

struct Kept {
    hash: u64,
    key: Key,
    length: u8,
    path: [u8; PATH_BYTES],
    route: Arc<str>,
    endpoint: Handle,
}

/// What belongs to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) epoch: u64,
    pub(super) service: ServiceId,
    pub(super) method: MethodId,
    pub(super) evidence: Evidence,
}

/// A path that was not found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Missed {
    hash: u64,
    seen_before: bool,
}

impl Recent {
    pub(super) fn new() -> Self {
        Self { places: (0..PLACES).map(|_| Place::default()).collect() }
    }

    /// The route and the endpoint, where they are still here, and what [`Self::keep`]
    /// wants where they are of no use.
    pub(super) fn find(&mut self, key: Key, path: &str) -> (Option<(&Arc<str>, Handle)>, Missed) {
        let hash = hash_of(key, path);
        let Some(place) = self.places.get_mut(place(hash)) else {
            return (None, Missed { hash, seen_before: false });
        };
        match &place.kept {
            Some(kept) if kept.hash == hash && kept.is(key, path) => {
                (Some((&kept.route, kept.endpoint)), Missed { hash, seen_before: true })
            }
            _ => {
                let before = std::mem::replace(&mut place.missed, hash);
                (None, Missed { hash, seen_before: before == hash })
            }
        }
    }

    /// Keeps what was not found, where it was missed before.
    pub(super) fn keep(
        &mut self,
        missed: Missed,
        key: Key,
        path: &str,
        route: &Arc<str>,
        endpoint: Handle,
    ) {
        if !missed.seen_before {
            return;
        }
        let (route, hash) = (Arc::clone(route), missed.hash);
        let mut kept = Kept { hash, key, length: 0, path: [0; PATH_BYTES], route, endpoint };
        if let (Some(room), Ok(length)) =
            (kept.path.get_mut(..path.len()), u8::try_from(path.len()))
            && let Some(place) = self.places.get_mut(place(hash))
        {
            room.copy_from_slice(path.as_bytes());
            kept.length = length;
            place.kept = Some(kept);
        }
    }
}

impl Kept {
    fn is(&self, key: Key, path: &str) -> bool {
        self.key == key && self.path.get(..usize::from(self.length)) == Some(path.as_bytes())
    }
}

fn hash_of(key: Key, path: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(path.as_bytes());
    hasher.write_u32(key.service.number());
    hasher.finish()
}

const fn place(hash: u64) -> usize {
    (hash >> (64 - PLACES.trailing_zeros())) as usize
}
