use super::*;
use crate::pipeline::output::Output;
use crate::tui::fixture::{at, empty, end, ends, exchange, request, state};
use crate::tui::table::{Cursor, Direction};
use crate::tui::tests::press;

const NOW: u64 = 30_000;

/// What a state is, in one line.
fn summary(state: &State) -> String {
    let mode = match &state.mode {
        Mode::List => "list".to_owned(),
        Mode::Detail(detail) => format!("detail {}", detail.id.0),
        Mode::Filter(edit) if edit.error.is_some() => format!("filter?{}", edit.editor.text()),
        Mode::Filter(edit) => format!("filter={}", edit.editor.text()),
        Mode::Help(_) => "help".to_owned(),
    };
    let filter = state.filter().map_or("", |filter| filter.text());
    let cursor = match state.screen {
        Screen::Overview => state.overview.cursor,
        Screen::Exchanges => state.exchanges.cursor,
        Screen::Findings => state.findings.cursor,
        Screen::Health => Cursor::Follow,
    };
    let cursor = match cursor {
        Cursor::Follow => "follow".to_owned(),
        Cursor::At(id) => format!("at {}", id.0),
    };
    let frozen = if state.frozen.is_some() { " frozen" } else { "" };
    format!("{:?} {mode} [{filter}] {cursor}{frozen}", state.screen)
}

/// 41 exchanges with ids from 1; findings in the order 3, 1, 2; destinations 1, 3, 2.
#[test]
fn keys_lead_from_state_to_state() {
    for (keys, expected) in [
        ("", "Overview list [] follow"),
        ("2", "Exchanges list [] follow"),
        ("<Tab>", "Exchanges list [] follow"),
        ("]]]", "Health list [] follow"),
        ("<BackTab>", "Health list [] follow"),
        ("[[", "Findings list [] follow"),
        ("2k", "Exchanges list [] at 40"),
        ("2kkj", "Exchanges list [] at 40"),
        ("2kj", "Exchanges list [] at 41"),
        ("2kG", "Exchanges list [] follow"),
        ("2g", "Exchanges list [] at 1"),
        ("2<C-u>", "Exchanges list [] at 32"),
        ("2g<PageDown>", "Exchanges list [] at 20"),
        ("2k<Enter>", "Exchanges detail 40 [] at 40"),
        ("2<Enter>", "Exchanges detail 41 [] at 41"),
        ("2k<Enter>N", "Exchanges detail 39 [] at 39"),
        ("2k<Enter>nnn", "Exchanges detail 41 [] at 41"),
        ("2<Enter><Esc>", "Exchanges list [] at 41"),
        ("2<Enter>q", "Exchanges list [] at 41"),
        ("2<Enter>3", "Findings list [] follow"),
        ("2<Enter>?", "Exchanges help [] at 41"),
        ("2<Enter>?<Esc>", "Exchanges detail 41 [] at 41"),
        ("?q", "Overview list [] follow"),
        ("?/", "Overview help [] follow"),
        ("2/", "Exchanges filter= [] follow"),
        ("2/q?f1", "Exchanges filter=q?f1 [q?f1] follow"),
        ("2/path:/v1<Enter>", "Exchanges list [path:/v1] follow"),
        ("2/path:/v1<Enter><Esc>", "Exchanges list [] follow"),
        ("2/path:/v1<Enter>/", "Exchanges filter=path:/v1 [path:/v1] follow"),
        ("2/path:/v1<Enter>/ x<Esc>", "Exchanges list [path:/v1] follow"),
        ("2/a<Enter>/<C-u>status:", "Exchanges filter?status: [status] follow"),
        ("2/a<Enter>/<C-u>nope:1<Enter>", "Exchanges filter?nope:1 [nope] follow"),
        ("2/a<Enter>/<C-u>nope:1<Esc>", "Exchanges list [a] follow"),
        ("2/ab<Backspace><Enter>3", "Findings list [] follow"),
        ("2/ab<Backspace><Enter>32", "Exchanges list [a] follow"),
        ("2f", "Exchanges list [] follow frozen"),
        ("2 ", "Exchanges list [] follow frozen"),
        ("2ff", "Exchanges list [] follow"),
        ("2<Enter>f", "Exchanges detail 41 [] at 41 frozen"),
        ("3j", "Findings list [] at 1"),
        ("3G", "Findings list [] at 2"),
        ("3Gg", "Findings list [] follow"),
        ("3<Enter>n", "Findings detail 1 [] at 1"),
        ("j<Enter>", "Overview detail 3 [] at 3"),
        ("4<Enter>", "Health list [] follow"),
        ("4/", "Health list [] follow"),
        ("4s", "Health list [] follow"),
        ("x<F9>", "Overview list [] follow"),
    ] {
        let mut state = state();
        press(&mut state, keys, at(NOW));
        assert_eq!(summary(&state), expected, "after {keys}");
    }
}

