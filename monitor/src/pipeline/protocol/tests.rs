//! HTTP/1 as cases: bytes of both ways and the exchanges that they are, wherever the
//! bytes are split.

use std::fmt::Write;

use proptest::prelude::*;

use super::http1::Http1;
use super::session::begin::TUNNELS;
use super::*;
use crate::pipeline::output::{Encryption, PerDirection};
use crate::pipeline::settings::Limits;

/// Cases: name, parts, one line for each exchange.
mod cases;

use cases::{CASES, Part};

/// Feeds parts, each with its own time, and gives the exchanges.
fn exchanges_of(midstream: bool, parts: &[(Way, Delivery<'_>)]) -> Vec<ProtocolExchange> {
    let mut session = Session::new(midstream);
    let mut exchanges = Vec::new();
    for (way, delivery) in parts {
        session.feed(&Limits::default(), *way, *delivery, Timestamp(7), &mut exchanges);
        assert!(session.buffered() <= 4 * Limits::default().head_bytes as usize);
    }
    for way in [Way::ToServer, Way::ToClient] {
        session.feed(&Limits::default(), way, Delivery::End, Timestamp(7), &mut exchanges);
    }
    exchanges
}

/// An exchange in one line: where it stands, unless it has ended; method, host, path and keys, body; status, type, body;
/// `!` for what is incomplete; auth; anomalies.
fn line_of(exchange: &ProtocolExchange) -> String {
    let mut line = String::new();
    let mark = |complete: bool| if complete { "" } else { "!" };
    line.push_str(match exchange.progress {
        Progress::Ended => "",
        Progress::Open => "open ",
        Progress::StillOpen => "still ",
        Progress::Closed => "closed ",
    });
    match &exchange.request {
        Some(request) => {
            let host = request.host.as_deref().unwrap_or("-");
            let keys = request.query_keys.join(",");
            let Request { path, body_bytes, complete, .. } = request;
            let method = request.method.as_str();
            let _ = write!(line, "{method} {host} {path}[{keys}] {body_bytes}{}", mark(*complete));
        }
        None => line.push('?'),
    }
    match &exchange.response {
        Some(Response { status, body_bytes, complete, .. }) => {
            let status = status.map_or_else(|| "?".to_owned(), |status| status.to_string());
            let _ = write!(line, " > {status} {body_bytes}{}", mark(*complete));
        }
        None => line.push_str(" > ?"),
    }
    if exchange.auth != Auth::None {
        let _ = write!(line, " {}", exchange.auth.name());
    }
    if let Some(grpc) = &exchange.grpc {
        let (name, PerDirection { to_server, to_client }) =
            (exchange.protocol.name(), grpc.messages);
        let service = grpc.service.as_deref().unwrap_or("-");
        let _ = write!(line, " {name} {service} {:?} {to_server}/{to_client}", grpc.status);
    }
    for anomaly in &exchange.anomalies {
        let _ = write!(line, " {}", anomaly.name());
    }
    line
}

fn lines_of(midstream: bool, parts: &[(Way, Delivery<'_>)]) -> Vec<String> {
    exchanges_of(midstream, parts).iter().map(line_of).collect()
}

fn deliveries<'a>(parts: &'a [Part]) -> Vec<(Way, Delivery<'a>)> {
    parts
        .iter()
        .map(|part| match part {
            Part::Request(bytes) => (Way::ToServer, Delivery::Bytes(bytes)),
            Part::Response(bytes) => (Way::ToClient, Delivery::Bytes(bytes)),
            Part::RequestGap(bytes) => (Way::ToServer, Delivery::Gap(*bytes)),
            Part::ResponseGap(bytes) => (Way::ToClient, Delivery::Gap(*bytes)),
            Part::ResponseGapToldBefore(bytes) => (Way::ToClient, Delivery::GapToldBefore(*bytes)),
        })
        .collect()
}

/// TLS handshakes of real peers, for tests of who says them.
pub(crate) fn handshakes() -> Vec<crate::pipeline::output::tls::Handshake> {
    tls::tests::recorded_handshakes()
}

/// Every case as a script for the fuzzer.
pub(crate) fn scripts() -> Vec<Vec<u8>> {
    CASES.iter().map(|case| script::write(case.midstream, &deliveries(case.parts))).collect()
}

/// The deliveries with the one at `index` split in two at `at`.
pub(super) fn split<'a>(
    whole: &[(Way, Delivery<'a>)],
    index: usize,
    at: usize,
) -> Vec<(Way, Delivery<'a>)> {
    let mut parts = whole.to_vec();
    if let Some((way, Delivery::Bytes(bytes))) = whole.get(index).copied() {
        let (first, second) = bytes.split_at(at);
        parts[index] = (way, Delivery::Bytes(first));
        parts.insert(index + 1, (way, Delivery::Bytes(second)));
    }
    parts
}

pub(super) fn one_by_one<'a>(whole: &[(Way, Delivery<'a>)]) -> Vec<(Way, Delivery<'a>)> {
    let mut parts = Vec::new();
    for (way, delivery) in whole {
        match delivery {
            Delivery::Bytes(bytes) => {
                parts.extend(bytes.chunks(1).map(|byte| (*way, Delivery::Bytes(byte))));
            }
            other => parts.push((*way, *other)),
        }
    }
    parts
}

#[test]
fn every_case_at_every_split() {
    for case in CASES {
        let whole = deliveries(case.parts);
        assert_eq!(lines_of(case.midstream, &whole), case.expected, "{}", case.name);
        let bytewise = lines_of(case.midstream, &one_by_one(&whole));
        assert_eq!(bytewise, case.expected, "{} byte by byte", case.name);
        for (index, (_, delivery)) in whole.iter().enumerate() {
            let Delivery::Bytes(bytes) = delivery else { continue };
            for at in 1..bytes.len() {
                let lines = lines_of(case.midstream, &split(&whole, index, at));
                assert_eq!(lines, case.expected, "{}: part {index} split at {at}", case.name);
            }
        }
    }
}

#[test]
fn every_prefix_is_survived() {
    for case in CASES {
        let whole = deliveries(case.parts);
        for index in 0..whole.len() {
            let Delivery::Bytes(bytes) = whole[index].1 else { continue };
            for length in 0..bytes.len() {
                let mut parts = whole[..index].to_vec();
                parts.push((whole[index].0, Delivery::Bytes(&bytes[..length])));
                exchanges_of(case.midstream, &parts);
            }
        }
    }
}

/// Whatever is lost, an exchange that comes whole after it is told.
#[test]
fn after_any_gap_the_next_exchange_is_told() {
    let request = b"GET /after-gap HTTP/1.1\r\nHost: h\r\n\r\n";
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let next = [
        (Way::ToServer, Delivery::Bytes(request.as_slice())),
        (Way::ToClient, Delivery::Bytes(response.as_slice())),
    ];
    // Cases that end in another protocol, or in a body that ends with the connection.
    let ends_otherwise = |name: &str| {
        ["tunnel", "upgrade", "close", "HTTP/1.0", "raw", "until"]
            .iter()
            .any(|it| name.contains(it))
    };
    for case in CASES.iter().filter(|case| !ends_otherwise(case.name)) {
        let whole = deliveries(case.parts);
        for (index, (way, delivery)) in whole.iter().enumerate() {
            let Delivery::Bytes(bytes) = delivery else { continue };
            for from in 0..bytes.len() {
                let mut parts = whole[..index].to_vec();
                parts.push((*way, Delivery::Bytes(&bytes[..from])));
                // A gap larger than any message takes the rest with it.
                parts.push((*way, Delivery::Gap(1 << 20)));
                for other in [Way::ToServer, Way::ToClient] {
                    parts.push((other, Delivery::Gap(1 << 20)));
                }
                parts.extend(next);
                let lines = lines_of(case.midstream, &parts);
                let expected = "GET h /after-gap[] 0 > 200 2";
                // Where the client had pipelined, it is not sure that the response is its.
                let told = |line: &String| line.strip_suffix(" gap").unwrap_or(line) == expected;
                assert!(
                    lines.iter().any(told),
                    "{}: part {index} lost from {from}: {lines:?}",
                    case.name
                );
            }
        }
    }
}

#[test]
fn times_are_those_of_first_and_last_bytes() {
    let mut session = Session::new(false);
    let mut exchanges = Vec::new();
    let parts: [(u64, Way, &[u8]); 6] = [
        (10, Way::ToServer, b"POST / HTTP/1.1\r\nHost: h\r\n"),
        (20, Way::ToServer, b"Content-Length: 2\r\n\r\na"),
        (30, Way::ToServer, b"b"),
        (40, Way::ToClient, b"HTTP/1.1 100 Continue\r\n\r\n"),
        (55, Way::ToClient, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"),
        (70, Way::ToClient, b"k"),
    ];
    for (time, way, bytes) in parts {
        let delivery = Delivery::Bytes(bytes);
        session.feed(&Limits::default(), way, delivery, Timestamp(time), &mut exchanges);
    }
    let [exchange] = exchanges.as_slice() else { panic!("{exchanges:?}") };
    assert_eq!(exchange.began, Timestamp(10));
    assert_eq!(exchange.ttfb, Some(Duration::from_nanos(25)));
    assert_eq!(exchange.duration, Some(Duration::from_nanos(60)));
}

#[test]
fn long_heads_are_bounded_and_what_follows_is_found() {
    for line in ["X: y\r\n".repeat(20_000), "x".repeat(200_000)] {
        let request = format!("GET /long HTTP/1.1\r\n{line}");
        let chunks: Vec<_> = request
            .as_bytes()
            .chunks(1000)
            .map(|chunk| (Way::ToServer, Delivery::Bytes(chunk)))
            .chain([(
                Way::ToServer,
                Delivery::Bytes(b"\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n"),
            )])
            .collect();
        let lines = lines_of(false, &chunks);
        assert!(lines[0].contains("oversized_head"), "{lines:?}");
        assert!(lines.iter().any(|line| line.starts_with("GET h /next[]")), "{lines:?}");
    }
}

#[test]
fn a_proxied_client_is_known() {
    let mut session = Session::new(false);
    let bytes = b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 80\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n";
    session.feed(
        &Limits::default(),
        Way::ToServer,
        Delivery::Bytes(bytes),
        Timestamp(1),
        &mut Vec::new(),
    );
    let client = session.proxied_client().expect("named by the proxy");
    assert_eq!((client.address.to_string().as_str(), client.port), ("192.0.2.1", 56324));
    assert_eq!(session.encryption(), Encryption::Clear);
}

/// However deep tunnels go, they are looked into up to a point and cost no stack.
#[test]
fn tunnels_in_tunnels_have_an_end() {
    let requests = b"CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n".repeat(1500);
    let responses = b"HTTP/1.1 200 OK\r\n\r\n".repeat(1500);
    let parts =
        [(Way::ToServer, Delivery::Bytes(&requests)), (Way::ToClient, Delivery::Bytes(&responses))];
    assert_eq!(lines_of(false, &parts).len(), usize::from(TUNNELS) + 1);
}

/// What is held until a response says whether it switches is bounded; what follows once
/// it did not is found.
#[test]
fn what_is_held_is_bounded() {
    let upgrade = b"GET /u HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n";
    let filler = [b'x'; 1000];
    let mut parts = vec![(Way::ToServer, Delivery::Bytes(upgrade.as_slice()))];
    parts.extend([(Way::ToServer, Delivery::Bytes(filler.as_slice())); 200]);
    parts.push((Way::ToClient, Delivery::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")));
    parts.push((Way::ToServer, Delivery::Bytes(b"\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n")));
    let expected = ["GET h /u[] 0 > 200 0 pending_overflow", "GET h /next[] 0 > ?"];
    assert_eq!(lines_of(false, &parts), expected);
}

#[test]
fn an_idle_session_is_small() {
    assert!(size_of::<Session>() <= 64, "{}", size_of::<Session>());
    assert!(size_of::<Http1>() <= 512, "{}", size_of::<Http1>());
}

/// Bytes that look enough like HTTP to reach every parser, some after a gap.
fn fragments() -> impl Strategy<Value = Vec<(bool, u64, Vec<u8>)>> {
    let words: Vec<&'static [u8]> = vec![
        b"GET / HTTP/1.1\r\n",
        b"POST /a?b=c HTTP/1.1\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 \r\n",
        b"Host: h\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b"hello",
        b" folded\r\n",
        b"HEAD /x HTTP/1.0\r\n",
        b"CONNECT h:1 HTTP/1.1\r\n",
        b"HTTP/1.1 101 S\r\n",
        b"PROXY TCP4 1.1.1.1 2.2.2.2 3 4\r\n",
        b"\0\x01\xff",
        b"get /lower HTTP/1.1\r\n",
        b"Upgrade: websocket\r\n",
        b"Upgrade: h2c\r\n",
        b"CONNECT h:1 HTTP/1.1\r\n\r\n",
        b"GET /u HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
        b"GET /v HTTP/1.1\r\nUpgrade: h2c\r\n\r\n",
        b"GET /w HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n",
        b"\x81\x02hi",
        b"\x01\x81abcdx",
        b"\x80\x7e\0\x01x",
        b"\x88\0",
    ];
    let word = prop_oneof![
        9 => proptest::sample::select(words).prop_map(<[u8]>::to_vec),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
    ];
    let run = proptest::collection::vec(word, 1..6).prop_map(|words| words.concat());
    let gap = prop_oneof![4 => Just(0), 1 => 1..40u64];
    proptest::collection::vec((any::<bool>(), gap, run), 1..9)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn splitting_never_matters_and_nothing_panics(runs in fragments(), midstream: bool) {
        let whole: Vec<_> = runs
            .iter()
            .flat_map(|(up, gap, bytes)| {
                let way = if *up { Way::ToServer } else { Way::ToClient };
                let gap = (*gap > 0).then_some((way, Delivery::Gap(*gap)));
                gap.into_iter().chain([(way, Delivery::Bytes(bytes.as_slice()))])
            })
            .collect();
        prop_assert_eq!(exchanges_of(midstream, &whole), exchanges_of(midstream, &one_by_one(&whole)));
    }
}
