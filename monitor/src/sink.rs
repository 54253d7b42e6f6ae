//! Where outputs go. A sink never blocks: what it cannot take it drops and counts.

use crate::capture::status::CaptureStatus;
use crate::pipeline::coverage::ProcessCoverage;
use crate::pipeline::output::Output;
use crate::pipeline::stats::Stats;

/// JSON lines to a file or pipe that may block.
pub mod blocking;
/// The HTTP server of `/metrics`.
pub mod http;
/// Outputs as JSON lines.
pub mod json;
/// Prometheus metrics.
pub mod metrics;
/// Names of the pipeline's words in records and metrics.
pub mod name;
/// Which records a consumer wants.
pub mod record_type;
/// Outputs for tests.
#[cfg(test)]
pub(crate) mod sample;
/// JSON lines to standard output, never blocking.
pub mod stdout;

/// Takes outputs as they come.
pub trait Sink: Send {
    /// Takes the outputs of one turn of the capture loop. Must not block.
    fn accept(&mut self, outputs: &[Output]);

    /// Takes the counts, about ten times a second. Must not block.
    fn observe(&mut self, _stats: &Stats, _status: &CaptureStatus) {}

    /// Whether it wants all that is known now: someone came late.
    fn wants_snapshot(&self) -> bool {
        false
    }

    /// Takes all that is known now, soon after it was wanted. Must not block.
    fn snapshot(&mut self, _outputs: Vec<Output>) {}

    /// Whether it wants to know what was read of each process's traffic.
    fn wants_coverage(&self) -> bool {
        false
    }

    /// Takes what was read of each process's traffic, every other second while it is
    /// wanted. Must not block.
    fn cover(&mut self, _processes: &[ProcessCoverage]) {}

    /// Whether whoever reads from the sink is gone for good.
    fn is_closed(&self) -> bool {
        false
    }

    /// Outputs dropped so far because the sink was too slow.
    fn dropped(&self) -> u64 {
        0
    }
}
