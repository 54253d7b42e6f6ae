//! A request with its response.

use std::sync::Arc;
use std::time::Duration;

use super::{ConnectionId, Ends, PerDirection};
use crate::named::named;
use crate::pipeline::input::Source;
use crate::pipeline::protocol::Anomaly;
use crate::pipeline::time::WallTime;

/// A request with its response, where there was one.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// On which connection.
    pub connection: ConnectionId,
    /// Which stream of it, for HTTP/2.
    pub stream: Option<u32>,
    /// Where it stands.
    pub progress: Progress,
    /// When the request began.
    pub time: WallTime,
    /// Who.
    pub ends: Arc<Ends>,
    /// Which protocol.
    pub protocol: Protocol,
    /// Whether the bytes were read inside encryption.
    pub encrypted: bool,
    /// Where the bytes were read.
    pub source: Source,
    /// The request; none where only its response was seen.
    pub request: Option<Request>,
    /// Template of the path; none where there is no request or its path is not known.
    pub route: Option<Arc<str>>,
    /// The response; none where the connection ended or lost it.
    pub response: Option<Response>,
    /// From the first byte of the request to the last of the response.
    pub duration: Option<Duration>,
    /// From the last byte of the request to the first of the response.
    pub ttfb: Option<Duration>,
    /// How the client proved who it is; never the proof.
    pub auth: Auth,
    /// What gRPC adds.
    pub grpc: Option<Box<Grpc>>,
    /// What moved after an upgrade to WebSocket.
    pub websocket: Option<Box<WebSocket>>,
    /// Irregularities of the protocol, each once, in the order of [`Anomaly::ALL`].
    pub anomalies: Vec<Anomaly>,
}

impl Exchange {
    /// Whether the server said that it failed: a status of 400 and above, or a gRPC
    /// status other than 0.
    #[must_use]
    pub fn is_error(&self) -> bool {
        let status = self.response.as_ref().and_then(|response| response.status);
        let grpc = self.grpc.as_ref().and_then(|grpc| grpc.status);
        status.is_some_and(|status| status >= 400) || grpc.is_some_and(|status| status != 0)
    }

    /// Bytes of its head and bodies, as far as they are known.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let request = self.request.as_ref().map_or(0, |request| {
            request.body_bytes.saturating_add(u64::from(request.header_bytes))
        });
        let response = self.response.as_ref().map_or(0, |response| response.body_bytes);
        request.saturating_add(response)
    }

    /// Whether all of its request and response is accounted for.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.request.as_ref().is_some_and(|request| request.complete)
            && self.response.as_ref().is_some_and(|response| response.complete)
    }
}

/// Where an exchange stands when it is said. Most are said once, when they have ended;
/// one that goes on for long is said while it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Progress {
    /// It has ended and was not said before.
    Ended,
    /// It goes on and was not said before.
    Open,
    /// It still goes on.
    StillOpen,
    /// It has ended and was said before.
    Closed,
}

impl Progress {
    /// Whether it was not said before: who counts exchanges counts these.
    #[must_use]
    pub const fn is_first(self) -> bool {
        matches!(self, Self::Ended | Self::Open)
    }

    /// Whether it has ended: who measures exchanges measures these.
    #[must_use]
    pub const fn is_last(self) -> bool {
        matches!(self, Self::Ended | Self::Closed)
    }
}

/// What gRPC adds to an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grpc {
    /// Service with its package; none where the path is not known.
    pub service: Option<Box<str>>,
    /// Method of the service.
    pub method: Option<Box<str>>,
    /// `grpc-status` of the trailers; none where it did not come.
    pub status: Option<u32>,
    /// Messages each way, as their length prefixes say.
    pub messages: PerDirection<u64>,
    /// Bytes of these messages, prefixes not counted.
    pub message_bytes: PerDirection<u64>,
}

/// What moved on a WebSocket (RFC 6455).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebSocket {
    /// Text and binary messages each way.
    pub messages: PerDirection<u64>,
    /// Payload bytes of these messages, as sent.
    pub message_bytes: PerDirection<u64>,
    /// Pings and pongs each way.
    pub control_frames: PerDirection<u64>,
    /// Status code of the first Close frame; 1005 where it has none (RFC 6455 section 7.1.5).
    pub close_code: Option<u16>,
    /// permessage-deflate was agreed on (RFC 7692).
    pub deflate: bool,
}

/// Protocol of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
    /// HTTP/2.
    Http2,
    /// gRPC over HTTP/2.
    Grpc,
    /// gRPC-Web over any HTTP.
    GrpcWeb,
    /// WebSocket, after its upgrade.
    WebSocket,
}

impl Protocol {
    named! {
        Self {
            Http10 = "http/1.0",
            Http11 = "http/1.1",
            Http2 = "http/2",
            Grpc = "grpc",
            GrpcWeb = "grpc-web",
            WebSocket = "websocket",
        }
    }
}

/// The path of a request whose path is not known.
pub const UNKNOWN_PATH: &str = "?";

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// As sent.
    pub method: Method,
    /// Path without its query; as sent otherwise; [`UNKNOWN_PATH`], which no path is, where
    /// it is not known.
    pub path: Arc<str>,
    /// Keys of the query, in order, each once; values are never kept.
    pub query_keys: Vec<Box<str>>,
    /// Authority of the target or the Host header.
    pub host: Option<Arc<str>>,
    /// Size of the head.
    pub header_bytes: u32,
    /// Size of the body as it was framed (chunk framing not counted).
    pub body_bytes: u64,
    /// Media type without parameters.
    pub content_type: Option<Arc<str>>,
    /// Every byte of it was seen or accounted for by its framing.
    pub complete: bool,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status code; none where it is not known.
    pub status: Option<u16>,
    /// Size of the body as it was framed.
    pub body_bytes: u64,
    /// Media type without parameters.
    pub content_type: Option<Arc<str>>,
    /// Every byte of it was seen or accounted for by its framing.
    pub complete: bool,
}

/// A request method.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the method it names (RFC 9110 section 9, RFC 5789)")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Delete,
    Connect,
    Options,
    Trace,
    Patch,
    /// Any other token.
    Other(Box<str>),
    /// Not known: the compression state that it needs began before the watch.
    Unknown,
}

impl Method {
    /// The method of a token.
    #[must_use]
    pub fn from_token(token: &str) -> Self {
        match token {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "DELETE" => Self::Delete,
            "CONNECT" => Self::Connect,
            "OPTIONS" => Self::Options,
            "TRACE" => Self::Trace,
            "PATCH" => Self::Patch,
            other => Self::Other(other.into()),
        }
    }

    /// The token.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
            Self::Options => "OPTIONS",
            Self::Trace => "TRACE",
            Self::Patch => "PATCH",
            Self::Other(token) => token,
            Self::Unknown => "?",
        }
    }
}

/// How a client proved who it is. Which kind, never the value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Auth {
    /// No credential was seen.
    #[default]
    None,
    /// `Authorization: Basic`.
    Basic,
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: Digest`.
    Digest,
    /// A header whose name says API key or token, or a query key that does.
    ApiKey,
    /// `Cookie`.
    Cookie,
    /// Another `Authorization` scheme.
    Other,
    /// A header that is not known, since the compression state that it needs began
    /// before the watch, may have been a credential; none that is known was.
    Unknown,
}

impl Auth {
    named! {
        Self {
            None = "none",
            Basic = "basic",
            Bearer = "bearer",
            Digest = "digest",
            ApiKey = "api_key",
            Cookie = "cookie",
            Other = "other",
            Unknown = "unknown",
        }
    }
}
