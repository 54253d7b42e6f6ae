//! What the daemon alone knows.

use std::collections::BTreeMap;

use super::exposition::{Exposition, label};
use super::{FeatureState, ReloadOutcome};
use crate::pipeline::output::CoverageGap;
use crate::pipeline::time::WallTime;
use crate::sandbox::Sandbox;

/// What the daemon alone knows.
#[derive(Clone, Debug)]
pub(super) struct Daemon {
    pub(super) reload: ReloadOutcome,
    /// When a configuration last came into force; 0 where nobody said.
    pub(super) reloaded: WallTime,
    pub(super) memory_limit_bytes: u64,
    pub(super) save_failures: u64,
    pub(super) sandbox: Option<Sandbox>,
    pub(super) gap: Option<CoverageGap>,
    pub(super) dropped: BTreeMap<&'static str, u64>,
    pub(super) refused: BTreeMap<&'static str, u64>,
    pub(super) features: BTreeMap<&'static str, FeatureState>,
}

impl Default for Daemon {
    fn default() -> Self {
        Self {
            // A daemon that runs has read its configuration.
            reload: ReloadOutcome::Succeeded,
            reloaded: WallTime::default(),
            memory_limit_bytes: 0,
            save_failures: 0,
            sandbox: None,
            gap: None,
            dropped: BTreeMap::new(),
            refused: BTreeMap::new(),
            features: BTreeMap::new(),
        }
    }
}

impl Daemon {
    pub(super) fn expose(&self, kernel: &str, to: &mut Exposition) {
        to.gauges(
            "apiwatch_build_info",
            "Version of apiwatch and of the kernel it runs on.",
            [(vec![label("version", env!("CARGO_PKG_VERSION")), label("kernel", kernel)], 1.0)],
        );
        self.expose_configuration(to);
        self.expose_gap(to);
        to.counter(
            "apiwatch_state_save_failures_total",
            "Times that what was learned, open findings, or the time of the last watch could not be saved.",
            self.save_failures,
        );
        to.gauges(
            "apiwatch_sandbox_info",
            "What the daemon has given up.",
            self.sandbox.map(|sandbox| {
                let capabilities = label("capabilities", sandbox.capabilities.name());
                (vec![capabilities, label("landlock", sandbox.landlock.name())], 1.0)
            }),
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
        to.counters(
            "apiwatch_scrapes_refused_total",
            "Connections and requests for metrics that were not served.",
            self.refused.iter().map(|(reason, total)| (vec![label("reason", reason)], *total)),
        );
    }

    /// What is not known is not a number, so that no alert takes it for short.
    fn expose_gap(&self, to: &mut Exposition) {
        let labels = |gap: &CoverageGap| vec![label("cause", gap.cause.name())];
        to.gauges(
            "apiwatch_coverage_gap_seconds",
            "How long nobody watched before this start; NaN where the clocks do not tell.",
            self.gap.iter().map(|gap| {
                (labels(gap), gap.duration.map_or(f64::NAN, |length| length.as_secs_f64()))
            }),
        );
        to.gauges(
            "apiwatch_coverage_gap_start_timestamp_seconds",
            "Since when nobody watched before this start, in seconds since unix epoch.",
            self.gap.iter().map(|gap| {
                (labels(gap), gap.since().map_or(f64::NAN, |since| since.0 as f64 / 1e9))
            }),
        );
    }

    fn expose_configuration(&self, to: &mut Exposition) {
        to.gauge(
            "apiwatch_config_last_reload_successful",
            "Whether the last reload of the configuration succeeded.",
            f64::from(u8::from(self.reload == ReloadOutcome::Succeeded)),
        );
        to.gauge(
            "apiwatch_config_last_reload_success_timestamp_seconds",
            "When a configuration last came into force, in seconds since unix epoch.",
            self.reloaded.0 as f64 / 1e9,
        );
        to.gauge(
            "apiwatch_memory_limit_bytes",
            "Memory that the daemon may take before it gives up what it can do without.",
            self.memory_limit_bytes as f64,
        );
    }
}
