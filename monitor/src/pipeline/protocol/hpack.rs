//! Field blocks of HTTP/2 (HPACK, RFC 7541), decoded by one who only listens.
//!
//! A listener may come late or miss blocks. A field is then right or said to be unknown:
//! the dynamic table counts from its newest entry, so what was inserted since is known,
//! and what is older is not (see `table`).

use std::fmt;
use std::ops::Range;

use self::reader::{Coded, Reader};
use self::table::{ENTRY_BYTES, Name, Table};

/// The static table.
mod fixed;
/// The Huffman code.
mod huffman;
/// Integers and strings.
mod reader;
/// The dynamic table.
mod table;

/// SETTINGS_HEADER_TABLE_SIZE before any SETTINGS (RFC 9113 section 6.5.2).
const INITIAL_ALLOWED: u32 = 4096;
/// Size updates that a block may begin with (RFC 7541 section 4.2).
const SIZE_UPDATES: u32 = 2;
/// Bytes of names that a block may have copied from entry to entry: so many, and so many
/// for each byte that it has.
const COPYABLE_BYTES: usize = 1024;
const COPYABLE_FACTOR: usize = 16;

/// Decodes the field blocks of one way of a connection.
pub(super) struct Decoder {
    table: Table,
    /// Greatest size that the table may be given; none where it is not known.
    allowed: Option<u32>,
}

/// A part of a field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Text<'a> {
    /// These bytes.
    Known(&'a [u8]),
    /// Its entry came before the watch, or the table is not to be trusted.
    Unknown,
}

/// A name with its value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Field<'a> {
    /// The name.
    pub(super) name: Text<'a>,
    /// The value.
    pub(super) value: Text<'a>,
}

/// How a block ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// Every field was given, but for those beyond the limit.
    Whole {
        /// Names and values that are unknown.
        unknown: u32,
        /// Fields that were beyond the limit.
        dropped: u32,
    },
    /// The block is no HPACK; fields before the fault were given. The table is distrusted
    /// from here.
    Invalid,
}

impl Decoder {
    /// A decoder that has seen no block. `midstream`: blocks before were missed, so the
    /// dynamic table has entries that are not known, and how many is not known.
    pub(super) fn new(midstream: bool) -> Self {
        if midstream {
            Self { table: Table::unknown(), allowed: None }
        } else {
            Self { table: Table::empty(), allowed: Some(INITIAL_ALLOWED) }
        }
    }

    /// SETTINGS_HEADER_TABLE_SIZE that the decoding peer announced and the encoder may now
    /// use (RFC 7541 section 4.2).
    pub(super) fn allow_table(&mut self, bytes: u32) {
        self.allowed = Some(bytes);
    }

    /// A block was missed (lost bytes): what the table held cannot be trusted any more.
    pub(super) fn distrust(&mut self) {
        *self = Self::new(true);
    }

    /// Decodes one whole block, and hands over each field in order. `list_bytes` bounds
    /// the size of what is handed over, as RFC 9113 section 6.5.2 counts it; a field that
    /// goes beyond it is decoded for the table, not handed over, and counted as dropped.
    pub(super) fn decode(
        &mut self,
        block: &[u8],
        list_bytes: u32,
        field: &mut dyn FnMut(Field<'_>),
    ) -> Block {
        let mut pass = Pass {
            table: &mut self.table,
            reader: Reader::new(block),
            list: List { room: list_bytes, unknown: 0, dropped: 0, field },
            scratch: Vec::new(),
            copied: Vec::new(),
            copyable: COPYABLE_BYTES.saturating_add(block.len().saturating_mul(COPYABLE_FACTOR)),
        };
        if pass.size_updates(self.allowed).and_then(|()| pass.fields()).is_none() {
            self.distrust();
            return Block::Invalid;
        }
        Block::Whole { unknown: pass.list.unknown, dropped: pass.list.dropped }
    }

    /// Bytes of memory held.
    pub(super) fn held(&self) -> usize {
        self.table.held()
    }
}

/// One pass through a block.
struct Pass<'a, 'f> {
    table: &'a mut Table,
    reader: Reader<'a>,
    list: List<'f>,
    /// What the Huffman strings of the field at hand decode to.
    scratch: Vec<u8>,
    /// The name of the field at hand where it is copied from entry to entry.
    copied: Vec<u8>,
    /// Bytes that may still be copied from entry to entry: three bytes of a block can ask
    /// for a copy of the longest name of the table.
    copyable: usize,
}

/// A string of the field at hand.
enum Piece<'a> {
    Block(&'a [u8]),
    Scratch(Range<usize>),
}

impl<'a> Pass<'a, '_> {
    /// The size updates that a block may begin with (RFC 7541 section 4.2).
    fn size_updates(&mut self, allowed: Option<u32>) -> Option<()> {
        let mut count = 0;
        while self.reader.peek().is_some_and(|byte| byte & 0xe0 == 0x20) {
            let size = self.reader.integer(5)?;
            count += 1;
            if count > SIZE_UPDATES || allowed.is_some_and(|allowed| size > allowed) {
                return None;
            }
            self.table.resize(size);
        }
        Some(())
    }

