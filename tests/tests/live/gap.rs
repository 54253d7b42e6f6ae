use std::path::Path;
use std::process::Command;

use apiwatch_tests::apiwatch::Daemon;
use apiwatch_tests::{PATIENCE, Running, output_of, wait_for};
use serde_json::Value;

/// What a daemon that is killed may leave unsaid of its watch: the time between two marks,
/// and what a turn of its loop and its disk take.
const UNSAID: &str = "6 seconds ago";

/// A time in the form of records, so that the order of texts is that of times.
fn at(when: &str) -> String {
    output_of(Command::new("date").args(["-u", "-d", when, "+%FT%T.%NZ"])).trim().to_owned()
}

fn start(state: &Path) -> Daemon {
    Daemon::start_with_state("a", "finding,coverage_gap", "", state)
}

/// The one that the daemon says.
fn gap_of(daemon: &Daemon) -> Value {
    let gaps = daemon.wait_for_records("coverage_gap", 1, |_| true);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    gaps.into_iter().next().expect("one")
}

fn assert_between(member: &Value, earliest: &str, latest: &str) {
    let time = member.as_str().expect("a time");
    assert!(earliest <= time && time <= latest, "{time} is not from {earliest} to {latest}");
}

#[test]
fn the_time_between_two_daemons_is_told_on_every_channel() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let state = directory.path().join("state");
    let first = start(&state);
    let status: Value = status_of(&first);
    assert!(status.get("coverage_gap").is_none(), "{status}");
    assert!(!first.scrape().contains("apiwatch_coverage_gap"), "nobody watched before");

    let stop = at("now");
    let lines = first.stop();
    let stopped = at("now");
    assert!(!lines.iter().any(|it| it.contains("coverage_gap")), "{lines:?}");
    let begin = at("now");
    let second = start(&state);
    let begun = at("now");

    let gap = gap_of(&second);
    assert_between(&gap["since"], &stop, &stopped);
    assert_between(&gap["time"], &begin, &begun);
    assert_eq!(gap["cause"], "restart");
    assert!(gap["duration"].as_f64().is_some_and(|it| it > 0.0), "{gap}");

    let mut said = status_of(&second)["coverage_gap"].take();
    said["type"] = "coverage_gap".into();
    assert_eq!(said, gap, "the status says the same");
    let text = output_of(&mut second.command("status"));
    assert!(text.contains("\nnot watched   "), "{text}");
    assert!(text.contains("health        healthy\n"), "{text}");
    let length = format!("apiwatch_coverage_gap_seconds{{cause=\"restart\"}} {}", gap["duration"]);
    assert!(second.scrape().contains(&length), "{length}: {}", second.scrape());
    let errors = second.errors();
    let logged = errors.iter().filter(|it| it.contains("Nobody watched this host until now"));
    assert_eq!(logged.count(), 1, "{errors:?}");
    assert_eq!(snapshot_of(&second), [gap], "who comes late is told");
    let lines = second.stop();
    assert_eq!(lines.iter().filter(|it| it.contains("coverage_gap")).count(), 1, "{lines:?}");
}

#[test]
fn after_a_kill_the_gap_begins_at_most_seconds_too_early() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let state = directory.path().join("state");
    let mut daemon = start(&state);
    let mark = || std::fs::read(state.join("watched")).ok();
    let first = wait_for("the first mark", PATIENCE, mark);
    wait_for("another mark", PATIENCE, || mark().filter(|it| *it != first));
    let (earliest, kill) = (at(UNSAID), at("now"));
    daemon.kill();
    let killed = at("now");
    daemon.start_again();
    let gap = gap_of(&daemon);
    assert_between(&gap["since"], &earliest, &kill);
    assert_between(&gap["time"], &killed, &at("now"));
    assert_eq!(gap["cause"], "restart");
}

fn status_of(daemon: &Daemon) -> Value {
    serde_json::from_str(&output_of(daemon.command("status").arg("--json"))).expect("JSON")
}

/// The gaps that a client is told which comes now.
fn snapshot_of(daemon: &Daemon) -> Vec<Value> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let mut tail = daemon.command("tail");
    tail.args(["--snapshot", "--type", "coverage_gap"]);
    let output = file.reopen().expect("the file");
    let _tail = Running::start(tail.stdout(output));
    let records = || -> Vec<Value> {
        let text = std::fs::read_to_string(file.path()).expect("read");
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let records = wait_for("a whole snapshot", PATIENCE, || {
        Some(records()).filter(|it| it.iter().any(|it| it["type"] == "snapshot_end"))
    });
    records.into_iter().filter(|it| it["type"] == "coverage_gap").collect()
}
