//! What the terminal UI knows: a bounded digest of the outputs that reached it.

use std::collections::VecDeque;
use std::sync::Arc;

use self::connections::{Connection, ConnectionSummary, Connections};
use self::destinations::{Destination, DestinationKey, Destinations};
use self::findings::Findings;
use self::rate::RateWindow;
use crate::capture::status::CaptureStatus;
use crate::pipeline::input::Stage;
use crate::pipeline::output::{
    ConnectionEventKind, ConnectionReport, Encryption, Exchange, LossReport, Output,
};
use crate::pipeline::stats::Stats;
use crate::pipeline::time::Timestamp;

/// Open connections.
pub(crate) mod connections;
/// Identity × destination rows.
pub(crate) mod destinations;
/// Open findings.
pub(crate) mod findings;
/// Durations in buckets.
pub(crate) mod latency;
/// Events a second.
pub(crate) mod rate;

/// Names a row of a table for as long as the row exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowId(pub(crate) u64);

/// An exchange as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct ExchangeEntry {
    /// Rises with each exchange.
    pub(crate) id: RowId,
    /// The exchange; shared so that a frozen view costs little.
    pub(crate) exchange: Arc<Exchange>,
}

/// Exchanges kept.
const EXCHANGES: usize = 2_000;

/// Everything that is shown.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    /// When the UI started to listen.
    pub(crate) started: Timestamp,
    /// The last exchanges, oldest first.
    pub(crate) exchanges: VecDeque<ExchangeEntry>,
    /// Open findings.
    pub(crate) findings: Findings,
    /// Identity × destination rows.
    pub(crate) destinations: Destinations,
    /// Counts of the pipeline; none before the first snapshot.
    pub(crate) stats: Option<Stats>,
    /// The capture.
    pub(crate) status: CaptureStatus,
    /// Outputs that the UI was too slow to take.
    pub(crate) dropped: u64,
    /// The last report of loss.
    pub(crate) last_loss: Option<LossReport>,
    connections: Connections,
    exchange_rate: RateWindow,
    last_change: Timestamp,
    next_exchange: u64,
}

impl Model {
    /// Nothing was seen yet.
    pub(crate) fn new(started: Timestamp) -> Self {
        Self {
            started,
            exchanges: VecDeque::new(),
            findings: Findings::default(),
            destinations: Destinations::default(),
            stats: None,
            status: CaptureStatus::default(),
            dropped: 0,
            last_loss: None,
            connections: Connections::default(),
            exchange_rate: RateWindow::default(),
            last_change: started,
            next_exchange: 0,
        }
    }

    /// Takes one output.
    pub(crate) fn accept(&mut self, output: Output, now: Timestamp) {
        self.last_change = now;
        match output {
            Output::Connection(report) => self.connection(&report, now),
            Output::Exchange(exchange) => self.exchange(exchange, now),
            Output::Finding(finding) => self.findings.update(&finding),
            Output::Loss(report) => self.last_loss = Some(report),
            // Their screens are not there yet.
            Output::Tls(_) | Output::Endpoint(_) | Output::Destination(_) => {}
        }
    }

    /// Takes the newest counts; says whether they differ from the last ones.
    pub(crate) fn observe(&mut self, stats: Stats, status: CaptureStatus, now: Timestamp) -> bool {
        if self.stats.as_ref() == Some(&stats) && self.status == status {
            return false;
        }
        if let Some(before) = &self.stats {
            self.exchange_rate.add(stats.exchanges.saturating_sub(before.exchanges), now);
        }
        self.last_change = now;
        self.stats = Some(stats);
        self.status = status;
        true
    }

    /// Exchanges a second over the last ten seconds, by the pipeline's count.
    pub(crate) fn exchange_rate(&self, now: Timestamp) -> f64 {
        self.exchange_rate.rate(self.started, now)
    }

    /// Open connections by what is known of them.
    pub(crate) fn connections(&self) -> ConnectionSummary {
        self.connections.summary()
    }

