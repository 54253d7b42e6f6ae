//! How the series are shared out among the metrics of traffic. Each has a share of
//! its own, so that a flood of label sets in one does not silence the others.

use super::histogram::LINES_OF_HISTOGRAM;

/// Lines of a child of the body metrics: one for each way.
const LINES_OF_BODIES: usize = 2;

/// Fewest series of traffic: the `_other` child of every metric.
pub const MIN_SERIES: usize = LINES_OF_HISTOGRAM + LINES_OF_BODIES + 1;

/// Children of each metric, its `_other` child included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    pub(super) durations: usize,
    pub(super) requests: usize,
    pub(super) bodies: usize,
}

impl Budget {
    /// Half of the lines to the durations, 15 % to the bodies, the rest to the requests.
    pub(super) fn new(max_series: usize) -> Self {
        let lines = max_series.max(MIN_SERIES);
        let durations = (lines / 2 / LINES_OF_HISTOGRAM).max(1);
        let bodies = (lines / 20 * 3 / LINES_OF_BODIES).max(1);
        let requests =
            lines.saturating_sub(durations * LINES_OF_HISTOGRAM + bodies * LINES_OF_BODIES).max(1);
        Self { durations, requests, bodies }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_never_exceed_the_whole_and_no_metric_goes_without() {
        for max_series in 0..5000 {
            let Budget { durations, requests, bodies } = Budget::new(max_series);
            let lines = durations * LINES_OF_HISTOGRAM + bodies * LINES_OF_BODIES + requests;
            assert!(lines <= max_series.max(MIN_SERIES), "{max_series}: {lines}");
            assert!(durations >= 1 && requests >= 1 && bodies >= 1);
        }
    }

    #[test]
    fn the_default_is_the_documented_one() {
        let budget = Budget::new(crate::sink::metrics::DEFAULT_MAX_SERIES);
        assert_eq!(budget, Budget { durations: 50, requests: 700, bodies: 150 });
    }
}
