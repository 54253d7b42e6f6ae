//! Files in both formats, whole and damaged. Those in `cases` were written by tcpdump and
//! mergecap from curl and a server on loopback.

use super::build::{Captured, c, c_fin, captured, pcap, s, s_fin, shake};
use super::{Ran, run};
use crate::pcap::{PcapError, is_pcap};
use crate::pipeline::output::Output;

const ETHERNET: &[u8] = include_bytes!("../cases/ethernet.pcap");
const COOKED_V1: &[u8] = include_bytes!("../cases/cooked-v1.pcap");
const COOKED_V2: &[u8] = include_bytes!("../cases/cooked-v2-ipv6-nanoseconds.pcap");
const SNAPPED: &[u8] = include_bytes!("../cases/snapped.pcap");
const THREE: &[u8] = include_bytes!("../cases/three-interfaces.pcapng");
const ALL: [&[u8]; 5] = [ETHERNET, COOKED_V1, COOKED_V2, SNAPPED, THREE];

#[test]
fn real_captures_give_what_was_asked_and_answered() {
    let expected: [&[&str]; 5] = [
        &["GET /a.txt > 200 300", "GET /nope > 404 335", "POST /post > 201 2"],
        &["GET /a.txt > 200 300"],
        &["GET /b.txt > 200 3000", "GET /a.txt > 200 300"],
        &["POST /post > 201 2"],
        &[
            "GET /a.txt > 200 300",
            "GET /nope > 404 335",
            "POST /post > 201 2",
            "GET /b.txt > 200 3000",
            "GET /a.txt > 200 300",
            "GET /a.txt > 200 300",
        ],
    ];
    for (file, expected) in ALL.into_iter().zip(expected) {
        assert!(is_pcap(file));
        let ran = run(file);
        assert!(ran.error.is_none(), "{:?}", ran.error);
        let lines: Vec<_> =
            ran.lines().into_iter().filter(|line| !line.starts_with("end")).collect();
        assert_eq!(lines, expected, "{}", ran.counts);
        for close in ran.closes() {
            assert!(!close.midstream && close.anomalies.is_empty());
        }
    }
    let year_2026 = 1_767_225_600_000_000_000..1_798_761_600_000_000_000;
    for exchange in run(COOKED_V2).exchanges() {
        assert!(year_2026.contains(&exchange.time.0), "{}", exchange.time.0);
        assert!(exchange.duration.is_some_and(|it| it.as_millis() < 1000));
    }
}

/// Exchanges that are said to be complete.
fn complete(ran: &Ran) -> Vec<String> {
    let lines = ran.lines().into_iter();
    lines.filter(|line| !line.starts_with("end") && !line.contains("incomplete")).collect()
}

fn is_within(part: &[String], mut whole: &[String]) -> bool {
    part.iter().all(|line| match whole.iter().position(|it| it == line) {
        Some(place) => {
            whole = &whole[place + 1..];
            true
        }
        None => false,
    })
}

#[test]
fn a_cut_file_is_replayed_up_to_the_cut_and_is_an_error() {
    for file in ALL {
        let whole = complete(&run(file));
        for end in (0..file.len()).step_by(if file.len() > 4000 { 23 } else { 3 }) {
            let ran = run(&file[..end]);
            match &ran.error {
                Some(PcapError::Truncated { offset, packets, .. }) => {
                    assert_eq!((*offset, *packets), (end as u64, ran.counts.packets));
                }
                Some(PcapError::NotACapture { .. }) => assert!(end < 4),
                None => assert!(end >= 24, "a cut between two packets cannot be seen"),
                Some(other) => panic!("{other}"),
            }
            assert!(is_within(&complete(&ran), &whole), "{end}: {:?}", ran.lines());
        }
    }
}

#[test]
fn flipped_bits_do_no_harm() {
    for file in ALL {
        for place in (0..file.len()).step_by(if file.len() > 4000 { 23 } else { 3 }) {
            let mut bytes = file.to_vec();
            bytes[place] ^= 1 << (place % 8);
            let ran = run(&bytes);
            assert!(ran.counts.packets <= 100);
        }
    }
}

/// Numbers of a file, in one of the two byte orders.
#[derive(Clone, Copy)]
struct Writer {
    is_big: bool,
}

impl Writer {
    fn u16(self, number: u16) -> Vec<u8> {
        if self.is_big { number.to_be_bytes().into() } else { number.to_le_bytes().into() }
    }

    fn u32(self, number: u32) -> Vec<u8> {
        if self.is_big { number.to_be_bytes().into() } else { number.to_le_bytes().into() }
    }

