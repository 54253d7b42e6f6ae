use proptest::prelude::*;

use super::super::tests::{ledger, low, report, said, second, settings, time};
use super::*;
use crate::pipeline::finding::{Finding, Report, Sample};

/// What a ledger leaves that saw this at 10 s and twice more, the last time at 30 s.
fn left(report: &Report) -> Vec<u8> {
    let mut ledger = ledger(10);
    let handle = ledger.take(report, second(10));
    ledger.again(handle, second(20));
    ledger.again(handle, second(30));
    ledger.to_bytes(&settings(10))
}

/// A ledger that takes this up.
fn taken_up(bytes: &[u8], limit: u32, at: Moment) -> Ledger {
    let mut ledger = ledger(limit);
    ledger.load(bytes, &settings(limit), at).unwrap();
    ledger
}

/// So long after a start of the host at 95 s of the clock on the wall.
fn after_boot(seconds: u64) -> Moment {
    Moment { time: time(seconds), wall_offset: WallOffset(95_000_000_007) }
}

fn next(ledger: &mut Ledger) -> Finding {
    ledger.poll().expect("something is said")
}

const FIRST: WallTime = WallTime(10_000_000_007);
const LAST: WallTime = WallTime(30_000_000_007);

#[test]
fn times_of_an_earlier_run_are_those_of_then_also_after_a_reboot() {
    for (at, quiet) in [(second(40), 3630), (after_boot(5), 3600)] {
        let mut ledger = taken_up(&left(&low("it")), 10, at);
        let known = next(&mut ledger);
        assert_eq!((known.state, known.count), (State::Updated, 3));
        assert_eq!((known.first_seen, known.last_seen), (FIRST, LAST));
        assert_eq!(known.summary, "it was seen 3 times.");
        assert_eq!(ledger.next_deadline(), Some(time(quiet)));
        ledger.tick(Moment { time: time(quiet), ..at });
        let resolved = next(&mut ledger);
        assert_eq!((resolved.state, resolved.last_seen), (State::Resolved, LAST));
        assert_eq!(resolved.evidence.last().unwrap().1, "not seen for long");
    }
}

#[test]
fn what_was_quiet_for_too_long_meanwhile_is_resolved_at_once() {
    let mut ledger = taken_up(&left(&low("it")), 10, second(4000));
    ledger.tick(second(4000));
    let states: Vec<_> = said(&mut ledger).into_iter().map(|(_, state, _)| state).collect();
    assert_eq!(states, [State::Updated, State::Resolved]);
}

#[test]
fn what_is_seen_again_counts_on_and_is_described_anew() {
    for sample in [Sample::First, Sample::Latest] {
        let mut ledger = taken_up(&left(&low("it")), 10, after_boot(5));
        said(&mut ledger);
        ledger.take(&Report { sample, ..low("it") }, after_boot(10));
        ledger.tick(after_boot(65));
        let updated = next(&mut ledger);
        assert_eq!((updated.state, updated.count), (State::Updated, 4));
        assert_eq!(updated.summary, "it was seen 4 times.");
        assert_eq!((updated.first_seen, updated.last_seen), (FIRST, WallTime(105_000_000_007)));
    }
}

#[test]
fn only_a_graver_report_changes_how_grave_it_is() {
    let mut ledger = taken_up(&left(&report("it", Severity::Medium)), 10, second(40));
    said(&mut ledger);
    let changes = ledger.changes();
    ledger.take(&low("it"), second(50));
    ledger.tick(second(100));
    let updated = next(&mut ledger);
    assert_eq!((updated.severity, updated.count), (Severity::Medium, 4));
    assert_eq!(updated.summary, "it was seen 3 times.", "the graver example stays");
    assert_eq!(ledger.changes(), changes);
    ledger.take(&report("it", Severity::High), second(101));
    let risen = next(&mut ledger);
    assert_eq!((risen.severity, risen.count, risen.first_seen), (Severity::High, 5, FIRST));
    assert_eq!(ledger.changes(), changes + 1);
}

