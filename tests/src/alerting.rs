//! Prometheus and Alertmanager with the rules and examples that are shipped. Only addresses
//! and durations differ: a test does not wait for minutes.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tempfile::TempDir;

use crate::{Running, free_port, wait_for_server};

/// A minute of the rules and routes is a second here.
const MINUTE_IS_A_SECOND: u64 = 60;
/// An interval of 15 s is one of 1 s here.
const SCRAPES_EACH_SECOND: u64 = 15;

/// Prometheus and Alertmanager, from a scrape to a notification.
pub struct Alerting {
    receiver: Receiver,
    _processes: [Running; 2],
    _directory: TempDir,
}

impl Alerting {
    /// Starts both: they scrape a daemon and notify a receiver of their own.
    #[must_use]
    pub fn start(metrics: SocketAddr) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let receiver = Receiver::start();
        let (alertmanager, notifier) = start_alertmanager(directory.path(), receiver.address);
        let (prometheus, _) = start_prometheus(directory.path(), metrics, notifier);
        Self { receiver, _processes: [alertmanager, prometheus], _directory: directory }
    }

    /// Every notification so far, in order.
    #[must_use]
    pub fn notifications(&self) -> Vec<Notification> {
        self.receiver.notifications.lock().expect("no panic while receiving").clone()
    }
}

/// What Alertmanager told a receiver.
#[derive(Clone, Debug)]
pub struct Notification {
    /// The path of the receiver's URL, which is its name.
    pub path: String,
    /// All that was said.
    pub body: String,
}

impl Notification {
    /// The alerts of it.
    #[must_use]
    pub fn alerts(&self) -> Vec<Value> {
        let body: Value = serde_json::from_str(&self.body).expect("a notification is JSON");
        body["alerts"].as_array().cloned().unwrap_or_default()
    }
}

fn start_alertmanager(directory: &Path, receiver: SocketAddr) -> (Running, SocketAddr) {
    let text = shipped("alertmanager.example.yml");
    let text = sooner(&text, &["group_wait", "group_interval"], MINUTE_IS_A_SECOND);
    let file = directory.join("alertmanager.yml");
    std::fs::write(&file, at(&text, "127.0.0.1:9095", receiver)).expect("written");
    let mut command = Command::new("prometheus-alertmanager");
    command.arg(option("config.file", file.display()));
    command.arg(option("storage.path", directory.join("alertmanager").display()));
    // It is alone.
    start(command.arg("--cluster.listen-address="))
}

fn start_prometheus(
    directory: &Path,
    metrics: SocketAddr,
    notifier: SocketAddr,
) -> (Running, SocketAddr) {
    let rules = sooner(&shipped("apiwatch.rules.yml"), &["for"], MINUTE_IS_A_SECOND);
    std::fs::write(directory.join("apiwatch.rules.yml"), rules).expect("written");
    let text = shipped("prometheus.example.yml");
    let intervals = ["scrape_interval", "evaluation_interval"];
    let text = sooner(&text, &intervals, SCRAPES_EACH_SECOND);
    let text = at(&at(&text, "127.0.0.1:9464", metrics), "127.0.0.1:9093", notifier);
    let file = directory.join("prometheus.yml");
    std::fs::write(&file, text).expect("written");
    let mut command = Command::new("prometheus");
    command.arg(option("config.file", file.display()));
    start(command.arg(option("storage.tsdb.path", directory.join("prometheus").display())))
}

/// Starts a server on a free port of the loopback; where it listens.
fn start(command: &mut Command) -> (Running, SocketAddr) {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    command.arg(option("web.listen-address", address)).arg("--log.level=warn");
    let process = Running::start(command.stdout(Stdio::null()).stderr(Stdio::inherit()));
    wait_for_server(address);
    (process, address)
}

fn option(name: &str, value: impl std::fmt::Display) -> String {
    format!("--{name}={value}")
}

