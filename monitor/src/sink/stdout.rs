//! JSON lines to standard output. A thread writes; when it falls behind, whole
//! lines are dropped, counted and said as a record of loss as soon as there is room again;
//! the capture loop never waits.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::record_type::RecordTypes;
use super::{Sink, json};
use crate::capture::status::CaptureStatus;
use crate::pipeline::output::Output;
use crate::pipeline::stats::Stats;
use missed::Missed;
use queue::{LineQueue, Lines};

/// What was dropped and not said yet.
mod missed;
/// The bounded queue between the capture loop and the writing thread.
mod queue;
/// The writing thread.
mod writer;

/// Bytes of lines that may wait for a slow reader.
pub const QUEUE_BYTES: usize = 8 * 1024 * 1024;

/// How long an ending sink waits for its reader to take what is queued.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// Writes outputs as JSON lines, after the header line.
#[derive(Debug)]
pub struct StdoutSink {
    records: RecordTypes,
    lines: Lines,
    queue: Arc<LineQueue>,
    dropped: u64,
    missed: Missed,
    thread: Option<JoinHandle<()>>,
}

impl StdoutSink {
    /// A sink to standard output, of the record types of a set.
    ///
    /// # Errors
    ///
    /// Standard output is closed, or no thread can be started.
    pub fn stdout(records: RecordTypes) -> io::Result<Self> {
        // A descriptor of its own: the handle of the standard library would add a
        // lock and a buffer that ends at every newline.
        let stdout = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        Self::new(stdout, records, QUEUE_BYTES)
    }

    /// A sink to any file descriptor; at most `queue_bytes` of lines wait for it.
    ///
    /// # Errors
    ///
    /// No thread can be started.
    pub fn new<W>(to: W, records: RecordTypes, queue_bytes: usize) -> io::Result<Self>
    where
        W: Write + AsFd + Send + 'static,
    {
        let mut header = Vec::new();
        json::write_header(&mut header);
        let queue = Arc::new(LineQueue::new(header, queue_bytes));
        let reader = Arc::clone(&queue);
        let thread = thread::Builder::new()
            .name("stdout".to_owned())
            .spawn(move || writer::run(&reader, to))?;
        Ok(Self {
            records,
            lines: Lines::default(),
            queue,
            dropped: 0,
            missed: Missed::default(),
            thread: Some(thread),
        })
    }
}

impl Sink for StdoutSink {
    fn accept(&mut self, outputs: &[Output]) {
        self.lines.clear();
        let said = self.missed.report();
        if let Some(loss) = &said {
            self.lines.push(loss);
        }
        for output in outputs.iter().filter(|output| self.records.wants(output)) {
            self.lines.push(output);
        }
        if self.lines.is_empty() {
            return;
        }
        let unqueued = self.queue.push(&self.lines);
        let dropped = if said.is_none() {
            unqueued
        } else if unqueued < self.lines.len() {
            self.missed.forget();
            unqueued
        } else {
            unqueued - 1 // the record of loss itself had no room
        };
        self.dropped += dropped;
        self.missed.count(dropped);
    }

    /// Says what was dropped even where nothing comes after it.
    fn observe(&mut self, _stats: &Stats, _status: &CaptureStatus) {
        if self.missed.report().is_some() {
            self.accept(&[]);
        }
    }

    /// The pipe is closed, or writing failed: from then on every line is dropped.
    fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }

    fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// Waits a moment for the rest to be written; a reader that is stuck is left behind.
impl Drop for StdoutSink {
    fn drop(&mut self) {
        let missed = self.missed.report().map(|loss| {
            let mut line = Vec::new();
            json::write_line(&loss, &mut line);
            line
        });
        let drained = self.queue.finish(missed.as_deref().unwrap_or_default(), DRAIN_TIMEOUT);
        if let Some(thread) = self.thread.take().filter(|_| drained) {
            // A panic of the writing thread was already reported by its hook.
            let _ended = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
