//! Counts of the pipeline. Counters only rise; gauges are marked.

use std::collections::BTreeMap;

use super::input::{LossReason, Stage, UncapturedReason};

/// A snapshot of the pipeline's counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Data records handled.
    pub records: u64,
    /// Connections seen.
    pub connections_opened: u64,
    /// Connections that ended.
    pub connections_closed: u64,
    /// Connections tracked now (gauge).
    pub connections_tracked: u64,
    /// Connections dropped from the table to make room.
    pub connections_evicted: u64,
    /// Bytes held in stream buffers now (gauge).
    pub buffered_bytes: u64,
    /// Bytes that connections moved, each connection counted once.
    pub moved_bytes: u64,
    /// Bytes that were read.
    pub captured_bytes: u64,
    /// Bytes that moved and were not read, by reason.
    pub uncaptured_bytes: BTreeMap<UncapturedReason, u64>,
    /// Records lost, by stage and reason.
    pub lost: BTreeMap<(Stage, LossReason), u64>,
    /// Exchanges said, each counted once.
    pub exchanges: u64,
    /// Exchanges of which some bytes were not seen.
    pub exchanges_incomplete: u64,
    /// TLS handshakes said.
    pub handshakes: u64,
    /// Answers of DNS that named addresses.
    pub dns_answers: u64,
    /// Messages of DNS that were malformed or whose name is no host name.
    pub dns_ignored: u64,
    /// Addresses known that DNS named (gauge).
    pub names_known: u64,
    /// Addresses named by DNS that made room for others while their name was valid.
    pub names_evicted: u64,
    /// Entries that the detectors dropped from their tables to make room.
    pub detector_evictions: u64,
    /// Endpoints and destinations that the inventory dropped to make room.
    pub inventory_evictions: u64,
    /// Findings open now (gauge).
    pub findings_open: u64,
}
