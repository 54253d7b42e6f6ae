use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::process::Command;

use apiwatch_tests::apiwatch::{Daemon, program};
use apiwatch_tests::server::Nginx;
use apiwatch_tests::{PATIENCE, Running, output_of, wait_for};
use serde_json::Value;

/// Sends so many requests to a port.
pub(super) const REQUESTS: &str = "import http.client,sys\n\
    c = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]))\n\
    for n in range(int(sys.argv[2])):\n\
    \x20   c.request('GET', '/%d' % n)\n\
    \x20   c.getresponse().read()\n";

/// A line of a `status` file.
fn line(status: &str, name: &str) -> String {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("no {name} in {status}")).trim().to_owned()
}

#[test]
fn every_thread_has_given_up_its_privileges() {
    let daemon = Daemon::start("a");
    let tasks = format!("/proc/{}/task", daemon.pid());
    let mut names = BTreeSet::new();
    for task in fs::read_dir(&tasks).expect("the threads of the daemon") {
        let status = fs::read_to_string(task.expect("a thread").path().join("status"));
        let status = status.expect("its status");
        let name = line(&status, "Name:");
        for set in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
            assert_eq!(line(&status, set), "0".repeat(16), "{set} of {name}");
        }
        assert_eq!(line(&status, "NoNewPrivs:"), "1", "{name}");
        names.insert(name);
    }
    for name in ["apiwatch", "signals", "metrics", "stdout", "control", "state"] {
        assert!(names.contains(name), "{name} is none of {names:?}");
    }
    let limits = fs::read_to_string(format!("/proc/{}/limits", daemon.pid())).expect("limits");
    let core = line(&limits, "Max core file size");
    assert!(core.starts_with("0 ") && core.contains(" 0 "), "{core}");
    assert_eq!(daemon.metric("apiwatch_sandbox_info", "capabilities=\"none\""), 1);

    let status: Value =
        serde_json::from_str(&output_of(daemon.command("status").arg("--json"))).expect("JSON");
    assert_eq!(status["sandbox"]["capabilities"], "none");
    assert_eq!(status["sandbox"]["no_new_privileges"], true);
}

/// A user who is nobody else's, with the capabilities that the service has.
fn as_service(command: &[&str]) -> Command {
    let mut service = Command::new("setpriv");
    service.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    let sets = ["--inh-caps", "--ambient-caps", "--bounding-set"];
    for set in sets {
        service.arg(format!("{set}=-all,+bpf,+perfmon"));
    }
    service.args(command);
    service
}

/// A directory that the service may write to, with the program and a configuration.
pub(super) struct Home {
    directory: tempfile::TempDir,
    pub(super) metrics: std::net::SocketAddr,
}

impl Home {
    pub(super) fn new(listen: Option<&str>) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let metrics = (std::net::Ipv4Addr::LOCALHOST, apiwatch_tests::free_port()).into();
        let home = Self { directory, metrics };
        home.let_everyone(home.directory.path(), 0o755);
        fs::copy(program(), home.at("apiwatch")).expect("a copy that everyone can run");
        home.let_everyone(&home.at("apiwatch"), 0o755);
        fs::create_dir(home.at("run")).expect("a directory");
        home.let_everyone(&home.at("run"), 0o777);
        let listen = listen.map_or_else(|| metrics.to_string(), |it| home.shown(it));
        home.configure(&listen, "");
        home
    }

    pub(super) fn at(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    /// With this directory for `@`.
    fn shown(&self, text: &str) -> String {
        text.replace('@', &self.directory.path().display().to_string())
    }

    fn let_everyone(&self, path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
    }

    fn configure(&self, listen: &str, more: &str) {
        self.configure_metrics(&format!("listen = \"{listen}\"\n"), more);
    }

    /// Writes a configuration with these lines on metrics, and more.
    pub(super) fn configure_metrics(&self, metrics: &str, more: &str) {
        let text = self.shown(&format!(
            "[metrics]\n{metrics}[state]\ndirectory = \"@/run/state\"\n\
             [control]\nsocket = \"@/run/apiwatch.sock\"\n{more}"
        ));
        fs::write(self.at("config.toml"), text).expect("the configuration is written");
    }

    /// A daemon of the user of the service.
    pub(super) fn start(&self, notify: &Path) -> Running {
        let (program, config) = (self.at("apiwatch"), self.at("config.toml"));
        let program = program.to_str().expect("a name");
        let mut command = as_service(&[program, "daemon", "--config"]);
        command.arg(config).env("NOTIFY_SOCKET", notify);
        command.env("WATCHDOG_USEC", "2000000");
        Running::start(command.stdout(std::process::Stdio::null()))
    }
}

