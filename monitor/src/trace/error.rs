//! Why a trace cannot be written or read. Paths are printed quoted and escaped, since
//! they may hold what must not reach a terminal.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::format::{MAXIMUM_FRAME_BYTES, VERSION};

/// Why a trace cannot be written or read; offsets are bytes from the start of the file.
#[derive(Debug, Error)]
pub enum TraceError {
    /// There is a file of this name, and a recording replaces nothing.
    #[error("cannot record to {path:?}: the file exists; remove it or choose another name")]
    Exists {
        /// File to write.
        path: PathBuf,
    },
    /// The file cannot be made.
    #[error("cannot make the trace {path:?}: {source}")]
    Create {
        /// File to write.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write the trace {path:?} at byte {offset}: {source}")]
    Write {
        /// File to write.
        path: PathBuf,
        /// Where the frame at hand begins.
        offset: u64,
        /// What the system said.
        source: io::Error,
    },
    /// An input has no encoding, or one that is larger than a frame may be.
    #[error(
        "cannot write the trace {path:?} at byte {offset}: input {input} is larger than {MAXIMUM_FRAME_BYTES} bytes"
    )]
    InputTooLarge {
        /// File to write.
        path: PathBuf,
        /// Where the frame would begin.
        offset: u64,
        /// Inputs before this one.
        input: u64,
    },
    /// The file cannot be opened.
    #[error("cannot open the trace {path:?}: {source}")]
    Open {
        /// File to read.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file cannot be read.
    #[error("cannot read the trace {path:?} at byte {offset}: {source}")]
    Read {
        /// File to read.
        path: PathBuf,
        /// Where.
        offset: u64,
        /// What the system said.
        source: io::Error,
    },
    /// The file begins with something else.
    #[error("{path:?} is not a trace of apiwatch")]
    NotATrace {
        /// File to read.
        path: PathBuf,
    },
    /// The file was written in a format that this build does not read.
    #[error(
        "the trace {path:?} is of format {found}, written by apiwatch {product}; this apiwatch reads format {VERSION}"
    )]
    Version {
        /// File to read.
        path: PathBuf,
        /// Its format.
        found: u16,
        /// Version of the apiwatch that wrote it.
        product: String,
    },
    /// The file ends before the trace does: the recording was cut, or the copy was.
    #[error("the trace {path:?} is cut at byte {offset}, after {inputs} whole inputs")]
    Truncated {
        /// File to read.
        path: PathBuf,
        /// Where the file ends.
        offset: u64,
        /// Inputs before that.
        inputs: u64,
    },
    /// Bytes are not those that were written.
    #[error(
        "the trace {path:?} is damaged: wrong checksum at byte {offset}, after {inputs} good inputs"
    )]
    Checksum {
        /// File to read.
        path: PathBuf,
        /// Where the damaged part begins.
        offset: u64,
        /// Inputs before that.
        inputs: u64,
    },
    /// A frame claims more bytes than a frame may have.
    #[error(
        "the trace {path:?} is damaged: a frame of {length} bytes at byte {offset}, after {inputs} good inputs; the limit is {MAXIMUM_FRAME_BYTES}"
    )]
    Oversized {
        /// File to read.
        path: PathBuf,
        /// Where the frame begins.
        offset: u64,
        /// Bytes that it claims.
        length: u32,
        /// Inputs before that.
        inputs: u64,
    },
    /// Bytes are those that were written, and mean nothing.
    #[error("the trace {path:?} is malformed at byte {offset}, after {inputs} good inputs")]
    Malformed {
        /// File to read.
        path: PathBuf,
        /// Where the malformed part begins.
        offset: u64,
        /// Inputs before that.
        inputs: u64,
    },
}
