use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use super::queue::QUEUE_BYTES;
use super::*;
use crate::capture::status::CaptureStatus;
use crate::control::sink::tests::{facts, numbered};
use crate::control::sink::{ControlHandle, ControlSink, channel};
use crate::pipeline::coverage::ProcessCoverage;
use crate::pipeline::stats::Stats;
use crate::pipeline::time::WallOffset;
use crate::sink::{Sink as _, sample};

/// Snapshots and what follows them.
mod snapshots;

const SECOND: Duration = Duration::from_secs(1);

/// A server that takes a turn when it is told to, at a time that the test sets.
struct Rig {
    server: Server,
    sink: ControlSink,
    handle: ControlHandle,
    now: Timestamp,
    path: PathBuf,
    _directory: TempDir,
}

impl Rig {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        let (sink, feed, handle) = channel(facts()).unwrap();
        let server = Server::new(ControlSocket::bind(&path).unwrap(), feed);
        let now = Timestamp(SECOND.as_nanos() as u64 * 1000);
        Self { server, sink, handle, now, path, _directory: directory }
    }

    fn turn(&mut self) {
        let ready = self.server.wait(Some(Duration::ZERO));
        self.server.step(&ready, self.now);
    }

    /// As many turns as it takes until nothing more happens.
    fn settle(&mut self) {
        (0..4).for_each(|_| self.turn());
    }

    fn pass(&mut self, after: Duration) {
        self.now = self.now.plus(after);
        self.settle();
    }

    fn client(&mut self, request: &str) -> TestClient {
        let mut stream = UnixStream::connect(&self.path).unwrap();
        stream.set_nonblocking(true).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        self.settle();
        TestClient { stream, read: Vec::new(), is_ended: false }
    }

    fn accept(&mut self, outputs: &[Output]) {
        self.sink.accept(outputs);
        self.turn();
    }
}

struct TestClient {
    stream: UnixStream,
    read: Vec<u8>,
    is_ended: bool,
}

impl TestClient {
    /// Reads what has come, at most so much.
    fn read(&mut self, bytes: usize) -> usize {
        use std::io::Read as _;
        let mut buffer = vec![0; bytes];
        let mut all = 0;
        while all < bytes {
            match self.stream.read(&mut buffer[all..]) {
                Ok(0) => {
                    self.is_ended = true;
                    break;
                }
                Ok(count) => all += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                    self.is_ended = true;
                    break;
                }
                Err(error) => panic!("{error}"),
            }
        }
        self.read.extend_from_slice(&buffer[..all]);
        all
    }

    /// Reads until nothing more comes.
    fn drain(&mut self, rig: &mut Rig) {
        while self.read(1 << 20) > 0 {
            rig.settle();
        }
    }

    fn records(&self) -> Vec<Value> {
        let text = std::str::from_utf8(&self.read).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'), "whole lines: {text}");
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Records after the header.
    fn received(&mut self, rig: &mut Rig) -> Vec<Value> {
        self.drain(rig);
        let mut records = self.records();
        assert_eq!(records.remove(0)["type"], "header");
        records
    }
}

/// The numbers of numbered records, in order.
fn numbers(records: &[Value]) -> Vec<u64> {
    let losses = records.iter().filter(|record| record["type"] == "loss");
    losses.map(|record| record["count"].as_u64().unwrap()).collect()
}

fn types(records: &[Value]) -> Vec<&str> {
    records.iter().map(|record| record["type"].as_str().unwrap()).collect()
}

/// Sum of what the notices say was dropped for a reason.
fn dropped(records: &[Value], reason: &str) -> u64 {
    let notices = records.iter().filter(|it| it["type"] == "dropped" && it["reason"] == reason);
    notices.map(|record| record["records"].as_u64().unwrap()).sum()
}

fn exchange() -> Output {
    Output::Exchange(sample::exchange(sample::ends(None, None)))
}

const LOSSES: &str = "{\"verb\":\"subscribe\",\"topics\":[\"loss\"]}\n";

#[test]
fn a_bad_request_is_answered_with_an_error_and_the_end() {
    for request in
        ["x\n", "{\"verb\":\"pause\"}\n", "{\"verb\":\"subscribe\",\"topics\":[\"x\"]}\n"]
    {
        let mut rig = Rig::new();
        let mut client = rig.client(request);
        let records = client.received(&mut rig);
        assert_eq!(types(&records), ["error"], "{request}");
        assert!(client.is_ended && rig.server.sessions.is_empty());
    }
}

