//! Headers of frames (RFC 9113 section 4.1), and what is wrong with one.

use super::super::Way;
use super::super::anomaly::Anomaly;

/// Bytes of a frame header.
pub(super) const HEADER_BYTES: usize = 9;
/// `SETTINGS_MAX_FRAME_SIZE` before any SETTINGS (RFC 9113 section 6.5.2).
pub(super) const INITIAL_MAXIMUM: u32 = 16_384;
/// Greatest number of a stream; the bit before is to be ignored.
pub(super) const GREATEST_STREAM: u32 = 0x7fff_ffff;
/// Greatest length that a header can say.
pub(super) const GREATEST_LENGTH: u32 = 0x00ff_ffff;

const END_STREAM: u8 = 0x1;
const ACK: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

/// Type of a frame (RFC 9113 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    Headers,
    Priority,
    Reset,
    Settings,
    PushPromise,
    Ping,
    GoAway,
    WindowUpdate,
    Continuation,
    /// ALTSVC, ORIGIN or `PRIORITY_UPDATE` (RFC 7838, 8336 and 9218).
    Extension,
    /// Any other type, which is to be ignored (RFC 9113 section 5.5).
    Unknown,
}

/// A frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Bytes of the payload.
    pub(super) length: u32,
    pub(super) kind: Kind,
    pub(super) flags: u8,
    pub(super) stream: u32,
    /// The bit that is to be ignored; senders leave it 0.
    reserved: bool,
}

impl Frame {
    /// Reads a frame header.
    pub(super) fn parse(bytes: [u8; HEADER_BYTES]) -> Self {
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = bytes;
        let stream = u32::from_be_bytes([s0, s1, s2, s3]);
        Self {
            length: u32::from_be_bytes([0, l0, l1, l2]),
            kind: Kind::of(kind),
            flags,
            stream: stream & GREATEST_STREAM,
            reserved: stream >> 31 != 0,
        }
    }

    pub(super) const fn ends_stream(&self) -> bool {
        self.flags & END_STREAM != 0
    }

    pub(super) const fn ends_headers(&self) -> bool {
        self.flags & END_HEADERS != 0
    }

    pub(super) const fn is_ack(&self) -> bool {
        self.flags & ACK != 0
    }

    pub(super) const fn is_padded(&self) -> bool {
        self.flags & PADDED != 0
    }

    /// Bytes of the payload before what the frame carries: pad length, priority, promised
    /// stream; or all that matters of a small frame.
    pub(super) fn prefix_bytes(&self) -> u32 {
        let padding = u32::from(self.is_padded());
        match self.kind {
            Kind::Data => padding,
            Kind::Headers => padding + if self.flags & PRIORITY == 0 { 0 } else { 5 },
            Kind::PushPromise => padding + 4,
            Kind::Reset | Kind::WindowUpdate => 4,
            Kind::GoAway => 8,
            _ => 0,
        }
    }

    /// What the receiver would end the connection for.
    pub(super) fn fault(&self, way: Way, maximum: u32) -> Option<Anomaly> {
        if self.length > maximum {
            return Some(Anomaly::OversizedFrame);
        }
        let (on_stream, fits) = match self.kind {
            Kind::Data | Kind::Headers | Kind::PushPromise => {
                (true, self.length >= self.prefix_bytes())
            }
            Kind::Priority => (true, self.length == 5),
            Kind::Reset => (true, self.length == 4),
            Kind::Continuation => (true, true),
            Kind::Settings if self.is_ack() => (false, self.length == 0),
            Kind::Settings => (false, self.length.is_multiple_of(6)),
            Kind::Ping => (false, self.length == 8),
            Kind::GoAway => (false, self.length >= 8),
            // RFC 9113 section 6.9: of the connection or of a stream.
            Kind::WindowUpdate => (self.stream != 0, self.length == 4),
            Kind::Extension | Kind::Unknown => return None,
        };
        if on_stream == (self.stream == 0) {
            Some(Anomaly::InvalidStreamId)
        } else if !fits {
            Some(Anomaly::InvalidFrameLength)
        } else if self.kind == Kind::PushPromise && way == Way::ToServer {
            Some(Anomaly::UnexpectedPush)
        } else {
            None
        }
    }

