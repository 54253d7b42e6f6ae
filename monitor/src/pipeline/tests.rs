//! The pipeline as a whole: inputs as the capture gives them, outputs as lines.

use std::net::{IpAddr, Ipv4Addr};

use super::input::{Direction, LossReason, Role, SocketAddress, Source, Stage, UncapturedReason};
use super::output::{ConnectionReport, Exchange, Observed};
use super::process::{Process, ProcessKey, identity_label};
use super::settings::Limits;
use super::time::WallTime;
use super::*;

/// Steps of the clock on the wall.
mod clock;
/// Exchanges that go on for long.
mod lasting;
/// Names of servers.
mod naming;
/// Connections whose end was lost.
mod unended;

const CLIENT_END: Cookie = Cookie(1);
const SERVER_END: Cookie = Cookie(2);
const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn address(port: u16) -> SocketAddress {
    SocketAddress { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port }
}

fn event(change: ConnectionChange, cookie: Cookie, role: Role) -> ConnectionEvent {
    let (local, remote) = match role {
        Role::Client => (address(40_000), address(80)),
        Role::Server => (address(80), address(40_000)),
    };
    ConnectionEvent {
        change,
        time: Timestamp(1_000),
        cookie,
        peer: None,
        role: Some(role),
        silent: false,
        midstream: false,
        netns: 1,
        local,
        remote,
        sent: 0,
        received: 0,
        sequence: 0,
        write_sequence: Some(0),
        read_sequence: Some(0),
    }
}

fn process(pid: u32, comm: &str) -> Arc<Process> {
    Arc::new(Process {
        key: ProcessKey { pid, start: u64::from(pid) },
        start_time: WallTime(0),
        comm: comm.into(),
        exe: None,
        unit: None,
        container: None,
        uid: 0,
        user: None,
        identity: identity_label(None, None, None, comm),
    })
}

/// Bytes of one end, with the offsets and numbers that the kernel side would give.
#[derive(Default)]
struct End {
    sent: u32,
    received: u32,
    records: u32,
}

impl End {
    fn record<'a>(&mut self, direction: Direction, payload: &'a [u8]) -> Record<'a> {
        let counter = match direction {
            Direction::Egress => &mut self.sent,
            Direction::Ingress => &mut self.received,
        };
        let offset = *counter;
        *counter += payload.len() as u32;
        let sequence = self.records;
        self.records += 1;
        Record {
            cookie: CLIENT_END,
            direction,
            source: Source::Socket,
            time: Timestamp(2_000 + u64::from(sequence) * 10),
            offset: u64::from(offset),
            length: payload.len() as u32,
            tcp_sequence: Some(*counter),
            sequence,
            pid: 10,
            uncaptured: None,
            payload,
        }
    }

    fn destroyed(&self, cookie: Cookie) -> ConnectionEvent {
        ConnectionEvent {
            sent: u64::from(self.sent),
            received: u64::from(self.received),
            sequence: self.records,
            ..event(ConnectionChange::Destroy, cookie, Role::Client)
        }
    }
}

fn pipeline() -> Pipeline {
    Pipeline::new(Arc::default())
}

fn outputs(pipeline: &mut Pipeline) -> Vec<Output> {
    std::iter::from_fn(|| pipeline.poll_output()).collect()
}

fn exchanges(outputs: &[Output]) -> Vec<&Exchange> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Exchange(exchange) => Some(exchange),
            _ => None,
        })
        .collect()
}

fn reports(outputs: &[Output], event: ConnectionEventKind) -> Vec<&ConnectionReport> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Connection(report) if report.event == event => Some(report),
            _ => None,
        })
        .collect()
}

/// Opens both ends of a connection on this host, the server's silent.
fn open_both(pipeline: &mut Pipeline) {
    pipeline.handle_input(Input::Process(process(10, "curl")));
    pipeline.handle_input(Input::Owner {
        cookie: CLIENT_END,
        process: ProcessKey { pid: 10, start: 10 },
    });
    pipeline.handle_input(Input::Connection(event(
        ConnectionChange::Open,
        CLIENT_END,
        Role::Client,
    )));
    pipeline.handle_input(Input::Connection(ConnectionEvent {
        peer: Some(CLIENT_END),
        silent: true,
        ..event(ConnectionChange::Open, SERVER_END, Role::Server)
    }));
    pipeline.handle_input(Input::Process(process(20, "nginx")));
    pipeline.handle_input(Input::Owner {
        cookie: SERVER_END,
        process: ProcessKey { pid: 20, start: 20 },
    });
}

