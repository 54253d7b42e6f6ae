//! Conversations as files, recorded between a client and a server of the Python package
//! `websockets` 17.4, and made ones as rows: the bytes of both ways and what they are,
//! wherever they are split.

use std::fmt::Write;

use super::super::Session;
use super::super::tests::{one_by_one, split};
use super::*;
use crate::pipeline::output::PerDirection;
use crate::pipeline::settings::Limits;

const FILES: [(&str, &str); 4] = [
    ("plain", include_str!("cases/plain.txt")),
    ("deflate", include_str!("cases/deflate.txt")),
    ("fragments", include_str!("cases/fragments.txt")),
    ("aborted", include_str!("cases/aborted.txt")),
];

/// A file: `>` and `<` bytes of the client and the server, indented lines go on; `=` the
/// lines that are said.
fn read(text: &str) -> (Vec<(Way, Vec<u8>)>, Vec<&str>) {
    let mut parts: Vec<(Way, Vec<u8>)> = Vec::new();
    let mut lines = Vec::new();
    for line in text.lines() {
        let (mark, rest) = line.split_at(2);
        match mark {
            "> " => parts.push((Way::ToServer, Vec::new())),
            "< " => parts.push((Way::ToClient, Vec::new())),
            "= " => lines.push(rest),
            _ => {}
        }
        if matches!(mark, "> " | "< " | "  ") {
            let bytes = (0..rest.len()).step_by(2).map(|at| &rest[at..at + 2]);
            let bytes = bytes.map(|hex| u8::from_str_radix(hex, 16).expect("hexadecimal"));
            parts.last_mut().expect("a part").1.extend(bytes);
        }
    }
    (parts, lines)
}

/// An exchange in one line: where it stands, status; messages, bytes and control frames
/// of the client and the server; close code; `!` for a way that is not complete;
/// anomalies.
fn line_of(exchange: &ProtocolExchange) -> String {
    let mut line = format!("{:?} ", exchange.progress).to_lowercase();
    let status = exchange.response.as_ref().and_then(|it| it.status).unwrap_or_default();
    let Some(counts) = &exchange.websocket else { return format!("{line}{status}") };
    assert_eq!(exchange.protocol, Protocol::WebSocket);
    let both = |counts: PerDirection<u64>| format!("{}/{}", counts.to_server, counts.to_client);
    let _ = write!(
        line,
        "{status} messages {} bytes {} control {}",
        both(counts.messages),
        both(counts.message_bytes),
        both(counts.control_frames)
    );
    if let Some(code) = counts.close_code {
        let _ = write!(line, " close {code}");
    }
    for (what, is_so) in [
        (" deflate", counts.deflate),
        (" !client", exchange.request.as_ref().is_some_and(|it| !it.complete)),
        (" !server", exchange.response.as_ref().is_some_and(|it| !it.complete)),
    ] {
        line.push_str(if is_so { what } else { "" });
    }
    for anomaly in &exchange.anomalies {
        let _ = write!(line, " {}", anomaly.name());
    }
    line
}