/// Messages to the service manager.
pub(super) struct Manager(UnixDatagram);

impl Manager {
    pub(super) fn new(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).expect("a socket");
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).expect("permissions");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Self(socket)
    }

    /// The next message that has this, and those before it.
    pub(super) fn wait_for(&self, wanted: &str) -> (String, Vec<String>) {
        let mut before = Vec::new();
        loop {
            let mut buffer = [0; 4096];
            let length = self.0.recv(&mut buffer).unwrap_or_else(|error| {
                panic!("{wanted} did not come ({error}), but {before:?}");
            });
            let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if message.contains(wanted) {
                return (message, before);
            }
            before.push(message);
        }
    }
}

#[test]
fn a_service_of_its_own_user_tells_its_manager_how_it_fares() {
    let home = Home::new(None);
    let notify = home.at("notify");
    let manager = Manager::new(&notify);
    let mut daemon = home.start(&notify);
    let pid = daemon.0.id().to_string();
    let signal = |signal: &str| {
        assert!(Command::new("kill").args([signal, &pid]).status().expect("kill").success());
    };
    let (ready, before) = manager.wait_for("READY=1");
    assert!(ready.contains("STATUS=Tier "), "{ready}");
    assert!(before.iter().any(|it| it.starts_with("EXTEND_TIMEOUT_USEC=")), "{before:?}");
    assert!(TcpStream::connect(home.metrics).is_ok(), "ready, so metrics are served");
    assert!(UnixStream::connect(home.at("run/apiwatch.sock")).is_ok(), "so is the socket");
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the status");
    assert_eq!(line(&status, "CapPrm:"), "0".repeat(16));
    assert!(line(&status, "Uid:").starts_with("65534"), "{status}");
    let environment = fs::metadata(format!("/proc/{pid}/environ")).expect("the environment");
    assert_eq!(environment.uid(), 0, "what cannot be dumped belongs to root");
    manager.wait_for("WATCHDOG=1");

    signal("-HUP");
    let reloading = manager.wait_for("RELOADING=1").0;
    assert!(reloading.contains("\nMONOTONIC_USEC="), "{reloading}");
    assert!(!manager.wait_for("READY=1").0.contains("refused"));
    home.configure("127.0.0.1:1", "colour = 1\n");
    signal("-HUP");
    manager.wait_for("RELOADING=1");
    assert!(manager.wait_for("READY=1").0.contains("the last reload was refused"));

    signal("-TERM");
    manager.wait_for("STOPPING=1");
    assert!(daemon.0.wait().expect("it ends").success());
    assert!(home.at("run/state/baseline").exists(), "what was learned is saved");
    assert!(!home.at("run/apiwatch.sock").exists());
}

#[test]
fn metrics_come_through_a_socket_in_the_file_system() {
    let home = Home::new(Some("unix:@/run/metrics.sock"));
    let notify = home.at("notify");
    let manager = Manager::new(&notify);
    let mut daemon = home.start(&notify);
    manager.wait_for("READY=1");
    let mut curl = Command::new("curl");
    curl.args(["-s", "--unix-socket"]).arg(home.at("run/metrics.sock"));
    let scrape = output_of(curl.arg("http://localhost/metrics"));
    assert!(scrape.contains("apiwatch_build_info{"), "{scrape}");
    let mode = fs::metadata(home.at("run/metrics.sock")).expect("the socket").permissions();
    assert_eq!(mode.mode() & 0o777, 0o660);
    let pid = daemon.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
    assert!(daemon.0.wait().expect("it ends").success());
    assert!(!home.at("run/metrics.sock").exists());
}

