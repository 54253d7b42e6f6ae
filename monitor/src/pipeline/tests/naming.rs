use super::super::input::Datagram;
use super::super::output::{Name, NameSource};
use super::*;

const SERVER: [u8; 4] = [203, 0, 113, 7];

/// A response that names `api.example`.
fn answer() -> Vec<u8> {
    let head = b"\0\x01\x81\x80\0\x01\0\x01\0\0\0\0\x03API\x07example\0\0\x01\0\x01";
    [head.as_slice(), b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04", &SERVER].concat()
}

fn datagram(payload: &[u8], direction: Direction, local: u16, remote: u16) -> Datagram<'_> {
    Datagram {
        time: Timestamp(500),
        netns: 1,
        local: address(local),
        remote: address(remote),
        direction,
        pid: 10,
        payload,
    }
}

fn to_server(port: u16) -> ConnectionEvent {
    ConnectionEvent {
        remote: SocketAddress { address: IpAddr::from(SERVER), port },
        ..event(ConnectionChange::Open, CLIENT_END, Role::Client)
    }
}

/// The name of the server in what is said last of it.
fn name_of(outputs: &[Output]) -> Option<(String, NameSource)> {
    let ends = outputs.iter().rev().find_map(|output| match output {
        Output::Exchange(it) => Some(&it.ends),
        Output::Connection(it) => Some(&it.ends),
        _ => None,
    })?;
    assert_eq!(ends.client.name, None);
    ends.server.name.as_ref().map(|name| (name.text.to_string(), name.source))
}

fn exchange_with(pipeline: &mut Pipeline, end: &mut End, request: &[u8]) {
    pipeline.handle_input(Input::Record(end.record(Direction::Egress, request)));
    pipeline.handle_input(Input::Record(end.record(Direction::Ingress, RESPONSE)));
}

#[test]
fn an_answer_names_the_connections_after_it() {
    let answer = answer();
    let cases = [
        (Direction::Ingress, 40_000, 53, true),
        (Direction::Egress, 53, 40_000, true), // a resolver of this host answers
        (Direction::Ingress, 53, 40_000, false), // somebody sends a resolver an answer
        (Direction::Egress, 40_000, 53, false),
        (Direction::Ingress, 40_000, 5353, false),
    ];
    for (direction, local, remote, is_named) in cases {
        let mut pipeline = pipeline();
        pipeline.handle_input(Input::Datagram(datagram(&answer, direction, local, remote)));
        pipeline.handle_input(Input::Connection(to_server(443)));
        pipeline.finish();
        let expected = is_named.then(|| ("api.example".to_owned(), NameSource::Dns));
        assert_eq!(name_of(&outputs(&mut pipeline)), expected, "{direction:?} {local} {remote}");
        assert_eq!(pipeline.stats().dns_answers, u64::from(is_named));
    }
}

#[test]
fn other_namespaces_and_later_times_have_no_name() {
    let answer = answer();
    let day = Timestamp(25 * 3600 * 1_000_000_000);
    for (netns, time) in [(2, Timestamp(1_000)), (1, day)] {
        let mut pipeline = pipeline();
        let datagram = datagram(&answer, Direction::Ingress, 40_000, 53);
        pipeline.handle_input(Input::Datagram(datagram));
        pipeline.handle_input(Input::Connection(ConnectionEvent { netns, time, ..to_server(443) }));
        pipeline.finish();
        assert_eq!(name_of(&outputs(&mut pipeline)), None);
    }
}

#[test]
fn what_is_no_answer_is_ignored_and_damage_is_counted() {
    let mut pipeline = pipeline();
    let good = answer();
    let mut query = good.clone();
    query[2] = 1;
    let mut invalid = good.clone();
    invalid[13] = b' ';
    for payload in [b"".as_slice(), b"\0", &query, &invalid, &good] {
        let datagram = datagram(payload, Direction::Ingress, 40_000, 53);
        pipeline.handle_input(Input::Datagram(datagram));
    }
    let stats = pipeline.stats();
    assert_eq!((stats.dns_answers, stats.dns_ignored, stats.names_known), (1, 3, 1));
}

