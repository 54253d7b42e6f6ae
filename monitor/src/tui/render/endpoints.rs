//! What is served: services, methods and routes.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::cell::{self, Cell};
use super::grid::{self, Cells, Place};
use super::paint::{Look, piece};
use crate::pipeline::detect::Moment;
use crate::tui::columns::endpoint::{EndpointColumn, EndpointRow};
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::model::endpoints::Wire;
use crate::tui::state::State;
use crate::tui::theme::Tone;

/// Draws the endpoints.
pub(crate) fn render(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    look: Look,
    (model, now): (&Model, Moment),
) -> Place {
    let rows = state.endpoint_rows(now);
    let view = &state.endpoints;
    grid::render(frame.buffer_mut(), area, look, (view, &rows), || {
        super::why_empty(("endpoint", model.endpoints.len()), &view.selection, model, look)
    })
}

impl Cells for EndpointColumn {
    fn cell<'r>(self, row: &'r EndpointRow<'_>, look: Look, _room: u16) -> (Cow<'r, str>, Tone) {
        let endpoint = row.endpoint;
        match self {
            Self::Service => match row.key() {
                Some(key) => piece(service(&key.service, look), Tone::Plain),
                None => piece("(all others)", Tone::Muted),
            },
            Self::Method => match row.key() {
                Some(key) => piece(key.method, Tone::Strong),
                None => piece("", Tone::Plain),
            },
            Self::Route => match row.key() {
                Some(key) => piece(look.private(&*key.route), Tone::Plain),
                None => piece("", Tone::Plain),
            },
            Self::Rate => cell::rate(row.rate),
            Self::Errors => cell::error_share(row.tally, look),
            Self::Median => cell::duration(row.p50, look),
            Self::Slowest => cell::duration(row.p99, look),
            Self::Wire => wire(endpoint.wire, look),
            Self::Auth => cell::auth(&endpoint.auth, look),
            Self::Requests => piece(format::count(endpoint.totals().exchanges), Tone::Plain),
            Self::FirstSeen => match endpoint.first_seen {
                Some(first) => piece(cell::age(first, look), Tone::Plain),
                None => piece(look.theme.none(), Tone::Muted),
            },
            Self::LastSeen => piece(cell::age(endpoint.last_seen, look), Tone::Plain),
        }
    }
}

/// How requests came, with a mark where any came in the clear.
pub(crate) fn wire(wire: Wire, look: Look) -> Cell {
    match wire {
        Wire::Unknown => piece(look.theme.none(), Tone::Muted),
        Wire::Encrypted => piece("tls", Tone::Good),
        Wire::Both => piece("^ mixed", Tone::Warning),
        Wire::Clear => piece("^ clear", Tone::Warning),
    }
}

/// A service by its name; only the identity of a unit or an executable is not private.
pub(crate) fn service(name: &str, look: Look) -> Cow<'static, str> {
    let is_identity = name.starts_with('/') || name.ends_with(".service") || name.starts_with('[');
    let shown = format::short_identity(name).to_owned();
    if is_identity && !is_address(name) { shown.into() } else { look.private(shown) }
}

/// `[::1]:443` begins like the name of a process.
fn is_address(name: &str) -> bool {
    name.parse::<std::net::SocketAddr>().is_ok()
}
