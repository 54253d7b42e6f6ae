//! apiwatch: API traffic seen from inside the kernel.
//!
//! Dependency direction: `daemon → {capture, trace, config, sink, tui} → pipeline →
//! monitor-common`. ARCHITECTURE.md has the map.

/// The only user of aya.
pub mod capture;
/// The only reader of the clock.
pub mod clock;
/// The pure core.
pub mod pipeline;
/// Where outputs go.
pub mod sink;
/// The terminal UI.
pub mod tui;
