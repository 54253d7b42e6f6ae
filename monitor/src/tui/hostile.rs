//! What anybody can send, on every screen: nothing of it steers, hides, or takes more
//! room than it has.

use std::sync::Arc;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;
use ratatui::text::Span;

use super::fixture::{self, at, empty, finding, request, stats, status};
use super::state::State;
use super::tests::{draw, press, screen};
use super::theme::{Glyphs, Palette};
use crate::pipeline::coverage::ProcessCoverage;
use crate::pipeline::finding::Severity;
use crate::pipeline::input::{SocketAddress, UncapturedReason};
use crate::pipeline::output::tls::{Certificate, CertificateSeen};
use crate::pipeline::output::{ConnectionId, End, Ends, Exchange, Name, NameSource, Output};
use crate::pipeline::process::{Process, ProcessKey};
use crate::pipeline::text::{is_steering, printable};
use crate::pipeline::time::WallTime;

const NOW: u64 = 30_000;

/// What steers, hides, turns around, or is wider or higher than it looks.
const PIECES: &[&str] = &[
    // Control characters and the sequences that they begin (ECMA-48).
    "\x1b",
    "\x1b[2J\x1b[H",
    "\x1b[31mred\x1b[0m",
    "\x1b[6n",
    "\x1bc",
    "\x1b]0;title\x07",
    "\x1b]8;;http://x/\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;cm0gLXJmIC8=\x07",
    "\x1bP+q544e\x1b\\",
    "\x1b_Gf=24\x1b\\",
    "\u{9b}2J",
    "\u{9d}52;c;eA==\u{9c}",
    "\u{90}q\u{9c}",
    "\u{85}next",
    "\r\nHTTP/1.1 200 OK",
    "\0\x07\x08\t\x0b\x0c\x0e\x0f",
    "\x7f\x7f\x7f",
    // Order (UAX #9).
    "\u{202e}gpj.exe",
    "\u{202a}a\u{202b}b\u{202d}c\u{202c}",
    "\u{2066}a\u{2067}b\u{2068}c\u{2069}",
    "\u{200e}\u{200f}\u{61c}",
    "\u{5d0}\u{5d1}\u{5d2} 123",
    // Nothing to see.
    "pay\u{200b}pal\u{200c}.\u{200d}com",
    "\u{feff}bom",
    "soft\u{ad}hyphen",
    "\u{2060}\u{2061}\u{2062}\u{2063}\u{2064}",
    "\u{2028}\u{2029}",
    "\u{fff9}a\u{fffa}b\u{fffb}",
    "\u{e0001}\u{e0061}\u{e007f}",
    "\u{180e}\u{180b}",
    "\u{115f}\u{1160}\u{3164}\u{ffa0}",
    "\u{2800}\u{a0}\u{3000}\u{2003}",
    "\u{fe0e}\u{fe0f}\u{e0100}",
    "\u{1d173}\u{1bca0}\u{34f}\u{17b4}",
    "\u{e000}\u{f8ff}\u{f0000}\u{10fffd}",
    "\u{378}\u{fdd0}\u{fffe}\u{1ffff}",
    // Wide, high, and combined.
    "日本語ＡＢＣ",
    "\u{ff76}\u{ff9e}\u{1100}\u{1161}\u{11a8}\u{1100}\u{1100}\u{1100}",
    "\u{1f600}\u{2764}\u{fe0f}\u{1f1e9}\u{1f1ea}",
    "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{1f44d}\u{1f3fd}",
    "\u{301}\u{20dd}leading",
    "Z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{30b}\u{30c}",
    "\u{915}\u{94d}\u{937}\u{94d}\u{92e}\u{94d}\u{92f}\u{e33}\u{e4d}",
    "\u{fdfd}\u{12031}\u{644}\u{627}\u{2e3b}",
    "\u{600}\u{6dd}\u{110bd}",
];

/// Each piece at the start, in the middle, at the end, twice, and where a cell is cut.
fn strings() -> Vec<String> {
    let each = PIECES.iter().flat_map(|piece| {
        [
            format!("{piece}/start"),
            format!("/mid{piece}dle"),
            format!("/end{piece}"),
            format!("{piece}日{piece}"),
            format!("/0123456789{piece}0123456789{piece}"),
        ]
    });
    each.collect()
}

