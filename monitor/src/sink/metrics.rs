//! Prometheus metrics: the capture loop adds to plain numbers, a scrape copies
//! them and encodes the copy. docs/metrics.md lists every metric.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Sink;
use super::http::Refusal;
use crate::capture::status::CaptureStatus;
use crate::clock;
use crate::pipeline::output::{CoverageGap, Output};
use crate::pipeline::stats::Stats;
use crate::pipeline::time::{Timestamp, WallTime};
use crate::sandbox::Sandbox;
use budget::Budget;
pub use budget::MIN_SERIES;
use daemon::Daemon;
use exposition::Exposition;
use findings::Findings;
use label::label_value;
use traffic::Traffic;

/// How the series are shared out among the metrics of traffic.
mod budget;
/// Slots of the label sets seen lately.
mod cache;
/// Metrics of the capture: rings, programs, coverage, loss.
mod capture;
/// What the daemon alone knows.
mod daemon;
/// Metric families and their text.
mod exposition;
/// Findings by kind and severity.
mod findings;
/// Distribution of durations.
mod histogram;
/// Label values.
mod label;
/// Metrics of this process.
mod process;
/// A bounded table of label sets.
mod series;
/// Metrics of exchanges.
mod traffic;

/// Series of traffic unless the configuration says otherwise.
pub const DEFAULT_MAX_SERIES: usize = 2000;

/// Aggregates outputs and counts for scrapes.
#[derive(Debug)]
pub struct MetricsSink {
    state: Arc<Mutex<State>>,
    kernel: String,
}

impl MetricsSink {
    /// A sink whose metrics of traffic have at most `max_series` series, one line
    /// of a scrape each; fewer than [`MIN_SERIES`] are taken as that. `kernel` is
    /// the release of the running kernel.
    #[must_use]
    pub fn new(max_series: usize, kernel: &str) -> Self {
        let state = Arc::new(Mutex::new(State::new(max_series)));
        Self { state, kernel: label_value(kernel).into_owned() }
    }

    /// The other side: what a scrape reads.
    #[must_use]
    pub fn exporter(&self) -> Exporter {
        Exporter {
            state: Arc::clone(&self.state),
            kernel: self.kernel.clone(),
            boot_time: process::boot_time(),
            turned: Arc::default(),
        }
    }
}

impl Sink for MetricsSink {
    fn accept(&mut self, outputs: &[Output]) {
        if outputs.is_empty() {
            return;
        }
        let mut state = lock(&self.state);
        for output in outputs {
            match output {
                Output::Exchange(exchange) if exchange.progress.is_last() => {
                    state.traffic.count(exchange);
                }
                Output::Finding(finding) => state.findings.count(finding),
                // Sums of connections and losses are in the counts that `observe` takes, an
                // exchange that goes on is said again when it ends, the others are no counts.
                Output::Connection(_)
                | Output::Loss(_)
                | Output::CoverageGap(_)
                | Output::Exchange(_)
                | Output::Tls(_)
                | Output::Endpoint(_)
                | Output::Destination(_) => {}
            }
        }
    }

    fn observe(&mut self, stats: &Stats, status: &CaptureStatus) {
        let mut state = lock(&self.state);
        state.stats.clone_from(stats);
        state.status.clone_from(status);
    }
}

/// Whether the last reload of the configuration succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReloadOutcome {
    /// The new configuration is in force.
    Succeeded,
    /// The old configuration stays in force.
    Failed,
}

/// Whether a feature is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeatureState {
    /// It is.
    Enabled,
    /// Turned off, or not possible here.
    Disabled,
}

/// Renders scrapes, and takes what the daemon alone knows. Clones share it all.
#[derive(Clone, Debug)]
pub struct Exporter {
    state: Arc<Mutex<State>>,
    kernel: String,
    boot_time: Option<u64>,
    /// When the capture loop last turned; 0 before it has.
    turned: Arc<AtomicU64>,
}

