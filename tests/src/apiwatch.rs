//! apiwatch as a child process.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::peer::gather;
use crate::{PATIENCE, Running, free_port, wait_for, wait_for_server};

/// The program under test: `APIWATCH`, or the one that was built beside this test.
#[must_use]
pub fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("APIWATCH") {
        return path.into();
    }
    let test = std::env::current_exe().expect("the path of this test");
    let built = test.ancestors().nth(2).expect("target/PROFILE/deps/TEST").join("apiwatch");
    assert!(built.exists(), "{} is missing: run `cargo build`", built.display());
    built
}

/// A daemon that runs until it goes out of scope.
pub struct Daemon {
    process: Running,
    lines: Lines,
    errors: Lines,
    metrics: SocketAddr,
    socket: PathBuf,
    config: PathBuf,
    /// Of the command line, after the program.
    arguments: Vec<String>,
    first_scrape: String,
    _directory: TempDir,
}

impl Daemon {
    /// Starts a daemon that prints every type of record.
    #[must_use]
    pub fn start(tier: &str) -> Self {
        Self::start_with(tier, "finding,exchange,connection,loss", "")
    }

    /// Starts a daemon that prints these types, with more of a configuration.
    #[must_use]
    pub fn start_with(tier: &str, print: &str, config: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let state = directory.path().join("state");
        Self::start_in(directory, tier, print, config, &state)
    }

    /// Starts a daemon that keeps what it learns there.
    #[must_use]
    pub fn start_with_state(tier: &str, print: &str, config: &str, state: &Path) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self::start_in(directory, tier, print, config, state)
    }

    fn start_in(directory: TempDir, tier: &str, print: &str, config: &str, state: &Path) -> Self {
        let metrics = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let file = directory.path().join("config.toml");
        let socket = directory.path().join("apiwatch.sock");
        let text = format!(
            "{config}\n[metrics]\nlisten = \"{metrics}\"\n[state]\ndirectory = \"{}\"\n\
             [control]\nsocket = \"{}\"\n",
            state.display(),
            socket.display()
        );
        std::fs::write(&file, text).expect("the configuration is written");
        let config = file.display().to_string();
        let arguments = ["daemon", "--tier", tier, "--print", print, "--config", &config];
        let arguments = arguments.map(str::to_owned).to_vec();
        let (process, lines, errors) = launch(&arguments);
        let config = file;
        let mut daemon = Self {
            process,
            lines,
            errors,
            metrics,
            socket,
            config,
            arguments,
            first_scrape: String::new(),
            _directory: directory,
        };
        daemon.wait_until_ready();
        daemon
    }

    fn wait_until_ready(&mut self) {
        // The listener is bound before the capture starts and answers after it has.
        wait_for_server(self.metrics);
        self.first_scrape = self.scrape();
        // The control socket is the last that is bound.
        wait_for("the control socket", PATIENCE, || self.socket.exists().then_some(()));
    }

    /// Kills the daemon; its socket stays behind.
    pub fn kill(&mut self) {
        self.process.0.kill().expect("it runs");
        let _ = self.process.0.wait();
    }

    /// Ends the daemon in order and starts it again, as a service manager does.
    pub fn restart(&mut self) {
        self.end();
        self.start_again();
    }

    /// Starts it again, with the same configuration; its output starts anew.
    pub fn start_again(&mut self) {
        (self.process, self.lines, self.errors) = launch(&self.arguments);
        self.wait_until_ready();
    }

    /// Process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// A command that talks to this daemon.
    #[must_use]
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(program());
        command.arg(name).arg("--socket").arg(&self.socket);
        command
    }

    /// The control socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Where it serves metrics.
    #[must_use]
    pub const fn metrics_address(&self) -> SocketAddr {
        self.metrics
    }

    /// The configuration file.
    #[must_use]
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Every line of standard output so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().expect("no panic while gathering").clone()
    }

    /// Every line of standard error so far.
    #[must_use]
    pub fn errors(&self) -> Vec<String> {
        self.errors.lock().expect("no panic while gathering").clone()
    }

    /// Every record of one type so far.
    #[must_use]
    pub fn records(&self, kind: &str) -> Vec<Value> {
        self.lines()
            .iter()
            .map(|line| {
                serde_json::from_str::<Value>(line)
                    .unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .filter(|record| record["type"] == kind)
            .collect()
    }

    /// Waits until at least `count` records of one type satisfy `is_wanted`, and gives
    /// all that do.
    pub fn wait_for_records(
        &self,
        kind: &str,
        count: usize,
        is_wanted: impl Fn(&Value) -> bool,
    ) -> Vec<Value> {
        let mut seen = 0;
        let mut found = Vec::new();
        wait_for(&format!("{count} records of type {kind}"), PATIENCE, || {
            let lines = self.lines.lock().expect("no panic while gathering");
            for line in lines.get(seen..).unwrap_or_default() {
                seen += 1;
                let record: Value =
                    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
                if record["type"] == kind && is_wanted(&record) {
                    found.push(record);
                }
            }
            (found.len() >= count).then(|| std::mem::take(&mut found))
        })
    }

    /// A scrape of /metrics.
    #[must_use]
    pub fn scrape(&self) -> String {
        let mut stream = TcpStream::connect(self.metrics).expect("the daemon serves /metrics");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
            .expect("a request is sent");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("a response comes");
        let (head, body) = response.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        body.to_owned()
    }

    /// What it answered to the first scrape of all, which waited for it to serve.
    #[must_use]
    pub fn first_scrape(&self) -> &str {
        &self.first_scrape
    }

    /// Sum of a metric over the label sets that contain `labels`.
    #[must_use]
    pub fn metric(&self, name: &str, labels: &str) -> u64 {
        metric_of(&self.scrape(), name, labels)
    }

    /// Sends a signal.
    pub fn signal(&self, signal: &str) {
        let pid = self.pid().to_string();
        let status = Command::new("kill").args([signal, &pid]).status().expect("kill runs");
        assert!(status.success(), "kill {signal} {pid}");
    }

    /// Ends the daemon in order and gives everything it printed.
    #[must_use]
    pub fn stop(mut self) -> Vec<String> {
        self.end();
        self.lines()
    }

    /// Ends the daemon in order and gives everything it said on standard error.
    #[must_use]
    pub fn stop_telling_errors(mut self) -> Vec<String> {
        self.end();
        self.errors()
    }

    fn end(&mut self) {
        self.signal("-TERM");
        let status = self.process.0.wait().expect("the daemon ends");
        assert!(status.success(), "{status}: {:?}", self.errors());
        wait_for("the end of the output", PATIENCE, || {
            let pipes = [&self.lines, &self.errors];
            pipes.iter().all(|it| Arc::strong_count(it) == 1).then_some(())
        });
    }
}

type Lines = Arc<Mutex<Vec<String>>>;

/// The process, and the lines of its standard output and error.
fn launch(arguments: &[String]) -> (Running, Lines, Lines) {
    let mut command = Command::new(program());
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = Running::start(&mut command);
    let lines = gather(process.0.stdout.take().expect("a pipe"));
    let errors = gather(process.0.stderr.take().expect("a pipe"));
    (process, lines, errors)
}

/// Sum of a metric of a scrape over the label sets that contain `labels`.
#[must_use]
pub fn metric_of(scrape: &str, name: &str, labels: &str) -> u64 {
    scrape
        .lines()
        .filter(|line| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{']))
                && line.contains(labels)
        })
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
        .sum::<f64>() as u64
}
