//! Everything at a glance: traffic and latency over time, the busiest services, the
//! worst findings, and how open connections are protected.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::time::Duration;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::cell;
use super::chart::{self, Bar, Chart, Ink};
use super::grid::{self, Cells, Place};
use super::paint::{Look, Text, piece, put_lines, put_text, wrap};
use crate::pipeline::detect::Moment;
use crate::pipeline::finding::Finding;
use crate::tui::columns::service::{ServiceColumn, ServiceRow};
use crate::tui::format;
use crate::tui::layout::overview;
use crate::tui::model::Model;
use crate::tui::model::window::Span;
use crate::tui::state::State;
use crate::tui::theme::Tone;

/// Draws the overview.
pub(crate) fn render(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    look: Look,
    (model, now): (&Model, Moment),
) -> Place {
    let panes = overview::panes(area);
    let span = state.span(now);
    let buffer = frame.buffer_mut();
    chart::render(buffer, panes.traffic, look, &traffic(model, span, panes.traffic));
    if !panes.latency.is_empty() {
        chart::render(buffer, panes.latency, look, &latency(model, span, panes.latency, look));
    }
    put_lines(buffer, panes.connections, look, &connections(model), 0);
    worst_findings(buffer, panes.findings, look, model);
    let rows = state.service_rows(now);
    let view = &state.services;
    grid::render(buffer, panes.services, look, (view, &rows), || {
        super::why_empty(("exchange", model.services.len()), &view.selection, model, look)
    })
}

/// Exchanges a second, the part of them that were errors, and bytes.
fn traffic(model: &Model, span: Span, area: Rect) -> Chart {
    let parts = model.traffic.columns(span.window, span.now, area.width.into());
    let bars: Vec<_> = parts
        .iter()
        .map(|(sum, length)| {
            let seconds = length.as_secs_f64().max(1.0);
            let rate = |events: u32| f64::from(events) / seconds;
            Bar { whole: rate(sum.tally.exchanges), part: rate(sum.tally.errors) }
        })
        .collect();
    let total = model.traffic.total(span.window, span.now);
    let peak = bars.iter().map(|bar| bar.whole).fold(0.0, f64::max);
    let mut heading = chart::heading("TRAFFIC");
    let (rate, _) = cell::rate(span.rate(total.tally.exchanges));
    chart::number(&mut heading, "", format!("{rate}/s"), Tone::Strong);
    let errors = match total.tally.errors {
        0 => ("errors ", "0".to_owned(), Tone::Plain),
        errors => {
            let share = format::percent(total.tally.error_share().unwrap_or_default());
            ("errors ", format!("!{} {share}", format::count(errors.into())), Tone::Bad)
        }
    };
    chart::number(&mut heading, errors.0, errors.1, errors.2);
    if area.height > 1 {
        chart::number(&mut heading, "peak ", format!("{}/s", format::rate(peak)), Tone::Plain);
        chart::number(&mut heading, "", format::bytes(total.bytes), Tone::Plain);
    }
    let whole = Ink { unicode: "█", ascii: "#", tone: Tone::Good };
    let part = Ink { unicode: "▒", ascii: "!", tone: Tone::Bad };
    Chart { heading, bars, whole, part, ends: ends(span) }
}

/// What half of the exchanges, and 99 of 100, did not exceed.
fn latency(model: &Model, span: Span, area: Rect, look: Look) -> Chart {
    let parts = model.traffic.columns(span.window, span.now, area.width.into());
    let bars: Vec<_> = parts
        .iter()
        .map(|(sum, _)| {
            let height = |percent| sum.latency.quantile(percent).map_or(0.0, magnitude);
            Bar { whole: height(99), part: height(50) }
        })
        .collect();
    let total = model.traffic.total(span.window, span.now);
    let mut heading = chart::heading("LATENCY");
    for (name, percent) in [("p50 ", 50), ("p99 ", 99)] {
        let (value, _) = cell::duration(total.latency.quantile(percent), look);
        chart::number(&mut heading, name, value.into_owned(), Tone::Strong);
    }
    if area.height > 1 {
        let peak = parts.iter().filter_map(|(sum, _)| sum.latency.quantile(99)).max();
        let (value, _) = cell::duration(peak, look);
        chart::number(&mut heading, "p99 peak ", value.into_owned(), Tone::Plain);
    }
    let whole = Ink { unicode: "░", ascii: ":", tone: Tone::Plain };
    let part = Ink { unicode: "█", ascii: "#", tone: Tone::Accent };
    let (left, right) = ends(span);
    let left = format!("{left}, logarithmic");
    Chart { heading, bars, whole, part, ends: (left, right) }
}