impl Exporter {
    /// The metrics in the text format 0.0.4 of Prometheus. The capture loop waits
    /// only while the numbers are copied.
    #[must_use]
    pub fn render(&self) -> String {
        let snapshot = lock(&self.state).clone_numbers();
        let mut exposition = Exposition::default();
        snapshot.traffic.expose(&mut exposition);
        snapshot.findings.expose(&mut exposition);
        capture::expose(&snapshot.stats, &snapshot.status, &mut exposition);
        snapshot.daemon.expose(&self.kernel, &mut exposition);
        self.expose_lag(&mut exposition);
        process::expose(self.boot_time, &mut exposition);
        exposition.encode()
    }

    /// Tells that the capture loop has turned.
    pub fn report_turn(&self, now: Timestamp) {
        self.turned.store(now.0, Ordering::Relaxed);
    }

    fn expose_lag(&self, to: &mut Exposition) {
        let turned = Timestamp(self.turned.load(Ordering::Relaxed));
        if turned != Timestamp::default() {
            let help = "Time since the capture loop last turned; half a second at rest.";
            let lag = clock::monotonic().since(turned).as_secs_f64();
            to.gauge("apiwatch_loop_lag_seconds", help, lag);
        }
    }

    /// Tells that a configuration was read at the start, and what it allows.
    pub fn report_start(&self, memory_limit_bytes: u64, time: WallTime) {
        let mut state = lock(&self.state);
        state.daemon.memory_limit_bytes = memory_limit_bytes;
        state.daemon.reloaded = time;
    }

    /// Tells how the last reload of the configuration ended, and when.
    pub fn report_reload(&self, outcome: ReloadOutcome, time: WallTime) {
        let mut state = lock(&self.state);
        state.daemon.reload = outcome;
        if outcome == ReloadOutcome::Succeeded {
            state.daemon.reloaded = time;
        }
    }

    /// Tells how often state could not be saved.
    pub fn report_save_failures(&self, total: u64) {
        lock(&self.state).daemon.save_failures = total;
    }

    /// Tells that nobody watched until now.
    pub fn report_gap(&self, gap: CoverageGap) {
        lock(&self.state).daemon.gap = Some(gap);
    }

    /// Tells what the daemon has given up.
    pub fn report_sandbox(&self, sandbox: Sandbox) {
        lock(&self.state).daemon.sandbox = Some(sandbox);
    }

    /// Tells how many outputs a sink has dropped so far.
    pub fn report_dropped(&self, sink: &'static str, total: u64) {
        lock(&self.state).daemon.dropped.insert(sink, total);
    }

    /// Tells how many who asked for metrics were not served so far.
    pub fn report_refused(&self, refusal: Refusal, total: u64) {
        lock(&self.state).daemon.refused.insert(refusal.name(), total);
    }

    /// Tells whether a feature is in use.
    pub fn report_feature(&self, feature: &'static str, state: FeatureState) {
        lock(&self.state).daemon.features.insert(feature, state);
    }
}

#[derive(Debug)]
struct State {
    traffic: Traffic,
    findings: Findings,
    stats: Stats,
    status: CaptureStatus,
    daemon: Daemon,
}

/// The numbers of a [`State`], without its indexes.
struct Snapshot {
    traffic: traffic::Numbers,
    findings: findings::Numbers,
    stats: Stats,
    status: CaptureStatus,
    daemon: Daemon,
}

impl State {
    fn new(max_series: usize) -> Self {
        Self {
            traffic: Traffic::new(Budget::new(max_series)),
            findings: Findings::default(),
            stats: Stats::default(),
            status: CaptureStatus::default(),
            daemon: Daemon::default(),
        }
    }

    fn clone_numbers(&self) -> Snapshot {
        Snapshot {
            traffic: self.traffic.numbers(),
            findings: self.findings.numbers(),
            stats: self.stats.clone(),
            status: self.status.clone(),
            daemon: self.daemon.clone(),
        }
    }
}

/// A panic elsewhere leaves numbers that are still worth a scrape.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
