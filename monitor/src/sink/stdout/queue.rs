//! The bounded queue between the capture loop and the writing thread.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::pipeline::output::Output;
use crate::sink::json;

/// Capacity that an emptied buffer keeps.
const KEPT_BYTES: usize = 256 * 1024;

/// Formatted lines of one turn.
#[derive(Debug, Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    /// Where each line ends in `bytes`.
    ends: Vec<usize>,
}

impl Lines {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
        self.ends.clear();
    }

    pub(super) fn push(&mut self, output: &Output) {
        json::write_line(output, &mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(super) fn len(&self) -> u64 {
        self.ends.len() as u64
    }
}

/// Lines that wait to be written. What is being written counts against the bound.
#[derive(Debug)]
pub(super) struct LineQueue {
    state: Mutex<State>,
    changed: Condvar,
    capacity: usize,
}

#[derive(Debug)]
struct State {
    waiting: Vec<u8>,
    being_written: usize,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// No more lines come; what waits is still written.
    Finishing,
    /// Nothing is written any more.
    Closed,
}

impl LineQueue {
    /// A queue that starts with a header and holds at most `capacity` bytes beside it.
    pub(super) fn new(header: Vec<u8>, capacity: usize) -> Self {
        let capacity = capacity.saturating_add(header.len());
        let state = State { waiting: header, being_written: 0, phase: Phase::Open };
        Self { state: Mutex::new(state), changed: Condvar::new(), capacity }
    }

    /// Queues whole lines, and gives the number of those that had no room.
    pub(super) fn push(&self, lines: &Lines) -> u64 {
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return lines.len();
        }
        let room = self.capacity.saturating_sub(state.waiting.len() + state.being_written);
        let fitting = lines.ends.partition_point(|end| *end <= room);
        let end = fitting.checked_sub(1).and_then(|last| lines.ends.get(last)).copied();
        if let Some(taken) = end.and_then(|end| lines.bytes.get(..end)) {
            state.waiting.extend_from_slice(taken);
            self.changed.notify_all();
        }
        (lines.ends.len() - fitting) as u64
    }

    /// Swaps what waits into an empty buffer, blocking until there is something;
    /// `None` once nothing more will come.
    pub(super) fn take(&self, mut empty: Vec<u8>) -> Option<Vec<u8>> {
        empty.clear();
        empty.shrink_to(KEPT_BYTES);
        let mut state = self.lock();
        state.being_written = 0;
        while state.waiting.is_empty() && state.phase == Phase::Open {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.waiting.is_empty() || state.phase == Phase::Closed {
            state.phase = Phase::Closed;
            self.changed.notify_all();
            return None;
        }
        std::mem::swap(&mut state.waiting, &mut empty);
        state.being_written = empty.len();
        Some(empty)
    }

    /// Whether nothing waits.
    pub(super) fn is_drained(&self) -> bool {
        self.lock().waiting.is_empty()
    }

    /// Ends the queue: nobody reads any more.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.phase = Phase::Closed;
        state.waiting = Vec::new();
        state.being_written = 0;
        self.changed.notify_all();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().phase == Phase::Closed
    }

    /// Takes a last line, whatever its room, and no more, and waits until the rest is
    /// written; gives whether it was.
    pub(super) fn finish(&self, last: &[u8], timeout: Duration) -> bool {
        let mut state = self.lock();
        if state.phase == Phase::Open {
            state.waiting.extend_from_slice(last);
            state.phase = Phase::Finishing;
        }
        self.changed.notify_all();
        let (state, _) = self
            .changed
            .wait_timeout_while(state, timeout, |state| state.phase != Phase::Closed)
            .unwrap_or_else(PoisonError::into_inner);
        state.phase == Phase::Closed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
