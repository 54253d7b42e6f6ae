//! Saves what was learned, and until when there was a watch, from a thread of its own: a
//! disk that is slow, full or gone holds up no capture.

use std::fmt::Display;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use super::state::{self, Learned, StateError};
use super::watched::WatchedFile;
use crate::clock::{self, BootTime};
use crate::config::StateConfig;
use crate::control::status::SaveOutcome;
use crate::pipeline::time::Timestamp;

/// Time between two savings of what was learned.
const INTERVAL: Duration = Duration::from_secs(300);
/// Time between two savings where findings were opened or resolved meanwhile.
const FINDINGS_INTERVAL: Duration = Duration::from_secs(30);
/// Time until another attempt after one that failed.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);
/// Time between two savings of until when there was a watch: so much of it a daemon that is
/// killed leaves unsaid.
const WATCHED_INTERVAL: Duration = Duration::from_secs(5);

/// Saves to three files.
pub(super) struct Saver {
    /// At most one state waits.
    states: SyncSender<Learned>,
    /// Closed when the thread has ended.
    ended: Receiver<()>,
    shared: Arc<Shared>,
    saved: Timestamp,
    /// What of [`super::engine::Engine::finding_changes`] is saved.
    saved_changes: u64,
}

struct Shared {
    /// Until when there was a watch, as a [`BootTime`].
    watched: AtomicU64,
    learned: Outcome,
    marks: Outcome,
}

/// How saving one of the files goes.
struct Outcome {
    what: &'static str,
    failures: AtomicU64,
    is_failing: AtomicBool,
}

impl Saver {
    /// Starts the thread; the watch began at `began`. Without `watched`, nothing is saved of
    /// until when there was one.
    pub(super) fn start(
        config: &StateConfig,
        watched: Option<WatchedFile>,
        began: BootTime,
    ) -> io::Result<Self> {
        let (states, next) = sync_channel(1);
        let (ending, ended) = channel();
        let shared = Arc::new(Shared {
            watched: AtomicU64::new(began.0),
            learned: Outcome::new("What was learned"),
            marks: Outcome::new("The time of the last watch"),
        });
        let writer = Writer {
            baseline: config.baseline_file(),
            findings: config.findings_file(),
            watched,
            shared: Arc::clone(&shared),
            marked: None,
            _ending: ending,
        };
        thread::Builder::new().name("state".to_owned()).spawn(move || writer.run(&next))?;
        Ok(Self { states, ended, shared, saved: clock::monotonic(), saved_changes: 0 })
    }

    /// Says that there is a watch now. It is saved every few seconds and with each state.
    pub(super) fn watched(&self, now: BootTime) {
        self.shared.watched.store(now.0, Ordering::Relaxed);
    }

    /// Whether it is time to save what was learned: now and then, earlier where findings
    /// have changed since, and soon after a failure.
    pub(super) fn is_due(&self, finding_changes: u64, now: Timestamp) -> bool {
        let interval = if self.shared.learned.is_failing() {
            RETRY_INTERVAL
        } else if finding_changes != self.saved_changes {
            FINDINGS_INTERVAL
        } else {
            INTERVAL
        };
        now.since(self.saved) >= interval
    }

    /// Saves what stands after so many changes of findings; never waits.
    pub(super) fn save(&mut self, state: Learned, finding_changes: u64, now: Timestamp) {
        (self.saved, self.saved_changes) = (now, finding_changes);
        if self.states.try_send(state).is_err() {
            self.shared.learned.fail(&"the one before it is still being written");
        }
    }

    /// Whether the last attempt failed, of either file.
    pub(super) fn is_failing(&self) -> bool {
        self.shared.learned.is_failing() || self.shared.marks.is_failing()
    }

    /// How the last attempt went.
    pub(super) fn outcome(&self) -> SaveOutcome {
        if self.is_failing() { SaveOutcome::Failed } else { SaveOutcome::Succeeded }
    }

    /// Attempts that failed so far, of either file.
    pub(super) fn failures(&self) -> u64 {
        self.shared.learned.failures() + self.shared.marks.failures()
    }

    /// Waits until what was to be saved is, at most so long.
    pub(super) fn finish(self, patience: Duration) {
        drop(self.states);
        if self.ended.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("What was learned last is not saved: the disk does not answer.");
        }
    }
}

impl Outcome {
    const fn new(what: &'static str) -> Self {
        Self { what, failures: AtomicU64::new(0), is_failing: AtomicBool::new(false) }
    }

    fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed)
    }

    fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    fn note(&self, saved: Result<(), StateError>) {
        match saved {
            Ok(()) => self.succeed(),
            Err(error) => self.fail(&error),
        }
    }

    /// Said when it begins, and counted each time.
    fn fail(&self, why: &dyn Display) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        if !self.is_failing.swap(true, Ordering::Relaxed) {
            tracing::warn!(error = %why, "{} cannot be saved; it is tried again.", self.what);
        }
    }

    fn succeed(&self) {
        if self.is_failing.swap(false, Ordering::Relaxed) {
            tracing::info!("{} can be saved again.", self.what);
        }
    }
}