    fn u64(self, number: u64) -> Vec<u8> {
        if self.is_big { number.to_be_bytes().into() } else { number.to_le_bytes().into() }
    }

    fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let mut body = body.to_vec();
        body.resize(body.len().next_multiple_of(4), 0);
        let length = self.u32(body.len() as u32 + 12);
        [self.u32(kind), length.clone(), body, length].concat()
    }

    fn section(self) -> Vec<u8> {
        let body = [self.u32(0x1a2b_3c4d), self.u16(1), self.u16(0), self.u64(u64::MAX)].concat();
        self.block(0x0a0d_0d0a, &body)
    }

    fn option(self, code: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = [self.u16(code), self.u16(value.len() as u16), value.to_vec()].concat();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn interface(self, link: u16, options: &[u8]) -> Vec<u8> {
        self.block(1, &[self.u16(link), self.u16(0), self.u32(0), options.to_vec()].concat())
    }

    /// A packet block of a kind: enhanced, simple or obsolete.
    fn packet(self, kind: u32, interface: u32, time: u64, packet: &Captured) -> Vec<u8> {
        let length = self.u32(packet.length as u32);
        let times = [self.u32((time >> 32) as u32), self.u32(time as u32)].concat();
        let kept = [self.u32(packet.bytes.len() as u32), length.clone()].concat();
        let head = match kind {
            3 => length,
            2 => [self.u16(interface as u16), self.u16(9), times, kept].concat(),
            _ => [self.u32(interface), times, kept].concat(),
        };
        let mut body = [head, packet.bytes.clone()].concat();
        body.resize(body.len().next_multiple_of(4), 0xee);
        if kind != 3 {
            body.extend(self.option(1, b"a comment"));
            body.extend(self.option(0, b""));
        }
        self.block(kind, &body)
    }
}

const REQUEST: &[u8] = b"GET /1 HTTP/1.1\r\nHost:\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn packets() -> Vec<Captured> {
    let mut steps = shake();
    steps.extend([c(1, 1, REQUEST), s(1, 27, RESPONSE), c_fin(27, 41, b""), s_fin(41, 28, b"")]);
    steps.iter().enumerate().map(|(number, step)| captured(step, number * 1000)).collect()
}

/// The outputs but for the names of connections, and the times.
fn said(ran: &Ran) -> (Vec<String>, Vec<u64>) {
    assert!(ran.error.is_none(), "{:?}", ran.error);
    (ran.lines(), ran.exchanges().iter().map(|it| it.time.0).collect())
}

#[test]
fn both_formats_in_both_byte_orders_say_the_same() {
    let expected = said(&run(&pcap(&packets())));
    assert_eq!(expected.0, ["GET /1 > 200 2", "end 26/26 40/40"]);
    assert_eq!(expected.1, [1_700_000_000_003_000_000]);
    for is_big in [false, true] {
        let writer = Writer { is_big };
        for (magic, unit) in [(0xa1b2_c3d4, 1), (0xa1b2_3c4d, 1000)] {
            let mut file = [writer.u32(magic), writer.u16(2), writer.u16(4)].concat();
            file.extend([0, 0, 0, 0x0004_0000, 101].map(|number| writer.u32(number)).concat());
            // The header has time zone, accuracy and length before the link type.
            file.drain(8..12);
            for packet in packets() {
                let numbers = [
                    1_700_000_000,
                    packet.time as u32 * unit,
                    packet.bytes.len() as u32,
                    packet.length as u32,
                ];
                file.extend(numbers.map(|number| writer.u32(number)).concat());
                file.extend(packet.bytes);
            }
            assert!(is_pcap(&file));
            assert_eq!(said(&run(&file)), expected, "pcap {is_big} {magic:x}");
        }
        for kind in [6, 2] {
            // Interfaces with times of their own, blocks that nobody knows, and two sections.
            let mut file = writer.section();
            file.extend(writer.block(0x4242, b"unknown"));
            file.extend(writer.block(10, &[7; 300_000]));
            let nanoseconds = writer.option(9, &[9]);
            let binary = [
                writer.option(9, &[0x80 | 20]),
                writer.option(14, &writer.u64(1_700_000_000)),
                writer.option(0, b""),
            ];
            file.extend(writer.interface(101, b""));
            file.extend(writer.interface(12, &nanoseconds));
            file.extend(writer.interface(228, &binary.concat()));
            for (number, packet) in packets().iter().enumerate() {
                let micros = 1_700_000_000_000_000 + packet.time;
                let time = match number % 3 {
                    0 => micros,
                    1 => micros * 1000,
                    _ => (packet.time << 20).div_ceil(1_000_000),
                };
                file.extend(writer.packet(kind, number as u32 % 3, time, packet));
                if number == 4 {
                    let writer = Writer { is_big: !is_big };
                    file.extend(writer.section());
                    file.extend(writer.interface(105, b""));
                    file.extend(writer.packet(kind, 0, micros, packet));
                    file.extend(Writer { is_big }.section());
                    file.extend(Writer { is_big }.interface(101, b""));
                    file.extend(Writer { is_big }.interface(12, &nanoseconds));
                    file.extend(Writer { is_big }.interface(228, &binary.concat()));
                }
            }
            assert!(is_pcap(&file));
            let ran = run(&file);
            assert_eq!(said(&ran), expected, "pcapng {is_big} {kind}");
            assert_eq!(ran.counts.unknown_link, 1);
        }
        let mut file = [writer.section(), writer.interface(101, b"")].concat();
        packets().iter().for_each(|it| file.extend(writer.packet(3, 0, 0, it)));
        assert_eq!(said(&run(&file)).0, expected.0, "simple packets, which have no time");
    }
}

