//! Bytes of a file, a part at a time, with the place of each.

use std::io::{self, ErrorKind, Read};

/// Bytes read at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// Order of the bytes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    pub(super) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    pub(super) fn u64(self, bytes: [u8; 8]) -> u64 {
        match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        }
    }

    /// The number at a place; none where the bytes end before it does.
    pub(super) fn u16_at(self, bytes: &[u8], place: usize) -> Option<u16> {
        Some(self.u16(*bytes.get(place..)?.first_chunk()?))
    }

    /// The number at a place; none where the bytes end before it does.
    pub(super) fn u32_at(self, bytes: &[u8], place: usize) -> Option<u32> {
        Some(self.u32(*bytes.get(place..)?.first_chunk()?))
    }
}

/// Bytes of a reader. What is held grows only as bytes come, so a length that lies costs
/// nothing.
pub(super) struct Bytes<R> {
    reader: R,
    buffer: Vec<u8>,
    /// The bytes of the buffer that were read and not taken.
    start: usize,
    end: usize,
    /// Bytes taken.
    offset: u64,
    /// Where the item at hand begins.
    item: u64,
}

impl<R: Read> Bytes<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, buffer: vec![0; BUFFER_BYTES], start: 0, end: 0, offset: 0, item: 0 }
    }

    /// Where the item at hand begins.
    pub(super) fn item(&self) -> u64 {
        self.item
    }

    /// Where the next item begins.
    pub(super) const fn taken(&self) -> u64 {
        self.offset
    }

    /// Where the bytes that were read end.
    pub(super) fn read_to(&self) -> u64 {
        self.offset + (self.end - self.start) as u64
    }

    /// Begins an item; false where no byte is left.
    pub(super) fn begin_item(&mut self) -> io::Result<bool> {
        self.item = self.offset;
        self.fill(1)
    }

    /// The next bytes, exactly so many; none where the file ends before.
    pub(super) fn take(&mut self, count: usize) -> io::Result<Option<&[u8]>> {
        if !self.fill(count)? {
            return Ok(None);
        }
        let start = self.start;
        self.start += count;
        self.offset += count as u64;
        Ok(self.buffer.get(start..start + count))
    }

    /// The next bytes as an array.
    pub(super) fn take_array<const N: usize>(&mut self) -> io::Result<Option<[u8; N]>> {
        Ok(self.take(N)?.and_then(|bytes| bytes.first_chunk().copied()))
    }

    /// Passes over bytes; false where the file ends before.
    pub(super) fn skip(&mut self, mut count: u64) -> io::Result<bool> {
        while count > 0 {
            if !self.fill(1)? {
                return Ok(false);
            }
            let here = count.min((self.end - self.start) as u64);
            self.start += here as usize;
            self.offset += here;
            count -= here;
        }
        Ok(true)
    }

    /// Reads until so many bytes are held; false where the file ends before.
    fn fill(&mut self, count: usize) -> io::Result<bool> {
        if self.end - self.start >= count {
            return Ok(true);
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < count {
            if self.end == self.buffer.len() {
                let length = self.buffer.len().saturating_mul(2).min(count.max(BUFFER_BYTES));
                self.buffer.resize(length, 0);
            }
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.reader.read(room) {
                Ok(0) => return Ok(false),
                Ok(read) => self.end = (self.end + read).min(self.buffer.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that gives one byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let end = to.len().min(1);
            self.0.read(&mut to[..end])
        }
    }

    #[test]
    fn bytes_come_in_order_however_they_are_read() {
        let all: Vec<u8> = (0..=255).cycle().take(BUFFER_BYTES * 3).collect();
        let mut bytes = Bytes::new(all.as_slice());
        assert_eq!(bytes.take(3).unwrap().unwrap(), &all[..3]);
        assert!(bytes.skip(BUFFER_BYTES as u64).unwrap());
        let from = 3 + BUFFER_BYTES;
        assert_eq!(
            bytes.take(BUFFER_BYTES + 9).unwrap().unwrap(),
            &all[from..][..BUFFER_BYTES + 9]
        );
        assert!(bytes.begin_item().unwrap());
        assert_eq!(bytes.item(), (from + BUFFER_BYTES + 9) as u64);
        assert!(bytes.take(BUFFER_BYTES).unwrap().is_none());
        let mut slow = Bytes::new(Slow(&all[..9]));
        assert_eq!(slow.take_array::<4>().unwrap().unwrap(), [0, 1, 2, 3]);
        assert!(!slow.skip(6).unwrap());
        assert_eq!((slow.begin_item().unwrap(), slow.item(), slow.read_to()), (false, 9, 9));
    }
}
