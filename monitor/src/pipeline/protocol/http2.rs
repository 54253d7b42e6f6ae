//! HTTP/2 (RFC 9113) from both ways of a connection.
//!
//! ```text
//! bytes ─► advance ─► frame ─► block ─► head ─► message ─► stream ─► say ─► exchange
//!             │         └─► control
//!             └─► loss ─► resync
//! ```
//!
//! Each way is a state machine over frames, of which only the field block at hand is kept;
//! DATA is counted as it passes. A message belongs to its stream by number, so nothing is
//! ever paired by order. What is irregular but belongs to no stream is said with the next
//! exchange.

use self::block::OpenBlock;
use self::frame::{Frame, GREATEST_LENGTH, HEADER_BYTES, INITIAL_MAXIMUM, Kind};
use self::stream::{Stream, Streams};
use super::anomaly::{Anomalies, Anomaly};
use super::head_value::Texts;
use super::hpack::Decoder;
use super::{Delivery, Feed, Way};
use crate::pipeline::output::{Auth, Request};
use crate::pipeline::time::Timestamp;

/// The one loop over the bytes of a way.
mod advance;
/// Field blocks.
mod block;
/// Frames that carry no message.
mod control;
/// What the messages of a stream add to its exchange.
mod exchange;
/// Headers of frames.
mod frame;
/// What the fields of a header section say.
mod head;
/// Bytes that were missed.
mod loss;
/// Messages begin, go on and end.
mod message;
/// Where frames begin in bytes whose beginning was missed.
mod resync;
/// From a stream to its exchange.
mod say;
/// Streams that are open.
mod stream;

/// An HTTP/2 connection.
#[derive(Debug)]
pub(super) struct Http2 {
    to_server: Side,
    to_client: Side,
    streams: Streams,
    texts: Texts,
    /// Irregularities of no stream, until the next exchange is said.
    loose: Anomalies,
    settings: Settings,
    is_certain: bool,
}

/// One way.
struct Side {
    state: State,
    trust: Trust,
    decoder: Decoder,
    /// The field block that is open.
    block: Option<Box<OpenBlock>>,
    /// The frame at hand, what is to come of its payload, and how much of that is padding.
    frame: Frame,
    left: u32,
    padding: u32,
    /// The stream that `PUSH_PROMISE` at hand promises.
    promised: u32,
    /// The start of a frame header or of a small part of a payload.
    scratch: [u8; HEADER_BYTES],
    has: u8,
    /// When the first byte of the frame at hand came.
    began: Timestamp,
    /// A frame came: the first one has to be SETTINGS.
    has_frame: bool,
    /// What the receiver allows: `SETTINGS_MAX_FRAME_SIZE`, and `SETTINGS_HEADER_TABLE_SIZE`
    /// from its acknowledgement on.
    maximum: u32,
    table_bytes: u32,
    /// Bytes in which the next frame is looked for.
    kept: Vec<u8>,
    /// How many of these it takes to look again.
    wanted: usize,
    /// They begin where a frame probably does.
    at_start: bool,
    /// When frames were last found after a loss.
    found: Option<Timestamp>,
    /// Bytes in which no frame was found.
    searched: u64,
}

/// What the next byte of a way belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The preface of the client, of which so many bytes came (RFC 9113 section 3.4).
    Preface(u8),
    /// A frame header.
    Header,
    /// The payload of a frame.
    Payload(Part),
    /// Something whose beginning was missed.
    Lost,
    /// Nothing that can be read.
    Opaque,
}

/// A part of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// So many bytes before what the frame carries.
    Prefix(u8),
    /// Bytes of a body.
    Data,
    /// Bytes of a field block.
    Fragment,
    /// Settings, each of six bytes.
    Settings,
    /// What does not matter: padding, and payloads that are not read.
    Rest,
}

/// How sure it is where frames begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trust {
    /// One frame header was found that seems to be one.
    Tentative,
    /// Several were; one that cannot be one shows that they were none.
    Found,
    /// They were followed from the first.
    Certain,
}

/// What the ends agreed on, as far as it was seen.
#[derive(Clone, Copy, Debug)]
struct Settings {
    /// `SETTINGS_ENABLE_PUSH` of the client.
    allows_push: bool,
    /// `SETTINGS_ENABLE_CONNECT_PROTOCOL` of the server (RFC 8441).
    allows_protocol: bool,
    /// `SETTINGS_MAX_CONCURRENT_STREAMS` of the server.
    streams: u32,
}

impl Http2 {
    /// A connection; `midstream` where the bytes before were missed.
    pub(super) fn new(midstream: bool) -> Self {
        let (state, trust) = if midstream {
            (State::Lost, Trust::Tentative)
        } else {
            (State::Header, Trust::Certain)
        };
        let maximum = if midstream { GREATEST_LENGTH } else { INITIAL_MAXIMUM };
        let side = |state| Side::new(state, trust, Decoder::new(midstream), maximum);
        Self {
            to_server: side(if midstream { state } else { State::Preface(0) }),
            to_client: side(state),
            streams: Streams::new(midstream),
            texts: Texts::default(),
            loose: Anomalies::default(),
            settings: Settings { allows_push: true, allows_protocol: midstream, streams: u32::MAX },
            is_certain: false,
        }
    }

