use super::super::output::Progress;
use super::*;

const EVENTS: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const EVENT: &[u8] = b"8\r\ndata: x\n\r\n";

fn second(number: u64) -> Timestamp {
    Timestamp(number * 1_000_000_000)
}

fn tick(pipeline: &mut Pipeline, at: u64) {
    pipeline.handle_input(Input::Tick { time: second(at), wall_offset: WallOffset(0) });
}

/// Where exchanges stand, with the sizes of their bodies and how long they took.
fn lines(outputs: &[Output]) -> Vec<String> {
    let line = |it: &&Exchange| {
        let sent = it.request.as_ref().map_or(0, |it| it.body_bytes);
        let received = it.response.as_ref().map(|it| it.body_bytes);
        let seconds = it.duration.map(|it| it.as_secs());
        let whole = if it.is_complete() { "whole" } else { "part" };
        format!("{:?} {sent} {received:?} {seconds:?} {whole}", it.progress)
    };
    exchanges(outputs).iter().map(line).collect()
}

#[test]
fn server_sent_events_are_said_while_they_come_and_counted_once() {
    let mut pipeline = pipeline();
    open_both(&mut pipeline);
    let mut end = End::default();
    let mut said = Vec::new();
    let mut say = |pipeline: &mut Pipeline| said.extend(lines(&outputs(pipeline)));
    let mut record = |pipeline: &mut Pipeline, at, direction, bytes| {
        let record = Record { time: second(at), ..end.record(direction, bytes) };
        pipeline.handle_input(Input::Record(record));
    };
    tick(&mut pipeline, 1);
    assert!(pipeline.rounds.next_deadline().is_none(), "nothing waits");
    record(&mut pipeline, 2, Direction::Egress, REQUEST);
    assert!(pipeline.rounds.next_deadline().is_some(), "a request does");
    record(&mut pipeline, 3, Direction::Ingress, EVENTS);
    record(&mut pipeline, 4, Direction::Ingress, EVENT);
    for at in 5..=7 {
        tick(&mut pipeline, at);
        assert!(pipeline.next_deadline().is_some_and(|it| it > second(at)), "it does not spin");
    }
    say(&mut pipeline);
    tick(&mut pipeline, 8);
    say(&mut pipeline);
    record(&mut pipeline, 9, Direction::Ingress, EVENT);
    for at in [20, 67, 68, 69] {
        tick(&mut pipeline, at);
    }
    say(&mut pipeline);
    assert_eq!(pipeline.stats().exchanges, 1);
    assert_eq!(pipeline.stats().exchanges_incomplete, 0, "not known before its end");
    record(&mut pipeline, 102, Direction::Ingress, b"0\r\n\r\n");
    say(&mut pipeline);
    assert!(!pipeline.connections.get(pipeline.connections.slot_at(0)).expect("one").is_waiting);
    tick(&mut pipeline, 103);
    tick(&mut pipeline, 200);
    say(&mut pipeline);
    assert_eq!(
        said,
        [
            "Open 0 Some(8) None part",
            "StillOpen 0 Some(16) None part",
            "Closed 0 Some(16) Some(100) whole",
        ]
    );
    assert_eq!(pipeline.stats().exchanges, 1);
}

#[test]
fn long_polls_and_slow_uploads_are_said_too() {
    for (sent, expected) in [
        (REQUEST, "Open 0 None None part"),
        (
            b"POST /u HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc".as_slice(),
            "Open 3 None None part",
        ),
    ] {
        let mut pipeline = pipeline();
        open_both(&mut pipeline);
        let mut end = End::default();
        pipeline.handle_input(Input::Record(end.record(Direction::Egress, sent)));
        tick(&mut pipeline, 7);
        pipeline.handle_input(Input::Connection(end.destroyed(CLIENT_END)));
        let lines = lines(&outputs(&mut pipeline));
        assert_eq!(lines.first().map(String::as_str), Some(expected));
        assert!(lines.last().is_some_and(|last| last.starts_with("Closed")), "{lines:?}");
        assert_eq!((lines.len(), pipeline.stats().exchanges), (2, 1));
        tick(&mut pipeline, 8);
        assert!(pipeline.rounds.next_deadline().is_none(), "the connection is gone");
    }
}

/// Only the exchange that is being answered is said; those behind it end as ever.
#[test]
fn of_pipelined_requests_the_oldest_is_said() {
    let mut pipeline = pipeline();
    open_both(&mut pipeline);
    let mut end = End::default();
    for _ in 0..3 {
        pipeline.handle_input(Input::Record(end.record(Direction::Egress, REQUEST)));
    }
    tick(&mut pipeline, 9);
    for _ in 0..3 {
        pipeline.handle_input(Input::Record(end.record(Direction::Ingress, RESPONSE)));
    }
    let progress: Vec<_> =
        exchanges(&outputs(&mut pipeline)).iter().map(|it| it.progress).collect();
    use Progress::{Closed, Ended, Open};
    assert_eq!(progress, [Open, Closed, Ended, Ended]);
    assert_eq!(pipeline.stats().exchanges, 3);
}

/// Many connections: each is said within a round and no tick looks at all of them.
#[test]
fn every_waiting_connection_gets_its_turn() {
    let mut pipeline = pipeline();
    for number in 0..1000 {
        let cookie = Cookie(100 + number);
        let opened = event(ConnectionChange::Open, cookie, Role::Client);
        pipeline.handle_input(Input::Connection(opened));
        let record = Record { cookie, ..End::default().record(Direction::Egress, REQUEST) };
        pipeline.handle_input(Input::Record(record));
    }
    tick(&mut pipeline, 6);
    outputs(&mut pipeline);
    let mut pipeline_of = |ticks: std::ops::Range<u64>| {
        let mut most = 0;
        for at in ticks {
            tick(&mut pipeline, at);
            most = most.max(exchanges(&outputs(&mut pipeline)).len());
        }
        most
    };
    assert_eq!(pipeline_of(7..66), 0, "all were said at 6");
    let most = pipeline_of(66..73);
    assert!((1..=200).contains(&most), "{most}");
}

#[test]
fn a_websocket_is_followed_through_the_pipeline() {
    let mut pipeline = pipeline();
    open_both(&mut pipeline);
    let mut end = End::default();
    let upgrade = b"GET /ws HTTP/1.1\r\nHost: chat.example\r\nUpgrade: websocket\r\n\r\n";
    let switched = b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n\x81\x02hi";
    pipeline.handle_input(Input::Record(end.record(Direction::Egress, upgrade)));
    pipeline.handle_input(Input::Record(end.record(Direction::Ingress, switched)));
    tick(&mut pipeline, 100);
    pipeline.handle_input(Input::Connection(end.destroyed(CLIENT_END)));
    let outputs = outputs(&mut pipeline);
    let all = exchanges(&outputs);
    let progress: Vec<_> = all.iter().map(|it| it.progress).collect();
    assert_eq!(progress, [Progress::Open, Progress::StillOpen, Progress::Closed]);
    let messages = all.last().and_then(|it| it.websocket.as_ref()).map(|it| it.messages);
    assert_eq!(messages.map(|it| it.to_client), Some(1));
    assert_eq!(pipeline.stats().exchanges, 1);
    assert_eq!(pipeline.stats().exchanges_incomplete, 0);
}