fn lines_of(parts: &[(Way, Delivery<'_>)]) -> Vec<String> {
    let mut session = Session::new(false);
    let mut exchanges = Vec::new();
    let ends = [Way::ToServer, Way::ToClient].map(|way| (way, Delivery::End));
    for (way, delivery) in parts.iter().chain(&ends) {
        session.feed(&Limits::default(), *way, *delivery, Timestamp(7), &mut exchanges);
    }
    assert!(session.buffered() < 1024);
    exchanges.iter().map(line_of).collect()
}

fn deliveries(parts: &[(Way, Vec<u8>)]) -> Vec<(Way, Delivery<'_>)> {
    parts.iter().map(|(way, bytes)| (*way, Delivery::Bytes(bytes))).collect()
}

#[test]
fn every_recording_at_every_split() {
    for (name, text) in FILES {
        let (parts, expected) = read(text);
        let whole = deliveries(&parts);
        assert_eq!(lines_of(&whole), expected, "{name}");
        assert_eq!(lines_of(&one_by_one(&whole)), expected, "{name} byte by byte");
        for (index, (_, bytes)) in parts.iter().enumerate() {
            for at in 1..bytes.len() {
                let lines = lines_of(&split(&whole, index, at));
                assert_eq!(lines, expected, "{name}: part {index} split at {at}");
            }
        }
    }
}

/// Whatever is cut, missed or damaged: nothing panics, and what was missed is said.
#[test]
fn damage_is_survived_and_gaps_are_said() {
    for (name, text) in FILES {
        let (parts, expected) = read(text);
        let whole = deliveries(&parts);
        for (index, (way, bytes)) in parts.iter().enumerate() {
            for at in 0..bytes.len() {
                let mut cut = whole[..index].to_vec();
                cut.push((*way, Delivery::Bytes(&bytes[..at])));
                lines_of(&cut);
                for length in [1, 2, 7] {
                    let Some(after) = bytes.get(at + length..) else { continue };
                    let mut missed = whole.clone();
                    missed[index] = (*way, Delivery::Bytes(&bytes[..at]));
                    missed.insert(index + 1, (*way, Delivery::Gap(length as u64)));
                    missed.insert(index + 2, (*way, Delivery::Bytes(after)));
                    let lines = lines_of(&missed);
                    let is_said = |line: &String| line.contains("gap");
                    // Within a payload all counts stay right; but for the close code.
                    let without_code =
                        |line: &str| line.replace(" close 1000", "").replace(" close 4001", "");
                    let same = lines
                        .iter()
                        .map(|it| without_code(it))
                        .eq(expected.iter().map(|it| without_code(it)));
                    assert!(
                        same || lines.iter().any(is_said) || index < 2,
                        "{name}: {length} of part {index} missed at {at}: {lines:?}"
                    );
                }
                for bit in 0..8 {
                    let mut damaged = bytes.clone();
                    damaged[at] ^= 1 << bit;
                    let mut parts = whole.clone();
                    parts[index] = (*way, Delivery::Bytes(&damaged));
                    lines_of(&parts);
                }
            }
        }
    }
}

const START: (&[u8], &[u8]) = (
    b"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n",
    b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n",
);

/// Parts after the upgrade; `Err` is a gap.
type Row = (Way, Result<&'static [u8], u64>);

/// The line of the end, after the upgrade and these parts.
fn end_of(rows: &[Row]) -> String {
    let start =
        [(Way::ToServer, Delivery::Bytes(START.0)), (Way::ToClient, Delivery::Bytes(START.1))];
    let rows = rows.iter().map(|(way, part)| match part {
        Ok(bytes) => (*way, Delivery::Bytes(bytes)),
        Err(gap) => (*way, Delivery::Gap(*gap)),
    });
    let whole: Vec<_> = start.into_iter().chain(rows).collect();
    let lines = lines_of(&whole);
    assert_eq!(lines, lines_of(&one_by_one(&whole)));
    lines.into_iter().last().expect("a line")
}

#[test]
fn frames_are_counted_and_what_is_irregular_is_named() {
    use Way::{ToClient as S, ToServer as C};
    let closed = |rest: &str| format!("closed 101 {rest}");
    let cases: [(&str, &[Row], &str); 26] = [
        ("nothing", &[], "messages 0/0 bytes 0/0 control 0/0"),
        ("text", &[(S, Ok(b"\x81\x02hi"))], "messages 0/1 bytes 0/2 control 0/0"),
        (
            "an empty masked message",
            &[(C, Ok(b"\x82\x80abcd"))],
            "messages 1/0 bytes 0/0 control 0/0",
        ),
        (
            "an unmasked client",
            &[(C, Ok(b"\x81\x02hi"))],
            "messages 1/0 bytes 2/0 control 0/0 unmasked_client_frame",
        ),
        (
            "a masked server",
            &[(S, Ok(b"\x81\x82abcdhi"))],
            "messages 0/1 bytes 0/2 control 0/0 masked_server_frame",
        ),
        (
            "a control frame between fragments",
            &[(S, Ok(b"\x01\x01a\x89\x00\x80\x01b"))],
            "messages 0/1 bytes 0/2 control 0/1",
        ),
        (
            "a continuation of nothing",
            &[(S, Ok(b"\x80\x01b"))],
            "messages 0/0 bytes 0/1 control 0/0 unexpected_fragment",
        ),
        (
            "a message within a message",
            &[(S, Ok(b"\x01\x01a\x81\x01b"))],
            "messages 0/1 bytes 0/2 control 0/0 interrupted_message",
        ),
        (
            "a ping in fragments",
            &[(S, Ok(b"\x09\x00"))],
            "messages 0/0 bytes 0/0 control 0/1 fragmented_control_frame",
        ),
        (
            "a long ping",
            &[(S, Ok(b"\x89\x7e\x00\x80")), (S, Ok(&[b'x'; 128]))],
            "messages 0/0 bytes 0/0 control 0/1 long_control_frame",
        ),
        (
            "lengths longer than need be",
            &[(S, Ok(b"\x81\x7e\x00\x02hi\x81\x7f\0\0\0\0\0\0\0\x02ho"))],
            "messages 0/2 bytes 0/4 control 0/0 non_minimal_frame_length",
        ),
        (
            "an impossible length",
            &[(S, Ok(b"\x81\x02hi\x81\x7f\x80\0\0\0\0\0\0\x02ho"))],
            "messages 0/1 bytes 0/2 control 0/0 !server oversized_frame_length",
        ),
        (
            "a compressed message that was not agreed on",
            &[(S, Ok(b"\xc1\x02hi"))],
            "messages 0/1 bytes 0/2 control 0/0 reserved_frame_bits",
        ),
        (
            "reserved opcodes",
            &[(S, Ok(b"\x83\x02hi\x8b\x01x"))],
            "messages 0/0 bytes 0/2 control 0/0 reserved_frame_opcode",
        ),
        (
            "a close without a code",
            &[(S, Ok(b"\x88\x00"))],
            "messages 0/0 bytes 0/0 control 0/0 close 1005",
        ),
        (
            "a close of one byte",
            &[(S, Ok(b"\x88\x01\x03"))],
            "messages 0/0 bytes 0/0 control 0/0 close 1005 invalid_close_payload",
        ),
        (
            "a masked code, and the answer",
            &[(C, Ok(b"\x88\x82\xff\xff\0\0\xfc\x16")), (S, Ok(b"\x88\x02\x03\xe8"))],
            "messages 0/0 bytes 0/0 control 0/0 close 1001",
        ),
        (
            "a code that is never sent",
            &[(S, Ok(b"\x88\x02\x03\xee"))],
            "messages 0/0 bytes 0/0 control 0/0 close 1006 invalid_close_payload",
        ),
        (
            "data after a close",
            &[(S, Ok(b"\x88\x02\x03\xe8\x89\x00\x81\x01x"))],
            "messages 0/1 bytes 0/1 control 0/1 close 1000 data_after_close",
        ),
        (
            "a code of which a byte was missed",
            &[(S, Ok(b"\x88\x04\x03")), (S, Err(2)), (S, Ok(b"x\x81\x01x"))],
            "messages 0/1 bytes 0/1 control 0/0 data_after_close",
        ),
        (
            "a gap in a payload, to its end",
            &[(S, Ok(b"\x81\x7e\x01\x00abc")), (S, Err(253)), (S, Ok(b"\x81\x01x"))],
            "messages 0/2 bytes 0/257 control 0/0",
        ),
        (
            "a gap over a header, after which that way is given up",
            &[
                (S, Ok(b"\x81\x02a")),
                (S, Err(2)),
                (S, Ok(b"\x81\x01x")),
                (C, Ok(b"\x81\x81\0\0\0\0x")),
            ],
            "messages 1/0 bytes 1/1 control 0/0 !server gap",
        ),
        (
            "a gap between frames",
            &[(C, Err(1)), (C, Ok(b"\x81\x81\0\0\0\0x")), (S, Ok(b"\x81\x01x"))],
            "messages 0/1 bytes 0/1 control 0/0 !client gap",
        ),
        (
            "a gap of unknown length, told exactly later",
            &[(S, Ok(b"\x81\x03a")), (S, Err(0)), (S, Err(1)), (S, Ok(b"c"))],
            "messages 0/1 bytes 0/3 control 0/0",
        ),
        (
            "the end inside of a frame, and inside of a message",
            &[(S, Ok(b"\x81\x05hel")), (C, Ok(b"\x01\x81\0\0\0\0x"))],
            "messages 0/0 bytes 1/3 control 0/0 !client !server",
        ),
        (
            "two exabytes",
            &[
                (S, Ok(b"\x82\x7f\x1b\xc1\x6d\x67\x4e\xc8\0\0")),
                (S, Err(0x1bc1_6d67_4ec8_0000)),
                (S, Ok(b"\x89\0")),
            ],
            "messages 0/1 bytes 0/2000000000000000000 control 0/1",
        ),
    ];
    for (name, rows, expected) in cases {
        assert_eq!(end_of(rows), closed(expected), "{name}");
    }
}

#[test]
fn text_is_given_to_who_asks_and_nothing_else_is() {
    let exchange = |deflate| {
        let mut session = Session::new(false);
        let mut exchanges = Vec::new();
        for (way, bytes) in [(Way::ToServer, START.0), (Way::ToClient, START.1)] {
            let delivery = Delivery::Bytes(bytes);
            session.feed(&Limits::default(), way, delivery, Timestamp(1), &mut exchanges);
        }
        WebSocket::new(exchanges.pop().expect("the upgrade"), deflate)
    };
    let given = |size: usize| {
        let mut websocket = exchange(true);
        let mut messages = vec![(Way::ToServer, String::new())];
        let mut take = |way: Way, piece: &[u8]| {
            let last = messages.last_mut().expect("one");
            if piece.is_empty() {
                last.0 = way;
                messages.push((way, String::new()));
            } else {
                last.1.push_str(&String::from_utf8_lossy(piece));
            }
        };
        let rows: [Row; 8] = [
            (Way::ToServer, Ok(b"\x81\x85\x01\x02\x03\x04igohn")),
            (Way::ToServer, Ok(b"\x82\x85\x01\x02\x03\x04igohn")),
            (Way::ToClient, Ok(b"\x01\x03one\x89\x02no\x00\x04 two\x80\x00")),
            (Way::ToClient, Ok(b"\xc1\x04zzzz\x82\x03bin")),
            (Way::ToClient, Ok(b"\x81\x06cut")),
            (Way::ToClient, Err(1)),
            (Way::ToClient, Ok(b"in")),
            (Way::ToClient, Ok(b"\x01\x01x\x81\x01y\x01\x01z")),
        ];
        for (way, part) in rows {
            match part {
                Ok(bytes) => {
                    for piece in bytes.chunks(size) {
                        let delivery = Delivery::Bytes(piece);
                        websocket.feed(
                            way,
                            delivery,
                            Timestamp(1),
                            Some(&mut take),
                            &mut Vec::new(),
                        );
                    }
                }
                Err(gap) => {
                    let delivery = Delivery::Gap(gap);
                    websocket.feed(way, delivery, Timestamp(1), Some(&mut take), &mut Vec::new());
                }
            }
        }
        websocket.feed(
            Way::ToClient,
            Delivery::End,
            Timestamp(1),
            Some(&mut take),
            &mut Vec::new(),
        );
        messages
    };
    let expected = [
        (Way::ToServer, "hello"),
        (Way::ToClient, "one two"),
        (Way::ToClient, "cut"),
        (Way::ToClient, "x"),
        (Way::ToClient, "y"),
        (Way::ToClient, "z"),
        (Way::ToClient, ""),
    ];
    for size in 1..20 {
        let messages = given(size);
        let messages: Vec<_> = messages.iter().map(|(way, text)| (*way, text.as_str())).collect();
        assert_eq!(messages, expected, "pieces of {size}");
    }
}

#[test]
fn it_is_said_while_frames_move_and_measured_at_its_end() {
    let mut session = Session::new(false);
    let mut exchanges = Vec::new();
    let mut lines = Vec::new();
    let second = |number: u64| Timestamp(number * 1_000_000_000);
    let ping: &[u8] = b"\x89\x00";
    let story: [(u64, Way, Option<&[u8]>); 9] = [
        (1, Way::ToServer, Some(START.0)),
        (2, Way::ToClient, Some(START.1)),
        (30, Way::ToClient, Some(ping)),
        (61, Way::ToClient, None),  // too early
        (62, Way::ToClient, None),  // said again
        (200, Way::ToClient, None), // nothing moved
        (210, Way::ToClient, Some(ping)),
        (211, Way::ToClient, None), // said again
        (212, Way::ToClient, None), // just said
    ];
    for (time, way, bytes) in story {
        match bytes {
            Some(bytes) => {
                let delivery = Delivery::Bytes(bytes);
                session.feed(&Limits::default(), way, delivery, second(time), &mut exchanges);
            }
            None => session.say_open(second(time), &mut exchanges),
        }
        assert!(time < 2 || session.is_waiting());
        lines.extend(exchanges.drain(..).map(|it| (time, line_of(&it), it.duration)));
    }
    for way in [Way::ToServer, Way::ToClient] {
        session.feed(&Limits::default(), way, Delivery::End, second(301), &mut exchanges);
    }
    assert!(!session.is_waiting());
    lines.extend(exchanges.drain(..).map(|it| (301, line_of(&it), it.duration)));
    let line = |progress, pings| format!("{progress} 101 messages 0/0 bytes 0/0 control 0/{pings}");
    let expected = [
        (2, line("open", 0), None),
        (62, line("stillopen", 1), None),
        (211, line("stillopen", 2), None),
        (301, line("closed", 2), Some(std::time::Duration::from_secs(300))),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn an_idle_one_holds_little() {
    assert!(size_of::<WebSocket>() <= 640, "{}", size_of::<WebSocket>());
}
