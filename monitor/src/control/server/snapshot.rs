//! All that is known, on its way to clients. It may be large, so it is kept once, as
//! outputs, and each client takes from it as it reads.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::queue::Queue;
use super::request;
use super::session::Session;
use crate::control::protocol::Notice;
use crate::pipeline::output::Output;
use crate::pipeline::time::Timestamp;
use crate::sink::json;

/// Least time between two snapshots: each walks over everything that is known.
const INTERVAL: Duration = Duration::from_secs(1);

/// Snapshots that clients are still reading at most, for each takes memory.
const MOST: usize = 4;

/// A client that reads nothing of its snapshot for so long is given up: it keeps all of
/// it in memory.
const STALL: Duration = Duration::from_secs(10);

/// Bytes encoded at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Asks for snapshots and hands them out.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    is_asked: bool,
    last: Option<Timestamp>,
    read: Vec<Weak<Vec<Output>>>,
}

impl Snapshots {
    /// Whether one is to be asked for.
    pub(super) fn is_due(&mut self, sessions: &[Session], now: Timestamp) -> bool {
        self.read.retain(|snapshot| snapshot.strong_count() > 0);
        self.deadline(sessions).is_some_and(|deadline| deadline <= now)
    }

    /// When the next one may be asked for; none where nobody waits for one or too many
    /// are still being read.
    pub(super) fn deadline(&self, sessions: &[Session]) -> Option<Timestamp> {
        if self.is_asked || self.read.len() >= MOST {
            return None;
        }
        let is_awaited = sessions.iter().any(Session::awaits_snapshot);
        is_awaited.then(|| self.last.map_or(Timestamp::default(), |last| last.plus(INTERVAL)))
    }

    /// One is asked for now, for all who wait now: what comes after it reaches them all.
    pub(super) fn ask(&mut self, sessions: &mut [Session], now: Timestamp) {
        self.is_asked = true;
        self.last = Some(now);
        sessions.iter_mut().for_each(Session::note_snapshot_asked);
    }

    /// Hands one out to all for whom it was asked.
    pub(super) fn deliver(
        &mut self,
        outputs: Vec<Output>,
        sessions: &mut [Session],
        now: Timestamp,
    ) {
        self.is_asked = false;
        let outputs = Arc::new(outputs);
        self.read.push(Arc::downgrade(&outputs));
        for session in sessions {
            session.give_snapshot(&outputs, now);
        }
    }
}

/// A client's place in a snapshot.
#[derive(Debug)]
pub(super) struct Reading {
    outputs: Arc<Vec<Output>>,
    next: usize,
    /// When the client took something last.
    taken: Timestamp,
}

/// How far a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    More,
    Finished,
}

impl Reading {
    pub(super) fn new(outputs: &Arc<Vec<Output>>, now: Timestamp) -> Self {
        Self { outputs: Arc::clone(outputs), next: 0, taken: now }
    }

    pub(super) const fn note_taken(&mut self, now: Timestamp) {
        self.taken = now;
    }

    /// When the client is given up unless it takes something.
    pub(super) const fn deadline(&self) -> Timestamp {
        self.taken.plus(STALL)
    }

    /// Queues the next chunk of what is wanted, and the notice of the end after the last.
    pub(super) fn refill(
        &mut self,
        queue: &mut Queue,
        wants: impl Fn(&Output) -> bool,
    ) -> Progress {
        let mut chunk = Vec::new();
        while let Some(output) = self.outputs.get(self.next) {
            if chunk.len() >= CHUNK_BYTES {
                queue.push_front(&chunk);
                return Progress::More;
            }
            if wants(output) {
                json::write_line(output, &mut chunk);
            }
            self.next += 1;
        }
        chunk.extend(request::notice(&Notice::SnapshotEnd));
        queue.push_front(&chunk);
        Progress::Finished
    }
}
