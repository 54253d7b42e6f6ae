//! apiwatch: API traffic seen from inside the kernel.
//!
//! Dependency direction: `daemon → {capture, trace, pcap, config, control, sink, tui, sandbox, log}
//! → terminal → pipeline → monitor-common`. ARCHITECTURE.md has the map.

/// The only user of aya.
pub mod capture;
/// The grammar of the command line.
pub mod cli;
/// The only reader of the clocks.
pub mod clock;
/// The configuration; the only one that knows TOML.
pub mod config;
/// The control socket: what a running daemon tells `top`, `tail` and `status`.
pub mod control;
/// The life of the process.
pub mod daemon;
/// The filter language of the terminal UI and of `tail`.
pub mod filter;
/// One door for each parser, for fuzzing.
#[doc(hidden)]
pub mod fuzz;
/// What the program says of itself.
pub mod log;
/// Names of closed choices, both ways.
mod named;
/// Captures of other programs.
pub mod pcap;
/// The pure core.
pub mod pipeline;
/// What a running daemon gives up.
pub mod sandbox;
/// Where outputs go.
pub mod sink;
/// What was meant by a name that is not known.
mod suggest;
/// What a terminal is given: colour, letters, and nothing that steers it.
pub mod terminal;
/// Recorded inputs.
pub mod trace;
/// The terminal UI.
pub mod tui;
