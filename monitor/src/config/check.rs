use super::diagnostic::Diagnostic;
use super::reader::Reader;
use super::value::format_size;

const MEMORY: &str = "limits.memory";
const RING: &str = "capture.ring_bytes";
const BUFFERED: &str = "limits.buffered_bytes";
const STREAM: &str = "limits.stream_bytes";
const HEAD: &str = "limits.head_bytes";
const LISTEN: &str = "metrics.listen";

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
    listen(reader);
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

fn listen(reader: &mut Reader) {
    let Some(span) = reader.span(LISTEN) else { return };
    if !reader.config.metrics.listen.ip().to_canonical().is_loopback() {
        let title = "metrics are served beyond this host, without authentication";
        let help = "they tell who talks to whom; let a firewall or proxy guard this port";
        reader.report(Diagnostic::warning(span, title).help(help));
    }
}
