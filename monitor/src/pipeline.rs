//! The pure core: inputs in, outputs out. No clock, I/O, threads, async,
//! randomness or hash order; the same inputs give byte-identical outputs.
//!
//! ```text
//! Input ─► connection ─► stream ─► protocol ─► exchange ─► detect ─► Output
//! ```

/// Learned volumes and the form in which they survive a restart.
pub mod baseline;
/// What detectors see and how they report.
pub mod detect;
/// Findings and the ledger that keeps them.
pub mod finding;
/// Everything the pipeline needs from outside.
pub mod input;
/// What the pipeline says.
pub mod output;
/// Whom an identity may talk to.
pub mod policy;
/// Who is at an end of a connection.
pub mod process;
/// From bytes to exchanges.
pub mod protocol;
/// How far away an address is.
pub mod scope;
/// Policy and limits.
pub mod settings;
/// A table with handles.
pub mod slab;
/// Counts of the pipeline.
pub mod stats;
/// Text from outside, safe to show.
pub mod text;
/// Kernel time and wall time.
pub mod time;
