use std::process::{Command, Stdio};

use apiwatch_tests::apiwatch::{Daemon, program};
use apiwatch_tests::server::Nginx;
use apiwatch_tests::{PATIENCE, Running, output_of, wait_for};

use super::TIERS;

/// Names of our programs, as far as the kernel keeps them (15 bytes).
const PROGRAMS: [&str; 9] = [
    "sock_send_lengt",
    "sock_recv_lengt",
    "sys_exit",
    "inet_sock_set_s",
    "tcp_destroy_soc",
    "sched_process_e",
    "sched_process_f",
    "found_sockets",
    "found_processes",
];

#[test]
fn kill_9_leaves_nothing_and_disturbs_no_traffic() {
    for tier in TIERS {
        let nginx = Nginx::start();
        let daemon = Daemon::start_with(tier, "finding", "");
        let ours = || {
            let listed = output_of(Command::new("bpftool").args(["prog", "show"]));
            listed.lines().filter(|line| PROGRAMS.iter().any(|name| line.contains(name))).count()
        };
        assert!(ours() > 0, "bpftool sees our programs while the daemon runs");
        let mut load = Command::new("wrk");
        load.args(["-t", "1", "-c", "8", "-d", "3s"]).arg(nginx.url("/"));
        let load = Running::start(load.stdout(Stdio::piped()));
        wait_for("traffic", PATIENCE, || {
            (daemon.metric("apiwatch_ebpf_events_delivered_total", "data") > 1000).then_some(())
        });
        daemon.signal("-KILL");
        let mut load = load;
        let report = std::io::read_to_string(load.0.stdout.take().expect("a pipe")).expect("read");
        assert!(load.0.wait().expect("wrk ends").success());
        assert!(!report.contains("Socket errors") && !report.contains("Non-2xx"), "{report}");
        wait_for("an end of all programs", PATIENCE, || (ours() == 0).then_some(()));
        for kind in ["map", "link"] {
            // The kernel frees them in the background.
            wait_for("an end of all maps and links", PATIENCE, || {
                let listed = output_of(Command::new("bpftool").args([kind, "show"]));
                let left = ["CONTROL", "SOCKETS", "CONNECTIONS_BY", "SCRATCH", "COUNTERS"];
                (!left.iter().any(|name| listed.contains(name))).then_some(())
            });
        }
    }
}

#[test]
fn lacking_privileges_are_one_sentence_and_exit_77() {
    let directory = tempfile_for_everyone();
    let copy = directory.path().join("apiwatch");
    std::fs::copy(program(), &copy).expect("a copy that everyone can run");
    for command in ["daemon", "doctor"] {
        let output = Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all"])
            .arg(&copy)
            .arg(command)
            .output()
            .expect("setpriv runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(77), "{command}: {errors}");
        if command == "daemon" {
            assert!(errors.contains("CAP_BPF") && errors.contains("CAP_PERFMON"), "{errors}");
            assert_eq!(errors.lines().count(), 1, "{errors}");
        }
    }
}

#[test]
fn a_taken_port_is_named() {
    let first = Daemon::start_with("a", "finding", "");
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a listener");
    let address = port.local_addr().expect("an address");
    let directory = tempfile_for_everyone();
    let config = directory.path().join("config.toml");
    std::fs::write(&config, format!("[metrics]\nlisten = \"{address}\"\n")).expect("written");
    let output =
        Command::new(program()).args(["daemon", "--config"]).arg(&config).output().expect("runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains(&address.to_string()), "{errors}");
    drop(first);
}

#[test]
fn doctor_names_every_program() {
    // It may end with 1: a host without the unit lacks something.
    let output = Command::new(program()).args(["doctor", "--json"]).output().expect("runs");
    let output = String::from_utf8_lossy(&output.stdout);
    let report: serde_json::Value = serde_json::from_str(&output).expect("JSON");
    for name in ["sock_send_length", "sys_exit", "inet_sock_set_state", "found_sockets"] {
        let is_named = report["checks"].as_array().is_some_and(|checks| {
            checks.iter().any(|it| it["name"].as_str().is_some_and(|it| it.contains(name)))
        });
        assert!(is_named, "{name}: {output}");
    }
}

fn tempfile_for_everyone() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(directory.path(), mode).expect("permissions");
    directory
}
