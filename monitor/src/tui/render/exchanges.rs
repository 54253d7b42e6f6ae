//! The last exchanges, newest last.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::grid::{self, Cells, Place};
use super::paint::{Look, piece};
use crate::pipeline::detect::Moment;
use crate::tui::columns::exchange::ExchangeColumn;
use crate::tui::format;
use crate::tui::model::{ExchangeEntry, Model, bytes_of};
use crate::tui::state::State;
use crate::tui::table::Column;
use crate::tui::theme::Tone;

/// Draws the exchanges.
pub(crate) fn render(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    look: Look,
    (model, now): (&Model, Moment),
) -> Place {
    let rows = state.exchange_rows(now);
    let view = &state.exchanges;
    grid::render(frame.buffer_mut(), area, look, (view, &rows), || {
        if view.filter.is_empty() {
            super::why_quiet(model, "no exchanges yet")
        } else {
            super::no_match("exchange", model.exchanges.len(), view.filter.text(), look)
        }
    })
}

impl Cells for ExchangeColumn {
    fn heading(self, look: Look) -> String {
        match self {
            Self::Time => look.zone.name(),
            other => other.title().to_owned(),
        }
    }

    fn cell<'r>(self, row: &'r &ExchangeEntry, look: Look, _room: u16) -> (Cow<'r, str>, Tone) {
        let exchange = &row.exchange;
        let request = exchange.request.as_ref();
        let none = || piece(look.theme.none(), Tone::Muted);
        match self {
            Self::Time => piece(look.time_of_day(exchange.time), Tone::Plain),
            Self::Method => {
                request.map_or_else(none, |request| piece(request.method.as_str(), Tone::Strong))
            }
            Self::Path => request
                .map_or_else(none, |request| piece(look.private(&*request.path), Tone::Plain)),
            Self::Status => exchange
                .response
                .as_ref()
                .map_or_else(|| piece("? none", Tone::Warning), |response| status(response.status)),
            Self::Latency => exchange
                .duration
                .map_or_else(none, |duration| piece(format::duration(duration), Tone::Plain)),
            Self::Bytes => piece(format::bytes(bytes_of(exchange)), Tone::Plain),
            Self::Client => piece(super::client(&exchange.ends.client, look), Tone::Plain),
            Self::Server => {
                let host = request.and_then(|request| request.host.as_deref());
                piece(super::server(&exchange.ends.server, host, look), Tone::Plain)
            }
            Self::Encryption if exchange.encrypted => piece("tls", Tone::Good),
            Self::Encryption => piece("clear", Tone::Warning),
        }
    }
}

/// A status code, with a mark where it is an error.
pub(crate) fn status(status: Option<u16>) -> (Cow<'static, str>, Tone) {
    match status {
        Some(status @ 500..) => piece(format!("! {status}"), Tone::Bad),
        Some(status @ 400..500) => piece(format!("^ {status}"), Tone::Warning),
        Some(status) => piece(format!("  {status}"), Tone::Plain),
        None => piece("? unknown", Tone::Warning),
    }
}
