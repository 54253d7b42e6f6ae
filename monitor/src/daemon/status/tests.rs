use std::time::Duration;

use super::*;
use crate::capture::status::{CaptureStatus, Tier};
use crate::pipeline::coverage::ProcessCoverage;
use crate::pipeline::input::{LossReason, Stage, UncapturedReason};
use crate::pipeline::output::{CoverageGap, GapCause};
use crate::pipeline::stats::Stats;
use crate::pipeline::time::WallTime;
use crate::sandbox::{Kept, Landlock, Sandbox};

pub(in crate::daemon) fn healthy() -> Status {
    Status {
        time: WallTime(1_234_567_890_000_000_000),
        host: "web-1".into(),
        kernel: "6.18.0".into(),
        version: "0.1.0".into(),
        pid: 4242,
        started: WallTime(1_234_560_000_000_000_000),
        config: Some("/etc/apiwatch/config.toml".into()),
        reload_succeeded: Some(true),
        state_save_succeeded: Some(true),
        sandbox: Some(Sandbox {
            capabilities: Kept::Nothing,
            no_new_privileges: true,
            landlock: Landlock::Full,
        }),
        coverage_gap: None,
        memory_bytes: 80 << 20,
        memory_limit_bytes: 256 << 20,
        clients: 2,
        sinks: vec![("stdout".into(), 0), ("control".into(), 0)],
        stats: Stats {
            exchanges: 12_345,
            exchanges_incomplete: 3,
            connections_opened: 200,
            connections_tracked: 10,
            findings_open: 4,
            moved_bytes: 1 << 30,
            captured_bytes: (1 << 30) - (2 << 20),
            ..Stats::default()
        },
        capture: CaptureStatus { tier: Some(Tier::A), ..CaptureStatus::default() },
        processes: vec![process("nginx.service", 2 << 20), process("curl", 0)],
    }
}

fn process(identity: &str, unread: u64) -> ProcessCoverage {
    ProcessCoverage {
        identity: identity.into(),
        connections: 3,
        open: 1,
        moved: 4 << 20,
        captured: (4 << 20) - unread,
        uncaptured: [
            (UncapturedReason::Truncated, unread / 4),
            (UncapturedReason::Sendfile, unread / 4 * 3),
        ]
        .into(),
    }
}

#[test]
fn a_healthy_daemon_is_a_line_for_each_thing() {
    let status = healthy();
    let expected = "\
host          web-1, kernel 6.18.0
apiwatch      0.1.0, process 4242
up since      2009-02-13T21:20:00Z (2 h 11 min)
configuration /etc/apiwatch/config.toml
tier          a
exchanges     12345, 3 of them incomplete
connections   200, 10 of them open
findings      4 open
lost          nothing
coverage      99.8 % of 1.0 GiB read
unread        nginx.service: 2.0 MiB of 4.0 MiB: sendfile 1.5 MiB, truncated 512.0 KiB
dropped       nothing
clients       2
memory        80.0 MiB, at most 256.0 MiB
sandbox       capabilities none, landlock full
health        healthy
";
    assert_eq!(table::render(&status, &ailments(&status)), expected);
}

#[test]
fn what_ails_is_said_with_its_reason() {
    let mut status = healthy();
    status.stats.lost = [
        ((Stage::DataRing, LossReason::RingFull), 12),
        ((Stage::Pipeline, LossReason::Evicted), 0),
    ]
    .into();
    status.capture.declined = vec![("sys_exit".into(), "old\u{1b}[2J".into())];
    status.reload_succeeded = Some(false);
    status.state_save_succeeded = Some(false);
    status.sinks = vec![("stdout".into(), 7), ("metrics".into(), 0)];
    let shown = table::render(&status, &ailments(&status));
    for expected in [
        "lost          12 data_ring ring_full\n",
        "dropped       stdout 7\n",
        "health        degraded: 12 records were lost: 12 data_ring ring_full\n",
        "              degraded: the program sys_exit is declined: old\u{fffd}[2J\n",
        "              degraded: the last reload failed, so the configuration before it is in force",
        "              degraded: what was learned cannot be saved",
    ] {
        assert!(shown.contains(expected), "{expected}:\n{shown}");
    }
    assert!(!shown.contains('\u{1b}'));
}

#[test]
fn a_span_in_which_nobody_watched_is_said_and_ails_nothing() {
    let gap = |duration, cause| CoverageGap { time: healthy().started, duration, cause };
    let length = Duration::from_secs(754);
    for (gap, shown) in [
        (
            gap(Some(length), GapCause::Restart),
            "2009-02-13T21:07:26Z to 2009-02-13T21:20:00Z (12 min 34 s, restart)",
        ),
        (
            gap(Some(length), GapCause::Reboot),
            "2009-02-13T21:07:26Z to 2009-02-13T21:20:00Z (12 min 34 s, reboot)",
        ),
        (
            gap(None, GapCause::Restart),
            "until 2009-02-13T21:20:00Z (since when is not known, restart)",
        ),
    ] {
        let status = Status { coverage_gap: Some(gap), ..healthy() };
        let text = table::render(&status, &ailments(&status));
        assert!(text.contains(&format!("\nnot watched   {shown}\n")), "{text}");
        assert!(text.ends_with("health        healthy\n"), "{text}");
    }
}

#[test]
fn the_processes_with_the_most_unread_bytes_are_shown() {
    let mut status = healthy();
    status.processes = (1..20).map(|n| process(&format!("p{n}\u{7}"), n << 10)).collect();
    let shown = table::render(&status, &[]);
    let identities: Vec<_> = shown.lines().filter(|line| line.contains("sendfile")).collect();
    assert_eq!(identities.len(), 5, "{shown}");
    assert!(identities[0].starts_with("unread        p19\u{fffd}: 19.0 KiB"), "{shown}");
}
