//! From whoever sees the traffic to the terminal UI, without ever holding up a capture.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::capture::status::CaptureStatus;
use crate::pipeline::coverage::ProcessCoverage;
use crate::pipeline::output::Output;
use crate::pipeline::stats::Stats;
use crate::pipeline::time::WallTime;
use crate::sink::Sink;

/// Outputs that wait for the UI.
const WAITING: usize = 8_192;

/// A sink that feeds the terminal UI, and what the UI reads from it.
#[must_use]
pub fn channel() -> (TuiSink, Feed) {
    let (sender, receiver) = sync_channel(WAITING);
    let shared = Arc::new(Shared::default());
    let sink = TuiSink { items: sender, shared: Arc::clone(&shared) };
    (sink, Feed { items: receiver, shared })
}

/// What is told in order.
#[derive(Debug)]
enum Item {
    Output(Box<Output>),
    /// What follows is of a daemon that tells all it knows.
    Attached,
    /// It has told that; what follows is new.
    Known,
    Daemon(Daemon),
    Gone,
}

/// The daemon whose traffic is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daemon {
    /// Name of the host that it watches.
    pub host: String,
    /// Its version.
    pub version: String,
    /// When it started to watch.
    pub started: WallTime,
}

/// What has no order: only the newest counts.
#[derive(Debug, Default)]
struct Shared {
    latest: Mutex<Option<(Stats, CaptureStatus)>>,
    coverage: Mutex<Option<Vec<ProcessCoverage>>>,
    dropped: AtomicU64,
}

/// Feeds the terminal UI. Dropping it ends the UI.
#[derive(Debug)]
pub struct TuiSink {
    items: SyncSender<Item>,
    shared: Arc<Shared>,
}

impl TuiSink {
    /// Delivers outputs of whoever can wait for the UI; breaks where that is gone.
    pub fn deliver(&mut self, outputs: impl IntoIterator<Item = Output>) -> ControlFlow<()> {
        outputs.into_iter().try_for_each(|output| self.tell(Item::Output(output.into())))
    }

    /// What follows is of a daemon that tells all it knows; what was told before is over.
    pub(crate) fn attached(&mut self) -> ControlFlow<()> {
        self.shared.dropped.store(0, Ordering::Relaxed);
        *locked(&self.shared.latest) = None;
        *locked(&self.shared.coverage) = None;
        self.tell(Item::Attached)
    }

    /// All that is known was told; what follows is new.
    pub(crate) fn known(&mut self) -> ControlFlow<()> {
        self.tell(Item::Known)
    }

    /// Which daemon it is.
    pub(crate) fn introduce(&mut self, daemon: Daemon) -> ControlFlow<()> {
        self.tell(Item::Daemon(daemon))
    }

    /// The daemon is gone; another may come.
    pub(crate) fn gone(&mut self) -> ControlFlow<()> {
        self.tell(Item::Gone)
    }

    /// Outputs that did not come this far.
    pub(crate) fn missed(&mut self, outputs: u64) {
        self.shared.dropped.fetch_add(outputs, Ordering::Relaxed);
    }

    /// Waits for room; breaks where the UI is gone.
    fn tell(&self, item: Item) -> ControlFlow<()> {
        self.items.send(item).map_or(ControlFlow::Break(()), ControlFlow::Continue)
    }
}

impl Sink for TuiSink {
    fn accept(&mut self, outputs: &[Output]) {
        for output in outputs {
            match self.items.try_send(Item::Output(output.clone().into())) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => {
                    self.shared.dropped.fetch_add(1, Ordering::Relaxed);
                }
                // The UI was quit: nobody misses anything.
                Err(TrySendError::Disconnected(_)) => return,
            }
        }
    }

    fn observe(&mut self, stats: &Stats, status: &CaptureStatus) {
        // While the UI takes the last one, the next one will do.
        if let Ok(mut latest) = self.shared.latest.try_lock() {
            *latest = Some((stats.clone(), status.clone()));
        }
    }

    fn wants_coverage(&self) -> bool {
        true
    }

    fn cover(&mut self, processes: &[ProcessCoverage]) {
        if let Ok(mut coverage) = self.shared.coverage.try_lock() {
            *coverage = Some(processes.to_vec());
        }
    }

    fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

/// What the terminal UI reads; whoever holds the other end fills it.
#[derive(Debug)]
pub struct Feed {
    items: Receiver<Item>,
    shared: Arc<Shared>,
}

