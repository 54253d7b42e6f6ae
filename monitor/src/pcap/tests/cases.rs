//! Segments and what comes of them, as tables.

use super::build::{
    Captured, Step, c, c_fin, captured, file_of, ipv4, ipv6, pcap, pcap_of, s, s_fin, shake, step,
    tcp, v6,
};
use super::{Ran, run, run_within};
use crate::pcap::segment::Flags;
use crate::pipeline::input::{LossReason, Stage};
use crate::pipeline::output::Output;
use crate::pipeline::protocol::Way;
use crate::pipeline::settings::Limits;

/// 26 bytes each, and 40 and 41 bytes.
const ASK: &[u8] = b"GET /1 HTTP/1.1\r\nHost:\r\n\r\n";
const SAY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const ASK2: &[u8] = b"GET /2 HTTP/1.1\r\nHost:\r\n\r\n";
const SAY2: &[u8] = b"HTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\nnot";
const A: u32 = ASK.len() as u32;
const S: u32 = SAY.len() as u32;
const S2: u32 = SAY2.len() as u32;

struct Case {
    name: &'static str,
    steps: Vec<Step>,
    expected: &'static [&'static str],
}

fn case(name: &'static str, steps: Vec<Step>, expected: &'static [&'static str]) -> Case {
    Case { name, steps, expected }
}

/// The handshake, these, and a close.
fn open(steps: Vec<Step>) -> Vec<Step> {
    [shake(), steps].concat()
}

fn at(time: u64, step: Step) -> Step {
    Step { time, ..step }
}

fn cut(cut: usize, step: Step) -> Step {
    Step { cut, ..step }
}

fn shifted(shift: u32, steps: Vec<Step>) -> Vec<Step> {
    steps.into_iter().map(|step| Step { shift, ..step }).collect()
}

fn two() -> Vec<Step> {
    vec![
        c(1, 1, ASK),
        s(1, 1 + A, SAY),
        c(1 + A, 1 + S, ASK2),
        s(1 + S, 1 + 2 * A, SAY2),
        c_fin(1 + 2 * A, 1 + S + S2, b""),
        s_fin(1 + S + S2, 2 + 2 * A, b""),
        c(2 + 2 * A, 2 + S + S2, b""),
    ]
}

const TWO: &[&str] = &["GET /1 > 200 2", "GET /2 > 404 3", "end 52/52 81/81"];

fn without(place: usize, mut steps: Vec<Step>) -> Vec<Step> {
    steps.remove(place);
    steps
}

fn swapped(one: usize, other: usize, mut steps: Vec<Step>) -> Vec<Step> {
    steps.swap(one, other);
    steps
}

fn twice(place: usize, mut steps: Vec<Step>) -> Vec<Step> {
    steps.insert(place, steps[place].clone());
    steps
}

fn check(cases: Vec<Case>) {
    for Case { name, steps, expected } in cases {
        for shift in [0, u32::MAX - 1_010, u32::MAX - 500_010, 0x8000_0000] {
            let ran = run(&file_of(&shifted(shift, steps.clone())));
            assert!(ran.error.is_none());
            assert_eq!(ran.lines(), expected, "{name}, shifted by {shift}: {}", ran.counts);
        }
    }
}

#[test]
fn orders_and_repetitions_that_change_nothing() {
    let whole = open(two());
    let split = |place: usize, first: usize| {
        let mut steps = whole.clone();
        let mut rest = steps[place].clone();
        rest.data.drain(..first);
        rest.at += first as u32;
        steps[place].data.truncate(first);
        steps.insert(place + 1, rest);
        steps
    };
    let mut cases = vec![
        case("as sent", whole.clone(), TWO),
        case("without the first packet of the handshake", without(0, whole.clone()), TWO),
        case("without the second", without(1, whole.clone()), TWO),
        case("without the third", without(2, whole.clone()), TWO),
        case(
            "without the first two",
            without(0, without(1, whole.clone())),
            &["GET /1 > 200 2", "GET /2 > 404 3", "end 52/52 81/81 midstream"],
        ),
        case("two requests swapped", swapped(3, 5, whole.clone()), TWO),
        case("two responses swapped", swapped(4, 6, whole.clone()), TWO),
        case("a response before its request", swapped(3, 4, whole.clone()), TWO),
        case("the second request before the first response", swapped(4, 5, whole.clone()), TWO),
        case("the end before the last response", swapped(6, 8, whole.clone()), TWO),
        case("both swapped", swapped(5, 6, swapped(3, 4, whole.clone())), TWO),
        case("without the last acknowledgement", without(9, whole.clone()), TWO),
    ];
    for place in 0..whole.len() {
        cases.push(case("a packet twice", twice(place, whole.clone()), TWO));
        let mut late = whole.clone();
        late.push(whole[place].clone());
        cases.push(case("a packet again at the end", late, TWO));
    }
    for place in [3, 4, 5, 6] {
        for first in [1, 7, 20] {
            cases.push(case("in two parts", split(place, first), TWO));
            let steps = swapped(place, place + 1, split(place, first));
            cases.push(case("in two parts, swapped", steps, TWO));
            let mut steps = split(place, first);
            steps.insert(place + 2, whole[place].clone());
            cases.push(case("in two parts, and whole", steps, TWO));
            let mut steps = split(place, first);
            steps.remove(place);
            steps.insert(place + 1, whole[place].clone());
            cases.push(case("the second part, then whole", steps, TWO));
        }
    }
    check(cases);
}

#[test]
fn what_was_not_captured_is_a_gap_and_nothing_is_made_up() {
    let whole = || open(two());
    let long = [b"POST /1 HTTP/1.1\r\nHost:\r\nContent-Length: 50\r\n\r\n".as_slice(), &[b'x'; 50]]
        .concat();
    let l = long.len() as u32;
    let body = |skipped: std::ops::Range<usize>| {
        open(vec![
            c(1, 1, &long[..skipped.start]),
            c(1 + skipped.end as u32, 1, &long[skipped.end..]),
            s(1, 1 + l, SAY),
            c_fin(1 + l, 1 + S, b""),
            s_fin(1 + S, 2 + l, b""),
        ])
    };
    check(vec![
        case(
            "the first request",
            without(3, whole()),
            &[
                "- > 200 2 incomplete response_without_request",
                "GET /2 > 404 3",
                "end 26/52 81/81 Lost=26",
            ],
        ),
        case(
            "the first response",
            without(4, whole()),
            &["GET /1 > - incomplete gap", "GET /2 > 404 3", "end 52/52 41/81 Lost=40"],
        ),
        case(
            "the second request",
            without(5, whole()),
            &[
                "GET /1 > 200 2",
                "- > 404 3 incomplete response_without_request",
                "end 26/52 81/81 Lost=26",
            ],
        ),
        case(
            "the second response",
            without(6, whole()),
            &["GET /1 > 200 2", "GET /2 > - incomplete gap", "end 52/52 40/81 Lost=41"],
        ),
        case(
            "the first exchange",
            without(3, without(4, whole())),
            &["GET /2 > 404 3", "end 26/52 41/81 Lost=66"],
        ),
        case(
            "a response and the next request",
            without(4, without(5, whole())),
            &[
                "GET /1 > - incomplete gap",
                "- > 404 3 incomplete response_without_request",
                "end 26/52 41/81 Lost=66",
            ],
        ),
        case("everything but the handshake", shake(), &["end 0/0 0/0"]),
        case(
            "the bytes, of which acknowledgements tell",
            open(vec![c(27, 41, b""), s(41, 27, b"")]),
            &["end 0/26 0/40 Lost=66"],
        ),
        case("a part of a body", body(60..80), &["POST /1 > 200 2", "end 77/97 40/40 Lost=20"]),
        case("the end of a body", body(60..97), &["POST /1 > 200 2", "end 60/97 40/40 Lost=37"]),
        case(
            "one way, which is asymmetric routing",
            open(vec![c(1, 1, ASK), c(1 + A, 1 + S, ASK2), c_fin(1 + 2 * A, 1 + S + S2, b"")]),
            &["GET /1 > - incomplete gap", "GET /2 > - incomplete gap", "end 52/52 0/81 Lost=81"],
        ),
        case(
            "all but the heads of packets",
            open(two().into_iter().map(|step| cut(step.data.len(), step)).collect()),
            &["end 0/52 0/81 Truncated=133"],
        ),
        case(
            "the last bytes of each",
            open(two().into_iter().map(|step| cut(step.data.len().min(1), step)).collect()),
            &[
                "- > 200 2 incomplete response_without_request",
                "- > 404 3 incomplete response_without_request",
                "end 50/52 79/81 Truncated=4",
            ],
        ),
    ]);
}

#[test]
fn a_packet_that_is_sent_again_in_time_fills_its_hole() {
    let mut steps = open(two());
    steps.remove(3);
    // Not acknowledged, so it may yet come, however many packets and seconds later.
    let tail: Vec<_> = (0..200).map(|_| s(1, 1, b"")).collect();
    let filled = [vec![steps[3].clone()], tail, vec![at(25_000, c(1, 1, ASK))]].concat();
    let mut again = shake();
    again.push(c(1 + A, 1, ASK2));
    again.extend(filled.into_iter().skip(1));
    again.push(at(25_000, s(1, 1 + 2 * A, &[SAY, SAY2].concat())));
    let lines = run(&file_of(&again)).lines();
    assert_eq!(lines, ["GET /1 > 200 2", "GET /2 > 404 3", "end 52/52 81/81"]);
}

#[test]
fn a_hole_is_given_up_after_its_time_while_the_capture_goes_on() {
    let mut steps = without(3, open(two()));
    steps.truncate(6);
    steps.push(Step { port: 5, ..at(1_500, step(Way::ToServer, Flags::SYN, 0, 0, b"")) });
    let ran = run(&file_of(&steps));
    let opened = ran.outputs.iter().position(|it| matches!(it, Output::Exchange(_)));
    assert!(opened.is_some());
    assert_eq!(ran.exchanges().len(), 2);
    // Times are those of the packets, not those at which they were given up.
    assert!(
        ran.exchanges()[1].duration.is_some_and(|it| it.as_millis() < 1),
        "{:?}",
        ran.exchanges()
    );
}

#[test]
fn bytes_that_come_again_as_others_are_told() {
    let other = ASK.to_ascii_lowercase();
    check(vec![
        case(
            "after they were handed on",
            open(vec![c(1, 1, ASK), c(1, 1, &other), s(1, 1 + A, SAY)]),
            &["GET /1 > 200 2 tcp_overlap_conflict", "end 26/26 40/40 tcp_overlap_conflict"],
        ),
        case(
            "while they wait",
            open(vec![
                c(5, 1, &ASK[4..]),
                c(5, 1, &other[4..]),
                c(1, 1, &ASK[..4]),
                s(1, 1 + A, SAY),
            ]),
            &["GET /1 > 200 2 tcp_overlap_conflict", "end 26/26 40/40 tcp_overlap_conflict"],
        ),
        case(
            "partly",
            open(vec![
                c(1, 1, &ASK[..16]),
                c(11, 1, &[&other[10..16], &ASK[16..]].concat()),
                s(1, 1 + A, SAY),
            ]),
            &["GET /1 > 200 2 tcp_overlap_conflict", "end 26/26 40/40 tcp_overlap_conflict"],
        ),
        case(
            "a response, by someone who was quicker",
            open(vec![
                c(1, 1, ASK),
                s(1, 1 + A, SAY),
                c(1 + A, 1 + S, b""),
                s(1, 1 + A, &SAY2[..40]),
                c(1 + A, 1 + S, ASK2),
                s(1 + S, 1 + 2 * A, SAY2),
            ]),
            &["GET /1 > 200 2", "GET /2 > 404 3", "end 52/52 81/81 tcp_overlap_conflict"],
        ),
        case(
            "a keep-alive with any byte",
            open(
                [
                    vec![c(1, 1, ASK), c(A, 1, b"?"), s(1, 1 + A, b""), s(1, 1 + A, SAY)],
                    two()[2..].to_vec(),
                ]
                .concat(),
            ),
            TWO,
        ),
        case(
            "a probe of a closed window",
            open(
                [
                    vec![c(1, 1, &ASK[..5]), c(6, 1, &ASK[5..6]), s(1, 6, b""), c(6, 1, &ASK[5..])],
                    two()[1..].to_vec(),
                ]
                .concat(),
            ),
            TWO,
        ),
    ]);
}

#[test]
fn connections_begin_and_end() {
    let rst = |way, seq, ack| step(way, Flags::RST | Flags::ACK, seq, ack, b"");
    let syn = || step(Way::ToServer, Flags::SYN, 0, 0, b"");
    let syn_ack = || step(Way::ToClient, Flags::SYN | Flags::ACK, 0, 1, b"");
    let again = || shifted(77_000_000, open(two()));
    const TWICE: &[&str] = &[
        "GET /1 > 200 2",
        "GET /2 > 404 3",
        "end 52/52 81/81",
        "GET /1 > 200 2",
        "GET /2 > 404 3",
        "end 52/52 81/81",
    ];
    for (name, steps, expected) in [
        ("refused", vec![syn(), rst(Way::ToClient, 0, 1)], &[][..]),
        ("not answered", vec![syn(), syn()], &[]),
        ("strays", vec![c(1, 1, b""), s_fin(1, 1, b""), rst(Way::ToServer, 1, 1)], &[]),
        (
            "reset",
            open(vec![
                c(1, 1, ASK),
                s(1, 1 + A, &SAY[..39]),
                rst(Way::ToClient, 40, 1 + A),
                s(40, 1 + A, &SAY[39..]),
            ]),
            &["GET /1 > 200 1 incomplete", "end 26/26 39/39"],
        ),
        (
            "a reset that does not fit",
            open([vec![c(1, 1, ASK), rst(Way::ToClient, 5_000, 1)], two()[1..].to_vec()].concat()),
            TWO,
        ),
        ("port used again after the end", [open(two()), again()].concat(), TWICE),
        ("port used again without an end", [open(two()[..4].to_vec()), again()].concat(), TWICE),
        (
            "a SYN that nobody answers",
            [open(two()[..2].to_vec()), shifted(77_000_000, vec![syn()]), two()[2..].to_vec()]
                .concat(),
            TWO,
        ),
        ("a second attempt", [shifted(9_999, vec![syn()]), open(two())].concat(), TWO),
        (
            "TCP fast open",
            [
                vec![
                    step(Way::ToServer, Flags::SYN, 0, 0, ASK),
                    step(Way::ToClient, Flags::SYN | Flags::ACK, 0, 1 + A, b""),
                ],
                two()[1..].to_vec(),
            ]
            .concat(),
            TWO,
        ),
        (
            "TCP fast open, declined",
            [vec![step(Way::ToServer, Flags::SYN, 0, 0, ASK), syn_ack()], two()].concat(),
            TWO,
        ),
        (
            "bytes with the SYN-ACK",
            [
                vec![
                    step(Way::ToServer, Flags::SYN, 0, 0, ASK),
                    step(Way::ToClient, Flags::SYN | Flags::ACK, 0, 1 + A, SAY),
                ],
                two()[2..].to_vec(),
            ]
            .concat(),
            TWO,
        ),
        (
            "both at once",
            [
                vec![
                    syn(),
                    step(Way::ToClient, Flags::SYN, 0, 0, b""),
                    step(Way::ToServer, Flags::SYN | Flags::ACK, 0, 1, b""),
                    syn_ack(),
                ],
                two(),
            ]
            .concat(),
            TWO,
        ),
        (
            "half closed",
            open(vec![
                c_fin(1, 1, ASK),
                s(1, 2 + A, &SAY[..9]),
                c(2 + A, 10, b""),
                s_fin(10, 2 + A, &SAY[9..]),
            ]),
            &["GET /1 > 200 2", "end 26/26 40/40"],
        ),
        (
            "bytes behind a FIN",
            open(vec![c_fin(1, 1, ASK), c(1 + A, 1, ASK2), s_fin(1, 2 + A, SAY)]),
            &["GET /1 > 200 2", "end 26/26 40/40"],
        ),
        ("in the middle", two()[2..].to_vec(), &["GET /2 > 404 3", "end 26/26 41/41 midstream"]),
        (
            "in the middle, the server first",
            two()[1..].to_vec(),
            &[
                "- > 200 2 incomplete response_without_request",
                "GET /2 > 404 3",
                "end 26/26 81/81 midstream",
            ],
        ),
        (
            "in the middle of a head",
            [vec![c(6, 1, &ASK[5..])], two()[1..].to_vec()].concat(),
            &[
                "- > 200 2 incomplete response_without_request",
                "GET /2 > 404 3",
                "end 47/47 81/81 midstream",
            ],
        ),
    ] {
        let ran = run(&file_of(&steps));
        assert_eq!(ran.lines(), expected, "{name}: {}", ran.counts);
    }
}

#[test]
fn a_connection_that_moved_on_too_far_begins_anew() {
    let far: Vec<_> = (0..20).map(|turn| c(2_000_000_000 + turn * A, 1, ASK)).collect();
    let ran = run(&file_of(&[open(vec![c(1, 1, ASK)]), far].concat()));
    assert_eq!(ran.closes().len(), 2, "{:?}", ran.lines());
    assert!(ran.closes()[1].midstream);
}

/// Fragments, extension headers, VLANs: the same connection in other clothes.
#[test]
fn every_encapsulation_gives_the_same() {
    let wrap = |link: u32, header: &[u8]| {
        let packets: Vec<_> = open(two())
            .iter()
            .enumerate()
            .map(|(number, step)| {
                let Captured { time, length, bytes } = captured(step, number);
                // Frames are padded to a minimum, which is no payload.
                let bytes = [header, &bytes, &[0xee; 6]].concat();
                Captured { time, length: length + header.len() + 6, bytes }
            })
            .collect();
        pcap_of(link, &packets)
    };
    for (link, header) in [
        (1, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0][..]),
        (1, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x88, 0xa8, 0, 1, 0x81, 0, 0, 2, 8, 0]),
        (113, &[0, 0, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0]),
        (276, &[8, 0, 0, 0, 0, 0, 0, 1, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0]),
        (0, &[2, 0, 0, 0]),
        (108, &[0, 0, 0, 2]),
        (12, &[]),
        (0x1000_0000 | 228, &[]),
    ] {
        assert_eq!(run(&wrap(link, header)).lines(), TWO, "link type {link}");
    }
    let packets = |of: &dyn Fn(&Step) -> Vec<Vec<u8>>| {
        let packets = open(two())
            .iter()
            .enumerate()
            .flat_map(|(number, step)| {
                of(step).into_iter().map(move |bytes| Captured {
                    time: number as u64,
                    length: bytes.len(),
                    bytes,
                })
            })
            .collect::<Vec<_>>();
        run(&pcap(&packets)).lines()
    };
    let ends = |way| if way == Way::ToServer { (v6(1), v6(2)) } else { (v6(2), v6(1)) };
    let plain = |step: &Step| {
        let (from, to) = ends(step.way);
        vec![ipv6(from, to, 6, &step.segment())]
    };
    assert_eq!(packets(&plain), TWO);
    let options = |step: &Step| {
        let (from, to) = ends(step.way);
        // Each names the next: routing, destination options, authentication, TCP.
        let hop_by_hop = [43, 0, 1, 4, 0, 0, 0, 0];
        let routing = [60, 0, 0, 0, 0, 0, 0, 0];
        let destination = [51, 0, 1, 4, 0, 0, 0, 0];
        let authentication = [6, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let headers = [&hop_by_hop[..], &routing, &destination, &authentication].concat();
        vec![ipv6(from, to, 0, &[headers, step.segment()].concat())]
    };
    assert_eq!(packets(&options), TWO);
    let fragments_v6 = |step: &Step| {
        let (from, to) = ends(step.way);
        let segment = [&[6, 0, 0, 0, 0, 0, 0, 0], &step.segment()[..]].concat();
        let id = step.at as u8;
        segment
            .chunks(16)
            .enumerate()
            .map(|(number, chunk)| {
                let place = number as u16 * 16 + u16::from((number + 1) * 16 < segment.len());
                let place = place.to_be_bytes();
                ipv6(
                    from,
                    to,
                    44,
                    &[&[60, 0, place[0], place[1], 0, 0, step.way as u8, id], chunk].concat(),
                )
            })
            .rev()
            .collect()
    };
    assert_eq!(packets(&fragments_v6), TWO);
    let fragments_v4 = |step: &Step| {
        let segment = step.segment();
        segment
            .chunks(24)
            .enumerate()
            .map(|(number, chunk)| {
                let place =
                    number as u16 * 3 + if (number + 1) * 24 < segment.len() { 0x2000 } else { 0 };
                let mut bytes =
                    ipv4([10, 0, 0, 1].into(), [10, 0, 0, 2].into(), step.way, 6, chunk);
                bytes[4..8].copy_from_slice(
                    &[&(step.at as u16).to_be_bytes()[..], &place.to_be_bytes()].concat(),
                );
                bytes
            })
            .collect()
    };
    assert_eq!(packets(&fragments_v4), TWO);
    let zero_length = |step: &Step| {
        let mut bytes = step.packet();
        bytes[2..4].fill(0);
        vec![bytes]
    };
    assert_eq!(packets(&zero_length), TWO);
}

