//! wrk at saturation.

use std::process::Stdio;

use anyhow::{Context, Result};

use super::child::{Cpu, command};
use super::site::Site;
use crate::process;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// 90 bytes of JSON, with the few header fields of wrk.
    Small,
    /// 2 KB, with the header fields of a browser.
    Browser,
    /// 90 bytes of JSON over HTTP/2, 32 requests at a time on each connection.
    Http2,
}

/// One run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Load {
    /// Requests that were answered.
    pub(super) requests: f64,
    /// Of them, in a second.
    pub(super) per_second: f64,
}

/// Loads the server over 32 connections from one thread.
pub(super) fn run(site: &Site, request: Request, seconds: u32) -> Result<Load> {
    let mut wrk = command(&site.wrk, Cpu::Load);
    wrk.args(["-t1", "-c32", &format!("-d{seconds}s")]).stderr(Stdio::inherit());
    let path = match request {
        Request::Http2 => return run_http2(site, seconds),
        Request::Small => "/",
        Request::Browser => {
            for field in browser_fields() {
                wrk.args(["-H", &field]);
            }
            "/page"
        }
    };
    let text = process::output(wrk.arg(format!("http://{}{path}", site.server)))?;
    parse(&text).with_context(|| format!("wrk said:\n{text}"))
}

fn run_http2(site: &Site, seconds: u32) -> Result<Load> {
    let program = process::find_program("h2load").context("h2load is missing")?;
    let mut h2load = command(program, Cpu::Load);
    h2load.args(["-t1", "-c8", "-m32", &format!("-D{seconds}")]).stderr(Stdio::inherit());
    let text = process::output(h2load.arg(format!("http://{}/", site.http2)))?;
    parse_http2(&text).with_context(|| format!("h2load said:\n{text}"))
}

fn parse_http2(text: &str) -> Option<Load> {
    let line = text.lines().find_map(|line| line.strip_prefix("finished in "))?;
    let rate = line.split(", ").find_map(|part| part.strip_suffix(" req/s"))?;
    let counts = text.lines().find_map(|line| line.strip_prefix("requests: "))?;
    let done = counts.split(", ").find_map(|part| part.strip_suffix(" succeeded"))?;
    let (requests, per_second) = (done.trim().parse().ok()?, rate.trim().parse().ok()?);
    (requests > 0.0).then_some(Load { requests, per_second })
}

fn parse(text: &str) -> Option<Load> {
    let requests = text.lines().find_map(|line| line.split_once(" requests in "))?.0;
    let rate = text.lines().find_map(|line| line.strip_prefix("Requests/sec:"))?;
    let (requests, per_second) = (requests.trim().parse().ok()?, rate.trim().parse().ok()?);
    (requests > 0.0).then_some(Load { requests, per_second })
}

/// A head of about 700 bytes.
fn browser_fields() -> [String; 8] {
    [
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/126.0.0.0 Safari/537.36",
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,\
         */*;q=0.8",
        "Accept-Encoding: gzip, deflate, br",
        "Accept-Language: en-GB,en;q=0.9,de;q=0.8",
        "Cache-Control: max-age=0",
        "Referer: http://localhost/statements/overview?month=2026-01&view=compact",
        "Upgrade-Insecure-Requests: 1",
        &format!("Cookie: session={}; theme=light", "0123456789abcdef".repeat(14)),
    ]
    .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_of_wrk_is_read() {
        let text = "Running 1s test @ http://x\n  1 threads and 32 connections\n\
                    \x20 46045 requests in 1.10s, 10.98MB read\nRequests/sec:  41859.13\n";
        assert_eq!(parse(text), Some(Load { requests: 46045.0, per_second: 41859.13 }));
        assert_eq!(parse("  0 requests in 1.00s, 0B read\nRequests/sec:  0.00\n"), None);
        assert_eq!(parse(""), None);
        let text = "finished in 1.00s, 91539.05 req/s, 19.65MB/s\n\
                    requests: 10100 total, 10000 started, 10000 done, 10000 succeeded, 0 failed\n";
        assert_eq!(parse_http2(text), Some(Load { requests: 10_000.0, per_second: 91_539.05 }));
        assert_eq!(parse_http2(""), None);
    }

    #[test]
    fn the_head_of_a_browser_is_of_the_size_that_peers_were_measured_with() {
        let start = "GET /page HTTP/1.1\r\nHost: 127.0.0.1:12345\r\n\r\n".len();
        let bytes: usize = browser_fields().iter().map(|field| field.len() + 2).sum();
        assert!((680..=730).contains(&(start + bytes)), "{}", start + bytes);
    }
}
