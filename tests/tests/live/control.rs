use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use apiwatch_tests::apiwatch::Daemon;
use apiwatch_tests::peer::gather;
use apiwatch_tests::server::Nginx;
use apiwatch_tests::{PATIENCE, Running, output_of, wait_for};
use serde_json::Value;

const REQUESTS: &str = "import http.client,sys\n\
    c = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]))\n\
    for n in range(int(sys.argv[2])):\n\
    \x20   c.request('GET', '/%d' % n)\n\
    \x20   c.getresponse().read()\n";

/// A client of the daemon that prints lines.
struct Tail {
    process: Running,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Tail {
    /// Starts one, and waits until the daemon serves it.
    fn start(daemon: &Daemon, arguments: &[&str]) -> Self {
        let mut command = daemon.command("tail");
        let mut process = Running::start(command.args(arguments).stdout(Stdio::piped()));
        let tail = Self { lines: gather(process.0.stdout.take().expect("a pipe")), process };
        wait_for("a header", PATIENCE, || (!tail.records().is_empty()).then_some(()));
        tail
    }

    fn records(&self) -> Vec<Value> {
        let lines = self.lines.lock().expect("no panic while gathering");
        lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    fn signal(&self, signal: &str) {
        let pid = self.process.0.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().expect("kill runs").success());
    }
}

fn paths(records: &[Value]) -> Vec<&str> {
    let exchanges = records.iter().filter(|it| it["type"] == "exchange");
    exchanges.filter_map(|it| it["request"]["path"].as_str()).collect()
}

fn curl(nginx: &Nginx, path: &str) {
    let _ = output_of(Command::new("curl").args(["-s", &nginx.url(path)]));
}

#[test]
fn tail_shows_what_curl_does_and_status_is_healthy() {
    let nginx = Nginx::start();
    let daemon = Daemon::start_with("a", "exchange", "");
    // Others on this host may talk as well.
    let port = format!("port:{}", nginx.address.port());
    let is_ours = |it: &Value| it["server"]["port"] == nginx.address.port();
    let all = Tail::start(&daemon, &["--filter", &port]);
    let findings = Tail::start(&daemon, &["--type", "finding"]);
    let missing =
        Tail::start(&daemon, &["--type", "exchange", "--filter", &format!("status:404 {port}")]);
    for path in ["/accounts/1", "/missing", "/accounts/2"] {
        curl(&nginx, path);
    }
    wait_for("all exchanges", PATIENCE, || {
        (paths(&all.records()).len() >= 3 && !paths(&missing.records()).is_empty()).then_some(())
    });
    assert_eq!(paths(&all.records()), ["/accounts/1", "/missing", "/accounts/2"]);
    assert_eq!(paths(&missing.records()), ["/missing"]);
    let printed = daemon.wait_for_records("exchange", 3, is_ours);
    let tailed: Vec<_> = all.records().into_iter().filter(|it| it["type"] == "exchange").collect();
    assert_eq!(tailed, printed, "records are those of standard output");
    wait_for("a finding", PATIENCE, || (findings.records().len() > 1).then_some(()));
    assert!(findings.records()[1..].iter().all(|it| it["type"] == "finding"));

    let late = Tail::start(&daemon, &["--snapshot", "--type", "endpoint,finding"]);
    wait_for("a whole snapshot", PATIENCE, || {
        late.records().iter().any(|it| it["type"] == "snapshot_end").then_some(())
    });
    assert!(late.records().iter().any(|it| it["type"] == "endpoint"));

    let output = daemon.command("status").output().expect("status runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("health        healthy\n"), "{text}");
    assert!(text.contains("tier          a\n"), "{text}");
    let status: Value =
        serde_json::from_str(&output_of(daemon.command("status").arg("--json"))).expect("JSON");
    assert_eq!(status["type"], "status");
    assert_eq!(status["pid"], daemon.pid());
    assert_eq!(status["clients"], 5, "the one that asks is one of them");
}

#[test]
fn a_stopped_tail_costs_the_daemon_no_record() {
    let nginx = Nginx::start();
    let daemon = Daemon::start_with("a", "exchange", "");
    let port = nginx.address.port();
    let tail = Tail::start(&daemon, &["--type", "exchange", "--filter", &format!("port:{port}")]);
    tail.signal("-STOP");
    let _ = output_of(Command::new("python3").args(["-c", REQUESTS, &port.to_string(), "10000"]));
    let printed = daemon.wait_for_records("exchange", 10_000, |it| it["server"]["port"] == port);
    assert_eq!(printed.len(), 10_000);
    assert_eq!(daemon.metric("apiwatch_sink_dropped_total", "control"), 0);
    tail.signal("-CONT");
    wait_for("what was queued, and the count of the rest", PATIENCE, || {
        let records = tail.records();
        let dropped: u64 = records
            .iter()
            .filter(|it| it["type"] == "dropped")
            .map(|it| it["records"].as_u64().expect("a number"))
            .sum();
        (paths(&records).len() as u64 + dropped == 10_000).then_some(())
    });
}

#[test]
fn a_tail_that_nobody_reads_ends_though_nothing_comes() {
    let daemon = Daemon::start_with("a", "finding", "");
    let mut command = daemon.command("tail");
    let mut tail = Running::start(command.args(["--type", "loss"]).stdout(Stdio::piped()));
    let mut out = std::io::BufReader::new(tail.0.stdout.take().expect("a pipe"));
    let mut header = String::new();
    std::io::BufRead::read_line(&mut out, &mut header).expect("a header");
    drop(out);
    assert_eq!(tail.0.wait().expect("tail ends").code(), Some(0));
}

#[test]
fn a_reload_says_the_errors_of_the_file_and_status_says_that_it_failed() {
    let daemon = Daemon::start_with("a", "finding", "");
    let good = std::fs::read_to_string(daemon.config()).expect("a configuration");
    let reload = || daemon.command("reload").output().expect("reload runs");
    assert_eq!(reload().status.code(), Some(0));
    std::fs::write(daemon.config(), format!("colour = 1\n{good}")).expect("written");
    let refused = reload();
    let errors = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(78), "{errors}");
    assert!(errors.contains("unknown key `colour`"), "{errors}");
    let status = daemon.command("status").output().expect("status runs");
    let text = String::from_utf8_lossy(&status.stdout);
    assert_eq!(status.status.code(), Some(1), "{text}");
    assert!(text.contains("degraded: the last reload failed"), "{text}");
    assert_eq!(daemon.metric("apiwatch_config_last_reload_successful", ""), 0);
    std::fs::write(daemon.config(), good).expect("written");
    assert_eq!(reload().status.code(), Some(0));
    assert_eq!(daemon.command("status").output().expect("status runs").status.code(), Some(0));
}

#[test]
fn who_may_not_use_the_socket_is_told_how_to() {
    let daemon = Daemon::start_with("a", "finding", "");
    let directory = daemon.socket().parent().expect("a directory");
    let everyone = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(directory, everyone.clone()).expect("permissions");
    let copy = directory.join("apiwatch");
    std::fs::copy(apiwatch_tests::apiwatch::program(), &copy).expect("a copy");
    std::fs::set_permissions(&copy, everyone).expect("permissions");
    let run = |arguments: &[&str]| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&copy);
        let output = command.args(arguments).arg("--socket").arg(daemon.socket()).output();
        let output = output.expect("setpriv runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for command in ["tail", "status"] {
        let (code, errors) = run(&[command]);
        assert_eq!(code, Some(77), "{errors}");
        assert!(errors.contains("sudo usermod -aG apiwatch $USER"), "{errors}");
    }
    assert_eq!(run(&["reload"]).0, Some(77));
    assert_eq!(run(&["tail", "--filter", "status:x"]).0, Some(2));
}

