//! What the daemon is and how it fares: the record of type `status`.
//!
//! Members are named as the fields are; a count that is a metric too has the name of that,
//! without `apiwatch_`, `ebpf_` and `_total`.

use crate::capture::status::{CaptureStatus, RingStatus, Tier};
use crate::pipeline::coverage::ProcessCoverage;
use crate::pipeline::output::CoverageGap;
use crate::pipeline::stats::Stats;
use crate::pipeline::time::WallTime;
use crate::sandbox::Sandbox;
use crate::sink::json::object::Object;
use crate::sink::json::{write_gap_members, write_uncaptured};
use crate::sink::name;

/// What the daemon is and how it fares.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// When it is said.
    pub time: WallTime,
    /// Name of the host.
    pub host: String,
    /// Release of the kernel.
    pub kernel: String,
    /// Version of apiwatch.
    pub version: String,
    /// Process id of the daemon.
    pub pid: u32,
    /// When the daemon started to watch.
    pub started: WallTime,
    /// The configuration file in force; none for the built-in defaults.
    pub config: Option<String>,
    /// Whether the last reload succeeded; none where there was none.
    pub reload_succeeded: Option<bool>,
    /// Whether what was learned can be saved; none where the daemon does not say.
    pub state_save_succeeded: Option<bool>,
    /// What the daemon has given up; none where it does not say.
    pub sandbox: Option<Sandbox>,
    /// The span before the start in which nobody watched; none where none is known.
    pub coverage_gap: Option<CoverageGap>,
    /// Memory of the daemon in bytes.
    pub memory_bytes: u64,
    /// What it may take before it gives up what it can do without.
    pub memory_limit_bytes: u64,
    /// Clients of the control socket.
    pub clients: u32,
    /// Outputs that each sink dropped, by its name.
    pub sinks: Vec<(String, u64)>,
    /// Counts of the pipeline.
    pub stats: Stats,
    /// The capture.
    pub capture: CaptureStatus,
    /// What was read of each process's traffic.
    pub processes: Vec<ProcessCoverage>,
}

/// How the last attempt to save what was learned went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveOutcome {
    /// It succeeded, or there was none yet.
    Succeeded,
    /// It failed, and is tried again.
    Failed,
}

/// Appends a status as one line.
pub fn write_status(status: &Status, to: &mut Vec<u8>) {
    let mut record = Object::open(to);
    record.word("type", "status");
    record.time("time", status.time);
    record.text("host", &status.host);
    record.text("kernel", &status.kernel);
    record.text("version", &status.version);
    record.number("pid", status.pid);
    record.time("started", status.started);
    record.optional_text("config", status.config.as_deref());
    if let Some(succeeded) = status.reload_succeeded {
        record.flag("reload_succeeded", succeeded);
    }
    if let Some(succeeded) = status.state_save_succeeded {
        record.flag("state_save_succeeded", succeeded);
    }
    if let Some(sandbox) = status.sandbox {
        write_sandbox(record.object("sandbox"), sandbox);
    }
    if let Some(gap) = &status.coverage_gap {
        write_gap_members(record.object("coverage_gap"), gap);
    }
    record.number("memory_bytes", status.memory_bytes);
    record.number("memory_limit_bytes", status.memory_limit_bytes);
    record.number("clients", status.clients);
    record.objects("sinks", &status.sinks, |mut sink, (name, dropped)| {
        sink.text("sink", name);
        sink.number("dropped", *dropped);
        sink.close();
    });
    write_stats(record.object("stats"), &status.stats);
    write_capture(record.object("capture"), &status.capture);
    record.objects("processes", &status.processes, write_process);
    record.close();
    to.push(b'\n');
}

fn write_sandbox(mut record: Object<'_>, sandbox: Sandbox) {
    record.word("capabilities", sandbox.capabilities.name());
    record.flag("no_new_privileges", sandbox.no_new_privileges);
    record.word("landlock", sandbox.landlock.name());
    record.close();
}

fn write_stats(mut record: Object<'_>, stats: &Stats) {
    record.number("records", stats.records);
    record.number("connections_opened", stats.connections_opened);
    record.number("connections_closed", stats.connections_closed);
    record.number("connections_tracked", stats.connections_tracked);
    record.number("connections_evicted", stats.connections_evicted);
    record.number("stream_buffer_bytes", stats.buffered_bytes);
    record.number("connection_bytes", stats.moved_bytes);
    record.number("captured_bytes", stats.captured_bytes);
    write_uncaptured(record.object("uncaptured"), &stats.uncaptured_bytes);
    record.objects("lost", &stats.lost, |mut lost, ((stage, reason), count)| {
        lost.word("stage", name::stage(*stage));
        lost.word("reason", name::loss_reason(*reason));
        lost.number("count", *count);
        lost.close();
    });
    record.number("http_exchanges", stats.exchanges);
    record.number("http_exchanges_incomplete", stats.exchanges_incomplete);
    record.number("tls_handshakes", stats.handshakes);
    record.number("dns_answers", stats.dns_answers);
    record.number("dns_ignored", stats.dns_ignored);
    record.number("dns_names", stats.names_known);
    record.number("dns_names_evicted", stats.names_evicted);
    record.number("detector_evictions", stats.detector_evictions);
    record.number("inventory_evictions", stats.inventory_evictions);
    record.number("findings_open", stats.findings_open);
    record.close();
}

fn write_capture(mut record: Object<'_>, capture: &CaptureStatus) {
    match capture.tier {
        Some(Tier::A) => record.word("tier", "a"),
        Some(Tier::B) => record.word("tier", "b"),
        None => {}
    }
    record.objects("programs", &capture.programs, |mut program, (name, instructions)| {
        program.text("program", name);
        program.number("verified_instructions", *instructions);
        program.close();
    });
    record.objects("declined", &capture.declined, |mut program, (name, cost)| {
        program.text("program", name);
        program.text("cost", cost);
        program.close();
    });
    write_ring(record.object("data"), capture.data);
    write_ring(record.object("control"), capture.control);
    record.number("read_faults", capture.read_faults);
    record.number("connections_untracked", capture.state_full);
    record.number("compat_calls", capture.compat_skipped);
    record.number("length_only_calls", capture.length_only);
    record.close();
}

fn write_ring(mut record: Object<'_>, ring: RingStatus) {
    record.number("generated", ring.generated);
    record.number("lost", ring.lost);
    record.number("delivered", ring.delivered);
    record.number("bytes", ring.bytes);
    record.number("used", ring.used);
    record.close();
}

fn write_process(mut record: Object<'_>, process: &ProcessCoverage) {
    record.text("identity", &process.identity);
    record.number("connections", process.connections);
    record.number("open", process.open);
    record.number("moved", process.moved);
    record.number("captured", process.captured);
    write_uncaptured(record.object("uncaptured"), &process.uncaptured);
    record.close();
}
