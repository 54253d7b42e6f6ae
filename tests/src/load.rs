//! A client that never rests, and counts what fails.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use crate::PATIENCE;

/// Requests on a connection, after which a new one is opened.
const KEPT_ALIVE: u32 = 100;

/// A client in a thread of this process, one request after the other, until it is finished.
pub struct Load {
    counts: Arc<Counts>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Counts {
    exchanges: AtomicU64,
    failures: AtomicU64,
    is_over: AtomicBool,
}

impl Load {
    /// Starts to ask a server for `/`.
    #[must_use]
    pub fn start(server: SocketAddr) -> Self {
        let counts = Arc::new(Counts::default());
        let shared = Arc::clone(&counts);
        let thread = Some(std::thread::spawn(move || shared.ask(server)));
        Self { counts, thread }
    }

    /// Requests that were answered with 200 so far.
    #[must_use]
    pub fn exchanges(&self) -> u64 {
        self.counts.exchanges.load(Ordering::Relaxed)
    }

    /// Connections that broke or were refused, and answers that were not 200, so far.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.counts.failures.load(Ordering::Relaxed)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.counts.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Counts {
    fn ask(&self, server: SocketAddr) {
        while !self.is_over.load(Ordering::Relaxed) {
            if self.keep_alive(server).is_none() {
                self.failures.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// One connection; none where it does not do what it should.
    fn keep_alive(&self, server: SocketAddr) -> Option<()> {
        let mut stream = TcpStream::connect(server).ok()?;
        stream.set_nodelay(true).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        for _ in 0..KEPT_ALIVE {
            if self.is_over.load(Ordering::Relaxed) {
                break;
            }
            stream.write_all(b"GET / HTTP/1.1\r\nHost: load\r\n\r\n").ok()?;
            read_response(&mut reader)?;
            self.exchanges.fetch_add(1, Ordering::Relaxed);
        }
        Some(())
    }
}

/// Reads a response with a length, which has to be 200.
fn read_response(reader: &mut impl BufRead) -> Option<()> {
    let mut lines = reader.by_ref().lines().map_while(Result::ok);
    let is_fine = lines.next()?.starts_with("HTTP/1.1 200 ");
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let length = head.iter().find_map(|line| line.strip_prefix("Content-Length: "))?;
    let mut body = vec![0; length.trim().parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    is_fine.then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_whole_200_is_a_failure() {
        for (response, is_fine) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true),
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", false),
            ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2\r\n\r\nno", false),
            ("HTTP/1.1 200 OK\r\n\r\n", false),
            ("", false),
        ] {
            assert_eq!(read_response(&mut response.as_bytes()).is_some(), is_fine, "{response}");
        }
    }
}
