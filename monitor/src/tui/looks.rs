//! How it looks and is handled: themes, the filter line, the mouse, a replay.

use insta::assert_snapshot;
use ratatui::crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Size};
use ratatui::style::Modifier;

use super::fixture::{at, state};
use super::format::Zone;
use super::keys;
use super::replay::{Pace, Phase, Progress, Speed};
use super::state::{Command, Mode, Reaction, State};
use super::tests::{draw, press, screen};
use super::theme::{Palette, Tone};
use crate::pipeline::time::WallTime;

const NOW: u64 = 30_000;

/// One ground, whatever is drawn on it; the text is the same in every theme.
#[test]
fn a_theme_covers_the_whole_screen() {
    for keys in ["", "2", "3<Enter>", "4", "5<Enter>", "6", "?", "2/latency>abc"] {
        let mono = screen(state(), (80, 24), keys);
        for palette in Palette::ALL {
            let mut state = state();
            state.theme.palette = palette;
            let ground = state.theme.base().bg.unwrap_or_default();
            let themed = screen(state, (80, 24), keys);
            let cells = themed.backend().buffer().content();
            assert!(cells.iter().all(|cell| cell.bg == ground), "{palette:?} after {keys}");
            let pairs = cells.iter().zip(mono.backend().buffer().content());
            for (cell, plain) in pairs {
                assert_eq!(cell.symbol(), plain.symbol(), "{palette:?} after {keys}");
            }
        }
    }
}

/// The caret is under what is wrong, at every width, wherever the line was scrolled to.
#[test]
fn the_caret_stays_on_a_narrow_screen() {
    for (typed, wrong) in [
        ("latency>abc", 'a'),
        ("path:/v1 latency>abc", 'a'),
        ("path:/v1/accounts client:curl status:200 server:payments latency>x", 'x'),
        ("日本語 path:/日本語 nope:日", 'n'),
    ] {
        for width in 40..=80 {
            let mut state = state();
            state.size = Size::new(width, 12);
            press(&mut state, &format!("2/status:5xx<Enter>/<C-u>{typed}"), at(NOW));
            let Mode::Filter(edit) = &state.mode else { panic!("{typed} was taken") };
            assert!(edit.error.is_some(), "{typed}");
            let mut terminal = draw(&state, (width, 12), at(NOW));
            let Position { x, y } = terminal.get_cursor_position().unwrap();
            assert!(x < width && y == 10, "{typed} at {width}: cursor at {x},{y}");
            let buffer = terminal.backend().buffer();
            let carets: Vec<u16> =
                (0..width).filter(|x| buffer[(*x, 11)].symbol() == "^").collect();
            let [caret] = *carets else { panic!("{typed} at {width}: {carets:?}") };
            let above = buffer[(caret, 10)].symbol();
            let is_out_of_sight = caret == "filter: ".len() as u16;
            assert!(above.starts_with(wrong) || is_out_of_sight, "{typed} at {width}: {above}");
        }
    }
}

/// What is not a filter does not take the place of one.
#[test]
fn the_old_filter_is_kept_while_there_is_an_error() {
    let mut state = state();
    press(&mut state, "2/status:5xx<Enter>/ latency>", at(NOW));
    let in_force = |state: &State| state.filter().map(|filter| filter.text().to_owned());
    assert_eq!(in_force(&state).as_deref(), Some("status:5xx latency"), "the last that was one");
    press(&mut state, "<Enter>", at(NOW));
    assert!(matches!(state.mode, Mode::Filter(_)), "it cannot be kept");
    press(&mut state, "<Esc>", at(NOW));
    assert_eq!(in_force(&state).as_deref(), Some("status:5xx"));
    press(&mut state, "r", at(NOW));
    assert_eq!(in_force(&state).as_deref(), Some(""));
}