#[test]
fn a_clock_that_was_ahead_leaves_nothing_that_is_yet_to_be_seen() {
    let at = Moment { time: time(5), wall_offset: WallOffset(0) };
    let mut ledger = taken_up(&left(&low("it")), 10, at);
    let known = next(&mut ledger);
    assert_eq!((known.first_seen, known.last_seen), (at.wall(), at.wall()));
    assert_eq!(ledger.next_deadline(), Some(time(3605)));
}

#[test]
fn the_least_severe_make_room_where_limits_were_lowered() {
    let mut before = ledger(10);
    for (number, severity) in [Severity::Low, Severity::High, Severity::Medium].iter().enumerate() {
        before.take(&report(["a", "b", "c"][number], *severity), second(1));
    }
    let mut ledger = taken_up(&before.to_bytes(&settings(10)), 2, second(9));
    let open: Vec<_> = ledger.all().map(|it| it.subject).collect();
    assert_eq!((open, ledger.evicted()), (vec!["b".to_owned(), "c".to_owned()], 1));
    assert_eq!(ledger.wakes.len(), 2);
    assert_eq!(said(&mut ledger).len(), 4);
}

fn stored<'a>() -> Stored<'a> {
    Stored {
        kind: "unencrypted_payload".into(),
        key: "it".into(),
        severity: "low".into(),
        confidence: "high".into(),
        cadence: Cadence::Repeated,
        condition: Condition::Always,
        first_seen: 1,
        last_seen: 2,
        count: 3,
        said: Said {
            subject: "it".into(),
            summary: "It is.".into(),
            evidence: vec![("count".into(), "3".into())],
            remedy: "None.".into(),
        },
    }
}

#[test]
fn a_right_checksum_does_not_make_it_right() {
    let long = "x".repeat(MOST_KEY_BYTES + 1);
    let file =
        |entries: &[Stored<'_>]| FORM.seal(&entries.iter().flat_map(encoded).collect::<Vec<_>>());
    let other = || Stored { key: "other".into(), ..stored() };
    for (name, bytes, is_sound) in [
        ("nothing", file(&[]), true),
        ("one", file(&[stored()]), true),
        ("two", file(&[stored(), other()]), true),
        ("twice the same", file(&[stored(), stored()]), false),
        ("out of order", file(&[other(), stored()]), false),
        ("another kind", file(&[Stored { kind: "x".into(), ..stored() }]), false),
        ("another severity", file(&[Stored { severity: "".into(), ..stored() }]), false),
        ("another confidence", file(&[Stored { confidence: "x".into(), ..stored() }]), false),
        ("never seen", file(&[Stored { count: 0, ..stored() }]), false),
        ("a long key", file(&[Stored { key: long.as_str().into(), ..stored() }]), false),
        ("cut off", FORM.seal(&encoded(&stored())[..9]), false),
        ("more behind it", FORM.seal(&[&encoded(&stored())[..], b"x"].concat()), false),
    ] {
        let mut ledger = ledger(10);
        let loaded = ledger.load(&bytes, &settings(10), second(1));
        assert_eq!(loaded.err(), (!is_sound).then_some(StoredError::Malformed), "{name}");
        assert!(is_sound || (ledger.open(), ledger.poll()) == (0, None), "{name}");
    }
}

#[test]
fn nothing_that_was_stored_steers_a_terminal() {
    let mut entry = stored();
    entry.said.summary = "a\u{1b}[2J\u{202e}b".into();
    entry.said.evidence.push(("\u{7}".into(), "\n".into()));
    let mut ledger = taken_up(&FORM.seal(&encoded(&entry)), 10, second(1));
    let known = next(&mut ledger);
    assert_eq!(known.summary, "a\u{fffd}[2J\u{fffd}b");
    assert_eq!(known.evidence[1], ("\u{fffd}".into(), "\u{fffd}".to_owned()));
}

proptest! {
    #[test]
    fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut ledger = ledger(10);
        let _ = ledger.load(&body, &settings(10), second(1));
        let _ = ledger.load(&FORM.seal(&body), &settings(10), second(1));
    }
}
