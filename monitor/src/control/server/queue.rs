//! Lines that wait for a client to read them. Bounded, and of whole lines.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Write};
use std::sync::Arc;

use crate::pipeline::output::Output;
use crate::sink::json;

/// Bytes of lines that may wait for a client.
pub(super) const QUEUE_BYTES: usize = 1024 * 1024;

/// Lines that one call writes.
const LINES_AT_ONCE: usize = 64;

/// A line with its end, shared by all who want it.
pub(super) type Line = Arc<[u8]>;

/// Encodes outputs.
#[derive(Debug, Default)]
pub(super) struct Lines {
    scratch: Vec<u8>,
}

impl Lines {
    /// One output as a line.
    pub(super) fn encode(&mut self, output: &Output) -> Line {
        self.scratch.clear();
        json::write_line(output, &mut self.scratch);
        Arc::from(self.scratch.as_slice())
    }
}

/// What a queue says to one more line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    Queued,
    NoRoom,
}

/// What is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Only what comes before the lines.
    Front,
    All,
}

/// What waits to be written to one client.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Whole lines that come before the others: answers and snapshots.
    front: Vec<u8>,
    front_written: usize,
    lines: VecDeque<Line>,
    /// Of the first line.
    line_written: usize,
    /// Of all lines.
    bytes: usize,
    is_blocked: bool,
}

impl Queue {
    /// Queues whole lines before all others, whatever their size.
    pub(super) fn push_front(&mut self, lines: &[u8]) {
        self.front.extend_from_slice(lines);
    }

    /// Queues a line where there is room.
    pub(super) fn push(&mut self, line: &Line) -> Pushed {
        if self.bytes + line.len() > QUEUE_BYTES {
            return Pushed::NoRoom;
        }
        self.bytes += line.len();
        self.lines.push_back(Arc::clone(line));
        Pushed::Queued
    }

    /// Whether a client has read half of what may wait, so that it is worth telling it
    /// what it did not get.
    pub(super) const fn is_roomy(&self) -> bool {
        self.bytes <= QUEUE_BYTES / 2
    }

    #[cfg(test)]
    pub(super) const fn waiting_bytes(&self) -> usize {
        self.front.len() + self.bytes
    }

    pub(super) const fn is_front_empty(&self) -> bool {
        self.front.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.front.is_empty() && self.lines.is_empty()
    }

    /// Whether the socket took less than it was given.
    pub(super) const fn is_blocked(&self) -> bool {
        self.is_blocked
    }

    /// The socket may take more.
    pub(super) const fn unblock(&mut self) {
        self.is_blocked = false;
    }

    /// Writes as much as the socket takes; how much that was.
    pub(super) fn write(&mut self, part: Part, mut to: impl Write) -> io::Result<usize> {
        let mut written = 0;
        while !self.is_blocked {
            let result = if !self.front.is_empty() {
                to.write(self.front.get(self.front_written..).unwrap_or_default())
            } else if part == Part::All && !self.lines.is_empty() {
                to.write_vectored(&self.slices())
            } else {
                break;
            };
            match result {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    written += count;
                    self.advance(count);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.is_blocked = true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }

    fn slices(&self) -> Vec<IoSlice<'_>> {
        let skipped = [self.line_written].into_iter().chain(std::iter::repeat(0));
        let lines = self.lines.iter().zip(skipped).take(LINES_AT_ONCE);
        lines.map(|(line, skip)| IoSlice::new(line.get(skip..).unwrap_or_default())).collect()
    }

    fn advance(&mut self, mut count: usize) {
        if !self.front.is_empty() {
            self.front_written += count;
            if self.front_written >= self.front.len() {
                self.front = Vec::new();
                self.front_written = 0;
            }
            return;
        }
        while let Some(line) = self.lines.front() {
            let left = line.len() - self.line_written;
            if count < left {
                self.line_written += count;
                return;
            }
            count -= left;
            self.bytes -= line.len();
            self.line_written = 0;
            self.lines.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a few bytes at a time, then none until it is asked again.
    struct Slow {
        taken: Vec<u8>,
        at_once: usize,
        is_full: bool,
    }

    impl Write for &mut Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.is_full = !self.is_full;
            if !self.is_full {
                return Err(ErrorKind::WouldBlock.into());
            }
            let count = bytes.len().min(self.at_once);
            self.taken.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
            let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
            self.write(&all)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_come_out_whole_and_in_order_however_little_is_taken() {
        for at_once in 1..40 {
            let mut queue = Queue::default();
            let mut slow = Slow { taken: Vec::new(), at_once, is_full: false };
            queue.push_front(b"header\n");
            for number in 0..100 {
                let line: Line = Arc::from(format!("line {number}\n").into_bytes());
                assert_eq!(queue.push(&line), Pushed::Queued);
            }
            queue.write(Part::Front, &mut slow).unwrap();
            assert!(b"header\n".starts_with(slow.taken.as_slice()));
            while !queue.is_empty() {
                queue.unblock();
                queue.write(Part::All, &mut slow).unwrap();
            }
            let expected: String = (0..100).map(|number| format!("line {number}\n")).collect();
            assert_eq!(String::from_utf8(slow.taken).unwrap(), format!("header\n{expected}"));
            assert_eq!(queue.bytes, 0);
        }
    }

    #[test]
    fn a_full_queue_takes_no_line() {
        let mut queue = Queue::default();
        let line: Line = Arc::from(vec![b'x'; QUEUE_BYTES / 4]);
        let pushed: Vec<_> = (0..5).map(|_| queue.push(&line)).collect();
        assert_eq!(pushed[3..], [Pushed::Queued, Pushed::NoRoom]);
        assert!(!queue.is_roomy());
        let mut out = Vec::new();
        queue.write(Part::All, &mut out).unwrap();
        assert_eq!(out.len(), QUEUE_BYTES);
        assert!(queue.is_roomy());
    }
}
