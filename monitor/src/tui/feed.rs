//! From the capture loop to the terminal UI, without ever holding up the former.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};

use crate::capture::status::CaptureStatus;
use crate::pipeline::coverage::ProcessCoverage;
use crate::pipeline::output::Output;
use crate::pipeline::stats::Stats;
use crate::sink::Sink;

/// Outputs that wait for the UI.
const WAITING: usize = 8_192;

/// A sink that feeds the terminal UI, and what the UI reads from it.
#[must_use]
pub fn channel() -> (TuiSink, Feed) {
    let (sender, receiver) = sync_channel(WAITING);
    let shared = Arc::new(Shared::default());
    let sink = TuiSink { outputs: sender, shared: Arc::clone(&shared) };
    (sink, Feed { outputs: receiver, shared })
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
    outputs: SyncSender<Output>,
    shared: Arc<Shared>,
}

impl TuiSink {
    /// Delivers outputs of a replay, which can wait for the UI; breaks where that is gone.
    pub fn deliver(&mut self, outputs: impl IntoIterator<Item = Output>) -> ControlFlow<()> {
        let mut outputs = outputs.into_iter();
        match outputs.all(|output| self.outputs.send(output).is_ok()) {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    }
}

impl Sink for TuiSink {
    fn accept(&mut self, outputs: &[Output]) {
        for output in outputs {
            match self.outputs.try_send(output.clone()) {
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
    outputs: Receiver<Output>,
    shared: Arc<Shared>,
}

/// What a feed had to say.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// An output.
    Output(Box<Output>),
    /// Nothing now.
    Quiet,
    /// Nothing any more.
    Ended,
}

impl Feed {
    /// The next output.
    pub(crate) fn next(&self) -> Next {
        match self.outputs.try_recv() {
            Ok(output) => Next::Output(Box::new(output)),
            Err(TryRecvError::Empty) => Next::Quiet,
            Err(TryRecvError::Disconnected) => Next::Ended,
        }
    }

    /// The newest counts, once.
    pub(crate) fn latest(&self) -> Option<(Stats, CaptureStatus)> {
        self.shared.latest.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    }

    /// The newest word on what was read of each process's traffic, once.
    pub(crate) fn coverage(&self) -> Option<Vec<ProcessCoverage>> {
        self.shared.coverage.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    }

    /// Outputs that did not reach the UI because it was too slow.
    pub(crate) fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
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
                Next::Ended => panic!("{read} of {count} were delivered"),
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
