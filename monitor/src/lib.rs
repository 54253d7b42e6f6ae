//! apiwatch: API traffic seen from inside the kernel.
//!
//! Dependency direction: `daemon → {capture, trace, config, sink, tui} → pipeline →
//! monitor-common`. ARCHITECTURE.md has the map.

/// The only user of aya.
pub mod capture;
/// The grammar of the command line.
pub mod cli;
/// The configuration.
pub mod config;
/// The pure core.
pub mod pipeline;
/// Where outputs go.
pub mod sink;
