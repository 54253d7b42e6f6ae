//! HTTP/1.0 and HTTP/1.1 (RFC 9112) from both ways of a connection.
//!
//! Each way is a small state machine over heads and bodies; how a response ends depends
//! on its request, so the two share the queue of [`pairing`].

use std::sync::Arc;

use self::chunked::{Chunked, Progress};
use self::fields::{Fields, Length, Transfer};
use self::head::{Head, Kind, Parsed, Start};
use self::pairing::{Answer, Pairing, Pending};
use self::search::Found;
use super::anomaly::{Anomalies, Anomaly};
use super::{Delivery, ProtocolExchange, Way};
use crate::pipeline::output::{Auth, Method, Protocol, Request, Response};
use crate::pipeline::settings::Limits;
use crate::pipeline::time::Timestamp;

/// The chunked transfer coding.
mod chunked;
/// What the fields of a head say.
mod fields;
/// Heads of messages.
mod head;
/// Requests with their responses.
mod pairing;
/// The next head in bytes whose beginning was missed.
mod search;
/// The target of a request.
mod target;

/// Bytes without a head after which a way is taken for something else.
const SEARCHED_BYTES: u64 = 256 * 1024;

/// An HTTP/1 connection.
#[derive(Debug)]
pub(super) struct Http1 {
    requests: Side,
    responses: Side,
    pairing: Pairing,
    /// The response that is being received.
    current: Option<Current>,
    texts: Texts,
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
    /// Another protocol, after CONNECT or an upgrade.
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
    /// 101, or 2xx to CONNECT: what follows is another protocol.
    switches: bool,
}

/// Texts that repeat on a connection, kept once.
#[derive(Debug, Default)]
struct Texts {
    host: Option<Arc<str>>,
    request_type: Option<Arc<str>>,
    response_type: Option<Arc<str>>,
}

