//! Handshake messages of one way, over any number of records (RFC 8446 section 4).

use std::borrow::Cow;

use super::super::Way;

const HEADER_BYTES: usize = 4;

/// Type of a handshake message.
pub(super) type Kind = u8;
pub(super) const HELLO_REQUEST: Kind = 0;
pub(super) const CLIENT_HELLO: Kind = 1;
pub(super) const SERVER_HELLO: Kind = 2;
pub(super) const NEW_SESSION_TICKET: Kind = 4;
pub(super) const CERTIFICATE: Kind = 11;
pub(super) const SERVER_KEY_EXCHANGE: Kind = 12;
pub(super) const CERTIFICATE_REQUEST: Kind = 13;
pub(super) const SERVER_HELLO_DONE: Kind = 14;

/// The next of the messages.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item<'a> {
    /// A message begins.
    Begin(Kind),
    /// All of a message.
    Whole(Kind, Cow<'a, [u8]>),
    /// Bytes of a message that is taken as it comes.
    Piece(Kind, &'a [u8]),
    /// The end of a message of which nothing was kept.
    End(Kind),
    /// A message that is wanted whole and longer than what is kept: it is skipped.
    Oversized(Kind),
}

/// Where in its messages a way is.
#[derive(Debug)]
pub(super) struct Messages {
    header: [u8; HEADER_BYTES],
    /// Bytes of the header that are there; all of them while a body comes.
    have: u8,
    /// Bytes of the body that are to come.
    left: usize,
    keep: Keep,
    /// The start of a body that is wanted whole.
    buffer: Vec<u8>,
}

/// What becomes of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keep {
    Whole,
    Pieces,
    Nothing,
}

impl Messages {
    pub(super) const fn new() -> Self {
        Self {
            header: [0; HEADER_BYTES],
            have: 0,
            left: 0,
            keep: Keep::Nothing,
            buffer: Vec::new(),
        }
    }

    /// Bytes held.
    pub(super) fn buffered(&self) -> usize {
        self.buffer.capacity()
    }

    /// A message has begun and is not there.
    pub(super) const fn is_partial(&self) -> bool {
        self.have > 0
    }

    /// Takes the next item off the bytes, keeping at most `most` bytes; none where they end.
    pub(super) fn next<'a>(
        &mut self,
        way: Way,
        most: usize,
        bytes: &mut &'a [u8],
    ) -> Option<Item<'a>> {
        if usize::from(self.have) == HEADER_BYTES {
            return self.take_body(bytes);
        }
        while usize::from(self.have) < HEADER_BYTES {
            let (byte, rest) = bytes.split_first()?;
            *bytes = rest;
            *self.header.get_mut(usize::from(self.have))? = *byte;
            self.have += 1;
        }
        let [kind, lengths @ ..] = self.header;
        let [high, middle, low] = lengths.map(usize::from);
        self.left = high << 16 | middle << 8 | low;
        self.keep = keep_of(way, kind);
        if self.keep == Keep::Whole && self.left > most {
            self.keep = Keep::Nothing;
            return Some(Item::Oversized(kind));
        }
        Some(Item::Begin(kind))
    }

    fn take_body<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Item<'a>> {
        let [kind, ..] = self.header;
        let (body, rest) = bytes.split_at_checked(bytes.len().min(self.left))?;
        if self.keep == Keep::Pieces && !body.is_empty() {
            *bytes = rest;
            self.left -= body.len();
            return Some(Item::Piece(kind, body));
        }
        *bytes = rest;
        let whole = self.buffer.len() + self.left;
        if body.len() < self.left {
            if self.keep == Keep::Whole {
                append(&mut self.buffer, body, whole);
            }
            self.left -= body.len();
            return None;
        }
        self.have = 0;
        Some(match self.keep {
            Keep::Whole if self.buffer.is_empty() => Item::Whole(kind, Cow::Borrowed(body)),
            Keep::Whole => {
                append(&mut self.buffer, body, whole);
                Item::Whole(kind, Cow::Owned(std::mem::take(&mut self.buffer)))
            }
            Keep::Pieces | Keep::Nothing => Item::End(kind),
        })
    }
}

/// Appends a part to a buffer which grows by doubling, but never beyond the whole.
pub(super) fn append(buffer: &mut Vec<u8>, part: &[u8], whole: usize) {
    let needed = buffer.len() + part.len();
    if needed > buffer.capacity() {
        let grown = needed.max(2 * buffer.capacity()).min(whole.max(needed));
        buffer.reserve_exact(grown - buffer.len());
    }
    buffer.extend_from_slice(part);
}

/// A chain of certificates is taken as it comes, for it may be long and only its first counts.
const fn keep_of(way: Way, kind: Kind) -> Keep {
    match (way, kind) {
        (Way::ToServer, CLIENT_HELLO) | (Way::ToClient, SERVER_HELLO | SERVER_KEY_EXCHANGE) => {
            Keep::Whole
        }
        (Way::ToClient, CERTIFICATE) => Keep::Pieces,
        _ => Keep::Nothing,
    }
}
