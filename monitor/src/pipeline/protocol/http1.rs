//! HTTP/1.0 and HTTP/1.1 (RFC 9112) from both ways of a connection.
//!
//! Each way is a small state machine over heads and bodies; how a response ends depends
//! on its request, so the two share the queue of [`pairing`].

use self::begin::refused_request;
use self::chunked::{Chunked, Progress};
use self::head::{Kind, Parsed};
use self::pairing::{Answer, Pairing, Pending};
use self::switch::{Switch, Target};
use super::anomaly::{Anomalies, Anomaly};
use super::head_value::Texts;
use super::{Delivery, Feed, Way};
use crate::pipeline::output::{Auth, Protocol};
use crate::pipeline::time::Timestamp;

/// A message begins.
mod begin;
/// gRPC-Web in the bodies.
mod calls;
/// The chunked transfer coding.
mod chunked;
/// A message ends.
mod end;
/// What the fields of a head say.
mod fields;
/// How the body of a message ends.
mod framing;
/// Heads of messages.
mod head;
/// Bytes that were missed.
mod loss;
/// Exchanges that go on for long.
mod open;
/// Requests with their responses.
mod pairing;
/// The next head in bytes whose beginning was missed.
mod search;
/// Where another protocol begins.
pub(super) mod switch;

/// An HTTP/1 connection.
#[derive(Debug)]
pub(super) struct Http1 {
    requests: Side,
    responses: Side,
    pairing: Pairing,
    /// The response that is being received.
    current: Option<Current>,
    texts: Texts,
    /// What the connection switched to.
    switched: Option<Box<Switch>>,
    /// A head was read: this is HTTP.
    pub(super) is_certain: bool,
}

/// One way.
#[derive(Debug)]
struct Side {
    state: State,
    /// The start of a head, or of a line while a head is searched.
    buffer: Vec<u8>,
    /// Bytes of the buffer that have been looked at.
    looked_at: usize,
    /// When the first byte of the buffer came.
    began: Timestamp,
}

/// What the next byte of a way belongs to.
#[derive(Clone, Copy, Debug)]
enum State {
    /// A head, or the empty lines before it.
    Head,
    /// A body.
    Body(Body),
    /// Something whose beginning was missed; so many bytes were searched.
    Lost(u64),
    /// Not known until the response to the last request says whether it switches.
    Held,
    /// Another protocol.
    Opaque,
}

/// How a body ends.
#[derive(Clone, Copy, Debug)]
enum Body {
    /// After so many bytes.
    Length { left: u64, total: u64 },
    /// As the coding says.
    Chunked(Chunked),
    /// With the connection.
    UntilClose(u64),
}

impl Body {
    fn bytes(&self) -> u64 {
        match self {
            Self::Length { left, total } => total - left,
            Self::Chunked(chunked) => chunked.data_bytes,
            Self::UntilClose(bytes) => *bytes,
        }
    }
}

/// A response that is being received.
#[derive(Debug)]
struct Current {
    answer: Answer,
    /// What it switches to: 101, or 2xx to CONNECT.
    target: Option<Target>,
}

impl Http1 {
    /// A connection; `midstream` where the bytes before were missed.
    pub(super) fn new(midstream: bool) -> Self {
        let side = || Side {
            state: if midstream { State::Lost(0) } else { State::Head },
            buffer: Vec::new(),
            looked_at: 0,
            began: Timestamp::default(),
        };
        Self {
            requests: side(),
            responses: side(),
            pairing: Pairing::default(),
            current: None,
            texts: Texts::default(),
            switched: None,
            is_certain: !midstream,
        }
    }

    /// Bytes held in buffers.
    pub(super) fn buffered(&self) -> usize {
        self.requests.buffer.capacity() + self.responses.buffer.capacity() + self.pairing.held()
    }

    /// Takes the next part of one way. Answers how many of its last bytes come after
    /// HTTP/1: see [`Self::take_switch`].
    pub(super) fn feed(&mut self, way: Way, delivery: Delivery<'_>, feed: &mut Feed<'_>) -> usize {
        let kind = match way {
            Way::ToServer => Kind::Request,
            Way::ToClient => Kind::Response,
        };
        match delivery {
            Delivery::Bytes(bytes) => return self.take(kind, bytes, feed),
            Delivery::Gap(bytes) => {
                if !self.skip(kind, bytes, feed) {
                    self.miss(kind, feed);
                }
            }
            Delivery::GapToldBefore(bytes) => {
                if !self.skip(kind, bytes, feed) && !self.is_opaque(kind) {
                    self.lose(kind, feed);
                }
            }
            Delivery::End => self.end(kind, feed),
        }
        0
    }

    fn side(&mut self, kind: Kind) -> &mut Side {
        match kind {
            Kind::Request => &mut self.requests,
            Kind::Response => &mut self.responses,
        }
    }

    /// Takes bytes; answers how many at their end come after HTTP/1.
    fn take(&mut self, kind: Kind, bytes: &[u8], feed: &mut Feed<'_>) -> usize {
        let side = self.side(kind);
        if matches!(side.state, State::Held) {
            self.hold(bytes, feed);
            0
        } else if side.buffer.is_empty() {
            side.began = feed.time;
            self.advance(kind, bytes, feed)
        } else if side.append(bytes, feed.limits) {
            let joined = std::mem::take(&mut side.buffer);
            // What was kept is of HTTP/1, so what comes after it is of `bytes`.
            self.advance(kind, &joined, feed)
        } else {
            0
        }
    }