/// What a feed carries along.
struct Feed<'a> {
    limits: &'a Limits,
    time: Timestamp,
    exchanges: &'a mut Vec<ProtocolExchange>,
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
            is_certain: !midstream,
        }
    }

    /// Bytes held in buffers.
    pub(super) fn buffered(&self) -> usize {
        self.requests.buffer.capacity() + self.responses.buffer.capacity()
    }

    /// Takes the next part of one way.
    pub(super) fn feed(
        &mut self,
        limits: &Limits,
        way: Way,
        delivery: Delivery<'_>,
        time: Timestamp,
        exchanges: &mut Vec<ProtocolExchange>,
    ) {
        let mut feed = Feed { limits, time, exchanges };
        let kind = match way {
            Way::ToServer => Kind::Request,
            Way::ToClient => Kind::Response,
        };
        match delivery {
            Delivery::Bytes(bytes) => self.take(kind, bytes, &mut feed),
            Delivery::Gap(bytes) => {
                if !self.skip(kind, bytes, &mut feed) {
                    self.miss(kind, &mut feed);
                }
            }
            Delivery::GapToldBefore(bytes) => {
                if !self.skip(kind, bytes, &mut feed) && !self.is_opaque(kind) {
                    self.lose(kind);
                }
            }
            Delivery::End => self.end(kind, &mut feed),
        }
    }

    fn side(&mut self, kind: Kind) -> &mut Side {
        match kind {
            Kind::Request => &mut self.requests,
            Kind::Response => &mut self.responses,
        }
    }

    fn take(&mut self, kind: Kind, bytes: &[u8], feed: &mut Feed<'_>) {
        let side = self.side(kind);
        if side.buffer.is_empty() {
            side.began = feed.time;
            self.advance(kind, bytes, feed);
        } else if side.append(bytes, feed.limits) {
            let joined = std::mem::take(&mut side.buffer);
            self.advance(kind, &joined, feed);
        }
    }

    /// The one loop around the parsers of a way.
    fn advance(&mut self, kind: Kind, mut rest: &[u8], feed: &mut Feed<'_>) {
        while !rest.is_empty() {
            let consumed = match self.side(kind).state {
                State::Head => self.take_head(kind, rest, feed),
                State::Body(body) => Some(self.take_body(kind, body, rest, feed)),
                State::Lost(searched) => self.search(kind, searched, rest),
                State::Opaque => return,
            };
            let Some(consumed) = consumed else { return };
            let side = self.side(kind);
            side.looked_at = 0;
            side.began = feed.time;
            rest = rest.get(consumed..).unwrap_or_default();
        }
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
                let mut pending = Pending::new(Protocol::Http11, request, Auth::None, began);
                pending.anomalies.add(anomaly);
                pending.ended = Some(feed.time);
                self.pairing.push(pending, feed.limits.pending_requests, feed.exchanges);
            }
            Kind::Response => self.pairing.give_up_oldest(anomaly, feed.exchanges),
        }
        self.lose(kind);
    }

    fn begin_request(&mut self, head: &Head<'_>, feed: &mut Feed<'_>) {
        let Start::Request { method, target } = head.start else { return };
        if matches!(self.responses.state, State::Lost(_)) {
            // Without pipelining a request follows the response to the one before,
            // which must then have been among what was missed.
            self.pairing.give_up(0, Some(Anomaly::Gap), feed.exchanges);
        }
        let mut anomalies = head.fields.anomalies;
        let method =
            Method::from_token(&String::from_utf8_lossy(method.get(..32).unwrap_or(method)));
        let is_connect = method == Method::Connect;
        let target = target::parse(target, is_connect, &mut anomalies);
        let fields = &head.fields;
        let host = fields.host.map(|host| target::host_of(host, &mut anomalies));
        let mut auth = *fields;
        if target.has_secret_key {
            auth.raise_auth(Auth::ApiKey);
        }
        let body = request_body(head, &mut anomalies);
        note_oddities(head, &method, &target, host, body.as_ref(), &mut anomalies);
        let host = target.authority.or(host).map(|host| reuse(&mut self.texts.host, host));
        let content_type =
            fields.content_type.map(|value| reuse_type(&mut self.texts.request_type, value));
        let request = Request {
            method,
            path: target.path,
            query_keys: target.query_keys,
            host,
            header_bytes: head.bytes as u32,
            body_bytes: 0,
            content_type,
            complete: false,
        };
        let began = self.requests.began;
        let mut pending = Pending::new(protocol_of(head.minor), request, auth.auth, began);
        pending.anomalies = anomalies;
        self.pairing.push(pending, feed.limits.pending_requests, feed.exchanges);
        match body {
            Some(Body::Length { left: 0, .. }) => self.end_request(0, true, feed),
            Some(body) => self.requests.state = State::Body(body),
            None => {
                self.end_request(0, false, feed);
                self.lose(Kind::Request);
            }
        }
    }

    fn begin_response(&mut self, head: &Head<'_>, feed: &mut Feed<'_>) {
        let Start::Response { status } = head.start else { return };
        // RFC 9110 section 15.2: interim responses precede the final one.
        if (100..200).contains(&status) && status != 101 {
            return;
        }
        let began = self.responses.began;
        let mut anomalies = head.fields.anomalies;
        let is_tunnel =
            self.pairing.awaited_method() == Some(&Method::Connect) && (200..300).contains(&status);
        let body = response_body(head, status, self.pairing.awaited_method(), &mut anomalies);
        let content_type =
            head.fields.content_type.map(|value| reuse_type(&mut self.texts.response_type, value));
        self.current = Some(Current {
            answer: Answer {
                protocol: protocol_of(head.minor),
                response: Response { status, body_bytes: 0, content_type, complete: false },
                began,
                ended: feed.time,
                anomalies,
            },
            switches: status == 101 || is_tunnel,
        });
        match body {
            Some(Body::Length { left: 0, .. }) => self.end_response(0, true, feed),
            Some(body) => self.responses.state = State::Body(body),
            None => {
                self.end_response(0, false, feed);
                self.lose(Kind::Response);
            }
        }
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
                self.store(kind, body, ended, feed);
                taken as usize
            }
            Body::Chunked(chunked) => {
                let mut anomalies = Anomalies::default();
                let progress = chunked.take(bytes, feed.limits.head_bytes, &mut anomalies);
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
                        self.lose(kind);
                        length
                    }
                }
            }
            Body::UntilClose(total) => {
                *total += bytes.len() as u64;
                self.store(kind, body, false, feed);
                bytes.len()
            }
        }
    }

    /// Passes over bytes of a body that were not seen, or ends a body that they go
    /// beyond; false where they belong to no body.
    fn skip(&mut self, kind: Kind, bytes: u64, feed: &mut Feed<'_>) -> bool {
        let State::Body(mut body) = self.side(kind).state else { return false };
        let skipped = match &mut body {
            Body::Length { left, .. } if bytes <= *left => {
                *left -= bytes;
                true
            }
            Body::Length { .. } => false,
            Body::Chunked(chunked) => chunked.skip(bytes),
            Body::UntilClose(total) => {
                *total += bytes;
                true
            }
        };
        if skipped {
            let ended = matches!(body, Body::Length { left: 0, .. });
            self.store(kind, body, ended, feed);
            return true;
        }
        let mut anomalies = Anomalies::default();
        anomalies.add(Anomaly::Gap);
        self.note(kind, anomalies);
        self.end_message(kind, body.bytes(), false, feed);
        self.lose(kind);
        true
    }

    /// Bytes outside of a body were missed: a head was among them.
    fn miss(&mut self, kind: Kind, feed: &mut Feed<'_>) {
        if self.is_opaque(kind) {
            return;
        }
        self.lose(kind);
        if kind == Kind::Response && self.pairing.awaited().is_some_and(|it| it.ended.is_some()) {
            // The response, or a part of it, was among what was missed.
            self.pairing.give_up(0, Some(Anomaly::Gap), feed.exchanges);
        }
    }

    fn is_opaque(&mut self, kind: Kind) -> bool {
        matches!(self.side(kind).state, State::Opaque)
    }

    fn end(&mut self, kind: Kind, feed: &mut Feed<'_>) {
        if let State::Body(body) = self.side(kind).state {
            let whole = matches!(body, Body::UntilClose(_));
            self.end_message(kind, body.bytes(), whole, feed);
        }
        *self.side(kind) =
            Side { state: State::Opaque, buffer: Vec::new(), looked_at: 0, began: feed.time };
        if kind == Kind::Response {
            if let Some(request) = self.pairing.last_mut() {
                request.ended.get_or_insert(feed.time);
            }
            self.pairing.say_finished(feed.exchanges);
            self.pairing.give_up(0, None, feed.exchanges);
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

    fn end_message(&mut self, kind: Kind, bytes: u64, complete: bool, feed: &mut Feed<'_>) {
        match kind {
            Kind::Request => self.end_request(bytes, complete, feed),
            Kind::Response => self.end_response(bytes, complete, feed),
        }
    }

    fn end_request(&mut self, body_bytes: u64, complete: bool, feed: &mut Feed<'_>) {
        self.requests.state = State::Head;
        if let Some(pending) = self.pairing.last_mut() {
            pending.request.body_bytes = body_bytes;
            pending.request.complete = complete;
            pending.ended = Some(feed.time);
        }
        self.pairing.say_finished(feed.exchanges);
    }

    fn end_response(&mut self, body_bytes: u64, complete: bool, feed: &mut Feed<'_>) {
        self.responses.state = State::Head;
        let Some(Current { mut answer, switches }) = self.current.take() else { return };
        answer.response.body_bytes = body_bytes;
        answer.response.complete = complete;
        answer.ended = feed.time;
        self.pairing.answer(answer, feed.exchanges);
        if switches {
            self.requests.state = State::Opaque;
            self.responses.state = State::Opaque;
            self.requests.buffer = Vec::new();
        }
    }

    fn note(&mut self, kind: Kind, anomalies: Anomalies) {
        let noted = match kind {
            Kind::Request => self.pairing.last_mut().map(|pending| &mut pending.anomalies),
            Kind::Response => self.current.as_mut().map(|current| &mut current.answer.anomalies),
        };
        if let Some(noted) = noted {
            noted.add_all(anomalies);
        }
    }

    fn lose(&mut self, kind: Kind) {
        let side = self.side(kind);
        side.state = State::Lost(0);
        side.buffer = Vec::new();
        side.looked_at = 0;
    }

    /// Bytes before the next head; none where there is none and the last line was kept.
    fn search(&mut self, kind: Kind, searched: u64, bytes: &[u8]) -> Option<usize> {
        let side = self.side(kind);
        match search::next_head(kind, bytes, side.looked_at) {
            Found::Head(start) => {
                side.state = State::Head;
                Some(start)
            }
            Found::Nothing(line_start) => {
                let searched = searched + (bytes.len() - side.looked_at) as u64;
                if searched > SEARCHED_BYTES {
                    side.state = State::Opaque;
                    return None;
                }
                let line = bytes.get(line_start..).unwrap_or_default();
                let line = line.get(line.len().saturating_sub(search::LINE_BYTES)..);
                side.buffer = line.unwrap_or_default().to_vec();
                side.looked_at = side.buffer.len();
                side.state = State::Lost(searched);
                None
            }
        }
    }
}

impl Side {
    /// Adds to what is kept; whether there is now reason to look at it again. Looking
    /// only then keeps the work linear when bytes come one by one.
    fn append(&mut self, bytes: &[u8], limits: &Limits) -> bool {
        let had_line = self.buffer.contains(&b'\n');
        let before = self.looked_at;
        self.buffer.extend_from_slice(bytes);
        let has_line_end = bytes.contains(&b'\n');
        let look = match &mut self.state {
            State::Lost(searched) if !has_line_end => {
                *searched += bytes.len() as u64;
                if self.buffer.len() > 2 * search::LINE_BYTES {
                    self.buffer.drain(..self.buffer.len() - search::LINE_BYTES);
                }
                *searched > SEARCHED_BYTES
            }
            State::Lost(_) => true,
            _ => {
                (has_line_end && (!had_line || head::end_of_head(&self.buffer, before).is_some()))
                    || self.buffer.len() > limits.head_bytes as usize
            }
        };
        if !look {
            self.looked_at = self.buffer.len();
        }
        look
    }
}

/// How a request's body ends (RFC 9112 section 6.3); none where that is not known.
fn request_body(head: &Head<'_>, anomalies: &mut Anomalies) -> Option<Body> {
    match delimiter(head, anomalies) {
        Delimiter::Chunked => Some(Body::Chunked(Chunked::new())),
        Delimiter::Length(length) => Some(Body::Length { left: length, total: length }),
        Delimiter::None => Some(Body::Length { left: 0, total: 0 }),
        Delimiter::UntilClose => {
            anomalies.add(Anomaly::InvalidTransferEncoding);
            None
        }
        Delimiter::Unknown => None,
    }
}

/// How a response's body ends; none where that is not known.
fn response_body(
    head: &Head<'_>,
    status: u16,
    method: Option<&Method>,
    anomalies: &mut Anomalies,
) -> Option<Body> {
    let bodiless = status < 200
        || matches!(status, 204 | 304)
        || method == Some(&Method::Head)
        || (method == Some(&Method::Connect) && status < 300);
    if bodiless {
        return Some(Body::Length { left: 0, total: 0 });
    }
    match delimiter(head, anomalies) {
        Delimiter::Chunked => Some(Body::Chunked(Chunked::new())),
        Delimiter::Length(length) => Some(Body::Length { left: length, total: length }),
        Delimiter::None | Delimiter::UntilClose => Some(Body::UntilClose(0)),
        Delimiter::Unknown => None,
    }
}

enum Delimiter {
    Chunked,
    Length(u64),
    None,
    UntilClose,
    Unknown,
}

fn delimiter(head: &Head<'_>, anomalies: &mut Anomalies) -> Delimiter {
    let Fields { length, transfer, .. } = head.fields;
    if transfer != Transfer::Absent {
        if length != Length::Absent {
            anomalies.add(Anomaly::ContentLengthWithTransferEncoding);
        }
        if head.minor == 0 {
            anomalies.add(Anomaly::TransferEncodingInHttp10);
        }
    }
    match (transfer, length) {
        (Transfer::Chunked, _) => Delimiter::Chunked,
        (Transfer::Other, _) => Delimiter::UntilClose,
        (Transfer::Absent, Length::Is(length)) => Delimiter::Length(length),
        (Transfer::Absent, Length::Absent) => Delimiter::None,
        (Transfer::Absent, Length::Unframeable) => Delimiter::Unknown,
    }
}

fn note_oddities(
    head: &Head<'_>,
    method: &Method,
    target: &target::Target<'_>,
    host: Option<&[u8]>,
    body: Option<&Body>,
    anomalies: &mut Anomalies,
) {
    if head.minor == 1 && host.is_none() {
        anomalies.add(Anomaly::MissingHost);
    }
    if let (Some(authority), Some(host)) = (target.authority, host)
        && !authority.eq_ignore_ascii_case(host)
    {
        anomalies.add(Anomaly::HostMismatch);
    }
    if let Method::Other(token) = method
        && token.bytes().any(|byte| byte.is_ascii_lowercase())
        && !matches!(Method::from_token(&token.to_ascii_uppercase()), Method::Other(_))
    {
        anomalies.add(Anomaly::LowercaseMethod);
    }
    let has_body = !matches!(body, Some(Body::Length { total: 0, .. }));
    if has_body && matches!(method, Method::Get | Method::Head | Method::Delete | Method::Trace) {
        anomalies.add(Anomaly::UnexpectedBody);
    }
}

/// What can be said of a request whose head cannot be used.
fn refused_request(bytes: &[u8], anomaly: Anomaly) -> Request {
    let line = bytes.split(|&byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let mut words = line.split(|&byte| byte == b' ');
    let method = words.next().filter(|_| anomaly != Anomaly::InvalidHead).unwrap_or_default();
    let target = words.next().filter(|_| anomaly != Anomaly::InvalidHead).unwrap_or_default();
    let target = target::parse(target, false, &mut Anomalies::default());
    Request {
        method: Method::from_token(&String::from_utf8_lossy(method.get(..32).unwrap_or(method))),
        path: target.path,
        query_keys: target.query_keys,
        host: None,
        header_bytes: u32::try_from(line.len()).unwrap_or(u32::MAX),
        body_bytes: 0,
        content_type: None,
        complete: false,
    }
}

const fn protocol_of(minor: u8) -> Protocol {
    if minor == 0 { Protocol::Http10 } else { Protocol::Http11 }
}

/// A text, shared with the last one of its kind where that is the same.
fn reuse(last: &mut Option<Arc<str>>, text: &[u8]) -> Arc<str> {
    let text = text.get(..256).unwrap_or(text);
    match last {
        Some(known) if known.as_bytes() == text => Arc::clone(known),
        _ => Arc::clone(last.insert(String::from_utf8_lossy(text).into())),
    }
}

/// A media type without its parameters, in lower case, shared likewise.
fn reuse_type(last: &mut Option<Arc<str>>, value: &[u8]) -> Arc<str> {
    let end = value.iter().position(|&byte| byte == b';').unwrap_or(value.len());
    let name = value.get(..end).unwrap_or(value).trim_ascii();
    match last {
        Some(known) if known.as_bytes().eq_ignore_ascii_case(name) => Arc::clone(known),
        _ => reuse(last, &name.to_ascii_lowercase()),
    }
}
