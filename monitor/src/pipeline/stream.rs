//! The ordered bytes of one direction of a connection end, and what is missing.

use super::input::{Record, UncapturedReason};
use super::protocol::Delivery;

/// Position in the bytes of one direction.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stream {
    /// Offset of the next byte, as the kernel side counts.
    next: u64,
    /// Bytes that moved, those that no call of ours moved included.
    moved: u64,
    /// Bytes that were read.
    captured: u64,
    /// TCP sequence number of the next byte.
    next_sequence: Option<u32>,
}

/// A record in its place: what is missing before it, its bytes, what is missing of it.
#[derive(Clone, Copy)]
pub(crate) struct Placed<'a> {
    /// Bytes of records that were lost.
    pub(crate) lost: u64,
    /// Bytes that moved without an observed call.
    pub(crate) bypassed: u64,
    /// The bytes that were read.
    pub(crate) payload: &'a [u8],
    /// Bytes of the record that were not read, and why.
    pub(crate) uncaptured: Option<(UncapturedReason, u64)>,
}

impl<'a> Placed<'a> {
    /// Whether nothing is missing, as nearly always.
    pub(crate) fn is_whole(&self) -> bool {
        self.lost == 0
            && self.bypassed == 0
            && self.uncaptured.is_none()
            && !self.payload.is_empty()
    }

    /// The parts, in order. Lost bytes were `told_before` where an earlier record of
    /// the connection had already shown that some were lost.
    pub(crate) fn deliveries(&self, told_before: bool) -> impl Iterator<Item = Delivery<'a>> {
        let lost = if told_before { Delivery::GapToldBefore } else { Delivery::Gap };
        let after = self.uncaptured.map_or(0, |(_, bytes)| bytes);
        let gap =
            |bytes: u64, delivery: fn(u64) -> Delivery<'a>| (bytes > 0).then(|| delivery(bytes));
        let bytes = (!self.payload.is_empty()).then_some(Delivery::Bytes(self.payload));
        gap(self.lost, lost)
            .into_iter()
            .chain(gap(self.bypassed, Delivery::Gap))
            .chain(bytes)
            .chain(gap(after, Delivery::Gap))
    }
}

impl Stream {
    /// A direction whose next byte has this offset and TCP sequence number.
    pub(crate) fn starting_at(offset: u64, sequence: Option<u32>) -> Self {
        Self { next: offset, moved: 0, captured: 0, next_sequence: sequence }
    }

    /// Bytes that moved.
    pub(crate) fn moved(&self) -> u64 {
        self.moved
    }

    /// Bytes that were read.
    pub(crate) fn captured(&self) -> u64 {
        self.captured
    }

