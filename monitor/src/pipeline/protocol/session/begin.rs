//! The first bytes of a connection, and what it speaks after it has switched.

use super::race::{Found, Race};
use super::{Session, Speech};
use crate::pipeline::input::SocketAddress;
use crate::pipeline::protocol::classify::{Classification, classify};
use crate::pipeline::protocol::dns::Dns;
use crate::pipeline::protocol::http1::Http1;
use crate::pipeline::protocol::http1::switch::{Switch, SwitchTo, Upgraded};
use crate::pipeline::protocol::http2::Http2;
use crate::pipeline::protocol::proxy::{self, Proxy};
use crate::pipeline::protocol::tls::Tls;
use crate::pipeline::protocol::websocket::WebSocket;
use crate::pipeline::protocol::{Delivery, Feed, Way};

/// Tunnels within tunnels that are looked into.
pub(in crate::pipeline::protocol) const TUNNELS: u8 = 4;
/// Bytes of a way that are kept until it is clear what they are.
const UNDECIDED_BYTES: usize = 8 * 1024;

impl Session {
    /// Decides what the connection speaks, or keeps its first bytes until that is clear.
    pub(super) fn begin(&mut self, way: Way, bytes: &[u8], feed: &mut Feed<'_>) {
        let Speech::Undecided(beginning) = &mut self.speech else { return };
        let kept = beginning.of(way);
        let mut joined = std::mem::take(kept);
        joined.extend_from_slice(bytes);
        let mut rest = joined.as_slice();
        if way == Way::ToServer {
            match strip_proxies(rest, &mut self.proxied_client) {
                Stripped::Whole(stripped) => rest = stripped,
                Stripped::Partly(stripped) => {
                    *kept = stripped.to_vec();
                    return;
                }
                Stripped::Invalid(rest) if self.midstream => {
                    return self.race(way, rest, feed);
                }
                Stripped::Invalid(_) => {
                    self.speech = Speech::Opaque;
                    return;
                }
            }
        }
        match (classify(rest), way) {
            (Classification::NeedMore, _) => *kept = rest.to_vec(),
            (Classification::Tls, _) => self.speak_tls(way, rest, feed),
            (Classification::Http1Request, Way::ToServer)
            | (Classification::Http1Response, Way::ToClient) => {
                self.speak_http(way, rest, feed);
            }
            (Classification::Http2Preface, Way::ToServer) => {
                self.speak_http2(way, rest, feed);
            }
            // The middle of something: frames, or a body that a head may follow.
            (Classification::Unknown, _) if self.midstream => {
                self.race(way, rest, feed);
            }
            // RFC 9113 section 3.4: a server need not wait for the preface of its client.
            (Classification::Unknown, Way::ToClient)
                if may_be_settings(rest) && rest.len() < UNDECIDED_BYTES =>
            {
                *kept = rest.to_vec();
            }
            // RFC 9112 section 2.2: empty lines may precede a request.
            (Classification::Unknown, Way::ToServer) if rest.starts_with(b"\r\n") => {
                self.speak_http(way, rest, feed);
            }
            _ if self.expects_dns => self.speak_dns(way, rest, feed),
            _ => self.speech = Speech::Opaque,
        }
    }

    /// Looks for HTTP/1 and HTTP/2 at once, in what was kept of the other way first.
    fn race(&mut self, way: Way, bytes: &[u8], feed: &mut Feed<'_>) {
        let kept = self.take_kept(!way);
        self.speech = Speech::Race(Box::new(Race::new()));
        for (way, bytes) in [(!way, kept.as_slice()), (way, bytes)] {
            self.hand_on(way, Delivery::Bytes(bytes), feed);
        }
    }

    /// Goes on looking; what comes after the find is fed to who was found.
    pub(super) fn run(&mut self, way: Way, bytes: &[u8], feed: &mut Feed<'_>) {
        let Speech::Race(race) = &mut self.speech else { return };
        let (taken, found) = race.take(way, bytes, feed);
        self.speech = match found {
            Found::Nothing => return,
            Found::Neither => Speech::Opaque,
            Found::Http1(http, said) => {
                feed.exchanges.extend(said);
                Speech::Http1(http)
            }
            Found::Http2(http, said) => {
                feed.exchanges.extend(said);
                Speech::Http2(http)
            }
        };
        let rest = bytes.get(taken..).unwrap_or_default();
        if !rest.is_empty() {
            self.hand_on(way, Delivery::Bytes(rest), feed);
        }
    }

