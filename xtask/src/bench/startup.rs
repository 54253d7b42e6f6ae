//! From the start of the daemon to the first exchange on its standard output.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use super::child::Child;
use super::clock;
use super::samples::Samples;
use super::site::{PATIENCE, Site};
use super::steady;
use super::tool::{Tool, apiwatch};

/// Time between two probes.
const GAP: Duration = Duration::from_millis(1);

/// Seconds, of so many starts, while a client makes a new connection every millisecond.
pub(super) fn run(site: &Site, tool: Tool, starts: u32) -> Result<Samples> {
    let seconds: Vec<f64> = (0..starts).map(|_| start(site, tool)).collect::<Result<_>>()?;
    Ok(Samples::new(seconds))
}

fn start(site: &Site, tool: Tool) -> Result<f64> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let _ = probe(site);
                thread::sleep(GAP);
            }
        });
        let first = first_exchange(site, tool);
        is_over.store(true, Ordering::Relaxed);
        first
    })
}

fn probe(site: &Site) -> Result<()> {
    let mut stream = TcpStream::connect(site.server)?;
    steady::exchange(&mut stream, site.server)
}

fn first_exchange(site: &Site, tool: Tool) -> Result<f64> {
    let (mut daemon, _) = apiwatch(tool, site)?;
    let started = clock::now();
    let mut child = Child::start(daemon.args(["--print", "exchange"]).stdout(Stdio::piped()))?;
    let stdout = child.take_stdout().context("a pipe")?;
    let (sender, first) = mpsc::channel();
    let port = site.server.port();
    // It ends when the daemon does.
    thread::spawn(move || {
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        if lines.any(|line| is_exchange_with(&line, port)) {
            let _ = sender.send(started.elapsed());
        }
        lines.for_each(drop);
    });
    let elapsed = first.recv_timeout(PATIENCE).context("apiwatch said no exchange")?;
    child.stop()?;
    Ok(elapsed.as_secs_f64())
}

fn is_exchange_with(line: &str, port: u16) -> bool {
    let record: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
    record["type"] == "exchange" && record["server"]["port"] == port
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_exchange_with_the_server_counts() {
        let line = r#"{"type":"exchange","server":{"address":"127.0.0.1","port":80}}"#;
        assert!(is_exchange_with(line, 80));
        assert!(!is_exchange_with(line, 81));
        assert!(!is_exchange_with(r#"{"type":"header","schema":1}"#, 80));
        assert!(!is_exchange_with("", 80));
    }
}
