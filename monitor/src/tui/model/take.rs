//! From outputs to counts: where each is put down.

use std::sync::Arc;

use super::connections::{Connection, NoRoom};
use super::destinations::Destination;
use super::endpoints::EndpointKey;
use super::party::{Pair, Party, Server};
use super::shelf::Entry;
use super::traffic::Step;
use super::{EXCHANGES, ExchangeEntry, Model, RowId, bytes_of};
use crate::pipeline::inventory::service_name;
use crate::pipeline::output::tls::Posture;
use crate::pipeline::output::{
    ConnectionEventKind, ConnectionId, ConnectionReport, DestinationReport, Encryption,
    EndpointReport, Ends, Exchange, Observed, TlsReport,
};
use crate::pipeline::time::Timestamp;

impl Model {
    pub(super) fn exchange(&mut self, exchange: Exchange, now: Timestamp) {
        let exchange = Arc::new(exchange);
        let bytes = self.keep(&exchange);
        let step = Step::of(&exchange, bytes);
        let observed = self.attribute(&exchange, bytes, now);
        self.pair(&exchange.ends, observed, now).count(&exchange, &step, now);
        if let Some(key) = EndpointKey::of(&exchange) {
            let endpoint = self.endpoints.entry(&key, now);
            endpoint.key = (!endpoint.is_rest()).then_some(key);
            endpoint.count(&exchange, &step, now);
        }
        let name = service_name(&exchange.ends);
        let service = self.services.entry(&name, now);
        service.name = (!service.is_rest()).then_some(name);
        service.count(&step, now);
        self.traffic.count(&step, now);
    }

    /// Keeps an exchange, in the place of what was said of it before; gives its bytes
    /// that were not counted.
    fn keep(&mut self, exchange: &Arc<Exchange>) -> u64 {
        let bytes = bytes_of(exchange);
        if !exchange.progress.is_first() {
            let key = |it: &Exchange| (it.connection, it.stream, it.time);
            let mut entries = self.exchanges.iter_mut().rev();
            if let Some(entry) = entries.find(|entry| key(&entry.exchange) == key(exchange)) {
                let before = bytes_of(&entry.exchange);
                entry.exchange = Arc::clone(exchange);
                return bytes.saturating_sub(before);
            }
        }
        if self.exchanges.len() >= EXCHANGES {
            self.exchanges.pop_front();
        }
        self.next_exchange += 1;
        let id = RowId(self.next_exchange);
        self.exchanges.push_back(ExchangeEntry { id, exchange: Arc::clone(exchange) });
        // How much of it moved before it was first heard of here is not known.
        if exchange.progress.is_first() { bytes } else { 0 }
    }

    /// An exchange says more of its connection than the report of its open could: who
    /// the ends are, and how it is protected.
    fn attribute(&mut self, exchange: &Exchange, bytes: u64, now: Timestamp) -> Option<Observed> {
        let encryption = if exchange.encrypted { Encryption::Tls } else { Encryption::Clear };
        let known = self.connections.find(exchange.connection).cloned();
        let known = known.unwrap_or_else(|| unheard_of(&exchange.ends));
        let observed = known.observed;
        let counted = known.counted.saturating_add(bytes);
        let connection =
            Connection { encryption, counted, ends: Arc::clone(&exchange.ends), ..known };
        self.put(exchange.connection, connection, now);
        let pair = self.pair(&exchange.ends, observed, now);
        pair.protection = pair.protection.with(encryption);
        observed
    }

    /// Puts down what is known of an open connection, and counts it where it belongs.
    fn put(&mut self, id: ConnectionId, connection: Connection, now: Timestamp) {
        let (ends, observed) = (Arc::clone(&connection.ends), connection.observed);
        match self.connections.put(id, connection) {
            Ok(None) => self.pair(&ends, observed, now).open += 1,
            Ok(Some(before)) => {
                if Arc::ptr_eq(&before.ends, &ends) && before.observed == observed {
                    return;
                }
                let pair = before.pair();
                if pair != Pair::of(&ends, observed) {
                    self.pair(&ends, observed, now).open += 1;
                    self.release(&pair);
                }
            }
            Err(NoRoom) => {}
        }
    }

