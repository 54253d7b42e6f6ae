//! The state of the daemon, read back.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::connection::Uncaptured;
use super::fault::{self, Fault, known};
use super::finding::GapMirror;
use super::shared::Shared;
use super::value::{Text, Time};
use crate::capture::status::{CaptureStatus, RingStatus, Tier};
use crate::control::status::Status;
use crate::pipeline::coverage::ProcessCoverage;
use crate::pipeline::stats::Stats;
use crate::sandbox::{Kept, Landlock, Sandbox};
use crate::sink::name;

#[derive(Deserialize)]
struct Mirror<'a> {
    time: Time,
    #[serde(borrow)]
    host: Text<'a>,
    #[serde(borrow)]
    kernel: Text<'a>,
    #[serde(borrow)]
    version: Text<'a>,
    pid: u32,
    started: Time,
    #[serde(borrow)]
    config: Option<Text<'a>>,
    reload_succeeded: Option<bool>,
    state_save_succeeded: Option<bool>,
    #[serde(borrow)]
    sandbox: Option<SandboxMirror<'a>>,
    #[serde(borrow)]
    coverage_gap: Option<GapMirror<'a>>,
    memory_bytes: u64,
    memory_limit_bytes: u64,
    clients: u32,
    #[serde(borrow)]
    sinks: Vec<SinkMirror<'a>>,
    #[serde(borrow)]
    stats: StatsMirror<'a>,
    #[serde(borrow)]
    capture: CaptureMirror<'a>,
    #[serde(borrow)]
    processes: Vec<ProcessMirror<'a>>,
}

#[derive(Deserialize)]
struct SandboxMirror<'a> {
    #[serde(borrow)]
    capabilities: Text<'a>,
    no_new_privileges: bool,
    #[serde(borrow)]
    landlock: Text<'a>,
}

#[derive(Deserialize)]
struct SinkMirror<'a> {
    #[serde(borrow)]
    sink: Text<'a>,
    dropped: u64,
}

#[derive(Deserialize)]
struct StatsMirror<'a> {
    records: u64,
    connections_opened: u64,
    connections_closed: u64,
    connections_tracked: u64,
    connections_evicted: u64,
    stream_buffer_bytes: u64,
    connection_bytes: u64,
    captured_bytes: u64,
    #[serde(borrow)]
    uncaptured: Uncaptured<'a>,
    #[serde(borrow)]
    lost: Vec<LostMirror<'a>>,
    http_exchanges: u64,
    http_exchanges_incomplete: u64,
    tls_handshakes: u64,
    dns_answers: u64,
    dns_ignored: u64,
    dns_names: u64,
    dns_names_evicted: u64,
    detector_evictions: u64,
    inventory_evictions: u64,
    findings_open: u64,
}

#[derive(Deserialize)]
struct LostMirror<'a> {
    #[serde(borrow)]
    stage: Text<'a>,
    #[serde(borrow)]
    reason: Text<'a>,
    count: u64,
}

#[derive(Deserialize)]
struct CaptureMirror<'a> {
    #[serde(borrow)]
    tier: Option<Text<'a>>,
    #[serde(borrow)]
    programs: Vec<ProgramMirror<'a>>,
    #[serde(borrow)]
    declined: Vec<DeclinedMirror<'a>>,
    data: RingMirror,
    control: RingMirror,
    read_faults: u64,
    connections_untracked: u64,
    compat_calls: u64,
    length_only_calls: u64,
}

#[derive(Deserialize)]
struct ProgramMirror<'a> {
    #[serde(borrow)]
    program: Text<'a>,
    verified_instructions: u32,
}

#[derive(Deserialize)]
struct DeclinedMirror<'a> {
    #[serde(borrow)]
    program: Text<'a>,
    #[serde(borrow)]
    cost: Text<'a>,
}

#[derive(Deserialize)]
struct RingMirror {
    generated: u64,
    lost: u64,
    delivered: u64,
    bytes: u64,
    used: u64,
}

#[derive(Deserialize)]
struct ProcessMirror<'a> {
    #[serde(borrow)]
    identity: Text<'a>,
    connections: u64,
    open: u64,
    moved: u64,
    captured: u64,
    #[serde(borrow)]
    uncaptured: Uncaptured<'a>,
}

