//! The dynamic table (RFC 7541 sections 2.3.2 and 4), as far as it is known.
//!
//! An index counts from the newest entry. So the entries that were seen to be inserted
//! have the right index whatever is older than they are, and holding one for longer than
//! the encoder does is harmless: it is never referred to again. Three things follow:
//!
//! * Entries from before the watch need no place; an index behind those that are held is
//!   unknown.
//! * The oldest may be given up to save memory; their index is unknown from then on.
//! * An entry whose name is not known counts with the least size that it may have.

use std::collections::VecDeque;

use super::{Field, Text, saturated};

/// Most bytes of a table that are held, as RFC 7541 section 4.1 counts them: eight times
/// what most encoders use. Of a greater table the oldest entries are unknown. Memory is
/// never more than half as much again.
const HELD_BYTES: u32 = 32 * 1024;
/// What a table has before any SETTINGS say otherwise (RFC 9113 section 6.5.2).
pub(super) const INITIAL_BYTES: u32 = 4096;
/// What an entry counts beside its name and value (RFC 7541 section 4.1).
pub(super) const ENTRY_BYTES: u32 = 32;

/// A dynamic table.
pub(super) struct Table {
    /// The newest first.
    entries: VecDeque<Entry>,
    /// Names and values of the entries, the oldest first, behind those of dead ones.
    text: Vec<u8>,
    /// What `start` is for the first byte of `text`; it wraps.
    base: u32,
    /// Size of the entries, at least.
    size: u32,
    /// Size at which the encoder evicts; none where it is not known.
    maximum: Option<u32>,
    /// Size that is held at most.
    hold: u32,
    /// What is behind the entries that are held.
    older: Older,
}

/// What is behind the entries that are held.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Older {
    /// Nothing, that is certain.
    Nothing,
    /// Entries from before the watch, or none.
    Missed,
    /// Entries that were given up to save memory, and maybe older ones.
    GivenUp,
}

/// Where the text of an entry is.
#[derive(Clone, Copy)]
struct Entry {
    start: u32,
    name: u16,
    value: u16,
    /// Whether the name is known and in the text.
    has_name: bool,
}

/// The name of a new entry.
#[derive(Clone, Copy)]
pub(super) enum Name<'a> {
    Known(&'a [u8]),
    /// So long, and not worth a copy.
    Long(usize),
    Unknown,
}

impl Table {
    /// The table of a connection that begins.
    pub(super) fn empty() -> Self {
        Self { maximum: Some(INITIAL_BYTES), older: Older::Nothing, ..Self::unknown() }
    }

    /// A table of which nothing is known.
    pub(super) fn unknown() -> Self {
        Self {
            entries: VecDeque::new(),
            text: Vec::new(),
            base: 0,
            size: 0,
            maximum: None,
            hold: INITIAL_BYTES,
            older: Older::Missed,
        }
    }

