//! How long and how often everything is measured.

use super::tool::Tool;

/// What the options come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Seconds of load in one turn.
    pub(super) seconds: u32,
    /// Rounds of all tools at saturation.
    pub(super) rounds: u32,
    /// Rounds of all tools at a fixed rate.
    pub(super) fixed_rate_rounds: u32,
    /// Connections that are held to see what one takes.
    pub(super) connections: u32,
    /// Starts of the daemon.
    pub(super) starts: u32,
    /// Seconds of load that are recorded.
    pub(super) recorded_seconds: u32,
    /// Runs of the pipeline over a trace.
    pub(super) pipeline_runs: u32,
    /// Whether nothing else is measured.
    pub(super) pipeline_only: bool,
    /// Whether the peers are left out.
    pub(super) skip_peers: bool,
}

impl Plan {
    /// Under six minutes.
    pub(super) const FULL: Self = Self {
        seconds: 3,
        rounds: 4,
        fixed_rate_rounds: 2,
        connections: 20_000,
        starts: 5,
        recorded_seconds: 6,
        pipeline_runs: 15,
        pipeline_only: false,
        skip_peers: false,
    };
    /// Under one minute.
    pub(super) const QUICK: Self = Self {
        seconds: 1,
        rounds: 1,
        fixed_rate_rounds: 1,
        connections: 10_000,
        starts: 2,
        recorded_seconds: 1,
        pipeline_runs: 5,
        ..Self::FULL
    };

    /// The tools that are compared.
    pub(super) const fn tools(&self) -> &'static [Tool] {
        if self.skip_peers { &Tool::TIERS } else { &Tool::ALL }
    }
}
