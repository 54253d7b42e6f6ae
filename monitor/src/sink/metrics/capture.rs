//! Metrics of the capture: coverage, loss, connections, rings and programs.

use std::collections::BTreeMap;

use super::exposition::{Exposition, label};
use super::label::label_value;
use crate::capture::status::{CaptureStatus, RingStatus};
use crate::pipeline::input::{LossReason, Stage, UncapturedReason};
use crate::pipeline::stats::Stats;
use crate::sink::name;

/// Series that are there from the start: an alert on the increase of a counter sees
/// nothing if its series begins above zero. What is not listed appears once it is met.
const REASONS: [UncapturedReason; 10] = [
    UncapturedReason::Truncated,
    UncapturedReason::Sendfile,
    UncapturedReason::MultiMessage,
    UncapturedReason::IoUring,
    UncapturedReason::Compat,
    UncapturedReason::ReadFault,
    UncapturedReason::Discarded,
    UncapturedReason::OtherCall,
    UncapturedReason::Lost,
    UncapturedReason::Bypassed,
];

/// Likewise.
const LOSSES: [(Stage, LossReason); 6] = [
    (Stage::DataRing, LossReason::RingFull),
    (Stage::ControlRing, LossReason::RingFull),
    (Stage::KernelTable, LossReason::TableFull),
    (Stage::Pipeline, LossReason::TableFull),
    (Stage::Pipeline, LossReason::Evicted),
    (Stage::Sink, LossReason::QueueFull),
];

pub(super) fn expose(stats: &Stats, status: &CaptureStatus, to: &mut Exposition) {
    expose_coverage(stats, to);
    expose_pipeline(stats, to);
    expose_rings(status, to);
    expose_kernel_side(status, to);
    expose_programs(status, to);
}

fn expose_coverage(stats: &Stats, to: &mut Exposition) {
    to.counter(
        "apiwatch_connection_bytes_total",
        "Bytes that connections moved.",
        stats.moved_bytes,
    );
    to.counter("apiwatch_captured_bytes_total", "Bytes that were read.", stats.captured_bytes);
    to.counters(
        "apiwatch_uncaptured_bytes_total",
        "Bytes that moved and were not read.",
        with_zeros(&REASONS, &stats.uncaptured_bytes)
            .into_iter()
            .map(|(reason, bytes)| (vec![label("reason", name::uncaptured_reason(reason))], bytes)),
    );
    to.gauge(
        "apiwatch_capture_coverage_ratio",
        "Bytes read of bytes moved since the start; 1 before any moved.",
        ratio(stats.captured_bytes, stats.moved_bytes).unwrap_or(1.0),
    );
    to.counters(
        "apiwatch_events_lost_total",
        "Records that a stage could not deliver.",
        with_zeros(&LOSSES, &stats.lost).into_iter().map(|((stage, reason), count)| {
            let stage = label("stage", name::stage(stage));
            (vec![stage, label("reason", name::loss_reason(reason))], count)
        }),
    );
}

fn expose_pipeline(stats: &Stats, to: &mut Exposition) {
    to.counter("apiwatch_records_total", "Data records handled.", stats.records);
    to.counter("apiwatch_http_exchanges_total", "Exchanges reported.", stats.exchanges);
    to.counter(
        "apiwatch_http_exchanges_incomplete_total",
        "Exchanges of which some bytes were not seen.",
        stats.exchanges_incomplete,
    );
    to.counter("apiwatch_connections_opened_total", "Connections seen.", stats.connections_opened);
    to.counter(
        "apiwatch_connections_closed_total",
        "Connections that ended.",
        stats.connections_closed,
    );
    to.counter(
        "apiwatch_connections_evicted_total",
        "Connections dropped from the table to make room.",
        stats.connections_evicted,
    );
    to.counter(
        "apiwatch_detector_evictions_total",
        "Entries that the detectors dropped from their tables to make room.",
        stats.detector_evictions,
    );
    to.counter(
        "apiwatch_inventory_evictions_total",
        "Endpoints and destinations that the inventory dropped to make room.",
        stats.inventory_evictions,
    );
    expose_names(stats, to);
    to.gauge(
        "apiwatch_connections_tracked",
        "Connections tracked now.",
        stats.connections_tracked as f64,
    );
    to.gauge(
        "apiwatch_stream_buffer_bytes",
        "Bytes held in stream buffers now.",
        stats.buffered_bytes as f64,
    );
}

