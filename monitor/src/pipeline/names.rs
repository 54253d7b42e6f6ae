//! Names of addresses, from the answers of DNS that were seen on this host. Nothing is
//! ever asked.
//!
//! An answer names its addresses for the time that it is valid for, at least
//! [`LEAST`] and at most [`MOST`], and [`GRACE`] longer, since clients ask first and
//! connect later. A later answer for the same address wins. The table is bounded; the
//! address whose last answer is oldest makes room.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::time::Timestamp;

/// What is and what is not a host name.
mod host;
/// A message of DNS.
mod message;
/// The pieces of a message.
mod wire;

pub(crate) use host::name_of_authority;
pub(crate) use message::{Answer, Ignored, parse};

/// An answer is valid for this long at least.
const LEAST: Duration = Duration::from_secs(60);
/// And for this long at most.
const MOST: Duration = Duration::from_secs(24 * 3600);
/// Its addresses keep their name for this long after.
const GRACE: Duration = Duration::from_secs(60);

/// An address as one network namespace sees it.
type Place = (u32, IpAddr);

/// Names of addresses.
pub(crate) struct Names {
    names: FxHashMap<Place, Named>,
    /// Addresses in the order of their answers. One that was answered again stands here
    /// again; only the place with its last number counts.
    order: VecDeque<(u64, Place)>,
    answers: u64,
    evicted: u64,
}

struct Named {
    name: Arc<str>,
    until: Timestamp,
    /// Number of its answer.
    number: u64,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self { names: FxHashMap::default(), order: VecDeque::new(), answers: 0, evicted: 0 }
    }

    /// Keeps what an answer says; `limit` bounds the addresses.
    pub(crate) fn insert(&mut self, netns: u32, answer: &Answer, now: Timestamp, limit: u32) {
        for (address, lifetime) in &answer.addresses {
            let place = (netns, *address);
            self.answers += 1;
            let number = self.answers;
            let until = now.plus((*lifetime).clamp(LEAST, MOST) + GRACE);
            let name = Arc::clone(&answer.name);
            self.names.insert(place, Named { name, until, number });
            self.order.push_back((number, place));
            self.make_room(now, limit as usize);
        }
    }

    /// The name of an address, while it has one.
    pub(crate) fn find(&self, netns: u32, address: IpAddr, now: Timestamp) -> Option<Arc<str>> {
        let named = self.names.get(&(netns, address))?;
        (now <= named.until).then(|| Arc::clone(&named.name))
    }

    /// Names that made room for others while they were valid.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Addresses that have or had a name.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    fn make_room(&mut self, now: Timestamp, limit: usize) {
        while self.names.len() > limit
            && let Some((number, place)) = self.order.pop_front()
        {
            if self.is_last(number, place)
                && let Some(named) = self.names.remove(&place)
            {
                self.evicted += u64::from(now <= named.until);
            }
        }
        // Addresses that are answered again and again leave places behind.
        if self.order.len() > 2 * limit.max(8) {
            let Self { names, order, .. } = self;
            order.retain(|(number, place)| is_last(names, *number, *place));
        }
    }

    fn is_last(&self, number: u64, place: Place) -> bool {
        is_last(&self.names, number, place)
    }
}

fn is_last(names: &FxHashMap<Place, Named>, number: u64, place: Place) -> bool {
    names.get(&place).is_some_and(|named| named.number == number)
}

#[cfg(test)]
mod tests;
