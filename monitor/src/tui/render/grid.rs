//! A table: headings, the rows around the selected one, or why there are none.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::{Look, Text, piece, put, put_lines, wrap};
use crate::tui::table::{Align, Column, View, fit};
use crate::tui::theme::Tone;

/// How the columns of a table look.
pub(crate) trait Cells: Column {
    /// Its heading where it depends on how things are shown.
    fn heading(self, _: Look) -> String {
        self.title().to_owned()
    }

    /// What a row shows in this column, which has `room` cells.
    fn cell<'r>(self, row: &'r Self::Row<'_>, look: Look, room: u16) -> (Cow<'r, str>, Tone);
}

/// Which of how many rows is selected.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) selected: Option<usize>,
    pub(crate) rows: usize,
}

/// Draws a table; `empty` says why it has no rows.
pub(crate) fn render<C: Cells>(
    buffer: &mut Buffer,
    area: Rect,
    look: Look,
    (view, rows): (&View<C>, &[C::Row<'_>]),
    empty: impl FnOnce() -> String,
) -> Place {
    let place = Place { selected: view.position(rows), rows: rows.len() };
    if area.is_empty() {
        return place;
    }
    let columns = fit::<C>(area.width);
    headings(buffer, area, look, view, &columns);
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let Some(selected) = place.selected else {
        why_empty(buffer, body, look, &empty());
        return place;
    };
    let top = first_visible(selected, rows.len(), usize::from(body.height));
    for (y, (index, row)) in (body.y..body.bottom()).zip(rows.iter().enumerate().skip(top)) {
        let line = Rect { y, height: 1, ..body };
        draw_row(buffer, line, look, &columns, row);
        if index == selected {
            buffer.set_style(line, look.style(Tone::Selected));
        }
    }
    place
}

/// The selected row stands in the middle, except near the ends.
pub(crate) fn first_visible(selected: usize, length: usize, height: usize) -> usize {
    selected.saturating_sub(height / 2).min(length.saturating_sub(height))
}

fn headings<C: Cells>(
    buffer: &mut Buffer,
    area: Rect,
    look: Look,
    view: &View<C>,
    columns: &[(C, u16)],
) {
    for (cell, column) in cells(area, columns) {
        let mark =
            if view.sort.column == column { look.theme.sort_mark(view.sort.direction) } else { "" };
        let title = column.heading(look) + mark;
        let align = match column.shape().align {
            Align::Right => Align::Right,
            Align::Left | Align::Tail => Align::Left,
        };
        put(buffer, cell, look, (&title, Tone::Strong), align);
    }
    buffer.set_style(Rect { height: 1, ..area }, look.style(Tone::Title));
}

fn draw_row<C: Cells>(
    buffer: &mut Buffer,
    line: Rect,
    look: Look,
    columns: &[(C, u16)],
    row: &C::Row<'_>,
) {
    for (cell, column) in cells(line, columns) {
        let (text, tone) = column.cell(row, look, cell.width);
        put(buffer, cell, look, (&text, tone), column.shape().align);
    }
}

fn cells<C: Copy>(line: Rect, columns: &[(C, u16)]) -> impl Iterator<Item = (Rect, C)> {
    columns.iter().scan(line.x, move |x, (column, width)| {
        let cell = Rect { x: *x, width: *width, height: 1, ..line };
        *x += width + 1;
        Some((cell, *column))
    })
}

fn why_empty(buffer: &mut Buffer, area: Rect, look: Look, reason: &str) {
    let room = area.width.saturating_sub(4).min(76);
    let lines = wrap(reason, usize::from(room));
    let lines: Vec<Text<'_>> =
        lines.into_iter().map(|line| vec![piece(line, Tone::Plain)]).collect();
    let inset = Rect {
        x: area.x + 2,
        y: area.y + u16::from(area.height > 4),
        width: room,
        height: area.height - u16::from(area.height > 4),
    };
    put_lines(buffer, inset, look, &lines, 0);
}
