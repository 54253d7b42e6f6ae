//! TLS handshakes (RFC 8446, RFC 5246 and those before), from both ways of a connection.
//!
//! Only what is in the clear is read: the hellos and, up to TLS 1.2, certificates and key
//! exchanges. One handshake is told, when all that can be known of it is known; from then
//! on nothing is held and nothing is looked at.

use std::sync::Arc;

use self::listening::{Feed, Listening};
use super::{Delivery, Way};
use crate::pipeline::output::tls::Handshake;
use crate::pipeline::settings::Limits;
use crate::pipeline::time::Timestamp;

/// Facts of a certificate.
mod certificate;
/// The certificates of a server.
mod chain;
/// The hello of a client.
mod client_hello;
/// Extensions of both hellos.
mod extension;
/// The JA4 fingerprint of a client.
mod ja4;
/// The key exchange of a server.
mod key_exchange;
/// A handshake that goes on.
mod listening;
/// Handshake messages in records.
mod message;
/// Numbers and vectors.
mod reader;
/// The record layer.
mod record;
/// The hello of a server.
mod server_hello;
/// The name that a client asks for.
mod server_name;
/// Ids of sessions.
mod session;
/// What both sides have said so far.
mod talk;

/// Most bytes of a hello, and of a certificate. Browsers send 2 KiB with ML-KEM; together
/// both ways hold at most 64 KiB.
const MESSAGE_BYTES: usize = 32 * 1024;

/// A TLS connection, until its handshake is told.
#[derive(Debug)]
pub(super) struct Tls {
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// More can be known.
    Listening(Box<Listening>),
    /// All is known and was not taken yet.
    Ready(Box<(Timestamp, Handshake)>),
    /// Nothing more is to be told.
    Over,
}

impl Tls {
    /// A connection; `midstream` where bytes before may have been missed: then only a hello
    /// that is whole and right is believed.
    pub(super) fn new(midstream: bool) -> Self {
        Self { stage: Stage::Listening(Box::new(Listening::new(midstream))) }
    }

    /// Takes the next part of one way.
    pub(super) fn feed(
        &mut self,
        limits: &Limits,
        way: Way,
        delivery: Delivery<'_>,
        time: Timestamp,
    ) {
        let Stage::Listening(listening) = &mut self.stage else { return };
        match delivery {
            Delivery::Bytes(bytes) => {
                let most = MESSAGE_BYTES.min(limits.stream_bytes as usize);
                listening.take(way, bytes, &Feed { most, time });
            }
            Delivery::Gap(_) | Delivery::GapToldBefore(_) => listening.miss(way),
            Delivery::End => listening.end(way),
        }
        if listening.is_settled() {
            self.stage = match listening.conclude() {
                Some(told) => Stage::Ready(Box::new(told)),
                None => Stage::Over,
            };
        }
    }

    /// The handshake and when its last part came, once.
    pub(super) fn take_handshake(&mut self) -> Option<(Timestamp, Handshake)> {
        if !matches!(self.stage, Stage::Ready(_)) {
            return None;
        }
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Ready(told) => Some(*told),
            Stage::Listening(_) | Stage::Over => None,
        }
    }

    /// What the client calls the server, once its hello is there.
    pub(super) fn server_name(&self) -> Option<&Arc<str>> {
        match &self.stage {
            Stage::Listening(listening) => listening.server_name(),
            Stage::Ready(_) | Stage::Over => None,
        }
    }

    /// Whether the hello of the client is still to come.
    pub(super) fn awaits_client(&self) -> bool {
        matches!(&self.stage, Stage::Listening(listening) if listening.awaits_client())
    }

    /// Bytes held in buffers.
    pub(super) fn buffered(&self) -> usize {
        match &self.stage {
            Stage::Listening(listening) => listening.buffered(),
            Stage::Ready(_) | Stage::Over => 0,
        }
    }

    /// Nothing more is to be told: nothing is held, and what is fed is not looked at.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }
}

#[cfg(test)]
pub(super) mod tests;
