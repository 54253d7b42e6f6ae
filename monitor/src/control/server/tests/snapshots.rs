use super::*;
use crate::control::client::Client;
use crate::control::protocol::Subscription;

const WITH_SNAPSHOT: &str = "{\"verb\":\"subscribe\",\"topics\":[\"loss\"],\"snapshot\":true}\n";

impl Rig {
    /// What the capture loop does where a snapshot is wanted.
    fn give(&mut self, outputs: impl IntoIterator<Item = u64>) {
        assert!(self.sink.wants_snapshot());
        self.sink.snapshot(outputs.into_iter().map(numbered).collect());
    }
}

#[test]
fn a_snapshot_comes_before_what_is_new_and_replaces_what_is_old() {
    let mut rig = Rig::new();
    let mut client = rig.client(WITH_SNAPSHOT);
    rig.accept(&[numbered(1)]);
    assert!(client.received(&mut rig).is_empty());
    rig.give([0, 1]);
    rig.sink.accept(&[numbered(2)]);
    rig.settle();
    rig.accept(&[numbered(3)]);
    let records = client.received(&mut rig);
    assert_eq!(types(&records), ["loss", "loss", "snapshot_end", "loss", "loss"]);
    assert_eq!(numbers(&records), [0, 1, 2, 3]);
}

#[test]
fn topics_hold_for_the_snapshot_too() {
    let mut rig = Rig::new();
    let mut losses = rig.client(WITH_SNAPSHOT);
    let mut tls = rig
        .client("{\"verb\":\"subscribe\",\"topics\":[\"tls\",\"exchange\"],\"snapshot\":true}\n");
    rig.sink.snapshot(vec![numbered(1), exchange()]);
    rig.settle();
    assert_eq!(types(&losses.received(&mut rig)), ["loss", "snapshot_end"]);
    // It came after this one was asked for: outputs it wants may have been left out since.
    assert!(tls.received(&mut rig).is_empty());
    rig.pass(SECOND);
    rig.sink.snapshot(vec![numbered(1), exchange()]);
    rig.settle();
    assert_eq!(types(&tls.received(&mut rig)), ["exchange", "snapshot_end"]);
}

#[test]
fn snapshots_are_shared_and_at_most_one_a_second() {
    let mut rig = Rig::new();
    let mut first = rig.client(WITH_SNAPSHOT);
    rig.give([1]);
    rig.settle();
    let mut others = [rig.client(WITH_SNAPSHOT), rig.client(WITH_SNAPSHOT)];
    assert!(!rig.sink.wants_snapshot());
    assert_eq!(rig.server.timeout(rig.now), Some(SECOND));
    rig.pass(SECOND);
    rig.give([2]);
    rig.settle();
    assert_eq!(numbers(&first.received(&mut rig)), [1]);
    for client in &mut others {
        assert_eq!(numbers(&client.received(&mut rig)), [2]);
    }
    assert!(!rig.sink.wants_snapshot());
}

#[test]
fn a_large_snapshot_waits_for_its_reader_and_loses_nothing() {
    const LARGE: u64 = 30_000;
    let mut rig = Rig::new();
    let mut client = rig.client(WITH_SNAPSHOT);
    rig.give(0..LARGE);
    for new in LARGE..LARGE + 50 {
        rig.accept(&[numbered(new)]);
        let most = rig.server.sessions.iter().map(Session::queued_bytes).max().unwrap();
        assert!(most <= 128 * 1024, "{most} bytes");
    }
    while client.read(10_000) > 0 {
        rig.turn();
    }
    let records = client.received(&mut rig);
    assert_eq!(numbers(&records), (0..LARGE + 50).collect::<Vec<_>>());
    assert!(client.read.len() > 2 * QUEUE_BYTES);
    let end = records.iter().position(|record| record["type"] == "snapshot_end");
    assert_eq!(end, Some(LARGE as usize));
}

#[test]
fn who_reads_nothing_of_a_snapshot_does_not_keep_it() {
    let mut rig = Rig::new();
    let stuck: Vec<_> = (0..4)
        .map(|_| {
            let client = rig.client(WITH_SNAPSHOT);
            rig.give(0..10_000);
            rig.pass(SECOND);
            client
        })
        .collect();
    let mut next = rig.client(WITH_SNAPSHOT);
    rig.pass(SECOND);
    assert!(!rig.sink.wants_snapshot(), "too many are being read");
    assert!(rig.server.timeout(rig.now).is_some_and(|timeout| timeout > Duration::ZERO));
    rig.pass(SECOND * 6);
    assert_eq!(rig.server.sessions.len(), 4);
    rig.give([7]);
    rig.settle();
    assert_eq!(numbers(&next.received(&mut rig)), [7]);
    drop(stuck);
}

/// A capture loop in a thread of its own counts; clients come and go. All that a client
/// gets must be all that there ever was, once, in order.
#[test]
fn snapshots_and_what_follows_have_no_gap_and_no_double_while_outputs_come() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let (mut sink, feed, _handle) = channel(facts()).unwrap();
    let _server = serve(ControlSocket::bind(&path).unwrap(), feed).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut count = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                sink.accept(&[numbered(count), numbered(count + 1)]);
                count += 2;
                if sink.wants_snapshot() {
                    sink.snapshot((0..count).map(numbered).collect());
                }
                // As a loop that waits for records would.
                rustix::thread::sched_yield();
                if count > 1000 && count % 64 == 0 {
                    thread::park_timeout(Duration::from_millis(1));
                }
            }
        });
        let clients: Vec<_> = (0..3).map(|_| scope.spawn(|| follow(&path))).collect();
        for client in clients {
            let snapshot = client.join().unwrap();
            assert!(snapshot > 0);
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

/// Reads a snapshot and a thousand records after it; how many the snapshot had.
fn follow(path: &std::path::Path) -> u64 {
    let subscription =
        Subscription { topics: vec!["loss".into()], snapshot: true, ..Subscription::default() };
    let mut lines = Client::connect(path).unwrap().subscribe(&subscription).unwrap();
    let (mut expected, mut snapshot) = (0, None);
    while snapshot.is_none_or(|snapshot| expected < snapshot + 1000) {
        let line = lines.next().unwrap().expect("the server serves");
        let record: Value = serde_json::from_slice(&line).unwrap();
        match record["type"].as_str().unwrap() {
            "header" => {}
            "snapshot_end" => snapshot = Some(expected),
            "loss" => {
                assert_eq!(record["count"], expected);
                expected += 1;
            }
            // A slow test machine may drop, which is told: then there is nothing to compare.
            "dropped" => expected = snapshot.expect("after the snapshot") + 1000,
            other => panic!("{other}"),
        }
    }
    snapshot.unwrap()
}
