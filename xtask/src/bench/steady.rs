//! Latency at a fixed rate.
//!
//! wrk has no rate, and h2load no percentiles, so the client is this one: a process of its
//! own, a thread for each keep-alive connection, each with its share of the rate, evenly
//! staggered. A request is sent when its time has come or, if the one before it is late,
//! as soon as that is answered; its latency counts from the time it was to be sent, so a
//! stall is charged to every request that it delays (no coordinated omission).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::child::{Cpu, command};
use super::clock;
use super::samples::Samples;
use super::site::Site;
use crate::process;

/// Requests a second, of all connections.
const RATE: u32 = 10_000;
const CONNECTIONS: u32 = 10;
/// A connection without an answer for this long is broken.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest response.
const RESPONSE_BYTES: usize = 16 * 1024;

/// One run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Latency {
    /// Requests that were answered.
    pub(super) requests: f64,
    /// Median in microseconds.
    pub(super) p50: f64,
    /// 99th percentile in microseconds.
    pub(super) p99: f64,
}

/// Runs the client for so long.
pub(super) fn run(site: &Site, seconds: u32) -> Result<Latency> {
    let mut client = command(std::env::current_exe()?, Cpu::Load);
    client.args(["bench", "--part", "client", &site.server.to_string(), &seconds.to_string()]);
    let text = process::output(&mut client)?;
    let value: Value = serde_json::from_str(&text).context("reading what the client measured")?;
    let field = |name: &str| value[name].as_f64().with_context(|| format!("no {name} in {text}"));
    Ok(Latency { requests: field("requests")?, p50: field("p50")?, p99: field("p99")? })
}

/// The client itself; what it prints.
pub(super) fn client(server: &str, seconds: &str) -> Result<Value> {
    let server: SocketAddr = server.parse().context("the address of the server")?;
    let requests = seconds.parse::<u32>().context("seconds")? * RATE / CONNECTIONS;
    // Threads inherit this; the usual slack of 50 µs would be part of every latency.
    let _ = std::fs::write("/proc/self/timerslack_ns", "1");
    let start = clock::now() + Duration::from_millis(50);
    let gap = Duration::from_secs(1) / (RATE / CONNECTIONS);
    let threads: Vec<_> = (0..CONNECTIONS)
        .map(|place| start + gap * place / CONNECTIONS)
        .map(|start| thread::spawn(move || connection(server, start, gap, requests)))
        .collect();
    let mut latencies = Vec::new();
    for thread in threads {
        match thread.join() {
            Ok(measured) => latencies.extend(measured?),
            Err(_) => bail!("a connection of the client panicked"),
        }
    }
    let micros = latencies.iter().map(|latency| latency.as_nanos() as f64 / 1e3);
    let samples = Samples::new(micros);
    Ok(json!({
        "requests": latencies.len(),
        "p50": samples.median(),
        "p99": samples.quantile(0.99),
    }))
}

/// Sends requests on schedule; their latencies. It gives up when it is as late as the
/// whole run is long.
fn connection(
    server: SocketAddr,
    start: Instant,
    gap: Duration,
    requests: u32,
) -> Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let give_up = start + gap * requests * 2;
    let mut latencies = Vec::with_capacity(requests as usize);
    for scheduled in (0..requests).map(|number| start + gap * number) {
        let now = clock::now();
        if now >= give_up {
            break;
        }
        thread::sleep(scheduled.saturating_duration_since(now));
        exchange(&mut stream, server)?;
        latencies.push(clock::now().saturating_duration_since(scheduled));
    }
    Ok(latencies)
}

/// One request and its response.
pub(super) fn exchange(stream: &mut TcpStream, server: SocketAddr) -> Result<()> {
    stream.write_all(format!("GET / HTTP/1.1\r\nHost: {server}\r\n\r\n").as_bytes())?;
    read_response(stream)
}

fn read_response(stream: &mut impl Read) -> Result<()> {
    let mut buffer = [0; RESPONSE_BYTES];
    let mut filled = 0;
    while !is_whole(&buffer[..filled])? {
        let read = stream.read(&mut buffer[filled..])?;
        ensure!(read > 0, "the server closed the connection, or its response is too long");
        filled += read;
    }
    Ok(())
}

/// Whether this is a whole response with a Content-Length (RFC 9112 section 6.3).
fn is_whole(bytes: &[u8]) -> Result<bool> {
    let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(false);
    };
    let text = std::str::from_utf8(&bytes[..head]).context("a head that is no text")?;
    let length = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .context("a response without a length")?
        .1;
    let length: usize = length.trim().parse().context("a length that is no number")?;
    Ok(bytes.len() >= head + 4 + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_whole_with_its_last_byte_and_not_before() {
        let response = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc";
        for end in 0..response.len() {
            assert!(!is_whole(&response[..end]).unwrap(), "{end}");
        }
        assert!(is_whole(response).unwrap());
        assert!(is_whole(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }

    #[test]
    fn a_server_that_hangs_up_is_an_error() {
        assert!(read_response(&mut b"HTTP/1.1 200 OK\r\n".as_slice()).is_err());
        let long = vec![b'a'; RESPONSE_BYTES + 1];
        assert!(read_response(&mut long.as_slice()).is_err());
    }
}
