use super::*;
use crate::control::status::SaveOutcome;
use crate::pipeline::input::{Loss, LossReason, Stage};
use crate::pipeline::output::LossReport;
use crate::pipeline::time::{WallOffset, WallTime};
use crate::sink::sample;

pub(crate) fn facts() -> Facts {
    Facts {
        host: "host.example".into(),
        kernel: "6.18.0".into(),
        pid: 42,
        started: Timestamp(1),
        memory_limit_bytes: 256,
        memory_bytes: || 128,
    }
}

/// An output with a number of its own.
pub(crate) fn numbered(count: u64) -> Output {
    let time = Timestamp(0);
    let loss =
        Loss { stage: Stage::DataRing, reason: LossReason::RingFull, count, since: time, time };
    Output::Loss(LossReport { loss, since: WallTime(0), time: WallTime(0) })
}

fn exchange() -> Output {
    Output::Exchange(sample::exchange(sample::ends(None, None)))
}

fn wish(feed: &Feed, topics: &[RecordType]) {
    let topics = topics.iter().copied().collect();
    feed.wish(Wishes { topics, ..Wishes::default() });
}

fn events_of(feed: &Feed) -> Vec<Event> {
    std::iter::from_fn(|| feed.next()).collect()
}

#[test]
fn nothing_is_taken_that_nobody_wants() {
    let (mut sink, feed, _handle) = channel(facts()).unwrap();
    sink.accept(&[numbered(1), exchange()]);
    assert!(events_of(&feed).is_empty());
    assert!(!feed.shared.is_woken.load(Ordering::Acquire), "nobody is woken");
    wish(&feed, &[RecordType::Loss]);
    sink.accept(&[numbered(1), exchange(), numbered(2)]);
    let events = events_of(&feed);
    let [Event::Outputs(outputs)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(*outputs, [numbered(1), numbered(2)]);
    assert!(feed.shared.is_woken.load(Ordering::Acquire));
    wish(&feed, &[]);
    sink.accept(&[numbered(3)]);
    assert!(events_of(&feed).is_empty());
    assert_eq!(sink.dropped(), 0);
}

#[test]
fn what_has_no_room_is_counted_where_it_would_have_been() {
    let (mut sink, feed, _handle) = channel(facts()).unwrap();
    wish(&feed, &[RecordType::Loss, RecordType::Exchange]);
    let many: Vec<_> = (0..WAITING as u64 - 1).map(numbered).collect();
    sink.accept(&many);
    sink.accept(&[numbered(7), exchange(), numbered(8), exchange()]);
    sink.accept(&[numbered(9)]);
    sink.observe(&Stats::default(), &CaptureStatus::default());
    assert_eq!(sink.dropped(), 4);
    assert_eq!(feed.shared.waiting.load(Ordering::Acquire), WAITING);
    assert!(matches!(feed.next(), Some(Event::Outputs(outputs)) if outputs.len() == many.len()));
    sink.accept(&[numbered(10)]);
    let events = events_of(&feed);
    let [Event::Outputs(before), Event::Lost(lost), Event::Outputs(after)] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!((before.as_slice(), after.as_slice()), (&[numbered(7)][..], &[numbered(10)][..]));
    assert_eq!(lost[RecordType::Loss as usize], 2);
    assert_eq!(lost[RecordType::Exchange as usize], 2);
    assert_eq!(lost.iter().sum::<u64>(), sink.dropped());
}

#[test]
fn loss_is_told_though_nothing_follows() {
    let (mut sink, feed, _handle) = channel(facts()).unwrap();
    wish(&feed, &[RecordType::Loss]);
    sink.accept(&(0..=WAITING as u64).map(numbered).collect::<Vec<_>>());
    let _ = feed.next();
    sink.observe(&Stats::default(), &CaptureStatus::default());
    assert!(matches!(feed.next(), Some(Event::Lost(lost)) if lost.iter().sum::<u64>() == 1));
    assert!(feed.next().is_none());
}

#[test]
fn a_snapshot_is_asked_once_and_comes_in_order() {
    let (mut sink, feed, _handle) = channel(facts()).unwrap();
    wish(&feed, &[RecordType::Loss]);
    assert!(!sink.wants_snapshot());
    feed.ask_snapshot();
    assert!(sink.wants_snapshot());
    sink.accept(&[numbered(1)]);
    sink.snapshot(vec![numbered(0)]);
    assert!(!sink.wants_snapshot());
    sink.accept(&[numbered(2)]);
    let kinds: Vec<_> = events_of(&feed)
        .iter()
        .map(|event| match event {
            Event::Outputs(outputs) => format!("outputs {}", outputs.len()),
            Event::Snapshot(outputs) => format!("snapshot {}", outputs.len()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, ["outputs 1", "snapshot 1", "outputs 1"]);
}

#[test]
fn a_status_says_what_came_last() {
    let (mut sink, feed, handle) = channel(facts()).unwrap();
    assert!(!sink.wants_coverage());
    feed.wish(Wishes { status: true, ..Wishes::default() });
    assert!(sink.wants_coverage());
    for exchanges in 1..=3 {
        sink.observe(&Stats { exchanges, ..Stats::default() }, &CaptureStatus::default());
    }
    handle.report_dropped([("stdout", 4)].into_iter());
    let now = Moment { time: Timestamp(9), wall_offset: WallOffset(7) };
    handle.report_config(Some("/etc/a.toml".into()));
    let status = feed.status(now, 2);
    assert_eq!((status.stats.exchanges, status.clients), (3, 2));
    assert_eq!(
        (status.memory_bytes, status.time, status.started),
        (128, WallTime(16), WallTime(8))
    );
    assert_eq!(status.sinks, [("stdout".to_owned(), 4)]);
    assert_eq!((status.config.as_deref(), status.reload_succeeded), (Some("/etc/a.toml"), None));
    handle.report_reload(Err("bad".into()));
    let status = feed.status(now, 2);
    assert_eq!(
        (status.config.as_deref(), status.reload_succeeded),
        (Some("/etc/a.toml"), Some(false))
    );
    assert_eq!(status.state_save_succeeded, None);
    handle.report_save(SaveOutcome::Failed);
    handle.report_reload(Ok((None, Vec::new())));
    let status = feed.status(now, 2);
    assert_eq!(status.state_save_succeeded, Some(false));
    assert_eq!((status.config, status.reload_succeeded), (None, Some(true)));
    assert_eq!(feed.covered(), 0);
    sink.cover(&[]);
    assert_eq!(feed.covered(), 1);
}

#[test]
fn a_reload_answers_the_requests_before_it_and_no_other() {
    let (_sink, feed, mut handle) = channel(facts()).unwrap();
    assert!(!handle.take_reload());
    assert_eq!(feed.ask_reload(), 1);
    assert!(handle.take_reload());
    assert!(!handle.take_reload(), "it is taken once");
    assert_eq!(feed.ask_reload(), 2);
    handle.report_reload(Ok((None, Vec::new())));
    assert!(matches!(feed.next(), Some(Event::Reloaded { asked: 1, outcome: Ok(_) })));
    assert!(handle.take_reload());
    handle.report_reload(Err("bad".into()));
    assert!(matches!(feed.next(), Some(Event::Reloaded { asked: 2, outcome: Err(_) })));
}

#[test]
fn a_thread_that_is_gone_costs_nothing() {
    let (mut sink, feed, handle) = channel(facts()).unwrap();
    wish(&feed, &[RecordType::Loss]);
    drop(feed);
    sink.accept(&[numbered(1)]);
    sink.accept(&[numbered(2)]);
    handle.report_reload(Ok((None, Vec::new())));
    assert_eq!(sink.shared.topics.load(Ordering::Acquire), 0);
}
