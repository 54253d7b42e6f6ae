//! The envelope of what survives a restart.
//!
//! ```text
//! magic 4 bytes · version u16 LE · CRC-32 of the body u32 LE · body
//! ```
//!
//! Whatever is read back is hostile: it is bounded and checked against its checksum here,
//! and whoever opens it checks every value before any is used.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Most bytes, the envelope included.
pub(super) const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Bytes before the body.
pub(super) const HEADER_BYTES: usize = 10;

/// Why stored bytes are of no use.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StoredError {
    /// Larger than anything that is stored.
    #[error("it has {0} bytes, more than {MOST_BYTES}")]
    TooLarge(usize),
    /// It does not begin like this form.
    #[error("it is something else")]
    Foreign,
    /// A version that this program does not know.
    #[error("it is of version {found}, and this apiwatch reads version {known}")]
    Version {
        /// The one that was found.
        found: u16,
        /// The one that can be read.
        known: u16,
    },
    /// Damaged.
    #[error("it is damaged: its checksum does not match")]
    Checksum,
    /// The checksum is right and the content is not.
    #[error("it is malformed")]
    Malformed,
}

/// What is in an envelope.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    pub(super) magic: [u8; 4],
    pub(super) version: u16,
}

impl Form {
    /// Puts a body into its envelope.
    pub(super) fn seal(self, body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len());
        bytes.extend(self.magic);
        bytes.extend(self.version.to_le_bytes());
        bytes.extend(crc32fast::hash(body).to_le_bytes());
        bytes.extend(body);
        bytes
    }

    /// The body of an envelope.
    pub(super) fn open(self, bytes: &[u8]) -> Result<&[u8], StoredError> {
        if bytes.len() > MOST_BYTES {
            return Err(StoredError::TooLarge(bytes.len()));
        }
        let rest = bytes.strip_prefix(&self.magic).ok_or(StoredError::Foreign)?;
        let (version, rest) = rest.split_first_chunk().ok_or(StoredError::Foreign)?;
        let found = u16::from_le_bytes(*version);
        if found != self.version {
            return Err(StoredError::Version { found, known: self.version });
        }
        let (checksum, body) = rest.split_first_chunk().ok_or(StoredError::Foreign)?;
        if crc32fast::hash(body) != u32::from_le_bytes(*checksum) {
            return Err(StoredError::Checksum);
        }
        Ok(body)
    }
}

pub(super) fn encoded(value: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(value).expect("plain values always serialise to a vector")
}

/// The value at the start, and what follows it.
pub(super) fn decoded<'a, T: Deserialize<'a>>(
    bytes: &'a [u8],
) -> Result<(T, &'a [u8]), StoredError> {
    postcard::take_from_bytes(bytes).map_err(|_| StoredError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: Form = Form { magic: *b"TEST", version: 3 };

    #[test]
    fn what_is_sealed_is_opened() {
        for body in [&b""[..], b"x", &[7; 1000]] {
            assert_eq!(FORM.open(&FORM.seal(body)), Ok(body));
        }
    }

    #[test]
    fn every_prefix_and_every_flipped_bit_is_refused() {
        let sealed = FORM.seal(b"what is known");
        for end in 0..sealed.len() {
            assert!(FORM.open(&sealed[..end]).is_err(), "prefix of {end}");
        }
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut damaged = sealed.clone();
                damaged[at] ^= 1 << bit;
                assert!(FORM.open(&damaged).is_err(), "byte {at} bit {bit}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let later = Form { version: 4, ..FORM }.seal(b"x");
        for (bytes, error) in [
            (Vec::new(), StoredError::Foreign),
            (b"PNG and so on".to_vec(), StoredError::Foreign),
            (b"TEST\x03".to_vec(), StoredError::Foreign),
            (b"TEST\x03\0abc".to_vec(), StoredError::Foreign),
            (later, StoredError::Version { found: 4, known: 3 }),
            ([&FORM.seal(b"x")[..], b"y"].concat(), StoredError::Checksum),
            (vec![0; MOST_BYTES + 1], StoredError::TooLarge(MOST_BYTES + 1)),
        ] {
            assert_eq!(FORM.open(&bytes), Err(error));
        }
    }
}
