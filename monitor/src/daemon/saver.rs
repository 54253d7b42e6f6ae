//! Saves what was learned from a thread of its own: a disk that is slow, full or gone holds
//! up no capture.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use super::state;
use crate::clock;
use crate::control::status::SaveOutcome;
use crate::pipeline::time::Timestamp;

/// Time between two savings.
const INTERVAL: Duration = Duration::from_secs(300);
/// Time until another attempt after one that failed.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// Saves to one file.
pub(super) struct Saver {
    /// At most one state waits.
    states: SyncSender<Vec<u8>>,
    /// Closed when the thread has ended.
    ended: Receiver<()>,
    counts: Arc<Counts>,
    saved: Timestamp,
}

#[derive(Default)]
struct Counts {
    failures: AtomicU64,
    is_failing: AtomicBool,
}

impl Saver {
    /// Starts the thread.
    pub(super) fn start(file: PathBuf) -> io::Result<Self> {
        let (states, next) = sync_channel(1);
        let (ending, ended) = channel();
        let counts = Arc::<Counts>::default();
        let shared = Arc::clone(&counts);
        thread::Builder::new()
            .name("state".to_owned())
            .spawn(move || run(&file, &next, &shared, &ending))?;
        Ok(Self { states, ended, counts, saved: clock::monotonic() })
    }

    /// Whether it is time to save: now and then, and soon after a failure.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let interval = if self.is_failing() { RETRY_INTERVAL } else { INTERVAL };
        now.since(self.saved) >= interval
    }

    /// Saves; never waits.
    pub(super) fn save(&mut self, state: Vec<u8>, now: Timestamp) {
        self.saved = now;
        if self.states.try_send(state).is_err() {
            self.counts.fail(&"the one before it is still being written");
        }
    }

    /// Whether the last attempt failed.
    pub(super) fn is_failing(&self) -> bool {
        self.counts.is_failing.load(Ordering::Relaxed)
    }

    /// How the last attempt went.
    pub(super) fn outcome(&self) -> SaveOutcome {
        if self.is_failing() { SaveOutcome::Failed } else { SaveOutcome::Succeeded }
    }

    /// Attempts that failed so far.
    pub(super) fn failures(&self) -> u64 {
        self.counts.failures.load(Ordering::Relaxed)
    }

    /// Waits until what was to be saved is, at most so long.
    pub(super) fn finish(self, patience: Duration) {
        drop(self.states);
        if self.ended.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("What was learned last is not saved: the disk does not answer.");
        }
    }
}

impl Counts {
    /// Said when it begins, and counted each time.
    fn fail(&self, why: &dyn std::fmt::Display) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        if !self.is_failing.swap(true, Ordering::Relaxed) {
            tracing::warn!(error = %why, "What was learned cannot be saved; it is tried again.");
        }
    }

    fn succeed(&self) {
        if self.is_failing.swap(false, Ordering::Relaxed) {
            tracing::info!("What was learned can be saved again.");
        }
    }
}

/// `_ending` is closed when the thread ends, whatever ends it.
fn run(file: &std::path::Path, next: &Receiver<Vec<u8>>, counts: &Counts, _ending: &Sender<()>) {
    for state in next {
        match state::save(file, &state) {
            Ok(()) => counts.succeed(),
            Err(error) => counts.fail(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn wait_until(is_so: impl Fn() -> bool) {
        while !is_so() {
            thread::yield_now();
        }
    }

    #[test]
    fn a_disk_that_fails_is_counted_and_tried_again_until_it_works() {
        let directory = tempfile::tempdir().unwrap();
        // A file where the directory should be.
        let place = directory.path().join("state");
        fs::write(&place, "").unwrap();
        let mut saver = Saver::start(place.join("baseline")).unwrap();
        let start = saver.saved;
        assert!(!saver.is_due(start.plus(RETRY_INTERVAL)));
        assert!(saver.is_due(start.plus(INTERVAL)));
        for failures in 1..=2 {
            saver.save(b"x".to_vec(), start);
            wait_until(|| saver.failures() == failures);
        }
        assert!(saver.is_failing() && saver.is_due(start.plus(RETRY_INTERVAL)));
        fs::remove_file(&place).unwrap();
        saver.save(b"y".to_vec(), start);
        wait_until(|| !saver.is_failing());
        saver.save(b"z".to_vec(), start);
        saver.finish(PATIENCE);
        assert_eq!(fs::read(place.join("baseline")).unwrap(), b"z");
    }
}