/// TLS handshakes, and what DNS named.
fn expose_names(stats: &Stats, to: &mut Exposition) {
    to.counter("apiwatch_tls_handshakes_total", "TLS handshakes reported.", stats.handshakes);
    to.counter(
        "apiwatch_dns_answers_total",
        "Answers of DNS that named addresses.",
        stats.dns_answers,
    );
    to.counter(
        "apiwatch_dns_ignored_total",
        "Messages of DNS that were malformed or whose name is no host name.",
        stats.dns_ignored,
    );
    to.counter(
        "apiwatch_dns_names_evicted_total",
        "Addresses named by DNS that made room for others while their name was valid.",
        stats.names_evicted,
    );
    to.gauge("apiwatch_dns_names", "Addresses known that DNS named.", stats.names_known as f64);
}

fn expose_rings(status: &CaptureStatus, to: &mut Exposition) {
    let rings = [("data", status.data), ("control", status.control)];
    let each = |value: fn(RingStatus) -> u64| {
        rings.map(|(ring, counts)| (vec![label("ring", ring)], value(counts)))
    };
    to.counters(
        "apiwatch_ebpf_events_total",
        "Records that the kernel side generated: delivered plus lost, once the ring is drained.",
        each(|ring| ring.generated),
    );
    to.counters(
        "apiwatch_ebpf_events_delivered_total",
        "Records read from the ring.",
        each(|ring| ring.delivered),
    );
    to.counters(
        "apiwatch_ebpf_events_lost_total",
        "Records that the kernel side could not hand over.",
        rings.map(|(ring, counts)| {
            (vec![label("ring", ring), label("reason", "ringbuf_full")], counts.lost)
        }),
    );
    to.gauges(
        "apiwatch_ebpf_ringbuf_used_ratio",
        "Part of the ring that waits to be read.",
        rings.map(|(ring, counts)| {
            (vec![label("ring", ring)], ratio(counts.used, counts.bytes).unwrap_or(0.0))
        }),
    );
}

fn expose_kernel_side(status: &CaptureStatus, to: &mut Exposition) {
    to.counter(
        "apiwatch_ebpf_read_faults_total",
        "Payload reads that failed because the page was not present.",
        status.read_faults,
    );
    to.counter(
        "apiwatch_ebpf_connections_untracked_total",
        "Connections without room for their state in the kernel side.",
        status.state_full,
    );
    to.counter(
        "apiwatch_ebpf_compat_calls_total",
        "Socket calls of 32-bit programs that were only noticed.",
        status.compat_skipped,
    );
    to.counter(
        "apiwatch_ebpf_length_only_calls_total",
        "Socket calls whose payload could not be reached.",
        status.length_only,
    );
}

fn expose_programs(status: &CaptureStatus, to: &mut Exposition) {
    let tier = status.tier.map_or_else(|| "none".to_owned(), |tier| tier.to_string());
    to.gauges(
        "apiwatch_capture_tier_info",
        "Hooks that read payload.",
        [(vec![label("tier", &tier)], 1.0)],
    );
    // A map, since a label set must not occur twice in a scrape.
    let declined = status.declined.iter().map(|(program, _)| (label_value(program), 0.0));
    let attached = status.programs.iter().map(|(program, _)| (label_value(program), 1.0));
    let programs: BTreeMap<_, _> = declined.chain(attached).collect();
    to.gauges(
        "apiwatch_up_probes",
        "Whether a program is attached; 0 where this kernel or these privileges refuse it.",
        programs.iter().map(|(program, up)| (vec![label("program", program)], *up)),
    );
    let sizes: BTreeMap<_, _> =
        status.programs.iter().map(|(name, size)| (label_value(name), f64::from(*size))).collect();
    to.gauges(
        "apiwatch_ebpf_program_verified_instructions",
        "Instructions that the verifier counted when it loaded the program.",
        sizes.iter().map(|(program, size)| (vec![label("program", program)], *size)),
    );
}

fn with_zeros<K: Copy + Ord>(keys: &[K], counts: &BTreeMap<K, u64>) -> BTreeMap<K, u64> {
    let zeros = keys.iter().map(|key| (*key, 0));
    zeros.chain(counts.iter().map(|(key, count)| (*key, *count))).collect()
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
