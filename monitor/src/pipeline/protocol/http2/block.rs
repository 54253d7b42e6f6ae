//! A field block, from one or more frames (RFC 9113 section 4.3), decoded as it comes.
//!
//! A block may be long (CVE-2024-27316), so no more of it is kept than the field that is
//! incomplete and a few before it. It is decoded in pieces, which are cut where the block
//! says and not where deliveries are, so that these do not matter.

use super::super::Way;
use super::super::anomaly::Anomaly;
use super::super::head_value::Texts;
use super::super::hpack::{Block, Decoder};
use super::frame::Frame;
use super::head::Head;
use crate::pipeline::settings::Limits;
use crate::pipeline::time::Timestamp;

/// A piece ends with the field that takes it beyond this.
const PIECE_BYTES: usize = 1024;
/// Bytes of an encoded field that are kept.
const FIELD_BYTES: usize = 7 * 1024;
/// Bytes by which what is kept grows.
const GROWTH_BYTES: usize = 512;
/// CONTINUATION frames that a block may need.
const CONTINUATIONS: u8 = 64;

/// A field block that is being received.
pub(super) struct OpenBlock {
    /// The stream of its frames.
    pub(super) stream: u32,
    /// The stream that it promises; 0 for that of HEADERS.
    pub(super) promised: u32,
    /// HEADERS ended the stream.
    pub(super) ends_stream: bool,
    /// When its first frame began.
    pub(super) began: Timestamp,
    /// Its bytes so far.
    pub(super) bytes: u32,
    pub(super) head: Head,
    continuations: u8,
    /// It was cut off or cannot be decoded: what is to come of it is passed over.
    is_damaged: bool,
    /// A field has begun: no size update may follow (RFC 7541 section 4.2).
    has_field: bool,
    /// The piece at hand, as far as it was in earlier deliveries, and how much of it is
    /// whole fields.
    piece: Vec<u8>,
    whole: usize,
}

/// What a delivery of a block goes with.
pub(super) struct Surroundings<'a> {
    pub(super) way: Way,
    pub(super) decoder: &'a mut Decoder,
    pub(super) texts: &'a mut Texts,
    pub(super) limits: &'a Limits,
}

impl OpenBlock {
    /// The block that a frame begins.
    pub(super) fn new(frame: &Frame, promised: u32, began: Timestamp) -> Self {
        Self {
            stream: frame.stream,
            promised,
            ends_stream: promised == 0 && frame.ends_stream(),
            began,
            bytes: 0,
            head: Head::default(),
            continuations: 0,
            is_damaged: false,
            has_field: false,
            piece: Vec::new(),
            whole: 0,
        }
    }

    /// One more CONTINUATION.
    pub(super) fn count_continuation(&mut self) {
        self.continuations = self.continuations.saturating_add(1);
        if self.continuations > CONTINUATIONS {
            self.head.anomalies.add(Anomaly::ContinuationFlood);
        }
    }

    /// The rest of the block, or a part of it, cannot be had. The fields before it are.
    pub(super) fn damage(&mut self, why: Anomaly, around: &mut Surroundings<'_>) {
        let piece = std::mem::take(&mut self.piece);
        self.decode_piece(piece.get(..self.whole).unwrap_or_default(), around);
        self.refuse(why, around);
    }

    /// Bytes held.
    pub(super) fn held(&self) -> usize {
        self.piece.capacity()
    }

    /// Takes the next bytes; `is_last` where they end the block.
    pub(super) fn take(&mut self, bytes: &[u8], is_last: bool, around: &mut Surroundings<'_>) {
        self.bytes = self.bytes.saturating_add(bytes.len() as u32);
        if self.is_damaged {
            return;
        }
        if self.piece.is_empty() {
            let done = self.decode(bytes, is_last, around);
            self.piece = bytes.get(done..).unwrap_or_default().to_vec();
        } else {
            let mut joined = std::mem::take(&mut self.piece);
            if joined.capacity() - joined.len() < bytes.len() {
                joined.reserve_exact(bytes.len().max(GROWTH_BYTES));
            }
            joined.extend_from_slice(bytes);
            let done = self.decode(&joined, is_last, around);
            self.piece = match joined.get(done..) {
                Some(rest) if done > 0 => rest.to_vec(),
                _ => joined,
            };
        }
    }

    /// Decodes what is whole; bytes up to the piece that is not.
    fn decode(&mut self, bytes: &[u8], is_last: bool, around: &mut Surroundings<'_>) -> usize {
        let mut start = 0;
        let mut at = std::mem::take(&mut self.whole);
        loop {
            let next = next_field(bytes.get(at..).unwrap_or_default());
            match next {
                Next::Field(length) => {
                    at += length;
                    self.has_field = true;
                }
                Next::SizeUpdate(length) if !self.has_field => at += length,
                Next::NeedMore => break,
                Next::SizeUpdate(_) | Next::Invalid | Next::TooLong => {
                    self.decode_piece(bytes.get(start..at).unwrap_or_default(), around);
                    let is_long = matches!(next, Next::TooLong);
                    self.refuse(
                        if is_long { Anomaly::OversizedHead } else { Anomaly::InvalidHeaderBlock },
                        around,
                    );
                    return bytes.len();
                }
            }
            if at - start >= PIECE_BYTES {
                self.decode_piece(bytes.get(start..at).unwrap_or_default(), around);
                start = at;
            }
        }
        if is_last {
            self.decode_piece(bytes.get(start..at).unwrap_or_default(), around);
            if at < bytes.len() {
                self.refuse(Anomaly::InvalidHeaderBlock, around);
            }
            return bytes.len();
        }
        self.whole = at - start;
        start
    }

