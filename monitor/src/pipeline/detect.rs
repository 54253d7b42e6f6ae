//! What detectors see and how they report. One file each; they know exchanges and
//! connections, never protocols.

use std::sync::Arc;

use super::output::{ConnectionId, Ends, Exchange, Observed};
use super::time::{Timestamp, WallOffset};

/// What a detector can see.
#[derive(Clone, Copy, Debug)]
pub enum Observation<'a> {
    /// A connection whose observed ends are known: once per connection.
    Connected {
        /// Which.
        connection: ConnectionId,
        /// Who.
        ends: &'a Arc<Ends>,
        /// Which ends live here.
        observed: Observed,
    },
    /// A request with its response.
    Exchange(&'a Exchange),
    /// Bytes and requests of a connection since its last `Traffic`; at most one
    /// per connection and tick, and one at its end.
    Traffic {
        /// Who.
        ends: &'a Arc<Ends>,
        /// Which ends live here.
        observed: Observed,
        /// Bytes moved, both ways.
        bytes: u64,
        /// Requests begun.
        requests: u64,
    },
    /// Time has passed.
    Tick,
}

/// When an observation is made.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Kernel time.
    pub time: Timestamp,
    /// How wall time stands to it.
    pub wall_offset: WallOffset,
}
