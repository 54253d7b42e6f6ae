//! Where frames begin in bytes whose beginning was missed.
//!
//! A frame header says little that other bytes do not, so how much it takes depends on
//! what would follow from an error. DATA may be counted by mistake, for its stream is
//! incomplete anyway. A field block, which makes an exchange, has to be one to its end, and
//! to lie where a frame probably begins: where the bytes that were missed end, behind
//! another frame, or before one. The decision depends on bytes alone, not on how they are
//! cut into deliveries.

use super::super::Way;
use super::Feed;
use super::advance::is_harmless;
use super::block;
use super::frame::{Frame, HEADER_BYTES, INITIAL_MAXIMUM, Kind};
use super::stream::Streams;
use super::{Http2, State, Trust};

/// Longest frame that is kept until it is clear whether it is one.
const KEPT_BYTES: usize = 8 * 1024;
/// Bytes without a frame after which a connection is taken for something else.
const SEARCHED_BYTES: u64 = 256 * 1024;
/// Streams below this are plausible without having been seen.
const UNKNOWN_STREAM: u32 = 1 << 20;
/// Settings of a frame that is taken for one.
const SETTINGS: u32 = 16;
/// Greatest error code (RFC 9113 section 7).
const GREATEST_ERROR: u32 = 0xd;

impl Http2 {
    /// Bytes before the next frame; none where there is none and what may be the start of
    /// one was kept.
    pub(super) fn search(&mut self, way: Way, bytes: &[u8], feed: &mut Feed<'_>) -> Option<usize> {
        let Self { to_server, to_client, streams, is_certain, .. } = self;
        let side = match way {
            Way::ToServer => to_server,
            Way::ToClient => to_client,
        };
        if !side.kept.is_empty() {
            // A frame header that came in parts and was refused.
            let mut joined = std::mem::take(&mut side.kept);
            joined.extend_from_slice(bytes);
            self.advance(way, &joined, feed);
            return None;
        }
        let view = View { way, streams: Some(streams), maximum: INITIAL_MAXIMUM };
        let place = if side.at_start { Place::Probable } else { Place::Any };
        match view.find(bytes, place) {
            Found::Frame(at, trust) => {
                side.state = State::Header;
                side.trust = trust;
                side.found = Some(feed.time);
                side.has_frame = false;
                side.at_start = false;
                side.searched = 0;
                *is_certain |= trust > Trust::Tentative;
                Some(at)
            }
            Found::Nothing { keep, wanted } => {
                side.searched += keep as u64;
                if side.searched > SEARCHED_BYTES && !*is_certain {
                    side.state = State::Opaque;
                    return None;
                }
                side.kept = bytes.get(keep..).unwrap_or_default().to_vec();
                side.wanted = wanted;
                side.at_start &= keep == 0;
                None
            }
        }
    }

    /// Whether a frame may follow those that were found. One that is larger than usual, or on
    /// a stream that is not open any more, shows that they were none unless these were many.
    pub(super) fn may_follow(&self, way: Way, frame: &Frame) -> bool {
        let (side, streams) = match way {
            Way::ToServer => (&self.to_server, &self.streams),
            Way::ToClient => (&self.to_client, &self.streams),
        };
        let is_found = side.trust > Trust::Tentative;
        let is_known = streams.has(frame.stream);
        let maximum = if is_known && is_found { side.maximum } else { INITIAL_MAXIMUM };
        let view = View { way, streams: Some(streams), maximum };
        view.is_plausible(frame)
            || (is_found
                && matches!(frame.kind, Kind::Data | Kind::Headers)
                && frame.stream <= streams.highest.max(streams.highest_promised)
                && frame.is_plausible(way, maximum))
    }

    /// The frame that waits for the one behind it is taken for one where it can be.
    pub(super) fn confirm(&mut self, way: Way, feed: &mut Feed<'_>) {
        let side = self.side(way);
        if side.state == State::Lost && !side.kept.is_empty() {
            side.at_start = true;
            let kept = std::mem::take(&mut side.kept);
            self.advance(way, &kept, feed);
        }
    }

    /// A response to a request that was not seen: the frame that waits may be that request.
    pub(super) fn confirm_request(&mut self, stream: u32, feed: &mut Feed<'_>) {
        let header = self.to_server.kept.first_chunk();
        if header.is_some_and(|header| Frame::parse(*header).stream == stream) {
            self.confirm(Way::ToServer, feed);
        }
    }
}

/// How likely it is that a frame begins at a place, from what is before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Any,
    Probable,
}

/// What was found.
enum Found {
    /// A frame begins here, and this sure it is.
    Frame(usize, Trust),
    /// None; bytes from here on may be the start of one, and are worth another look when
    /// they are so many.
    Nothing { keep: usize, wanted: usize },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Yes,
    No,
    /// It takes so many bytes to tell.
    NeedMore(usize),
}

