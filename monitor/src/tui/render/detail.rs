//! Everything about one row, with names on the left.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::paint::{Look, Text, piece, put_lines, put_text, width, wrap};
use crate::pipeline::detect::Moment;
use crate::pipeline::finding::Finding;
use crate::pipeline::output::{End, Exchange, Request, Response};
use crate::pipeline::process::Process;
use crate::tui::format;
use crate::tui::model::destinations::Destination;
use crate::tui::state::{Detail, State, Subject};
use crate::tui::theme::Tone;

/// Draws a detail.
pub(crate) fn render(
    frame: &mut Frame<'_>,
    area: Rect,
    look: Look,
    (state, detail): (&State, &Detail),
    now: Moment,
) {
    if area.is_empty() {
        return;
    }
    let subject = state.subject(detail, now);
    let lines = lines(&subject, look, area.width);
    let place = place(detail.top, room(area), lines.len());
    let title = Rect { height: 1, ..area };
    put_text(frame.buffer_mut(), title, look, &heading(&subject, place, look, area.width));
    put_lines(frame.buffer_mut(), below_title(area), look, &lines, detail.top);
}

/// Lines of a detail that its area has room for.
pub(crate) fn room(area: Rect) -> usize {
    usize::from(below_title(area).height)
}

fn below_title(area: Rect) -> Rect {
    Rect { y: area.y + area.height.min(1), height: area.height.saturating_sub(1), ..area }
}

fn heading(subject: &Subject, place: String, look: Look, room: u16) -> Text<'static> {
    let rule = look.theme.rule();
    let name = match subject {
        Subject::Exchange(_) => "Exchange",
        Subject::Finding(_) => "Finding",
        Subject::Destination(_) => "Destination",
    };
    let rest = usize::from(room).saturating_sub(width(name) + width(&place) + 4);
    vec![
        piece(format!("{rule} "), Tone::Plain),
        piece(name, Tone::Strong),
        piece(format!(" {}", rule.repeat(rest)), Tone::Plain),
        piece(place, Tone::Strong),
        piece(rule, Tone::Plain),
    ]
}

/// Which lines are shown, where not all are.
pub(crate) fn place(top: usize, room: usize, length: usize) -> String {
    if length <= room {
        return String::new();
    }
    format!(" lines {}-{} of {length} ", top + 1, (top + room).min(length))
}

/// A name with its value.
type Field = (&'static str, (Cow<'static, str>, Tone));

/// All lines of a detail, cut to `room` cells.
pub(crate) fn lines(subject: &Subject, look: Look, room: u16) -> Vec<Text<'static>> {
    let fields = match subject {
        Subject::Exchange(entry) => exchange(&entry.exchange, look),
        Subject::Finding(found) => finding(found, look),
        Subject::Destination(counted) => destination(counted, look),
    };
    fields.into_iter().flat_map(|field| field_lines(field, usize::from(room))).collect()
}

/// Cells of the names.
const NAMES: usize = 14;

fn field_lines((name, (value, tone)): Field, room: usize) -> Vec<Text<'static>> {
    let mut names = std::iter::once(name).chain(std::iter::repeat(""));
    let lines = wrap(&value, room.saturating_sub(NAMES).max(8));
    let line = |value| {
        let name = format!("{:<NAMES$}", names.next().unwrap_or_default());
        vec![piece(name, Tone::Muted), piece(value, tone)]
    };
    lines.into_iter().map(line).collect()
}

fn plain(name: &'static str, value: impl Into<Cow<'static, str>>) -> Field {
    (name, piece(value, Tone::Plain))
}

fn exchange(exchange: &Exchange, look: Look) -> Vec<Field> {
    let mut fields = vec![plain("time", look.date_time(exchange.time))];
    match &exchange.request {
        Some(request) => fields.extend(self::request(request, look)),
        None => fields.push(("request", piece("? not seen", Tone::Warning))),
    }
    match &exchange.response {
        Some(response) => fields.extend(self::response(response)),
        None => fields.push(("status", piece("? no response, or not seen", Tone::Warning))),
    }
    fields.push(plain("latency", latency(exchange, look)));
    fields.extend(end("client", &exchange.ends.client, look));
    fields.extend(end("server", &exchange.ends.server, look));
    fields.push(protection(exchange));
    fields.push(plain("auth", exchange.auth.name()));
    fields.push(plain("protocol", exchange.protocol.name()));
    fields.push(plain("connection", exchange.connection.0.to_string()));
    let anomalies = exchange.anomalies.iter().map(|anomaly| format!("! {anomaly:?}"));
    fields.extend(anomalies.map(|anomaly| ("anomaly", piece(anomaly, Tone::Warning))));
    fields
}

fn latency(exchange: &Exchange, look: Look) -> String {
    let shown = |duration: Option<_>| duration.map_or(look.theme.none().into(), format::duration);
    format!("{}, first byte after {}", shown(exchange.duration), shown(exchange.ttfb))
}

