//! What the capture is, what it could not have, and what it did not see.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::paint::{Look, Text, piece, put_lines, wrap};
use crate::capture::status::{CaptureStatus, RingStatus};
use crate::pipeline::coverage::ProcessCoverage;
use crate::pipeline::stats::Stats;
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::theme::Tone;

/// Draws the health screen from its line `top` on.
pub(crate) fn render(frame: &mut Frame<'_>, area: Rect, look: Look, model: &Model, top: usize) {
    let lines = lines(model, look, area.width);
    put_lines(frame.buffer_mut(), area, look, &lines, top);
}

/// All lines of the health screen.
pub(crate) fn lines<'a>(model: &'a Model, look: Look, width: u16) -> Vec<Text<'a>> {
    let Some(stats) = &model.stats else {
        let reason = super::why_quiet(model, "no health yet");
        return wrap(&reason, usize::from(width))
            .into_iter()
            .map(|line| vec![piece(line, Tone::Plain)])
            .collect();
    };
    let mut lines = bytes(stats);
    lines.extend(processes(&model.coverage, look));
    lines.extend(loss(model, stats, look));
    lines.extend(rings(&model.status));
    lines.extend(programs(&model.status, look, width));
    lines.extend(counts(model, stats));
    lines
}

fn loss<'a>(model: &'a Model, stats: &'a Stats, look: Look) -> Vec<Text<'a>> {
    let mut lines = vec![Text::new(), title("LOST RECORDS")];
    if stats.lost.is_empty() {
        lines.push(row("in any stage", "0", Tone::Plain));
    }
    for ((stage, reason), count) in &stats.lost {
        let name = format!("{}, {}", format::stage(*stage), format::loss_reason(*reason));
        lines.push(row(name, format::grouped(*count), alarm(*count)));
    }
    let missed = if model.dropped > 0 { Tone::Bad } else { Tone::Plain };
    lines.push(row("missed by this UI", format::grouped(model.dropped), missed));
    if let Some(last) = &model.last_loss {
        let place = format::stage(last.loss.stage);
        let text = format!("{} in the {place}", format::grouped(last.loss.count));
        lines.push(row(
            "last report",
            format!("{text} at {}", look.time_of_day(last.time)),
            Tone::Plain,
        ));
    }
    lines.extend(model.coverage_gap.as_ref().map(|gap| {
        let text = match gap.duration {
            Some(length) => format!("{} until {}", format::age(length), look.date_time(gap.time)),
            None => "for an unknown time".to_owned(),
        };
        row(format!("nobody watched before the {}", gap.cause.name()), text, Tone::Plain)
    }));
    lines
}

fn rings(status: &CaptureStatus) -> Vec<Text<'static>> {
    let heading =
        format!("{:<10}{:>15}{:>15}{:>12}  {}", "RINGS", "GENERATED", "DELIVERED", "LOST", "USED");
    let ring = |name: &str, ring: &RingStatus| {
        let (generated, delivered) =
            (format::grouped(ring.generated), format::grouped(ring.delivered));
        let lost =
            format!("{}{}", if ring.lost > 0 { "! " } else { "" }, format::grouped(ring.lost));
        let used = format!("{} of {}", format::bytes(ring.used), format::bytes(ring.bytes));
        vec![
            piece(format!("  {name:<8}{generated:>15}{delivered:>15}"), Tone::Plain),
            piece(format!("{lost:>12}"), alarm(ring.lost)),
            piece(format!("  {used}"), Tone::Plain),
        ]
    };
    let rings = [ring("payload", &status.data), ring("control", &status.control)];
    let mut lines = vec![Text::new(), vec![piece(heading, Tone::Title)]];
    lines.extend(rings);
    lines
}

fn bytes(stats: &Stats) -> Vec<Text<'static>> {
    let moved = stats.moved_bytes;
    let share = |bytes: u64| format::percent(bytes as f64 / moved.max(1) as f64);
    let read = stats.captured_bytes;
    let mut lines = vec![title("BYTES")];
    lines.push(row("moved", format::bytes(moved), Tone::Plain));
    let text = format!("{:<9} {}", format::bytes(read), share(read));
    lines.push(row("read", text, Tone::Plain));
    for (reason, count) in &stats.uncaptured_bytes {
        let tone = if *count > 0 { Tone::Warning } else { Tone::Plain };
        let text = format!("{:<9} {}", format::bytes(*count), share(*count));
        lines.push(row(format!("not read: {}", format::uncaptured_reason(*reason)), text, tone));
    }
    lines
}

/// Processes with unread bytes, those with most of them first.
const PROCESSES: usize = 20;

