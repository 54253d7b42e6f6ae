//! What is said of a connection: to the outputs, and to the detectors.

use std::sync::Arc;

use super::Pipeline;
use super::detect::Observation;
use super::input::Cookie;
use super::output::{ConnectionEventKind, Exchange, Name, NameSource, Output, TlsReport};
use super::table::Slot;
use super::time::Timestamp;

impl Pipeline {
    /// Reports an open once.
    pub(super) fn say_open(&mut self, slot: Slot, time: Timestamp) {
        let moment = self.moment();
        let time = self.wall_offset.wall(time);
        let Some(connection) = self.connections.get_mut(slot) else { return };
        if std::mem::replace(&mut connection.reported, true) {
            return;
        }
        let report = connection.report(ConnectionEventKind::Open, time);
        self.detectors.observe(
            Observation::Connected {
                connection: report.connection,
                ends: &report.ends,
                observed: report.observed,
            },
            moment,
        );
        self.outputs.push_back(Output::Connection(report));
    }

    /// Names the server as a hello does, says an open that has waited for that, and the
    /// handshake once it is told.
    pub(super) fn say_handshake(&mut self, slot: Slot) {
        let Some(connection) = self.connections.get_mut(slot) else { return };
        let told = connection.take_handshake();
        if connection.reported && told.is_none() {
            return;
        }
        let named =
            told.as_ref().and_then(|(_, handshake)| handshake.offered.as_ref()?.sni.clone());
        if !connection.is_in_tunnel()
            && let Some(text) = named.or_else(|| connection.server_name().cloned())
        {
            connection.set_name(Name { text, source: NameSource::Sni });
        }
        if !connection.reported && (told.is_some() || connection.is_settled()) {
            self.say_open(slot, self.now);
        }
        let Some((time, handshake)) = told else { return };
        let moment = self.moment();
        let Some(connection) = self.connections.get_mut(slot) else { return };
        let report = TlsReport {
            connection: connection.id(),
            time: self.wall_offset.wall(time),
            ends: Arc::clone(connection.ends()),
            handshake: Arc::new(handshake),
        };
        self.stats.handshakes += 1;
        let observed = connection.observed();
        self.inventory.observe_tls(&report, observed, moment);
        self.detectors.observe(Observation::Tls { report: &report, observed }, moment);
        self.outputs.push_back(Output::Tls(Box::new(report)));
    }

    /// Says the exchanges that were just completed.
    pub(super) fn say_exchanges(&mut self, slot: Slot) {
        if self.completed.is_empty() {
            return;
        }
        let Some(connection) = self.connections.get_mut(slot) else { return };
        for completed in &mut self.completed {
            connection.name_by(completed);
            connection.mark_conflict(completed);
        }
        if !connection.reported {
            self.say_open(slot, self.now);
        }
        let moment = self.moment();
        let Some(connection) = self.connections.get_mut(slot) else { return };
        let observed = connection.observed();
        for completed in self.completed.drain(..) {
            // Built where it stays: it is large.
            self.outputs.push_back(Output::Exchange(Exchange {
                connection: connection.id(),
                stream: completed.stream,
                progress: completed.progress,
                time: self.wall_offset.wall(completed.began),
                ends: Arc::clone(connection.ends()),
                protocol: completed.protocol,
                encrypted: false,
                source: connection.source(),
                request: completed.request,
                route: None,
                response: completed.response,
                duration: completed.duration,
                ttfb: completed.ttfb,
                auth: completed.auth,
                grpc: completed.grpc,
                websocket: completed.websocket,
                anomalies: completed.anomalies,
            }));
            let Some(Output::Exchange(exchange)) = self.outputs.back_mut() else { continue };
            self.inventory.observe_exchange(exchange, observed, moment);
            if exchange.progress.is_first() {
                connection.unreported_requests += u64::from(exchange.request.is_some());
                self.stats.exchanges += 1;
                let observation = Observation::Exchange { exchange, observed };
                self.detectors.observe(observation, moment);
            }
            if exchange.progress.is_last() {
                self.stats.exchanges_incomplete += u64::from(!exchange.is_complete());
            }
        }
    }

    /// The detectors hear of its traffic with the next tick.
    pub(super) fn note_active(&mut self, slot: Slot, cookie: Cookie) {
        if let Some(connection) = self.connections.get_mut(slot)
            && !std::mem::replace(&mut connection.is_active, true)
        {
            self.active.push((slot, cookie));
        }
    }

    /// Tells the inventory and the detectors what a connection moved since they last heard.
    pub(super) fn say_traffic(&mut self, slot: Slot, cookie: Cookie) {
        let moment = self.moment();
        let Some(connection) = self.connections.get_mut(slot) else { return };
        if connection.reader() != cookie {
            return;
        }
        connection.is_active = false;
        let mut told = connection.told;
        self.inventory.observe_traffic(&mut told, &connection.traffic(), moment);
        connection.told = told;
        let bytes = std::mem::take(&mut connection.unreported_bytes);
        let requests = std::mem::take(&mut connection.unreported_requests);
        if bytes == 0 && requests == 0 {
            return;
        }
        let (ends, observed) = (connection.ends(), connection.observed());
        self.detectors.observe(Observation::Traffic { ends, observed, bytes, requests }, moment);
    }
}