#[test]
fn packets_that_the_capturing_program_dropped_are_loss() {
    let writer = Writer { is_big: true };
    let statistics = |dropped: u64| {
        let option = writer.option(5, &writer.u64(dropped));
        writer.block(5, &[writer.u32(0), writer.u64(0), option].concat())
    };
    let mut file = [writer.section(), writer.interface(101, b"")].concat();
    for (packet, dropped) in packets().iter().zip([0, 5, 5, 7, 6]) {
        file.extend(writer.packet(6, 0, 1_700_000_000_000_000 + packet.time, packet));
        file.extend(statistics(dropped));
    }
    let ran = run(&file);
    let losses = ran.outputs.iter().filter_map(|output| match output {
        Output::Loss(report) => Some(report.loss.count),
        _ => None,
    });
    assert_eq!(losses.collect::<Vec<_>>(), [5, 2]);
    assert_eq!(ran.counts.dropped, 7);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let writer = Writer { is_big: false };
    let good = pcap(&packets());
    let ng = [writer.section(), writer.interface(101, b"")].concat();
    let patched = |place: usize, bytes: &[u8]| {
        let mut file = good.clone();
        file[place..place + bytes.len()].copy_from_slice(bytes);
        file
    };
    let oversized = u32::MAX.to_le_bytes();
    let unequal = {
        let mut block = writer.block(0x4242, b"");
        block[8] = 13;
        block
    };
    let odd = [writer.u32(6), writer.u32(30), vec![0; 30]].concat();
    let far = writer.packet(6, 7, 0, &packets()[0]);
    let lying = {
        let mut block = writer.packet(6, 0, 0, &packets()[0]);
        block[20..24].copy_from_slice(&2000_u32.to_le_bytes());
        block
    };
    let cases: [(Vec<u8>, &str); 11] = [
        (Vec::new(), "\"test.pcap\" is neither pcap nor pcapng"),
        (b"APIWATCH".to_vec(), "\"test.pcap\" is neither pcap nor pcapng"),
        (patched(20, &[105]), "the capture \"test.pcap\" is of link type 105; read are"),
        (patched(4, &[1]), "the capture \"test.pcap\" is of pcap version 1 at byte 0; pcap 2"),
        (patched(32, &oversized), "a packet of 4294967295 bytes at byte 24, after 0 good packets"),
        (good[..100].to_vec(), "the capture \"test.pcap\" is cut at byte 100, after 1 whole"),
        ([ng.clone(), unequal].concat(), "is damaged at byte 48, after 0 good packets: a block"),
        ([ng.clone(), odd].concat(), "byte 48, after 0 good packets: a block of an impossible"),
        ([ng.clone(), far].concat(), "good packets: a packet of an interface that was not"),
        ([ng.clone(), lying].concat(), "good packets: a packet block that is too short for"),
        ([ng, writer.u32(0x0a0d_0d0a), vec![9; 20]].concat(), "a section header without its"),
    ];
    for (file, expected) in cases {
        let error = run(&file).error.expect(expected).to_string();
        assert!(error.contains(expected), "{error}\n{expected}");
    }
    assert!(!is_pcap(b"\xd4\xc3\xb2") && !is_pcap(b"APIWATCH") && !is_pcap(b""));
}
