//! What the daemon is and how it fares: the record of type `status`.

use crate::capture::status::CaptureStatus;
use crate::pipeline::coverage::ProcessCoverage;
use crate::pipeline::stats::Stats;
use crate::pipeline::time::WallTime;

/// What the daemon is and how it fares.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// When it is said.
    pub time: WallTime,
    /// Name of the host.
    pub host: String,
    /// Release of the kernel.
    pub kernel: String,
    /// Version of apiwatch.
    pub version: String,
    /// Process id of the daemon.
    pub pid: u32,
    /// When the daemon started to watch.
    pub started: WallTime,
    /// The configuration file in force; none for the built-in defaults.
    pub config: Option<String>,
    /// Whether the last reload succeeded; none where there was none.
    pub reload_succeeded: Option<bool>,
    /// Memory of the daemon in bytes.
    pub memory_bytes: u64,
    /// What it may take before it gives up what it can do without.
    pub memory_limit_bytes: u64,
    /// Clients of the control socket.
    pub clients: u32,
    /// Outputs that each sink dropped, by its name.
    pub sinks: Vec<(String, u64)>,
    /// Counts of the pipeline.
    pub stats: Stats,
    /// The capture.
    pub capture: CaptureStatus,
    /// What was read of each process's traffic.
    pub processes: Vec<ProcessCoverage>,
}
