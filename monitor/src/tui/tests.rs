use insta::assert_snapshot;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::{Rect, Size};
use ratatui::style::{Color, Modifier};

use super::feed::Daemon;
use super::fixture::{at, empty, end, ends, exchange, finding, request, state, stats, status};
use super::render::render;
use super::state::{Connection, Reaction, State};
use super::theme::{Glyphs, Palette};
use super::{columns, keys};
use crate::pipeline::detect::Moment;
use crate::pipeline::finding::Severity;
use crate::pipeline::output::Output;
use crate::pipeline::time::WallTime;

/// What the UI costs.
mod cost;
/// Screens in the documentation.
mod docs;
/// Screens of recorded traffic.
mod replay;

const NOW: u64 = 30_000;

/// Presses keys: a character is itself, and names are in angle brackets.
pub(crate) fn press(state: &mut State, keys: &str, now: Moment) {
    let mut rest = keys;
    while let Some(first) = rest.chars().next() {
        let named = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
        let event = match named {
            Some((name, after)) => {
                rest = after;
                named_key(name)
            }
            None => {
                rest = &rest[first.len_utf8()..];
                KeyEvent::new(KeyCode::Char(first), KeyModifiers::NONE)
            }
        };
        if let Some(command) = keys::command(&state.mode, event) {
            assert_ne!(state.apply(command, now), Reaction::Quit, "{keys}");
        }
    }
}

fn named_key(name: &str) -> KeyEvent {
    if let Some(character) = name.strip_prefix("C-") {
        let character = character.chars().next().expect("a character follows");
        return KeyEvent::new(KeyCode::Char(character), KeyModifiers::CONTROL);
    }
    let code = match name {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "BackTab" => KeyCode::BackTab,
        "Down" => KeyCode::Down,
        "PageDown" => KeyCode::PageDown,
        "Backspace" => KeyCode::Backspace,
        "F9" => KeyCode::F(9),
        other => panic!("no key is called {other}"),
    };
    KeyEvent::new(code, KeyModifiers::NONE)
}

pub(crate) fn draw(
    state: &State,
    (width, height): (u16, u16),
    now: Moment,
) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("it is in memory");
    terminal.draw(|frame| render(frame, state, now)).expect("it is in memory");
    terminal
}

/// The screen after keys, at a size.
pub(crate) fn screen(state: State, size: (u16, u16), keys: &str) -> Terminal<TestBackend> {
    screen_at(state, size, keys, at(NOW))
}

fn screen_at(mut state: State, size: (u16, u16), keys: &str, now: Moment) -> Terminal<TestBackend> {
    state.size = Size::new(size.0, size.1);
    press(&mut state, keys, now);
    draw(&state, size, now)
}

/// The style of each cell as a letter: its colour, or else what it has instead.
fn styles(buffer: &Buffer) -> String {
    let letter = |cell: &Cell| match (cell.fg, cell.modifier) {
        (_, modifier) if modifier.contains(Modifier::REVERSED) => 'r',
        (Color::Red, _) => 'R',
        (Color::Yellow, _) => 'Y',
        (Color::Green, _) => 'G',
        (Color::Cyan, _) => 'C',
        (_, modifier) if modifier.contains(Modifier::UNDERLINED) => 'u',
        (_, modifier) if modifier.contains(Modifier::BOLD) => 'b',
        (_, modifier) if modifier.contains(Modifier::DIM) => 'd',
        _ if cell.symbol() == " " => ' ',
        _ => '.',
    };
    let lines = buffer.content().chunks(usize::from(buffer.area.width));
    let line = |cells: &[Cell]| cells.iter().map(letter).collect::<String>() + "|\n";
    lines.map(line).collect()
}

macro_rules! screens {
    ($($name:ident: $state:expr, $size:expr, $keys:expr;)*) => {$(
        #[test]
        fn $name() {
            assert_snapshot!(screen($state, $size, $keys).backend());
        }
    )*};
}