/// A file of `packaging/prometheus`.
fn shipped(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../packaging/prometheus");
    std::fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// YAML with another address wherever this one stands.
fn at(yaml: &str, address: &str, other: SocketAddr) -> String {
    assert!(yaml.contains(address), "{address} is not in the example");
    yaml.replace(address, &other.to_string())
}

/// YAML in which the durations of these keys are so many times shorter. Nothing else of
/// it changes.
fn sooner(yaml: &str, keys: &[&str], times: u64) -> String {
    let shorten = |line: &str| -> Option<String> {
        let (key, value) = line.split_once(": ")?;
        let milliseconds = milliseconds(value.trim_end()).filter(|_| keys.contains(&key.trim()))?;
        Some(format!("{key}: {}ms\n", milliseconds / times))
    };
    yaml.split_inclusive('\n')
        .map(|line| shorten(line).unwrap_or_else(|| line.to_owned()))
        .collect()
}

fn milliseconds(duration: &str) -> Option<u64> {
    let units = [('s', 1_000), ('m', 60_000), ('h', 3_600_000), ('d', 86_400_000)];
    let (unit, factor) = units.into_iter().find(|(unit, _)| duration.ends_with(*unit))?;
    Some(duration.strip_suffix(unit)?.parse::<u64>().ok()? * factor)
}

/// Takes notifications as a pager or a ticket system would. Its threads end with the test.
struct Receiver {
    address: SocketAddr,
    notifications: Arc<Mutex<Vec<Notification>>>,
}

impl Receiver {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let notifications = Arc::new(Mutex::new(Vec::new()));
        let received = Arc::clone(&notifications);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let received = Arc::clone(&received);
                std::thread::spawn(move || serve(&stream, &received));
            }
        });
        Self { address, notifications }
    }
}

/// Takes notifications until the other end hangs up.
fn serve(mut stream: &TcpStream, received: &Mutex<Vec<Notification>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let notification = read_notification(&mut reader)?;
        received.lock().expect("no panic while receiving").push(notification);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").ok()?;
    }
}

fn read_notification(reader: &mut impl BufRead) -> Option<Notification> {
    let mut lines = reader.by_ref().lines().map_while(Result::ok);
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let length = head.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    })?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Notification { path, body: String::from_utf8(body).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_durations_of_the_keys_change() {
        for (line, expected) in [
            ("        for: 1m\n", "        for: 1000ms\n"),
            ("for: 5m", "for: 5000ms\n"),
            ("  group_wait: 30s\n", "  group_wait: 500ms\n"),
            ("      repeat_interval: 4h\n", "      repeat_interval: 4h\n"),
            ("        expr: up == 0 for: 1m\n", "        expr: up == 0 for: 1m\n"),
            ("# for 5m\n", "# for 5m\n"),
        ] {
            assert_eq!(sooner(line, &["for", "group_wait"], 60), expected);
        }
    }

    #[test]
    fn every_rule_and_route_that_is_shipped_gets_sooner() {
        let rules = shipped("apiwatch.rules.yml");
        let shortened = sooner(&rules, &["for"], MINUTE_IS_A_SECOND);
        assert_eq!(shortened.matches("- alert: ").count(), shortened.matches("000ms\n").count());
        assert_eq!(rules.lines().count(), shortened.lines().count());
    }

    #[test]
    fn notifications_are_read_one_after_the_other() {
        let text = "POST /page HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}\
                    POST /log HTTP/1.1\r\ncontent-length: 14\r\n\r\n{\"alerts\":[1]}";
        let mut reader = BufReader::new(text.as_bytes());
        for (path, alerts) in [("/page", 0), ("/log", 1)] {
            let notification = read_notification(&mut reader).expect("a notification");
            assert_eq!((notification.path.as_str(), notification.alerts().len()), (path, alerts));
        }
        assert!(read_notification(&mut reader).is_none());
    }
}