#[test]
fn two_local_ends_are_one_connection_and_one_exchange_with_both_processes() {
    let mut pipeline = pipeline();
    open_both(&mut pipeline);
    let mut end = End::default();
    pipeline.handle_input(Input::Record(end.record(Direction::Egress, REQUEST)));
    pipeline.handle_input(Input::Record(end.record(Direction::Ingress, RESPONSE)));
    pipeline.handle_input(Input::Connection(end.destroyed(CLIENT_END)));
    let outputs = outputs(&mut pipeline);
    let [exchange] = exchanges(&outputs)[..] else { panic!("{outputs:?}") };
    let comm = |end: &output::End| end.process.as_ref().map(|it| it.comm.to_string());
    assert_eq!(comm(&exchange.ends.client).as_deref(), Some("curl"));
    assert_eq!(comm(&exchange.ends.server).as_deref(), Some("nginx"));
    let [open] = reports(&outputs, ConnectionEventKind::Open)[..] else { panic!("{outputs:?}") };
    let [close] = reports(&outputs, ConnectionEventKind::Close)[..] else { panic!("{outputs:?}") };
    assert_eq!((open.observed, close.observed), (Observed::Both, Observed::Both));
    assert_eq!(close.bytes.to_server, REQUEST.len() as u64);
    assert_eq!(close.captured.to_client, RESPONSE.len() as u64);
    assert!(close.uncaptured.is_empty());
    assert_eq!(pipeline.stats().connections_tracked, 0);
}

#[test]
fn an_exchange_has_a_route_and_the_end_says_what_was_in_use() {
    let mut pipeline = pipeline();
    pipeline.handle_input(Input::Tick { time: Timestamp(1), wall_offset: WallOffset(0) });
    open_both(&mut pipeline);
    let mut end = End::default();
    let request = b"GET /users/42/orders?x=1 HTTP/1.1\r\nHost: h\r\n\r\n";
    for _ in 0..3 {
        pipeline.handle_input(Input::Record(end.record(Direction::Egress, request)));
        pipeline.handle_input(Input::Record(end.record(Direction::Ingress, RESPONSE)));
    }
    pipeline.finish();
    let outputs = outputs(&mut pipeline);
    let routes: Vec<_> = exchanges(&outputs).iter().map(|it| it.route.as_deref()).collect();
    assert_eq!(routes, [Some("/users/{number}/orders"); 3]);
    let [.., Output::Endpoint(endpoint), Output::Destination(destination)] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!((&*endpoint.service, endpoint.method), ("[nginx]", "GET"));
    assert_eq!((&*endpoint.route, endpoint.requests), ("/users/{number}/orders", 3));
    assert_eq!((&*destination.identity, destination.connections), ("[curl]", 1));
    assert_eq!(destination.bytes.to_server, 3 * request.len() as u64);
    assert_eq!(destination.bytes.to_client, 3 * RESPONSE.len() as u64);
    assert!(destination.in_clear);
    assert_eq!(pipeline.stats().inventory_evictions, 0);
}

#[test]
fn a_connection_that_moved_nothing_is_a_destination_too() {
    let mut pipeline = pipeline();
    open_both(&mut pipeline);
    pipeline.handle_input(Input::Connection(End::default().destroyed(CLIENT_END)));
    pipeline.finish();
    let outputs = outputs(&mut pipeline);
    let [.., Output::Destination(destination)] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!((destination.connections, destination.requests), (1, 0));
    assert!(!destination.in_clear);
}

#[test]
fn lost_records_are_told_to_the_byte_and_to_the_record() {
    let mut pipeline = pipeline();
    open_both(&mut pipeline);
    let mut end = End::default();
    pipeline.handle_input(Input::Record(end.record(Direction::Egress, REQUEST)));
    let _lost = end.record(Direction::Ingress, RESPONSE);
    pipeline.handle_input(Input::Record(end.record(Direction::Egress, REQUEST)));
    pipeline.handle_input(Input::Record(end.record(Direction::Ingress, RESPONSE)));
    let _lost_at_the_end = end.record(Direction::Egress, b"12345");
    pipeline.handle_input(Input::Connection(end.destroyed(CLIENT_END)));
    let outputs = outputs(&mut pipeline);
    let [close] = reports(&outputs, ConnectionEventKind::Close)[..] else { panic!("{outputs:?}") };
    assert_eq!(close.lost_records, 2);
    assert_eq!(close.uncaptured.get(&UncapturedReason::Lost), Some(&(RESPONSE.len() as u64 + 5)));
    let all = exchanges(&outputs);
    assert!(all.iter().any(|it| !it.is_complete()), "one is marked: {all:?}");
    assert!(all.iter().any(|it| it.is_complete()), "the next is whole: {all:?}");
    let stats = pipeline.stats();
    let uncaptured: u64 = stats.uncaptured_bytes.values().sum();
    assert_eq!(stats.moved_bytes, stats.captured_bytes + uncaptured);
}

