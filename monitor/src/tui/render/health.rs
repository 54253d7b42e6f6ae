//! What the capture is, what it could not have, and what it did not see.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::paint::{Look, Text, piece, put_lines, wrap};
use crate::capture::status::{CaptureStatus, RingStatus};
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
    let mut lines = loss(model, stats, look);
    lines.extend(rings(&model.status));
    lines.extend(uncaptured(stats));
    lines.extend(programs(&model.status, look, width));
    lines.extend(counts(model, stats));
    lines
}

fn loss<'a>(model: &'a Model, stats: &'a Stats, look: Look) -> Vec<Text<'a>> {
    let mut lines = vec![title("LOST RECORDS")];
    for ((stage, reason), count) in &stats.lost {
        let name = format!("{}, {}", format::stage(*stage), format::loss_reason(*reason));
        lines.push(row(name, format::grouped(*count), alarm(*count)));
    }
    lines.push(row("not taken by this UI", format::grouped(model.dropped), alarm(model.dropped)));
    if let Some(last) = &model.last_loss {
        let place = format::stage(last.loss.stage);
        let text = format!("{} in the {place}", format::grouped(last.loss.count));
        lines.push(row(
            "last report",
            format!("{text} at {}", look.time_of_day(last.time)),
            Tone::Plain,
        ));
    }
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

fn uncaptured(stats: &Stats) -> Vec<Text<'static>> {
    let moved = stats.moved_bytes;
    let share = |bytes: u64| format::percent(bytes as f64 / moved.max(1) as f64);
    let bytes = |name: &'static str, bytes, tone| {
        row(name, format!("{:<9} {}", format::bytes(bytes), share(bytes)), tone)
    };
    let mut lines = vec![Text::new(), title("BYTES")];
    lines.push(row("moved", format::bytes(moved), Tone::Plain));
    lines.push(bytes("read", stats.captured_bytes, Tone::Plain));
    for (reason, count) in &stats.uncaptured_bytes {
        let tone = if *count > 0 { Tone::Warning } else { Tone::Plain };
        let text = format!("{:<9} {}", format::bytes(*count), share(*count));
        lines.push(row(format!("not read: {}", format::uncaptured_reason(*reason)), text, tone));
    }
    lines
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
        ("connections evicted", evicted, alarm(evicted)),
        ("data records", stats.records, Tone::Plain),
        ("exchanges", stats.exchanges, Tone::Plain),
        ("exchanges incomplete", stats.exchanges_incomplete, alarm(stats.exchanges_incomplete)),
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
