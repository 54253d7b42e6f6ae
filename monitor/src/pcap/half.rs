//! One direction of a connection: its bytes in their order, and those that must wait.
//!
//! Positions are bytes since the start, so sequence numbers wrap here and nowhere else.

use std::collections::BTreeMap;

use super::history::{History, LastRun};
use crate::pipeline::time::Timestamp;

/// Farthest that a segment may be from what is expected: the largest window of TCP
/// (RFC 7323 section 2.3).
const WINDOW: i64 = 1 << 30;
/// Bytes that a waiting piece is counted with, besides its own.
const PIECE_COST: usize = 128;

/// One direction of a connection.
#[derive(Default)]
pub(super) struct Half {
    /// Sequence number of the byte at `offset`; none until it is known.
    next: Option<u32>,
    /// A SYN said where it starts; else the first segment that was seen did.
    is_anchored: bool,
    /// Bytes that were handed on or given up.
    offset: u64,
    /// Position up to which the receiver says it has everything.
    acknowledged: u64,
    /// Position of the FIN.
    end: Option<u64>,
    /// By their positions, none overlapping another, all at or behind `offset`.
    waiting: BTreeMap<u64, Piece>,
    cost: usize,
    /// When `offset` last moved.
    pub(super) advanced: Mark,
    kept: LastRun,
}

/// A moment: in time, and in packets of the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) time: Timestamp,
    pub(super) packet: u64,
}

/// Bytes that wait for others before them, in their own direction or the other one.
pub(super) struct Piece {
    pub(super) length: u32,
    /// The first of them, as many as were captured.
    pub(super) bytes: Box<[u8]>,
    /// What its sender had received of the other direction when it sent this.
    pub(super) needs: u64,
    pub(super) came: Mark,
    /// Other bytes came for the same place.
    pub(super) is_contested: bool,
}

/// Bytes that came, in their place.
#[derive(Clone, Copy)]
pub(super) struct Arrival<'a> {
    /// Sequence number of the first.
    pub(super) sequence: u32,
    pub(super) length: u32,
    pub(super) payload: &'a [u8],
    pub(super) needs: u64,
    pub(super) came: Mark,
}

/// What became of bytes that came.
pub(super) struct Accepted<'a> {
    /// Bytes that are next, and how many they stand for.
    pub(super) next: Option<(&'a [u8], u32)>,
    /// They differ from what was handed on before for the same place.
    pub(super) differs: bool,
    /// Bytes that came before, or came too late.
    pub(super) repeated: u32,
}

impl Half {
    /// A direction whose first byte has this sequence number.
    pub(super) fn starting_at(sequence: u32) -> Self {
        Self { next: Some(sequence), is_anchored: true, ..Self::default() }
    }