#[test]
fn a_request_has_its_time_and_its_length() {
    let mut rig = Rig::new();
    let mut silent = rig.client("");
    let mut slow = rig.client("{\"verb\":");
    let mut long = rig.client(&"x".repeat(request::REQUEST_BYTES + 1000));
    (0..20).for_each(|_| rig.turn());
    let records = long.received(&mut rig);
    assert!(records[0]["message"].as_str().unwrap().contains("longer than 65536 bytes"));
    rig.pass(SECOND * 4);
    assert_eq!(rig.server.timeout(rig.now), Some(SECOND));
    assert_eq!(rig.server.sessions.len(), 2);
    rig.pass(SECOND);
    for client in [&mut silent, &mut slow] {
        let records = client.received(&mut rig);
        assert!(records[0]["message"].as_str().unwrap().contains("within 5 seconds"));
        assert!(client.is_ended);
    }
    assert!(rig.server.sessions.is_empty());
}

#[test]
fn a_client_that_hangs_up_is_forgotten_wherever_it_stands() {
    for request in ["", "{\"verb\":\"sub", LOSSES, "{\"verb\":\"reload\"}\n"] {
        let mut rig = Rig::new();
        let client = rig.client(request);
        assert_eq!(rig.server.sessions.len(), 1, "{request}");
        drop(client);
        rig.settle();
        assert!(rig.server.sessions.is_empty(), "{request}");
        assert_eq!(rig.server.timeout(rig.now), None, "nothing is to be done by itself");
        rig.accept(&[numbered(1)]);
        assert_eq!(rig.server.wishes, Wishes::default());
    }
}

#[test]
fn a_client_that_only_reads_is_served_also_without_an_end_of_line() {
    let mut rig = Rig::new();
    let mut client = rig.client(LOSSES.trim_end());
    assert!(rig.server.wishes.topics.is_empty());
    client.stream.shutdown(std::net::Shutdown::Write).unwrap();
    rig.settle();
    rig.accept(&[numbered(1)]);
    assert_eq!(numbers(&client.received(&mut rig)), [1]);
    assert!(!client.is_ended);
}

#[test]
fn what_comes_after_the_request_means_nothing() {
    let mut rig = Rig::new();
    let mut client = rig.client(&format!("{LOSSES}{}", "{\"verb\":\"reload\"}\n".repeat(10_000)));
    (0..100).for_each(|_| rig.turn());
    rig.accept(&[numbered(1)]);
    assert_eq!(numbers(&client.received(&mut rig)), [1]);
    assert!(!rig.handle.take_reload());
}

#[test]
fn one_client_too_many_is_told_so() {
    let mut rig = Rig::new();
    let mut clients: Vec<_> = (0..MAX_CLIENTS).map(|_| rig.client(LOSSES)).collect();
    let mut another = rig.client("");
    let records = another.received(&mut rig);
    assert!(records[0]["message"].as_str().unwrap().contains("32 clients"), "{records:?}");
    assert!(another.is_ended);
    rig.accept(&[numbered(1)]);
    for client in &mut clients {
        assert_eq!(numbers(&client.received(&mut rig)), [1]);
    }
    clients.pop();
    rig.settle();
    let mut next = rig.client(LOSSES);
    rig.accept(&[numbered(2)]);
    assert_eq!(numbers(&next.received(&mut rig)), [2]);
}

#[test]
fn each_client_gets_its_topics() {
    let mut rig = Rig::new();
    let mut losses = rig.client(LOSSES);
    let mut exchanges = rig.client("{\"verb\":\"subscribe\",\"topics\":[\"exchange\"]}\n");
    let mut all = rig.client("{\"verb\":\"subscribe\"}\n");
    rig.accept(&[numbered(1), exchange(), numbered(2)]);
    assert_eq!(types(&losses.received(&mut rig)), ["loss", "loss"]);
    assert_eq!(types(&exchanges.received(&mut rig)), ["exchange"]);
    assert_eq!(types(&all.received(&mut rig)), ["status", "loss", "exchange", "loss"]);
}

