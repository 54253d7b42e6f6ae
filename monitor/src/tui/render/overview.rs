//! Open connections in two lines, then who talks to whom.

use std::borrow::Cow;
use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::grid::{self, Cells, Place};
use super::paint::{Look, Text, piece, put_lines};
use crate::pipeline::detect::Moment;
use crate::tui::columns::destination::{DestinationColumn, DestinationRow};
use crate::tui::format;
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::model::destinations::Protection;
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
    let (summary, table) = layout::overview(area);
    put_lines(frame.buffer_mut(), summary, look, &connections(model), 0);
    let rows = state.destination_rows(now);
    let view = &state.overview;
    grid::render(frame.buffer_mut(), table, look, (view, &rows), || {
        if view.filter.is_empty() {
            super::why_quiet(model, "no destinations yet")
        } else {
            super::no_match(
                "destination",
                model.destinations.iter().count(),
                view.filter.text(),
                look,
            )
        }
    })
}

fn connections(model: &Model) -> Vec<Text<'static>> {
    let open = model.connections();
    let clear = if open.clear > 0 { Tone::Warning } else { Tone::Plain };
    let count = |count: usize, name: &str| format!("  {} {name}", format::grouped(count as u64));
    vec![
        vec![
            piece("connections open", Tone::Strong),
            piece(count(open.clear, "clear"), clear),
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

impl Cells for DestinationColumn {
    fn cell<'r>(self, row: &'r DestinationRow<'_>, look: Look, room: u16) -> (Cow<'r, str>, Tone) {
        let destination = row.destination;
        let duration = |duration: Option<Duration>| match duration {
            Some(duration) => piece(format::duration(duration), Tone::Plain),
            None => piece(look.theme.none(), Tone::Muted),
        };
        match self {
            Self::Client => match destination.client() {
                Some(end) => piece(super::client(end, look), Tone::Plain),
                None => piece("(other)", Tone::Muted),
            },
            Self::Destination => match destination.server() {
                Some(end) => piece(
                    super::destination(end, destination.host.as_deref(), look, room),
                    Tone::Plain,
                ),
                None => piece("(all others)", Tone::Muted),
            },
            Self::Protection => protection(destination.protection, look),
            Self::Open => piece(format::count(destination.open), Tone::Plain),
            Self::Rate => piece(format::rate(row.rate), Tone::Strong),
            Self::Exchanges => piece(format::count(destination.exchanges), Tone::Plain),
            Self::Errors => match destination.errors {
                0 => piece("0", Tone::Muted),
                errors => piece(format!("!{}", format::count(errors)), Tone::Bad),
            },
            Self::Bytes => piece(format::bytes(destination.bytes), Tone::Plain),
            Self::Median => duration(row.p50),
            Self::Slowest => duration(row.p99),
            Self::LastSeen => {
                piece(format::age(look.now.time.since(destination.last_seen)), Tone::Plain)
            }
        }
    }
}

/// How connections are protected, with a mark where they are not.
pub(crate) fn protection(protection: Protection, look: Look) -> (Cow<'static, str>, Tone) {
    match protection {
        Protection::Unknown => piece(look.theme.none(), Tone::Muted),
        Protection::Tls => piece("tls", Tone::Good),
        Protection::Mixed => piece("^ mixed", Tone::Warning),
        Protection::Clear => piece("^ clear", Tone::Warning),
    }
}