    pub(super) fn connection(&mut self, report: ConnectionReport, now: Timestamp) {
        match report.event {
            ConnectionEventKind::Open => self.opened(&report, now),
            ConnectionEventKind::Close => self.closed(report, now),
        }
    }

    fn opened(&mut self, report: &ConnectionReport, now: Timestamp) {
        let known = self.connections.find(report.connection).cloned();
        let connection = Connection {
            observed: Some(report.observed),
            opened: Some(report.time),
            ..known.unwrap_or_else(|| Connection {
                encryption: report.encryption,
                ..unheard_of(&report.ends)
            })
        };
        let (ends, observed) = (Arc::clone(&connection.ends), connection.observed);
        self.put(report.connection, connection, now);
        let pair = self.pair(&ends, observed, now);
        pair.protection = pair.protection.with(report.encryption);
        pair.see(report.time);
    }

    /// Bytes that no exchange counted (all, where nothing could be parsed) are
    /// counted at the end.
    fn closed(&mut self, report: ConnectionReport, now: Timestamp) {
        let report = Arc::new(report);
        let known = self.connections.close(Arc::clone(&report));
        let counted = known.as_ref().map_or(0, |connection| connection.counted);
        let moved = report.bytes.to_server.saturating_add(report.bytes.to_client);
        let pair = self.pair(&report.ends, Some(report.observed), now);
        pair.add_bytes(moved.saturating_sub(counted));
        pair.protection = pair.protection.with(report.encryption);
        pair.see(report.time);
        if let Some(connection) = known {
            self.release(&connection.pair());
        }
    }

    pub(super) fn handshake(&mut self, report: TlsReport, now: Timestamp) {
        let known = self.connections.find(report.connection).cloned();
        let observed = known.as_ref().and_then(|known| known.observed);
        if let Some(known) = known {
            let encryption = Encryption::Tls;
            let connection = Connection { encryption, ends: Arc::clone(&report.ends), ..known };
            self.put(report.connection, connection, now);
        }
        let pair = self.pair(&report.ends, observed, now);
        pair.protection = pair.protection.with(Encryption::Tls);
        pair.see(report.time);
        let handshake = &report.handshake;
        if let (Some(version), Some(cipher)) = (handshake.version, handshake.cipher) {
            pair.posture = Some(Posture { version, cipher, group: handshake.group });
        }
        self.connections.shake_hands(Arc::new(report));
    }

    pub(super) fn endpoint(&mut self, report: &EndpointReport, now: Timestamp) {
        let key = EndpointKey::reported(report);
        let endpoint = self.endpoints.entry(&key, now);
        // The rest is a sum, and a report is one: it cannot take its place.
        if !endpoint.is_rest() {
            endpoint.key = Some(key);
            endpoint.report(report, now);
        }
    }

    pub(super) fn destination(&mut self, report: &DestinationReport, now: Timestamp) {
        let client = Party::Identity(Arc::clone(&report.identity));
        let pair = Pair { client, server: Server::of(&report.server) };
        let destination = self.destinations.entry(&pair, now);
        if !destination.is_rest() {
            destination.client = Some(pair.client);
            destination.touch(now);
            destination.report(report);
        }
    }

    /// The row of the ends of a connection.
    fn pair(
        &mut self,
        ends: &Ends,
        observed: Option<Observed>,
        now: Timestamp,
    ) -> &mut Destination {
        let pair = Pair::of(ends, observed);
        let destination = self.destinations.entry(&pair, now);
        destination.touch(now);
        if !destination.is_rest() {
            destination.client = Some(pair.client);
            destination.meet(ends);
        }
        destination
    }

    /// One connection of a pair is no longer open, or belongs to another pair after
    /// all; a pair of which nothing else was said is forgotten.
    fn release(&mut self, pair: &Pair) {
        let Some(destination) = self.destinations.counted(pair) else { return };
        destination.open = destination.open.saturating_sub(1);
        if destination.is_empty() {
            self.destinations.remove(pair);
        }
    }
}

fn unheard_of(ends: &Arc<Ends>) -> Connection {
    let (observed, opened) = (None, None);
    let (ends, encryption) = (Arc::clone(ends), Encryption::Unknown);
    Connection { observed, encryption, ends, opened, counted: 0 }
}