#[test]
fn quit_keys() {
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    let q = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
    for (keys, q_quits) in
        [("", true), ("4", true), ("2<Enter>", false), ("?", false), ("/", false)]
    {
        let mut state = state();
        press(&mut state, keys, at(NOW));
        let command = crate::tui::keys::command(&state.mode, q);
        assert_eq!(command == Some(Command::Quit), q_quits, "q after {keys}");
        let command = crate::tui::keys::command(&state.mode, ctrl_c).expect("it is always bound");
        assert_eq!(state.apply(command, at(NOW)), Reaction::Quit, "ctrl-c after {keys}");
    }
}

#[test]
fn sorting_goes_through_all_columns_and_back() {
    let mut state = state();
    press(&mut state, "2", at(NOW));
    let first = state.exchanges.sort;
    press(&mut state, "S", at(NOW));
    assert_eq!(state.exchanges.sort.direction, Direction::Descending);
    assert_eq!(state.exchange_rows(at(NOW)).first().map(|row| row.id), Some(RowId(41)));
    press(&mut state, "Sssssssssss", at(NOW));
    assert_ne!(state.exchanges.sort, first);
    press(&mut state, "ssssssss", at(NOW));
    assert_eq!(state.exchanges.sort, first, "nine columns, so eighteen steps end where they began");
}

/// Sorting, filtering and new rows leave the selected row selected.
#[test]
fn selection_sticks_to_the_row() {
    let mut state = state();
    press(&mut state, "2kkkkk", at(NOW));
    let held = state.exchanges.cursor;
    press(&mut state, "sS", at(NOW));
    let rows = state.exchange_rows(at(NOW));
    let place = state.exchanges.position(&rows).and_then(|place| rows.get(place));
    assert_eq!(place.map(|row| Cursor::At(row.id)), Some(held));

    let ends = ends(end("10.0.0.9", 9, None), end("10.0.0.5", 443, Some("nginx.service")));
    for turn in 0..2_500 {
        let exchange = exchange(&ends, turn, request("GET", "/new", "x"), 200);
        state.live.accept(Output::Exchange(exchange), at(NOW).time);
    }
    let mut state = State { exchanges: View { cursor: held, ..View::default() }, ..state };
    let rows = state.exchange_rows(at(NOW));
    assert_eq!(rows.len(), 2_000);
    assert_eq!(state.exchanges.position(&rows), Some(0), "it is gone, so the oldest is next");
    press(&mut state, "G", at(NOW));
    assert_eq!(state.exchanges.cursor, Cursor::Follow);
}

/// A detail outlives its row.
#[test]
fn a_detail_keeps_what_it_shows() {
    let mut state = state();
    press(&mut state, "2g<Enter>", at(NOW));
    let ends = ends(end("10.0.0.9", 9, None), end("10.0.0.5", 443, None));
    for turn in 0..2_100 {
        let exchange = exchange(&ends, turn, request("GET", "/new", "x"), 200);
        state.live.accept(Output::Exchange(exchange), at(NOW).time);
    }
    let Mode::Detail(detail) = &state.mode else { panic!("the detail was closed") };
    let Subject::Exchange(entry) = state.subject(detail, at(NOW)) else {
        panic!("not an exchange")
    };
    let path = entry.exchange.request.as_ref().map(|request| &*request.path);
    assert_eq!(path, Some("/v1/accounts/0/transactions"));
}

#[test]
fn texts_do_not_scroll_past_their_end() {
    let mut state = state();
    for (keys, top) in [("4", 0), ("G", 19), ("j", 19), ("kk", 17), ("g", 0)] {
        press(&mut state, keys, at(NOW));
        assert_eq!(state.health_top, top, "after {keys}");
    }
}

/// An idle host costs one frame a minute; a busy one, or a freeze, one a second.
#[test]
fn time_alone_draws_only_what_it_changes() {
    let idle = empty();
    assert_eq!(idle.pulse(at(61_000)), idle.pulse(at(119_000)));
    assert_ne!(idle.pulse(at(119_000)), idle.pulse(at(121_000)));
    let busy = state();
    assert_ne!(busy.pulse(at(30_000)), busy.pulse(at(31_000)));
    let mut frozen = empty();
    press(&mut frozen, "f", at(70_000));
    assert_ne!(frozen.pulse(at(71_000)), frozen.pulse(at(72_000)));
}
