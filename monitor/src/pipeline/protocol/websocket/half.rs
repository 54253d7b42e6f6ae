//! One way of a WebSocket: frames and the messages that they make.

use super::frame::{self, HEADER_BYTES, Header, Opcode, RSV1};
use super::{Text, text};
use crate::pipeline::output::{PerDirection, WebSocket as Counts};
use crate::pipeline::protocol::Way;
use crate::pipeline::protocol::anomaly::{Anomalies, Anomaly};

/// RFC 6455 section 5.5: control frames have 125 bytes at most.
const CONTROL_BYTES: u64 = 125;
/// RFC 6455 section 5.2: the top bit of a length is 0.
const MOST_BYTES: u64 = u64::MAX >> 1;
/// RFC 6455 section 7.1.5: the code of a close that has none.
const NO_CODE: u16 = 1005;

/// One way. Payload is counted as it passes and never kept.
#[derive(Debug)]
pub(super) struct Half {
    place: Place,
    /// The start of a header that goes on in the next delivery.
    kept: [u8; HEADER_BYTES],
    kept_bytes: u8,
    /// The message whose last frame has not ended.
    message: Option<Message>,
    has_closed: bool,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug)]
enum Place {
    Header,
    Payload(Payload),
    /// Not known: a header was missed or cannot be. Payload may hold anything, so no
    /// later header can be told from it, and this way is given up.
    Lost,
    /// Nothing comes any more.
    Ended,
}

#[derive(Clone, Copy, Debug)]
struct Payload {
    left: u64,
    taken: u64,
    mask: Option<[u8; 4]>,
    part: Part,
}

/// What a payload is part of.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// A message, or a frame that looks like part of one.
    Message { is_last: bool },
    /// Ping or pong.
    Control,
    /// The code of a close so far; none where a byte of it was missed.
    Close(Option<u16>),
    /// A control frame with a reserved opcode.
    Unknown,
}

/// A message that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Message {
    /// Text that is given on.
    Text,
    /// Text of which bytes were missed: the rest is not given on.
    CutText,
    /// Binary, or compressed.
    Other,
}

/// What a way adds to.
pub(super) struct Sums<'a, 'b> {
    pub(super) way: Way,
    pub(super) counts: &'a mut Counts,
    pub(super) anomalies: &'a mut Anomalies,
    pub(super) text: Text<'a, 'b>,
}

impl Sums<'_, '_> {
    fn of(way: Way, counts: &mut PerDirection<u64>) -> &mut u64 {
        match way {
            Way::ToServer => &mut counts.to_server,
            Way::ToClient => &mut counts.to_client,
        }
    }

    fn add_bytes(&mut self, bytes: u64) {
        let sum = Self::of(self.way, &mut self.counts.message_bytes);
        *sum = sum.saturating_add(bytes);
    }

    fn give(&mut self, piece: &[u8], payload: &Payload) {
        if let Some(text) = &mut self.text {
            text::unmasked(piece, payload.mask, payload.taken, &mut |piece| text(self.way, piece));
        }
    }

    fn give_end(&mut self) {
        if let Some(text) = &mut self.text {
            text(self.way, b"");
        }
    }
}

impl Half {
    pub(super) const fn new() -> Self {
        Self {
            place: Place::Header,
            kept: [0; HEADER_BYTES],
            kept_bytes: 0,
            message: None,
            has_closed: false,
        }
    }

    /// Takes bytes.
    pub(super) fn take(&mut self, mut bytes: &[u8], sums: &mut Sums<'_, '_>) {
        while !bytes.is_empty() {
            bytes = match self.place {
                Place::Header => self.take_header(bytes, sums),
                Place::Payload(payload) => self.take_payload(payload, bytes, sums),
                Place::Lost | Place::Ended => return,
            };
        }
    }

