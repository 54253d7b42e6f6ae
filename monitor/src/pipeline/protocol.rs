//! From bytes of both ways of a connection to exchanges.
//!
//! `Session` is the one door: it recognises what a connection speaks and hands
//! the bytes to that protocol. Parsing never fails: it yields messages plus named
//! anomalies, and after bytes that were not seen it looks for the next head.

use std::time::Duration;

use self::http1::Http1;
use self::proxy::Proxy;
use super::input::SocketAddress;
use super::output::{Auth, Encryption, Grpc, Progress, Protocol, Request, Response, WebSocket};
use super::settings::Limits;
use super::time::Timestamp;

/// Named irregularities.
mod anomaly;
/// What bytes look like.
mod classify;
/// gRPC and gRPC-Web over HTTP.
mod grpc;
/// Values of header fields.
mod head_value;
/// Compressed fields of HTTP/2.
mod hpack;
/// HTTP/1.0 and HTTP/1.1.
mod http1;
/// HTTP/2.
#[cfg_attr(not(test), expect(dead_code, reason = "the session hands it bytes next"))]
mod http2;
/// The PROXY protocol in front of a connection.
mod proxy;
/// The target of a request.
mod target;

pub use anomaly::Anomaly;
pub use classify::{Classification, classify};

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

/// What a connection speaks, from its bytes.
#[derive(Debug)]
pub struct Session {
    speech: Speech,
    midstream: bool,
    proxied_client: Option<SocketAddress>,
}

/// What a connection speaks.
#[derive(Debug)]
enum Speech {
    /// Not known yet: the first bytes of each way.
    Undecided(Box<Beginning>),
    /// HTTP/1.0 or HTTP/1.1.
    Http1(Box<Http1>),
    /// TLS; its handshake is not read yet.
    Tls,
    /// Something else.
    Opaque,
}

/// The first bytes of each way, until they can be told.
#[derive(Debug, Default)]
struct Beginning {
    to_server: Vec<u8>,
    to_client: Vec<u8>,
}

impl Beginning {
    fn of(&mut self, way: Way) -> &mut Vec<u8> {
        match way {
            Way::ToServer => &mut self.to_server,
            Way::ToClient => &mut self.to_client,
        }
    }
}

impl Session {
    /// A connection of which nothing was seen yet; `midstream` where its start was missed.
    #[must_use]
    pub fn new(midstream: bool) -> Self {
        Self { speech: Speech::Undecided(Box::default()), midstream, proxied_client: None }
    }

    /// Takes the next part of one way and appends the exchanges that it completes.
    pub fn feed(
        &mut self,
        limits: &Limits,
        way: Way,
        delivery: Delivery<'_>,
        time: Timestamp,
        exchanges: &mut Vec<ProtocolExchange>,
    ) {
        match &mut self.speech {
            Speech::Http1(http) => http.feed(limits, way, delivery, time, exchanges),
            Speech::Tls | Speech::Opaque => {}
            Speech::Undecided(beginning) => match delivery {
                Delivery::Bytes(bytes) => self.begin(limits, way, bytes, time, exchanges),
                // Whatever began here was missed.
                Delivery::Gap(_) | Delivery::GapToldBefore(_) => {
                    self.midstream = true;
                    *beginning.of(way) = Vec::new();
                }
                Delivery::End => {}
            },
        }
    }

    /// How the connection is protected, as far as its bytes say.
    #[must_use]
    pub fn encryption(&self) -> Encryption {
        match &self.speech {
            Speech::Http1(http) if http.is_certain => Encryption::Clear,
            Speech::Tls => Encryption::Tls,
            Speech::Http1(_) | Speech::Undecided(_) | Speech::Opaque => Encryption::Unknown,
        }
    }

    /// Bytes held in buffers.
    #[must_use]
    pub fn buffered(&self) -> usize {
        match &self.speech {
            Speech::Http1(http) => http.buffered(),
            Speech::Undecided(beginning) => {
                beginning.to_server.capacity() + beginning.to_client.capacity()
            }
            Speech::Tls | Speech::Opaque => 0,
        }
    }

    /// The client that a proxy in front named (PROXY protocol).
    #[must_use]
    pub fn proxied_client(&self) -> Option<SocketAddress> {
        self.proxied_client
    }

    /// Decides what the connection speaks, or keeps its first bytes until that is clear.
    fn begin(
        &mut self,
        limits: &Limits,
        way: Way,
        bytes: &[u8],
        time: Timestamp,
        exchanges: &mut Vec<ProtocolExchange>,
    ) {
        let Speech::Undecided(beginning) = &mut self.speech else { return };
        let kept = beginning.of(way);
        let mut joined = std::mem::take(kept);
        joined.extend_from_slice(bytes);
        let mut rest = joined.as_slice();
        // A proxy behind a proxy may add a header of its own.
        while way == Way::ToServer && classify(rest) == Classification::ProxyProtocol {
            match proxy::parse(rest) {
                Proxy::Header(length, client) => {
                    self.proxied_client = client;
                    rest = rest.get(length..).unwrap_or_default();
                }
                Proxy::NeedMore => {
                    *kept = rest.to_vec();
                    return;
                }
                Proxy::Invalid if !self.midstream => {
                    self.speech = Speech::Opaque;
                    return;
                }
                Proxy::Invalid => return self.speak_http(limits, way, rest, time, exchanges),
            }
        }
        match (classify(rest), way) {
            (Classification::NeedMore, _) => *kept = rest.to_vec(),
            (Classification::Tls, _) => self.speech = Speech::Tls,
            (Classification::Http1Request, Way::ToServer)
            | (Classification::Http1Response, Way::ToClient) => {
                self.speak_http(limits, way, rest, time, exchanges);
            }
            // The middle of something, which may be a body: a head may follow.
            (Classification::Unknown, _) if self.midstream => {
                self.speak_http(limits, way, rest, time, exchanges);
            }
            // RFC 9112 section 2.2: empty lines may precede a request.
            (Classification::Unknown, Way::ToServer) if rest.starts_with(b"\r\n") => {
                self.speak_http(limits, way, rest, time, exchanges);
            }
            _ => self.speech = Speech::Opaque,
        }
    }

    fn speak_http(
        &mut self,
        limits: &Limits,
        way: Way,
        bytes: &[u8],
        time: Timestamp,
        exchanges: &mut Vec<ProtocolExchange>,
    ) {
        let mut http = Box::new(Http1::new(self.midstream));
        if let Speech::Undecided(beginning) = &mut self.speech {
            let other = !way;
            let kept = std::mem::take(beginning.of(other));
            if !kept.is_empty() {
                http.feed(limits, other, Delivery::Bytes(&kept), time, exchanges);
            }
        }
        http.feed(limits, way, Delivery::Bytes(bytes), time, exchanges);
        self.speech = Speech::Http1(http);
    }
}

#[cfg(test)]
mod tests;
