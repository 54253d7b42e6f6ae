//! The one loop over the bytes of a way: frame headers and what their payloads carry.

use super::super::Way;
use super::super::anomaly::Anomaly;
use super::Feed;
use super::block::{OpenBlock, Surroundings};
use super::frame::{Frame, GREATEST_STREAM, HEADER_BYTES, Kind};
use super::{Http2, Part, Side, State, Trust};
use crate::pipeline::settings::Limits;

/// The preface of the client (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

impl Http2 {
    pub(super) fn take(&mut self, way: Way, bytes: &[u8], feed: &mut Feed<'_>) {
        let side = self.side(way);
        if side.kept.is_empty() {
            self.advance(way, bytes, feed);
        } else {
            side.kept.extend_from_slice(bytes);
            if side.kept.len() >= side.wanted {
                let joined = std::mem::take(&mut side.kept);
                self.advance(way, &joined, feed);
            }
        }
    }

    /// Takes bytes until there are none left.
    pub(super) fn advance(&mut self, way: Way, mut rest: &[u8], feed: &mut Feed<'_>) {
        while !rest.is_empty() {
            let taken = match self.side(way).state {
                State::Preface(matched) => self.take_preface(way, matched, rest, feed),
                State::Header => self.take_header(way, rest, feed),
                State::Payload(part) => self.take_payload(way, part, rest, feed),
                State::Lost => match self.search(way, rest, feed) {
                    Some(taken) => taken,
                    None => return,
                },
                State::Opaque => return,
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
    }

    fn take_preface(&mut self, way: Way, matched: u8, bytes: &[u8], feed: &mut Feed<'_>) -> usize {
        let expected = PREFACE.get(usize::from(matched)..).unwrap_or_default();
        let taken = expected.len().min(bytes.len());
        if expected.get(..taken) != bytes.get(..taken) {
            self.loose.add(Anomaly::InvalidPreface);
            self.lose(way, feed);
            return 0;
        }
        self.pass_preface(way, matched, taken);
        taken
    }

    /// So many more bytes of the preface came.
    pub(super) fn pass_preface(&mut self, way: Way, matched: u8, taken: usize) {
        let matched = usize::from(matched) + taken;
        if matched < PREFACE.len() {
            self.side(way).state = State::Preface(matched as u8);
        } else {
            self.side(way).state = State::Header;
            self.is_certain = true;
        }
    }

    /// Bytes of the preface that are to come.
    pub(super) fn left_of_preface(matched: u8) -> usize {
        PREFACE.len().saturating_sub(usize::from(matched))
    }

    fn take_header(&mut self, way: Way, bytes: &[u8], feed: &mut Feed<'_>) -> usize {
        let side = self.side(way);
        if side.has == 0 {
            side.began = feed.time;
        }
        let (header, taken) = match bytes.first_chunk() {
            Some(header) if side.has == 0 => (*header, HEADER_BYTES),
            _ => {
                let taken = side.collect(bytes, HEADER_BYTES);
                if usize::from(side.has) < HEADER_BYTES {
                    return taken;
                }
                (side.scratch, taken)
            }
        };
        let was_split = side.has > 0;
        side.has = 0;
        let frame = Frame::parse(header);
        if self.is_followed(way, &frame, feed) {
            self.begin_frame(way, frame, feed);
            return taken;
        }
        // What was taken for frames was none, or it takes more than its header to tell.
        if was_split {
            self.advance(way, &header, feed);
            return taken;
        }
        0
    }

    /// Whether a frame is one that can be followed; else the way is lost from its header.
    fn is_followed(&mut self, way: Way, frame: &Frame, feed: &mut Feed<'_>) -> bool {
        let side = self.side(way);
        let is_first = !std::mem::replace(&mut side.has_frame, true);
        if side.trust == Trust::Certain {
            // RFC 9113 section 3.4: the preface of each end is, or ends with, SETTINGS.
            if !is_first || frame.kind == Kind::Settings {
                return true;
            }
            side.trust = Trust::Found;
            self.loose.add(Anomaly::InvalidPreface);
        }
        if !self.may_follow(way, frame) {
            self.lose(way, feed);
            return false;
        }
        let side = self.side(way);
        if side.trust == Trust::Tentative && !is_first {
            if !is_harmless(frame) {
                side.at_start = true;
                side.state = State::Lost;
                return false;
            }
            side.trust = Trust::Found;
            side.found = Some(feed.time);
            self.is_certain = true;
        }
        true
    }

    /// A frame begins.
    fn begin_frame(&mut self, way: Way, frame: Frame, feed: &mut Feed<'_>) {
        self.check_block(way, &frame, feed);
        let side = self.side(way);
        side.frame = frame;
        side.left = frame.length;
        side.padding = 0;
        side.promised = 0;
        if self.is_read(way, &frame) {
            self.side(way).state = State::Payload(match (frame.prefix_bytes(), frame.kind) {
                (0, Kind::Data) => Part::Data,
                (0, Kind::Headers | Kind::Continuation) => Part::Fragment,
                (0, Kind::Settings) => Part::Settings,
                (0, _) => Part::Rest,
                (bytes, _) => Part::Prefix(bytes as u8),
            });
        } else {
            let side = self.side(way);
            side.state = State::Payload(Part::Rest);
            if side.is_in_block() {
                side.decoder.distrust();
            }
        }
        if frame.kind == Kind::Settings && frame.is_ack() {
            self.acknowledge(way);
        }
        self.settle(way, feed);
    }

    /// Whether the payload of a frame is read; what is wrong with its header is noted.
    fn is_read(&mut self, way: Way, frame: &Frame) -> bool {
        let Some(fault) = frame.fault(way, self.side(way).maximum) else { return true };
        self.note(frame.stream, fault);
        let side = self.side(way);
        if fault == Anomaly::OversizedFrame {
            // A body is counted, and a block is decoded, however large.
            let is_counted = frame.kind == Kind::Data || side.is_in_block();
            return is_counted && frame.stream != 0 && frame.length >= frame.prefix_bytes();
        }
        side.trust = side.trust.min(Trust::Found);
        false
    }

    /// Only CONTINUATION of the same stream may follow an open block (RFC 9113 section 6.10).
    fn check_block(&mut self, way: Way, frame: &Frame, feed: &mut Feed<'_>) {
        let side = self.side(way);
        let is_continuation = frame.kind == Kind::Continuation;
        match &mut side.block {
            Some(block) if is_continuation && block.stream == frame.stream => {
                block.count_continuation();
            }
            Some(_) => self.cut_block(way, Anomaly::InterruptedHeaderBlock, feed),
            None if is_continuation => {
                let is_certain = side.trust == Trust::Certain;
                side.decoder.distrust();
                if is_certain {
                    self.note(frame.stream, Anomaly::InterruptedHeaderBlock);
                }
            }
            None => {}
        }
    }

    /// The open block, of which no more will come, is taken as it is.
    pub(super) fn cut_block(&mut self, way: Way, why: Anomaly, feed: &mut Feed<'_>) {
        if let Some(mut block) = self.side(way).block.take() {
            block.damage(why, &mut self.surroundings(way, feed.limits));
            self.finish_block(way, *block, feed);
        }
    }

    fn take_payload(&mut self, way: Way, part: Part, bytes: &[u8], feed: &mut Feed<'_>) -> usize {
        let side = self.side(way);
        let room = match part {
            Part::Prefix(bytes) => usize::from(bytes.saturating_sub(side.has)),
            Part::Data | Part::Fragment => side.left.saturating_sub(side.padding) as usize,
            Part::Settings | Part::Rest => side.left as usize,
        };
        let taken = room.min(bytes.len());
        let bytes = bytes.get(..taken).unwrap_or_default();
        side.left -= taken as u32;
        match part {
            Part::Prefix(length) => {
                side.collect(bytes, usize::from(length));
                if side.has >= length {
                    side.has = 0;
                    self.take_prefix(way, feed);
                }
            }
            Part::Data => self.take_data(way, bytes, feed),
            Part::Fragment => {
                if side.left > side.padding {
                    self.take_fragment(way, bytes, false, feed);
                } else {
                    self.end_fragment(way, bytes, feed);
                }
            }
            Part::Settings => self.take_settings(way, bytes),
            Part::Rest => {}
        }
        self.settle(way, feed);
        taken
    }

    /// The prefix of a payload is there: what it says.
    fn take_prefix(&mut self, way: Way, feed: &mut Feed<'_>) {
        let side = self.side(way);
        let frame = side.frame;
        let padding = u32::from(side.scratch[0]);
        let part = match frame.kind {
            Kind::Data => Part::Data,
            Kind::Headers | Kind::PushPromise => Part::Fragment,
            _ => {
                side.state = State::Payload(Part::Rest);
                return self.take_control(way, feed);
            }
        };
        if frame.kind == Kind::PushPromise {
            let promised = match side.scratch {
                [_, id @ .., _, _, _, _] if frame.is_padded() => id,
                [id @ .., _, _, _, _, _] => id,
            };
            side.promised = u32::from_be_bytes(promised) & GREATEST_STREAM;
        }
        side.state = State::Payload(part);
        if frame.is_padded() {
            if padding > side.left {
                return self.refuse_padding(way, feed);
            }
            side.padding = padding;
        }
    }

    /// RFC 9113 section 6.1: an error of the connection; what the frame carries is not known.
    fn refuse_padding(&mut self, way: Way, feed: &mut Feed<'_>) {
        let stream = self.side(way).frame.stream;
        self.note(stream, Anomaly::InvalidPadding);
        let side = self.side(way);
        side.trust = side.trust.min(Trust::Found);
        side.state = State::Payload(Part::Rest);
        if side.is_in_block() {
            self.lose_block(way, Anomaly::InvalidPadding, feed);
        }
    }

    /// The block of the frame at hand cannot be had: its message is taken without.
    pub(super) fn lose_block(&mut self, way: Way, why: Anomaly, feed: &mut Feed<'_>) {
        let side = self.side(way);
        let is_last = side.frame.ends_headers();
        let mut block = match side.block.take() {
            Some(block) => block,
            None => Box::new(OpenBlock::new(&side.frame, side.promised, side.began)),
        };
        block.damage(why, &mut self.surroundings(way, feed.limits));
        if is_last {
            self.finish_block(way, *block, feed);
        } else {
            self.side(way).block = Some(block);
        }
    }

    /// Goes on to the next part where the one at hand is whole.
    pub(super) fn settle(&mut self, way: Way, feed: &mut Feed<'_>) {
        let side = self.side(way);
        match side.state {
            State::Payload(Part::Data) if side.left == side.padding => {
                side.state = State::Payload(Part::Rest);
                self.end_data(way, feed);
                self.settle(way, feed);
            }
            State::Payload(Part::Fragment) if side.left == side.padding => {
                self.end_fragment(way, &[], feed);
                self.settle(way, feed);
            }
            State::Payload(Part::Settings | Part::Rest) if side.left == 0 => {
                side.state = State::Header;
                side.has = 0;
            }
            _ => {}
        }
    }

    /// The last bytes of the field block in the frame at hand.
    fn end_fragment(&mut self, way: Way, bytes: &[u8], feed: &mut Feed<'_>) {
        let side = self.side(way);
        side.state = State::Payload(Part::Rest);
        let is_last = side.frame.ends_headers();
        self.take_fragment(way, bytes, is_last, feed);
    }

    /// Bytes of a field block; a block that is there as a whole is decoded where it is.
    fn take_fragment(&mut self, way: Way, bytes: &[u8], is_last: bool, feed: &mut Feed<'_>) {
        let side = self.side(way);
        let is_continuation = side.frame.kind == Kind::Continuation;
        match side.block.take() {
            Some(mut block) => {
                block.take(bytes, is_last, &mut self.surroundings(way, feed.limits));
                if is_last {
                    self.finish_block(way, *block, feed);
                } else {
                    self.side(way).block = Some(block);
                }
            }
            // Its beginning was missed.
            None if is_continuation => {}
            None => {
                let mut block = OpenBlock::new(&side.frame, side.promised, side.began);
                block.take(bytes, is_last, &mut self.surroundings(way, feed.limits));
                if is_last {
                    self.finish_block(way, block, feed);
                } else {
                    self.side(way).block = Some(Box::new(block));
                }
            }
        }
    }

    fn surroundings<'a>(&'a mut self, way: Way, limits: &'a Limits) -> Surroundings<'a> {
        let Self { to_server, to_client, texts, .. } = self;
        let side = match way {
            Way::ToServer => to_server,
            Way::ToClient => to_client,
        };
        Surroundings { way, decoder: &mut side.decoder, texts, limits }
    }
}

/// Whether a frame says nothing that would be wrong for long if it were none.
pub(super) fn is_harmless(frame: &Frame) -> bool {
    match frame.kind {
        Kind::Data
        | Kind::Priority
        | Kind::Ping
        | Kind::WindowUpdate
        | Kind::Continuation
        | Kind::Extension => true,
        Kind::Settings => frame.is_ack(),
        Kind::Headers | Kind::Reset | Kind::PushPromise | Kind::GoAway | Kind::Unknown => false,
    }
}

impl Side {
    /// Collects up to `wanted` bytes in the scratch; how many were taken.
    pub(super) fn collect(&mut self, bytes: &[u8], wanted: usize) -> usize {
        let room = self.scratch.get_mut(usize::from(self.has)..wanted).unwrap_or_default();
        let taken = room.len().min(bytes.len());
        for (place, byte) in room.iter_mut().zip(bytes) {
            *place = *byte;
        }
        self.has += taken as u8;
        taken
    }
}
