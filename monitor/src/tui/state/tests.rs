use super::*;
use crate::pipeline::output::Output;
use crate::tui::fixture::{at, empty, end, ends, exchange, request, state};
use crate::tui::model::shelf::Entry as _;
use crate::tui::scope::Scope;
use crate::tui::table::{Cursor, Direction, View};
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
    let cursor = state.view().map_or(Cursor::Follow, |view| view.selection().cursor);
    let cursor = match cursor {
        Cursor::Follow => "follow".to_owned(),
        Cursor::At(id) => format!("at {}", id.0),
    };
    let frozen = if state.frozen.is_some() { " frozen" } else { "" };
    let scope = state.view().and_then(|view| view.selection().scope.as_ref());
    let scope = match scope {
        None => "",
        Some(Scope::Connection(_)) => " in a connection",
        Some(Scope::Pair(_)) => " in a pair",
        Some(Scope::Endpoint(_)) => " in an endpoint",
        Some(Scope::Parties(_)) => " in a finding",
        Some(Scope::Service(_)) => " in a service",
    };
    let back: String = state.trail.names().map(|name| format!(" < {name}")).collect();
    format!("{:?} {mode} [{filter}] {cursor}{frozen}{scope}{back}", state.screen)
}

/// 41 exchanges with ids from 1; findings in the order 3, 1, 2; destinations 1, 3, 2.
#[test]
fn keys_lead_from_state_to_state() {
    for (keys, expected) in [
        ("", "Overview list [] follow"),
        ("2", "Exchanges list [] follow"),
        ("<Tab>", "Exchanges list [] follow"),
        ("]]]", "Endpoints list [] follow"),
        ("]]]]]", "Health list [] follow"),
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
        ("2<Enter>5", "Findings list [] follow"),
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
        ("2/ab<Backspace><Enter>5", "Findings list [] follow"),
        ("2/ab<Backspace><Enter>52", "Exchanges list [a] follow"),
        ("2f", "Exchanges list [] follow frozen"),
        ("2 ", "Exchanges list [] follow frozen"),
        ("2ff", "Exchanges list [] follow"),
        ("2<Enter>f", "Exchanges detail 41 [] at 41 frozen"),
        ("3j", "Destinations list [] at 3"),
        ("3<Enter>n", "Destinations detail 3 [] at 3"),
        ("4G<Enter>", "Endpoints detail 6 [] at 6"),
        ("5j", "Findings list [] at 1"),
        ("5G", "Findings list [] at 2"),
        ("5Gg", "Findings list [] follow"),
        ("5<Enter>n", "Findings detail 1 [] at 1"),
        ("6<Enter>", "Health list [] follow"),
        ("6/", "Health list [] follow"),
        ("6s", "Health list [] follow"),
        ("x<F9>", "Overview list [] follow"),
        ("od", "Overview list [] follow"),
        ("6od", "Health list [] follow"),
    ] {
        let mut state = state();
        press(&mut state, keys, at(NOW));
        assert_eq!(summary(&state), expected, "after {keys}");
    }
}

/// A step from a detail leads on, Esc leads back, and a tab leaves the trail.
#[test]
fn links_lead_on_and_back() {
    for (keys, expected) in [
        // Connection 0x9c41 is the one of the last exchange.
        ("2<Enter>o", "Exchanges detail 40001 [] at 41 in a connection < Exchange"),
        ("2<Enter>on", "Exchanges detail 40001 [] at 41 in a connection < Exchange"),
        ("2<Enter>oo", "Exchanges list [] follow in a connection < Exchange < Connection"),
        ("2<Enter>od", "Destinations detail 1 [] at 1 < Exchange < Connection"),
        ("2<Enter>o<Esc>", "Exchanges detail 41 [] at 41"),
        ("2<Enter>oo<Esc>", "Exchanges detail 40001 [] at 41 in a connection < Exchange"),
        ("2<Enter>oo<Esc><Esc>", "Exchanges detail 41 [] at 41"),
        ("2<Enter>oo<Esc><Esc><Esc>", "Exchanges list [] at 41"),
        (
            "2<Enter>ook<Enter><Esc>",
            "Exchanges list [] at 39 in a connection < Exchange < Connection",
        ),
        ("2<Enter>d", "Destinations detail 1 [] at 1 < Exchange"),
        ("2<Enter>dn", "Destinations detail 3 [] at 3 < Exchange"),
        ("2<Enter>dn<Esc>", "Exchanges detail 41 [] at 41"),
        ("2<Enter>d<Esc>3", "Destinations list [] follow"),
        ("3<Enter>o", "Exchanges list [] follow in a pair < Destination"),
        ("4<Enter>o", "Exchanges list [] follow in an endpoint < Endpoint"),
        ("4<Enter>od", "Exchanges list [] follow in an endpoint < Endpoint"),
        ("5<Enter>o", "Exchanges list [] follow in a finding < Finding"),
        ("5<Enter>d", "Destinations detail 3 [] at 3 < Finding"),
        ("5<Enter>d<Esc><Esc>", "Findings list [] at 3"),
        ("<Enter>", "Endpoints list [] follow in a service < Overview"),
        ("<Enter><Esc>", "Overview list [] at 1"),
        ("<Enter><Enter>o", "Exchanges list [] follow in an endpoint < Overview < Endpoint"),
        ("<Enter><Enter>o<Esc><Esc><Esc>", "Overview list [] at 1"),
        // What was typed comes back with the list that it was typed for.
        (
            "2/GET<Enter><Enter>oo",
            "Exchanges list [] follow in a connection < Exchange < Connection",
        ),
        ("2/GET<Enter><Enter>oo2", "Exchanges list [GET] at 41"),
        (
            "2<Enter>oo/GET<Enter><Esc>",
            "Exchanges list [] follow in a connection < Exchange < Connection",
        ),
        ("2<Enter>oo/GET<Enter>4", "Endpoints list [] follow"),
        ("2<Enter>oo/GET<Enter>42", "Exchanges list [] at 41"),
    ] {
        let mut state = state();
        press(&mut state, keys, at(NOW));
        assert_eq!(summary(&state), expected, "after {keys}");
    }
}