    /// A connection after an upgrade (RFC 7540 section 3.2): stream 1 is the request that
    /// asked for it, which is over. What its HTTP2-Settings say is said again in the
    /// preface; until then nothing that they may allow is called an anomaly.
    pub(super) fn upgraded(
        request: Request,
        auth: Auth,
        began: Timestamp,
        ended: Timestamp,
    ) -> Self {
        let mut http = Self::new(false);
        http.to_client.decoder.allow_table(u32::MAX);
        http.to_client.maximum = GREATEST_LENGTH;
        http.is_certain = true;
        let mut stream = Box::new(Stream::new(began));
        stream.request_ended = ended;
        stream.touched = ended;
        stream.auth = auth;
        stream.up.ended = true;
        stream.request = Some(request);
        http.streams.open(1);
        http.streams.insert(1, stream);
        http
    }

    /// What was noted of the request that asked for the upgrade, and when it was said last
    /// that it goes on.
    pub(super) fn go_on(&mut self, anomalies: Anomalies, said: Option<Timestamp>) {
        if let Some(stream) = self.streams.get_mut(1) {
            stream.anomalies.add_all(anomalies);
            stream.said_open = said.unwrap_or_default();
        }
    }

    /// Takes the next part of one way. A `Gap(0)` tells that bytes were missed which the
    /// next delivery of that way will measure; bytes that follow it directly have lost
    /// nothing, since each record has its place.
    pub(super) fn feed(&mut self, way: Way, delivery: Delivery<'_>, feed: &mut Feed<'_>) {
        match delivery {
            Delivery::Bytes(bytes) => self.take(way, bytes, feed),
            Delivery::Gap(0) | Delivery::GapToldBefore(0) => self.expose(way),
            Delivery::Gap(bytes) | Delivery::GapToldBefore(bytes) => {
                self.miss(way, bytes, feed);
            }
            Delivery::End => self.end(way, feed),
        }
    }

    /// Bytes held in buffers, streams and compression state.
    pub(super) fn buffered(&self) -> usize {
        self.to_server.held() + self.to_client.held() + self.streams.held()
    }

    /// Whether frames were seen for sure.
    pub(super) fn is_certain(&self) -> bool {
        self.is_certain
    }

    /// Whether an exchange goes on.
    pub(super) fn is_waiting(&self) -> bool {
        self.streams.len() > 0
    }

    fn side(&mut self, way: Way) -> &mut Side {
        match way {
            Way::ToServer => &mut self.to_server,
            Way::ToClient => &mut self.to_client,
        }
    }

    /// Notes an irregularity with its stream where that is open, else for later.
    fn note(&mut self, stream: u32, anomaly: Anomaly) {
        match self.streams.get_mut(stream) {
            Some(stream) => stream.anomalies.add(anomaly),
            None => self.loose.add(anomaly),
        }
    }

    /// No more bytes will come this way. What waits for the server waits no longer.
    fn end(&mut self, way: Way, feed: &mut Feed<'_>) {
        self.confirm(way, feed);
        let side = self.side(way);
        if side.trust < Trust::Certain && matches!(side.state, State::Payload(_)) {
            // What was taken for a frame may have been none.
            self.lose(way, feed);
        }
        let side = self.side(way);
        side.state = State::Opaque;
        side.kept = Vec::new();
        side.block = None;
        if way == Way::ToClient || self.to_client.state == State::Opaque {
            self.give_up_all(feed);
        }
    }
}

impl Side {
    fn new(state: State, trust: Trust, decoder: Decoder, maximum: u32) -> Self {
        Self {
            state,
            trust,
            decoder,
            block: None,
            frame: Frame::parse([0; HEADER_BYTES]),
            left: 0,
            padding: 0,
            promised: 0,
            scratch: [0; HEADER_BYTES],
            has: 0,
            began: Timestamp::default(),
            has_frame: false,
            maximum,
            table_bytes: 4096,
            kept: Vec::new(),
            wanted: 0,
            at_start: true,
            found: None,
            searched: 0,
        }
    }

    fn held(&self) -> usize {
        let block = self.block.as_ref().map_or(0, |block| size_of::<OpenBlock>() + block.held());
        self.decoder.held() + self.kept.capacity() + block
    }

    /// Whether the frame at hand is one of a field block.
    fn is_in_block(&self) -> bool {
        matches!(self.frame.kind, Kind::Headers | Kind::PushPromise | Kind::Continuation)
    }
}

impl std::fmt::Debug for Side {
    /// Without the bytes that are kept, which are payload.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { state, trust, frame, left, .. } = self;
        f.debug_struct("Side")
            .field("state", state)
            .field("trust", trust)
            .field("frame", frame)
            .field("left", left)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