    /// Makes this the sequence number of the next byte, unless that is known.
    pub(super) fn begin(&mut self, sequence: u32) {
        self.next.get_or_insert(sequence);
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// What the waiting pieces cost.
    pub(super) fn cost(&self) -> usize {
        self.cost
    }

    /// Whether all of it was handed on, the FIN included.
    pub(super) fn is_finished(&self) -> bool {
        self.end.is_some_and(|end| self.offset >= end)
    }

    /// Bytes from what is expected to a sequence number, negative where it is behind.
    fn distance(&self, sequence: u32) -> i64 {
        let next = self.next.unwrap_or(sequence);
        i64::from(sequence.wrapping_sub(next).cast_signed())
    }

    /// Whether a sequence number is too far from what is expected to be of this connection.
    pub(super) fn is_outside(&self, sequence: u32) -> bool {
        self.distance(sequence).abs() > WINDOW
    }

    /// Whether a reset with this sequence number would be taken: where the next byte is
    /// expected, or behind all that was seen (RFC 9293 section 3.5.3, RFC 5961).
    pub(super) fn is_edge(&self, sequence: u32) -> bool {
        let place = self.distance(sequence);
        let seen = self.waiting.iter().next_back();
        let seen = seen.map_or(self.offset, |(start, piece)| start + u64::from(piece.length));
        let edges = [self.offset, seen, self.acknowledged, seen + 1];
        u64::try_from(place).is_ok_and(|place| edges.contains(&(self.offset + place)))
    }

    /// Notes what the receiver says it has, and gives the position: negative where that
    /// is before the start, zero where it cannot be.
    pub(super) fn acknowledge(&mut self, sequence: u32) -> i64 {
        self.begin(sequence);
        let distance = self.distance(sequence);
        if distance.abs() > WINDOW {
            return 0;
        }
        let position = self.offset.cast_signed().saturating_add(distance);
        self.acknowledged = self.acknowledged.max(position.max(0).cast_unsigned());
        position
    }

    /// How far the start must move so that a sequence number is not before it. It can as
    /// long as it was a guess and nothing was handed on.
    pub(super) fn before_start(&self, sequence: u32) -> u64 {
        let distance = self.distance(sequence);
        let can_move = self.offset == 0 && !self.is_anchored && distance.abs() <= WINDOW;
        if can_move { distance.min(0).unsigned_abs() } else { 0 }
    }

    /// Moves the start back.
    pub(super) fn move_start(&mut self, by: u64) {
        self.next = self.next.map(|next| next.wrapping_sub(by as u32));
        self.acknowledged += by;
        self.end = self.end.map(|end| end + by);
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        self.waiting = waiting.map(|(start, piece)| (start + by, piece)).collect();
    }

    /// The start of the other direction moved back, so what senders had received is more.
    pub(super) fn move_needs(&mut self, by: u64) {
        self.waiting.values_mut().for_each(|piece| piece.needs += by);
    }

    /// Position up to which the receiver has bytes: an acknowledged FIN is none.
    pub(super) fn acknowledged(&self) -> u64 {
        self.end.map_or(self.acknowledged, |end| self.acknowledged.min(end))
    }

    /// Whether all before a position was handed on or given up.
    pub(super) fn has_reached(&self, position: u64) -> bool {
        self.offset >= position || self.is_finished()
    }

    /// Takes bytes. They are next where nothing waits and they `may_pass`, else they wait.
    pub(super) fn accept<'a>(
        &mut self,
        arrival: Arrival<'a>,
        may_pass: impl FnOnce(u64) -> bool,
        history: &History,
    ) -> Accepted<'a> {
        let Arrival { sequence, mut length, mut payload, .. } = arrival;
        let distance = self.distance(sequence);
        let mut accepted = Accepted { next: None, differs: false, repeated: 0 };
        let mut start = self.offset.saturating_add_signed(distance);
        if distance < 0 {
            let behind = distance.unsigned_abs().min(u64::from(length)) as u32;
            let (old, new) = payload.split_at_checked(behind as usize).unwrap_or((payload, &[]));
            // A probe of one byte may have any byte (RFC 9293 section 3.8.4).
            if length > 1 && self.offset >= distance.unsigned_abs() {
                accepted.differs = history.differs(self.kept, start, old);
            }
            accepted.repeated = behind;
            (length, payload, start) = (length - behind, new, self.offset);
        }
        let room = self.end.map_or(u64::MAX, |end| end.saturating_sub(start));
        length = u64::from(length).min(room) as u32;
        payload = payload.get(..length as usize).unwrap_or(payload);
        if length == 0 {
            return accepted;
        }
        if start == self.offset && self.waiting.is_empty() && may_pass(arrival.needs) {
            accepted.next = Some((payload, length));
        } else {
            let part = Arrival { length, payload, ..arrival };
            accepted.repeated += self.store(start, part);
        }
        accepted
    }

    /// Keeps the bytes for which none wait yet: who came first wins. Gives how many others
    /// there are.
    fn store(&mut self, start: u64, arrival: Arrival<'_>) -> u32 {
        let end = start + u64::from(arrival.length);
        let of = |from: u64, to: u64| part(arrival.payload, start, from, to);
        let mut repeated = 0;
        let mut at = start;
        while at < end {
            if let Some((&begin, piece)) = self.waiting.range_mut(..=at).next_back()
                && begin + u64::from(piece.length) > at
            {
                let to = end.min(begin + u64::from(piece.length));
                let (was, is) = (part(&piece.bytes, begin, at, to), of(at, to));
                piece.is_contested |= was.iter().zip(is).any(|(was, is)| was != is);
                if piece.needs > arrival.needs {
                    self.lower_needs(begin, at, to, arrival.needs);
                }
                repeated += (to - at) as u32;
                at = to;
                continue;
            }
            let to = self.waiting.range(at..).next().map_or(end, |(begin, _)| end.min(*begin));
            self.wait(at, (to - at) as u32, of(at, to), &arrival);
            at = to;
        }
        repeated
    }

    fn wait(&mut self, start: u64, length: u32, bytes: &[u8], arrival: &Arrival<'_>) {
        let Arrival { needs, came, .. } = *arrival;
        self.cost += PIECE_COST + bytes.len();
        let piece = Piece { length, bytes: bytes.into(), needs, came, is_contested: false };
        self.waiting.insert(start, piece);
    }

    /// Takes a FIN behind the bytes of an arrival. It waits as they do.
    pub(super) fn finish(&mut self, arrival: &Arrival<'_>) {
        let distance = self.distance(arrival.sequence) + i64::from(arrival.length);
        let position = self.offset.saturating_add_signed(distance);
        let seen = self.waiting.iter().next_back();
        let seen = seen.map_or(0, |(start, piece)| start + u64::from(piece.length));
        // It cannot be before bytes that were sent, or that were received.
        let is_early = distance < 0 || position < seen || position + 1 < self.acknowledged;
        if self.end.is_some() || is_early {
            return;
        }
        self.end = Some(position);
        if distance > 0 {
            self.wait(position, 0, &[], arrival);
        }
    }

    /// The first waiting piece and its position.
    pub(super) fn first(&self) -> Option<(u64, &Piece)> {
        self.waiting.first_key_value().map(|(start, piece)| (*start, piece))
    }

    /// Takes the first waiting piece.
    pub(super) fn pop(&mut self) -> Option<Piece> {
        let (_, piece) = self.waiting.pop_first()?;
        self.cost = self.cost.saturating_sub(PIECE_COST + piece.bytes.len());
        Some(piece)
    }

    /// Lets the first waiting piece pass, whatever its sender had received; only the part
    /// before a position, where that is within it.
    pub(super) fn release_first(&mut self, before: u64) {
        if let Some((start, piece)) = self.first() {
            let end = start + u64::from(piece.length);
            let to = if (start + 1..end).contains(&before) { before } else { end };
            self.lower_needs(start, start, to, 0);
        }
    }

    /// Notes that the bytes of a piece between two positions were sent when less had been
    /// received: who sends again may have received more by then.
    fn lower_needs(&mut self, start: u64, from: u64, to: u64, needs: u64) {
        if let Some(piece) = self.waiting.get_mut(&start)
            && from <= start
            && to >= start + u64::from(piece.length)
        {
            piece.needs = needs;
            return;
        }
        let Some(piece) = self.waiting.remove(&start) else { return };
        self.cost = self.cost.saturating_sub(PIECE_COST + piece.bytes.len());
        let end = start + u64::from(piece.length);
        let parts = [(start, from, piece.needs), (from, to, needs), (to, end, piece.needs)];
        for (begin, end, needs) in parts.into_iter().filter(|it| it.0 < it.1) {
            let bytes: Box<[u8]> = part(&piece.bytes, start, begin, end).into();
            self.cost += PIECE_COST + bytes.len();
            let length = (end - begin) as u32;
            self.waiting.insert(begin, Piece { length, bytes, needs, ..piece });
        }
    }

    /// Goes on behind bytes that were handed on, or given up where there are none.
    pub(super) fn advance(&mut self, length: u32, bytes: &[u8], now: Mark, history: &mut History) {
        if !bytes.is_empty() {
            history.keep(&mut self.kept, self.offset, bytes);
        }
        self.offset += u64::from(length);
        self.next = self.next.map(|next| next.wrapping_add(length));
        self.advanced = now;
    }
}

/// The part of bytes that begin at `start`, as far as there are any.
fn part(bytes: &[u8], start: u64, from: u64, to: u64) -> &[u8] {
    let end = bytes.len().min((to - start) as usize);
    bytes.get((from - start) as usize..end).unwrap_or_default()
}