/// However far a walk leads, what it passed through is as before in the end.
#[test]
fn the_way_back_is_bounded() {
    let mut state = state();
    press(&mut state, "2/GET<Enter><Enter>", at(NOW));
    for _ in 0..20 {
        press(&mut state, "oo<Enter>", at(NOW));
    }
    assert_eq!(state.trail.names().count(), 8);
    for _ in 0..40 {
        press(&mut state, "<Esc>", at(NOW));
    }
    assert_eq!(state.trail.names().count(), 0);
    press(&mut state, "2", at(NOW));
    assert_eq!(state.exchanges.selection.scope, None);
}

#[test]
fn windows_go_from_a_minute_to_an_hour() {
    for (keys, label) in [
        ("", "5m"),
        ("+", "15m"),
        ("++", "1h"),
        ("+++", "1h"),
        ("-", "1m"),
        ("--", "1m"),
        ("z", "15m"),
        ("zz", "1h"),
        ("zzz", "1m"),
        ("3=", "15m"),
        ("2<Enter>-", "1m"),
    ] {
        let mut state = state();
        press(&mut state, keys, at(NOW));
        assert_eq!(state.window.label(), label, "after {keys}");
    }
}

#[test]
fn quit_keys() {
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    let q = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
    for (keys, q_quits) in
        [("", true), ("6", true), ("2<Enter>", false), ("?", false), ("/", false)]
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
    press(&mut state, "ss", at(NOW));
    assert_eq!(state.exchanges.sort, first, "twelve columns, so twelve steps end where they began");
}

/// Sorting, filtering and new rows leave the selected row selected.
#[test]
fn selection_sticks_to_the_row() {
    let mut state = state();
    press(&mut state, "2kkkkk", at(NOW));
    let held = state.exchanges.selection.cursor;
    press(&mut state, "sS", at(NOW));
    let rows = state.exchange_rows(at(NOW));
    let place = state.exchanges.position(&rows).and_then(|place| rows.get(place));
    assert_eq!(place.map(|row| Cursor::At(row.id)), Some(held));

    let ends = ends(end("10.0.0.9", 9, None), end("10.0.0.5", 443, Some("nginx.service")));
    for turn in 0..2_500 {
        let exchange = exchange(&ends, turn, request("GET", "/new", "x"), 200);
        state.live.accept(Output::Exchange(exchange), at(NOW).time);
    }
    state.exchanges = View::default();
    state.exchanges.selection.cursor = held;
    let rows = state.exchange_rows(at(NOW));
    assert_eq!(rows.len(), 2_000);
    assert_eq!(state.exchanges.position(&rows), Some(0), "it is gone, so the oldest is next");
    press(&mut state, "G", at(NOW));
    assert_eq!(state.exchanges.selection.cursor, Cursor::Follow);
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
    for (keys, top) in [("6", 0), ("G", 29), ("j", 29), ("kk", 27), ("g", 0)] {
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

/// Another daemon tells all that it knows: what the first one said is over, but not what
/// is looked at, and nothing takes the place of what was held.
#[test]
fn another_daemon_leaves_what_is_looked_at() {
    for (keys, expected) in [
        ("2/GET<Enter>kk", "Exchanges list [GET] at 33"),
        ("2/GET<Enter>kk<Enter>", "Exchanges detail 33 [GET] at 33"),
        ("2/GET", "Exchanges filter=GET [GET] follow"),
        ("3j", "Destinations list [] at 3"),
        ("4<Enter>o", "Exchanges list [] follow in an endpoint < Endpoint"),
        ("5f", "Findings list [] follow frozen"),
    ] {
        let mut state = state();
        press(&mut state, keys, at(NOW));
        let (before, shown) = (summary(&state), state.shown(at(NOW)).0.exchanges.len());
        assert_eq!(before, expected, "{keys}");
        let subject = |state: &State| match &state.mode {
            Mode::Detail(detail) => format!("{:?}", state.subject(detail, at(NOW))),
            _ => String::new(),
        };
        let read = subject(&state);
        state.connection = Connection::Gone(at(NOW).time);
        state.attach(at(NOW + 1_000).time);
        assert_eq!((summary(&state), state.connection), (before, Connection::Loading));
        assert_eq!(subject(&state), read, "{keys}");
        let kept = if state.frozen.is_some() { shown } else { 0 };
        assert_eq!(state.shown(at(NOW + 1_000)).0.exchanges.len(), kept);
        assert_eq!(state.live.connections(), Default::default());
        let ends = ends(end("10.0.0.9", 1, Some("x")), end("10.0.0.8", 2, None));
        let new = exchange(&ends, 1_000, request("GET", "/new", "h"), 200);
        state.live.accept(Output::Exchange(new), at(NOW + 1_000).time);
        assert_eq!(state.live.exchanges[0].id, RowId(42), "no id comes twice");
        assert!(state.live.destinations.iter().all(|(_, row)| row.id() > RowId(4)));
    }
}
