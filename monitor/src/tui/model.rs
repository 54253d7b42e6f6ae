//! What the terminal UI knows: a bounded digest of the outputs that reached it.

use std::collections::VecDeque;
use std::sync::Arc;

use self::connections::{ConnectionFacts, ConnectionSummary, Connections};
use self::destinations::Destinations;
use self::endpoints::Endpoints;
use self::findings::Findings;
use self::party::{Pair, Parties};
use self::rate::RateWindow;
use self::series::{Interval, Series};
use self::services::Services;
use crate::capture::status::CaptureStatus;
use crate::pipeline::coverage::ProcessCoverage;
use crate::pipeline::input::Stage;
use crate::pipeline::output::{ConnectionId, CoverageGap, Exchange, LossReport, Observed, Output};
use crate::pipeline::stats::Stats;
use crate::pipeline::time::Timestamp;

/// Connections, open and closed.
pub(crate) mod connections;
/// Identity × destination rows.
pub(crate) mod destinations;
/// Service × method × route rows.
pub(crate) mod endpoints;
/// Open findings.
pub(crate) mod findings;
/// What findings say of rows.
pub(crate) mod judgements;
/// Durations in buckets.
pub(crate) mod latency;
/// Who is at the ends.
pub(crate) mod party;
/// Events a second.
pub(crate) mod rate;
/// Counts over time.
pub(crate) mod series;
/// Services.
pub(crate) mod services;
/// Bounded tables of rows.
pub(crate) mod shelf;
/// From outputs to counts.
mod take;
/// What exchanges add up to.
pub(crate) mod traffic;
/// The span of time that is looked at.
pub(crate) mod window;

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

/// Everything that is shown. Every table is bounded.
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
    /// Service × method × route rows.
    pub(crate) endpoints: Endpoints,
    /// Services.
    pub(crate) services: Services,
    /// All exchanges over time.
    pub(crate) traffic: Series<Interval>,
    /// What was read of each process's traffic, as last told.
    pub(crate) coverage: Arc<[ProcessCoverage]>,
    /// Counts of the pipeline; none before the first snapshot.
    pub(crate) stats: Option<Stats>,
    /// The capture.
    pub(crate) status: CaptureStatus,
    /// Outputs that the UI was too slow to take.
    pub(crate) dropped: u64,
    /// The last report of loss.
    pub(crate) last_loss: Option<LossReport>,
    /// The span before the daemon's start in which nobody watched.
    pub(crate) coverage_gap: Option<CoverageGap>,
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
            endpoints: Endpoints::default(),
            services: Services::default(),
            traffic: Series::default(),
            coverage: Arc::default(),
            stats: None,
            status: CaptureStatus::default(),
            dropped: 0,
            last_loss: None,
            coverage_gap: None,
            connections: Connections::default(),
            exchange_rate: RateWindow::default(),
            last_change: started,
            next_exchange: 0,
        }
    }

    /// Nothing was seen yet, and no row has the id of one of before.
    pub(crate) fn restarted(&self, now: Timestamp) -> Self {
        Self {
            destinations: self.destinations.emptied(),
            endpoints: self.endpoints.emptied(),
            services: self.services.emptied(),
            next_exchange: self.next_exchange,
            ..Self::new(now)
        }
    }

    /// Takes one output.
    pub(crate) fn accept(&mut self, output: Output, now: Timestamp) {
        self.last_change = now;
        match output {
            Output::Connection(report) => self.connection(report, now),
            Output::Exchange(exchange) => self.exchange(exchange, now),
            Output::Tls(report) => self.handshake(*report, now),
            Output::Endpoint(report) => self.endpoint(&report, now),
            Output::Destination(report) => self.destination(&report, now),
            Output::Finding(finding) => self.findings.update(finding),
            Output::Loss(report) => self.last_loss = Some(report),
            Output::CoverageGap(gap) => self.coverage_gap = Some(gap),
        }
    }

    /// Takes what was read of each process's traffic.
    pub(crate) fn cover(&mut self, processes: Vec<ProcessCoverage>, now: Timestamp) {
        self.last_change = now;
        self.coverage = processes.into();
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

    /// All that is known of a connection.
    pub(crate) fn connection_facts(&self, id: ConnectionId) -> Option<ConnectionFacts> {
        self.connections.facts(id)
    }

    /// Which ends of an open connection live here, where that was told.
    pub(crate) fn observed(&self, id: ConnectionId) -> Option<Observed> {
        self.connections.find(id).and_then(|connection| connection.observed)
    }

    /// The busiest row of those that a finding is about.
    pub(crate) fn pair_of(&self, parties: &Parties) -> Option<&Pair> {
        let of_them = self.destinations.iter().filter(|(_, row)| {
            let ends = row.client_end.as_ref().zip(row.server.as_ref());
            ends.is_some_and(|(client, server)| parties.have_ends(client, server))
        });
        let told = match parties {
            Parties::Pair(pair) => self.destinations.key_of(pair),
            Parties::Service { .. } => None,
        };
        told.or_else(|| of_them.max_by_key(|(_, row)| row.totals().exchanges)?.0)
    }

    /// Entries of each table of connections: open, closed, handshakes.
    #[cfg(test)]
    pub(crate) fn connection_sizes(&self) -> [usize; 3] {
        self.connections.sizes()
    }

    /// Whether findings may be missing, so that their lack says nothing.
    pub(crate) fn may_lack_findings(&self) -> bool {
        let evicted = self.stats.as_ref().is_some_and(|stats| stats.detector_evictions > 0);
        self.dropped > 0 || self.findings.evicted() > 0 || evicted
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
}

/// Bytes of heads and bodies, as far as they are known.
pub(crate) fn bytes_of(exchange: &Exchange) -> u64 {
    exchange.bytes()
}

#[cfg(test)]
mod tests;
