//! One server and one client, a thread each, over loopback: a new connection for each
//! exchange.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::bench::clock;

/// A connection without an answer for this long is broken.
const PATIENCE: Duration = Duration::from_secs(20);

/// Makes connections at this rate for so long, or more slowly where the host is busy; how
/// many exchanges there were. Each is answered with this status.
pub(super) fn run(status: u16, rate: u32, period: Duration) -> Result<u64> {
    let response = format!("HTTP/1.1 {status} Soaked\r\nContent-Length: 2\r\n\r\n{{}}");
    let expected = response.clone();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    // It ends with this process.
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // The client says what broke.
            let _ = answer(stream, &response);
        }
    });
    let start = clock::now();
    let gap = Duration::from_secs(1) / rate;
    let mut made = 0;
    let mut scheduled = start;
    while start.elapsed() < period {
        ask(address, made, &expected).with_context(|| format!("exchange {made}"))?;
        made += 1;
        // What a busy host could not do in time is not made up for by a burst.
        scheduled = (scheduled + gap).max(clock::now());
        thread::sleep(scheduled.saturating_duration_since(clock::now()));
    }
    Ok(made)
}

/// The client closes first, so that it is its ports that wait, which it may use again.
fn ask(server: SocketAddr, number: u64, expected: &str) -> Result<()> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream
        .write_all(format!("GET /accounts/{number} HTTP/1.1\r\nHost: soak\r\n\r\n").as_bytes())?;
    let mut bytes = [0; 256];
    let read = stream.read(&mut bytes)?;
    ensure!(bytes[..read] == *expected.as_bytes(), "the loopback cut a response");
    Ok(())
}

fn answer(mut stream: TcpStream, response: &str) -> Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut bytes = [0; 256];
    if stream.read(&mut bytes)? > 0 {
        stream.write_all(response.as_bytes())?;
        let rest = stream.read(&mut bytes)?;
        ensure!(rest == 0, "a client does not close");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exchanges_are_made_and_counted() {
        assert!(run(200, 1000, Duration::from_millis(50)).unwrap() > 0);
    }
}