#[test]
fn the_mouse_scrolls_and_selects() {
    let event = |kind, row| {
        let event = MouseEvent { kind, column: 5, row, modifiers: KeyModifiers::NONE };
        keys::mouse(event)
    };
    assert_eq!(event(MouseEventKind::Moved, 5), None);
    for (keys, kind, row, moves) in [
        ("2", MouseEventKind::ScrollUp, 0, -1),
        ("2k", MouseEventKind::ScrollDown, 0, 1),
        ("2", MouseEventKind::Down(MouseButton::Left), 21, -1),
        ("2kkkkk", MouseEventKind::Down(MouseButton::Left), 4, -13),
        ("2kkkkk", MouseEventKind::Down(MouseButton::Left), 3, 0),
        ("2kkkkk", MouseEventKind::Down(MouseButton::Left), 23, 0),
        ("2kkkkk?", MouseEventKind::Down(MouseButton::Left), 8, 0),
    ] {
        let mut state = state();
        state.size = Size::new(80, 24);
        press(&mut state, keys, at(NOW));
        let before = selected(&state);
        let command = event(kind, row).expect("it does something");
        assert_eq!(state.apply(command, at(NOW)), Reaction::Draw);
        assert_eq!(selected(&state) as i64 - before as i64, moves, "{kind:?} {row} after {keys}");
    }
}

fn selected(state: &State) -> usize {
    let rows = state.exchange_rows(at(NOW));
    state.exchanges.position(&rows).expect("there are rows")
}

#[test]
fn keys_that_the_terminal_answers() {
    for (key, reaction) in [
        (Command::Suspend, Reaction::Suspend),
        (Command::Mouse, Reaction::Mouse),
        (Command::Redraw, Reaction::Redraw),
        (Command::Pace(Pace::Pause), Reaction::Pace(Pace::Pause)),
    ] {
        assert_eq!(state().apply(key, at(NOW)), reaction);
    }
}

#[test]
fn times_are_local_or_not() {
    let mut state = state();
    state.zones = [Zone::east(5 * 3_600 + 1_800), Zone::UTC];
    let line = |state: &State, y| -> String {
        let terminal = draw(state, (80, 24), at(NOW));
        (0..80).map(|x| terminal.backend().buffer()[(x, y)].symbol()).collect()
    };
    press(&mut state, "2g", at(NOW));
    assert!(line(&state, 3).starts_with("+05:30▲"));
    assert!(line(&state, 4).starts_with("05:30:0"));
    press(&mut state, "t", at(NOW));
    assert!(line(&state, 3).starts_with("UTC▲"));
    press(&mut state, "<Enter>t", at(NOW));
    assert!(line(&state, 4).contains("+05:30"));
}

#[test]
fn a_replay_shows_where_it_is() {
    let lines = [
        (Phase::Running, Speed::Max, None, None),
        (Phase::Running, Speed::Times(0.5), Some(0), Some(0)),
        (Phase::Running, Speed::Times(2.0), Some(50_591), Some(41)),
        (Phase::Paused, Speed::Times(2.0), Some(50_591), Some(41)),
        (Phase::Ended, Speed::Max, Some(50_591), Some(100)),
        (Phase::Broken, Speed::Max, Some(50_591), Some(99)),
    ];
    let shown = lines.map(|(phase, speed, second, percent)| {
        let time = second.map(|second: u64| WallTime(second * 1_000_000_000));
        let mut state = state();
        state.replay = Some(Progress { speed, phase, time, percent });
        let terminal = draw(&state, (80, 24), at(NOW));
        (0..80).map(|x| terminal.backend().buffer()[(x, 0)].symbol()).collect::<String>()
    });
    assert_snapshot!(shown.join("\n"));
}

/// A message takes the place of the keys, also on what is selected.
#[test]
fn a_message_is_seen() {
    let mut state = state();
    state.say("copied 568 bytes".to_owned(), Tone::Bad, at(NOW).time);
    let terminal = draw(&state, (80, 24), at(NOW));
    let buffer = terminal.backend().buffer();
    let line: String = (0..80).map(|x| buffer[(x, 23)].symbol()).collect();
    assert_eq!(line.trim_end(), "copied 568 bytes");
    assert!(buffer[(0, 23)].modifier.contains(Modifier::BOLD | Modifier::UNDERLINED), "in mono");
}
