//! HTTP/2 as cases: bytes of both ways and the exchanges that they are, wherever the bytes
//! are split and whatever is missing.

use std::fmt::Write;
use std::time::Duration;

use proptest::prelude::*;

use super::super::ProtocolExchange;
use super::*;
use crate::pipeline::output::{Grpc, Progress, Protocol, Response};
use crate::pipeline::settings::Limits;

/// Frames and field blocks.
mod build;
/// Hand-made cases.
mod cases;
/// What is said when bytes are missing, held against what is said when none are.
mod truth;

use build::*;
use cases::cases;

/// One delivery.
#[derive(Clone, Debug)]
enum Part {
    /// Bytes to the server.
    Up(Vec<u8>),
    /// Bytes to the client.
    Down(Vec<u8>),
    /// Bytes that were missed.
    Gap(Way, u64),
    /// Bytes of which it was told before that they were missed.
    Told(Way, u64),
}

impl Part {
    fn way(&self) -> Way {
        match self {
            Self::Up(_) => Way::ToServer,
            Self::Down(_) => Way::ToClient,
            Self::Gap(way, _) | Self::Told(way, _) => *way,
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Up(bytes) | Self::Down(bytes) => bytes,
            Self::Gap(..) | Self::Told(..) => &[],
        }
    }

    fn delivery(&self) -> Delivery<'_> {
        match self {
            Self::Up(bytes) | Self::Down(bytes) => Delivery::Bytes(bytes),
            Self::Gap(_, bytes) => Delivery::Gap(*bytes),
            Self::Told(_, bytes) => Delivery::GapToldBefore(*bytes),
        }
    }
}

/// What a connection may hold beside the tables of its decoders.
const MOST_HELD: usize = 64 * 1024;

