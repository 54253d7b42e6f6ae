//! Where each region of the screen is.
//!
//! * header, two lines: host, capture, loss, findings
//! * tabs, one line: screens, and what is in force (filter, freeze, privacy)
//! * body: the screen's list, or a detail instead of it or beside it
//! * footer, one line: keys; two while a filter is typed

use ratatui::layout::{Rect, Size};

use super::state::{Mode, Screen, State};

/// Panes of the overview.
pub(crate) mod overview;

/// Smallest terminal that is drawn to.
pub(crate) const SMALLEST: Size = Size { width: 40, height: 8 };
/// Below either, there is one pane.
const TWO_PANES: Size = Size { width: 60, height: 15 };
/// Beside a list of this width, a detail has room.
const WIDE: u16 = 110;
/// Under a list of this height, a detail has room.
const TALL: u16 = 26;

/// The regions of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Regions {
    pub(crate) header: Rect,
    pub(crate) tabs: Rect,
    /// Empty where a detail takes its place.
    pub(crate) list: Rect,
    /// Empty where there is no detail.
    pub(crate) detail: Rect,
    pub(crate) footer: Rect,
}

/// The regions of an area; none where it is too small.
pub(crate) fn regions(area: Rect, state: &State) -> Option<Regions> {
    if area.width < SMALLEST.width || area.height < SMALLEST.height {
        return None;
    }
    let footer_height = if matches!(state.mode, Mode::Filter(_)) { 2 } else { 1 };
    let (header, rest) = split_top(area, 2);
    let (tabs, rest) = split_top(rest, 1);
    let (body, footer) = split_top(rest, rest.height - footer_height);
    let (list, detail) = match is_detailed(&state.mode) {
        true if area.width >= TWO_PANES.width && area.height >= TWO_PANES.height => {
            split_body(body)
        }
        true => (Rect::ZERO, body),
        false => (body, Rect::ZERO),
    };
    Some(Regions { header, tabs, list, detail, footer })
}

/// Rows that a page has.
pub(crate) fn page(state: &State) -> u16 {
    let area = Rect::from((ratatui::layout::Position::ORIGIN, state.size));
    let Some(regions) = regions(area, state) else { return 1 };
    match state.mode {
        Mode::Detail(_) => regions.detail.height.saturating_sub(1),
        Mode::Help(_) => help(area).height.saturating_sub(2),
        _ if state.screen == Screen::Health => regions.list.height,
        _ if state.screen == Screen::Overview => {
            overview::panes(regions.list).services.height.saturating_sub(1)
        }
        _ => regions.list.height.saturating_sub(1),
    }
}

/// The overlay with the keys.
pub(crate) fn help(area: Rect) -> Rect {
    let width = area.width.min(110);
    let height = area.height.min(36);
    Rect::new((area.width - width) / 2, (area.height - height) / 2, width, height)
}

fn is_detailed(mode: &Mode) -> bool {
    match mode {
        Mode::Detail(_) => true,
        Mode::Help(help) => is_detailed(help.back()),
        Mode::List | Mode::Filter(_) => false,
    }
}

fn split_body(body: Rect) -> (Rect, Rect) {
    if body.width >= WIDE {
        let left = body.width * 55 / 100;
        let detail = Rect { x: body.x + left + 1, width: body.width - left - 1, ..body };
        (Rect { width: left, ..body }, detail)
    } else if body.height >= TALL {
        split_top(body, body.height * 2 / 5)
    } else {
        (Rect::ZERO, body)
    }
}

fn split_top(area: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(area.height);
    let top = Rect { height, ..area };
    (top, Rect { y: area.y + height, height: area.height - height, ..area })
}
