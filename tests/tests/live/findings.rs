use std::path::Path;
use std::process::Command;

use apiwatch_tests::apiwatch::{Daemon, metric_of};
use apiwatch_tests::server::Nginx;
use apiwatch_tests::{PATIENCE, output_of, wait_for};
use serde_json::Value;

const KIND: &str = "unencrypted_payload";

fn start(state: &Path, config: &str) -> Daemon {
    Daemon::start_with_state("a", "finding", config, state)
}

fn is_of_curl(finding: &Value) -> bool {
    finding["kind"] == KIND && finding["subject"].as_str().is_some_and(|it| it.contains("bin/curl"))
}

/// The first that it says of clear text of curl.
fn said(daemon: &Daemon) -> Value {
    daemon.wait_for_records("finding", 1, is_of_curl).remove(0)
}

/// What a finding is, whatever the moment in which it is said.
fn essence(finding: &Value) -> [&Value; 7] {
    ["id", "severity", "first_seen", "count", "subject", "evidence", "remedy"]
        .map(|member| &finding[member])
}

fn open(daemon: &Daemon) -> u64 {
    daemon.metric("apiwatch_findings_open", KIND)
}

#[test]
fn a_finding_outlives_the_daemon_with_its_history() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let state = directory.path().join("state");
    let nginx = Nginx::start();
    let curl = || {
        let mut curl = Command::new("curl");
        let _ = output_of(
            curl.args(["-s", "-H", "Authorization: Bearer t0k3n"]).arg(nginx.url("/kept")),
        );
    };

    let first = start(&state, "");
    curl();
    let found = said(&first);
    assert_eq!(found["state"], "open");
    let before = wait_for("the metric", PATIENCE, || Some(open(&first)).filter(|it| *it > 0));
    let _ = first.stop();

    let second = start(&state, "[findings]\nupdate_interval = \"1s\"\n");
    let known = said(&second);
    assert_eq!(known["state"], "updated");
    assert_eq!(essence(&known), essence(&found));
    let first = |name| metric_of(second.first_scrape(), name, KIND);
    assert_eq!(first("apiwatch_findings_open"), before, "no alert on them resolves");
    assert_eq!(first("apiwatch_findings_total"), 0, "none is new");
    curl();
    let again = second.wait_for_records("finding", 2, is_of_curl).remove(1);
    assert_eq!((&again["id"], &again["first_seen"]), (&found["id"], &found["first_seen"]));
    assert_eq!(again["count"].as_u64(), found["count"].as_u64().map(|count| count + 1));
    let lines = second.stop();
    assert!(!lines.iter().any(|it| it.contains(r#""state":"open""#) && it.contains("bin/curl")));
    let kept = std::fs::read(state.join("findings")).expect("it is saved");
    let has = |word: &[u8]| kept.windows(word.len()).any(|it| it == word);
    assert!(has(b"bin/curl") && !has(b"t0k3n"), "no secret is kept");
}

#[test]
fn damaged_state_is_named_and_the_watch_goes_on() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let state = directory.path().join("state");
    std::fs::create_dir(&state).expect("a directory");
    for file in ["baseline", "findings"] {
        std::fs::write(state.join(file), "\u{1b}[2J and more").expect("written");
    }
    let mut daemon = start(&state, "");
    let errors = daemon.errors();
    for (file, lost) in [("baseline", "learning starts anew"), ("findings", "open anew")] {
        let path = state.join(file).display().to_string();
        let is_named = |it: &&String| it.contains(&path) && it.contains(lost);
        assert_eq!(errors.iter().filter(is_named).count(), 1, "{file}: {errors:?}");
    }
    assert!(!errors.iter().any(|it| it.contains("\u{1b}[2J")), "{errors:?}");
    let text = output_of(&mut daemon.command("status"));
    assert!(text.contains("health        healthy\n"), "{text}");
    // What was damaged is replaced by what this one knows.
    daemon.restart();
    let errors = daemon.errors();
    assert!(!errors.iter().any(|it| it.contains("anew")), "{errors:?}");
}
