//! The layout of the file. Numbers are little-endian.
//!
//! ```text
//! header   "APIWATCH" | format u16 | header bytes u16 | product version | crc32 u32
//! frame    body bytes u32 | crc32 of the body u32 | body: one Input in postcard
//! end      0 u32          | crc32 of the body u32 | body: inputs u64, chain u32
//! ```
//!
//! The chain is the CRC-32 of the header and of the first eight bytes of every frame,
//! which hold the checksums of the bodies: it covers the whole file and hashes it once.
//! The header keeps its layout in every format, so that any build can name any trace.

/// First bytes of the file.
pub(super) const MAGIC: [u8; 8] = *b"APIWATCH";
/// Changes whenever an older reader would misread what is written.
pub(super) const VERSION: u16 = 2;
/// Bytes of the header before the product version.
pub(super) const HEADER_START_BYTES: usize = 12;
/// Bytes of a checksum.
pub(super) const CHECKSUM_BYTES: usize = 4;
/// Bytes of a frame before its body.
pub(super) const FRAME_HEAD_BYTES: usize = 8;
/// Bytes of the body of the end.
pub(super) const END_BYTES: usize = 12;

/// Bytes that the body of a frame may have: above any baseline of the default limits.
pub const MAXIMUM_FRAME_BYTES: usize = 16 * 1024 * 1024;

/// Whether a file that begins like this is a trace; a file that is shorter than that may
/// be the start of one.
#[must_use]
pub fn is_trace(first_bytes: &[u8]) -> bool {
    first_bytes.starts_with(&MAGIC) || (!first_bytes.is_empty() && MAGIC.starts_with(first_bytes))
}

/// The header that this build writes.
pub(super) fn header() -> Vec<u8> {
    let product = env!("CARGO_PKG_VERSION").as_bytes();
    let length = HEADER_START_BYTES + product.len() + CHECKSUM_BYTES;
    let length = u16::try_from(length).expect("a version number is short");
    let mut bytes = Vec::with_capacity(usize::from(length));
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(product);
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

/// What comes before the body of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameHead {
    /// Bytes of the body; zero is the end, since no input is empty.
    pub(super) length: u32,
    /// CRC-32 of the body.
    pub(super) checksum: u32,
}

impl FrameHead {
    pub(super) fn to_bytes(self) -> [u8; FRAME_HEAD_BYTES] {
        (u64::from(self.checksum) << 32 | u64::from(self.length)).to_le_bytes()
    }

    pub(super) fn from_bytes(bytes: [u8; FRAME_HEAD_BYTES]) -> Self {
        let both = u64::from_le_bytes(bytes);
        Self { length: both as u32, checksum: (both >> 32) as u32 }
    }

    pub(super) const fn is_end(self) -> bool {
        self.length == 0
    }
}

/// The body of the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// Inputs of the trace.
    pub(super) inputs: u64,
    /// See the module.
    pub(super) chain: u32,
}

impl End {
    pub(super) fn to_bytes(self) -> [u8; END_BYTES] {
        let mut bytes = [0; END_BYTES];
        let (inputs, chain) = bytes.split_at_mut(8);
        inputs.copy_from_slice(&self.inputs.to_le_bytes());
        chain.copy_from_slice(&self.chain.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (inputs, chain) = bytes.split_first_chunk()?;
        let chain = chain.try_into().ok()?;
        Some(Self { inputs: u64::from_le_bytes(*inputs), chain: u32::from_le_bytes(chain) })
    }
}