#[test]
fn a_reload_names_the_keys_that_take_a_restart() {
    let daemon = Daemon::start_with("a", "finding", "");
    let good = fs::read_to_string(daemon.config()).expect("a configuration");
    let changed = good.replace("[metrics]\n", "[metrics]\nmax_series = 77\n");
    fs::write(daemon.config(), changed).expect("written");
    let output = daemon.command("reload").output().expect("reload runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    assert!(errors.contains("metrics.max_series"), "{errors}");
    wait_for("the log", PATIENCE, || {
        let errors = daemon.errors();
        errors.iter().any(|it| it.contains("keys=\"metrics.max_series\"")).then_some(())
    });
}

#[test]
fn scrapers_that_hang_cost_no_exchange() {
    let nginx = Nginx::start();
    let daemon = Daemon::start_with("a", "exchange", "");
    let descriptors = || daemon_descriptors(daemon.pid());
    let before = descriptors();
    let stuck: Vec<_> = (0..1000)
        .filter_map(|number: u32| {
            let mut stream = TcpStream::connect(daemon.metrics_address()).ok()?;
            // Every other one has begun a request that it never ends.
            if number.is_multiple_of(2) {
                let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: ");
            }
            Some(stream)
        })
        .collect();
    assert!(stuck.len() > 900, "{} connections", stuck.len());
    assert!(descriptors() <= before + 40, "{before} descriptors have become {}", descriptors());
    let port = nginx.address.port();
    let _ = output_of(Command::new("python3").args(["-c", REQUESTS, &port.to_string(), "2000"]));
    let seen = daemon.wait_for_records("exchange", 2000, |it| it["server"]["port"] == port);
    assert_eq!(seen.len(), 2000);
    drop(stuck);
    wait_for("a scrape once they are gone", PATIENCE, || {
        let mut stream = TcpStream::connect(daemon.metrics_address()).ok()?;
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").ok()?;
        let mut scrape = String::new();
        stream.read_to_string(&mut scrape).ok()?;
        scrape.contains("apiwatch_build_info").then_some(())
    });
}

#[test]
fn without_a_descriptor_to_spare_the_capture_goes_on_and_scrapes_come_later() {
    let nginx = Nginx::start();
    let daemon = Daemon::start_with("a", "exchange", "");
    let limit = |soft: &str| {
        let (pid, limit) = (daemon.pid().to_string(), format!("--nofile={soft}:"));
        let _ = output_of(Command::new("prlimit").args(["--pid", &pid, &limit]));
    };
    limit("4");
    // The connection is made by the kernel, and waits to be accepted.
    let mut waiting = TcpStream::connect(daemon.metrics_address()).expect("a connection");
    waiting.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").expect("a request is sent");
    let port = nginx.address.port();
    let _ = output_of(Command::new("python3").args(["-c", REQUESTS, &port.to_string(), "1000"]));
    daemon.wait_for_records("exchange", 1000, |it| it["server"]["port"] == port);
    limit("1024");
    let mut scrape = String::new();
    waiting.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    waiting.read_to_string(&mut scrape).expect("the scrape that waited");
    assert!(scrape.contains("apiwatch_build_info"), "{scrape}");
    let status = daemon.command("status").output().expect("status runs");
    assert!(!status.stdout.is_empty(), "the control socket answers as well");
    let _ = daemon.stop();
}

fn daemon_descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).expect("descriptors").count()
}

#[test]
fn a_state_directory_that_cannot_be_written_is_counted_and_costs_no_finding() {
    let nginx = Nginx::start();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let state = directory.path().join("state");
    // A file where the directory should be.
    fs::write(&state, "").expect("a file");
    let daemon = Daemon::start_with_state("a", "exchange,finding", "", &state);
    let _ = output_of(Command::new("curl").args(["-s", &nginx.url("/x")]));
    let port = nginx.address.port();
    daemon.wait_for_records("exchange", 1, |it| it["server"]["port"] == port);
    let errors = daemon.errors();
    assert!(errors.iter().any(|it| it.contains("cannot be saved")), "{errors:?}");
    let _ = daemon.stop();
}
