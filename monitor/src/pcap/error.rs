//! Why a capture cannot be read. Paths are printed quoted and escaped, since they may hold
//! what must not reach a terminal.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::file::MAXIMUM_PACKET_BYTES;

/// Why a capture cannot be read; offsets are bytes from the start of the file.
#[derive(Debug, Error)]
pub enum PcapError {
    /// The file cannot be opened.
    #[error("cannot open the capture {path:?}: {source}")]
    Open {
        /// File to read.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file cannot be read.
    #[error("cannot read the capture {path:?} at byte {offset}: {source}")]
    Read {
        /// File to read.
        path: PathBuf,
        /// Where.
        offset: u64,
        /// What the system said.
        source: io::Error,
    },
    /// The file begins with something else.
    #[error("{path:?} is neither pcap nor pcapng")]
    NotACapture {
        /// File to read.
        path: PathBuf,
    },
    /// A version of the format that is not read.
    #[error(
        "the capture {path:?} is of {format} version {found} at byte {offset}; {format} {read} is read"
    )]
    Version {
        /// File to read.
        path: PathBuf,
        /// Where the header with the version begins.
        offset: u64,
        /// `pcap` or `pcapng`.
        format: &'static str,
        /// Its major version.
        found: u16,
        /// The major version that is read.
        read: u16,
    },
    /// Every packet begins with a header that is not read.
    #[error(
        "the capture {path:?} is of link type {link}; read are Ethernet (1), raw IP (12, 14, 101, 228, 229), Linux cooked (113, 276) and BSD loopback (0, 108)"
    )]
    LinkType {
        /// File to read.
        path: PathBuf,
        /// Number of the link type.
        link: u32,
    },
    /// The file ends in the middle of something: the capture was cut, or the copy was.
    #[error("the capture {path:?} is cut at byte {offset}, after {packets} whole packets")]
    Truncated {
        /// File to read.
        path: PathBuf,
        /// Where the file ends.
        offset: u64,
        /// Packets before that.
        packets: u64,
    },
    /// A packet claims more bytes than a packet may have.
    #[error(
        "the capture {path:?} is damaged: a packet of {length} bytes at byte {offset}, after {packets} good packets; the limit is {MAXIMUM_PACKET_BYTES}"
    )]
    Oversized {
        /// File to read.
        path: PathBuf,
        /// Where the packet begins.
        offset: u64,
        /// Bytes that it claims.
        length: u32,
        /// Packets before that.
        packets: u64,
    },
    /// Bytes that no writer of captures writes.
    #[error(
        "the capture {path:?} is damaged at byte {offset}, after {packets} good packets: {what}"
    )]
    Malformed {
        /// File to read.
        path: PathBuf,
        /// Where the malformed part begins.
        offset: u64,
        /// Packets before that.
        packets: u64,
        /// What is wrong.
        what: &'static str,
    },
}
