//! Where HTTP/1 ends and another protocol begins on the same connection: after a
//! response 101 (RFC 9110 section 7.8) and after 2xx to CONNECT (section 9.3.6).
//!
//! What the client sends after a request that may switch is held until its response
//! says whether it did: it is another protocol's bytes or the next request.

use super::fields::Upgrade;
use super::head::Kind;
use super::pairing::{self, Answer, Pending};
use super::{Feed, Http1, Side, State};
use crate::pipeline::output::{Auth, Method, Request};
use crate::pipeline::protocol::ProtocolExchange;
use crate::pipeline::protocol::anomaly::{Anomalies, Anomaly};
use crate::pipeline::time::Timestamp;

/// What a connection switched to.
pub(in crate::pipeline::protocol) struct Switch {
    pub(in crate::pipeline::protocol) to: SwitchTo,
    /// What the client sent after its request and before the response, in order: it
    /// comes before anything else is fed.
    pub(in crate::pipeline::protocol) held: Vec<u8>,
    /// Bytes of the client were missed: it is not known where its part begins.
    pub(in crate::pipeline::protocol) is_client_lost: bool,
}

/// Payload is secret, so it prints as its size.
impl std::fmt::Debug for Switch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Switch")
            .field("to", &self.to)
            .field("held", &format_args!("{} bytes", self.held.len()))
            .field("is_client_lost", &self.is_client_lost)
            .finish()
    }
}

/// To what.
#[derive(Debug)]
pub(in crate::pipeline::protocol) enum SwitchTo {
    /// Anything, from its start: a CONNECT was answered 2xx, or an upgrade to TLS
    /// (RFC 2817) with 101. The exchange has been said.
    Tunnel,
    /// WebSocket. The exchange has not been said.
    WebSocket {
        exchange: Box<ProtocolExchange>,
        /// permessage-deflate was agreed on (RFC 7692): the response says so.
        deflate: bool,
    },
    /// HTTP/2 (RFC 7540 section 3.2), which answers the request on its stream 1. The
    /// exchange has not been said.
    Http2(Box<Upgraded>),
    /// Something else. The exchange has been said.
    Other,
}

/// A request that HTTP/2 answers.
#[derive(Debug)]
pub(in crate::pipeline::protocol) struct Upgraded {
    pub(in crate::pipeline::protocol) request: Request,
    pub(in crate::pipeline::protocol) auth: Auth,
    pub(in crate::pipeline::protocol) anomalies: Anomalies,
    /// When its first byte came.
    pub(in crate::pipeline::protocol) began: Timestamp,
    /// When its last byte came.
    pub(in crate::pipeline::protocol) ended: Timestamp,
    /// When it was said last that the exchange goes on.
    pub(in crate::pipeline::protocol) said: Option<Timestamp>,
}

/// What the head of a response switches to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// What a CONNECT asked for.
    Tunnel,
    /// What the field Upgrade names.
    Upgrade { to: Upgrade, deflate: bool },
}

impl Http1 {
    /// What the connection switched to, once it did: no more is fed then.
    pub(in crate::pipeline::protocol) fn take_switch(&mut self) -> Option<Switch> {
        self.switched.take().map(|switched| *switched)
    }

    /// The response `answer` has ended, and HTTP/1 with it.
    pub(super) fn switch(&mut self, target: Target, answer: Answer, feed: &mut Feed<'_>) {
        let is_client_lost = matches!(self.requests.state, State::Body(_) | State::Lost(_));
        if let State::Body(body) = self.requests.state {
            // Its end is not known: what follows may be either protocol.
            self.end_request(body.bytes(), false, feed);
        }
        let to = match target {
            Target::Upgrade { to: Upgrade::WebSocket, deflate } => {
                let exchange = Box::new(self.pairing.take_answered(answer));
                SwitchTo::WebSocket { exchange, deflate }
            }
            Target::Upgrade { to: Upgrade::Http2, .. } => self.switch_to_http2(answer, feed),
            Target::Tunnel | Target::Upgrade { to: Upgrade::Tls, .. } => {
                self.pairing.answer(answer, feed.exchanges);
                SwitchTo::Tunnel
            }
            Target::Upgrade { to: Upgrade::Other, .. } => {
                self.pairing.answer(answer, feed.exchanges);
                SwitchTo::Other
            }
        };
        self.pairing.give_up(0, None, feed.exchanges);
        let held =
            if is_client_lost { Vec::new() } else { std::mem::take(&mut self.requests.buffer) };
        self.requests.buffer = Vec::new();
        self.requests.state = State::Opaque;
        self.responses.state = State::Opaque;
        self.switched = Some(Box::new(Switch { to, held, is_client_lost }));
    }

    fn switch_to_http2(&mut self, answer: Answer, feed: &mut Feed<'_>) -> SwitchTo {
        let Some(pending) = self.pairing.take_awaited() else {
            feed.exchanges.push(pairing::unasked(answer));
            return SwitchTo::Other;
        };
        SwitchTo::Http2(Box::new(Upgraded {
            request: pending.request,
            auth: pending.auth,
            anomalies: pending.anomalies,
            began: pending.began,
            ended: pending.ended.unwrap_or(feed.time),
            said: pending.said,
        }))
    }

    /// Keeps what follows a request that may switch.
    pub(super) fn hold(&mut self, bytes: &[u8], feed: &mut Feed<'_>) {
        let side = &mut self.requests;
        if side.buffer.is_empty() {
            side.began = feed.time;
        }
        if side.buffer.len() + bytes.len() > feed.limits.head_bytes as usize {
            if let Some(pending) = self.pairing.last_mut() {
                pending.anomalies.add(Anomaly::PendingOverflow);
            }
            return self.lose(Kind::Request, feed);
        }
        side.buffer.extend_from_slice(bytes);
        self.release(feed);
    }

    /// Goes on with what was held, once it is clear that the request before it did not
    /// switch, or that this will never be: the response, or what tells which response
    /// it is, was missed.
    pub(super) fn release(&mut self, feed: &mut Feed<'_>) {
        if !matches!(self.requests.state, State::Held) {
            return;
        }
        let is_lost = self.responses.is_lost();
        let is_answered = match self.pairing.waiting() {
            0 => true,
            1 => self.current.is_some(),
            _ => false,
        };
        if !is_lost && !is_answered {
            return;
        }
        // Where the response was missed, these may be the bytes of another protocol.
        self.requests.state = if is_lost { State::Lost(0) } else { State::Head };
        self.requests.looked_at = 0;
        let held = std::mem::take(&mut self.requests.buffer);
        self.advance(Kind::Request, &held, feed);
    }

    /// No response will come any more. What was held after an offer to upgrade is the
    /// next request, most likely; after CONNECT it may be anything.
    pub(super) fn release_at_end(&mut self, feed: &mut Feed<'_>) {
        let is_connect = |pending: &mut Pending| pending.request.method == Method::Connect;
        if matches!(self.requests.state, State::Held)
            && !self.pairing.last_mut().is_some_and(is_connect)
        {
            self.requests.state = State::Head;
            let held = std::mem::take(&mut self.requests.buffer);
            self.advance(Kind::Request, &held, feed);
        }
    }
}

impl Side {
    /// Whether its next message is looked for, or none is any more.
    pub(super) const fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost(_) | State::Opaque)
    }
}