/// Reads a status.
pub(super) fn read(text: &str, shared: &mut Shared) -> Result<Status, Fault> {
    let mirror: Mirror<'_> = fault::read(text)?;
    Ok(Status {
        time: mirror.time.0,
        host: mirror.host.string(),
        kernel: mirror.kernel.string(),
        version: mirror.version.string(),
        pid: mirror.pid,
        started: mirror.started.0,
        config: mirror.config.map(Text::string),
        reload_succeeded: mirror.reload_succeeded,
        state_save_succeeded: mirror.state_save_succeeded,
        sandbox: mirror.sandbox.as_ref().and_then(sandbox),
        coverage_gap: mirror.coverage_gap.as_ref().and_then(GapMirror::gap),
        memory_bytes: mirror.memory_bytes,
        memory_limit_bytes: mirror.memory_limit_bytes,
        clients: mirror.clients,
        sinks: mirror.sinks.into_iter().map(|sink| (sink.sink.string(), sink.dropped)).collect(),
        stats: stats(&mirror.stats)?,
        capture: capture(mirror.capture),
        processes: mirror.processes.iter().map(|process| coverage(process, shared)).collect(),
    })
}

/// What this version does not know is nothing that it could name.
fn sandbox(mirror: &SandboxMirror<'_>) -> Option<Sandbox> {
    Some(Sandbox {
        capabilities: Kept::from_name(mirror.capabilities.as_str())?,
        no_new_privileges: mirror.no_new_privileges,
        landlock: Landlock::from_name(mirror.landlock.as_str())?,
    })
}

/// Loss of a stage or for a reason that this version does not know makes the whole status
/// unknown: left out, it would look like none.
fn stats(mirror: &StatsMirror<'_>) -> Result<Stats, Fault> {
    let mut lost = BTreeMap::new();
    for entry in &mirror.lost {
        let stage = known(name::stage_from_name(entry.stage.as_str()))?;
        let reason = known(name::loss_reason_from_name(entry.reason.as_str()))?;
        let sum: &mut u64 = lost.entry((stage, reason)).or_default();
        *sum = sum.saturating_add(entry.count);
    }
    Ok(Stats {
        records: mirror.records,
        connections_opened: mirror.connections_opened,
        connections_closed: mirror.connections_closed,
        connections_tracked: mirror.connections_tracked,
        connections_evicted: mirror.connections_evicted,
        buffered_bytes: mirror.stream_buffer_bytes,
        moved_bytes: mirror.connection_bytes,
        captured_bytes: mirror.captured_bytes,
        uncaptured_bytes: mirror.uncaptured.by_reason(),
        lost,
        exchanges: mirror.http_exchanges,
        exchanges_incomplete: mirror.http_exchanges_incomplete,
        handshakes: mirror.tls_handshakes,
        dns_answers: mirror.dns_answers,
        dns_ignored: mirror.dns_ignored,
        names_known: mirror.dns_names,
        names_evicted: mirror.dns_names_evicted,
        detector_evictions: mirror.detector_evictions,
        inventory_evictions: mirror.inventory_evictions,
        findings_open: mirror.findings_open,
    })
}

/// A tier that this version does not know is none that it could name.
fn capture(mirror: CaptureMirror<'_>) -> CaptureStatus {
    let programs = mirror.programs.into_iter();
    let declined = mirror.declined.into_iter();
    CaptureStatus {
        tier: match mirror.tier.as_ref().map(Text::as_str) {
            Some("a") => Some(Tier::A),
            Some("b") => Some(Tier::B),
            _ => None,
        },
        programs: programs.map(|it| (it.program.string(), it.verified_instructions)).collect(),
        declined: declined.map(|it| (it.program.string(), it.cost.string())).collect(),
        data: mirror.data.into(),
        control: mirror.control.into(),
        read_faults: mirror.read_faults,
        state_full: mirror.connections_untracked,
        compat_skipped: mirror.compat_calls,
        length_only: mirror.length_only_calls,
    }
}

fn coverage(mirror: &ProcessMirror<'_>, shared: &mut Shared) -> ProcessCoverage {
    ProcessCoverage {
        identity: shared.text(mirror.identity.as_str()),
        connections: mirror.connections,
        open: mirror.open,
        moved: mirror.moved,
        captured: mirror.captured,
        uncaptured: mirror.uncaptured.by_reason(),
    }
}

impl From<RingMirror> for RingStatus {
    fn from(mirror: RingMirror) -> Self {
        Self {
            generated: mirror.generated,
            lost: mirror.lost,
            delivered: mirror.delivered,
            bytes: mirror.bytes,
            used: mirror.used,
        }
    }
}