screens! {
    overview_80x24: state(), (80, 24), "";
    overview_120x40: state(), (120, 40), "";
    overview_60x15: state(), (60, 15), "";
    overview_40x8: state(), (40, 8), "";
    overview_minute: state(), (120, 40), "-";
    overview_ascii: ascii(), (80, 24), "-";
    too_small_39x7: state(), (39, 7), "";
    exchanges_80x24: state(), (80, 24), "2";
    exchanges_120x40: state(), (120, 40), "2";
    exchanges_200x24: state(), (200, 24), "2";
    exchanges_60x15: state(), (60, 15), "2";
    exchanges_held_and_sorted: state(), (80, 24), "2kksssssss";
    exchanges_filtered: state(), (80, 24), "2/status:5xx -client:curl<Enter>";
    exchanges_ascii: ascii(), (80, 24), "2";
    exchanges_frozen: state(), (80, 24), "2f";
    exchanges_loading: loading(), (80, 24), "2";
    exchanges_gone: gone(state()), (80, 24), "2";
    exchanges_gone_60x15: gone(state()), (60, 15), "2f";
    health_missed: gone(state()), (80, 24), "6";
    exchanges_private: state(), (80, 24), "2p";
    exchanges_no_match: state(), (80, 24), "2/path:/nothing<Enter>";
    exchange_detail_80x24: state(), (80, 24), "2k<Enter>";
    exchange_detail_120x40: state(), (120, 40), "2<Enter>";
    exchange_detail_80x40: state(), (80, 40), "2<Enter>";
    exchange_detail_60x15: state(), (60, 15), "2k<Enter>";
    exchange_detail_private: state(), (80, 24), "2k<Enter>p";
    connection_detail_80x24: state(), (80, 24), "2k<Enter>o";
    connection_detail_120x40: state(), (120, 40), "2k<Enter>o";
    connection_detail_60x15: state(), (60, 15), "2k<Enter>o";
    connection_exchanges: state(), (80, 24), "2k<Enter>oo";
    connection_with_tls: with_tls(), (80, 40), "2<Enter>o";
    destinations_80x24: state(), (80, 24), "3";
    destinations_120x40: state(), (120, 40), "3";
    destinations_200x24: state(), (200, 24), "3";
    destinations_60x15: state(), (60, 15), "3";
    destination_detail_80x24: state(), (80, 24), "3<Enter>";
    destination_detail_120x40: state(), (120, 40), "3jj<Enter>";
    destination_detail_60x15: state(), (60, 15), "3<Enter>";
    destination_exchanges: state(), (80, 24), "3<Enter>o";
    endpoints_80x24: state(), (80, 24), "4";
    endpoints_120x40: state(), (120, 40), "4";
    endpoints_60x15: state(), (60, 15), "4";
    endpoints_of_service: state(), (80, 24), "<Enter>";
    endpoint_detail_80x24: state(), (80, 24), "4<Enter>";
    endpoint_detail_120x40: state(), (120, 40), "4<Enter>";
    endpoint_detail_60x15: state(), (60, 15), "4G<Enter>";
    overview_private: state(), (80, 24), "p";
    destinations_private: state(), (80, 24), "3p";
    destination_detail_private: state(), (80, 24), "3jjj<Enter>p";
    endpoints_private: state(), (80, 24), "4p";
    connection_detail_private: with_tls(), (80, 40), "2<Enter>op";
    findings_80x24: state(), (80, 24), "5";
    findings_120x40: state(), (120, 40), "5";
    findings_60x15: state(), (60, 15), "5";
    finding_detail_80x24: state(), (80, 24), "5<Enter>";
    finding_detail_120x40: state(), (120, 40), "5<Enter>";
    finding_detail_ascii_60x15: ascii(), (60, 15), "5<Enter>";
    finding_exchanges_of_nobody: state(), (80, 24), "5jj<Enter>o";
    health_80x24: state(), (80, 24), "6";
    health_120x40: state(), (120, 40), "6";
    health_60x15: state(), (60, 15), "6";
    help_80x24: state(), (80, 24), "2?";
    help_120x40: state(), (120, 40), "?";
    help_scrolled_60x15: state(), (60, 15), "?<PageDown>";
    filter_typed: state(), (80, 24), "2/method:GET";
    filter_error: state(), (80, 24), "2/path:/v1 latency>abc";
    filter_error_at_the_right: state(), (60, 15), "2/path:/v1 client:curl status:200 server:payments x latency>";
    nothing_reported: empty(), (80, 24), "2";
    no_connection: reported(0, 0), (80, 24), "";
    no_exchange: reported(1_200, 0), (80, 24), "2";
    no_finding: reported(1_200, 0), (80, 24), "5";
    no_finding_but_loss: reported(1_200, 5), (80, 24), "5";
    hostile_exchanges: hostile(), (80, 24), "2";
    hostile_detail: hostile(), (80, 24), "2g<Enter>";
    hostile_detail_wide_text: hostile(), (80, 24), "2gjjjj<Enter>";
    hostile_destinations: hostile(), (80, 24), "3";
    hostile_endpoints: hostile(), (80, 24), "4";
    hostile_findings: hostile(), (80, 24), "5";
}

