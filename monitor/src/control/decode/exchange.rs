//! Exchanges, read back.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::ends;
use super::fault::{self, Fault, known};
use super::shared::Shared;
use super::value::{Id, Span, Text, Time, Ways, boxed, known_words};
use crate::pipeline::output::{
    Anomaly, Auth, ConnectionId, Exchange, Grpc, Method, Output, Progress, Protocol, Request,
    Response, UNKNOWN_PATH, WebSocket,
};
use crate::sink::name;

#[derive(Deserialize)]
struct Mirror<'a> {
    connection: Id,
    time: Time,
    #[serde(borrow)]
    client: &'a RawValue,
    #[serde(borrow)]
    server: &'a RawValue,
    #[serde(borrow)]
    protocol: Text<'a>,
    stream: Option<u32>,
    #[serde(default)]
    open: bool,
    #[serde(default)]
    continued: bool,
    encrypted: bool,
    #[serde(borrow)]
    source: Text<'a>,
    #[serde(borrow)]
    request: Option<RequestMirror<'a>>,
    #[serde(borrow)]
    response: Option<ResponseMirror<'a>>,
    #[serde(borrow)]
    grpc: Option<GrpcMirror<'a>>,
    websocket: Option<WebSocketMirror>,
    duration: Option<Span>,
    ttfb: Option<Span>,
    #[serde(borrow)]
    auth: Text<'a>,
    #[serde(borrow)]
    anomalies: Vec<Text<'a>>,
}

#[derive(Deserialize)]
struct RequestMirror<'a> {
    #[serde(borrow)]
    method: Option<Text<'a>>,
    #[serde(borrow)]
    route: Option<Text<'a>>,
    #[serde(borrow)]
    path: Option<Text<'a>>,
    #[serde(borrow)]
    query_keys: Vec<Text<'a>>,
    #[serde(borrow)]
    host: Option<Text<'a>>,
    header_bytes: u32,
    body_bytes: u64,
    #[serde(borrow)]
    content_type: Option<Text<'a>>,
    complete: bool,
}

#[derive(Deserialize)]
struct ResponseMirror<'a> {
    status: Option<u16>,
    body_bytes: u64,
    #[serde(borrow)]
    content_type: Option<Text<'a>>,
    complete: bool,
}

#[derive(Deserialize)]
struct GrpcMirror<'a> {
    #[serde(borrow)]
    service: Option<Text<'a>>,
    #[serde(borrow)]
    method: Option<Text<'a>>,
    status: Option<u32>,
    messages: Ways,
    message_bytes: Ways,
}

#[derive(Deserialize)]
struct WebSocketMirror {
    messages: Ways,
    message_bytes: Ways,
    control_frames: Ways,
    close_code: Option<u16>,
    deflate: bool,
}

/// Reads an exchange.
pub(super) fn read(text: &str, shared: &mut Shared) -> Result<Output, Fault> {
    let mirror: Mirror<'_> = fault::read(text)?;
    let route = mirror.request.as_ref().and_then(|request| request.route.as_ref());
    Ok(Output::Exchange(Exchange {
        connection: ConnectionId(mirror.connection.0),
        stream: mirror.stream,
        progress: progress(&mirror),
        time: mirror.time.0,
        ends: ends::read(mirror.client, mirror.server, shared)?,
        protocol: known(Protocol::from_name(mirror.protocol.as_str()))?,
        encrypted: mirror.encrypted,
        source: known(name::source_from_name(mirror.source.as_str()))?,
        route: route.map(|route| shared.text(route.as_str())),
        request: mirror.request.map(|request| request.read(shared)),
        response: mirror.response.map(|response| response.read(shared)),
        duration: mirror.duration.map(|span| span.0),
        ttfb: mirror.ttfb.map(|span| span.0),
        auth: auth(&mirror.auth),
        grpc: mirror.grpc.map(|grpc| Box::new(grpc.into())),
        websocket: mirror.websocket.map(|websocket| Box::new(websocket.into())),
        anomalies: known_words(&mirror.anomalies, Anomaly::from_name),
    }))
}

/// A kind that this version does not know is another scheme.
pub(super) fn auth(name: &Text<'_>) -> Auth {
    Auth::from_name(name.as_str()).unwrap_or(Auth::Other)
}

const fn progress(mirror: &Mirror<'_>) -> Progress {
    match (mirror.open, mirror.continued) {
        (false, false) => Progress::Ended,
        (true, false) => Progress::Open,
        (true, true) => Progress::StillOpen,
        (false, true) => Progress::Closed,
    }
}

/// Few are in use, so that they are worth sharing.
fn shared_text(text: Option<Text<'_>>, shared: &mut Shared) -> Option<Arc<str>> {
    text.map(|text| shared.text(text.as_str()))
}

impl RequestMirror<'_> {
    fn read(self, shared: &mut Shared) -> Request {
        Request {
            method: self
                .method
                .map_or(Method::Unknown, |method| Method::from_token(method.as_str())),
            path: shared_text(self.path, shared).unwrap_or_else(|| UNKNOWN_PATH.into()),
            query_keys: boxed(self.query_keys),
            host: shared_text(self.host, shared),
            header_bytes: self.header_bytes,
            body_bytes: self.body_bytes,
            content_type: shared_text(self.content_type, shared),
            complete: self.complete,
        }
    }
}

impl ResponseMirror<'_> {
    fn read(self, shared: &mut Shared) -> Response {
        Response {
            status: self.status,
            body_bytes: self.body_bytes,
            content_type: shared_text(self.content_type, shared),
            complete: self.complete,
        }
    }
}

impl From<GrpcMirror<'_>> for Grpc {
    fn from(mirror: GrpcMirror<'_>) -> Self {
        Self {
            service: mirror.service.map(Text::boxed),
            method: mirror.method.map(Text::boxed),
            status: mirror.status,
            messages: mirror.messages.into(),
            message_bytes: mirror.message_bytes.into(),
        }
    }
}

impl From<WebSocketMirror> for WebSocket {
    fn from(mirror: WebSocketMirror) -> Self {
        Self {
            messages: mirror.messages.into(),
            message_bytes: mirror.message_bytes.into(),
            control_frames: mirror.control_frames.into(),
            close_code: mirror.close_code,
            deflate: mirror.deflate,
        }
    }
}
