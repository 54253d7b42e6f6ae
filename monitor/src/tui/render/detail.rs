//! Everything about one row, with names on the left.

use std::borrow::Cow;
use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::cell::Cell;
use super::paint::{Look, Text, piece, put_lines, put_text, width, wrap};
use crate::pipeline::detect::Moment;
use crate::pipeline::output::End;
use crate::pipeline::process::Process;
use crate::tui::format;
use crate::tui::state::{Detail, State, Subject};
use crate::tui::theme::Tone;

/// A connection with its handshake.
mod connection;
/// An identity and one of its destinations.
mod destination;
/// A service, a method and a route.
mod endpoint;
/// A request with its response.
mod exchange;
/// A finding.
mod finding;

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
    let name = subject.name();
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
pub(crate) type Field = (&'static str, Cell);

/// All lines of a detail, cut to `room` cells.
pub(crate) fn lines(subject: &Subject, look: Look, room: u16) -> Vec<Text<'static>> {
    let fields = fields(subject, look).into_iter();
    fields.flat_map(|field| field_lines(field, usize::from(room))).collect()
}

/// All that a detail says, by names.
pub(crate) fn fields(subject: &Subject, look: Look) -> Vec<Field> {
    match subject {
        Subject::Exchange(entry) => exchange::fields(&entry.exchange, look),
        Subject::Connection(facts) => connection::fields(facts, look),
        Subject::Destination(row) => destination::fields(row, look),
        Subject::Endpoint(found) => endpoint::fields(found, look),
        Subject::Finding(found) => finding::fields(found, look),
    }
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

/// An end: its address, and its process where that lives here.
fn end(name: &'static str, end: &End, look: Look) -> Vec<Field> {
    let address = look.private(format::address(end.address));
    let shown = match &end.process {
        Some(process) => format!("{} at {address}", process.identity),
        None => address.into_owned(),
    };
    let mut fields = vec![(name, piece(shown, Tone::Strong))];
    fields.extend(end.name.as_ref().map(|name| {
        let text = look.private(&*name.text);
        plain("", format!("called {text} by {}", name.source.name()))
    }));
    let Some(process) = &end.process else { return fields };
    fields.push(plain("", process_line(process, look)));
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

/// Quantiles of durations, each after its name.
fn quantiles(quantile: impl Fn(u64) -> Option<Duration>, look: Look) -> String {
    let shown = |percent| quantile(percent).map_or(look.theme.none().into(), format::duration);
    format!("p50 {}  p99 {}", shown(50), shown(99))
}

/// A number that is worth a mark where it is not zero.
fn alarm(name: &'static str, count: u64, what: &str) -> Field {
    let text = format!("{} {what}", format::grouped(count));
    match count {
        0 => plain(name, text),
        _ => (name, piece(format!("! {text}"), Tone::Bad)),
    }
}
