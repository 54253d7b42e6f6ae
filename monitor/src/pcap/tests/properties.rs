//! What holds for any segmentation, order, loss and repetition.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::build::{Captured, Step, c, c_fin, file_of, pcap, s, s_fin, shake, step};
use super::{run, run_within};
use crate::pcap::half::{Arrival, Half, Mark};
use crate::pcap::history::History;
use crate::pipeline::protocol::Way;
use crate::pipeline::settings::Limits;

/// A request that names its number, and the response that tells it by its length.
fn request(number: usize, body: usize) -> Vec<u8> {
    let head = format!("POST /{number} HTTP/1.1\r\nHost: h\r\nContent-Length: {body}\r\n\r\n");
    [head.as_bytes(), &vec![b'q'; body]].concat()
}

fn response(number: usize) -> Vec<u8> {
    let length = 100 + number;
    let head = format!("HTTP/1.1 {} X\r\nContent-Length: {length}\r\n\r\n", 400 + number);
    [head.as_bytes(), &vec![b'r'; length]].concat()
}

/// A conversation of so many exchanges, cut into segments of these sizes in turn. Each
/// acknowledges what was received, and requests follow responses.
fn conversation(exchanges: usize, sizes: &[usize]) -> Vec<Step> {
    let mut steps = shake();
    let mut sizes = sizes.iter().copied().cycle();
    let (mut to_server, mut to_client) = (1, 1);
    for number in 0..exchanges {
        let mut rest = request(number, number * 37 % 101);
        while !rest.is_empty() {
            let size = sizes.next().unwrap_or(1).clamp(1, rest.len());
            let data: Vec<u8> = rest.drain(..size).collect();
            steps.push(c(to_server, to_client, &data));
            to_server += size as u32;
        }
        let mut rest = response(number);
        while !rest.is_empty() {
            let size = sizes.next().unwrap_or(1).clamp(1, rest.len());
            let data: Vec<u8> = rest.drain(..size).collect();
            steps.push(s(to_client, to_server, &data));
            to_client += size as u32;
        }
        steps.push(c(to_server, to_client, b""));
    }
    steps.push(c_fin(to_server, to_client, b""));
    steps.push(s_fin(to_client, to_server + 1, b""));
    steps.push(c(to_server + 1, to_client + 1, b""));
    steps
}

/// Whether a line is of an exchange as it was: request and response belong together.
fn is_right(line: &str) -> bool {
    (0..100).any(|number| {
        line == format!("POST /{number} > {} {}", 400 + number, 100 + number)
            || line
                == format!(
                    "POST /{number} > {} {} tcp_overlap_conflict",
                    400 + number,
                    100 + number
                )
    })
}

/// Segments by their places.
fn briefly(steps: &[Step]) -> String {
    let brief = |it: &Step| {
        let way = if it.way == Way::ToServer { 'c' } else { 's' };
        format!("{way}{}-{}/{}", it.at, it.at + it.data.len() as u32, it.ack)
    };
    steps.iter().map(brief).collect::<Vec<_>>().join(" ")
}