    /// Records lost before the pipeline or in it. The rings' own counts are ahead of
    /// the reports of loss, so the larger of the two holds.
    pub(crate) fn lost(&self) -> u64 {
        let reported = |of: fn(Stage) -> bool| -> u64 {
            let lost = self.stats.iter().flat_map(|stats| &stats.lost);
            lost.filter(|((stage, _), _)| of(*stage)).map(|(_, count)| count).sum()
        };
        let rings = reported(|stage| matches!(stage, Stage::DataRing | Stage::ControlRing));
        let tables = reported(|stage| matches!(stage, Stage::KernelTable | Stage::Pipeline));
        rings.max(self.status.data.lost + self.status.control.lost) + tables
    }

    /// Share of moved bytes that were not read, from 0 to 1; none before any moved.
    pub(crate) fn uncaptured(&self) -> Option<f64> {
        let stats = self.stats.as_ref().filter(|stats| stats.moved_bytes > 0)?;
        let uncaptured: u64 = stats.uncaptured_bytes.values().sum();
        Some(uncaptured as f64 / stats.moved_bytes as f64)
    }

    /// When anything last changed.
    pub(crate) fn last_change(&self) -> Timestamp {
        self.last_change
    }

    fn exchange(&mut self, exchange: Exchange, now: Timestamp) {
        let bytes = bytes_of(&exchange);
        self.attribute(&exchange, bytes, now);
        self.destinations.entry(&exchange.ends, now).count(&exchange, bytes, now);
        if self.exchanges.len() >= EXCHANGES {
            self.exchanges.pop_front();
        }
        self.next_exchange += 1;
        let id = RowId(self.next_exchange);
        self.exchanges.push_back(ExchangeEntry { id, exchange: Arc::new(exchange) });
    }

    /// An exchange says more of its connection than the report of its open could:
    /// who the ends are, and how it is protected.
    fn attribute(&mut self, exchange: &Exchange, bytes: u64, now: Timestamp) {
        let encryption = if exchange.encrypted { Encryption::Tls } else { Encryption::Clear };
        let key = DestinationKey::of(&exchange.ends);
        let destination = self.destinations.entry(&exchange.ends, now);
        destination.protection = destination.protection.with(encryption);
        let mut is_new = false;
        let Some(connection) = self.connections.entry(exchange.connection, || {
            is_new = true;
            Connection { observed: None, encryption, destination: key.clone(), counted: 0 }
        }) else {
            return;
        };
        connection.encryption = encryption;
        connection.counted = connection.counted.saturating_add(bytes);
        if is_new {
            destination.open += 1;
        } else if connection.destination != key {
            destination.open += 1;
            let before = std::mem::replace(&mut connection.destination, key);
            self.destinations.release(&before);
        }
    }

    fn connection(&mut self, report: &ConnectionReport, now: Timestamp) {
        match report.event {
            ConnectionEventKind::Open => self.opened(report, now),
            ConnectionEventKind::Close => self.closed(report, now),
        }
    }

    fn opened(&mut self, report: &ConnectionReport, now: Timestamp) {
        let key = DestinationKey::of(&report.ends);
        let mut is_new = false;
        let Some(connection) = self.connections.entry(report.connection, || {
            is_new = true;
            let encryption = report.encryption;
            Connection { observed: None, encryption, destination: key, counted: 0 }
        }) else {
            return;
        };
        connection.observed = Some(report.observed);
        if is_new {
            let destination = self.destinations.entry(&report.ends, now);
            destination.open += 1;
            destination.last_seen = now;
        }
    }

    /// Bytes that no exchange counted (all, where nothing could be parsed) are
    /// counted at the end.
    fn closed(&mut self, report: &ConnectionReport, now: Timestamp) {
        let known = self.connections.remove(report.connection);
        let counted = known.as_ref().map_or(0, |connection| connection.counted);
        let moved = report.bytes.to_server.saturating_add(report.bytes.to_client);
        let destination: &mut Destination = self.destinations.entry(&report.ends, now);
        destination.bytes = destination.bytes.saturating_add(moved.saturating_sub(counted));
        destination.protection = destination.protection.with(report.encryption);
        destination.last_seen = now;
        if let Some(connection) = known {
            self.destinations.release(&connection.destination);
        }
    }
}

/// Bytes of heads and bodies, as far as they are known.
pub(crate) fn bytes_of(exchange: &Exchange) -> u64 {
    exchange.bytes()
}

#[cfg(test)]
mod tests;
