use std::collections::BTreeSet;

use super::diagnostic::Diagnostic;
use super::reader::Reader;
use super::value::format_size;
use crate::pipeline::output::tls::{CipherSuite, TlsVersion};

const MEMORY: &str = "limits.memory";
const RING: &str = "capture.ring_bytes";
const BUFFERED: &str = "limits.buffered_bytes";
const STREAM: &str = "limits.stream_bytes";
const HEAD: &str = "limits.head_bytes";
const LISTEN: &str = "metrics.listen";
const INSECURE: &str = "metrics.insecure";
const CERTIFICATE: &str = "metrics.tls_certificate";
const KEY: &str = "metrics.tls_key";
const USERS: &str = "metrics.users";
const TLS_VERSION: &str = "tls.minimum_version";
const TLS_PORTS: &str = "tls.tls_ports";
const CLEAR_PORTS: &str = "tls.clear_ports";
const ALLOWED: &str = "tls.allowed_ciphers";
const REFUSED: &str = "tls.refused_ciphers";

/// What keys say about each other, and what is allowed but unwise.
pub(super) fn check(reader: &mut Reader) {
    let limits = &reader.config.pipeline.limits;
    let head = u64::from(limits.head_bytes);
    let stream = u64::from(limits.stream_bytes);
    let buffered = limits.buffered_bytes;
    let ring = u64::from(reader.config.capture.ring_bytes);
    let memory = reader.config.memory_bytes;
    at_most(reader, &[(HEAD, head)], (STREAM, stream));
    at_most(reader, &[(STREAM, stream)], (BUFFERED, buffered));
    at_most(reader, &[(RING, ring), (BUFFERED, buffered)], (MEMORY, memory));
    certificate(reader);
    listen(reader);
    tls(reader);
}

fn tls(reader: &mut Reader) {
    let profile = reader.config.pipeline.tls.clone();
    let both = first_of_both(&profile.tls_ports, &profile.clear_ports);
    exclude(reader, (TLS_PORTS, CLEAR_PORTS), both.map(|port| port.to_string()));
    let both = first_of_both(&profile.allowed_ciphers, &profile.refused_ciphers);
    exclude(reader, (ALLOWED, REFUSED), both.map(|suite| CipherSuite(suite).to_string()));
    if let Some(span) = reader.span(TLS_VERSION)
        && TlsVersion(profile.minimum_version) < TlsVersion::TLS12
    {
        let title = "TLS 1.0 and 1.1 are not to be used any more (RFC 8996)";
        let help = "findings about them are what shows who still does";
        reader.report(Diagnostic::warning(span, title).help(help));
    }
}

/// What two lists may not both have. A list that was not accepted is not judged again.
fn exclude(reader: &mut Reader, (one, other): (&str, &str), both: Option<String>) {
    let Some(both) = both else { return };
    if reader.is_refused(one) || reader.is_refused(other) {
        return;
    }
    let Some(span) = reader.span(other).or_else(|| reader.span(one)) else { return };
    let title = format!("{both} is in both `{one}` and `{other}`");
    reader.report(Diagnostic::error(span, title).help("take it out of one of them"));
}

fn first_of_both(one: &[u16], other: &[u16]) -> Option<u16> {
    let one: BTreeSet<_> = one.iter().collect();
    other.iter().find(|number| one.contains(number)).copied()
}

/// Parts in bytes that together must not be more than a whole. A value that was not
/// accepted is not judged again.
fn at_most(reader: &mut Reader, parts: &[(&str, u64)], whole: (&str, u64)) {
    let total = parts.iter().fold(0u64, |total, (_, bytes)| total.saturating_add(*bytes));
    let keys: Vec<&str> = parts.iter().map(|(path, _)| *path).chain([whole.0]).collect();
    if total <= whole.1 || keys.iter().any(|path| reader.is_refused(path)) {
        return;
    }
    let Some(span) = keys.iter().find_map(|path| reader.span(path)) else { return };
    let verb = if parts.len() == 1 { "is" } else { "together are" };
    let names: Vec<String> =
        parts.iter().map(|(path, bytes)| format!("`{path}` ({})", format_size(*bytes))).collect();
    let title = format!(
        "{} {verb} more than `{}` ({})",
        names.join(" and "),
        whole.0,
        format_size(whole.1)
    );
    let help = format!("raise `{}`, or lower the others", whole.0);
    reader.report(Diagnostic::error(span, title).help(help));
}

/// A certificate is of no use without its key, and the other way round.
fn certificate(reader: &mut Reader) {
    let metrics = &reader.config.metrics;
    let (there, missing) = match (&metrics.tls_certificate, &metrics.tls_key) {
        (Some(_), None) => (CERTIFICATE, KEY),
        (None, Some(_)) => (KEY, CERTIFICATE),
        _ => return,
    };
    if reader.is_refused(missing) {
        return;
    }
    let Some(span) = reader.span(there) else { return };
    let title = format!("`{there}` is of no use without `{missing}`");
    let help = format!("set `{missing}` as well, or leave both out to serve metrics without TLS");
    reader.report(Diagnostic::error(span, title).help(help));
}

/// Metrics tell who talks to whom: nobody else is let in by mistake.
fn listen(reader: &mut Reader) {
    let Some(span) = reader.span(LISTEN) else { return };
    let metrics = &reader.config.metrics;
    if metrics.listen.is_local()
        || [INSECURE, CERTIFICATE, KEY, USERS].iter().any(|path| reader.is_refused(path))
    {
        return;
    }
    let has_tls = metrics.tls_certificate.is_some() || metrics.tls_key.is_some();
    let lacking = match (has_tls, metrics.users.is_some()) {
        (true, true) => return,
        (true, false) => "without a password",
        (false, true) => "without TLS",
        (false, false) => "without TLS and without a password",
    };
    reader.report(if metrics.insecure {
        let title = format!("metrics are served beyond this host, {lacking}");
        let help = "they tell who talks to whom; let a firewall or proxy guard this port";
        Diagnostic::warning(span, title).help(help)
    } else {
        let title = format!("metrics would be served beyond this host, {lacking}");
        let help = "set `tls_certificate`, `tls_key` and `users`; or listen on a loopback address \
                    or on \"unix:/run/apiwatch/metrics.sock\", behind a proxy that has both; or \
                    say `insecure = true`";
        Diagnostic::error(span, title).help(help)
    });
}
