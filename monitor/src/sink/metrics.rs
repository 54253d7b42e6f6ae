//! Prometheus metrics: the capture loop adds to plain numbers, a scrape copies
//! them and encodes the copy. docs/metrics.md lists every metric.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Sink;
use crate::capture::status::CaptureStatus;
use crate::pipeline::output::Output;
use crate::pipeline::stats::Stats;
use budget::Budget;
pub use budget::MIN_SERIES;
use exposition::{Exposition, label};
use findings::Findings;
use label::label_value;
use traffic::Traffic;

/// How the series are shared out among the metrics of traffic.
mod budget;
/// Slots of the label sets seen lately.
mod cache;
/// Metrics of the capture: rings, programs, coverage, loss.
mod capture;
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
        process::expose(self.boot_time, &mut exposition);
        exposition.encode()
    }

    /// Tells how the last reload of the configuration ended.
    pub fn report_reload(&self, outcome: ReloadOutcome) {
        lock(&self.state).daemon.reload = outcome;
    }

    /// Tells how many outputs a sink has dropped so far.
    pub fn report_dropped(&self, sink: &'static str, total: u64) {
        lock(&self.state).daemon.dropped.insert(sink, total);
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

/// What the daemon alone knows.
#[derive(Clone, Debug)]
struct Daemon {
    reload: ReloadOutcome,
    dropped: BTreeMap<&'static str, u64>,
    features: BTreeMap<&'static str, FeatureState>,
}

impl Default for Daemon {
    fn default() -> Self {
        // A daemon that runs has read its configuration.
        let reload = ReloadOutcome::Succeeded;
        Self { reload, dropped: BTreeMap::new(), features: BTreeMap::new() }
    }
}

impl Daemon {
    fn expose(&self, kernel: &str, to: &mut Exposition) {
        to.gauges(
            "apiwatch_build_info",
            "Version of apiwatch and of the kernel it runs on.",
            [(vec![label("version", env!("CARGO_PKG_VERSION")), label("kernel", kernel)], 1.0)],
        );
        to.gauge(
            "apiwatch_config_last_reload_successful",
            "Whether the last reload of the configuration succeeded.",
            f64::from(u8::from(self.reload == ReloadOutcome::Succeeded)),
        );
        to.gauges(
            "apiwatch_feature_enabled",
            "Whether a feature is in use.",
            self.features.iter().map(|(feature, state)| {
                let enabled = f64::from(u8::from(*state == FeatureState::Enabled));
                (vec![label("feature", feature)], enabled)
            }),
        );
        to.counters(
            "apiwatch_sink_dropped_total",
            "Outputs that a sink dropped because it was too slow.",
            self.dropped.iter().map(|(sink, total)| (vec![label("sink", sink)], *total)),
        );
    }
}

/// A panic elsewhere leaves numbers that are still worth a scrape.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
