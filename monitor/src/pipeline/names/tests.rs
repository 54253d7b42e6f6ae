use std::fmt::Write;

use proptest::prelude::*;

use super::*;

const CASES: &str = include_str!("cases.txt");

/// Title, message and what it says, of each case.
fn cases() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let mut cases = Vec::new();
    for block in CASES.split("\n\n").skip(1) {
        let (mut title, mut hex, mut expected) = ("", String::new(), "");
        for line in block.lines() {
            match line.split_at(2) {
                ("# ", rest) => title = rest,
                ("= ", rest) => expected = rest,
                _ => hex.push_str(line),
            }
        }
        let bytes = (0..hex.len()).step_by(2).map(|at| &hex[at..at + 2]);
        let bytes = bytes.map(|hex| u8::from_str_radix(hex, 16).expect("hexadecimal"));
        cases.push((title, bytes.collect(), expected));
    }
    cases
}

fn line_of(result: &Result<Answer, Ignored>) -> String {
    match result {
        Ok(Answer { name, addresses }) => {
            let mut line = name.to_string();
            for (address, lifetime) in addresses {
                let _ = write!(line, " {address}/{}", lifetime.as_secs());
            }
            line
        }
        Err(Ignored::NoAddress) => "- no address".into(),
        Err(Ignored::Malformed) => "- malformed".into(),
        Err(Ignored::InvalidName) => "- invalid name".into(),
    }
}

#[test]
fn answers_name_the_addresses_of_the_name_that_was_asked_for() {
    assert_eq!(cases().len(), 31);
    for (title, message, expected) in cases() {
        assert_eq!(line_of(&parse(&message)), expected, "{title}");
    }
}

/// A cut message names what came before the cut, and never anything else.
#[test]
fn every_prefix_says_less_and_never_something_else() {
    for (title, message, expected) in cases() {
        for length in 0..message.len() {
            let line = line_of(&parse(&message[..length]));
            assert!(
                line.starts_with('-') || expected.starts_with(&line),
                "{title} cut at {length}: {line}"
            );
        }
    }
}

#[test]
fn what_a_message_costs_is_bounded() {
    let question = b"\x01a\0\0\x01\0\x01".as_slice();
    let record = |owner: &[u8], kind: u8, content: &[u8]| {
        let length = [0, content.len() as u8];
        [owner, &[0, kind, 0, 1, 0, 0, 0, 9], &length, content].concat()
    };
    let message = |records: Vec<u8>| {
        [b"\0\0\x80\0\0\x01\xff\xff\0\0\0\0".as_slice(), question, &records].concat()
    };
    let addresses: Vec<u8> = (0..5000u32)
        .flat_map(|number| record(b"\xc0\x0c", 1, &(0x0b00_0000 + number).to_be_bytes()))
        .collect();
    let answer = parse(&message(addresses)).expect("an answer");
    assert_eq!(answer.addresses.len(), 64);
    // An address behind more records or more aliases than are looked at.
    let address = record(b"\xc0\x0c", 1, &[11, 0, 0, 1]);
    let hidden = [record(b"\xc0\x0c", 16, b"").repeat(256), address].concat();
    assert_eq!(parse(&message(hidden)), Err(Ignored::NoAddress));
    let name = |number: u8| [b"\x02b".as_slice(), &[b'A' + number, 0]].concat();
    let chain = |length: u8| {
        let mut records = record(b"\xc0\x0c", 5, &name(0));
        for number in 0..length {
            records.extend(record(&name(number), 5, &name(number + 1)));
        }
        records.extend(record(&name(length), 1, &[11, 0, 0, 1]));
        message(records)
    };
    assert!(parse(&chain(15)).is_ok());
    assert_eq!(parse(&chain(16)), Err(Ignored::NoAddress));
}

fn answer(name: &str, addresses: &[(&str, u64)]) -> Answer {
    let addresses = addresses.iter().map(|(address, seconds)| {
        (address.parse().expect("an address"), Duration::from_secs(*seconds))
    });
    Answer { name: name.into(), addresses: addresses.collect() }
}

fn second(number: u64) -> Timestamp {
    Timestamp(number * 1_000_000_000)
}

fn find(names: &Names, netns: u32, address: &str, at: u64) -> Option<String> {
    let address = address.parse().expect("an address");
    names.find(netns, address, second(at)).map(|name| name.to_string())
}

