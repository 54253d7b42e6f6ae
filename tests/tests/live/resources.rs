use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;

use apiwatch_tests::apiwatch::Daemon;
use apiwatch_tests::server::{Nginx, python};
use apiwatch_tests::tmpfs::Tmpfs;
use apiwatch_tests::{PATIENCE, output_of, wait_for};
use serde_json::Value;

const PRINTED: &str = "exchange,finding";

/// A window, and what is said of a finding, each second.
const QUICK: &str = "[volume]\nwindow = \"1s\"\n[findings]\nupdate_interval = \"1s\"\n";

/// How a disk denies to be written to, and how it is mended.
struct Denial {
    name: &'static str,
    inflict: fn(&Tmpfs),
    mend: fn(&Tmpfs),
}

/// The files of the state.
const STATE: [&str; 3] = ["baseline", "findings", "watched"];
/// Those with what was learned.
const LEARNED: [&str; 2] = ["baseline", "findings"];

const DENIALS: [Denial; 2] = [
    Denial { name: "full", inflict: Tmpfs::fill, mend: Tmpfs::empty },
    Denial { name: "read-only", inflict: Tmpfs::forbid_writing, mend: Tmpfs::allow_writing },
];

#[test]
fn a_disk_that_takes_nothing_costs_no_detection_and_nothing_learned() {
    for Denial { name, inflict, mend } in DENIALS {
        let nginx = Nginx::start();
        let disk = Tmpfs::mount();
        let state = disk.path().join("state");
        let saved = || LEARNED.map(|name| std::fs::read(state.join(name)).expect("it is saved"));
        let run = || {
            let daemon = Daemon::start_with_state("a", PRINTED, QUICK, &state);
            assert_detects(&daemon, &nginx, "/account");
            learn(&daemon, &nginx);
            daemon.stop_telling_errors()
        };
        let is_told = |errors: &[String]| {
            errors.iter().any(|it| it.contains("What was learned cannot be saved"))
        };
        assert!(!is_told(&run()), "{name}: all is well at first");
        let before = saved();
        for file in &before {
            assert!(file.windows(4).any(|it| it == b"curl"), "{name}: something was learned");
        }

        inflict(&disk);
        let errors = run();
        assert!(is_told(&errors), "{name}: {errors:?}");
        assert_eq!(saved(), before, "{name}: what was learned before stays whole");
        assert_eq!(names_in(&state), STATE, "{name}: a save that fails leaves nothing");

        mend(&disk);
        let errors = run();
        assert_ne!(saved(), before, "{name}: more was learned");
        assert!(errors.iter().all(|it| !it.contains("WARN")), "{name}: {errors:?}");
        assert_eq!(names_in(&state), STATE, "{name}: nothing half-written stays");
    }
}

#[test]
fn without_descriptors_traffic_is_still_seen_and_metrics_come_back() {
    let nginx = Nginx::start();
    let daemon = Daemon::start_with("a", PRINTED, "");
    // Below all that it has open, so that there is none left whatever it closes.
    limit_files(&daemon, "3:");
    for path in ["/one", "/two", "/three"] {
        assert_detects(&daemon, &nginx, path);
    }
    limit_files(&daemon, "1024:");
    wait_for("the counts of what was seen meanwhile", PATIENCE, || {
        (daemon.metric("apiwatch_http_exchanges_total", "") >= 3).then_some(())
    });
    let status = daemon.command("status").output().expect("status runs");
    assert_eq!(status.status.code(), Some(0), "{status:?}");
}

/// Holds requests whose heads never end, which are kept until they do; a line says that
/// all are there.
const HALF_HEADS: &str = "import socket,sys\n\
    count = int(sys.argv[1])\n\
    server = socket.create_server(('127.0.0.1', 0), backlog=count)\n\
    held = []\n\
    for n in range(count):\n\
    \x20   s = socket.create_connection(server.getsockname())\n\
    \x20   s.sendall(b'GET / HTTP/1.1\\r\\nX: ' + b'x' * 60000)\n\
    \x20   held.append(s)\n\
    print('held', flush=True)\n\
    sys.stdin.readline()\n";

/// The cap is below what buffers may hold together with all else.
const NARROW: &str =
    "[capture]\nring_bytes = \"1MiB\"\n[limits]\nmemory = \"16MiB\"\nbuffered_bytes = \"15MiB\"\n";
const CAP_KIB: u64 = 16 * 1024;

#[test]
fn above_the_cap_on_memory_buffers_are_given_up_and_traffic_is_still_seen() {
    let nginx = Nginx::start();
    let daemon = Daemon::start_with("a", PRINTED, NARROW);
    let mut holder = python(HALF_HEADS, &["400"]);
    let mut output = BufReader::new(holder.0.stdout.take().expect("a pipe")).lines();
    assert_eq!(output.next().expect("a line").expect("read"), "held");
    wait_for("a warning", PATIENCE, || {
        let errors = daemon.errors();
        errors.iter().any(|it| it.contains("limits.memory allows")).then_some(())
    });
    wait_for("memory below the cap", PATIENCE, || {
        (anonymous_kib(&daemon) <= CAP_KIB).then_some(())
    });
    assert_detects(&daemon, &nginx, "/afterwards");
    wait_for("a count of what was given up", PATIENCE, || {
        (daemon.metric("apiwatch_events_lost_total", "stage=\"pipeline\"") > 0).then_some(())
    });
}

/// Makes a request, which has to be seen and judged.
fn assert_detects(daemon: &Daemon, nginx: &Nginx, path: &str) {
    let _ = output_of(Command::new("curl").args(["-s", &nginx.url(path)]));
    let port = nginx.address.port();
    let seen = daemon.wait_for_records("exchange", 1, |it| {
        it["server"]["port"] == port && it["request"]["path"] == path
    });
    assert_eq!(seen[0]["client"]["process"]["comm"], "curl");
    let _ = daemon.wait_for_records("finding", 1, |it: &Value| {
        let subject = it["subject"].as_str().unwrap_or_default();
        it["kind"] == "unencrypted_payload" && subject.ends_with(&format!(":{port}"))
    });
}

/// Makes requests until a finding of before is said again: a second is over then, and with
/// it a window with traffic, so that something was learned.
fn learn(daemon: &Daemon, nginx: &Nginx) {
    let port = format!(":{}", nginx.address.port());
    wait_for("a second of traffic", PATIENCE, || {
        let _ = output_of(Command::new("curl").args(["-s", &nginx.url("/account")]));
        let findings = daemon.records("finding");
        let is_again = |it: &Value| {
            let subject = it["subject"].as_str().unwrap_or_default();
            it["kind"] == "unencrypted_payload"
                && it["state"] == "updated"
                && subject.ends_with(&port)
        };
        findings.iter().any(is_again).then_some(())
    });
}

fn limit_files(daemon: &Daemon, limits: &str) {
    let pid = daemon.pid().to_string();
    let limits = format!("--nofile={limits}");
    let _ = output_of(Command::new("prlimit").args(["--pid", &pid, &limits]));
}

fn anonymous_kib(daemon: &Daemon) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).expect("read");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// What a directory has, in order.
fn names_in(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).expect("listed").flatten();
    let mut names: Vec<_> =
        entries.map(|it| it.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