    /// The entry with this index, counted from 0; none where there is certainly none.
    pub(super) fn get(&mut self, index: u32) -> Option<Field<'_>> {
        if index as usize >= self.entries.len() {
            return self.behind(index);
        }
        let entry = self.entries.get(index as usize)?;
        let text = self.text.get(entry.start.wrapping_sub(self.base) as usize..)?;
        let (name, text) = text.split_at_checked(entry.stored_name())?;
        let value = text.get(..usize::from(entry.value))?;
        let name = if entry.has_name { Text::Known(name) } else { Text::Unknown };
        Some(Field { name, value: Text::Known(value) })
    }

    /// What an index behind the entries that are held refers to.
    fn behind(&mut self, index: u32) -> Option<Field<'static>> {
        let place = u64::from(index) - self.entries.len() as u64;
        let possible = match (self.older, self.maximum) {
            (Older::Nothing, _) => false,
            (_, None) => true,
            (_, Some(maximum)) => {
                place < u64::from(maximum.saturating_sub(self.size) / ENTRY_BYTES)
            }
        };
        if self.older == Older::GivenUp && self.maximum.is_none() {
            // The table is greater than was thought.
            self.hold = self.hold.saturating_mul(2).min(HELD_BYTES);
            self.older = Older::Missed;
        }
        possible.then_some(Field { name: Text::Unknown, value: Text::Unknown })
    }

    /// Inserts an entry, and evicts others for it (RFC 7541 section 4.4).
    pub(super) fn insert(&mut self, name: Name<'_>, value: &[u8]) {
        let name_bytes = match name {
            Name::Known(name) => saturated(name.len()),
            Name::Long(length) => saturated(length),
            Name::Unknown => 0,
        };
        let size = ENTRY_BYTES.saturating_add(name_bytes).saturating_add(saturated(value.len()));
        if self.maximum.is_none() {
            // No encoder inserts what its table cannot take.
            self.hold = self.hold.max(size.min(HELD_BYTES));
        }
        self.evict(self.maximum.map(|maximum| maximum.saturating_sub(size)));
        if self.maximum.is_some_and(|maximum| size > maximum) {
            self.older = Older::Nothing;
            return self.free();
        }
        self.give_up(self.hold.saturating_sub(size));
        let lengths = (u16::try_from(name_bytes), u16::try_from(value.len()));
        let (true, (Ok(name_length), Ok(value_length))) = (size <= self.hold, lengths) else {
            self.older = Older::GivenUp;
            return;
        };
        let name = if let Name::Known(name) = name { Some(name) } else { None };
        let start = self.append(name.unwrap_or_default(), value);
        let has_name = name.is_some();
        let entry = Entry { start, name: name_length, value: value_length, has_name };
        self.entries.push_front(entry);
        self.size += size;
        self.settle();
    }

    /// Takes the size at which the encoder evicts from now on (RFC 7541 section 4.3).
    pub(super) fn resize(&mut self, maximum: u32) {
        self.maximum = Some(maximum);
        self.hold = maximum.min(HELD_BYTES);
        self.evict(self.maximum);
        self.settle();
        self.free();
    }

    /// Bytes of memory held.
    pub(super) fn held(&self) -> usize {
        self.text.capacity() + self.entries.capacity() * size_of::<Entry>()
    }

    /// Evicts what the encoder does until no more than `room` is left.
    fn evict(&mut self, room: Option<u32>) {
        while room.is_some_and(|room| self.size > room) && self.drop_oldest() {
            // Whatever is older went before it.
            self.older = Older::Nothing;
        }
    }

    /// Gives up the oldest entries until no more than `room` is left.
    fn give_up(&mut self, room: u32) {
        while self.size > room && self.drop_oldest() {
            self.older = Older::GivenUp;
        }
    }

    fn drop_oldest(&mut self) -> bool {
        let Some(entry) = self.entries.pop_back() else { return false };
        self.size = self.size.saturating_sub(entry.size());
        true
    }

    /// Notes where the entries that are held leave no room for others.
    fn settle(&mut self) {
        if self.maximum.is_some_and(|maximum| self.size.saturating_add(ENTRY_BYTES) > maximum) {
            self.older = Older::Nothing;
        }
    }

    /// Appends to the text and returns where that starts.
    fn append(&mut self, name: &[u8], value: &[u8]) -> u32 {
        self.make_room(name.len() + value.len());
        let start = self.base.wrapping_add(saturated(self.text.len()));
        self.text.extend_from_slice(name);
        self.text.extend_from_slice(value);
        start
    }

    /// Makes room behind the text for so many bytes: in place of dead ones where these are
    /// enough to be worth the move, so that each byte is moved a few times at most.
    fn make_room(&mut self, bytes: usize) {
        if self.text.capacity() - self.text.len() >= bytes {
            return;
        }
        let dead = self.dead();
        if dead >= (self.text.len() - dead) / 8 {
            self.bury(dead);
        }
        let wanted = self.text.len() + bytes;
        if self.text.capacity() < wanted {
            let capacity = wanted.max(self.most_text().min(2 * self.text.capacity()));
            self.text.reserve_exact(capacity - self.text.len());
        }
    }

    /// Frees memory that a smaller table does not need.
    fn free(&mut self) {
        if self.entries.is_empty() {
            self.entries = VecDeque::new();
            self.text = Vec::new();
        } else if self.text.capacity() > self.most_text() {
            self.bury(self.dead());
            self.text.shrink_to(self.most_text());
            self.entries.shrink_to(2 * self.entries.len());
        }
    }

    /// Bytes of the text that no entry has any more.
    fn dead(&self) -> usize {
        let all = self.text.len();
        self.entries.back().map_or(all, |it| it.start.wrapping_sub(self.base) as usize).min(all)
    }

    fn bury(&mut self, dead: usize) {
        self.text.drain(..dead);
        self.base = self.base.wrapping_add(saturated(dead));
    }

    /// As many bytes of text as there may be, dead ones with them.
    fn most_text(&self) -> usize {
        let hold = self.hold as usize;
        hold + hold / 8
    }
}

impl Entry {
    fn size(self) -> u32 {
        ENTRY_BYTES + u32::from(self.name) + u32::from(self.value)
    }

    fn stored_name(self) -> usize {
        if self.has_name { usize::from(self.name) } else { 0 }
    }
}
