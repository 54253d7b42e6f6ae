//! HTTP/2 as cases: bytes of both ways and the exchanges that they are, wherever the bytes
//! are split and whatever is missing.

use std::fmt::Write;

use super::*;
use crate::pipeline::output::{Grpc, Progress, Protocol, Response};

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

fn feed_all(http: &mut Http2, deliveries: &[(Way, Delivery<'_>)]) -> Vec<ProtocolExchange> {
    let mut exchanges = Vec::new();
    let limits = Limits::default();
    for (way, delivery) in deliveries {
        http.feed(&limits, *way, *delivery, Timestamp(7), &mut exchanges);
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