#[test]
fn connections_are_bounded_and_evictions_are_said() {
    let limits = Limits { connections: 8, ..Limits::default() };
    let mut steps = Vec::new();
    for turn in 0..50_u16 {
        for step in open(vec![c(1, 1, ASK)]) {
            steps.push(Step { port: 1000 + turn, time: u64::from(turn) * 10, ..step });
        }
    }
    for turn in 0..1000_u16 {
        let syn = step(Way::ToServer, Flags::SYN, 0, 0, b"");
        steps.push(Step { port: 10_000 + turn, time: 500, ..syn });
    }
    let ran = run_within(&file_of(&steps), &limits);
    let Ran { outputs, counts, .. } = &ran;
    let said: u64 = outputs
        .iter()
        .map(|output| match output {
            Output::Loss(report) => {
                assert_eq!(
                    (report.loss.stage, report.loss.reason),
                    (Stage::Pipeline, LossReason::Evicted)
                );
                report.loss.count
            }
            _ => 0,
        })
        .sum();
    assert_eq!((counts.evicted, said), (43, 43), "the last seven of eight places are for SYNs");
    assert_eq!(ran.closes().len(), 50);
    assert_eq!(ran.exchanges().len(), 50);
}

#[test]
fn idle_connections_end_and_go_on_as_midstream() {
    let limits = Limits { idle_timeout: std::time::Duration::from_secs(60), ..Limits::default() };
    let mut steps = open(two()[..2].to_vec());
    steps.extend(two()[2..].iter().map(|step| at(200_000, step.clone())));
    let ran = run_within(&file_of(&steps), &limits);
    assert_eq!(
        ran.lines(),
        ["GET /1 > 200 2", "end 26/26 40/40", "GET /2 > 404 3", "end 26/26 41/41 midstream",]
    );
}

