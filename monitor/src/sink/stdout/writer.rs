//! The writing thread.

use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, poll};

use super::queue::LineQueue;

/// Writes what is queued until the queue ends or writing fails.
pub(super) fn run<W: Write + AsFd>(queue: &LineQueue, mut to: W) {
    let mut buffer = Vec::new();
    while let Some(lines) = queue.take(buffer) {
        if write_all(&mut to, &lines).is_err() || flush_if_drained(queue, &mut to).is_err() {
            queue.close();
            return;
        }
        buffer = lines;
    }
}

fn flush_if_drained<W: Write>(queue: &LineQueue, to: &mut W) -> io::Result<()> {
    if queue.is_drained() { to.flush() } else { Ok(()) }
}

/// Like [`Write::write_all`], and waits where a descriptor shared with another
/// program was made non-blocking by it.
fn write_all<W: Write + AsFd>(to: &mut W, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match to.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => wait_writable(to)?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn wait_writable<W: AsFd>(to: &W) -> io::Result<()> {
    match poll(&mut [PollFd::new(to, PollFlags::OUT)], None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
