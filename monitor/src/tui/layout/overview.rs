//! Where the panes of the overview are: charts side by side where that has room, above
//! each other where only the height has, else one line each.

use ratatui::layout::Rect;

use super::split_top;

/// The panes of the overview; those that have no room are empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Panes {
    pub(crate) traffic: Rect,
    pub(crate) latency: Rect,
    pub(crate) connections: Rect,
    pub(crate) services: Rect,
    pub(crate) findings: Rect,
}

/// Side by side, both charts and both tables have room from here on.
const WIDE: u16 = 100;
/// Charts of several lines have room from here on.
const TALL: u16 = 17;
/// Findings have room from here on.
const ROOMY: u16 = 9;

/// The panes of an area.
pub(crate) fn panes(area: Rect) -> Panes {
    if area.width >= WIDE && area.height >= TALL {
        return side_by_side(area);
    }
    let (chart, connections, findings) = match area.height {
        TALL.. => (4, 1, 5),
        ROOMY.. => (1, 1, 3),
        6.. => (1, 1, 0),
        _ => (1, 0, 0),
    };
    let (traffic, rest) = split_top(area, chart);
    let (latency, rest) = split_top(rest, if area.height < 6 { 0 } else { chart });
    let (connections, rest) = split_top(rest, connections);
    let (services, findings) = split_top(rest, rest.height.saturating_sub(findings));
    Panes { traffic, latency, connections, services, findings }
}

fn side_by_side(area: Rect) -> Panes {
    let (charts, rest) = split_top(area, (area.height / 3).clamp(5, 12));
    let (connections, rest) = split_top(rest, 2);
    let (_, tables) = split_top(rest, 1);
    let (traffic, latency) = split_left(charts, charts.width / 2);
    let (services, findings) = split_left(tables, tables.width * 9 / 20);
    Panes { traffic, latency, connections, services, findings }
}

/// Two columns between the halves stay empty.
fn split_left(area: Rect, width: u16) -> (Rect, Rect) {
    let left = Rect { width: width.saturating_sub(1), ..area };
    (left, Rect { x: area.x + width + 1, width: area.width.saturating_sub(width + 1), ..area })
}