/// A piece of the conversation that is sent again: from where in which segments.
fn repeated(steps: &[Step], from: &Index, length: usize) -> Option<Step> {
    let with_data: Vec<_> = steps.iter().filter(|step| !step.data.is_empty()).collect();
    let first = from.index(with_data.len().max(1));
    let first = *with_data.get(first)?;
    let mut all = first.clone();
    for next in &with_data {
        if next.way == first.way && next.at == all.at + all.data.len() as u32 {
            all.data.extend(&next.data);
        }
    }
    let cut = length % first.data.len();
    all.data.drain(..cut);
    all.at += cut as u32;
    all.data.truncate(length.max(1));
    all.ack = steps.iter().filter(|step| step.way == first.way).map(|step| step.ack).max()?;
    Some(all)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However a conversation is cut, reordered and repeated, it says the same.
    #[test]
    fn the_same_bytes_are_the_same_exchanges(
        exchanges in 1..6_usize,
        sizes in vec(1..120_usize, 1..8),
        moves in vec((any::<Index>(), 1..12_usize), 0..20),
        again in vec((any::<Index>(), any::<Index>(), 1..300_usize), 0..10),
        shift: u32,
    ) {
        let whole = conversation(exchanges, &sizes);
        let expected = run(&file_of(&whole)).lines();
        prop_assert_eq!(expected.len(), exchanges + 1);
        prop_assert!(expected[..exchanges].iter().all(|line| is_right(line)));
        let mut steps = whole.clone();
        for (from, to, length) in &again {
            if let Some(step) = repeated(&whole, from, *length) {
                // Not before all of it was sent first.
                let end = step.at + step.data.len() as u32;
                let sent = |it: &Step| it.way == step.way && it.at + it.data.len() as u32 >= end;
                let first = steps.iter().position(sent).map_or(steps.len(), |place| place + 1);
                let place = first + to.index(steps.len() - first + 1);
                steps.insert(place, step);
            }
        }
        for (place, distance) in &moves {
            // The handshake stays where it is.
            let place = 3 + place.index(steps.len() - 3);
            let moved = steps.remove(place);
            steps.insert((place + distance).min(steps.len()), moved);
        }
        steps.iter_mut().for_each(|step| step.shift = shift);
        let ran = run(&file_of(&steps));
        prop_assert_eq!(ran.lines(), expected, "{}", briefly(&steps));
    }

    /// Whatever is lost, no exchange is said to be complete that was not so.
    #[test]
    fn loss_makes_no_wrong_exchange(
        exchanges in 1..8_usize,
        sizes in vec(1..300_usize, 1..8),
        lost in vec(any::<Index>(), 0..25),
        moves in vec((any::<Index>(), 1..8_usize), 0..8),
        start in 0..5_usize,
    ) {
        let whole = conversation(exchanges, &sizes);
        let mut steps = whole.clone();
        for place in &lost {
            if steps.len() > 1 {
                steps.remove(place.index(steps.len()));
            }
        }
        for (place, distance) in &moves {
            let place = place.index(steps.len());
            let moved = steps.remove(place);
            steps.insert((place + distance).min(steps.len()), moved);
        }
        steps.drain(..start.min(steps.len()));
        let ran = run(&file_of(&steps));
        for line in ran.lines() {
            let is_said_whole = !line.starts_with("end") && !line.contains("incomplete");
            prop_assert!(!is_said_whole || is_right(&line), "{line}\n{:?}\n{}", ran.lines(), briefly(&steps));
        }
    }

    /// One direction against a map of bytes by position: who comes first wins.
    #[test]
    fn one_direction_is_as_a_map_of_bytes(
        arrivals in vec((0..200_u32, 0..60_usize, any::<u8>()), 1..60),
        shift: u32,
    ) {
        let mut half = Half::starting_at(shift);
        let mut history = History::default();
        let mut model = BTreeMap::new();
        let (mut came, mut differing) = (Vec::<u8>::new(), [false; 2]);
        let mut was_contested = false;
        for (start, length, byte) in arrivals {
            let payload = vec![byte; length];
            for place in start..start + length as u32 {
                let first = *model.entry(place).or_insert(byte);
                differing[0] |= first != byte;
                differing[1] |= first != byte && length > 1;
            }
            let accepted = half.accept(
                Arrival {
                    sequence: shift.wrapping_add(start),
                    length: length as u32,
                    payload: &payload,
                    needs: 0,
                    came: Mark::default(),
                },
                |_| true,
                &history,
            );
            was_contested |= accepted.differs;
            if let Some((bytes, length)) = accepted.next {
                came.extend(bytes);
                half.advance(length, bytes, Mark::default(), &mut history);
            }
            while half.first().is_some_and(|(start, _)| start == half.offset()) {
                let piece = half.pop().expect("it is there");
                was_contested |= piece.is_contested;
                came.extend(&piece.bytes);
                half.advance(piece.length, &piece.bytes, Mark::default(), &mut history);
            }
        }
        let expected: Vec<u8> =
            (0..).map_while(|place| model.get(&place).copied()).collect();
        prop_assert_eq!(half.offset(), expected.len() as u64);
        prop_assert_eq!(came, expected);
        while let Some(piece) = half.pop() {
            was_contested |= piece.is_contested;
        }
        // One byte may be a probe, which is not compared with what was handed on.
        prop_assert!(was_contested || !differing[1]);
        prop_assert!(!was_contested || differing[0]);
        prop_assert_eq!(half.cost(), 0);
    }

    /// Segments that mean nothing together do no harm, and are bounded.
    #[test]
    fn any_segments_are_survived(
        segments in vec((any::<bool>(), any::<u8>(), any::<u32>(), any::<u32>(), 0..2000_usize, 0..3_u16), 0..80),
        near: bool,
    ) {
        let steps: Vec<_> = segments.into_iter().enumerate().map(|(number, (way, flags, at, ack, length, port))| {
            let way = if way { Way::ToServer } else { Way::ToClient };
            let (at, ack) = if near { (at % 5000, ack % 5000) } else { (at, ack) };
            let data = request(number, length);
            Step {
                port,
                cut: length % 7,
                time: u64::from(ack % 90_000),
                ..step(way, flags & 0x17, at, ack, &data[..length.min(data.len())])
            }
        }).collect();
        let limits = Limits { connections: 2, buffered_bytes: 20_000, ..Limits::default() };
        run_within(&file_of(&steps), &limits);
    }

    /// Packets of any bytes do no harm.
    #[test]
    fn any_packets_are_survived(packets in vec(vec(any::<u8>(), 0..120), 0..40), first in 0..3_usize) {
        let packets: Vec<_> = packets.into_iter().map(|mut bytes| {
            if let (Some(byte), Some(lead)) = (bytes.first_mut(), [0x45, 0x60, 0x47].get(first)) {
                *byte = *lead;
            }
            if let Some(byte) = bytes.get_mut(9) {
                *byte = if *byte < 128 { 6 } else { 17 };
            }
            Captured { time: 0, length: bytes.len(), bytes }
        }).collect();
        run(&pcap(&packets));
    }

    /// Files of any bytes do no harm.
    #[test]
    fn any_files_are_survived(bytes in vec(any::<u8>(), 0..300), is_ng: bool) {
        let section: &[u8] = b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x1c\0\0\0";
        let begin = if is_ng { section } else { b"\xd4\xc3\xb2\xa1\x02\0\x04\0" };
        run(&[begin, &bytes].concat());
    }
}
