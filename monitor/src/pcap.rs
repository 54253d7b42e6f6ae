//! Captures of other programs: pcap and pcapng files become the inputs that the capture
//! of this one would have made, so that the pipeline says the same of them.
//!
//! ```text
//! file ─► link ─► IP, fragments ─► TCP: flows ─► one direction in order ─► Input
//! ```
//!
//! A packet does not say which end lives on the host that captured it, nor which process
//! is at it. So every connection is said as its client would see it: `observed` is
//! `client`, and what detectors ask of outgoing connections they ask of each.
//!
//! A file is read as a stream, in a bounded amount of memory: bytes that wait for others
//! are bounded for each connection and for all, connections are bounded in number and in
//! idle time, and what is given up is counted. Checksums are not looked at, since packets
//! of the capturing host have none yet. Tunnels are not looked into, and the tags of VLANs
//! do not tell connections apart.

use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

pub use self::counts::PcapCounts;
pub use self::error::PcapError;
pub use self::file::is_pcap;

use self::bytes::Bytes;
use self::file::{Fault, Format, Part};
use self::packets::Packets;
use crate::pipeline::input::Input;
use crate::pipeline::settings::Limits;

/// Bytes of a file, a part at a time.
mod bytes;
/// Capture time.
mod clock;
/// What was read, and what was not.
mod counts;
/// Why a capture cannot be read.
mod error;
/// From file to packets.
mod file;
/// One connection.
mod flow;
/// The connections of a capture.
mod flows;
/// IP datagrams from their fragments.
mod fragment;
/// One direction of a connection.
mod half;
/// The bytes that were handed on last.
mod history;
/// From an IP packet to what it carries.
mod ip;
/// From a frame to the IP packet in it.
mod link;
/// From packets to inputs.
mod packets;
/// TCP segments and UDP datagrams.
mod segment;

/// Reads a capture and gives the inputs that its packets make.
pub struct PcapReader<R = File> {
    bytes: Bytes<R>,
    format: Format,
    path: PathBuf,
    packets: Packets,
    is_over: bool,
}

impl PcapReader {
    /// Opens a capture and checks its header.
    ///
    /// # Errors
    /// [`PcapError::Open`], or what the header has wrong.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self, PcapError> {
        let path = path.to_owned();
        match File::open(&path) {
            Ok(file) => Self::new(file, path, limits),
            Err(source) => Err(PcapError::Open { path, source }),
        }
    }
}

impl<R: Read> PcapReader<R> {
    /// Starts reading from a reader, which needs no buffer; `path` is what errors name it
    /// by.
    ///
    /// # Errors
    /// [`PcapError::NotACapture`], [`PcapError::LinkType`], [`PcapError::Version`], or
    /// what else is wrong with the header.
    pub fn new(reader: R, path: PathBuf, limits: &Limits) -> Result<Self, PcapError> {
        let mut bytes = Bytes::new(reader);
        match Format::read(&mut bytes) {
            Ok(format) => {
                Ok(Self { bytes, format, path, packets: Packets::new(limits), is_over: false })
            }
            Err(fault) => Err(error_of(fault, &bytes, &path, 0)),
        }
    }

    /// Reads a packet and gives the inputs that it makes, in order; says whether there may
    /// be more. At the end, and before an error, every connection is ended.
    ///
    /// # Errors
    /// [`PcapError::Truncated`], [`PcapError::Oversized`], [`PcapError::Malformed`],
    /// [`PcapError::Version`], [`PcapError::Read`]; nothing follows them.
    pub fn advance(
        &mut self,
        take: &mut dyn FnMut(Input<'_>),
    ) -> Result<ControlFlow<()>, PcapError> {
        if self.is_over {
            return Ok(ControlFlow::Break(()));
        }
        let fault = match self.format.next(&mut self.bytes) {
            Ok(Some(part)) => {
                match part {
                    Part::Packet(packet) => self.packets.take(&packet, take),
                    Part::Dropped(count) => self.packets.take_dropped(count, take),
                }
                return Ok(ControlFlow::Continue(()));
            }
            Ok(None) => None,
            Err(fault) => Some(fault),
        };
        self.is_over = true;
        self.packets.end(take);
        let packets = self.packets.counts().packets;
        match fault {
            Some(fault) => Err(error_of(fault, &self.bytes, &self.path, packets)),
            None => Ok(ControlFlow::Break(())),
        }
    }

    /// Bytes taken so far.
    #[must_use]
    pub const fn read_bytes(&self) -> u64 {
        self.bytes.taken()
    }

    /// What was read so far, and what was not.
    #[must_use]
    pub fn counts(&self) -> PcapCounts {
        self.packets.counts()
    }
}

/// The error that a fault at the item at hand is.
fn error_of<R: Read>(fault: Fault, bytes: &Bytes<R>, path: &Path, packets: u64) -> PcapError {
    let (path, offset) = (path.to_owned(), bytes.item());
    match fault {
        Fault::Read(source) => PcapError::Read { path, offset: bytes.read_to(), source },
        Fault::NotACapture => PcapError::NotACapture { path },
        Fault::Version { format, found, read } => {
            PcapError::Version { path, offset, format, found, read }
        }
        Fault::LinkType(link) => PcapError::LinkType { path, link },
        Fault::Truncated => PcapError::Truncated { path, offset: bytes.read_to(), packets },
        Fault::Oversized(length) => PcapError::Oversized { path, offset, length, packets },
        Fault::Malformed(what) => PcapError::Malformed { path, offset, packets, what },
    }
}

#[cfg(test)]
mod tests;
