//! What the pipeline says: the records of stdout, `tail` and `replay`.
//!
//! Nothing here holds payload: paths come with query values cut off, header
//! values other than host and content type are never kept.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::input::{Loss, SocketAddress, Source, UncapturedReason};
use super::process::Process;
use super::time::WallTime;
use crate::pipeline::finding::Finding;
use crate::pipeline::protocol::Anomaly;

/// One output.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// A connection was opened or closed.
    Connection(ConnectionReport),
    /// A request with its response.
    Exchange(Exchange),
    /// A finding was opened, updated or resolved.
    Finding(Finding),
    /// Records were lost.
    Loss(LossReport),
}

/// Stable id of a connection: the cookie of the end that was seen first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Address and port.
    pub address: SocketAddress,
    /// The process, where it lives on this host and is known.
    pub process: Option<Arc<Process>>,
}

/// Both ends. Shared by all that is said of a connection until an owner changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The end that connected.
    pub client: Endpoint,
    /// The end that accepted.
    pub server: Endpoint,
}

/// Which ends live on this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// The client.
    Client,
    /// The server.
    Server,
    /// Both: still one connection, read on one side.
    Both,
}

/// How the bytes of a connection are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// A clear-text protocol was recognised.
    Clear,
    /// TLS records were recognised.
    Tls,
    /// Nothing was recognised.
    Unknown,
}

/// A count for each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerDirection<T> {
    /// From the client to the server.
    pub to_server: T,
    /// From the server to the client.
    pub to_client: T,
}

/// Whether a connection report opens or closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionEventKind {
    /// First report.
    Open,
    /// Last report.
    Close,
}

/// A connection at its open or close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionReport {
    /// Which.
    pub connection: ConnectionId,
    /// When.
    pub time: WallTime,
    /// Open or close.
    pub event: ConnectionEventKind,
    /// Who.
    pub ends: Arc<Ends>,
    /// Which ends live here.
    pub observed: Observed,
    /// Network namespace (inode number).
    pub netns: u32,
    /// How it is protected.
    pub encryption: Encryption,
    /// Bytes that moved.
    pub bytes: PerDirection<u64>,
    /// Bytes that were read.
    pub captured: PerDirection<u64>,
    /// Bytes that moved and were not read, by reason.
    pub uncaptured: BTreeMap<UncapturedReason, u64>,
    /// Records of this connection that were lost.
    pub lost_records: u64,
    /// It is older than the watch on it.
    pub midstream: bool,
}

/// A request with its response, where there was one.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// On which connection.
    pub connection: ConnectionId,
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
    /// The response; none where the connection ended or lost it.
    pub response: Option<Response>,
    /// From the first byte of the request to the last of the response.
    pub duration: Option<Duration>,
    /// From the last byte of the request to the first of the response.
    pub ttfb: Option<Duration>,
    /// How the client proved who it is; never the proof.
    pub auth: Auth,
    /// Irregularities of the protocol, each once, in the order of [`Anomaly::ALL`].
    pub anomalies: Vec<Anomaly>,
}

impl Exchange {
    /// Whether all of its request and response is accounted for.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.request.as_ref().is_some_and(|request| request.complete)
            && self.response.as_ref().is_some_and(|response| response.complete)
    }
}

/// Protocol of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
}

impl Protocol {
    /// The name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http10 => "http/1.0",
            Self::Http11 => "http/1.1",
        }
    }
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// As sent.
    pub method: Method,
    /// Path without its query; as sent otherwise.
    pub path: Box<str>,
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
    /// Status code.
    pub status: u16,
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
}

impl Auth {
    /// The name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "basic",
            Self::Bearer => "bearer",
            Self::Digest => "digest",
            Self::ApiKey => "api_key",
            Self::Cookie => "cookie",
            Self::Other => "other",
        }
    }
}

/// Loss, with its times as shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LossReport {
    /// What was lost.
    pub loss: Loss,
    /// Start of the span.
    pub since: WallTime,
    /// End of the span.
    pub time: WallTime,
}