#[test]
fn a_role_that_was_guessed_is_corrected_by_the_first_request() {
    let mut pipeline = pipeline();
    let mut found = event(ConnectionChange::Found, CLIENT_END, Role::Server);
    found.midstream = true;
    pipeline.handle_input(Input::Connection(found));
    let mut end = End::default();
    pipeline.handle_input(Input::Record(end.record(Direction::Egress, REQUEST)));
    pipeline.handle_input(Input::Record(end.record(Direction::Ingress, RESPONSE)));
    let outputs = outputs(&mut pipeline);
    let [exchange] = exchanges(&outputs)[..] else { panic!("{outputs:?}") };
    assert_eq!(exchange.ends.client.address.port, 80, "who sends the request is the client");
    assert_eq!(exchange.response.as_ref().and_then(|it| it.status), Some(200));
}

#[test]
fn a_full_table_evicts_and_counts() {
    let limits = Limits { connections: 8, ..Limits::default() };
    let mut pipeline = Pipeline::new(Arc::new(Settings { limits, ..Settings::default() }));
    for number in 0..100 {
        let cookie = Cookie(100 + number);
        pipeline.handle_input(Input::Connection(event(
            ConnectionChange::Open,
            cookie,
            Role::Client,
        )));
    }
    let stats = pipeline.stats();
    assert_eq!(stats.connections_tracked, 8);
    assert_eq!(stats.connections_evicted, 92);
    assert_eq!(stats.connections_opened, stats.connections_tracked + stats.connections_closed);
}

#[test]
fn bytes_of_a_connection_nobody_opened_are_counted() {
    let mut pipeline = pipeline();
    pipeline.handle_input(Input::Record(End::default().record(Direction::Egress, REQUEST)));
    let stats = pipeline.stats();
    assert_eq!(stats.moved_bytes, REQUEST.len() as u64);
    assert_eq!(stats.uncaptured_bytes.get(&UncapturedReason::Lost), Some(&(REQUEST.len() as u64)));
}

#[test]
fn an_open_without_traffic_is_reported_after_a_moment() {
    let mut pipeline = pipeline();
    pipeline.handle_input(Input::Connection(event(
        ConnectionChange::Open,
        CLIENT_END,
        Role::Client,
    )));
    assert!(outputs(&mut pipeline).is_empty());
    let deadline = pipeline.next_deadline().expect("it wants a tick");
    pipeline.handle_input(Input::Tick { time: deadline, wall_offset: WallOffset(0) });
    assert_eq!(reports(&outputs(&mut pipeline), ConnectionEventKind::Open).len(), 1);
    assert!(pipeline.next_deadline().is_none_or(|next| next > deadline), "the tick was taken");
}

#[test]
fn buffers_of_all_connections_together_are_bounded() {
    let limits = Limits { buffered_bytes: 100_000, ..Limits::default() };
    let mut pipeline = Pipeline::new(Arc::new(Settings { limits, ..Settings::default() }));
    let head = [b"GET / HTTP/1.1\r\nX: ".as_slice(), &[b'x'; 10_000]].concat();
    for number in 0..100 {
        let cookie = Cookie(100 + number);
        pipeline.handle_input(Input::Connection(event(
            ConnectionChange::Open,
            cookie,
            Role::Client,
        )));
        let record = Record { cookie, ..End::default().record(Direction::Egress, &head) };
        pipeline.handle_input(Input::Record(record));
        assert!(pipeline.stats().buffered_bytes <= 100_000 + 64 * 1024);
    }
    assert!(pipeline.stats().lost.contains_key(&(Stage::Pipeline, LossReason::TableFull)));
}

/// The same bytes in any chunks give the same outputs but for their times.
#[test]
fn chunking_does_not_matter() {
    let run = |size: usize| {
        let mut pipeline = pipeline();
        open_both(&mut pipeline);
        let mut end = End::default();
        for _ in 0..3 {
            for (direction, bytes) in [(Direction::Egress, REQUEST), (Direction::Ingress, RESPONSE)]
            {
                for chunk in bytes.chunks(size) {
                    let mut record = end.record(direction, chunk);
                    record.time = Timestamp(5_000);
                    pipeline.handle_input(Input::Record(record));
                }
            }
        }
        let mut destroyed = end.destroyed(CLIENT_END);
        destroyed.sequence = end.records;
        pipeline.handle_input(Input::Connection(destroyed));
        outputs(&mut pipeline)
            .into_iter()
            .filter(|output| !matches!(output, Output::Connection(it) if it.event == ConnectionEventKind::Open))
            .collect::<Vec<_>>()
    };
    let whole = run(usize::MAX);
    assert_eq!(exchanges(&whole).len(), 3);
    for size in 1..40 {
        assert_eq!(run(size), whole, "chunks of {size}");
    }
}

