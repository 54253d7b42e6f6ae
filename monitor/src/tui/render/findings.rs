//! Open findings, worst first.

use std::borrow::Cow;
use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::grid::{self, Cells, Place};
use super::paint::{Look, piece};
use crate::pipeline::detect::Moment;
use crate::pipeline::finding::{Finding, Severity};
use crate::tui::columns::finding::FindingColumn;
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::state::State;
use crate::tui::theme::{Glyphs, Tone};

/// Draws the findings.
pub(crate) fn render(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    look: Look,
    (model, now): (&Model, Moment),
) -> Place {
    let rows = state.finding_rows(now);
    let view = &state.findings;
    grid::render(frame.buffer_mut(), area, look, (view, &rows), || {
        if view.selection.filter.is_empty() {
            why_none(model)
        } else {
            super::why_empty(("finding", model.findings.len()), &view.selection, model, look)
        }
    })
}

/// No findings is good news only where everything was seen.
pub(super) fn why_none(model: &Model) -> String {
    let Some(stats) = &model.stats else {
        return super::why_quiet(model, "no findings yet");
    };
    match model.lost() {
        0 if stats.connections_opened == 0 => super::why_quiet(model, "no findings yet"),
        0 => format!(
            "no open findings in {} connections and {} exchanges",
            format::grouped(stats.connections_opened),
            format::grouped(stats.exchanges),
        ),
        lost => format!(
            "no open findings, but {} records were lost: this is no clean verdict (6 shows where)",
            format::grouped(lost),
        ),
    }
}

impl Cells for FindingColumn {
    fn cell<'r>(self, row: &'r &Arc<Finding>, look: Look, _room: u16) -> (Cow<'r, str>, Tone) {
        match self {
            Self::Severity => piece(format::severity(row.severity), tone(row.severity)),
            Self::Kind => piece(row.kind.name(), Tone::Plain),
            Self::Subject => piece(subject(row, look), Tone::Plain),
            Self::Summary => piece(look.private(&*row.summary), Tone::Plain),
            Self::Count => piece(format::count(row.count), Tone::Plain),
            Self::FirstSeen => piece(super::cell::age(row.first_seen, look), Tone::Plain),
            Self::LastSeen => piece(super::cell::age(row.last_seen, look), Tone::Plain),
            Self::State => piece(row.state.name(), Tone::Plain),
        }
    }
}

/// What a finding is about, with an arrow that the terminal can draw.
pub(crate) fn subject(finding: &Finding, look: Look) -> Cow<'_, str> {
    match look.theme.glyphs {
        Glyphs::Unicode => look.private(&*finding.subject),
        Glyphs::Ascii => look.private(finding.subject.replace('→', "->")),
    }
}

/// The tone of a severity.
pub(crate) const fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Critical | Severity::High => Tone::Bad,
        Severity::Medium => Tone::Warning,
        Severity::Low | Severity::Informational => Tone::Plain,
    }
}