#[test]
fn a_daemon_that_is_gone_is_told_apart() {
    let daemon = Daemon::start_with("a", "finding", "");
    let socket = daemon.socket().to_owned();
    let mut tail = Tail::start(&daemon, &[]);
    let second = Command::new(apiwatch_tests::apiwatch::program())
        .args(["daemon", "--config"])
        .arg(second_config(&daemon))
        .output()
        .expect("runs");
    let errors = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{errors}");
    assert!(errors.contains("another daemon already listens at"), "{errors}");
    let mut stream = UnixStream::connect(&socket).expect("the first is still served");
    stream.write_all(b"nonsense\n").expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer and an end");
    assert!(answer.contains("\"type\":\"error\""), "{answer}");

    let _ = daemon.stop();
    assert_eq!(tail.process.0.wait().expect("tail ends").code(), Some(69));
    assert!(!socket.exists());
    let program = apiwatch_tests::apiwatch::program();
    let status = Command::new(program).args(["status", "--socket"]).arg(&socket).output();
    let status = status.expect("status runs");
    assert_eq!(status.status.code(), Some(69));
    let errors = String::from_utf8_lossy(&status.stderr);
    assert!(errors.contains("sudo systemctl start apiwatch"), "{errors}");
}

/// A configuration with the socket of a daemon, and all else of its own.
fn second_config(daemon: &Daemon) -> std::path::PathBuf {
    let directory = daemon.socket().parent().expect("a directory");
    let file = directory.join("second.toml");
    let text = format!(
        "[metrics]\nlisten = \"127.0.0.1:0\"\n[state]\ndirectory = \"{}\"\n[control]\nsocket = \"{}\"\n",
        directory.join("second").display(),
        daemon.socket().display()
    );
    std::fs::write(&file, text).expect("the configuration is written");
    file
}
