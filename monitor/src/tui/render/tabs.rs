//! The screens, and on the right what is in force: frozen, private, ended, filtered.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::paint::{HIDDEN, Look, Text, cut, piece, put_text, text_width, width};
use crate::filter::Filter;
use crate::pipeline::detect::Moment;
use crate::pipeline::time::Timestamp;
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::state::{Connection, Privacy, Screen, State};
use crate::tui::table::Align;
use crate::tui::theme::Tone;

/// Draws the tabs; `now` goes on while the view is frozen.
pub(crate) fn render(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    look: Look,
    (model, now): (&Model, Moment),
) {
    let width = usize::from(area.width);
    let full = tabs(state, model, Names::All);
    let narrow = tabs(state, model, Names::Selected);
    let chips = chips(state, look, now, width.saturating_sub(text_width(&narrow) + 1));
    let chips_width = text_width(&chips);
    let tabs = if text_width(&full) + chips_width < width { full } else { narrow };
    put_text(frame.buffer_mut(), area, look, &tabs);
    let chips_width = u16::try_from(chips_width).unwrap_or(area.width).min(area.width);
    let right = Rect { x: area.right() - chips_width, width: chips_width, ..area };
    put_text(frame.buffer_mut(), right, look, &chips);
}

/// Which tabs show their names beside their numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    All,
    Selected,
}

fn tabs(state: &State, model: &Model, names: Names) -> Text<'static> {
    let mut text = Text::new();
    for (number, screen) in (1..).zip(Screen::ALL) {
        let is_selected = screen == state.screen;
        let name = match names {
            Names::Selected if !is_selected => String::new(),
            _ => format!(" {}", screen.name()),
        };
        let tone = if is_selected { Tone::Selected } else { Tone::Plain };
        text.push(piece(format!(" {number}{name}{} ", badge(screen, model)), tone));
    }
    text
}

/// What asks for a look at a screen.
fn badge(screen: Screen, model: &Model) -> String {
    let is_unwell = model.lost() > 0 || model.dropped > 0 || !model.status.declined.is_empty();
    match screen {
        Screen::Findings if model.findings.len() > 0 => {
            format!(" ({})", format::count(model.findings.len() as u64))
        }
        Screen::Health if is_unwell => " !".to_owned(),
        _ => String::new(),
    }
}

fn chips(state: &State, look: Look, now: Moment, room: usize) -> Text<'static> {
    let mut chips = Text::new();
    chips.extend(super::crumbs::chips(state, look));
    // What else is in force has room, too.
    let is_plain = state.frozen.is_none() && state.filter().is_none_or(Filter::is_empty);
    let left = if is_plain { room.saturating_sub(text_width(&chips)) } else { 0 };
    let ended = match (state.connection, state.replay) {
        (Connection::Loading, _) => Some(" loading ".to_owned()),
        (Connection::Gone(at), _) => Some(gone(at, now, left)),
        (Connection::Ended(at), None) => {
            Some(format!(" FEED ENDED {} ago ", format::age(now.time.since(at))))
        }
        _ => None,
    };
    let tone = if state.connection == Connection::Loading { Tone::Accent } else { Tone::Bad };
    chips.extend(ended.map(|text| piece(text, tone)));
    if let Some(frozen) = &state.frozen {
        let age = format::age(now.time.since(frozen.at.time));
        chips.push(piece(format!(" FROZEN {age} "), Tone::Selected));
    }
    if state.privacy == Privacy::Hidden {
        chips.push(piece(" PRIVATE ", Tone::Accent));
    }
    if let Some(filter) = state.filter().filter(|filter| !filter.is_empty()) {
        let text = match look.privacy {
            Privacy::Open => filter.text(),
            Privacy::Hidden => HIDDEN,
        };
        let left = room.saturating_sub(text_width(&chips));
        let chip = format!(" filter: {text} ");
        chips.push(piece(cut(&chip, left, Align::Left, look.theme).into_owned(), Tone::Accent));
    }
    chips
}

/// Since when what is shown is old; with what that means where there is room.
fn gone(at: Timestamp, now: Moment, room: usize) -> String {
    let age = format::age(now.time.since(at));
    let (short, long) = (format!(" daemon gone {age} "), ", showing the last data ");
    if width(&short) + width(long) > room { short } else { short.trim_end().to_owned() + long }
}
