//! From bytes of both ways of a connection to exchanges.
//!
//! `Session` is the one door: it recognises what a connection speaks and hands
//! the bytes to that protocol. Parsing never fails: it yields messages plus named
//! anomalies, and after bytes that were not seen it looks for the next head.

use std::time::Duration;

use super::output::{Auth, Grpc, Progress, Protocol, Request, Response, WebSocket};
use super::settings::Limits;
use super::time::Timestamp;

/// Named irregularities.
mod anomaly;
/// What bytes look like.
mod classify;
/// DNS over TCP.
mod dns;
/// Doors for fuzzing.
pub(crate) mod fuzz;
/// gRPC and gRPC-Web over HTTP.
mod grpc;
/// Values of header fields.
mod head_value;
/// Compressed fields of HTTP/2.
mod hpack;
/// HTTP/1.0 and HTTP/1.1.
mod http1;
/// HTTP/2.
mod http2;
/// The PROXY protocol in front of a connection.
mod proxy;
/// Conversations from arbitrary bytes.
mod script;
/// What a connection speaks.
mod session;
/// The target of a request.
mod target;
/// TLS handshakes.
mod tls;
/// WebSocket.
mod websocket;

pub use anomaly::Anomaly;
pub use classify::{Classification, classify};
pub use session::Session;

/// An exchange that goes on for this long is said while it does.
pub const OPEN_AFTER: Duration = Duration::from_secs(5);
/// It is said again at most this often.
pub const OPEN_AGAIN: Duration = Duration::from_secs(60);

/// Way of bytes, in terms of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

impl std::ops::Not for Way {
    type Output = Self;
    fn not(self) -> Self {
        match self {
            Self::ToServer => Self::ToClient,
            Self::ToClient => Self::ToServer,
        }
    }
}

/// The next part of the ordered bytes of one way.
#[derive(Clone, Copy)]
pub enum Delivery<'a> {
    /// Bytes that were read.
    Bytes(&'a [u8]),
    /// So many bytes moved and were not read; 0 where it is only known that some did.
    Gap(u64),
    /// The bytes of a gap that was told before by a `Gap(0)`: what has come since then
    /// does not suffer from it.
    GapToldBefore(u64),
    /// No more bytes will come.
    End,
}

/// What a delivery carries along, from the session to whoever reads it.
pub(crate) struct Feed<'a> {
    /// Bounds of buffers.
    pub(crate) limits: &'a Limits,
    /// When it came.
    pub(crate) time: Timestamp,
    /// Where the exchanges go that it completes.
    pub(crate) exchanges: &'a mut Vec<ProtocolExchange>,
}

/// A request with its response, before it is known who sent it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProtocolExchange {
    /// Which protocol.
    pub protocol: Protocol,
    /// Which stream of the connection, for HTTP/2.
    pub stream: Option<u32>,
    /// Where it stands.
    pub progress: Progress,
    /// The request; none where only its response was seen.
    pub request: Option<Request>,
    /// The response; none where the connection ended or lost it.
    pub response: Option<Response>,
    /// When the request began, or the response where there is no request.
    pub began: Timestamp,
    /// From the first byte of the request to the last of the response.
    pub duration: Option<Duration>,
    /// From the last byte of the request to the first of the response.
    pub ttfb: Option<Duration>,
    /// How the client proved who it is.
    pub auth: Auth,
    /// What gRPC adds.
    pub grpc: Option<Box<Grpc>>,
    /// What moved after an upgrade to WebSocket.
    pub websocket: Option<Box<WebSocket>>,
    /// Irregularities, each once, in the order of [`Anomaly::ALL`].
    pub anomalies: Vec<Anomaly>,
}

/// Whether an exchange that goes on is to be said now, and as what; `said` is when that
/// was done last.
fn due(began: Timestamp, said: Option<Timestamp>, now: Timestamp) -> Option<Progress> {
    match said {
        None => (now.since(began) > OPEN_AFTER).then_some(Progress::Open),
        Some(said) => (now.since(said) >= OPEN_AGAIN).then_some(Progress::StillOpen),
    }
}

#[cfg(test)]
pub(crate) mod tests;
