//! Outputs as JSON lines: the records of standard output, `tail` and `replay`.
//!
//! Written by hand into a byte vector, because it runs for every exchange. Members
//! whose value is absent are left out; `type` comes first.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::name;
use crate::pipeline::finding::Finding;
use crate::pipeline::input::UncapturedReason;
use crate::pipeline::output::{
    ConnectionReport, CoverageGap, End, Exchange, LossReport, Method, Output, PerDirection,
    Request, Response, UNKNOWN_PATH,
};
use crate::pipeline::process::Process;
use object::Object;

/// What gRPC and WebSocket add to an exchange.
mod call;
/// What is in use.
mod inventory;
/// JSON objects, member by member.
pub(crate) mod object;
/// JSON strings.
mod string;
/// Times and durations.
mod time;
/// TLS handshakes.
mod tls;

/// Version of the records: it rises when a member changes its meaning or goes away.
pub const SCHEMA: u32 = 1;

/// Appends the first line of a stream of records.
pub fn write_header(to: &mut Vec<u8>) {
    let mut header = Object::open(to);
    header.word("type", "header");
    header.number("schema", SCHEMA);
    header.word("product", "apiwatch");
    header.word("version", env!("CARGO_PKG_VERSION"));
    header.close();
    to.push(b'\n');
}

/// Appends one output as one line.
pub fn write_line(output: &Output, to: &mut Vec<u8>) {
    match output {
        Output::Connection(report) => write_connection(report, to),
        Output::Exchange(exchange) => write_exchange(exchange, to),
        Output::Finding(finding) => write_finding(finding, to),
        Output::Loss(report) => write_loss(report, to),
        Output::CoverageGap(gap) => write_gap(gap, to),
        Output::Tls(report) => tls::write(report, to),
        Output::Endpoint(report) => inventory::write_endpoint(report, to),
        Output::Destination(report) => inventory::write_destination(report, to),
    }
    to.push(b'\n');
}

fn write_connection(report: &ConnectionReport, to: &mut Vec<u8>) {
    let mut record = Object::open(to);
    record.word("type", "connection");
    record.id("connection", report.connection.0);
    record.time("time", report.time);
    record.word("event", name::connection_event(report.event));
    write_end(record.object("client"), &report.ends.client);
    write_end(record.object("server"), &report.ends.server);
    record.word("observed", name::observed(report.observed));
    record.number("netns", report.netns);
    record.word("encryption", name::encryption(report.encryption));
    write_ways(record.object("bytes"), report.bytes);
    write_ways(record.object("captured"), report.captured);
    write_uncaptured(record.object("uncaptured"), &report.uncaptured);
    record.number("lost_records", report.lost_records);
    record.flag("midstream", report.midstream);
    if !report.anomalies.is_empty() {
        record.texts("anomalies", report.anomalies.iter().map(|anomaly| anomaly.name()));
    }
    record.close();
}

fn write_exchange(exchange: &Exchange, to: &mut Vec<u8>) {
    let mut record = Object::open(to);
    record.word("type", "exchange");
    record.id("connection", exchange.connection.0);
    record.time("time", exchange.time);
    write_end(record.object("client"), &exchange.ends.client);
    write_end(record.object("server"), &exchange.ends.server);
    record.word("protocol", exchange.protocol.name());
    if let Some(stream) = exchange.stream {
        record.number("stream", stream);
    }
    if !exchange.progress.is_last() {
        record.flag("open", true);
    }
    if !exchange.progress.is_first() {
        record.flag("continued", true);
    }
    record.flag("encrypted", exchange.encrypted);
    record.word("source", name::source(exchange.source));
    if let Some(request) = &exchange.request {
        write_request(record.object("request"), request, exchange.route.as_deref());
    }
    if let Some(response) = &exchange.response {
        write_response(record.object("response"), response);
    }
    if let Some(grpc) = &exchange.grpc {
        call::write_grpc(record.object("grpc"), grpc);
    }
    if let Some(websocket) = &exchange.websocket {
        call::write_websocket(record.object("websocket"), websocket);
    }
    record.optional_duration("duration", exchange.duration);
    record.optional_duration("ttfb", exchange.ttfb);
    record.word("auth", exchange.auth.name());
    record.texts("anomalies", exchange.anomalies.iter().map(|anomaly| anomaly.name()));
    record.close();
}

