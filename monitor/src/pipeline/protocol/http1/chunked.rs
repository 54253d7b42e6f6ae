//! The chunked transfer coding (RFC 9112 section 7.1), one byte at a time except for
//! chunk data, so that it does not matter where its bytes are split.

use crate::pipeline::protocol::anomaly::{Anomalies, Anomaly};

/// Where in the coding the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Size { size: u64, digits: bool },
    AfterSize { size: u64 },
    Extension { size: u64 },
    SizeLineFeed { size: u64 },
    Data { left: u64 },
    DataEnd,
    DataLineFeed,
    TrailerStart,
    Trailer,
    LastLineFeed,
}

/// A body in the chunked coding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunked {
    place: Place,
    /// Bytes of chunk data so far.
    pub(super) data_bytes: u64,
    trailer_bytes: u32,
}

/// How far the coding got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// All bytes were taken and more are to come.
    NeedMore,
    /// The body ended after so many bytes.
    End(usize),
    /// These bytes are no chunked coding from here on.
    Invalid(usize),
}

impl Chunked {
    pub(super) const fn new() -> Self {
        Self { place: Place::Size { size: 0, digits: false }, data_bytes: 0, trailer_bytes: 0 }
    }

    /// Takes bytes and hands each piece of chunk data on; `limit` bounds the trailer section.
    pub(super) fn take(
        &mut self,
        bytes: &[u8],
        limit: u32,
        anomalies: &mut Anomalies,
        mut data: impl FnMut(&[u8], &mut Anomalies),
    ) -> Progress {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if let Place::Data { left } = &mut self.place {
                let taken = (*left).min((bytes.len() - at) as u64);
                *left -= taken;
                self.data_bytes += taken;
                data(bytes.get(at..at + taken as usize).unwrap_or_default(), anomalies);
                at += taken as usize;
                if *left == 0 {
                    self.place = Place::DataEnd;
                }
                continue;
            }
            match self.next(byte, limit, anomalies) {
                Ok(Some(place)) => self.place = place,
                Ok(None) => return Progress::End(at + 1),
                Err(anomaly) => {
                    anomalies.add(anomaly);
                    return Progress::Invalid(at);
                }
            }
            at += 1;
        }
        Progress::NeedMore
    }

    /// Skips bytes that were not seen; false where that cannot be done.
    pub(super) fn skip(&mut self, bytes: u64) -> bool {
        match &mut self.place {
            Place::Data { left } if bytes <= *left => {
                *left -= bytes;
                self.data_bytes += bytes;
                if *left == 0 {
                    self.place = Place::DataEnd;
                }
                true
            }
            _ => false,
        }
    }

    /// The place after one byte of framing; none at the end.
    fn next(
        &mut self,
        byte: u8,
        limit: u32,
        anomalies: &mut Anomalies,
    ) -> Result<Option<Place>, Anomaly> {
        let place = match (self.place, byte) {
            (Place::Size { size, .. }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = (byte as char).to_digit(16).unwrap_or_default();
                let size = size.checked_mul(16).ok_or(Anomaly::ChunkSizeOverflow)?;
                Place::Size { size: size + u64::from(digit), digits: true }
            }
            (Place::Size { size, digits: true }, b' ' | b'\t') => {
                anomalies.add(Anomaly::ChunkSizeWhitespace);
                Place::AfterSize { size }
            }
            (Place::AfterSize { size }, b' ' | b'\t') => Place::AfterSize { size },
            (Place::Size { size, digits: true } | Place::AfterSize { size }, b';') => {
                anomalies.add(Anomaly::ChunkExtension);
                Place::Extension { size }
            }
            (
                Place::Size { size, digits: true }
                | Place::AfterSize { size }
                | Place::Extension { size },
                b'\r',
            ) => Place::SizeLineFeed { size },
            (
                Place::Size { size, digits: true }
                | Place::AfterSize { size }
                | Place::Extension { size },
                b'\n',
            ) => {
                anomalies.add(Anomaly::ChunkBareLineFeed);
                after_size(size)
            }
            (Place::Extension { size }, _) => self.bounded(Place::Extension { size }, limit)?,
            (Place::SizeLineFeed { size }, b'\n') => after_size(size),
            (Place::DataEnd, b'\r') => Place::DataLineFeed,
            (Place::DataEnd, b'\n') => {
                anomalies.add(Anomaly::ChunkBareLineFeed);
                Place::Size { size: 0, digits: false }
            }
            (Place::DataLineFeed, b'\n') => Place::Size { size: 0, digits: false },
            (Place::DataEnd | Place::DataLineFeed, _) => return Err(Anomaly::MissingChunkEnd),
            (Place::TrailerStart, b'\r') => Place::LastLineFeed,
            (Place::TrailerStart, b'\n') => {
                anomalies.add(Anomaly::ChunkBareLineFeed);
                return Ok(None);
            }
            (Place::LastLineFeed, b'\n') => return Ok(None),
            (Place::Trailer, b'\n') => Place::TrailerStart,
            (Place::Trailer | Place::TrailerStart, _) => self.bounded(Place::Trailer, limit)?,
            _ => return Err(Anomaly::InvalidChunkSize),
        };
        Ok(Some(place))
    }

    /// Extensions and trailers of all chunks together are bounded.
    fn bounded(&mut self, place: Place, limit: u32) -> Result<Place, Anomaly> {
        self.trailer_bytes += 1;
        if self.trailer_bytes > limit { Err(Anomaly::OversizedHead) } else { Ok(place) }
    }
}

