//! What is said of a connection: to the outputs, and to the detectors.

use std::sync::Arc;

use super::Pipeline;
use super::detect::Observation;
use super::input::Cookie;
use super::output::{ConnectionEventKind, Exchange, Output};
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

    /// Says the exchanges that were just completed.
    pub(super) fn say_exchanges(&mut self, slot: Slot) {
        if self.completed.is_empty() {
            return;
        }
        if self.connections.get(slot).is_some_and(|it| !it.reported) {
            self.say_open(slot, self.now);
        }
        let moment = self.moment();
        let Some(connection) = self.connections.get_mut(slot) else { return };
        let observed = connection.observed();
        for mut completed in self.completed.drain(..) {
            connection.mark_conflict(&mut completed);
            let exchange = Exchange {
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
            };
            connection.unreported_requests += u64::from(exchange.request.is_some());
            self.stats.exchanges += 1;
            self.stats.exchanges_incomplete += u64::from(!exchange.is_complete());
            let observation = Observation::Exchange { exchange: &exchange, observed };
            self.detectors.observe(observation, moment);
            self.outputs.push_back(Output::Exchange(exchange));
        }
    }

    /// Tells the detectors what a connection moved since they last heard.
    pub(super) fn say_traffic(&mut self, slot: Slot, cookie: Cookie) {
        let moment = self.moment();
        let Some(connection) = self.connections.get_mut(slot) else { return };
        if connection.reader() != cookie {
            return;
        }
        connection.is_active = false;
        let bytes = std::mem::take(&mut connection.unreported_bytes);
        let requests = std::mem::take(&mut connection.unreported_requests);
        if bytes == 0 && requests == 0 {
            return;
        }
        let (ends, observed) = (connection.ends(), connection.observed());
        self.detectors.observe(Observation::Traffic { ends, observed, bytes, requests }, moment);
    }
}