    /// Passes over bytes that were not seen; false where a header may have been among
    /// them and the way is given up.
    pub(super) fn skip(&mut self, bytes: u64, sums: &mut Sums<'_, '_>) -> bool {
        match self.place {
            Place::Payload(mut payload) if bytes <= payload.left => {
                if let (Part::Close(code), 0 | 1) = (&mut payload.part, payload.taken) {
                    *code = None;
                }
                if let Some(message @ Message::Text) = &mut self.message
                    && matches!(payload.part, Part::Message { .. })
                {
                    *message = Message::CutText;
                }
                self.advance(payload, bytes, sums);
                true
            }
            Place::Header | Place::Payload(_) => {
                self.give_up(sums);
                false
            }
            Place::Lost | Place::Ended => true,
        }
    }

    /// The way is given up for good.
    pub(super) fn give_up(&mut self, sums: &mut Sums<'_, '_>) {
        self.place = Place::Lost;
        self.kept_bytes = 0;
        self.abandon(sums);
    }

    /// No more bytes come; false where they end inside of a frame or a message.
    pub(super) fn end(&mut self, sums: &mut Sums<'_, '_>) -> bool {
        let is_cut = matches!(self.place, Place::Payload(_))
            || self.kept_bytes > 0
            || self.message.is_some();
        self.place = Place::Ended;
        self.abandon(sums);
        !is_cut
    }

    /// Whether it was given up.
    pub(super) const fn is_lost(&self) -> bool {
        matches!(self.place, Place::Lost)
    }

    /// Whether no more bytes come.
    pub(super) const fn has_ended(&self) -> bool {
        matches!(self.place, Place::Ended)
    }

    fn take_header<'b>(&mut self, bytes: &'b [u8], sums: &mut Sums<'_, '_>) -> &'b [u8] {
        let whole = if self.kept_bytes == 0 { frame::parse(bytes) } else { None };
        let (header, rest) = match whole {
            Some((header, length)) => (Some(header), bytes.get(length..).unwrap_or_default()),
            None => self.join_header(bytes),
        };
        if let Some(header) = header {
            self.begin(header, sums);
        }
        rest
    }

    /// Adds to the kept start of a header until it is whole.
    fn join_header<'b>(&mut self, bytes: &'b [u8]) -> (Option<Header>, &'b [u8]) {
        let mut rest = bytes;
        while let Some((byte, after)) = rest.split_first()
            && let Some(place) = self.kept.get_mut(usize::from(self.kept_bytes))
        {
            *place = *byte;
            self.kept_bytes += 1;
            rest = after;
            let kept = self.kept.get(..usize::from(self.kept_bytes)).unwrap_or_default();
            if let Some((header, _)) = frame::parse(kept) {
                self.kept_bytes = 0;
                return (Some(header), rest);
            }
        }
        (None, b"")
    }

    fn begin(&mut self, header: Header, sums: &mut Sums<'_, '_>) {
        note(&header, sums);
        if header.length > MOST_BYTES {
            sums.anomalies.add(Anomaly::OversizedFrameLength);
            return self.give_up(sums);
        }
        let part = match header.opcode {
            Opcode::Close => Part::Close(Some(0)),
            Opcode::Ping | Opcode::Pong => Part::Control,
            Opcode::OtherControl => Part::Unknown,
            Opcode::Text | Opcode::Binary | Opcode::Continuation | Opcode::OtherData => {
                self.begin_data(&header, sums);
                Part::Message { is_last: header.is_last }
            }
        };
        let payload = Payload { left: header.length, taken: 0, mask: header.mask, part };
        self.advance(payload, 0, sums);
    }

    /// RFC 6455 section 5.4: a message is one data frame and its continuations.
    fn begin_data(&mut self, header: &Header, sums: &mut Sums<'_, '_>) {
        if self.has_closed {
            sums.anomalies.add(Anomaly::DataAfterClose);
        }
        match header.opcode {
            Opcode::Continuation if self.message.is_none() => {
                sums.anomalies.add(Anomaly::UnexpectedFragment);
            }
            Opcode::Text | Opcode::Binary => {
                if self.message.is_some() {
                    sums.anomalies.add(Anomaly::InterruptedMessage);
                    self.abandon(sums);
                }
                let is_text = header.opcode == Opcode::Text && header.reserved & RSV1 == 0;
                self.message = Some(if is_text { Message::Text } else { Message::Other });
            }
            _ => {}
        }
    }

    fn take_payload<'b>(
        &mut self,
        mut payload: Payload,
        bytes: &'b [u8],
        sums: &mut Sums<'_, '_>,
    ) -> &'b [u8] {
        let length = payload.left.min(bytes.len() as u64);
        let (piece, rest) = bytes.split_at_checked(length as usize).unwrap_or((bytes, b""));
        match &mut payload.part {
            Part::Close(Some(code)) if payload.taken < 2 => {
                let missing = 2usize.saturating_sub(payload.taken as usize);
                let start = piece.get(..missing).unwrap_or(piece);
                text::unmasked(start, payload.mask, payload.taken, &mut |clear| {
                    *code = clear.iter().fold(*code, |code, byte| code << 8 | u16::from(*byte));
                });
            }
            Part::Message { .. } if self.message == Some(Message::Text) => {
                sums.give(piece, &payload);
            }
            _ => {}
        }
        self.advance(payload, length, sums);
        rest
    }

    /// So many bytes of a payload have passed.
    fn advance(&mut self, mut payload: Payload, bytes: u64, sums: &mut Sums<'_, '_>) {
        payload.left -= bytes;
        payload.taken += bytes;
        if matches!(payload.part, Part::Message { .. }) {
            sums.add_bytes(bytes);
        }
        if payload.left > 0 {
            self.place = Place::Payload(payload);
            return;
        }
        self.place = Place::Header;
        match payload.part {
            Part::Message { is_last: true } if self.message.is_some() => {
                *Sums::of(sums.way, &mut sums.counts.messages) += 1;
                self.abandon(sums);
            }
            Part::Control => *Sums::of(sums.way, &mut sums.counts.control_frames) += 1,
            Part::Close(code) => self.close(code, payload.taken, sums),
            Part::Message { .. } | Part::Unknown => {}
        }
    }

    fn close(&mut self, code: Option<u16>, bytes: u64, sums: &mut Sums<'_, '_>) {
        let was_closed = std::mem::replace(&mut self.has_closed, true);
        let code = if bytes < 2 { Some(NO_CODE) } else { code };
        // RFC 6455 section 7.4: 1005, 1006 and 1015 are never sent, nor what has no meaning.
        let is_valid = match bytes {
            0 => true,
            1 => false,
            _ => code.is_none_or(
                |code| matches!(code, 1000..=4999 if !matches!(code, 1005 | 1006 | 1015)),
            ),
        };
        if !is_valid {
            sums.anomalies.add(Anomaly::InvalidClosePayload);
        }
        if !was_closed && sums.counts.close_code.is_none() {
            sums.counts.close_code = code;
        }
    }

    /// The message, if there is one, goes on no more.
    fn abandon(&mut self, sums: &mut Sums<'_, '_>) {
        if let Some(Message::Text | Message::CutText) = self.message.take() {
            sums.give_end();
        }
    }
}

