//! From inputs to file.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crc32fast::Hasher;

use super::error::TraceError;
use super::format::{End, FrameHead, MAXIMUM_FRAME_BYTES, header};
use crate::pipeline::input::Input;

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 256 * 1024;
/// Bytes for encoding at first: above any record of the kernel side.
const BODY_BYTES: usize = 128 * 1024;

/// Writes inputs to a trace. Without [`TraceWriter::finish`] the trace is a cut one.
pub struct TraceWriter<W: Write> {
    writer: BufWriter<W>,
    path: PathBuf,
    offset: u64,
    inputs: u64,
    chain: Hasher,
    body: Vec<u8>,
}

impl TraceWriter<File> {
    /// Makes a trace that only its owner can read, since it holds payload. An existing
    /// file stays as it is.
    ///
    /// # Errors
    /// [`TraceError::Exists`], [`TraceError::Create`], [`TraceError::Write`].
    pub fn create(path: &Path) -> Result<Self, TraceError> {
        let path = path.to_owned();
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => Self::new(file, path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !path.is_dir() => {
                Err(TraceError::Exists { path })
            }
            Err(source) => Err(TraceError::Create { path, source }),
        }
    }
}

impl<W: Write> TraceWriter<W> {
    /// Starts a trace on a writer; `path` is what errors name it by.
    ///
    /// # Errors
    /// [`TraceError::Write`].
    pub fn new(writer: W, path: PathBuf) -> Result<Self, TraceError> {
        let mut trace = Self {
            writer: BufWriter::with_capacity(BUFFER_BYTES, writer),
            path,
            offset: 0,
            inputs: 0,
            chain: Hasher::new(),
            body: vec![0; BODY_BYTES],
        };
        let header = header();
        trace.chain.update(&header);
        trace.writer.write_all(&header).map_err(|source| trace.failed(source))?;
        trace.offset = header.len() as u64;
        Ok(trace)
    }

    /// Appends an input. At a tick everything so far goes to the file, so that a
    /// recording that is killed lacks only its last moment.
    ///
    /// # Errors
    /// [`TraceError::InputTooLarge`], after which the trace is still good;
    /// [`TraceError::Write`], after which it is not.
    pub fn write(&mut self, input: &Input<'_>) -> Result<(), TraceError> {
        let length = self.encode(input)?;
        let body = self.body.get(..length).unwrap_or_default();
        let frame = FrameHead { length: length as u32, checksum: crc32fast::hash(body) }.to_bytes();
        self.chain.update(&frame);
        let mut result = self.writer.write_all(&frame).and_then(|()| self.writer.write_all(body));
        if matches!(input, Input::Tick { .. }) {
            result = result.and_then(|()| self.writer.flush());
        }
        result.map_err(|source| self.failed(source))?;
        self.offset += (frame.len() + length) as u64;
        self.inputs += 1;
        Ok(())
    }

    /// Ends the trace.
    ///
    /// # Errors
    /// [`TraceError::Write`]: the trace is a cut one.
    pub fn finish(mut self) -> Result<(), TraceError> {
        let body = End { inputs: self.inputs, chain: self.chain.clone().finalize() }.to_bytes();
        let frame = FrameHead { length: 0, checksum: crc32fast::hash(&body) }.to_bytes();
        self.writer
            .write_all(&frame)
            .and_then(|()| self.writer.write_all(&body))
            .and_then(|()| self.writer.flush())
            .map_err(|source| self.failed(source))
    }

    /// Encodes into `body`, which grows up to the limit, and gives the length.
    fn encode(&mut self, input: &Input<'_>) -> Result<usize, TraceError> {
        loop {
            if let Ok(encoded) = postcard::to_slice(input, &mut self.body) {
                return Ok(encoded.len());
            }
            if self.body.len() >= MAXIMUM_FRAME_BYTES {
                let (path, offset, input) = (self.path.clone(), self.offset, self.inputs);
                return Err(TraceError::InputTooLarge { path, offset, input });
            }
            let length = (self.body.len() * 2).min(MAXIMUM_FRAME_BYTES);
            self.body.resize(length, 0);
        }
    }

    fn failed(&self, source: io::Error) -> TraceError {
        TraceError::Write { path: self.path.clone(), offset: self.offset, source }
    }
}