#[test]
fn a_name_holds_as_long_as_its_answer_within_bounds_and_a_minute_more() {
    for (seconds, until) in
        [(0, 120), (1, 120), (60, 120), (300, 360), (90_000, 86_460), (u64::MAX >> 40, 86_460)]
    {
        let mut names = Names::new();
        names.insert(1, &answer("a.example", &[("192.0.2.1", seconds)]), second(1000), 8);
        assert!(find(&names, 1, "192.0.2.1", 1000 + until).is_some(), "{seconds}");
        assert_eq!(find(&names, 1, "192.0.2.1", 1001 + until), None, "{seconds}");
    }
}

#[test]
fn the_latest_answer_wins_within_its_network_namespace() {
    let mut names = Names::new();
    names.insert(1, &answer("a.example", &[("192.0.2.1", 60), ("2001:db8::1", 60)]), second(0), 8);
    names.insert(2, &answer("b.example", &[("192.0.2.1", 60)]), second(1), 8);
    names.insert(1, &answer("c.example", &[("192.0.2.1", 60)]), second(2), 8);
    assert_eq!(find(&names, 1, "192.0.2.1", 3).as_deref(), Some("c.example"));
    assert_eq!(find(&names, 1, "2001:db8::1", 3).as_deref(), Some("a.example"));
    assert_eq!(find(&names, 2, "192.0.2.1", 3).as_deref(), Some("b.example"));
    assert_eq!(find(&names, 3, "192.0.2.1", 3), None);
    assert_eq!((names.len(), names.evicted()), (3, 0));
}

#[test]
fn the_longest_unanswered_makes_room_and_is_counted() {
    let mut names = Names::new();
    let insert = |names: &mut Names, number: u64, at: u64| {
        let address = format!("10.0.{}.{}", number / 250, number % 250);
        names.insert(1, &answer("a.example", &[(&address, 60)]), second(at), 4);
    };
    for number in 0..4 {
        insert(&mut names, number, number);
    }
    insert(&mut names, 0, 5); // answered again
    insert(&mut names, 4, 6);
    assert_eq!(find(&names, 1, "10.0.0.1", 6), None, "the oldest");
    assert!(find(&names, 1, "10.0.0.0", 6).is_some(), "not the one answered again");
    assert_eq!(names.evicted(), 1);
    for number in 5..9 {
        insert(&mut names, number, 10_000);
    }
    assert_eq!((names.len(), names.evicted()), (4, 1), "who had expired is not missed");
    for round in 0..1000 {
        insert(&mut names, 5 + round % 4, 10_000);
        assert!(names.order.len() <= 17, "{}", names.order.len());
    }
    names.insert(1, &answer("b.example", &[("192.0.2.1", 60)]), second(0), 0);
    assert_eq!(names.len(), 0, "a limit of nothing keeps nothing");
}

/// Messages that are changed in a few places, and bytes behind a header that is one.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let messages: Vec<Vec<u8>> = cases().into_iter().map(|(_, message, _)| message).collect();
    let changes = proptest::collection::vec((any::<usize>(), any::<u8>()), 0..8);
    let changed = (proptest::sample::select(messages), changes, 0..4usize).prop_map(
        |(mut message, changes, repeated)| {
            for (at, byte) in changes {
                let length = message.len();
                message[at % length] = byte;
            }
            let tail = message[12..].repeat(repeated);
            message.extend(tail);
            message
        },
    );
    let byte = prop_oneof![
        proptest::sample::select(vec![0u8, 1, 4, 5, 16, 28, 12, 63, 0xc0]),
        any::<u8>()
    ];
    let made = proptest::collection::vec(byte, 0..200).prop_map(|bytes| {
        [b"\0\0\x81\x80\0\x01\0\x20\0\0\0\0\x01a\0\0\x01\0\x01".as_slice(), &bytes].concat()
    });
    prop_oneof![changed, made]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_message_is_survived_and_names_are_host_names(message in hostile()) {
        if let Ok(answer) = parse(&message) {
            prop_assert!(host::is_host_name(&answer.name), "{}", answer.name.escape_debug());
            prop_assert!((1..=64).contains(&answer.addresses.len()));
        }
    }
}