/// What a feed had to say.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// An output.
    Output(Box<Output>),
    /// What follows is of a daemon that tells all it knows.
    Attached,
    /// It has told that; what follows is new.
    Known,
    /// Which daemon it is.
    Daemon(Daemon),
    /// The daemon is gone.
    Gone,
    /// Nothing now.
    Quiet,
    /// Nothing any more.
    Ended,
}

impl Feed {
    /// The next output.
    pub(crate) fn next(&self) -> Next {
        match self.items.try_recv() {
            Ok(Item::Output(output)) => Next::Output(output),
            Ok(Item::Attached) => Next::Attached,
            Ok(Item::Known) => Next::Known,
            Ok(Item::Daemon(daemon)) => Next::Daemon(daemon),
            Ok(Item::Gone) => Next::Gone,
            Err(TryRecvError::Empty) => Next::Quiet,
            Err(TryRecvError::Disconnected) => Next::Ended,
        }
    }

    /// The newest counts, once.
    pub(crate) fn latest(&self) -> Option<(Stats, CaptureStatus)> {
        locked(&self.shared.latest).take()
    }

    /// The newest word on what was read of each process's traffic, once.
    pub(crate) fn coverage(&self) -> Option<Vec<ProcessCoverage>> {
        locked(&self.shared.coverage).take()
    }

    /// Outputs that did not reach the UI because it was too slow.
    pub(crate) fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::input::{Loss, LossReason, Stage};
    use crate::pipeline::output::LossReport;
    use crate::pipeline::time::{Timestamp, WallTime};

    fn output(count: u64) -> Output {
        let time = Timestamp(0);
        let loss =
            Loss { stage: Stage::DataRing, reason: LossReason::RingFull, count, since: time, time };
        Output::Loss(LossReport { loss, since: WallTime(0), time: WallTime(0) })
    }

    #[test]
    fn a_slow_reader_loses_the_newest_and_knows_how_many() {
        let (mut sink, feed) = channel();
        let outputs: Vec<_> = (0..WAITING as u64 + 5).map(output).collect();
        sink.accept(&outputs);
        assert_eq!((sink.dropped(), feed.dropped()), (5, 5));
        for expected in 0..WAITING as u64 {
            assert_eq!(feed.next(), Next::Output(Box::new(output(expected))));
        }
        assert_eq!(feed.next(), Next::Quiet);
        drop(sink);
        assert_eq!(feed.next(), Next::Ended);
    }

    #[test]
    fn a_replay_waits_for_its_reader() {
        let (mut sink, feed) = channel();
        let count = WAITING as u64 + 5;
        let reading = std::thread::spawn(move || {
            let sent = sink.deliver((0..count).map(output));
            (sent, sink.dropped())
        });
        let mut read = 0;
        while read < count {
            match feed.next() {
                Next::Output(next) => {
                    assert_eq!(*next, output(read));
                    read += 1;
                }
                Next::Quiet => std::thread::yield_now(),
                other => panic!("{other:?} after {read} of {count}"),
            }
        }
        assert_eq!(reading.join().unwrap(), (ControlFlow::Continue(()), 0));
        let (mut sink, feed) = channel();
        drop(feed);
        assert_eq!(sink.deliver([output(1)]), ControlFlow::Break(()));
    }

    #[test]
    fn counts_are_latest_wins() {
        let (mut sink, feed) = channel();
        for exchanges in 1..=3 {
            sink.observe(&Stats { exchanges, ..Stats::default() }, &CaptureStatus::default());
        }
        assert_eq!(feed.latest().map(|(stats, _)| stats.exchanges), Some(3));
        assert_eq!(feed.latest(), None);
        assert!(sink.wants_coverage());
        for connections in 1..=3 {
            sink.cover(&[ProcessCoverage {
                identity: "a.service".into(),
                connections,
                open: 0,
                moved: 0,
                captured: 0,
                uncaptured: std::collections::BTreeMap::new(),
            }]);
        }
        let newest = feed.coverage().map(|rows| rows.iter().map(|row| row.connections).sum());
        assert_eq!(newest, Some(3_u64));
        assert_eq!(feed.coverage(), None);
    }

    #[test]
    fn a_reader_that_is_gone_costs_nothing() {
        let (mut sink, feed) = channel();
        drop(feed);
        sink.accept(&[output(1)]);
        assert_eq!(sink.dropped(), 0);
    }
}