fn processes(coverage: &[ProcessCoverage], look: Look) -> Vec<Text<'static>> {
    let mut lines = vec![Text::new(), title("READ OF MOVED BYTES BY PROCESS, MOST UNREAD FIRST")];
    if coverage.is_empty() {
        lines.push(row("none told of yet", look.theme.none(), Tone::Plain));
        return lines;
    }
    let unread = |process: &ProcessCoverage| process.uncaptured.values().sum::<u64>();
    let mut rows: Vec<_> = coverage.iter().map(|process| (unread(process), process)).collect();
    rows.sort_unstable_by(|(one, left), (other, right)| {
        other.cmp(one).then_with(|| right.moved.cmp(&left.moved))
    });
    let more = rows.len().saturating_sub(PROCESSES);
    rows.truncate(PROCESSES);
    for (unread, process) in rows {
        lines.push(coverage_row(process, unread));
        lines.extend(process.uncaptured.iter().filter(|(_, bytes)| **bytes > 0).map(|it| {
            let text = format!("{:<9} {}", format::bytes(*it.1), format::uncaptured_reason(*it.0));
            vec![piece(format!("      not read  {text}"), Tone::Plain)]
        }));
    }
    if more > 0 {
        lines.push(row(format!("and {} with less", format::grouped(more as u64)), "", Tone::Plain));
    }
    lines
}

fn coverage_row(process: &ProcessCoverage, unread: u64) -> Text<'static> {
    let share = process.captured as f64 / process.moved.max(1) as f64;
    let text = format!("{:>6} of {}", format::percent(share), format::bytes(process.moved));
    row(process.identity.to_string(), text, alarm(unread))
}

fn programs<'a>(status: &'a CaptureStatus, look: Look, width: u16) -> Vec<Text<'a>> {
    let tier = status.tier.map_or("none (a replay)".to_owned(), |tier| tier.to_string());
    let mut lines = vec![Text::new(), title("PROGRAMS"), row("tier", tier, Tone::Plain)];
    for (name, instructions) in &status.programs {
        let text = format!("{} instructions verified", format::grouped(u64::from(*instructions)));
        lines.push(row(&**name, text, Tone::Plain));
    }
    for (name, cost) in &status.declined {
        lines.push(row(&**name, "! declined", Tone::Warning));
        let room = usize::from(width.saturating_sub(6));
        let cost = wrap(cost, room).into_iter();
        lines.extend(cost.map(|line| vec![piece("      ", Tone::Plain), piece(line, Tone::Plain)]));
    }
    if status.programs.is_empty() && status.declined.is_empty() {
        lines.push(row("attached", look.theme.none(), Tone::Plain));
    }
    lines
}

fn counts(model: &Model, stats: &Stats) -> Vec<Text<'static>> {
    let status = &model.status;
    let evicted = stats.connections_evicted;
    let rows = [
        ("connections opened", stats.connections_opened, Tone::Plain),
        ("connections closed", stats.connections_closed, Tone::Plain),
        ("connections tracked", stats.connections_tracked, Tone::Plain),
        ("connections evicted", evicted, alarm(evicted)),
        ("data records", stats.records, Tone::Plain),
        ("exchanges", stats.exchanges, Tone::Plain),
        ("exchanges incomplete", stats.exchanges_incomplete, alarm(stats.exchanges_incomplete)),
        ("TLS handshakes", stats.handshakes, Tone::Plain),
        ("findings open", stats.findings_open, Tone::Plain),
        ("findings without room here", model.findings.evicted(), alarm(model.findings.evicted())),
        ("buffered bytes", stats.buffered_bytes, Tone::Plain),
        ("payload reads that faulted", status.read_faults, alarm(status.read_faults)),
        ("connections without kernel state", status.state_full, alarm(status.state_full)),
        ("calls of 32-bit programs", status.compat_skipped, alarm(status.compat_skipped)),
        ("calls whose payload is out of reach", status.length_only, alarm(status.length_only)),
    ];
    let rows = rows.into_iter().map(|(name, count, tone)| row(name, format::grouped(count), tone));
    [Text::new(), title("COUNTS")].into_iter().chain(rows).collect()
}

fn title(text: &'static str) -> Text<'static> {
    vec![piece(text, Tone::Title)]
}

/// A name and a value; a warning has a mark too.
fn row<'a>(name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>, tone: Tone) -> Text<'a> {
    let mark = if tone == Tone::Plain { "  " } else { "! " };
    let name = name.into();
    let gap = " ".repeat(NAMES.saturating_sub(super::paint::width(&name)).max(1));
    vec![piece(mark, tone), piece(name, Tone::Plain), piece(gap, Tone::Plain), piece(value, tone)]
}

/// Cells of the names.
const NAMES: usize = 40;

const fn alarm(count: u64) -> Tone {
    if count > 0 { Tone::Warning } else { Tone::Plain }
}
