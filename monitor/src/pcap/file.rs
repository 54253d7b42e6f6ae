//! From file to packets: pcap and pcapng.
//!
//! Read by hand: the crate for it lacks the obsolete packet block, reads `if_tsoffset` in
//! one byte order only, refuses binary time resolutions, and must hold a block whole that
//! is only to be passed over.

use std::io::{self, Read};

use super::bytes::Bytes;
use super::link;
use crate::pipeline::time::WallTime;

/// The pcap format.
mod classic;
/// The pcapng format.
mod ng;

use classic::Classic;
use ng::Section;

/// Bytes that a packet may have: far above what any interface hands over at once.
pub(super) const MAXIMUM_PACKET_BYTES: u32 = 16 * 1024 * 1024;

/// A packet as the file has it.
#[derive(Clone, Copy)]
pub(super) struct Packet<'a> {
    /// When it was captured; none where the file does not say.
    pub(super) time: Option<WallTime>,
    /// Link type, which says how the bytes begin.
    pub(super) link: u32,
    /// Bytes that it had on the wire.
    pub(super) length: u32,
    /// The first of them, as many as were kept.
    pub(super) bytes: &'a [u8],
}

/// The next thing of a file.
pub(super) enum Part<'a> {
    /// A packet.
    Packet(Packet<'a>),
    /// So many packets the capturing program says it dropped.
    Dropped(u64),
}

/// What is wrong with a file, before it is known which and where.
#[derive(Debug)]
pub(super) enum Fault {
    Read(io::Error),
    NotACapture,
    Version { format: &'static str, found: u16, read: u16 },
    LinkType(u32),
    Truncated,
    Oversized(u32),
    Malformed(&'static str),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

/// A file in either format.
pub(super) enum Format {
    Classic(Classic),
    Ng(Section),
}

/// Whether a file that begins like this is pcap or pcapng; four bytes suffice.
#[must_use]
pub fn is_pcap(first_bytes: &[u8]) -> bool {
    first_bytes
        .first_chunk()
        .is_some_and(|magic| Classic::of_magic(*magic).is_some() || *magic == ng::SECTION_HEADER)
}

impl Format {
    /// Reads the header of a file.
    pub(super) fn read<R: Read>(bytes: &mut Bytes<R>) -> Result<Self, Fault> {
        let magic = bytes.take_array()?.ok_or(Fault::NotACapture)?;
        if magic == ng::SECTION_HEADER {
            let mut section = Section::default();
            section.read_header(bytes)?;
            return Ok(Self::Ng(section));
        }
        let mut classic = Classic::of_magic(magic).ok_or(Fault::NotACapture)?;
        classic.read_header(bytes)?;
        match classic.link {
            link if link::is_known(link) => Ok(Self::Classic(classic)),
            link => Err(Fault::LinkType(link)),
        }
    }

    /// The next packet, or what else is worth knowing; none at the end of the file.
    pub(super) fn next<'a, R: Read>(
        &mut self,
        bytes: &'a mut Bytes<R>,
    ) -> Result<Option<Part<'a>>, Fault> {
        match self {
            Self::Classic(classic) => classic.next(bytes),
            Self::Ng(section) => section.next(bytes),
        }
    }
}