/// A process all of whose names are the text.
fn process(text: &str) -> Process {
    Process {
        key: ProcessKey { pid: 7, start: 7 },
        start_time: WallTime(0),
        comm: text.into(),
        exe: Some(format!("/bin/{text}").into()),
        unit: Some(format!("{text}.service").into()),
        container: Some(text.into()),
        uid: 0,
        user: Some(text.into()),
        identity: text.into(),
    }
}

/// A state that has seen the texts wherever text from outside can be.
fn state(texts: &[String]) -> State {
    let mut state = empty();
    for (number, text) in (1..).zip(texts) {
        text.clone_into(&mut state.host);
        for ends in ends(number, text) {
            state.live.accept(Output::Exchange(exchange(&ends, text)), at(NOW).time);
            state.live.accept(handshake(&ends, text), at(NOW).time);
        }
        for output in inventory(number, text) {
            state.live.accept(output, at(NOW).time);
        }
        let mut finding = finding(number.into(), Severity::High, text);
        text.clone_into(&mut finding.summary);
        text.clone_into(&mut finding.remedy);
        finding.evidence = vec![("path".into(), text.to_owned())];
        state.live.accept(Output::Finding(finding), at(NOW).time);
    }
    state.live.cover(texts.iter().map(|text| coverage(text)).collect(), at(NOW).time);
    let mut status = status();
    status.declined = texts.iter().map(|text| (text.clone(), text.clone())).collect();
    state.live.observe(stats(), status, at(NOW).time);
    state
}

/// Once with a process of such names at the one end, once at the other.
fn ends(number: u16, text: &str) -> [Arc<Ends>; 2] {
    let end = |octet: u8, process| {
        let address = SocketAddress { address: [10, 0, 0, octet].into(), port: number };
        let name = Name { text: text.into(), source: NameSource::Sni };
        End { address, name: Some(name), process }
    };
    let process = || Some(Arc::new(process(text)));
    [
        Ends { client: end(1, process()), server: end(2, None) }.into(),
        Ends { client: end(3, None), server: end(4, process()) }.into(),
    ]
}

fn exchange(ends: &Arc<Ends>, text: &str) -> Exchange {
    let mut exchange = fixture::exchange(ends, 1_000, request(text, text, text), 200);
    exchange.route = Some(text.into());
    if let Some(request) = &mut exchange.request {
        request.query_keys = vec![text.into(), text.into()];
        request.content_type = Some(text.into());
    }
    if let Some(response) = &mut exchange.response {
        response.content_type = Some(text.into());
    }
    exchange
}

/// A handshake all of whose texts are the text.
fn handshake(ends: &Arc<Ends>, text: &str) -> Output {
    let Output::Tls(mut report) = fixture::handshake(ends) else { unreachable!("it is one") };
    report.connection = ConnectionId(u64::from(ends.client.address.port));
    let mut handshake = (*report.handshake).clone();
    handshake.alpn = Some(text.into());
    if let Some(offered) = &mut handshake.offered {
        offered.sni = Some(text.into());
        offered.alpn = vec![text.into(), text.into()];
        offered.ja4 = text.into();
    }
    handshake.certificate = CertificateSeen::Seen(Box::new(Certificate {
        subject: text.into(),
        issuer: text.into(),
        san: vec![text.into(), text.into()],
        not_before: i64::MIN,
        not_after: i64::MAX,
        key_algorithm: text.into(),
        key_bits: Some(u32::MAX),
        signature: text.into(),
        self_signed: true,
        chain_length: 1,
    }));
    report.handshake = Arc::new(handshake);
    Output::Tls(report)
}

/// What the inventory would say of such names.
fn inventory(number: u16, text: &str) -> [Output; 2] {
    let [ends, _] = ends(number, text);
    let mut destination = fixture::destination_report();
    destination.identity = text.into();
    destination.server = ends.server.clone();
    let Output::Endpoint(mut endpoint) = fixture::endpoint_report() else {
        unreachable!("it is one")
    };
    endpoint.service = text.into();
    endpoint.route = text.into();
    [Output::Destination(Box::new(destination)), Output::Endpoint(endpoint)]
}

fn coverage(text: &str) -> ProcessCoverage {
    let uncaptured = [(UncapturedReason::Lost, 7)].into();
    let identity = text.into();
    ProcessCoverage { identity, connections: 1, open: 1, moved: 9, captured: 2, uncaptured }
}