/// A daemon begins to tell what it knows.
fn loading() -> State {
    let mut state = gone(state());
    state.attach(at(NOW).time);
    state
}

/// The daemon went away, and had left out records before.
fn gone(mut state: State) -> State {
    let started = at(0).wall_offset.wall(at(NOW).time);
    let started = WallTime(started.0 - 3 * 86_400 * 1_000_000_000);
    state.meet(Daemon { host: "pay-1".into(), version: "0.1.0".into(), started });
    state.live.dropped = 1_234;
    state.connection = Connection::Gone(at(NOW - 12_000).time);
    state
}

/// The last exchange came over a connection whose handshake was seen.
fn with_tls() -> State {
    let mut state = state();
    let server = end("198.51.100.9", 443, None);
    let ends = ends(end("10.0.0.5", 43_000, Some("payments.service")), server);
    let mut exchange =
        exchange(&ends, 22_000, request("GET", "/ledger", "ledger.example.com"), 200);
    exchange.encrypted = true;
    state.live.accept(Output::Exchange(exchange), at(NOW).time);
    state
}

fn ascii() -> State {
    let mut state = state();
    state.theme.glyphs = Glyphs::Ascii;
    state
}

fn reported(connections: u64, lost: u64) -> State {
    let mut state = empty();
    let stats =
        crate::pipeline::stats::Stats { connections_opened: connections, exchanges: 0, ..stats() };
    let mut status = status();
    status.data.lost = lost;
    state.live.observe(stats, status, at(1_000).time);
    state
}

const HOSTILE: &[&str] = &[
    "/a\x1b[2J\x1b[31mred",
    "/\x1b]52;c;cm0gLXJmIC8=\x07/osc",
    "/c1\u{9b}2J\u{9d}0;title\u{9c}",
    "/bidi/\u{202e}gpj.exe\u{2066}x\u{2069}",
    "/wide/日本語日本語日本語日本語日本語日本語日本語日本語",
    "/combining/e\u{301}e\u{301}/Z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{30b}\u{30c}\u{30d}",
    "/lines\r\n\t\0\x7f/end",
    "/zero\u{200b}\u{feff}\u{2028}width",
    "",
];

fn hostile() -> State {
    let mut state = empty();
    for (port, text) in (1_u16..).zip(HOSTILE) {
        let ends = ends(end("127.0.0.1", port, Some(text)), end("127.0.0.1", 80, Some(text)));
        let request = request(text, text, text);
        let mut exchange = exchange(&ends, u64::from(port), request, 200);
        exchange.route = Some((*text).into());
        state.live.accept(Output::Exchange(exchange), at(NOW).time);
        let mut finding = finding(port.into(), Severity::High, text);
        finding.summary = (*text).to_owned();
        finding.evidence = vec![("path".into(), (*text).to_owned())];
        state.live.accept(Output::Finding(finding), at(NOW).time);
    }
    state.live.observe(stats(), status(), at(NOW).time);
    state
}

