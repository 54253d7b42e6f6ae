//! What the bytes of a connection say, for those who ask.

use std::sync::Arc;

use super::Connection;
use crate::pipeline::names::{Answer, Ignored};
use crate::pipeline::output::tls::Handshake;
use crate::pipeline::protocol::{Anomaly, ProtocolExchange, Session};
use crate::pipeline::time::Timestamp;

impl Connection {
    /// Bytes held in buffers.
    pub(crate) fn buffered(&self) -> usize {
        self.buffered
    }

    /// Gives up what is buffered: the next head is looked for instead.
    pub(crate) fn shed(&mut self) {
        self.session = Session::new(true);
        self.buffered = 0;
    }

    /// The TLS handshake that was just told.
    pub(crate) fn take_handshake(&mut self) -> Option<(Timestamp, Handshake)> {
        self.session.take_handshake()
    }

    /// Whether an open that was not said, or a handshake that was, is to be looked at.
    pub(crate) fn has_news(&self) -> bool {
        !self.reported || self.session.has_handshake()
    }

    /// Whether what is spoken goes to a server behind the one of this connection.
    pub(crate) fn is_in_tunnel(&self) -> bool {
        self.session.is_in_tunnel()
    }

    /// What the client calls the server in its hello, as soon as that is known.
    pub(crate) fn server_name(&self) -> Option<&Arc<str>> {
        self.session.server_name()
    }

    /// Whether it now has an exchange that goes on, where that is new.
    pub(crate) fn note_waiting(&mut self) -> Option<bool> {
        let is_waiting = self.session.is_waiting();
        let was_waiting = std::mem::replace(&mut self.is_waiting, is_waiting);
        (was_waiting != is_waiting).then_some(is_waiting)
    }

    /// Says what has gone on for long.
    pub(crate) fn say_open(&mut self, now: Timestamp, exchanges: &mut Vec<ProtocolExchange>) {
        self.session.say_open(now, exchanges);
    }

    /// Whether it carried something of DNS that was not taken.
    pub(crate) fn has_answer(&self) -> bool {
        self.session.has_answer()
    }

    /// What the next message of DNS says that the connection carried.
    pub(crate) fn poll_answer(&mut self) -> Option<Result<Answer, Ignored>> {
        self.session.poll_answer()
    }

    /// Bytes were sent again and were others.
    pub(crate) fn note_conflict(&mut self, time: Timestamp) {
        self.conflict = Some(time);
    }

    /// Marks an exchange that a conflict may be of: it had begun by then.
    pub(crate) fn mark_conflict(&self, exchange: &mut ProtocolExchange) {
        if self.conflict.is_some_and(|conflict| exchange.began <= conflict) {
            exchange.anomalies.push(Anomaly::TcpOverlapConflict);
            exchange.anomalies.sort_unstable();
        }
    }
}