#[test]
fn an_answer_over_tcp_counts_too() {
    let mut pipeline = pipeline();
    pipeline.handle_input(Input::Connection(to_server(53)));
    let mut end = End::default();
    let answer = answer();
    let whole = [&(answer.len() as u16).to_be_bytes()[..], &answer].concat();
    let (first, second) = whole.split_at(20);
    for (direction, bytes) in [
        (Direction::Egress, b"\0\x11\0\x01\x01\0\0\x01\0\0\0\0\0\0\0\0\x01\0\x01".as_slice()),
        (Direction::Ingress, first),
        (Direction::Ingress, second),
    ] {
        pipeline.handle_input(Input::Record(end.record(direction, bytes)));
    }
    let later = ConnectionEvent { cookie: Cookie(9), ..to_server(443) };
    pipeline.handle_input(Input::Connection(later));
    pipeline.finish();
    let expected = Some(("api.example".to_owned(), NameSource::Dns));
    assert_eq!(name_of(&outputs(&mut pipeline)), expected);
    assert_eq!(pipeline.stats().buffered_bytes, 0);
}

/// (what the answer of DNS was, requests, name and source after them)
#[test]
fn an_authority_counts_more_and_the_first_is_kept() {
    type Case = (bool, &'static [&'static [u8]], Option<(&'static str, NameSource)>);
    let cases: [Case; 8] = [
        (
            true,
            &[b"GET / HTTP/1.1\r\nHost: Bank.Example:8080\r\n\r\n"],
            Some(("bank.example", NameSource::Host)),
        ),
        (
            false,
            &[b"GET / HTTP/1.1\r\nHost: bank.example.\r\n\r\n"],
            Some(("bank.example", NameSource::Host)),
        ),
        (
            true,
            &[b"GET / HTTP/1.1\r\nHost: 203.0.113.7\r\n\r\n"],
            Some(("api.example", NameSource::Dns)),
        ),
        (false, &[b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"], None),
        (
            false,
            &[
                b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: b.example\r\n\r\n",
            ],
            Some(("a.example", NameSource::Host)),
        ),
        (
            false,
            &[
                b"GET / HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: b.example\r\n\r\n",
            ],
            Some(("b.example", NameSource::Host)),
        ),
        (
            true,
            &[b"GET http://far.example/ HTTP/1.1\r\nHost: far.example\r\n\r\n"],
            Some(("api.example", NameSource::Dns)),
        ),
        (
            true,
            &[b"CONNECT far.example:443 HTTP/1.1\r\nHost: far.example:443\r\n\r\n"],
            Some(("api.example", NameSource::Dns)),
        ),
    ];
    let answer = answer();
    for (number, (has_answer, requests, expected)) in cases.into_iter().enumerate() {
        let mut pipeline = pipeline();
        if has_answer {
            let datagram = datagram(&answer, Direction::Ingress, 40_000, 53);
            pipeline.handle_input(Input::Datagram(datagram));
        }
        pipeline.handle_input(Input::Connection(to_server(80)));
        let mut end = End::default();
        for request in requests {
            exchange_with(&mut pipeline, &mut end, request);
        }
        let outputs = outputs(&mut pipeline);
        let expected = expected.map(|(name, source)| (name.to_owned(), source));
        assert_eq!(name_of(&outputs), expected, "case {number}");
        let [open] = reports(&outputs, ConnectionEventKind::Open)[..] else { panic!("one") };
        let opened = open.ends.server.name.as_ref().map(|name| name.text.to_string());
        let first = exchanges(&outputs)[0].ends.server.name.as_ref().map(|it| it.text.to_string());
        assert_eq!(opened, first, "the open says what its first exchange told");
    }
}

#[test]
fn a_name_is_only_ever_replaced_by_one_that_counts_more() {
    let mut connection = Connection::open(&to_server(443));
    let name = |text: &str, source| Name { text: text.into(), source };
    for (text, source, expected) in [
        ("a", NameSource::Dns, "a"),
        ("b", NameSource::Dns, "a"),
        ("c", NameSource::Sni, "c"),
        ("d", NameSource::Host, "c"),
        ("e", NameSource::Sni, "c"),
    ] {
        connection.set_name(name(text, source));
        let now = connection.ends().server.name.as_ref().map(|it| &*it.text);
        assert_eq!(now, Some(expected));
    }
}