    fn decode_piece(&mut self, piece: &[u8], around: &mut Surroundings<'_>) {
        if piece.is_empty() || self.is_damaged {
            return;
        }
        let Surroundings { way, decoder, texts, limits } = around;
        let head = &mut self.head;
        let room = head.room(limits.header_list_bytes);
        // RFC 9113 section 8.4: the server sends the fields of a request.
        let way = if self.promised == 0 { *way } else { Way::ToServer };
        let block = decoder.decode(piece, room, &mut |field| {
            head.take(field, way, limits.header_fields, texts);
        });
        match block {
            Block::Whole { dropped: 0, .. } => {}
            Block::Whole { .. } => head.anomalies.add(Anomaly::OversizedHead),
            Block::Invalid => self.refuse(Anomaly::InvalidHeaderBlock, around),
        }
    }

    fn refuse(&mut self, why: Anomaly, around: &mut Surroundings<'_>) {
        if !self.is_damaged {
            self.head.damage(why);
            self.is_damaged = true;
            around.decoder.distrust();
        }
    }
}

/// What comes next in a field block (RFC 7541 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// A field of so many bytes.
    Field(usize),
    /// A change of the table's size, of so many bytes.
    SizeUpdate(usize),
    /// Too few bytes to tell.
    NeedMore,
    /// A field longer than what is kept.
    TooLong,
    /// A number of more than 32 bits.
    Invalid,
}

fn next_field(bytes: &[u8]) -> Next {
    let Some(&first) = bytes.first() else { return Next::NeedMore };
    let (prefix_bits, values) = match first {
        0x80.. => (7, 0),
        0x40.. => (6, 1),
        0x20.. => (5, 0),
        _ => (4, 1),
    };
    let (index, mut at) = match integer(bytes, prefix_bits) {
        Ok(read) => read,
        Err(next) => return next,
    };
    let strings = if values > 0 && index == 0 { 2 } else { values };
    for _ in 0..strings {
        match integer(bytes.get(at..).unwrap_or_default(), 7) {
            Ok((length, used)) => at = at.saturating_add(used).saturating_add(length as usize),
            Err(next) => return next,
        }
        if at > FIELD_BYTES {
            return Next::TooLong;
        }
    }
    if at > bytes.len() {
        Next::NeedMore
    } else if (0x20..0x40).contains(&first) {
        Next::SizeUpdate(at)
    } else {
        Next::Field(at)
    }
}

/// An integer (RFC 7541 section 5.1) and its bytes, or what is wrong.
fn integer(bytes: &[u8], prefix_bits: u32) -> Result<(u32, usize), Next> {
    let (&first, behind) = bytes.split_first().ok_or(Next::NeedMore)?;
    let limit = 0xff_u8 >> (8 - prefix_bits);
    if first & limit < limit {
        return Ok((u32::from(first & limit), 1));
    }
    let mut value = u64::from(limit);
    for (place, &byte) in behind.iter().take(5).enumerate() {
        value += u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return u32::try_from(value).map(|value| (value, place + 2)).map_err(|_| Next::Invalid);
        }
    }
    Err(if behind.len() < 5 { Next::NeedMore } else { Next::Invalid })
}

/// Whether bytes can be the start of a field block: `is_whole` where they are all of it.
/// No more is looked at than it takes to tell.
pub(super) fn is_plausible(mut bytes: &[u8], is_whole: bool) -> bool {
    const FIELDS: usize = 64;
    /// Far beyond the entries of any table that is in use.
    const INDEX: u32 = 2048;
    for _ in 0..FIELDS {
        if bytes.is_empty() {
            return true;
        }
        match next_field(bytes) {
            Next::Field(length) => {
                let is_indexed = bytes.first().is_some_and(|&first| first >= 0x80);
                if is_indexed
                    && !integer(bytes, 7).is_ok_and(|(index, _)| (1..INDEX).contains(&index))
                {
                    return false;
                }
                bytes = bytes.get(length..).unwrap_or_default();
            }
            Next::SizeUpdate(length) => bytes = bytes.get(length..).unwrap_or_default(),
            Next::NeedMore => return !is_whole,
            Next::TooLong | Next::Invalid => return false,
        }
    }
    true
}

impl std::fmt::Debug for OpenBlock {
    /// Without what is kept of it, which is payload.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenBlock").field("stream", &self.stream).finish_non_exhaustive()
    }
}