    /// The one loop around the parsers of a way; answers likewise.
    fn advance(&mut self, kind: Kind, mut rest: &[u8], feed: &mut Feed<'_>) -> usize {
        while !rest.is_empty() {
            let consumed = match self.side(kind).state {
                State::Head => self.take_head(kind, rest, feed),
                State::Body(body) => Some(self.take_body(kind, body, rest, feed)),
                State::Lost(searched) => self.search(kind, searched, rest),
                State::Held => {
                    self.hold(rest, feed);
                    None
                }
                State::Opaque => return rest.len(),
            };
            let Some(consumed) = consumed else { return 0 };
            let side = self.side(kind);
            side.looked_at = 0;
            side.began = feed.time;
            rest = rest.get(consumed..).unwrap_or_default();
        }
        0
    }

    /// Bytes that belong to a head; none where it is incomplete and was kept.
    fn take_head(&mut self, kind: Kind, bytes: &[u8], feed: &mut Feed<'_>) -> Option<usize> {
        // RFC 9112 section 2.2: empty lines before a request line are ignored.
        let empty = bytes.iter().take_while(|&&byte| matches!(byte, b'\r' | b'\n')).count();
        if empty > 0 {
            return Some(empty);
        }
        let limits = feed.limits;
        match head::parse(kind, bytes, usize::from(limits.header_fields)) {
            Parsed::Head(head) if head.bytes > limits.head_bytes as usize => {
                self.refuse(kind, bytes, Anomaly::OversizedHead, feed);
                Some(head.bytes)
            }
            Parsed::Head(head) => {
                self.is_certain = true;
                match kind {
                    Kind::Request => self.begin_request(&head, feed),
                    Kind::Response => self.begin_response(&head, feed),
                }
                Some(head.bytes)
            }
            Parsed::NeedMore => self.keep(kind, bytes, feed),
            Parsed::Invalid(length, anomaly) => {
                self.refuse(kind, bytes, anomaly, feed);
                Some(length)
            }
        }
    }

    /// Keeps the start of a head, unless it has become too long for one.
    fn keep(&mut self, kind: Kind, bytes: &[u8], feed: &mut Feed<'_>) -> Option<usize> {
        if bytes.len() > feed.limits.head_bytes as usize {
            self.refuse(kind, bytes, Anomaly::OversizedHead, feed);
            return Some(bytes.len());
        }
        let side = self.side(kind);
        side.looked_at = bytes.len();
        side.buffer = bytes.to_vec();
        None
    }

    /// A head that cannot be used is said by its anomaly, and the next one is searched.
    fn refuse(&mut self, kind: Kind, bytes: &[u8], anomaly: Anomaly, feed: &mut Feed<'_>) {
        match kind {
            Kind::Request => {
                let request = refused_request(bytes, anomaly);
                let began = self.requests.began;
                let mut pending =
                    Box::new(Pending::new(Protocol::Http11, request, Auth::None, began));
                pending.anomalies.add(anomaly);
                pending.ended = Some(feed.time);
                self.pairing.push(pending, feed.limits.pending_requests, feed.exchanges);
            }
            Kind::Response => self.pairing.give_up_oldest(anomaly, feed.exchanges),
        }
        self.lose(kind, feed);
    }

    /// Bytes that belong to a body.
    fn take_body(
        &mut self,
        kind: Kind,
        mut body: Body,
        bytes: &[u8],
        feed: &mut Feed<'_>,
    ) -> usize {
        match &mut body {
            Body::Length { left, .. } => {
                let taken = (*left).min(bytes.len() as u64);
                *left -= taken;
                let ended = *left == 0;
                self.count_messages(kind, bytes.get(..taken as usize).unwrap_or_default());
                self.store(kind, body, ended, feed);
                taken as usize
            }
            Body::Chunked(chunked) => {
                let mut anomalies = Anomalies::default();
                let mut messages = self.messages(kind);
                let limit = feed.limits.head_bytes;
                let progress = chunked.take(bytes, limit, &mut anomalies, |data, anomalies| {
                    if let Some(messages) = &mut messages {
                        messages.take(data, anomalies);
                    }
                });
                self.note(kind, anomalies);
                match progress {
                    Progress::NeedMore => {
                        self.store(kind, body, false, feed);
                        bytes.len()
                    }
                    Progress::End(length) => {
                        self.store(kind, body, true, feed);
                        length
                    }
                    Progress::Invalid(length) => {
                        self.end_message(kind, body.bytes(), false, feed);
                        self.lose(kind, feed);
                        length
                    }
                }
            }
            Body::UntilClose(total) => {
                *total += bytes.len() as u64;
                self.count_messages(kind, bytes);
                self.store(kind, body, false, feed);
                bytes.len()
            }
        }
    }

    /// Goes on with a body, or ends its message.
    fn store(&mut self, kind: Kind, body: Body, ended: bool, feed: &mut Feed<'_>) {
        if ended {
            self.end_message(kind, body.bytes(), true, feed);
        } else {
            self.side(kind).state = State::Body(body);
        }
    }
}
