//! What the exchanges of a row add up to.

use std::time::Duration;

use super::latency::Latency;
use super::series::{Series, Tally};
use super::window::Span;
use crate::pipeline::output::{Exchange, Quantiles};
use crate::pipeline::time::Timestamp;

/// What one word on an exchange adds: its first counts it, its last measures it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) exchanges: u32,
    pub(crate) errors: u32,
    pub(crate) bytes: u64,
    /// How long it took, where it has ended.
    pub(crate) duration: Option<Duration>,
}

impl Step {
    /// What is new of an exchange of which `bytes` were not counted before.
    pub(crate) fn of(exchange: &Exchange, bytes: u64) -> Self {
        let is_last = exchange.progress.is_last();
        Self {
            exchanges: exchange.progress.is_first().into(),
            errors: (is_last && exchange.is_error()).into(),
            bytes,
            duration: exchange.duration.filter(|_| is_last),
        }
    }
}

/// What the exchanges of a row add up to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traffic {
    /// Since the last report that counted them, or since the start.
    pub(crate) totals: Totals,
    /// Over the last hour.
    pub(crate) series: Series<Tally>,
    /// Durations since the start.
    latency: Latency,
}

/// Plain counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) exchanges: u64,
    pub(crate) errors: u64,
    pub(crate) bytes: u64,
}

impl Totals {
    /// Both together.
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self {
            exchanges: self.exchanges.saturating_add(other.exchanges),
            errors: self.errors.saturating_add(other.errors),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}

impl Traffic {
    /// Counts one step.
    pub(crate) fn count(&mut self, step: &Step, now: Timestamp) {
        let Step { exchanges, errors, bytes, duration } = *step;
        let (exchanges, errors) = (exchanges.into(), errors.into());
        self.totals = self.totals.plus(Totals { exchanges, errors, bytes });
        if exchanges + errors > 0 {
            self.series.count(step, now);
        }
        if let Some(duration) = duration {
            self.latency.add(duration);
        }
    }

    /// Takes over the totals of a row that makes room; its course over time is forgotten.
    pub(crate) fn absorb(&mut self, other: &Self) {
        self.totals = self.totals.plus(other.totals);
        self.latency.merge(&other.latency);
    }

    /// The duration that `percent` of the exchanges do not exceed; before any was seen
    /// to its end, what was `reported`.
    pub(crate) fn quantile(&self, percent: u64, reported: Option<&Quantiles>) -> Option<Duration> {
        self.latency.quantile(percent).or_else(|| {
            reported.map(|quantiles| if percent <= 50 { quantiles.p50 } else { quantiles.p99 })
        })
    }

    /// Exchanges and errors of a span.
    pub(crate) fn tally(&self, span: Span) -> Tally {
        self.series.total(span.window, span.now)
    }
}