#[test]
fn waiting_bytes_are_bounded() {
    let limits = Limits { buffered_bytes: 100_000, ..Limits::default() };
    let mut steps = open(vec![c(1, 1, &ASK[..5])]);
    for turn in 0..900 {
        steps.push(c(1000 + turn * 1000, 1, &[b'x'; 1000]));
    }
    let file = file_of(&steps);
    let ran = run_within(&file, &limits);
    assert_eq!(ran.closes()[0].captured.to_server, 900_005);
    assert_eq!(ran.counts.bytes_lost, 994);
}

#[test]
fn dns_goes_to_its_place_and_other_protocols_are_counted() {
    let udp = |from: u16, to: u16| {
        let bytes = [&from.to_be_bytes()[..], &to.to_be_bytes(), &[0, 12, 0, 0], b"abcd"].concat();
        let bytes = ipv4([10, 0, 0, 1].into(), [10, 0, 0, 2].into(), Way::ToServer, 17, &bytes);
        Captured { time: 0, length: bytes.len(), bytes }
    };
    let icmp = ipv4([10, 0, 0, 1].into(), [10, 0, 0, 2].into(), Way::ToServer, 1, b"ping");
    let short = tcp(1, 2, 3, 4, 16, b"")[..13].to_vec();
    let short = ipv4([10, 0, 0, 1].into(), [10, 0, 0, 2].into(), Way::ToServer, 6, &short);
    let whole = |bytes: Vec<u8>| Captured { time: 0, length: bytes.len(), bytes };
    let packets =
        [udp(5353, 53), udp(53, 999), udp(1, 2), whole(icmp), whole(short), whole(vec![0x75])];
    let counts = run(&pcap(&packets)).counts;
    assert_eq!((counts.packets, counts.other_protocol, counts.unreadable), (6, 2, 2));
    assert_eq!(counts.to_string(), "6 packets: 2 with unreadable headers, 2 neither TCP nor DNS");
}
