//! The last exchanges, newest last.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::grid::{self, Cells, Place};
use super::paint::{Look, piece};
use crate::pipeline::detect::Moment;
use crate::pipeline::output::Exchange;
use crate::tui::columns::exchange::{ExchangeColumn, grpc_status};
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
        super::why_empty(("exchange", model.exchanges.len()), &view.selection, model, look)
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
            Self::Route => exchange
                .route
                .as_deref()
                .map_or_else(none, |route| piece(look.private(route), Tone::Plain)),
            Self::Status => standing(exchange),
            Self::Grpc => grpc_status(exchange).map_or_else(
                || if exchange.grpc.is_some() { none() } else { piece("", Tone::Plain) },
                |status| piece(status.to_string(), grpc_tone(status)),
            ),
            Self::Anomalies => match exchange.anomalies.len() {
                0 => piece("", Tone::Plain),
                count => piece(format!("!{}", count.min(9)), Tone::Warning),
            },
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

/// The status of the response, or why there is none.
fn standing(exchange: &Exchange) -> (Cow<'static, str>, Tone) {
    match &exchange.response {
        Some(response) => status(response.status),
        None if exchange.progress.is_last() => piece("? none", Tone::Warning),
        None => piece("  open", Tone::Muted),
    }
}

/// The tone of a `grpc-status`.
pub(crate) const fn grpc_tone(status: u32) -> Tone {
    if status == 0 { Tone::Plain } else { Tone::Bad }
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