#[test]
fn a_conflict_marks_the_exchange_that_had_begun_and_the_connection() {
    let mut pipeline = pipeline();
    open_both(&mut pipeline);
    let mut end = End::default();
    let source = |record| Record { source: Source::Pcap, ..record };
    pipeline.handle_input(Input::Record(source(end.record(Direction::Egress, REQUEST))));
    let conflict = event(ConnectionChange::Conflict, CLIENT_END, Role::Client);
    pipeline
        .handle_input(Input::Connection(ConnectionEvent { time: Timestamp(2_005), ..conflict }));
    pipeline.handle_input(Input::Record(source(end.record(Direction::Ingress, RESPONSE))));
    pipeline.handle_input(Input::Record(source(end.record(Direction::Egress, REQUEST))));
    pipeline.handle_input(Input::Record(source(end.record(Direction::Ingress, RESPONSE))));
    pipeline.handle_input(Input::Connection(end.destroyed(CLIENT_END)));
    let outputs = outputs(&mut pipeline);
    let [marked, clean] = exchanges(&outputs)[..] else { panic!("{outputs:?}") };
    assert_eq!(marked.anomalies, [protocol::Anomaly::TcpOverlapConflict]);
    assert!(clean.anomalies.is_empty());
    assert_eq!((marked.source, clean.source), (Source::Pcap, Source::Pcap));
    let [close] = reports(&outputs, ConnectionEventKind::Close)[..] else { panic!("{outputs:?}") };
    assert_eq!(close.anomalies, [protocol::Anomaly::TcpOverlapConflict]);
}

/// A pipeline with a record of the first connection of 16, which holds the start of a head.
fn crowded() -> Pipeline {
    let mut pipeline = pipeline();
    for cookie in (1..=16).map(Cookie) {
        pipeline.handle_input(Input::Connection(event(
            ConnectionChange::Open,
            cookie,
            Role::Client,
        )));
    }
    let mut end = End::default();
    pipeline.handle_input(Input::Record(end.record(Direction::Egress, b"GET /long")));
    pipeline
}

#[test]
fn where_memory_is_short_buffers_and_idle_connections_are_given_up_and_counted() {
    let mut pipeline = crowded();
    assert!(pipeline.stats().buffered_bytes > 0);
    pipeline.handle_input(Input::MemoryShort);
    let stats = pipeline.stats();
    assert_eq!(stats.buffered_bytes, 0);
    assert_eq!((stats.connections_tracked, stats.connections_evicted), (14, 2));
    assert_eq!(stats.lost.get(&(Stage::Pipeline, LossReason::Evicted)), Some(&2));
    assert_eq!(stats.lost.get(&(Stage::Pipeline, LossReason::TableFull)), Some(&1));
}

/// Memory that a connection may take in an attack, beside what it takes when idle.
const MOST_MORE: u64 = 64 * 1024;

#[test]
fn a_large_body_many_requests_and_a_large_head_take_little_memory() {
    let body = vec![b'x'; 1 << 20];
    let mut pipelined = Vec::new();
    for _ in 0..10_000 {
        pipelined.extend_from_slice(REQUEST);
    }
    let head = [b"GET / HTTP/1.1\r\nX: ".as_slice(), &vec![b'y'; 1 << 20]].concat();
    let cases: [(&str, &[u8], &[u8], usize); 3] = [
        ("a body of 1 GiB", b"PUT / HTTP/1.1\r\nContent-Length: 1073741824\r\n\r\n", &body, 1024),
        ("10,000 pipelined requests", b"", &pipelined, 1),
        ("a head of 1 MiB", b"", &head, 1),
    ];
    for (name, first, part, times) in cases {
        let mut pipeline = pipeline();
        pipeline.handle_input(Input::Connection(event(
            ConnectionChange::Open,
            CLIENT_END,
            Role::Client,
        )));
        let mut end = End::default();
        pipeline.handle_input(Input::Record(end.record(Direction::Egress, first)));
        for _ in 0..times {
            for chunk in part.chunks(16 * 1024) {
                pipeline.handle_input(Input::Record(end.record(Direction::Egress, chunk)));
                let held = pipeline.stats().buffered_bytes;
                assert!(held <= MOST_MORE, "{name}: {held}");
            }
        }
        drop(outputs(&mut pipeline));
    }
}
