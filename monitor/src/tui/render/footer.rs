//! The keys of the mode and the place in the list; or the filter that is being typed,
//! with a caret under what is wrong with it.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use super::grid::Place;
use super::paint::{Look, Text, after_cells, cut, piece, put, put_text, text_width, width};
use crate::filter::FilterError;
use crate::tui::format;
use crate::tui::keys;
use crate::tui::state::{FilterEdit, Mode, Screen, State};
use crate::tui::table::{Align, Cursor};
use crate::tui::theme::Tone;

/// Draws the footer.
pub(crate) fn render(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    look: Look,
    place: Option<Place>,
) {
    match &state.mode {
        Mode::Filter(edit) => typing(frame, area, look, edit),
        mode => {
            if let Some(message) = &state.message {
                let piece = (&*message.text, message.tone);
                put(frame.buffer_mut(), area, look, piece, Align::Left);
                return;
            }
            let place = place_text(state, place);
            let room = usize::from(area.width).saturating_sub(width(&place) + 2);
            put_text(frame.buffer_mut(), area, look, &key_bar(mode, room));
            put(frame.buffer_mut(), area, look, (&place, Tone::Muted), Align::Right);
        }
    }
}

/// Keys with their words, as many as have room.
fn key_bar(mode: &Mode, room: usize) -> Text<'static> {
    let mut bar = Text::new();
    let bindings = keys::tables(mode).iter().copied().flatten();
    for binding in bindings.filter(|binding| !binding.short.is_empty()) {
        let Some(key) = binding.keys.first() else { continue };
        let pieces =
            [piece(key.label(), Tone::Accent), piece(format!(" {}  ", binding.short), Tone::Plain)];
        if text_width(&bar) + text_width(&pieces.to_vec()) > room + 2 {
            break;
        }
        bar.extend(pieces);
    }
    bar
}

/// Which of how many rows is selected, and whether new ones will be.
fn place_text(state: &State, place: Option<Place>) -> String {
    let Some(Place { selected: Some(selected), rows }) = place else { return String::new() };
    let (at, rows) = (format::grouped(selected as u64 + 1), format::grouped(rows as u64));
    match (state.screen, state.exchanges.selection.cursor) {
        (Screen::Exchanges, Cursor::Follow) => format!("{at} of {rows}, following"),
        _ => format!("{at} of {rows}"),
    }
}

const PROMPT: &str = "filter: ";
const HINT: &str =
    "method: path: status:5xx latency>200ms client:10.0.0.0/8 server: severity>=high kind: -not";

fn typing(frame: &mut Frame<'_>, area: Rect, look: Look, edit: &FilterEdit) {
    let prompt = PROMPT.len() as u16;
    let line = Rect { height: 1, ..area };
    put(frame.buffer_mut(), line, look, (PROMPT, Tone::Accent), Align::Left);
    let field = Rect { x: line.x + prompt, width: line.width - prompt, ..line };
    let text = edit.editor.text();
    let cells_before = |characters: usize| {
        let before: String = text.chars().take(characters).collect();
        width(&before)
    };
    let cursor = cells_before(edit.editor.cursor());
    let skipped = cursor.saturating_sub(usize::from(field.width).saturating_sub(1));
    put(frame.buffer_mut(), field, look, (&after_cells(&text, skipped), Tone::Strong), Align::Left);
    let at = |cells: usize| {
        field
            .x
            .saturating_add(u16::try_from(cells.saturating_sub(skipped)).unwrap_or(u16::MAX))
            .min(area.right() - 1)
    };
    frame.set_cursor_position(Position { x: at(cursor), y: line.y });
    let below = Rect { y: line.y + 1, height: area.height.saturating_sub(1), ..area };
    match &edit.error {
        Some(error) => caret(frame, below, look, (error, at(cells_before(error.column)))),
        None => {
            let mut hint = key_bar(&Mode::Filter(edit.clone()), usize::from(area.width));
            hint.push(piece(HINT, Tone::Muted));
            put_text(frame.buffer_mut(), below, look, &hint);
        }
    }
}

/// A caret with what is wrong, on the side that has room.
fn caret(frame: &mut Frame<'_>, area: Rect, look: Look, (error, x): (&FilterError, u16)) {
    let (left, right) = (x - area.x, area.right() - x);
    let message = error.to_string();
    if usize::from(right) >= width(&message) + 2 || right >= left {
        let room = Rect { x, width: right, ..area };
        put(frame.buffer_mut(), room, look, (&format!("^ {message}"), Tone::Bad), Align::Left);
    } else {
        let room = Rect { width: left + 1, ..area };
        let message = cut(&message, usize::from(left.saturating_sub(1)), Align::Left, look.theme);
        put(frame.buffer_mut(), room, look, (&format!("{message} ^"), Tone::Bad), Align::Right);
    }
}