const fn after_size(size: u64) -> Place {
    if size == 0 { Place::TrailerStart } else { Place::Data { left: size } }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (bytes, progress, data bytes, anomalies)
    type Case = (&'static [u8], Progress, u64, &'static [Anomaly]);

    const CASES: [Case; 14] = [
        (b"5\r\nhello\r\n0\r\n\r\n", Progress::End(15), 5, &[]),
        (b"5\r\nhello\r\n0\r\n\r\nGET", Progress::End(15), 5, &[]),
        (b"A\r\n0123456789\r\n0\r\nX: y\r\n\r\n", Progress::End(26), 10, &[]),
        (b"5;a=b\r\nhello\r\n0\r\n\r\n", Progress::End(19), 5, &[Anomaly::ChunkExtension]),
        (b"5 \r\nhello\r\n0\r\n\r\n", Progress::End(16), 5, &[Anomaly::ChunkSizeWhitespace]),
        (b"5\nhello\n0\n\n", Progress::End(11), 5, &[Anomaly::ChunkBareLineFeed]),
        (b"5\r\nhelloX", Progress::Invalid(8), 5, &[Anomaly::MissingChunkEnd]),
        (b"g\r\n", Progress::Invalid(0), 0, &[Anomaly::InvalidChunkSize]),
        (b"0x5\r\n", Progress::Invalid(1), 0, &[Anomaly::InvalidChunkSize]),
        (b"\r\n", Progress::Invalid(0), 0, &[Anomaly::InvalidChunkSize]),
        (b"-1\r\n", Progress::Invalid(0), 0, &[Anomaly::InvalidChunkSize]),
        (b"10000000000000000\r\n", Progress::Invalid(16), 0, &[Anomaly::ChunkSizeOverflow]),
        (b"0000000000000000000005\r\nhello\r\n", Progress::NeedMore, 5, &[]),
        (b"5\rhello", Progress::Invalid(2), 0, &[Anomaly::InvalidChunkSize]),
    ];

    #[test]
    fn every_case_at_every_split() {
        for (bytes, expected, data, anomalies) in CASES {
            for split in 0..=bytes.len() {
                let mut body = Chunked::new();
                let mut found = Anomalies::default();
                let (first, second) = bytes.split_at(split);
                let progress = match body.take(first, 64, &mut found, |_, _| ()) {
                    Progress::NeedMore => match body.take(second, 64, &mut found, |_, _| ()) {
                        Progress::NeedMore => Progress::NeedMore,
                        Progress::End(at) => Progress::End(split + at),
                        Progress::Invalid(at) => Progress::Invalid(split + at),
                    },
                    progress => progress,
                };
                let text = bytes.escape_ascii();
                assert_eq!(progress, expected, "{text} at {split}");
                assert_eq!(body.data_bytes, data, "{text} at {split}");
                assert_eq!(found.to_vec(), anomalies, "{text} at {split}");
            }
        }
    }

    #[test]
    fn endless_sizes_and_trailers_are_bounded() {
        let mut anomalies = Anomalies::default();
        let mut body = Chunked::new();
        assert_eq!(body.take(b"0\r\n", 64, &mut anomalies, |_, _| ()), Progress::NeedMore);
        assert_eq!(body.take(&[b'x'; 100], 64, &mut anomalies, |_, _| ()), Progress::Invalid(64));
        assert_eq!(anomalies.to_vec(), [Anomaly::OversizedHead]);
    }

    #[test]
    fn unseen_data_is_skipped_and_unseen_framing_is_not() {
        let mut body = Chunked::new();
        let mut anomalies = Anomalies::default();
        body.take(b"5\r\nhe", 64, &mut anomalies, |_, _| ());
        assert!(!body.skip(4));
        assert!(body.skip(3));
        assert!(!body.skip(1));
        assert_eq!(body.take(b"\r\n0\r\n\r\n", 64, &mut anomalies, |_, _| ()), Progress::End(7));
        assert_eq!(body.data_bytes, 5);
    }
}