/// What frames of a way are held against.
struct View<'a> {
    way: Way,
    /// None where nothing is known of them.
    streams: Option<&'a Streams>,
    maximum: u32,
}

impl View<'_> {
    /// The first frame in `bytes`; `place` is that of their start.
    fn find(&self, bytes: &[u8], mut place: Place) -> Found {
        let mut at = 0;
        while let Some(header) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
            let frame = Frame::parse(*header);
            if self.is_plausible(&frame) {
                let rest = bytes.get(at..).unwrap_or_default();
                let (verdict, trust) = if is_harmless(&frame) {
                    (self.judge_harmless(rest, &frame, place), Trust::Tentative)
                } else {
                    (self.judge(rest, &frame, place), Trust::Found)
                };
                match verdict {
                    Verdict::Yes => return Found::Frame(at, trust),
                    Verdict::NeedMore(wanted) => return Found::Nothing { keep: at, wanted },
                    Verdict::No => {}
                }
            }
            place = Place::Any;
            at += 1;
        }
        Found::Nothing { keep: at, wanted: HEADER_BYTES }
    }

    fn is_plausible(&self, frame: &Frame) -> bool {
        if !frame.is_plausible(self.way, self.maximum) {
            return false;
        }
        let (Some(streams), id) = (self.streams, frame.stream) else { return true };
        let may_be = streams.has(id) || (streams.may_have_missed(id) && id % 2 == 1);
        match (frame.kind, self.way) {
            (Kind::Headers, Way::ToServer) => may_be || id > streams.highest,
            (Kind::Data | Kind::Headers, _) => may_be,
            _ => true,
        }
    }

    /// Whether what looks like a frame without consequences is one.
    fn judge_harmless(&self, bytes: &[u8], frame: &Frame, place: Place) -> Verdict {
        let is_telling = match frame.kind {
            Kind::Data => self.streams.is_none_or(|streams| streams.has(frame.stream)),
            Kind::Continuation | Kind::Extension => false,
            _ => true,
        };
        let end = HEADER_BYTES + frame.length as usize;
        if is_telling {
            Verdict::Yes
        } else if place == Place::Any || frame.stream >= UNKNOWN_STREAM {
            Verdict::No
        } else if end > KEPT_BYTES {
            Verdict::Yes
        } else {
            self.has_next(bytes, end)
        }
    }

    /// Whether what looks like a frame that says something is one; `bytes` begin with it.
    fn judge(&self, bytes: &[u8], frame: &Frame, place: Place) -> Verdict {
        let end = HEADER_BYTES + frame.length as usize;
        if end > KEPT_BYTES {
            return Verdict::No;
        }
        let Some(payload) = bytes.get(HEADER_BYTES..end) else { return Verdict::NeedMore(end) };
        let word = |at| {
            let bytes: Option<&[u8; 4]> = payload.get(at..).and_then(<[u8]>::first_chunk);
            bytes.map_or(u32::MAX, |bytes| u32::from_be_bytes(*bytes))
        };
        let is_sound = match frame.kind {
            Kind::Headers | Kind::PushPromise => fragment_of(frame, payload)
                .is_some_and(|block| block::is_plausible(block, frame.ends_headers())),
            Kind::Settings => {
                frame.length <= 6 * SETTINGS
                    && payload.chunks(6).take(1).all(|it| matches!(it, [0, 1..=16, ..]))
            }
            Kind::Reset => word(0) <= GREATEST_ERROR,
            Kind::GoAway => word(4) <= GREATEST_ERROR,
            _ => false,
        };
        let is_cut = frame.kind == Kind::Headers && !frame.ends_headers();
        match (is_sound, place) {
            (false, _) => Verdict::No,
            (true, Place::Probable) if !is_cut => Verdict::Yes,
            (true, _) => self.has_next(bytes, end),
        }
    }

    /// Whether another frame follows at `end`.
    fn has_next(&self, bytes: &[u8], end: usize) -> Verdict {
        match bytes.get(end..).and_then(<[u8]>::first_chunk) {
            None => Verdict::NeedMore(end + HEADER_BYTES),
            Some(header) if self.is_plausible(&Frame::parse(*header)) => Verdict::Yes,
            Some(_) => Verdict::No,
        }
    }
}

/// The part of a field block that a frame carries; none where its padding does not fit.
fn fragment_of<'a>(frame: &Frame, payload: &'a [u8]) -> Option<&'a [u8]> {
    let padding = if frame.is_padded() { usize::from(*payload.first()?) } else { 0 };
    let rest = payload.get(frame.prefix_bytes() as usize..)?;
    rest.get(..rest.len().checked_sub(padding)?)
}