#[test]
fn a_client_that_does_not_read_costs_others_nothing_and_is_told_what_it_lost() {
    const TURNS: u64 = 400;
    const OUTPUTS: u64 = 100;
    let mut rig = Rig::new();
    let mut stuck = rig.client(LOSSES);
    let mut quick = rig.client(LOSSES);
    for turn in 0..TURNS {
        let outputs: Vec<_> = (turn * OUTPUTS..(turn + 1) * OUTPUTS).map(numbered).collect();
        rig.accept(&outputs);
        quick.drain(&mut rig);
        let most = rig.server.sessions.iter().map(Session::queued_bytes).max().unwrap();
        assert!(most <= QUEUE_BYTES, "{most} bytes");
    }
    let all: Vec<u64> = (0..TURNS * OUTPUTS).collect();
    let records = quick.received(&mut rig);
    assert_eq!(numbers(&records), all);
    assert_eq!(records.len(), all.len(), "no notice");

    stuck.drain(&mut rig);
    rig.pass(SECOND);
    let records = stuck.received(&mut rig);
    let got = numbers(&records);
    assert!(got.is_sorted() && got.len() < all.len());
    assert_eq!(got.len() as u64 + dropped(&records, "slow"), all.len() as u64);
    assert_eq!(types(&records).last(), Some(&"dropped"));
    rig.accept(&[numbered(7)]);
    assert_eq!(numbers(&stuck.received(&mut rig)).last(), Some(&7));
    assert_eq!(rig.sink.dropped(), 0, "the capture loop lost nothing");
}

#[test]
fn drops_are_told_at_most_each_second() {
    let mut rig = Rig::new();
    let mut client = rig.client("{\"verb\":\"subscribe\",\"topics\":[\"exchange\"],\"rate\":2}\n");
    for _ in 0..3 {
        rig.accept(&[exchange(), exchange(), exchange()]);
    }
    rig.settle();
    let told = |records: &[Value]| types(records).iter().filter(|it| **it == "dropped").count();
    let records = client.received(&mut rig);
    assert_eq!((told(&records), dropped(&records, "rate")), (1, 1));
    rig.pass(SECOND / 2);
    assert_eq!(told(&client.received(&mut rig)), 1);
    assert_eq!(rig.server.timeout(rig.now), Some(SECOND / 2));
    rig.pass(SECOND / 2);
    let records = client.received(&mut rig);
    assert_eq!((told(&records), dropped(&records, "rate")), (2, 7));
    rig.accept(&[exchange(), exchange(), exchange()]);
    rig.pass(SECOND);
    let records = client.received(&mut rig);
    let got = types(&records).iter().filter(|it| **it == "exchange").count();
    assert_eq!((got, dropped(&records, "rate")), (4, 8));
}

#[test]
fn what_the_channel_had_no_room_for_is_told_to_those_who_wanted_it() {
    let mut rig = Rig::new();
    let mut losses = rig.client(LOSSES);
    let mut exchanges = rig.client("{\"verb\":\"subscribe\",\"topics\":[\"exchange\"]}\n");
    let many: Vec<_> = (0..crate::control::sink::WAITING as u64 + 10).map(numbered).collect();
    rig.sink.accept(&many);
    rig.sink.observe(&Stats::default(), &CaptureStatus::default());
    rig.turn();
    rig.sink.observe(&Stats::default(), &CaptureStatus::default());
    losses.drain(&mut rig);
    rig.pass(SECOND);
    let records = losses.received(&mut rig);
    assert_eq!(numbers(&records).len() as u64 + dropped(&records, "slow"), many.len() as u64);
    assert!(exchanges.received(&mut rig).is_empty());
    assert_eq!(rig.sink.dropped(), 10);
}

#[test]
fn status_comes_at_once_and_each_second() {
    let mut rig = Rig::new();
    let mut client = rig.client("{\"verb\":\"subscribe\",\"topics\":[\"status\"]}\n");
    assert_eq!(types(&client.received(&mut rig)), ["status"]);
    assert!(rig.sink.wants_coverage());
    assert_eq!(rig.server.timeout(rig.now), Some(SECOND));
    rig.pass(SECOND / 2);
    assert_eq!(client.received(&mut rig).len(), 1);
    rig.sink.observe(&Stats { exchanges: 5, ..Stats::default() }, &CaptureStatus::default());
    rig.pass(SECOND / 2);
    assert_eq!(client.received(&mut rig).len(), 2);
    drop(client);
    rig.settle();
    assert!(!rig.sink.wants_coverage());
}