    /// Puts a record into its place; none where it came after bytes behind it, which
    /// happens when threads race on one socket: then its bytes are already counted lost.
    pub(crate) fn place<'a>(&mut self, record: &Record<'a>) -> Option<Placed<'a>> {
        let lost = record.offset.checked_sub(self.next)?;
        let bypassed = self.bypassed(record.tcp_sequence, lost, record.length);
        let length = u64::from(record.length);
        let missing = length.saturating_sub(record.payload.len() as u64);
        self.next = record.offset.saturating_add(length);
        self.next_sequence = record.tcp_sequence;
        self.moved = self.moved.saturating_add(lost.saturating_add(bypassed + length));
        self.captured += record.payload.len() as u64;
        let reason = record.uncaptured.unwrap_or(UncapturedReason::OtherCall);
        let uncaptured = (missing > 0).then_some((reason, missing));
        Some(Placed { lost, bypassed, payload: record.payload, uncaptured })
    }

    /// Bytes between this direction's last record and its end: those of records that were
    /// lost, as the kernel side counts, and those that no call of ours moved, as the TCP
    /// sequence number at the end shows.
    pub(crate) fn finish(&mut self, total: u64, tcp_sequence: Option<u32>) -> (u64, u64) {
        let lost = total.saturating_sub(self.next);
        let bypassed = self.bypassed(tcp_sequence, lost, 0);
        self.next = self.next.saturating_add(lost);
        self.moved = self.moved.saturating_add(lost.saturating_add(bypassed));
        (lost, bypassed)
    }

    /// Sequence numbers up to `after` that neither lost bytes nor those of a record of
    /// this length account for. A FIN takes one, and numbers that run backwards belong to
    /// calls that raced.
    fn bypassed(&self, after: Option<u32>, lost: u64, length: u32) -> u64 {
        let (Some(expected), Some(after)) = (self.next_sequence, after) else { return 0 };
        let advanced = after.wrapping_sub(expected);
        let accounted = (lost as u32).wrapping_add(length);
        match advanced.wrapping_sub(accounted) {
            0 | 1 | 0x8000_0000.. => 0,
            bypassed => u64::from(bypassed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::input::{Cookie, Direction, Source};
    use crate::pipeline::time::Timestamp;

    fn record(offset: u64, length: u32, sequence: u32, payload: &[u8]) -> Record<'_> {
        Record {
            cookie: Cookie(1),
            direction: Direction::Egress,
            source: Source::Socket,
            time: Timestamp(0),
            offset,
            length,
            tcp_sequence: Some(sequence),
            sequence: 0,
            pid: 1,
            uncaptured: Some(UncapturedReason::Truncated),
            payload,
        }
    }

    /// (offset, length, sequence after, payload) → (lost, bypassed, uncaptured)
    #[test]
    fn what_is_missing_is_told_by_cause() {
        type Case = (u64, u32, u32, &'static [u8], (u64, u64, u64));
        let cases: [Case; 6] = [
            (0, 3, 103, b"abc", (0, 0, 0)),
            (3, 10, 113, b"abc", (0, 0, 7)),
            (23, 1, 124, b"x", (10, 0, 0)),
            (24, 5, 829, b"12345", (0, 700, 0)),
            (29, 5, 835, b"12345", (0, 0, 0)), // a FIN was counted
            (34, 5, 100, b"12345", (0, 0, 0)), // numbers of another call
        ];
        let mut stream = Stream::starting_at(0, Some(100));
        for (offset, length, sequence, payload, (lost, bypassed, uncaptured)) in cases {
            let placed =
                stream.place(&record(offset, length, sequence, payload)).expect("in order");
            assert_eq!(placed.lost, lost, "lost before {offset}");
            assert_eq!(placed.bypassed, bypassed, "bypassed before {offset}");
            assert_eq!(
                placed.uncaptured.map_or(0, |it| it.1),
                uncaptured,
                "uncaptured of {offset}"
            );
        }
        assert_eq!(stream.moved(), 39 + 700);
        assert_eq!(stream.captured(), 22);
        assert!(stream.place(&record(30, 1, 0, b"x")).is_none(), "behind");
        assert_eq!(stream.finish(50, None), (11, 0));
    }

    /// (bytes in all, sequence number at the end) → (lost, bypassed)
    #[test]
    fn what_is_missing_at_the_end_is_told_by_cause() {
        for (total, sequence, missing) in [
            (3, Some(103), (0, 0)),
            (3, Some(104), (0, 0)), // a FIN
            (3, Some(203), (0, 100)),
            (13, Some(114), (10, 0)),
            (13, Some(214), (10, 101)),
            (3, None, (0, 0)),
            (3, Some(50), (0, 0)),
        ] {
            let mut stream = Stream::starting_at(0, Some(100));
            let _ = stream.place(&record(0, 3, 103, b"abc"));
            assert_eq!(stream.finish(total, sequence), missing, "{total} {sequence:?}");
        }
    }

    #[test]
    fn sequence_numbers_wrap() {
        let mut stream = Stream::starting_at(0, Some(u32::MAX - 1));
        let placed = stream.place(&record(0, 4, 2, b"abcd")).expect("in order");
        assert_eq!(placed.bypassed, 0);
    }
}