    fn fields(&mut self) -> Option<()> {
        while let Some(byte) = self.reader.peek() {
            match byte {
                // RFC 7541 section 6.1.
                0x80.. => {
                    let index = self.reader.integer(7)?;
                    self.list.give(entry(self.table, index)?);
                }
                // Section 6.2.1.
                0x40.. => self.inserted()?,
                // Section 4.2: no place for a size update.
                0x20.. => return None,
                // Sections 6.2.2 and 6.2.3.
                _ => self.literal()?,
            }
        }
        Some(())
    }

    /// A field that is not inserted into the table.
    fn literal(&mut self) -> Option<()> {
        self.scratch.clear();
        let index = self.reader.integer(4)?;
        let name = if index == 0 { Some(self.string()?) } else { None };
        let value = self.string()?;
        let name = match &name {
            Some(name) => Text::Known(name.bytes(&self.scratch)?),
            None => entry(self.table, index)?.name,
        };
        self.list.give(Field { name, value: Text::Known(value.bytes(&self.scratch)?) });
        Some(())
    }

    /// A field that is inserted into the table.
    fn inserted(&mut self) -> Option<()> {
        self.scratch.clear();
        let index = self.reader.integer(6)?;
        let name = if index == 0 { Some(self.string()?) } else { None };
        let value = self.string()?;
        let value = value.bytes(&self.scratch)?;
        let name = match (&name, fixed::entry(index)) {
            (Some(name), _) => Name::Known(name.bytes(&self.scratch)?),
            (None, Some(fixed)) => Name::Known(fixed.0),
            (None, None) => {
                let name = entry(self.table, index)?.name;
                self.list.give(Field { name, value: Text::Known(value) });
                let name = name_of_entry(name, &mut self.copyable, &mut self.copied);
                self.table.insert(name, value);
                return Some(());
            }
        };
        if let Name::Known(name) = name {
            self.list.give(Field { name: Text::Known(name), value: Text::Known(value) });
        }
        self.table.insert(name, value);
        Some(())
    }

    fn string(&mut self) -> Option<Piece<'a>> {
        match self.reader.string()? {
            Coded::Raw(bytes) => Some(Piece::Block(bytes)),
            Coded::Huffman(encoded) => {
                let start = self.scratch.len();
                huffman::decode(encoded, &mut self.scratch)
                    .then(|| Piece::Scratch(start..self.scratch.len()))
            }
        }
    }
}

impl Piece<'_> {
    fn bytes<'b>(&'b self, scratch: &'b [u8]) -> Option<&'b [u8]> {
        match self {
            Self::Block(bytes) => Some(bytes),
            Self::Scratch(range) => scratch.get(range.clone()),
        }
    }
}

/// The name of an entry as that of a new one.
fn name_of_entry<'a>(name: Text<'_>, copyable: &mut usize, copied: &'a mut Vec<u8>) -> Name<'a> {
    let Text::Known(name) = name else { return Name::Unknown };
    let Some(left) = copyable.checked_sub(name.len()) else { return Name::Long(name.len()) };
    *copyable = left;
    copied.clear();
    copied.extend_from_slice(name);
    Name::Known(copied)
}

/// What an index of either table refers to (RFC 7541 section 2.3.3); none where there is
/// certainly nothing.
fn entry(table: &mut Table, index: u32) -> Option<Field<'_>> {
    match fixed::entry(index) {
        Some((name, value)) => Some(Field { name: Text::Known(name), value: Text::Known(value) }),
        None => table.get(index.checked_sub(fixed::ENTRIES.len() as u32 + 1)?),
    }
}

/// Who is handed the fields, and how much more may be.
struct List<'f> {
    room: u32,
    unknown: u32,
    dropped: u32,
    field: &'f mut dyn FnMut(Field<'_>),
}

impl List<'_> {
    fn give(&mut self, field: Field<'_>) {
        self.unknown += field.name.is_unknown() + field.value.is_unknown();
        match self.room.checked_sub(field.size()) {
            Some(room) => {
                self.room = room;
                (self.field)(field);
            }
            None => self.dropped += 1,
        }
    }
}

impl Field<'_> {
    /// Its size as RFC 7541 section 4.1 counts it, as far as it is known.
    fn size(&self) -> u32 {
        let bytes = [self.name, self.value].map(Text::bytes).into_iter().flatten();
        bytes.map(|bytes| saturated(bytes.len())).fold(ENTRY_BYTES, u32::saturating_add)
    }
}

impl<'a> Text<'a> {
    fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Known(bytes) => Some(bytes),
            Self::Unknown => None,
        }
    }

    fn is_unknown(self) -> u32 {
        u32::from(self == Self::Unknown)
    }
}

impl fmt::Debug for Decoder {
    /// Without the table, which is payload.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("held", &self.held()).finish_non_exhaustive()
    }
}

fn saturated(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