#[test]
fn a_status_is_a_line_that_clients_take_however_long_names_are() {
    let (sink, feed, _handle) = channel(facts()).unwrap();
    let mut sink = sink;
    let process = |number: u64| ProcessCoverage {
        identity: format!("{number}{}", "\u{1}".repeat(4000)).into(),
        connections: 1,
        open: 0,
        moved: number,
        captured: 0,
        uncaptured: std::collections::BTreeMap::new(),
    };
    sink.cover(&(0..1024).map(process).collect::<Vec<_>>());
    let moment = Moment { time: Timestamp(0), wall_offset: WallOffset(0) };
    let line = status_line(feed.status(moment, 1));
    assert!(line.len() <= LINE_BYTES);
    let line: Value = serde_json::from_slice(&line).unwrap();
    let processes = line["processes"].as_array().unwrap();
    assert_eq!((processes.len(), &processes[0]["moved"]), (32, &Value::from(1023)));
}

#[test]
fn a_single_status_waits_for_coverage_but_not_for_long() {
    let mut rig = Rig::new();
    let mut client = rig.client("{\"verb\":\"status\"}\n");
    assert!(client.received(&mut rig).is_empty());
    assert!(rig.sink.wants_coverage());
    rig.sink.cover(&[]);
    rig.settle();
    let records = client.received(&mut rig);
    assert_eq!(types(&records), ["status"]);
    assert_eq!((&records[0]["host"], client.is_ended), (&Value::from("host.example"), true));
    let mut client = rig.client("{\"verb\":\"status\"}\n");
    rig.pass(SECOND * 3);
    assert_eq!(types(&client.received(&mut rig)), ["status"]);
}

#[test]
fn a_reload_is_answered_when_it_is_done() {
    let mut rig = Rig::new();
    let mut first = rig.client("{\"verb\":\"reload\"}\n");
    assert!(rig.handle.take_reload());
    let mut second = rig.client("{\"verb\":\"reload\"}\n");
    assert!(first.received(&mut rig).is_empty());
    rig.handle.report_reload(Ok((None, Vec::new())));
    rig.settle();
    assert_eq!(types(&first.received(&mut rig)), ["done"]);
    assert!(first.is_ended);
    assert!(second.received(&mut rig).is_empty(), "it asked after the reading had begun");
    assert!(rig.handle.take_reload());
    rig.handle.report_reload(Err("error: line 3\n  here".into()));
    rig.settle();
    let records = second.received(&mut rig);
    assert_eq!(records[0]["message"], "error: line 3\n  here");
}

#[test]
fn an_ending_server_gives_its_clients_what_is_queued() {
    let mut rig = Rig::new();
    let mut client = rig.client(LOSSES);
    rig.sink.accept(&[numbered(1), numbered(2)]);
    let Rig { server, path, _directory, .. } = rig;
    server.finish();
    assert!(!path.exists());
    client.read(1 << 20);
    let records = client.records();
    assert_eq!((types(&records), client.is_ended), (vec!["header", "loss", "loss"], true));
}

#[test]
fn a_server_in_its_thread_serves_and_ends() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let (sink, feed, _handle) = channel(facts()).unwrap();
    let server = serve(ControlSocket::bind(&path).unwrap(), feed).unwrap();
    let mut sink = sink;
    let client = crate::control::client::Client::connect(&path).unwrap();
    let asking = thread::spawn(move || client.status());
    while !asking.is_finished() {
        if sink.wants_coverage() {
            sink.cover(&[]);
        }
        thread::yield_now();
    }
    assert!(asking.join().unwrap().unwrap().contains("\"type\":\"status\""));
    drop(server);
    assert!(!path.exists());
}

#[test]
fn each_client_has_its_filter() {
    let mut rig = Rig::new();
    let posts = "{\"verb\":\"subscribe\",\"topics\":[\"exchange\"],\"filter\":\"method:POST\"}\n";
    let mut posts = rig.client(posts);
    let mut others = rig.client("{\"verb\":\"subscribe\",\"filter\":\"-method:POST type:loss\"}\n");
    rig.accept(&[exchange(), numbered(1), exchange()]);
    assert_eq!(types(&posts.received(&mut rig)), ["exchange", "exchange"]);
    assert_eq!(types(&others.received(&mut rig)), ["status", "loss"]);
}
