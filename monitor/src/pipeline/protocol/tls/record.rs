//! The record layer of one way (RFC 8446 section 5.1, RFC 5246 section 6.2).

use super::super::anomaly::Anomaly;

/// Most bytes of a record in the clear.
pub(super) const CLEAR_BYTES: u16 = 1 << 14;
/// Most bytes of any record: RFC 5246 section 6.2.3 leaves 2048 for what encryption adds.
const RECORD_BYTES: u16 = CLEAR_BYTES + 2048;
const HEADER_BYTES: usize = 5;

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    ChangeCipherSpec,
    Alert,
    Handshake,
    ApplicationData,
    /// RFC 6520.
    Heartbeat,
}

/// The next part of a way.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// A record begins; so many bytes follow.
    Begin(Content, u16),
    /// Bytes of the record that began last.
    Body(Content, &'a [u8]),
    /// This is no record, and neither is what follows.
    Refused(Anomaly),
}

/// Where in its records a way is. Nothing of them is kept but half a header.
#[derive(Debug)]
pub(super) struct Records {
    header: [u8; HEADER_BYTES],
    /// Bytes of the header that are there.
    have: u8,
    content: Content,
    /// Bytes of the body that are to come.
    left: u16,
}

impl Records {
    pub(super) const fn new() -> Self {
        Self { header: [0; HEADER_BYTES], have: 0, content: Content::Handshake, left: 0 }
    }

    /// Takes the next part off the bytes; none where they end.
    pub(super) fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Part<'a>> {
        if self.left > 0 {
            let count = bytes.len().min(usize::from(self.left));
            let (body, rest) = bytes.split_at_checked(count)?;
            *bytes = rest;
            self.left -= u16::try_from(count).unwrap_or(self.left);
            return (count > 0).then_some(Part::Body(self.content, body));
        }
        while usize::from(self.have) < HEADER_BYTES {
            let (byte, rest) = bytes.split_first()?;
            *bytes = rest;
            *self.header.get_mut(usize::from(self.have))? = *byte;
            self.have += 1;
        }
        self.have = 0;
        Some(self.begin())
    }

    fn begin<'a>(&mut self) -> Part<'a> {
        let [kind, major, minor, high, low] = self.header;
        let content = match (kind, major, minor) {
            (20, 3, 0..=4) => Content::ChangeCipherSpec,
            (21, 3, 0..=4) => Content::Alert,
            (22, 3, 0..=4) => Content::Handshake,
            (23, 3, 0..=4) => Content::ApplicationData,
            (24, 3, 0..=4) => Content::Heartbeat,
            // RFC 5246 appendix E.2: two bytes of length with the first bit set, then the type.
            (0x80.., _, 1) if matches!((high, low), (3, 0..=4) | (0, 2)) => {
                return Part::Refused(Anomaly::Ssl2Hello);
            }
            _ => return Part::Refused(Anomaly::InvalidTlsRecord),
        };
        let length = u16::from_be_bytes([high, low]);
        if length > RECORD_BYTES {
            return Part::Refused(Anomaly::OversizedTlsRecord);
        }
        (self.content, self.left) = (content, length);
        Part::Begin(content, length)
    }
}
