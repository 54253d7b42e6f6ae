//! The screen, drawn from the state and nothing else; one file for each region.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use self::grid::Place;
use self::paint::{Look, put, width};
use super::format;
use super::layout::{self, Regions, SMALLEST};
use super::model::Model;
use super::state::{Mode, Screen, State};
use super::table::{Align, Selection};
use super::theme::Tone;
use crate::pipeline::detect::Moment;
use crate::pipeline::output::End;

/// Cells that several tables have.
mod cell;
/// Bars over time.
mod chart;
/// The way back, and what is narrowed.
mod crumbs;
/// Who talks to whom.
mod destinations;
/// All about one row.
pub(crate) mod detail;
/// What is served.
mod endpoints;
/// Exchanges.
mod exchanges;
/// Findings.
mod findings;
/// Keys, place, and the filter line.
mod footer;
/// Tables.
pub(crate) mod grid;
/// Host, capture, loss, findings.
mod header;
/// Health of the capture.
mod health;
/// Keys and filters.
mod help;
/// Traffic, services, findings and connections at a glance.
mod overview;
/// Text to the screen.
pub(crate) mod paint;
/// Screens, and what is in force.
mod tabs;

/// Draws everything.
pub(crate) fn render(frame: &mut Frame<'_>, state: &State, now: Moment) {
    let area = frame.area();
    let (model, shown_at) = state.shown(now);
    let look = look(state, shown_at);
    frame.buffer_mut().set_style(area, look.theme.base());
    let Some(regions) = layout::regions(area, state) else {
        return too_small(frame, area, look);
    };
    header::render(frame, regions.header, state, look, model);
    tabs::render(frame, regions.tabs, state, look, (model, now));
    let place = list(frame, regions.list, state, look, (model, now));
    divide(frame, &regions, look);
    match &state.mode {
        Mode::Detail(detail) => detail::render(frame, regions.detail, look, (state, detail), now),
        Mode::Help(help) => {
            if let Mode::Detail(detail) = help.back() {
                detail::render(frame, regions.detail, look, (state, detail), now);
            }
        }
        Mode::List | Mode::Filter(_) => {}
    }
    footer::render(frame, regions.footer, state, look, place);
    if let Mode::Help(help) = &state.mode {
        help::render(frame, Rect { height: area.height - 1, ..area }, look, help.top);
    }
}

fn look(state: &State, now: Moment) -> Look {
    Look { theme: state.theme, privacy: state.privacy, zone: state.zone(), now }
}

/// How far the text of the state can be scrolled: lines that a page has no room for.
pub(crate) fn scroll_limit(state: &State, now: Moment) -> usize {
    let area = Rect::from((Position::ORIGIN, state.size));
    let Some(regions) = layout::regions(area, state) else { return 0 };
    let (model, shown_at) = state.shown(now);
    let look = look(state, shown_at);
    let (lines, room) = match &state.mode {
        Mode::Detail(detail) => {
            let subject = state.subject(detail, now);
            let lines = detail::lines(&subject, look, regions.detail.width).len();
            (lines, detail::room(regions.detail))
        }
        Mode::Help(_) => {
            let area = Rect { height: area.height - 1, ..area };
            (help::lines(area).len(), help::room(area))
        }
        Mode::List | Mode::Filter(_) => {
            let lines = health::lines(model, look, regions.list.width).len();
            (lines, usize::from(regions.list.height))
        }
    };
    lines.saturating_sub(room)
}

/// A line between a list and the detail beside it.
fn divide(frame: &mut Frame<'_>, regions: &Regions, look: Look) {
    let Regions { list, detail, .. } = *regions;
    if list.is_empty() || detail.y > list.y {
        return;
    }
    for y in detail.y..detail.bottom() {
        let cell = Rect { x: list.right(), y, width: 1, height: 1 };
        put(frame.buffer_mut(), cell, look, (look.theme.bar(), Tone::Muted), Align::Left);
    }
}

fn list(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    look: Look,
    (model, now): (&Model, Moment),
) -> Option<Place> {
    Some(match state.screen {
        Screen::Overview => overview::render(frame, area, state, look, (model, now)),
        Screen::Exchanges => exchanges::render(frame, area, state, look, (model, now)),
        Screen::Destinations => destinations::render(frame, area, state, look, (model, now)),
        Screen::Endpoints => endpoints::render(frame, area, state, look, (model, now)),
        Screen::Findings => findings::render(frame, area, state, look, (model, now)),
        Screen::Health => {
            health::render(frame, area, look, model, state.health_top);
            return None;
        }
    })
}

fn too_small(frame: &mut Frame<'_>, area: Rect, look: Look) {
    let times = look.theme.pick("×", "x");
    let of = |width: u16, height: u16| format!("{width}{times}{height}");
    let (need, have) = (of(SMALLEST.width, SMALLEST.height), of(area.width, area.height));
    let text = format!("terminal too small: need {need}, have {have}");
    put(frame.buffer_mut(), area, look, (&text, Tone::Plain), Align::Left);
}

/// Why nothing is there to be shown: no capture, no traffic, or none that can be read.
fn why_quiet(model: &Model, what: &str) -> String {
    let Some(stats) = &model.stats else {
        return format!("{what}: the capture has not reported yet");
    };
    if stats.connections_opened == 0 {
        return format!("{what}: no TCP connection was seen on this host since the start");
    }
    let open = model.connections();
    format!(
        "{what}: {} connections were seen ({} open: {} tls, {} not recognised), none that \
         could be read",
        format::grouped(stats.connections_opened),
        format::grouped((open.clear + open.tls + open.unknown) as u64),
        format::grouped(open.tls as u64),
        format::grouped(open.unknown as u64),
    )
}

fn no_match(what: &str, kept: usize, filter: &str, look: Look) -> String {
    let kept = format::grouped(kept as u64);
    let filter = look.private(filter);
    format!("no {what} of {kept} matches the filter {filter} (Esc clears it, / changes it)")
}

/// Why a table that has rows shows none: of `kept` none is inside, or none matches.
fn why_empty(
    (what, kept): (&'static str, usize),
    selection: &Selection,
    model: &Model,
    look: Look,
) -> String {
    if !selection.filter.is_empty() {
        return no_match(what, kept, selection.filter.text(), look);
    }
    match &selection.scope {
        Some(_) => format!(
            "no {what} of {} kept is of what was selected (Esc goes back)",
            format::grouped(kept as u64)
        ),
        None => why_quiet(model, &format!("no {what}s yet")),
    }
}

/// The end that connected; an address is private.
fn client(end: &End, look: Look) -> Cow<'static, str> {
    let text = format::client(end);
    if end.process.is_some() { text.into() } else { look.private(text) }
}

/// The end that accepted, with its address where that has room beside its name.
fn destination(end: &End, host: Option<&str>, look: Look, room: u16) -> Cow<'static, str> {
    let text = format::destination(end, host);
    if end.process.is_some() || width(&text) > usize::from(room) {
        return server(end, host, look);
    }
    look.private(text)
}

/// The end that accepted; an address or a name is private.
fn server(end: &End, host: Option<&str>, look: Look) -> Cow<'static, str> {
    let text = format::server(end, host);
    if end.process.is_some() { text.into() } else { look.private(text) }
}