/// Height of a duration: a slow one must not press all others to the ground.
fn magnitude(duration: Duration) -> f64 {
    (duration.as_secs_f64() / SHORT_SECONDS).ln_1p()
}

/// Below this, heights are in proportion; above, in proportion to their logarithms.
const SHORT_SECONDS: f64 = 1e-4;

fn ends(span: Span) -> (String, &'static str) {
    (format!("{} ago", span.window.label()), "now")
}

fn connections(model: &Model) -> Vec<Text<'static>> {
    let open = model.connections();
    let clear = if open.clear > 0 { Tone::Warning } else { Tone::Plain };
    let mark = if open.clear > 0 { "^ " } else { "" };
    let count = |count: usize, name: &str| format!("  {} {name}", format::grouped(count as u64));
    vec![
        vec![
            piece("connections open", Tone::Strong),
            piece(format!("  {mark}{} clear", format::grouped(open.clear as u64)), clear),
            piece(count(open.tls, "tls"), Tone::Plain),
            piece(count(open.unknown, "not recognised"), Tone::Plain),
        ],
        vec![
            piece("observed at     ", Tone::Strong),
            piece(count(open.client, "client"), Tone::Plain),
            piece(count(open.server, "server"), Tone::Plain),
            piece(count(open.both, "both ends"), Tone::Plain),
        ],
    ]
}

/// The worst findings, and of those the newest, as many as have room.
fn worst_findings(buffer: &mut Buffer, area: Rect, look: Look, model: &Model) {
    if area.is_empty() {
        return;
    }
    let open = format::grouped(model.findings.len() as u64);
    let heading = vec![piece(format!("WORST FINDINGS ({open} open)"), Tone::Title)];
    put_text(buffer, Rect { height: 1, ..area }, look, &heading);
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    if model.findings.len() == 0 {
        let lines = wrap(&super::findings::why_none(model), usize::from(area.width));
        let lines: Vec<Text<'_>> =
            lines.into_iter().map(|line| vec![piece(line, Tone::Plain)]).collect();
        return put_lines(buffer, body, look, &lines, 0);
    }
    let lines: Vec<_> = worst(model, body.height.into())
        .into_iter()
        .map(|finding| finding_line(finding, look, area.width))
        .collect();
    put_lines(buffer, body, look, &lines, 0);
}

/// The worst findings, in order; the others are not sorted.
fn worst(model: &Model, count: usize) -> Vec<&Finding> {
    let order = |finding: &&Finding| (Reverse((finding.severity, finding.last_seen)), finding.id);
    let mut findings: Vec<_> = model.findings.iter().map(|finding| &**finding).collect();
    if count < findings.len() {
        findings.select_nth_unstable_by_key(count, order);
        findings.truncate(count);
    }
    findings.sort_unstable_by_key(order);
    findings
}

/// A finding in a line; a narrow one has the mark of its severity alone.
fn finding_line(finding: &Finding, look: Look, width: u16) -> Text<'_> {
    let severity = format::severity(finding.severity);
    let mark = super::destinations::mark(finding.severity);
    let tone = super::findings::tone(finding.severity);
    let age = cell::age(finding.last_seen, look);
    let severity = if width < 70 { format!("{mark:<3}") } else { format!("{severity:<12}") };
    vec![
        piece(severity, tone),
        piece(format!("{age:>4}  "), Tone::Muted),
        piece(format!("{:<23}", finding.kind.name()), Tone::Plain),
        piece(super::findings::subject(finding, look), Tone::Strong),
    ]
}

impl Cells for ServiceColumn {
    fn cell<'r>(self, row: &'r ServiceRow<'_>, look: Look, _room: u16) -> (Cow<'r, str>, Tone) {
        match self {
            Self::Name => match &row.service.name {
                Some(name) => piece(super::endpoints::service(name, look), Tone::Plain),
                None => piece("(all others)", Tone::Muted),
            },
            Self::Rate => cell::rate(row.rate),
            Self::Errors => cell::error_share(row.tally, look),
            Self::Slowest => cell::duration(row.p99, look),
            Self::Exchanges => {
                piece(format::count(row.service.traffic.totals.exchanges), Tone::Plain)
            }
        }
    }
}