/// Names what is irregular about a header by itself.
fn note(header: &Header, sums: &mut Sums<'_, '_>) {
    let Header { opcode, mask, length, .. } = *header;
    // RFC 6455 section 5.1: the client masks every frame, the server none.
    match (sums.way, mask) {
        (Way::ToServer, None) => sums.anomalies.add(Anomaly::UnmaskedClientFrame),
        (Way::ToClient, Some(_)) => sums.anomalies.add(Anomaly::MaskedServerFrame),
        _ => {}
    }
    if !header.is_minimal {
        sums.anomalies.add(Anomaly::NonMinimalFrameLength);
    }
    if opcode.is_reserved() {
        sums.anomalies.add(Anomaly::ReservedFrameOpcode);
    }
    // RFC 7692 section 6: the bit stands on the first frame of a message.
    let begins_message = matches!(opcode, Opcode::Text | Opcode::Binary);
    let used = if sums.counts.deflate && begins_message { RSV1 } else { 0 };
    if header.reserved & !used != 0 {
        sums.anomalies.add(Anomaly::ReservedFrameBits);
    }
    if opcode.is_control() {
        if !header.is_last {
            sums.anomalies.add(Anomaly::FragmentedControlFrame);
        }
        if length > CONTROL_BYTES {
            sums.anomalies.add(Anomaly::LongControlFrame);
        }
    }
}