/// Ways to every screen and overlay.
const LISTS: &[&str] = &["", "2", "3", "4", "5", "6", "?", "2/x"];
/// Ways to every detail.
const DETAILS: &[&str] = &[
    "<Enter>",
    "2<Enter>",
    "2<Enter>o",
    "2<Enter>d",
    "3<Enter>",
    "3<Enter>o",
    "4<Enter>",
    "5<Enter>",
    "5<Enter>o",
];

/// What is wrong with what is drawn; none where nothing is.
fn fault(terminal: &Terminal<TestBackend>) -> Option<String> {
    let buffer = terminal.backend().buffer();
    for y in buffer.area.rows().map(|row| row.y) {
        let mut x = 0;
        while x < buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            let cells = Span::raw(symbol).width();
            let alone: usize =
                symbol.chars().map(|c| Span::raw(c.encode_utf8(&mut [0; 4]) as &str).width()).sum();
            if symbol.contains(is_steering) || printable(symbol) != symbol {
                return Some(format!("{symbol:?} at {x},{y} steers or hides"));
            }
            if !(1..=2).contains(&cells) || cells != alone {
                return Some(format!("{symbol:?} at {x},{y}: {cells} cells, or {alone}"));
            }
            for covered in 1..cells {
                let covered = x + covered as u16;
                if covered >= buffer.area.width || buffer[(covered, y)].symbol() != " " {
                    return Some(format!("{symbol:?} at {x},{y} overflows its place"));
                }
            }
            x += cells as u16;
        }
    }
    None
}

#[test]
fn nothing_hostile_reaches_a_cell() {
    let strings = strings();
    assert!(strings.len() >= 200, "{}", strings.len());
    let check = |texts: &[String], ways: &[&str], sizes: &[(u16, u16)]| {
        let state = state(texts);
        for keys in ways {
            for size in sizes {
                let fault = fault(&screen(state.clone(), *size, keys));
                assert_eq!(fault, None, "{texts:?} after {keys:?} at {size:?}");
            }
        }
    };
    strings.chunks(5).for_each(|texts| check(texts, LISTS, &[(80, 24), (120, 40)]));
    // Beside the list, all of a detail has room.
    strings.chunks(1).for_each(|text| check(text, DETAILS, &[(120, 60)]));
}

/// To a terminal that is not of UTF-8 the bytes of any other character could be controls.
#[test]
fn ascii_is_ascii() {
    for texts in strings().chunks(5) {
        let mut state = state(texts);
        state.theme.glyphs = Glyphs::Ascii;
        for keys in LISTS.iter().chain(DETAILS) {
            let terminal = screen(state.clone(), (120, 40), keys);
            for cell in terminal.backend().buffer().content() {
                let symbol = cell.symbol();
                assert!(matches!(symbol.as_bytes(), [b' '..=b'~']), "{symbol:?} after {keys:?}");
            }
        }
    }
}

/// No size makes any screen panic or overflow.
#[test]
fn every_screen_fits_every_small_size() {
    let strings: Vec<_> = strings().into_iter().step_by(31).collect();
    let hostile = state(&strings);
    for keys in LISTS.iter().chain(DETAILS) {
        let mut state = reached(&hostile, keys);
        for width in 1..=60 {
            for height in 1..=20 {
                state.size = Size::new(width, height);
                let fault = fault(&draw(&state, (width, height), at(NOW)));
                assert_eq!(fault, None, "{keys:?} at {width}x{height}");
            }
        }
    }
}

fn reached(from: &State, keys: &str) -> State {
    let mut state = from.clone();
    state.size = Size::new(60, 15);
    press(&mut state, keys, at(NOW));
    state
}

#[test]
fn what_is_too_small_says_so_in_one_line() {
    for (width, height, shown) in [
        (39, 20, "terminal too small: need 40x8, have 39…"),
        (60, 7, "terminal too small: need 40x8, have 60x7"),
        (10, 3, "terminal …"),
        (1, 1, "…"),
    ] {
        let mut state = empty();
        state.theme.palette = Palette::Dark;
        let terminal = screen(state, (width, height), "");
        let buffer = terminal.backend().buffer();
        let line: String = (0..width).map(|x| buffer[(x, 0)].symbol()).collect();
        assert_eq!(line.trim_end().replace('×', "x"), shown);
    }
}