fn feed(
    http: &mut Http2,
    (way, delivery): (Way, Delivery<'_>),
    time: Timestamp,
    exchanges: &mut Vec<ProtocolExchange>,
) {
    http.feed(way, delivery, &mut Feed { limits: &Limits::default(), time, exchanges });
}

fn feed_all(http: &mut Http2, deliveries: &[(Way, Delivery<'_>)]) -> Vec<ProtocolExchange> {
    let mut exchanges = Vec::new();
    for (way, delivery) in deliveries {
        feed(http, (*way, *delivery), Timestamp(7), &mut exchanges);
        let tables = http.to_server.decoder.held() + http.to_client.decoder.held();
        assert!(http.buffered() - tables <= MOST_HELD, "{} held", http.buffered() - tables);
    }
    exchanges
}

const ENDS: [(Way, Delivery<'static>); 2] =
    [(Way::ToServer, Delivery::End), (Way::ToClient, Delivery::End)];

fn exchanges_of(midstream: bool, deliveries: &[(Way, Delivery<'_>)]) -> Vec<ProtocolExchange> {
    let mut http = Http2::new(midstream);
    let mut exchanges = feed_all(&mut http, deliveries);
    exchanges.extend(feed_all(&mut http, &ENDS));
    exchanges
}

/// An exchange in one line: stream, method, host, path and keys, body; status, type, body;
/// `!` for what is incomplete; auth; gRPC; anomalies.
fn line_of(exchange: &ProtocolExchange) -> String {
    let mut line = String::new();
    let mark = |complete: bool| if complete { "" } else { "!" };
    if exchange.progress != Progress::Ended {
        let _ = write!(line, "{:?} ", exchange.progress);
    }
    let _ = write!(line, "{} ", exchange.stream.unwrap_or_default());
    match &exchange.request {
        Some(request) => {
            let Request { path, body_bytes, complete, .. } = request;
            let (method, host) = (request.method.as_str(), request.host.as_deref());
            let host = host.unwrap_or("-");
            let keys = request.query_keys.join(",");
            let _ = write!(line, "{method} {host} {path}[{keys}] {body_bytes}{}", mark(*complete));
        }
        None => line.push('?'),
    }
    match &exchange.response {
        Some(Response { status, body_bytes, complete, .. }) => {
            let status = status.map_or_else(|| "?".to_owned(), |status| status.to_string());
            let _ = write!(line, " > {status} {body_bytes}{}", mark(*complete));
        }
        None => line.push_str(" > -"),
    }
    if exchange.auth != Auth::None {
        let _ = write!(line, " {}", exchange.auth.name());
    }
    if let Some(Grpc { service, method, status, messages, message_bytes }) =
        exchange.grpc.as_deref()
    {
        let text = |text: &Option<Box<str>>| text.as_deref().unwrap_or("?").to_owned();
        let status = status.map_or_else(|| "?".to_owned(), |status| status.to_string());
        let _ = write!(
            line,
            " {} {} {}={status} {}/{}:{}/{}",
            exchange.protocol.name(),
            text(service),
            text(method),
            messages.to_server,
            messages.to_client,
            message_bytes.to_server,
            message_bytes.to_client,
        );
    } else {
        assert_eq!(exchange.protocol, Protocol::Http2);
    }
    for anomaly in &exchange.anomalies {
        let _ = write!(line, " {}", anomaly.name());
    }
    line
}

fn lines_of(midstream: bool, deliveries: &[(Way, Delivery<'_>)]) -> Vec<String> {
    exchanges_of(midstream, deliveries).iter().map(line_of).collect()
}

fn deliveries(parts: &[Part]) -> Vec<(Way, Delivery<'_>)> {
    parts.iter().map(|part| (part.way(), part.delivery())).collect()
}

fn bytewise(parts: &[Part]) -> Vec<(Way, Delivery<'_>)> {
    let mut all = Vec::new();
    for part in parts {
        match part {
            Part::Up(bytes) | Part::Down(bytes) => {
                all.extend(bytes.chunks(1).map(|byte| (part.way(), Delivery::Bytes(byte))));
            }
            Part::Gap(..) | Part::Told(..) => all.push((part.way(), part.delivery())),
        }
    }
    all
}

/// The deliveries with the one at `index` split in two at `at`.
fn split(parts: &[Part], index: usize, at: usize) -> Vec<(Way, Delivery<'_>)> {
    let mut all = deliveries(parts);
    let (first, second) = parts[index].bytes().split_at(at);
    let way = parts[index].way();
    all[index] = (way, Delivery::Bytes(first));
    all.insert(index + 1, (way, Delivery::Bytes(second)));
    all
}

#[test]
fn every_case_at_every_split() {
    let mut wrong = String::new();
    for case in cases() {
        let mut judge = |how: &str, lines: Vec<String>| {
            if lines != case.expected && !wrong.contains(case.name) {
                let _ = writeln!(wrong, "{} {how}: {lines:#?}", case.name);
            }
        };
        judge("as it is", lines_of(case.midstream, &deliveries(&case.parts)));
        judge("byte by byte", lines_of(case.midstream, &bytewise(&case.parts)));
        for (index, part) in case.parts.iter().enumerate() {
            let length = part.bytes().len();
            for at in (1..length).step_by(1 + length / 500) {
                let how = format!("part {index} split at {at}");
                judge(&how, lines_of(case.midstream, &split(&case.parts, index, at)));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_prefix_is_survived() {
    for case in cases() {
        for (index, part) in case.parts.iter().enumerate() {
            let length = part.bytes().len();
            for kept in (0..length).step_by(1 + length / 500) {
                let mut all = deliveries(&case.parts[..index]);
                all.push((part.way(), Delivery::Bytes(&part.bytes()[..kept])));
                exchanges_of(case.midstream, &all);
            }
        }
    }
}

/// Conversations of real programs, through a proxy that wrote down both ways: `> hex` to
/// the server, `< hex` to the client, then `= line` for each exchange that the programs
/// themselves told of.
const RECORDED: &[(&str, &str)] = &[
    ("curl", include_str!("cases/curl.case")),
    ("gRPC of Python", include_str!("cases/grpc-python.case")),
    ("h2load with 100 streams", include_str!("cases/h2load-100-streams.case")),
    ("nghttp with padding", include_str!("cases/nghttp-padding.case")),
    ("nghttp with push and trailers", include_str!("cases/nghttp-push-trailers.case")),
    ("Node.js", include_str!("cases/node.case")),
    ("h2 of Python", include_str!("cases/python-h2.case")),
    ("h2 of Python without a table", include_str!("cases/python-h2-no-table.case")),
];

fn recorded(text: &str) -> (Vec<Part>, Vec<&str>) {
    let bytes = |hex: &str| -> Vec<u8> {
        let digits = hex.as_bytes().chunks(2);
        let digits = digits.map(|it| std::str::from_utf8(it).expect("ASCII"));
        digits.map(|it| u8::from_str_radix(it, 16).expect("hexadecimal")).collect()
    };
    let mut parts = Vec::new();
    let mut expected = Vec::new();
    for line in text.lines() {
        match line.split_at(2) {
            ("> ", hex) => parts.push(Part::Up(bytes(hex))),
            ("< ", hex) => parts.push(Part::Down(bytes(hex))),
            ("= ", exchange) => expected.push(exchange),
            _ => panic!("{line}"),
        }
    }
    (parts, expected)
}

#[test]
fn recorded_conversations_are_told() {
    let mut wrong = String::new();
    for (name, text) in RECORDED {
        let (parts, expected) = recorded(text);
        for all in [deliveries(&parts), bytewise(&parts)] {
            let lines = lines_of(false, &all);
            if lines != expected {
                let _ = writeln!(wrong, "{name}:");
                for line in lines {
                    let _ = writeln!(wrong, "= {line}");
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_hundred_streams_interleave() {
    let ids: Vec<u32> = (0..100).map(|at| 2 * at + 1).collect();
    let mut parts = vec![Part::Up(preface()), Part::Down(settings(&[(3, 100)]))];
    let flat = |frames: Vec<Vec<u8>>| frames.concat();
    let path = |id: u32| format!("/item/{id}?page={id}");
    parts.push(Part::Up(flat(
        ids.iter().map(|id| headers(*id, 0, &post(&path(*id), &[]))).collect(),
    )));
    for round in 0..3 {
        let end = if round == 2 { END_STREAM } else { 0 };
        parts.push(Part::Up(flat(ids.iter().rev().map(|id| data(*id, end, b"up")).collect())));
    }
    parts.push(Part::Down(flat(
        ids.iter().map(|id| headers(*id, 0, &status("200", &[]))).collect(),
    )));
    // In an order that is not that of their numbers.
    let order = |at: u32| ids[(at as usize * 37) % 100];
    parts.push(Part::Down(flat((0..100).map(|at| data(order(at), 0, b"down")).collect())));
    parts.push(Part::Down(flat((0..100).map(|at| data(order(at), END_STREAM, b"!")).collect())));
    let lines = lines_of(false, &deliveries(&parts));
    let expected: Vec<String> = (0..100)
        .map(|at| format!("{id} POST h /item/{id}[page] 6 > 200 5", id = order(at)))
        .collect();
    assert_eq!(lines, expected);
}

/// Two requests after each other with these times: first byte and last of the request, first
/// and last of the response.
#[test]
fn times_are_those_of_first_and_last_frames() {
    let mut http = Http2::new(false);
    let mut exchanges = Vec::new();
    let request = headers(1, 0, &post("/", &[]));
    let parts: [(u64, Way, Vec<u8>); 9] = [
        (1, Way::ToServer, preface()),
        (2, Way::ToClient, settings(&[])),
        (10, Way::ToServer, request[..7].to_vec()),
        (20, Way::ToServer, request[7..].to_vec()),
        (30, Way::ToServer, data(1, END_STREAM, b"b")),
        (40, Way::ToClient, headers(1, 0, &status("100", &[]))),
        (55, Way::ToClient, headers(1, 0, &status("200", &[]))),
        (60, Way::ToClient, data(1, 0, b"x")),
        (70, Way::ToClient, data(1, END_STREAM, b"")),
    ];
    for (time, way, bytes) in parts {
        let delivery = Delivery::Bytes(&bytes);
        feed(&mut http, (way, delivery), Timestamp(time), &mut exchanges);
    }
    let [exchange] = exchanges.as_slice() else { panic!("{exchanges:?}") };
    assert_eq!(exchange.began, Timestamp(10));
    assert_eq!(exchange.ttfb, Some(Duration::from_nanos(25)));
    assert_eq!(exchange.duration, Some(Duration::from_nanos(60)));
}

#[test]
fn long_exchanges_are_said_while_they_go_on() {
    let second = |seconds: u64| Timestamp(seconds * 1_000_000_000);
    let grpc = &[("content-type", "application/grpc")];
    let parts: [(u64, Way, Vec<u8>); 6] = [
        (100, Way::ToServer, preface()),
        (100, Way::ToClient, settings(&[])),
        (100, Way::ToServer, headers(1, 0, &post("/a.B/Watch", grpc))),
        (100, Way::ToServer, data(1, END_STREAM, &message(b"x"))),
        (101, Way::ToClient, headers(1, 0, &status("200", grpc))),
        (101, Way::ToClient, data(1, 0, &message(b"event"))),
    ];
    let mut http = Http2::new(false);
    let mut exchanges = Vec::new();
    for (time, way, bytes) in parts {
        let delivery = Delivery::Bytes(&bytes);
        feed(&mut http, (way, delivery), second(time), &mut exchanges);
    }
    for time in [101, 104, 105, 106, 150, 164, 165, 224, 225] {
        http.say_open(second(time), &mut exchanges);
    }
    let end = headers(1, END_STREAM, &block(&[("grpc-status", "0")]));
    let delivery = Delivery::Bytes(&end);
    feed(&mut http, (Way::ToClient, delivery), second(230), &mut exchanges);
    http.say_open(second(600), &mut exchanges);
    let lines: Vec<_> = exchanges.iter().map(line_of).collect();
    let going_on = "1 POST h /a.B/Watch[] 6 > 200 10! grpc a.B Watch=? 1/1:1/5";
    assert_eq!(
        lines,
        [
            format!("Open {going_on}"),
            format!("StillOpen {going_on}"),
            format!("StillOpen {going_on}"),
            "Closed 1 POST h /a.B/Watch[] 6 > 200 10 grpc a.B Watch=0 1/1:1/5".to_owned(),
        ]
    );
    assert_eq!(exchanges[0].duration, None);
    assert_eq!(exchanges[3].duration, Some(Duration::from_secs(130)));
}

/// Nobody will say that an exchange has ended whose end was missed.
#[test]
fn what_was_cut_off_is_not_said_to_go_on() {
    let mut http = Http2::new(false);
    let parts = [
        Part::Up([preface(), headers(1, END_STREAM, &get("/"))].concat()),
        Part::Down([settings(&[]), headers(1, 0, &status("200", &[]))].concat()),
        Part::Gap(Way::ToClient, 40),
    ];
    let mut exchanges = feed_all(&mut http, &deliveries(&parts));
    let minute = 60_000_000_000;
    http.say_open(Timestamp(minute - 1), &mut exchanges);
    http.say_open(Timestamp(minute + 7), &mut exchanges);
    http.say_open(Timestamp(3 * minute), &mut exchanges);
    let lines: Vec<_> = exchanges.iter().map(line_of).collect();
    assert_eq!(lines, ["Open 1 GET h /[] 0 > 200 0! gap", "Closed 1 GET h /[] 0 > 200 0! gap"]);
}

#[test]
fn an_upgraded_connection_answers_its_first_request_on_stream_1() {
    let request = Request {
        method: crate::pipeline::output::Method::Get,
        path: "/up".into(),
        query_keys: Vec::new(),
        host: Some("h".into()),
        header_bytes: 100,
        body_bytes: 0,
        content_type: None,
        complete: true,
    };
    let mut http = Http2::upgraded(request, Auth::Basic, Timestamp(5), Timestamp(6));
    assert!(http.is_certain());
    let parts = [
        Part::Down(settings(&[])),
        Part::Down([headers(1, 0, &status("200", &[])), data(1, END_STREAM, b"ok")].concat()),
        Part::Up([preface(), headers(3, END_STREAM, &get("/3"))].concat()),
        Part::Down(headers(3, END_STREAM, &status("204", &[]))),
    ];
    let exchanges = feed_all(&mut http, &deliveries(&parts));
    let lines: Vec<_> = exchanges.iter().map(line_of).collect();
    assert_eq!(lines, ["1 GET h /up[] 0 > 200 2 basic", "3 GET h /3[] 0 > 204 0"]);
    assert_eq!(exchanges[0].began, Timestamp(5));
    assert_eq!(exchanges[0].ttfb, Some(Duration::from_nanos(1)));
}

#[test]
fn an_idle_connection_is_small() {
    let size = |what: &str, bytes: usize, most: usize| assert!(bytes <= most, "{what}: {bytes}");
    size("Http2", size_of::<Http2>(), 640);
    size("Stream", size_of::<Stream>(), 256);
    let mut http = Http2::new(false);
    let parts = [
        Part::Up([preface(), headers(1, END_STREAM, &get("/"))].concat()),
        Part::Down([settings(&[]), headers(1, END_STREAM, &status("200", &[]))].concat()),
    ];
    feed_all(&mut http, &deliveries(&parts));
    size("held", http.buffered(), 128);
}

#[test]
fn attacks_are_bounded() {
    let long = "x".repeat(4000);
    let path = |at: u32| format!("/{at}/{long}?{}", "key=value&".repeat(100));
    let open = |at: u32| {
        let fields = [("host", format!("{at}{long}")), ("content-type", format!("{at}/{long}"))];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        headers(2 * at + 1, 0, &post(&path(at), &fields))
    };
    // Streams that are never answered, with all the text that they can have.
    let streams: Vec<u8> = (0..2000).flat_map(open).collect();
    // A block that does not end, in frames of every size.
    let mut endless = frame(1, 0, 1, &get("/"));
    for at in 0..20_000_usize {
        let field = block(&[("x", &long[..at % 100])]);
        endless.extend(frame(9, 0, 1, &field));
    }
    // A field that does not end, and one that says that it is longer than anything.
    let mut field = frame(1, 0, 1, &[0, 1, b'x', 0x7f, 0xe1, 0xff, 0xff, 0xff, 0x07]);
    let mut short = frame(1, 0, 1, &[0, 1, b'x', 0x7f, 0xe1, 0x2f]);
    for _ in 0..2000 {
        field.extend(frame(9, 0, 1, long.as_bytes()));
        short.extend(frame(9, 0, 1, &long.as_bytes()[..100]));
    }
    // One entry that is referred to again and again.
    let mut bomb = vec![0x40, 1, b'x', 0x7f, 0xa1, 0x1e];
    bomb.extend(long.as_bytes());
    bomb.extend([0xbe; 12_000]);
    let bomb = headers(1, END_STREAM, &bomb);
    // Bytes that seem to begin a frame of a field block at each place.
    let seeming: Vec<u8> =
        std::iter::repeat_n([0, 0x1f, 0xe0, 1, 4, 0, 0, 0, 1, 0x82], 20_000).flatten().collect();
    for (name, bytes) in [
        ("streams", streams),
        ("endless", endless),
        ("field", field),
        ("short", short),
        ("bomb", bomb),
        ("seeming", seeming),
    ] {
        for midstream in [false, true] {
            for way in [Way::ToServer, Way::ToClient] {
                let start = match (midstream, way) {
                    (true, _) => Vec::new(),
                    (false, Way::ToServer) => preface(),
                    (false, Way::ToClient) => settings(&[]),
                };
                for chunk in [1 << 20, 16_384, 1000, 3] {
                    let mut all = vec![(way, Delivery::Bytes(&start))];
                    all.extend(bytes.chunks(chunk).map(|it| (way, Delivery::Bytes(it))));
                    if chunk == 3 {
                        all.truncate(10_000);
                    }
                    let mut http = Http2::new(midstream);
                    let exchanges = feed_all(&mut http, &all);
                    assert!(exchanges.len() <= 2000, "{name}");
                }
            }
        }
    }
}

/// The first exchange that differs when the parts come byte by byte.
fn difference_of(midstream: bool, parts: &[Part]) -> Option<(Option<String>, Option<String>)> {
    let whole = lines_of(midstream, &deliveries(parts));
    let bytewise = lines_of(midstream, &bytewise(parts));
    let at = (0..whole.len().max(bytewise.len())).find(|at| whole.get(*at) != bytewise.get(*at))?;
    Some((whole.get(at).cloned(), bytewise.get(at).cloned()))
}

/// Frames and pieces of frames that reach every parser.
fn fragments() -> impl Strategy<Value = Vec<Part>> {
    let mut words: Vec<Vec<u8>> = vec![
        preface(),
        settings(&[(1, 100), (3, 1), (5, 20_000)]),
        frame(4, 1, 0, b""),
        frame(1, 0, 1, &get("/cut")[..20]),
        frame(9, END_HEADERS, 1, &get("/cut")[20..]),
        frame(9, 0, 1, b""),
        frame(5, END_HEADERS, 1, &[&[0, 0, 0, 2], get("/p").as_slice()].concat()),
        frame(0, PADDED, 3, &[200, 1, 2]),
        frame(0x33, 0xff, 1, b"unknown"),
        frame(6, 0, 0, &[0; 8]),
        frame(8, 0, 1, &[0; 4]),
        frame(2, 0, 3, &[0; 5]),
        headers(1, 0, &[0x3f, 0xe1, 0x1f, 0x82, 0xbe]),
        go_away(3),
        vec![0; 9],
        vec![0xff; 9],
    ];
    for id in 1..6 {
        words.push(headers(id, END_STREAM, &get("/a?k=v")));
        words.push(headers(id, 0, &post("/a.B/C", &[("content-type", "application/grpc")])));
        words.push(headers(id, 0, &status("200", &[("content-type", "application/grpc")])));
        words.push(headers(id, END_STREAM, &block(&[("grpc-status", "1")])));
        words.push(headers(
            id,
            0,
            &Encoder::default().block(&[("x", "y"), ("x", "y"), (":status", "204")]),
        ));
        words.push(data(id, 0, &message(b"abc")));
        words.push(data(id, END_STREAM, b""));
        words.push(reset(id, 8));
    }
    let word = prop_oneof![
        12 => proptest::sample::select(words.clone()),
        2 => (proptest::sample::select(words), any::<(prop::sample::Index, u8)>()).prop_map(
            |(mut word, (index, byte))| {
                let at = index.index(word.len());
                word[at] = byte;
                word
            }
        ),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
    ];
    let run = proptest::collection::vec(word, 1..8).prop_map(|words| words.concat());
    let way = any::<bool>().prop_map(|up| if up { Way::ToServer } else { Way::ToClient });
    let part = (
        way,
        prop_oneof![
            6 => run.prop_map(Some),
            1 => Just(None),
        ],
        0..60_u64,
    )
        .prop_map(|(way, run, gap)| match (way, run) {
            (Way::ToServer, Some(run)) => Part::Up(run),
            (Way::ToClient, Some(run)) => Part::Down(run),
            (way, None) if gap % 5 == 1 => Part::Told(way, gap),
            (way, None) => Part::Gap(way, gap),
        });
    proptest::collection::vec(part, 1..8)
}

const PROPERTY_CASES: u32 = 1000;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: PROPERTY_CASES,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn splitting_never_matters_and_nothing_panics(
        parts in fragments(),
        midstream: bool,
        begins: bool,
    ) {
        let mut all = Vec::new();
        if begins {
            all.extend([Part::Up(preface()), Part::Down(settings(&[]))]);
        }
        all.extend(parts);
        let difference = difference_of(midstream, &all);
        prop_assert!(difference.is_none(), "{:?}", difference);
    }

    /// Recorded conversations with bits flipped, bytes left out and deliveries swapped.
    #[test]
    fn damaged_conversations_are_survived(
        which in 0..RECORDED.len(),
        flips in proptest::collection::vec(any::<(prop::sample::Index, prop::sample::Index, u8)>(), 0..8),
        swap: prop::sample::Index,
        midstream: bool,
    ) {
        let mut parts = recorded(RECORDED[which].1).0;
        for (part, at, bit) in flips {
            let index = part.index(parts.len());
            let (Part::Up(bytes) | Part::Down(bytes)) = &mut parts[index] else { continue };
            let at = at.index(bytes.len());
            if bit & 0x80 == 0 {
                bytes[at] ^= 1 << (bit % 8);
            } else {
                bytes.remove(at);
            }
            if bytes.is_empty() {
                parts.remove(index);
            }
        }
        let at = swap.index(parts.len() - 1);
        parts.swap(at, at + 1);
        let difference = difference_of(midstream, &parts);
        prop_assert!(difference.is_none(), "{:?}", difference);
    }
}
