//! What is in use, as JSON.

use super::object::Object;
use super::{write_end, write_ways};
use crate::pipeline::output::{Auth, DestinationReport, EndpointReport, Protocol, Quantiles};

pub(super) fn write_endpoint(report: &EndpointReport, to: &mut Vec<u8>) {
    let mut record = Object::open(to);
    record.word("type", "endpoint");
    record.time("time", report.time);
    record.text("service", &report.service);
    record.text("method", report.method);
    record.text("route", &report.route);
    record.texts("protocols", report.protocols.iter().copied().map(Protocol::name));
    record.time("first_seen", report.first_seen);
    record.time("last_seen", report.last_seen);
    record.number("requests", report.requests);
    record.number("errors", report.errors);
    write_quantiles(&mut record, report.duration);
    record.texts("auth", report.auth.iter().copied().map(Auth::name));
    record.flag("in_clear", report.in_clear);
    record.flag("encrypted", report.encrypted);
    record.close();
}

pub(super) fn write_destination(report: &DestinationReport, to: &mut Vec<u8>) {
    let mut record = Object::open(to);
    record.word("type", "destination");
    record.time("time", report.time);
    record.text("identity", &report.identity);
    write_end(record.object("server"), &report.server);
    record.time("first_seen", report.first_seen);
    record.time("last_seen", report.last_seen);
    record.number("connections", report.connections);
    write_ways(record.object("bytes"), report.bytes);
    record.number("requests", report.requests);
    record.number("errors", report.errors);
    write_quantiles(&mut record, report.duration);
    record.texts("auth", report.auth.iter().copied().map(Auth::name));
    record.flag("in_clear", report.in_clear);
    if let Some(posture) = &report.posture {
        let mut tls = record.object("tls");
        tls.text("version", &posture.version.to_string());
        tls.text("cipher", &posture.cipher.to_string());
        tls.optional_text("group", posture.group.map(|group| group.to_string()).as_deref());
        tls.close();
    }
    record.close();
}

fn write_quantiles(record: &mut Object<'_>, quantiles: Option<Quantiles>) {
    let Some(quantiles) = quantiles else { return };
    let mut duration = record.object("duration");
    for (name, value) in [
        ("p50", quantiles.p50),
        ("p95", quantiles.p95),
        ("p99", quantiles.p99),
        ("max", quantiles.max),
    ] {
        duration.optional_duration(name, Some(value));
    }
    duration.close();
}
