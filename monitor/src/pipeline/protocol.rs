//! From bytes of both ways of a connection to exchanges.
//!
//! `Session` is the one door: it recognises what a connection speaks and hands
//! the bytes to that protocol. Parsing never fails: it yields messages plus named
//! anomalies, and after bytes that were not seen it looks for the next head.

use std::time::Duration;

use self::dns::Dns;
use self::http1::Http1;
use self::websocket::WebSocket;
use super::input::SocketAddress;
use super::names::{Answer, Ignored};
use super::output::{self, Auth, Encryption, Grpc, Progress, Protocol, Request, Response};
use super::settings::Limits;
use super::time::Timestamp;

/// Named irregularities.
mod anomaly;
/// What a connection begins to speak.
mod begin;
/// What bytes look like.
mod classify;
/// DNS over TCP.
mod dns;
/// HTTP/1.0 and HTTP/1.1.
mod http1;
/// The PROXY protocol in front of a connection.
mod proxy;
/// WebSocket.
mod websocket;

pub use anomaly::Anomaly;
pub use classify::{Classification, classify};

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
    pub websocket: Option<Box<output::WebSocket>>,
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

/// What a connection speaks, from its bytes.
#[derive(Debug)]
pub struct Session {
    speech: Speech,
    midstream: bool,
    /// The port of the server is that of DNS.
    expects_dns: bool,
    /// Tunnels that were opened within the connection.
    tunnels: u8,
    proxied_client: Option<SocketAddress>,
}

/// What a connection speaks.
#[derive(Debug)]
enum Speech {
    /// Not known yet: the first bytes of each way.
    Undecided(Box<Beginning>),
    /// HTTP/1.0 or HTTP/1.1.
    Http1(Box<Http1>),
    /// WebSocket, to which HTTP/1 switched.
    WebSocket(Box<WebSocket>),
    /// DNS over TCP.
    Dns(Box<Dns>),
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
        Self {
            speech: Speech::Undecided(Box::default()),
            midstream,
            expects_dns: false,
            tunnels: 0,
            proxied_client: None,
        }
    }

    /// The port of the server is 53: what is nothing else that is known is DNS.
    pub fn expect_dns(&mut self) {
        self.expects_dns = true;
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
            Speech::Http1(http) => {
                let after = http.feed(limits, way, delivery, time, exchanges);
                if let Some(switch) = http.take_switch() {
                    let bytes = if let Delivery::Bytes(bytes) = delivery { bytes } else { b"" };
                    let rest = bytes.get(bytes.len().saturating_sub(after)..).unwrap_or_default();
                    self.switch(switch, limits, way, rest, time, exchanges);
                }
            }
            Speech::WebSocket(websocket) => {
                // Nobody looks into text messages yet.
                websocket.feed(way, delivery, time, None, exchanges);
            }
            Speech::Dns(dns) => dns.feed(limits, way, delivery),
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
            Speech::Dns(dns) if dns.is_certain => Encryption::Clear,
            Speech::WebSocket(_) => Encryption::Clear,
            Speech::Tls => Encryption::Tls,
            Speech::Http1(_) | Speech::Dns(_) | Speech::Undecided(_) | Speech::Opaque => {
                Encryption::Unknown
            }
        }
    }

    /// Bytes held in buffers.
    #[must_use]
    pub fn buffered(&self) -> usize {
        match &self.speech {
            Speech::Http1(http) => http.buffered(),
            Speech::Dns(dns) => dns.buffered(),
            Speech::Undecided(beginning) => {
                beginning.to_server.capacity() + beginning.to_client.capacity()
            }
            Speech::WebSocket(_) | Speech::Tls | Speech::Opaque => 0,
        }
    }

    /// Says what has gone on for long: see [`OPEN_AFTER`].
    pub fn say_open(&mut self, now: Timestamp, exchanges: &mut Vec<ProtocolExchange>) {
        match &mut self.speech {
            Speech::Http1(http) => http.say_open(now, exchanges),
            Speech::WebSocket(websocket) => websocket.say_open(now, exchanges),
            Speech::Undecided(_) | Speech::Dns(_) | Speech::Tls | Speech::Opaque => {}
        }
    }

    /// Whether there is an exchange that goes on, so that [`Self::say_open`] may have
    /// something to say later.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        match &self.speech {
            Speech::Http1(http) => http.is_waiting(),
            Speech::WebSocket(websocket) => !websocket.has_ended(),
            Speech::Undecided(_) | Speech::Dns(_) | Speech::Tls | Speech::Opaque => false,
        }
    }

    /// Whether there is one of what [`Self::poll_answer`] gives.
    pub(crate) fn has_answer(&self) -> bool {
        matches!(&self.speech, Speech::Dns(dns) if dns.has_answer())
    }

    /// The next answer of DNS that the connection carried; what is not taken before the
    /// next delivery adds up.
    pub(crate) fn poll_answer(&mut self) -> Option<Result<Answer, Ignored>> {
        if let Speech::Dns(dns) = &mut self.speech { dns.poll() } else { None }
    }

    /// The client that a proxy in front named (PROXY protocol).
    #[must_use]
    pub fn proxied_client(&self) -> Option<SocketAddress> {
        self.proxied_client
    }
}

#[cfg(test)]
mod tests;
