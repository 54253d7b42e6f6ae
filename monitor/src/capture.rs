//! The only user of aya: load, attach, drain the rings, resolve processes.

/// What the capture is and does, for sinks.
pub mod status;
