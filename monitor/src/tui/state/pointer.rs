use ratatui::layout::{Position, Rect};

use super::{Mode, Screen, State};
use crate::pipeline::detect::Moment;
use crate::tui::layout;
use crate::tui::render::grid::first_visible;
use crate::tui::table::{Column, Cursor, View};

impl State {
    /// Selects the row of the list at a place of the screen, where there is one.
    pub(super) fn click(&mut self, at: Position, now: Moment) {
        let area = Rect::from((Position::ORIGIN, self.size));
        let Some(regions) = layout::regions(area, self) else { return };
        if matches!(self.mode, Mode::Help(_) | Mode::Filter(_)) {
            return;
        }
        let list = regions.list;
        let cursor = match self.screen {
            Screen::Overview => {
                let table = layout::overview::panes(list).services;
                pointed(&self.services, &self.service_rows(now), table, at)
            }
            Screen::Exchanges => pointed(&self.exchanges, &self.exchange_rows(now), list, at),
            Screen::Destinations => {
                pointed(&self.destinations, &self.destination_rows(now), list, at)
            }
            Screen::Endpoints => pointed(&self.endpoints, &self.endpoint_rows(now), list, at),
            Screen::Findings => pointed(&self.findings, &self.finding_rows(now), list, at),
            Screen::Health => None,
        };
        if let (Some(cursor), Some(view)) = (cursor, self.view_mut(self.screen)) {
            view.selection_mut().cursor = cursor;
        }
    }
}

/// The row at a place of a table that is drawn in `area`, its headings in the first line.
fn pointed<C: Column>(
    view: &View<C>,
    rows: &[C::Row<'_>],
    area: Rect,
    at: Position,
) -> Option<Cursor> {
    let line = usize::from(at.y.checked_sub(area.y + 1)?);
    let selected = view.position(rows).filter(|_| area.contains(at))?;
    let top = first_visible(selected, rows.len(), usize::from(area.height - 1));
    rows.get(top + line).map(|row| Cursor::At(C::id(row)))
}
