//! What a connection speaks, and the bytes to whoever reads that.

use std::sync::Arc;

use self::race::Race;
use super::dns::Dns;
use super::http1::Http1;
use super::http2::Http2;
use super::tls::Tls;
use super::websocket::WebSocket;
use super::{Delivery, Feed, ProtocolExchange, Way};
use crate::pipeline::input::SocketAddress;
use crate::pipeline::names::{Answer, Ignored};
use crate::pipeline::output::Encryption;
use crate::pipeline::output::tls::Handshake;
use crate::pipeline::settings::Limits;
use crate::pipeline::time::Timestamp;

/// The first bytes, and one protocol after another.
pub(super) mod begin;
/// The middle of a connection.
mod race;

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
    /// A handshake that was not taken yet.
    handshake: Option<Box<(Timestamp, Handshake)>>,
}

/// What a connection speaks.
#[derive(Debug)]
enum Speech {
    /// Not known yet: the first bytes of each way.
    Undecided(Box<Beginning>),
    /// The middle of HTTP/1 or HTTP/2.
    Race(Box<Race>),
    /// HTTP/1.0 or HTTP/1.1.
    Http1(Box<Http1>),
    /// HTTP/2.
    Http2(Box<Http2>),
    /// WebSocket, to which HTTP/1 switched.
    WebSocket(Box<WebSocket>),
    /// DNS over TCP.
    Dns(Box<Dns>),
    /// TLS, and its handshake until that is told.
    Tls(Option<Box<Tls>>),
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
            handshake: None,
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
        self.hand_on(way, delivery, &mut Feed { limits, time, exchanges });
    }

    fn hand_on(&mut self, way: Way, delivery: Delivery<'_>, feed: &mut Feed<'_>) {
        match &mut self.speech {
            Speech::Http1(http) => {
                let after = http.feed(way, delivery, feed);
                if let Some(switch) = http.take_switch() {
                    let bytes = if let Delivery::Bytes(bytes) = delivery { bytes } else { b"" };
                    let rest = bytes.get(bytes.len().saturating_sub(after)..).unwrap_or_default();
                    self.switch(switch, way, rest, feed);
                }
            }
            Speech::Race(race) => match delivery {
                Delivery::Bytes(bytes) => self.run(way, bytes, feed),
                other => race.feed(way, other, feed),
            },
            Speech::Http2(http) => http.feed(way, delivery, feed),
            Speech::WebSocket(websocket) => {
                // Nobody looks into text messages yet.
                websocket.feed(way, delivery, feed.time, None, feed.exchanges);
            }
            Speech::Dns(dns) => dns.feed(feed.limits, way, delivery),
            Speech::Tls(Some(tls)) => {
                tls.feed(feed.limits, way, delivery, feed.time);
                self.end_handshake();
            }
            Speech::Tls(None) | Speech::Opaque => {}
            Speech::Undecided(beginning) => match delivery {
                Delivery::Bytes(bytes) => self.begin(way, bytes, feed),
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
            Speech::Http2(http) if http.is_certain() => Encryption::Clear,
            Speech::WebSocket(_) => Encryption::Clear,
            Speech::Tls(_) => Encryption::Tls,
            Speech::Http1(_)
            | Speech::Http2(_)
            | Speech::Dns(_)
            | Speech::Undecided(_)
            | Speech::Race(_)
            | Speech::Opaque => Encryption::Unknown,
        }
    }

    /// Bytes held in buffers.
    #[must_use]
    pub fn buffered(&self) -> usize {
        match &self.speech {
            Speech::Race(race) => race.buffered(),
            Speech::Http1(http) => http.buffered(),
            Speech::Http2(http) => http.buffered(),
            Speech::Dns(dns) => dns.buffered(),
            Speech::Undecided(beginning) => {
                beginning.to_server.capacity() + beginning.to_client.capacity()
            }
            Speech::Tls(Some(tls)) => tls.buffered(),
            Speech::WebSocket(_) | Speech::Tls(None) | Speech::Opaque => 0,
        }
    }

    /// Says what has gone on for long: see `OPEN_AFTER`.
    pub fn say_open(&mut self, now: Timestamp, exchanges: &mut Vec<ProtocolExchange>) {
        match &mut self.speech {
            Speech::Http1(http) => http.say_open(now, exchanges),
            Speech::Http2(http) => http.say_open(now, exchanges),
            Speech::WebSocket(websocket) => websocket.say_open(now, exchanges),
            Speech::Undecided(_)
            | Speech::Race(_)
            | Speech::Dns(_)
            | Speech::Tls(_)
            | Speech::Opaque => {}
        }
    }

    /// Whether there is an exchange that goes on, so that [`Self::say_open`] may have
    /// something to say later.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        match &self.speech {
            Speech::Http1(http) => http.is_waiting(),
            Speech::Http2(http) => http.is_waiting(),
            Speech::WebSocket(websocket) => !websocket.has_ended(),
            Speech::Undecided(_)
            | Speech::Race(_)
            | Speech::Dns(_)
            | Speech::Tls(_)
            | Speech::Opaque => false,
        }
    }

    /// Whether there is a handshake to take.
    #[must_use]
    pub fn has_handshake(&self) -> bool {
        self.handshake.is_some()
    }

    /// Whether there is an answer of DNS to take.
    pub(crate) fn has_answer(&self) -> bool {
        matches!(&self.speech, Speech::Dns(dns) if dns.has_answer())
    }

    /// The next answer of DNS that the connection carried; what is not taken before the
    /// next delivery adds up.
    pub(crate) fn poll_answer(&mut self) -> Option<Result<Answer, Ignored>> {
        if let Speech::Dns(dns) = &mut self.speech { dns.poll() } else { None }
    }

    /// The TLS handshake and when its last part came, once. Of several, in a tunnel, the
    /// last one that was not taken.
    pub fn take_handshake(&mut self) -> Option<(Timestamp, Handshake)> {
        self.handshake.take().map(|told| *told)
    }

    /// What the client calls the server of this connection in its hello, as soon as that
    /// is known; in a tunnel it names another server.
    #[must_use]
    pub fn server_name(&self) -> Option<&Arc<str>> {
        match &self.speech {
            Speech::Tls(Some(tls)) if self.tunnels == 0 => tls.server_name(),
            _ => None,
        }
    }

    /// Whether what is spoken goes to a server behind the one of this connection.
    #[must_use]
    pub fn is_in_tunnel(&self) -> bool {
        self.tunnels > 0
    }

    /// Whether bytes that are about to come may name the server.
    #[must_use]
    pub fn may_name_server(&self) -> bool {
        match &self.speech {
            Speech::Undecided(_) => true,
            Speech::Http1(http) => http.is_waiting(),
            Speech::Http2(http) => http.is_waiting(),
            Speech::Tls(Some(tls)) => tls.awaits_client(),
            _ => false,
        }
    }

    /// The client that a proxy in front named (PROXY protocol).
    #[must_use]
    pub fn proxied_client(&self) -> Option<SocketAddress> {
        self.proxied_client
    }

    /// Takes the handshake once it is told, and lets go of what read it.
    fn end_handshake(&mut self) {
        if let Speech::Tls(slot @ Some(_)) = &mut self.speech
            && let Some(tls) = slot
        {
            if let Some(told) = tls.take_handshake() {
                self.handshake = Some(Box::new(told));
            }
            if tls.is_over() {
                *slot = None;
            }
        }
    }
}
