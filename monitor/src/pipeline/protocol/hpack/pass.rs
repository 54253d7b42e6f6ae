//! One pass through a field block (RFC 7541 section 6).

use std::ops::Range;

use super::reader::{Coded, Reader};
use super::table::{Name, Table};
use super::{Block, Field, Text, fixed, huffman};

/// Size updates that a block may begin with (RFC 7541 section 4.2).
const SIZE_UPDATES: u32 = 2;
/// Bytes of names that a block may have copied from entry to entry: so many, and so many
/// for each byte that it has. Two bytes can ask for a copy of the longest name of the table.
const COPYABLE_BYTES: usize = 1024;
const COPYABLE_FACTOR: usize = 16;

/// One pass through a block.
pub(super) struct Pass<'a, 'f> {
    table: &'a mut Table,
    reader: Reader<'a>,
    list: List<'f>,
    /// What the Huffman strings of the field at hand decode to.
    scratch: Vec<u8>,
    /// The name of the field at hand where it is copied from entry to entry.
    copied: Vec<u8>,
    /// Bytes of names that may still be copied.
    copyable: usize,
}

/// A string of the field at hand.
enum Piece<'a> {
    Block(&'a [u8]),
    Scratch(Range<usize>),
}

impl<'a, 'f> Pass<'a, 'f> {
    pub(super) fn new(
        table: &'a mut Table,
        block: &'a [u8],
        list_bytes: u32,
        field: &'f mut dyn FnMut(Field<'_>),
    ) -> Self {
        let copyable = block.len().saturating_mul(COPYABLE_FACTOR).saturating_add(COPYABLE_BYTES);
        Self {
            table,
            reader: Reader::new(block),
            list: List { room: list_bytes, unknown: 0, dropped: 0, field },
            scratch: Vec::new(),
            copied: Vec::new(),
            copyable,
        }
    }

    /// Decodes the block; `allowed` is the greatest size that the table may be given.
    pub(super) fn run(&mut self, allowed: Option<u32>) -> Block {
        match self.size_updates(allowed).and_then(|()| self.fields()) {
            Some(()) => Block::Whole { unknown: self.list.unknown, dropped: self.list.dropped },
            None => Block::Invalid,
        }
    }

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
            (Some(name), _) => name.bytes(&self.scratch)?,
            (None, Some((name, _))) => name,
            (None, None) => {
                let name = entry(self.table, index)?.name;
                self.list.give(Field { name, value: Text::Known(value) });
                let name = name_of_entry(name, &mut self.copyable, &mut self.copied);
                self.table.insert(name, value);
                return Some(());
            }
        };
        self.list.give(Field { name: Text::Known(name), value: Text::Known(value) });
        self.table.insert(Name::Known(name), value);
        Some(())
    }

    fn string(&mut self) -> Option<Piece<'a>> {
        match self.reader.string()? {
            Coded::Raw(bytes) => Some(Piece::Block(bytes)),
            Coded::Huffman(encoded) => {
                let start = self.scratch.len();
                let is_valid = huffman::decode(encoded, &mut self.scratch);
                is_valid.then_some(Piece::Scratch(start..self.scratch.len()))
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
        let unknown =
            u32::from(field.name == Text::Unknown) + u32::from(field.value == Text::Unknown);
        self.unknown = self.unknown.saturating_add(unknown);
        match self.room.checked_sub(field.size()) {
            Some(room) => {
                self.room = room;
                (self.field)(field);
            }
            None => self.dropped = self.dropped.saturating_add(1),
        }
    }
}