fn protection(exchange: &Exchange) -> Field {
    match exchange.encrypted {
        true => ("protection", piece("encrypted", Tone::Good)),
        false => ("protection", piece("^ clear text", Tone::Warning)),
    }
}

fn request(request: &Request, look: Look) -> Vec<Field> {
    let path = look.private(&*request.path);
    let sent = format!(
        "head {}, body {}{}",
        format::bytes(request.header_bytes.into()),
        format::bytes(request.body_bytes),
        of_type(request.content_type.as_deref()),
    );
    let host = request.host.as_deref().unwrap_or(look.theme.none());
    let mut fields =
        vec![("request", piece(format!("{} {path}", request.method.as_str()), Tone::Strong))];
    if !request.query_keys.is_empty() {
        fields.push(plain("query keys", look.private(request.query_keys.join(" "))));
    }
    fields.push(plain("host", look.private(host.to_owned())));
    fields.push(plain("sent", sent));
    fields.extend(incomplete(request.complete));
    fields
}

fn response(response: &Response) -> Vec<Field> {
    let (status, tone) = super::exchanges::status(response.status);
    let kind = of_type(response.content_type.as_deref());
    let mut fields = vec![
        ("status", piece(status.trim_start().to_owned(), tone)),
        plain("received", format!("body {}{kind}", format::bytes(response.body_bytes))),
    ];
    fields.extend(incomplete(response.complete));
    fields
}

fn of_type(content_type: Option<&str>) -> String {
    content_type.map(|content_type| format!(" of {content_type}")).unwrap_or_default()
}

fn incomplete(complete: bool) -> Option<Field> {
    (!complete).then(|| ("", piece("! incomplete: bytes of it were not seen", Tone::Warning)))
}

/// An end: its address, and its process where that lives here.
fn end(name: &'static str, end: &End, look: Look) -> Vec<Field> {
    let address = look.private(format::address(end.address));
    let Some(process) = &end.process else {
        return vec![(name, piece(address, Tone::Strong))];
    };
    let mut fields = vec![
        (name, piece(format!("{} at {address}", process.identity), Tone::Strong)),
        plain("", process_line(process, look)),
    ];
    let place = [("exe", &process.exe), ("unit", &process.unit), ("container", &process.container)];
    let known = place.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
    let news = known.filter(|(_, value)| *value != &*process.identity);
    fields.extend(news.map(|(name, value)| plain("", format!("{name} {value}"))));
    fields
}

fn process_line(process: &Process, look: Look) -> String {
    let user = process.user.as_deref().map(|user| format!(" ({user})")).unwrap_or_default();
    let started = look.date_time(process.start_time);
    let (pid, uid) = (process.key.pid, process.uid);
    format!("{}, pid {pid}, uid {uid}{user}, since {started}", process.comm)
}

fn finding(finding: &Finding, look: Look) -> Vec<Field> {
    let private = |text: &str| look.private(text.to_owned());
    let severity = format::severity(finding.severity);
    let count = format!("{} times", format::grouped(finding.count));
    let mut fields = vec![
        ("severity", piece(severity, super::findings::tone(finding.severity))),
        plain("kind", finding.kind.name()),
        ("subject", piece(super::findings::subject(finding, look).into_owned(), Tone::Strong)),
        ("summary", piece(private(&finding.summary), Tone::Strong)),
        plain("remedy", private(&finding.remedy)),
        plain("seen", count),
        plain("first seen", look.date_time(finding.first_seen)),
        plain("last seen", look.date_time(finding.last_seen)),
        plain("confidence", finding.confidence.name()),
        plain("state", finding.state.name()),
        plain("id", format!("{:016x}", finding.id.0)),
    ];
    fields.extend(finding.evidence.iter().map(|(name, value)| {
        let value = private(value);
        plain("evidence", format!("{name}: {value}"))
    }));
    fields
}

fn destination(destination: &Destination, look: Look) -> Vec<Field> {
    let latency = |percent| {
        let found = destination.latency.quantile(percent);
        found.map_or(look.theme.none().to_owned(), format::duration)
    };
    let mut fields = Vec::new();
    if let Some(ends) = &destination.ends {
        fields.extend(end("client", &ends.client, look));
        fields.extend(end("server", &ends.server, look));
    }
    let host = destination.host.as_deref().unwrap_or(look.theme.none());
    let age = format::age(look.now.time.since(destination.last_seen));
    let errors = format::grouped(destination.errors);
    fields.extend([
        plain("host", look.private(host.to_owned())),
        ("protection", super::overview::protection(destination.protection, look)),
        plain("open", format!("{} connections", format::grouped(destination.open))),
        plain("exchanges", format::grouped(destination.exchanges)),
        plain("errors", format!("{errors} responses of 4xx or 5xx")),
        plain(
            "bytes",
            format!("{} of exchanges and closed connections", format::bytes(destination.bytes)),
        ),
        plain("latency", format!("p50 {}  p90 {}  p99 {}", latency(50), latency(90), latency(99))),
        plain("last seen", format!("{age} ago")),
    ]);
    fields
}
