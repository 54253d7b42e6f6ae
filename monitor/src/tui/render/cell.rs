//! Cells that several tables have.

use std::borrow::Cow;
use std::time::Duration;

use super::paint::{Look, piece};
use crate::pipeline::output::Auth;
use crate::pipeline::time::WallTime;
use crate::tui::format;
use crate::tui::model::series::Tally;
use crate::tui::theme::Tone;

/// A cell: its text and what that means.
pub(crate) type Cell = (Cow<'static, str>, Tone);

/// A duration, or that none is known.
pub(crate) fn duration(duration: Option<Duration>, look: Look) -> Cell {
    match duration {
        Some(duration) => piece(format::duration(duration), Tone::Plain),
        None => piece(look.theme.none(), Tone::Muted),
    }
}

/// Events a second; few are not shown as none.
pub(crate) fn rate(rate: f64) -> Cell {
    match rate {
        0.0 => piece("0", Tone::Muted),
        r if r < 0.05 => piece("<0.1", Tone::Strong),
        r => piece(format::rate(r), Tone::Strong),
    }
}

/// How many errors there were, with a mark where any were.
pub(crate) fn errors(tally: Tally) -> Cell {
    match tally.errors {
        0 => piece("0", Tone::Muted),
        errors => piece(format!("!{}", format::count(errors.into())), Tone::Bad),
    }
}

/// The share of errors, with a mark where there were any.
pub(crate) fn error_share(tally: Tally, look: Look) -> Cell {
    match tally.error_share() {
        None => piece(look.theme.none(), Tone::Muted),
        Some(share) if share <= 0.0 => piece("0%", Tone::Muted),
        Some(share) if share >= 1.0 => piece("!100%", Tone::Bad),
        Some(share) => piece(format!("!{}", format::percent(share)), Tone::Bad),
    }
}

/// How long ago a time is, short.
pub(crate) fn age(time: WallTime, look: Look) -> String {
    let now = look.now.wall_offset.wall(look.now.time);
    format::age(Duration::from_nanos(now.0.saturating_sub(time.0)))
}

/// Kinds of credentials, one after the other.
pub(crate) fn auth(kinds: &[Auth], look: Look) -> Cell {
    if kinds.is_empty() {
        return piece(look.theme.none(), Tone::Muted);
    }
    let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
    piece(names.join(" "), Tone::Plain)
}