/// No size and no key makes it panic, and nothing hostile reaches a cell.
#[test]
fn every_screen_at_every_size_is_harmless() {
    let mut hostile = hostile();
    hostile.host = HOSTILE.concat();
    for keys in [
        "",
        "2",
        "3",
        "4",
        "5",
        "6",
        "2<Enter>",
        "2<Enter>o",
        "2<Enter>d",
        "3<Enter>",
        "4<Enter>",
        "5<Enter>",
        "5<Enter>o",
        "?",
        "2/\u{202e}\u{9b}日",
        "<Enter>",
    ] {
        for size in
            [(0, 0), (1, 1), (39, 7), (40, 8), (41, 9), (60, 15), (80, 24), (120, 40), (300, 3)]
        {
            let terminal = screen(hostile.clone(), size, keys);
            for cell in terminal.backend().buffer().content() {
                let symbol = cell.symbol();
                assert!(!symbol.contains(steers), "{keys} at {size:?}: {symbol:?}");
                assert!(symbol.chars().count() <= 12, "{keys} at {size:?}: {symbol:?}");
            }
        }
    }
}

fn steers(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn modifiers(buffer: &Buffer, line: u16) -> Modifier {
    buffer[(0, line)].modifier
}

/// Without colour the selection, the loss and the freeze are still to be seen.
#[test]
fn nothing_is_said_by_colour_alone() {
    let mut coloured = state();
    coloured.theme.palette = Palette::Ansi;
    for keys in ["", "2f", "3", "4", "5", "6", "2<Enter>", "2<Enter>o", "5<Enter>", "?"] {
        let mono = screen(state(), (80, 24), keys);
        let colour = screen(coloured.clone(), (80, 24), keys);
        let (mono, colour) = (mono.backend().buffer(), colour.backend().buffer());
        assert!(mono.content().iter().all(|c| (c.fg, c.bg) == (Color::Reset, Color::Reset)));
        assert!(colour.content().iter().all(|cell| cell.bg == Color::Reset), "{keys}");
        assert!(colour.content().iter().any(|cell| cell.fg != Color::Reset), "{keys}");
        let text = |buffer: &Buffer| {
            buffer.content().iter().map(|c| c.symbol().to_owned()).collect::<String>()
        };
        assert_eq!(text(mono), text(colour), "{keys}");
    }
    let list = screen(state(), (80, 24), "3j");
    assert!(modifiers(list.backend().buffer(), 5).contains(Modifier::REVERSED));
    assert!(!modifiers(list.backend().buffer(), 4).contains(Modifier::REVERSED));
}

/// Data goes on behind a frozen view.
#[test]
fn a_frozen_view_stands_still() {
    let mut state = state();
    press(&mut state, "2f", at(NOW));
    let before = lines(&draw(&state, (80, 24), at(NOW)));
    for turn in 0..50 {
        let ends = ends(end("10.0.0.9", 9, None), end("10.0.0.5", 443, Some("nginx.service")));
        let exchange = exchange(&ends, turn, request("GET", "/new", "x"), 200);
        state.live.accept(Output::Exchange(exchange), at(NOW + 1).time);
    }
    let frozen = lines(&draw(&state, (80, 24), at(NOW + 12_000)));
    let differing: Vec<_> = before.iter().zip(&frozen).filter(|(a, b)| a != b).collect();
    assert_eq!(differing.len(), 1, "only the age of the freeze changes: {differing:?}");
    assert!(differing[0].1.contains("FROZEN 12s"));
    press(&mut state, "f", at(NOW + 12_000));
    assert!(lines(&draw(&state, (80, 24), at(NOW + 12_000))).concat().contains("/new"));
}

fn lines(terminal: &Terminal<TestBackend>) -> Vec<String> {
    let buffer = terminal.backend().buffer();
    let Rect { width, height, .. } = buffer.area;
    (0..height).map(|y| (0..width).map(|x| buffer[(x, y)].symbol()).collect()).collect()
}

/// Columns never overlap and never leave the screen, at any width.
#[test]
fn columns_fit_every_width() {
    use columns::{destination, endpoint, exchange, finding, service};
    fn total<C: super::table::Column>(width: u16) -> u16 {
        super::table::fit::<C>(width).iter().map(|(_, cells)| cells + 1).sum::<u16>() - 1
    }
    for width in 40..=300 {
        assert_eq!(total::<service::ServiceColumn>(width), width);
        assert_eq!(total::<exchange::ExchangeColumn>(width), width);
        assert_eq!(total::<destination::DestinationColumn>(width), width);
        assert_eq!(total::<endpoint::EndpointColumn>(width), width);
        assert_eq!(total::<finding::FindingColumn>(width), width);
    }
}
