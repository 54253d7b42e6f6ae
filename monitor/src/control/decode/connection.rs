//! Connections, read back.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::{self, Fault, known};
use super::shared::Shared;
use super::value::{Id, Text, Time, Ways, known_words};
use super::{ends, value};
use crate::pipeline::input::UncapturedReason;
use crate::pipeline::output::{Anomaly, ConnectionId, ConnectionReport, Encryption, Output};
use crate::sink::name;

#[derive(Deserialize)]
struct Mirror<'a> {
    connection: Id,
    time: Time,
    #[serde(borrow)]
    event: Text<'a>,
    #[serde(borrow)]
    client: &'a RawValue,
    #[serde(borrow)]
    server: &'a RawValue,
    #[serde(borrow)]
    observed: Text<'a>,
    netns: u32,
    #[serde(borrow)]
    encryption: Text<'a>,
    bytes: Ways,
    captured: Ways,
    #[serde(borrow)]
    uncaptured: Uncaptured<'a>,
    lost_records: u64,
    midstream: bool,
    #[serde(borrow, default)]
    anomalies: Vec<Text<'a>>,
}

/// Bytes that were not read; their sum follows from the reasons.
#[derive(Deserialize)]
pub(super) struct Uncaptured<'a> {
    #[serde(borrow)]
    reasons: value::Members<'a, u64>,
}

/// Reads a connection.
pub(super) fn read(text: &str, shared: &mut Shared) -> Result<Output, Fault> {
    let mirror: Mirror<'_> = fault::read(text)?;
    Ok(Output::Connection(ConnectionReport {
        connection: ConnectionId(mirror.connection.0),
        time: mirror.time.0,
        event: known(name::connection_event_from_name(mirror.event.as_str()))?,
        ends: ends::read(mirror.client, mirror.server, shared)?,
        observed: known(name::observed_from_name(mirror.observed.as_str()))?,
        netns: mirror.netns,
        encryption: name::encryption_from_name(mirror.encryption.as_str())
            .unwrap_or(Encryption::Unknown),
        bytes: mirror.bytes.into(),
        captured: mirror.captured.into(),
        uncaptured: mirror.uncaptured.by_reason(),
        lost_records: mirror.lost_records,
        midstream: mirror.midstream,
        anomalies: known_words(&mirror.anomalies, Anomaly::from_name),
    }))
}

impl Uncaptured<'_> {
    /// The bytes of each reason; a reason that this version does not know is another call.
    pub(super) fn by_reason(&self) -> BTreeMap<UncapturedReason, u64> {
        let mut unread = BTreeMap::new();
        for (reason, bytes) in &self.reasons.0 {
            let reason = name::uncaptured_reason_from_name(reason.as_str())
                .unwrap_or(UncapturedReason::OtherCall);
            let sum: &mut u64 = unread.entry(reason).or_default();
            *sum = sum.saturating_add(*bytes);
        }
        unread
    }
}