/// The thread.
struct Writer {
    baseline: PathBuf,
    findings: PathBuf,
    watched: Option<WatchedFile>,
    shared: Arc<Shared>,
    /// What of the watch is saved.
    marked: Option<BootTime>,
    /// Closed when the thread ends, whatever ends it.
    _ending: Sender<()>,
}

impl Writer {
    /// The mark goes first: it is small, and an end does not wait for long.
    fn run(mut self, next: &Receiver<Learned>) {
        loop {
            self.mark();
            match next.recv_timeout(WATCHED_INTERVAL) {
                Ok(state) => {
                    self.mark();
                    self.shared.learned.note(self.save(&state));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.mark(),
            }
        }
    }

    /// Each where it can be, even where the other cannot.
    fn save(&self, learned: &Learned) -> Result<(), StateError> {
        let findings = state::save(&self.findings, &learned.findings);
        state::save(&self.baseline, &learned.baseline).and(findings)
    }

    /// Where the loop of the daemon does not turn, nobody watches and there is nothing new.
    fn mark(&mut self) {
        let watched = BootTime(self.shared.watched.load(Ordering::Relaxed));
        if let Some(file) = &self.watched
            && self.marked != Some(watched)
        {
            let saved = file.save(watched);
            self.marked = saved.is_ok().then_some(watched);
            self.shared.marks.note(saved);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// Both files hold the same.
    fn learned(bytes: &[u8]) -> Learned {
        Learned { baseline: bytes.to_vec(), findings: bytes.to_vec() }
    }

    fn config(directory: &Path) -> StateConfig {
        StateConfig { directory: directory.to_owned() }
    }

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
        let mut saver = Saver::start(&config(&place), None, clock::boot()).unwrap();
        let start = saver.saved;
        for (changes, after, is_due) in [
            (0, RETRY_INTERVAL, false),
            (0, FINDINGS_INTERVAL, false),
            (0, INTERVAL, true),
            (1, RETRY_INTERVAL, false),
            (1, FINDINGS_INTERVAL, true),
        ] {
            assert_eq!(saver.is_due(changes, start.plus(after)), is_due, "{changes}, {after:?}");
        }
        for failures in 1..=2 {
            saver.save(learned(b"x"), 1, start);
            wait_until(|| saver.failures() == failures);
        }
        assert!(saver.is_failing() && saver.is_due(1, start.plus(RETRY_INTERVAL)));
        fs::remove_file(&place).unwrap();
        saver.save(learned(b"y"), 1, start);
        wait_until(|| !saver.is_failing());
        saver.save(learned(b"z"), 1, start);
        saver.finish(PATIENCE);
        for name in ["baseline", "findings"] {
            assert_eq!(fs::read(place.join(name)).unwrap(), b"z");
        }
    }

    fn gap(file: &WatchedFile, began: BootTime) -> Duration {
        file.gap(began).unwrap().expect("a mark").duration.expect("a length")
    }

    #[test]
    fn until_when_there_was_a_watch_is_saved_at_the_start_and_with_each_state() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("watched");
        let reader = WatchedFile::new(path.clone()).unwrap();
        let at = |seconds: u64| BootTime(seconds * 1_000_000_000);
        let file = WatchedFile::new(path.clone()).unwrap();
        let mut saver = Saver::start(&config(directory.path()), Some(file), at(100)).unwrap();
        wait_until(|| path.exists());
        assert_eq!(gap(&reader, at(107)), Duration::from_secs(7));
        saver.watched(at(105));
        saver.save(learned(b"x"), 1, clock::monotonic());
        saver.finish(PATIENCE);
        assert_eq!(gap(&reader, at(107)), Duration::from_secs(2));
        let mut names: Vec<_> =
            fs::read_dir(directory.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["baseline", "findings", "watched"], "no temporary file stays");
    }

    #[test]
    fn a_mark_that_cannot_be_saved_is_counted_and_holds_up_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("state");
        fs::write(&place, "").unwrap();
        let file = WatchedFile::new(place.join("watched")).unwrap();
        let mut saver = Saver::start(&config(directory.path()), Some(file), BootTime(1)).unwrap();
        wait_until(|| saver.failures() > 0);
        assert!(saver.is_failing());
        assert!(!saver.is_due(0, saver.saved.plus(RETRY_INTERVAL)), "the other file is in order");
        saver.save(learned(b"x"), 1, clock::monotonic());
        saver.finish(PATIENCE);
        assert_eq!(fs::read(directory.path().join("baseline")).unwrap(), b"x");
    }

    #[test]
    fn one_file_is_saved_where_the_other_cannot_be() {
        for (broken, whole) in [("baseline", "findings"), ("findings", "baseline")] {
            let directory = tempfile::tempdir().unwrap();
            fs::create_dir(directory.path().join(broken)).unwrap();
            let mut saver = Saver::start(&config(directory.path()), None, BootTime(1)).unwrap();
            saver.save(learned(b"x"), 0, clock::monotonic());
            wait_until(|| saver.failures() == 1);
            saver.finish(PATIENCE);
            assert_eq!(fs::read(directory.path().join(whole)).unwrap(), b"x", "{broken}");
        }
    }
}
