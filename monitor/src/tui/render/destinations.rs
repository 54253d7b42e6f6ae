//! Who talks to whom, whether that is allowed, and how well it is protected.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::cell::{self, Cell};
use super::grid::{self, Cells, Place};
use super::paint::{Look, piece};
use crate::pipeline::detect::Moment;
use crate::pipeline::finding::Severity;
use crate::pipeline::output::tls::{NamedGroup, Posture};
use crate::tui::columns::destination::{DestinationColumn, DestinationRow};
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::model::destinations::{Destination, Protection};
use crate::tui::model::judgements::{Judgement, Verdict};
use crate::tui::model::party::Party;
use crate::tui::state::State;
use crate::tui::theme::Tone;

/// Draws the destinations.
pub(crate) fn render(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    look: Look,
    (model, now): (&Model, Moment),
) -> Place {
    let rows = state.destination_rows(now);
    let view = &state.destinations;
    grid::render(frame.buffer_mut(), area, look, (view, &rows), || {
        super::why_empty(("destination", model.destinations.len()), &view.selection, model, look)
    })
}

impl Cells for DestinationColumn {
    fn cell<'r>(self, row: &'r DestinationRow<'_>, look: Look, room: u16) -> (Cow<'r, str>, Tone) {
        let destination = row.destination;
        match self {
            Self::Client => client(destination, look),
            Self::Destination => match row.server() {
                Some(end) => {
                    piece(super::destination(end, host(destination), look, room), Tone::Plain)
                }
                None => piece("(all others)", Tone::Muted),
            },
            Self::Verdict => verdict(row.verdict, look),
            Self::Findings => findings(row.judgement),
            Self::Protection => protection(destination, look, room),
            Self::Rate => cell::rate(row.rate),
            Self::Errors => cell::errors(row.tally),
            Self::Slowest => cell::duration(row.p99, look),
            Self::Median => cell::duration(row.p50, look),
            Self::Bytes => piece(format::bytes(destination.totals().bytes), Tone::Plain),
            Self::Exchanges => piece(format::count(destination.totals().exchanges), Tone::Plain),
            Self::Open => piece(format::count(destination.open), Tone::Plain),
            Self::LastSeen => piece(cell::age(destination.last_seen, look), Tone::Plain),
        }
    }
}

/// What clients call the server: TLS and DNS before what requests say.
pub(crate) fn host(destination: &Destination) -> Option<&str> {
    let name = destination.server.as_ref().and_then(|server| server.name.as_ref());
    name.map(|name| &*name.text).or(destination.host.as_deref())
}

/// Who connects; an address is private.
fn client(destination: &Destination, look: Look) -> Cell {
    match (&destination.client_end, &destination.client) {
        (_, Some(Party::Identity(identity))) => {
            piece(format::short_identity(identity).to_owned(), Tone::Plain)
        }
        (Some(end), _) => piece(super::client(end, look), Tone::Plain),
        (None, Some(Party::Address(address))) => {
            piece(look.private(address.to_string()), Tone::Plain)
        }
        (None, None) => piece("(others)", Tone::Muted),
    }
}

/// What policy says.
pub(crate) fn verdict(verdict: Verdict, look: Look) -> Cell {
    match verdict {
        Verdict::Allowed => piece("allowed", Tone::Good),
        Verdict::Unknown => piece("! unknown", Tone::Warning),
        Verdict::NotJudged => piece(look.theme.none(), Tone::Muted),
    }
}

/// The mark of the worst finding and how many there are in all.
fn findings(judgement: Judgement) -> Cell {
    match judgement.worst() {
        None => piece("", Tone::Plain),
        Some((severity, _)) => {
            let count = format::count(judgement.total().into());
            piece(format!("{:<2} {count}", mark(severity)), super::findings::tone(severity))
        }
    }
}

/// The mark of a severity alone.
pub(crate) fn mark(severity: Severity) -> &'static str {
    format::severity(severity).split(' ').next().unwrap_or_default()
}

/// How connections are protected, with a mark where they are not; the posture of TLS as
/// far as it has room.
pub(crate) fn protection(destination: &Destination, look: Look, room: u16) -> Cell {
    match (destination.protection, &destination.posture) {
        (Protection::Unknown, None) => piece(look.theme.none(), Tone::Muted),
        (Protection::Tls | Protection::Unknown, Some(posture)) => {
            piece(posture_in(posture, usize::from(room)), Tone::Good)
        }
        (Protection::Tls, None) => piece("tls", Tone::Good),
        (Protection::Mixed, _) => piece("^ mixed", Tone::Warning),
        (Protection::Clear, _) => piece("^ clear", Tone::Warning),
    }
}

/// `TLS 1.3 AES-256 X25519MLKEM768`, or as much of it as has room.
pub(crate) fn posture_in(posture: &Posture, room: usize) -> String {
    let version = version(posture);
    let cipher = posture.cipher.encryption().map(|bulk| {
        let name = posture.cipher.name().unwrap_or_default();
        let family = ["AES", "CHACHA20", "CAMELLIA", "ARIA", "3DES", "DES", "RC4", "NULL"]
            .into_iter()
            .find(|family| name.contains(family))
            .unwrap_or("other");
        format!("{family}-{}", bulk.bits())
    });
    let cipher = cipher.unwrap_or_else(|| posture.cipher.to_string());
    let group = posture.group.map(|group| group.to_string());
    let is_quantum_safe = posture.group.is_some_and(NamedGroup::is_post_quantum);
    let full = format!("{version} {cipher} {}", group.unwrap_or_default());
    let safe = if is_quantum_safe { format!("{version} {cipher} PQ") } else { String::new() };
    let shorter = format!("{version} {cipher}");
    let texts = [full.trim_end().to_owned(), safe, shorter];
    let fitting = texts.into_iter().find(|text| !text.is_empty() && text.len() <= room);
    fitting.unwrap_or(version)
}

/// `TLS 1.3`, `SSL 3.0`.
fn version(posture: &Posture) -> String {
    let version = posture.version.to_string();
    match version.strip_prefix("ssl") {
        Some(version) => format!("SSL {version}"),
        None => format!("TLS {version}"),
    }
}
