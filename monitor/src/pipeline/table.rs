//! Connections by the cookies of their ends, bounded.

use rustc_hash::FxHashMap;

use super::connection::Connection;
use super::input::Cookie;
use super::time::Timestamp;

/// Slots looked at for the longest idle one when the table is full.
const LOOKED_AT: usize = 16;

/// Place of a connection in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(u32);

/// Connections by the cookies of their ends. A connection whose both ends live on
/// this host has two cookies and one slot.
pub(crate) struct ConnectionTable {
    by_cookie: FxHashMap<Cookie, Slot>,
    slots: Vec<Option<Box<Connection>>>,
    free: Vec<Slot>,
    cursor: usize,
    last: Option<(Cookie, Slot)>,
}

impl ConnectionTable {
    pub(crate) fn new() -> Self {
        Self {
            by_cookie: FxHashMap::default(),
            slots: Vec::new(),
            free: Vec::new(),
            cursor: 0,
            last: None,
        }
    }

    /// Connections in the table.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Every connection.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Connection> {
        self.slots.iter().filter_map(|slot| slot.as_deref())
    }

    /// Places for connections, taken or not.
    pub(crate) fn places(&self) -> usize {
        self.slots.len()
    }

    /// The slot at a place.
    pub(crate) fn slot_at(&self, place: usize) -> Slot {
        Slot(place as u32)
    }

    /// The slot of an end.
    pub(crate) fn find(&mut self, cookie: Cookie) -> Option<Slot> {
        if let Some((last, slot)) = self.last
            && last == cookie
        {
            return Some(slot);
        }
        let slot = *self.by_cookie.get(&cookie)?;
        self.last = Some((cookie, slot));
        Some(slot)
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&Connection> {
        self.slots.get(slot.0 as usize)?.as_deref()
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut Connection> {
        self.slots.get_mut(slot.0 as usize)?.as_deref_mut()
    }

    /// Puts a connection into the table.
    pub(crate) fn insert(&mut self, cookie: Cookie, connection: Connection) -> Slot {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            Slot(self.slots.len() as u32 - 1)
        });
        if let Some(place) = self.slots.get_mut(slot.0 as usize) {
            *place = Some(Box::new(connection));
        }
        self.by_cookie.insert(cookie, slot);
        slot
    }

    /// Names a second end of a connection.
    pub(crate) fn alias(&mut self, cookie: Cookie, slot: Slot) {
        self.by_cookie.insert(cookie, slot);
    }

    /// Every connection, by its reading end.
    pub(crate) fn all(&self) -> Vec<(Slot, Cookie)> {
        let slots = self.slots.iter().enumerate();
        slots
            .filter_map(|(index, slot)| Some((Slot(index as u32), slot.as_ref()?.reader())))
            .collect()
    }

    /// Takes a connection out of the table.
    pub(crate) fn remove(&mut self, slot: Slot) -> Option<Box<Connection>> {
        let connection = self.slots.get_mut(slot.0 as usize)?.take()?;
        self.free.push(slot);
        for cookie in connection.cookies() {
            self.by_cookie.remove(&cookie);
        }
        self.last = None;
        Some(connection)
    }

    /// The slot to evict: of the next few, the one idle for longest. Looking at all
    /// would cost too much when an attacker keeps the table full.
    pub(crate) fn victim(&mut self) -> Option<Slot> {
        let count = self.slots.len();
        let mut oldest: Option<(Timestamp, usize)> = None;
        for step in 0..LOOKED_AT.min(count) {
            let index = (self.cursor + step) % count;
            if let Some(Some(connection)) = self.slots.get(index) {
                let active = connection.last_active();
                if oldest.is_none_or(|(time, _)| active < time) {
                    oldest = Some((active, index));
                }
            }
        }
        self.cursor = (self.cursor + LOOKED_AT) % count.max(1);
        oldest.map(|(_, index)| Slot(index as u32))
    }
}