    fn speak_http2(&mut self, way: Way, bytes: &[u8], feed: &mut Feed<'_>) {
        let mut http = Box::new(Http2::new(self.midstream));
        for (way, bytes) in [(!way, self.take_kept(!way).as_slice()), (way, bytes)] {
            http.feed(way, Delivery::Bytes(bytes), feed);
        }
        self.speech = Speech::Http2(http);
    }

    fn speak_tls(&mut self, way: Way, bytes: &[u8], feed: &mut Feed<'_>) {
        let mut tls = Box::new(Tls::new(self.midstream));
        for (way, bytes) in [(!way, self.take_kept(!way).as_slice()), (way, bytes)] {
            tls.feed(feed.limits, way, Delivery::Bytes(bytes), feed.time);
        }
        self.speech = Speech::Tls(Some(tls));
        self.end_handshake();
    }

    fn speak_dns(&mut self, way: Way, bytes: &[u8], feed: &Feed<'_>) {
        let mut dns = Box::new(Dns::default());
        for (way, bytes) in [(!way, self.take_kept(!way).as_slice()), (way, bytes)] {
            dns.feed(feed.limits, way, Delivery::Bytes(bytes));
        }
        self.speech = Speech::Dns(dns);
    }

    fn speak_http(&mut self, way: Way, bytes: &[u8], feed: &mut Feed<'_>) {
        let kept = self.take_kept(!way);
        self.speech = Speech::Http1(Box::new(Http1::new(self.midstream)));
        for (way, bytes) in [(!way, kept.as_slice()), (way, bytes)] {
            self.hand_on(way, Delivery::Bytes(bytes), feed);
        }
    }

    /// What was kept of the first bytes of a way.
    fn take_kept(&mut self, way: Way) -> Vec<u8> {
        match &mut self.speech {
            Speech::Undecided(beginning) => std::mem::take(beginning.of(way)),
            _ => Vec::new(),
        }
    }

    /// HTTP/1 has ended; `rest` is what comes after it in the delivery at hand.
    pub(super) fn switch(&mut self, switch: Switch, way: Way, rest: &[u8], feed: &mut Feed<'_>) {
        let Switch { to, held, is_client_lost } = switch;
        self.speech = match to {
            SwitchTo::Tunnel if self.tunnels < TUNNELS => {
                self.tunnels += 1;
                self.midstream = is_client_lost;
                Speech::Undecided(Box::default())
            }
            SwitchTo::WebSocket { exchange, deflate } => {
                let mut websocket = Box::new(WebSocket::new(*exchange, deflate));
                if is_client_lost {
                    websocket.give_up(Way::ToServer);
                }
                websocket.open(feed.time, feed.exchanges);
                Speech::WebSocket(websocket)
            }
            // Stream 1 answers the request, so the response 101 is not said.
            SwitchTo::Http2(upgraded) => {
                let Upgraded { request, auth, anomalies, began, ended, said } = *upgraded;
                let mut http = Box::new(Http2::upgraded(request, auth, began, ended));
                http.go_on(anomalies, said);
                Speech::Http2(http)
            }
            SwitchTo::Tunnel | SwitchTo::Other => Speech::Opaque,
        };
        for (way, bytes) in [(Way::ToServer, held.as_slice()), (way, rest)] {
            if !bytes.is_empty() {
                self.hand_on(way, Delivery::Bytes(bytes), feed);
            }
        }
    }
}

/// Whether bytes may begin with a frame of SETTINGS that is no acknowledgement, as each end
/// of HTTP/2 begins (RFC 9113 sections 3.4 and 6.5): length, type, flags and stream.
fn may_be_settings(bytes: &[u8]) -> bool {
    let is_there = |place: usize, byte: u8| bytes.get(place).is_none_or(|&it| it == byte);
    is_there(0, 0) && is_there(3, 4) && (4..9).all(|place| is_there(place, 0))
}

/// What is left of the bytes of a client without the headers of proxies in front.
enum Stripped<'a> {
    /// All headers are gone.
    Whole(&'a [u8]),
    /// One is not there as a whole.
    Partly(&'a [u8]),
    /// One is none.
    Invalid(&'a [u8]),
}

/// Takes the headers of proxies off: one behind another may add a header of its own.
fn strip_proxies<'a>(mut rest: &'a [u8], client: &mut Option<SocketAddress>) -> Stripped<'a> {
    while classify(rest) == Classification::ProxyProtocol {
        match proxy::parse(rest) {
            Proxy::Header(length, named) => {
                *client = named;
                rest = rest.get(length..).unwrap_or_default();
            }
            Proxy::NeedMore => return Stripped::Partly(rest),
            Proxy::Invalid => return Stripped::Invalid(rest),
        }
    }
    Stripped::Whole(rest)
}