fn write_finding(finding: &Finding, to: &mut Vec<u8>) {
    let mut record = Object::open(to);
    record.word("type", "finding");
    record.id("id", finding.id.0);
    record.word("kind", finding.kind.name());
    record.word("severity", finding.severity.name());
    record.word("confidence", finding.confidence.name());
    record.word("state", finding.state.name());
    record.time("first_seen", finding.first_seen);
    record.time("last_seen", finding.last_seen);
    record.number("count", finding.count);
    record.text("subject", &finding.subject);
    record.text("summary", &finding.summary);
    let mut evidence = record.object("evidence");
    for (name, value) in &finding.evidence {
        evidence.named_text(name, value);
    }
    evidence.close();
    record.text("remedy", &finding.remedy);
    record.close();
}

fn write_loss(report: &LossReport, to: &mut Vec<u8>) {
    let mut record = Object::open(to);
    record.word("type", "loss");
    record.time("time", report.time);
    record.word("stage", name::stage(report.loss.stage));
    record.word("reason", name::loss_reason(report.loss.reason));
    record.number("count", report.loss.count);
    record.time("since", report.since);
    record.close();
}

fn write_gap(gap: &CoverageGap, to: &mut Vec<u8>) {
    let mut record = Object::open(to);
    record.word("type", "coverage_gap");
    write_gap_members(record, gap);
}

/// The members that say the gap, and the end of the object.
pub(crate) fn write_gap_members(mut record: Object<'_>, gap: &CoverageGap) {
    record.time("time", gap.time);
    if let Some(since) = gap.since() {
        record.time("since", since);
    }
    record.optional_duration("duration", gap.duration);
    record.word("cause", gap.cause.name());
    record.close();
}

fn write_end(mut record: Object<'_>, end: &End) {
    match end.address.address {
        IpAddr::V4(address) => record.ipv4("address", address),
        IpAddr::V6(address) => record.ipv6("address", address),
    }
    record.number("port", end.address.port);
    if let Some(name) = &end.name {
        record.text("name", &name.text);
        record.word("name_source", name.source.name());
    }
    if let Some(process) = &end.process {
        write_process(record.object("process"), process);
    }
    record.close();
}

fn write_process(mut record: Object<'_>, process: &Process) {
    record.number("pid", process.key.pid);
    record.time("start_time", process.start_time);
    record.text("comm", &process.comm);
    record.optional_text("exe", process.exe.as_deref());
    record.optional_text("unit", process.unit.as_deref());
    record.optional_text("container", process.container.as_deref());
    record.number("uid", process.uid);
    record.optional_text("user", process.user.as_deref());
    record.close();
}

fn write_request(mut record: Object<'_>, request: &Request, route: Option<&str>) {
    if request.method != Method::Unknown {
        record.text("method", request.method.as_str());
    }
    record.optional_text("route", route);
    if &*request.path != UNKNOWN_PATH {
        record.text("path", &request.path);
    }
    record.texts("query_keys", request.query_keys.iter().map(AsRef::as_ref));
    record.optional_text("host", request.host.as_deref());
    record.number("header_bytes", request.header_bytes);
    record.number("body_bytes", request.body_bytes);
    record.optional_text("content_type", request.content_type.as_deref());
    record.flag("complete", request.complete);
    record.close();
}

fn write_response(mut record: Object<'_>, response: &Response) {
    if let Some(status) = response.status {
        record.number("status", status);
    }
    record.number("body_bytes", response.body_bytes);
    record.optional_text("content_type", response.content_type.as_deref());
    record.flag("complete", response.complete);
    record.close();
}

fn write_ways(mut record: Object<'_>, bytes: PerDirection<u64>) {
    record.number("to_server", bytes.to_server);
    record.number("to_client", bytes.to_client);
    record.close();
}

/// Bytes that moved and were not read: their sum, and by reason.
pub(crate) fn write_uncaptured(mut record: Object<'_>, unread: &BTreeMap<UncapturedReason, u64>) {
    let bytes = unread.values().fold(0_u64, |sum, bytes| sum.saturating_add(*bytes));
    record.number("bytes", bytes);
    let mut reasons = record.object("reasons");
    for (reason, bytes) in unread {
        reasons.number(name::uncaptured_reason(*reason), *bytes);
    }
    reasons.close();
    record.close();
}

#[cfg(test)]
mod tests;