    /// Whether a sender that keeps to the rules may have sent it, where it is not known
    /// whether this is a frame header at all. In random bytes one place of 2^30 is.
    pub(super) fn is_plausible(&self, way: Way, maximum: u32) -> bool {
        let (flags, may) = match self.kind {
            // Of streams only those of the client carry what the client sends.
            Kind::Data => (
                END_STREAM | PADDED,
                (self.length > 0 || self.ends_stream())
                    && (way == Way::ToClient || self.stream % 2 == 1),
            ),
            Kind::Headers => (
                END_STREAM | END_HEADERS | PADDED | PRIORITY,
                self.length > self.prefix_bytes() && (way == Way::ToClient || self.stream % 2 == 1),
            ),
            Kind::Settings | Kind::Ping => (ACK, true),
            Kind::PushPromise => (END_HEADERS | PADDED, true),
            Kind::Continuation => (END_HEADERS, true),
            Kind::Priority | Kind::Reset | Kind::GoAway | Kind::WindowUpdate => (0, true),
            Kind::Extension => (0, self.length <= INITIAL_MAXIMUM),
            Kind::Unknown => return false,
        };
        may && self.flags & !flags == 0 && !self.reserved && self.fault(way, maximum).is_none()
    }
}

impl Kind {
    const fn of(byte: u8) -> Self {
        match byte {
            0x0 => Self::Data,
            0x1 => Self::Headers,
            0x2 => Self::Priority,
            0x3 => Self::Reset,
            0x4 => Self::Settings,
            0x5 => Self::PushPromise,
            0x6 => Self::Ping,
            0x7 => Self::GoAway,
            0x8 => Self::WindowUpdate,
            0x9 => Self::Continuation,
            0xa | 0xc | 0x10 => Self::Extension,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (length, type, flags, stream) → (fault towards the server, plausible there)
    #[test]
    fn frames_are_judged_by_their_header() {
        type Case = ((u32, u8, u8, u32), Option<Anomaly>, bool);
        let cases: [Case; 24] = [
            ((1, 0, 0, 1), None, true),
            ((0, 0, 0, 1), None, false),
            ((0, 0, END_STREAM, 1), None, true),
            ((0, 0, PADDED, 1), Some(Anomaly::InvalidFrameLength), false),
            ((1, 0, 0, 0), Some(Anomaly::InvalidStreamId), false),
            ((1, 0, 0, 2), None, false),
            ((1, 0, 0x40, 1), None, false),
            ((1, 0, 0, 0x8000_0001), None, false),
            ((16_385, 0, 0, 1), Some(Anomaly::OversizedFrame), false),
            ((10, 1, END_HEADERS, 3), None, true),
            ((5, 1, END_HEADERS | PRIORITY, 3), None, false),
            ((4, 1, END_HEADERS | PRIORITY, 3), Some(Anomaly::InvalidFrameLength), false),
            ((5, 2, 0, 3), None, true),
            ((4, 3, 0, 3), None, true),
            ((4, 3, 0, 0), Some(Anomaly::InvalidStreamId), false),
            ((12, 4, 0, 0), None, true),
            ((13, 4, 0, 0), Some(Anomaly::InvalidFrameLength), false),
            ((6, 4, ACK, 0), Some(Anomaly::InvalidFrameLength), false),
            ((9, 5, END_HEADERS, 1), Some(Anomaly::UnexpectedPush), false),
            ((8, 6, 0, 0), None, true),
            ((8, 7, 0, 0), None, true),
            ((4, 8, 0, 0), None, true),
            ((4, 8, 0, 7), None, true),
            ((4, 0x77, 0, 0), None, false),
        ];
        for ((length, kind, flags, stream), fault, plausible) in cases {
            let [_, l0, l1, l2] = length.to_be_bytes();
            let [s0, s1, s2, s3] = stream.to_be_bytes();
            let frame = Frame::parse([l0, l1, l2, kind, flags, s0, s1, s2, s3]);
            assert_eq!(frame.fault(Way::ToServer, INITIAL_MAXIMUM), fault, "{frame:?}");
            assert_eq!(frame.is_plausible(Way::ToServer, INITIAL_MAXIMUM), plausible, "{frame:?}");
        }
    }
}
