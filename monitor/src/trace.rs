//! Recorded inputs. A trace holds everything that the pipeline was given, so replaying it
//! gives the same outputs, byte for byte; docs/trace-format.md describes the file.
//!
//! A trace contains payload as it was read: it is as secret as the traffic.

pub use self::error::TraceError;
pub use self::format::{MAXIMUM_FRAME_BYTES, is_trace};
pub use self::reader::TraceReader;
pub use self::writer::TraceWriter;

/// Why a trace cannot be written or read.
mod error;
/// The layout of the file.
mod format;
/// From file to inputs.
mod reader;
/// From inputs to file.
mod writer;

#[cfg(test)]
mod tests;
