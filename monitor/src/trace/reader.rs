//! From file to inputs. Whatever the file holds: no panic, and no more memory than the
//! file has bytes or a frame may have.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use crc32fast::Hasher;

use super::error::TraceError;
use super::format::{
    CHECKSUM_BYTES, END_BYTES, End, FRAME_HEAD_BYTES, FrameHead, HEADER_START_BYTES, MAGIC,
    MAXIMUM_FRAME_BYTES, VERSION,
};
use crate::pipeline::input::Input;

/// Bytes read at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// Reads the inputs of a trace, in their order.
pub struct TraceReader<R = BufReader<File>> {
    reader: R,
    path: PathBuf,
    /// Bytes read so far.
    offset: u64,
    /// Inputs handed out.
    inputs: u64,
    chain: Hasher,
    /// The header or the body at hand.
    buffer: Vec<u8>,
    is_over: bool,
}

impl TraceReader {
    /// Opens a trace and checks its header.
    ///
    /// # Errors
    /// [`TraceError::Open`], or what the header has wrong.
    pub fn open(path: &Path) -> Result<Self, TraceError> {
        let path = path.to_owned();
        match File::open(&path) {
            Ok(file) => Self::new(BufReader::with_capacity(BUFFER_BYTES, file), path),
            Err(source) => Err(TraceError::Open { path, source }),
        }
    }
}

impl<R: Read> TraceReader<R> {
    /// Starts reading from a reader, which had better be a buffered one; `path` is what
    /// errors name it by.
    ///
    /// # Errors
    /// [`TraceError::NotATrace`], [`TraceError::Version`], or what else is wrong with
    /// the header.
    pub fn new(reader: R, path: PathBuf) -> Result<Self, TraceError> {
        let mut trace = Self {
            reader,
            path,
            offset: 0,
            inputs: 0,
            chain: Hasher::new(),
            buffer: Vec::new(),
            is_over: false,
        };
        trace.read_header()?;
        Ok(trace)
    }

    /// Bytes read so far.
    #[must_use]
    pub const fn read_bytes(&self) -> u64 {
        self.offset
    }

    /// The next input; none after the last one, and after an error. All inputs before
    /// the damage are handed out before the error is.
    ///
    /// # Errors
    /// [`TraceError::Truncated`], [`TraceError::Checksum`], [`TraceError::Oversized`],
    /// [`TraceError::Malformed`], [`TraceError::Read`].
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend its buffer")]
    pub fn next(&mut self) -> Result<Option<Input<'_>>, TraceError> {
        if self.is_over {
            return Ok(None);
        }
        self.is_over = true;
        let start = self.offset;
        let head = self.read_frame()?;
        if head.is_end() {
            return self.check_end(start).map(|()| None);
        }
        let Ok((input, [])) = postcard::take_from_bytes(&self.buffer) else {
            return Err(self.malformed(start));
        };
        self.is_over = false;
        self.inputs += 1;
        Ok(Some(input))
    }

    fn read_header(&mut self) -> Result<(), TraceError> {
        self.fill(MAGIC.len(), Fill::Replace).map_err(|error| match error {
            TraceError::Truncated { .. } if !MAGIC.starts_with(&self.buffer) => {
                TraceError::NotATrace { path: self.path.clone() }
            }
            other => other,
        })?;
        if self.buffer != MAGIC {
            return Err(TraceError::NotATrace { path: self.path.clone() });
        }
        self.fill(HEADER_START_BYTES - MAGIC.len(), Fill::Append)?;
        let [.., v0, v1, l0, l1] = *self.buffer else { return Err(self.malformed(0)) };
        let (found, length) = (u16::from_le_bytes([v0, v1]), u16::from_le_bytes([l0, l1]));
        let rest = usize::from(length)
            .checked_sub(HEADER_START_BYTES)
            .filter(|rest| *rest >= CHECKSUM_BYTES)
            .ok_or_else(|| self.malformed(0))?;
        self.fill(rest, Fill::Append)?;
        let (covered, checksum) =
            self.buffer.split_last_chunk().ok_or_else(|| self.malformed(0))?;
        if crc32fast::hash(covered) != u32::from_le_bytes(*checksum) {
            return Err(self.wrong_checksum(0));
        }
        if found != VERSION {
            let product = covered.get(HEADER_START_BYTES..).unwrap_or_default();
            let product = product.escape_ascii().to_string();
            return Err(TraceError::Version { path: self.path.clone(), found, product });
        }
        self.chain.update(&self.buffer);
        Ok(())
    }

    /// Reads a frame, its body into `buffer`, and checks the body.
    fn read_frame(&mut self) -> Result<FrameHead, TraceError> {
        let start = self.offset;
        self.fill(FRAME_HEAD_BYTES, Fill::Replace)?;
        let bytes = *self.buffer.first_chunk().ok_or_else(|| self.malformed(start))?;
        let head = FrameHead::from_bytes(bytes);
        let length = if head.is_end() { END_BYTES } else { head.length as usize };
        if length > MAXIMUM_FRAME_BYTES {
            let (path, inputs) = (self.path.clone(), self.inputs);
            return Err(TraceError::Oversized { path, offset: start, length: head.length, inputs });
        }
        self.fill(length, Fill::Replace)?;
        if crc32fast::hash(&self.buffer) != head.checksum {
            return Err(self.wrong_checksum(start));
        }
        if !head.is_end() {
            self.chain.update(&bytes);
        }
        Ok(head)
    }

    /// Compares the end that was just read with what came before, and wants nothing after.
    fn check_end(&mut self, start: u64) -> Result<(), TraceError> {
        let read = End { inputs: self.inputs, chain: self.chain.clone().finalize() };
        if End::from_bytes(&self.buffer) != Some(read) {
            return Err(self.wrong_checksum(start));
        }
        let end = self.offset;
        match self.fill(1, Fill::Replace) {
            Ok(()) => Err(self.malformed(end)),
            Err(TraceError::Truncated { .. }) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// Reads so many bytes into the buffer, which grows with what is there, not with
    /// what is claimed to be.
    fn fill(&mut self, bytes: usize, fill: Fill) -> Result<(), TraceError> {
        if fill == Fill::Replace {
            self.buffer.clear();
        }
        let read = self.reader.by_ref().take(bytes as u64).read_to_end(&mut self.buffer);
        let (path, inputs) = (&self.path, self.inputs);
        match read {
            Ok(read) => {
                self.offset += read as u64;
                let offset = self.offset;
                let is_whole = read == bytes;
                is_whole.then_some(()).ok_or_else(|| TraceError::Truncated {
                    path: path.clone(),
                    offset,
                    inputs,
                })
            }
            Err(source) => {
                Err(TraceError::Read { path: path.clone(), offset: self.offset, source })
            }
        }
    }

    /// Memory held for the frame at hand.
    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        self.buffer.capacity()
    }

    fn wrong_checksum(&self, offset: u64) -> TraceError {
        TraceError::Checksum { path: self.path.clone(), offset, inputs: self.inputs }
    }

    fn malformed(&self, offset: u64) -> TraceError {
        TraceError::Malformed { path: self.path.clone(), offset, inputs: self.inputs }
    }
}

/// What becomes of the buffer's contents.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fill {
    Replace,
    Append,
}
