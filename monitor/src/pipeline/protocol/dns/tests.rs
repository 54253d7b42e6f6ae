use super::super::{Session, classify};
use super::*;
use crate::pipeline::time::Timestamp;

/// A response that names `name` with 203.0.113.`last`, its length in front.
fn message(name: &str, last: u8) -> Vec<u8> {
    let mut message = b"\0\x01\x81\x80\0\x01\0\x01\0\0\0\0".to_vec();
    for label in name.split('.') {
        message.push(label.len() as u8);
        message.extend(label.bytes());
    }
    message.extend(b"\0\0\x01\0\x01\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xcb\0\x71");
    message.push(last);
    [(message.len() as u16).to_be_bytes().to_vec(), message].concat()
}

fn conversation() -> Vec<u8> {
    let odd = [b"\0\0\x80\0\0\x01\0\x01".as_slice(), &[0xff; 592]].concat();
    let long = [&600u16.to_be_bytes()[..], &odd].concat();
    [message("a.example", 1), vec![0, 0], message("b.example", 2), long, message("c.example", 3)]
        .concat()
}

fn limits(stream_bytes: u32) -> Limits {
    Limits { stream_bytes, ..Limits::default() }
}

fn said(dns: &mut Dns) -> Vec<String> {
    std::iter::from_fn(|| dns.poll())
        .map(|answer| answer.map_or_else(|why| format!("{why:?}"), |it| it.name.to_string()))
        .collect()
}

fn said_of(parts: &[Delivery<'_>], most: u32) -> Vec<String> {
    let mut dns = Dns::default();
    let mut said_so_far = Vec::new();
    for part in parts {
        dns.feed(&limits(most), Way::ToClient, *part);
        assert!(dns.buffered() <= 2 * most as usize);
        said_so_far.extend(said(&mut dns));
    }
    said_so_far
}

#[test]
fn messages_come_out_at_every_split() {
    let bytes = conversation();
    let expected = ["a.example", "Malformed", "b.example", "Malformed", "c.example"];
    assert_eq!(said_of(&[Delivery::Bytes(&bytes)], 65_536), expected);
    let single: Vec<_> = bytes.chunks(1).map(Delivery::Bytes).collect();
    assert_eq!(said_of(&single, 65_536), expected);
    for at in 1..bytes.len() {
        let (first, second) = bytes.split_at(at);
        let parts = [Delivery::Bytes(first), Delivery::Bytes(second)];
        assert_eq!(said_of(&parts, 65_536), expected, "split at {at}");
        said_of(&[Delivery::Bytes(first), Delivery::End], 65_536);
    }
}

#[test]
fn a_message_longer_than_what_is_kept_is_passed_over() {
    let bytes = conversation();
    let single: Vec<_> = bytes.chunks(1).map(Delivery::Bytes).collect();
    let expected = ["a.example", "Malformed", "b.example", "c.example"];
    assert_eq!(said_of(&single, 100), expected);
    assert_eq!(said_of(&[Delivery::Bytes(&bytes)], 100), expected);
}

#[test]
fn a_gap_within_a_message_costs_that_message_and_another_the_connection() {
    let bytes =
        [message("a.example", 1), message("b.example", 2), message("c.example", 3)].concat();
    let length = message("a.example", 1).len();
    for from in 0..bytes.len() {
        for missing in [1, 5, length] {
            let Some(after) = bytes.get(from + missing..) else { continue };
            let gap = Delivery::Gap(missing as u64);
            let parts = [Delivery::Bytes(&bytes[..from]), gap, Delivery::Bytes(after)];
            let within = (from % length >= 2) && (from % length + missing <= length);
            let all = ["a.example", "b.example", "c.example"];
            let expected: Vec<&str> = (0..3)
                .filter(|index| {
                    let whole_before = (index + 1) * length <= from;
                    whole_before || (within && *index != from / length)
                })
                .map(|index| all[index])
                .collect();
            assert_eq!(said_of(&parts, 65_536), expected, "{missing} at {from}");
        }
    }
    let told = [Delivery::Gap(0), Delivery::Bytes(&bytes)];
    assert_eq!(said_of(&told, 65_536).len(), 3, "how many follows before any bytes do");
}

#[test]
fn only_what_servers_say_on_their_port_counts() {
    let run = |expects: bool, way: Way| {
        let mut session = Session::new(false);
        if expects {
            session.expect_dns();
        }
        let query = b"\0\x11\0\x01\x01\0\0\x01\0\0\0\0\0\0\0\0\x01\0\x01";
        let answer = message("a.example", 1);
        let mut none = Vec::new();
        for (way, bytes) in [(!way, query.as_slice()), (way, &answer)] {
            let delivery = Delivery::Bytes(bytes);
            session.feed(&Limits::default(), way, delivery, Timestamp(1), &mut none);
        }
        assert!(none.is_empty());
        session.poll_answer().is_some()
    };
    assert!(run(true, Way::ToClient));
    assert!(!run(true, Way::ToServer));
    assert!(!run(false, Way::ToClient));
    assert_eq!(classify(&message("a.example", 1)), super::super::Classification::Unknown);
}
