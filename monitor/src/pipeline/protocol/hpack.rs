//! Field blocks of HTTP/2 (HPACK, RFC 7541), decoded by one who only listens.
//!
//! A listener may come late or miss blocks. What he says of a field is then right or
//! unknown, never a guess: an index counts from the newest entry of the dynamic table, so
//! what was inserted since is known, and what is older is not.
//!
//! While older entries may be there, an index behind the known ones is unknown. It is
//! invalid again when certainly nothing is there: once a size update was seen, and then
//!
//! * the size that it gives is less than an entry has, as 0 is, or
//! * less of it is free than an entry has, with what was inserted since, or
//! * an entry that was inserted since had to be evicted for another, or
//! * an entry greater than it emptied the table (RFC 7541 section 4.4).
//!
//! Without a size update the size of the table is not known, since it may have been
//! changed before, and there is no such moment. Nothing else depends on it.
//!
//! All of this supposes that every block since then was decoded, whole and in order. Who
//! cannot be sure of it must call [`Decoder::distrust`]; bytes that were no block, but were
//! decoded as one, are a reason too.
//!
//! Two things are unknown though every block was seen, because of what they would cost:
//! the oldest entries of a table greater than is held, and in an entry that took its name
//! from another the name, where a block asks for more copies of names than it has bytes
//! for.

use std::fmt;

use self::pass::Pass;
use self::table::{ENTRY_BYTES, INITIAL_BYTES, Table};

/// The static table.
mod fixed;
/// The Huffman code.
mod huffman;
/// One pass through a block.
mod pass;
/// Integers and strings.
mod reader;
/// The dynamic table.
mod table;

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
            Self { table: Table::empty(), allowed: Some(INITIAL_BYTES) }
        }
    }

    /// `SETTINGS_HEADER_TABLE_SIZE` that the decoding peer announced and the encoder may now
    /// use (RFC 7541 section 4.2): it has been acknowledged. `u32::MAX` where it may have
    /// been missed. That the encoder answers a lower one with a size update is not insisted
    /// on; its indices mean the same without.
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
        let mut pass = Pass::new(&mut self.table, block, list_bytes, field);
        let end = pass.run(self.allowed);
        if end == Block::Invalid {
            self.distrust();
        }
        end
    }

    /// Bytes of memory held.
    pub(super) fn held(&self) -> usize {
        self.table.held()
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
