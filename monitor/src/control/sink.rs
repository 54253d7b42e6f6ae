//! From the capture loop to the thread that serves clients, without ever holding up the
//! former.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel as events};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::{EventfdFlags, eventfd};

use super::status::Status;
use crate::capture::status::CaptureStatus;
use crate::pipeline::coverage::ProcessCoverage;
use crate::pipeline::detect::Moment;
use crate::pipeline::output::{CoverageGap, Output};
use crate::pipeline::stats::Stats;
use crate::pipeline::time::Timestamp;
use crate::sandbox::Sandbox;
use crate::sink::Sink;
use crate::sink::record_type::{RecordType, RecordTypes};

/// The daemon's side: reloads and what it alone knows.
mod handle;

pub use handle::ControlHandle;

/// Outputs that wait for the thread that serves clients.
pub const WAITING: usize = 65_536;

/// Counts by type of record.
pub(super) type Counts = [u64; RecordType::ALL.len()];

/// What of a daemon stays the same while it runs.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Name of the host.
    pub host: String,
    /// Release of the kernel.
    pub kernel: String,
    /// Process id.
    pub pid: u32,
    /// When the daemon started to watch.
    pub started: Timestamp,
    /// What it may take before it gives up what it can do without.
    pub memory_limit_bytes: u64,
    /// Looks up what it takes now.
    pub memory_bytes: fn() -> u64,
}

/// The ends of a channel: for the capture loop, for the thread that serves clients, and
/// for the daemon.
///
/// # Errors
/// No descriptor can be had to wake the thread with.
pub fn channel(facts: Facts) -> std::io::Result<(ControlSink, Feed, ControlHandle)> {
    let (sender, receiver) = events();
    let shared = Arc::new(Shared {
        wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        is_woken: AtomicBool::new(false),
        is_stopping: AtomicBool::new(false),
        topics: AtomicU8::new(0),
        wants_snapshot: AtomicBool::new(false),
        wants_status: AtomicBool::new(false),
        waiting: AtomicUsize::new(0),
        dropped: AtomicU64::new(0),
        reloads_asked: AtomicU64::new(0),
        latest: Mutex::default(),
    });
    let sink = ControlSink {
        events: sender.clone(),
        shared: Arc::clone(&shared),
        lost: Counts::default(),
    };
    let handle = ControlHandle::new(sender, Arc::clone(&shared));
    Ok((sink, Feed { events: receiver, shared, facts }, handle))
}

/// What comes in order.
#[derive(Debug)]
pub(super) enum Event {
    /// Outputs of one turn that some client wants.
    Outputs(Vec<Output>),
    /// Outputs that there was no room for, between those before and those after.
    Lost(Counts),
    /// All that is known, between those before and those after.
    Snapshot(Vec<Output>),
    /// The configuration was read again.
    Reloaded {
        /// The last request that this answers.
        asked: u64,
        /// Keys that take a restart, or why the old one stays in force.
        outcome: Result<Vec<String>, String>,
    },
}

/// What has no order, and what clients want.
#[derive(Debug)]
struct Shared {
    wake: OwnedFd,
    is_woken: AtomicBool,
    is_stopping: AtomicBool,
    /// What any client wants, as [`RecordTypes::bits`].
    topics: AtomicU8,
    wants_snapshot: AtomicBool,
    wants_status: AtomicBool,
    /// Outputs in the channel.
    waiting: AtomicUsize,
    dropped: AtomicU64,
    reloads_asked: AtomicU64,
    latest: Mutex<Latest>,
}

/// Of what only the newest counts.
#[derive(Debug, Default)]
struct Latest {
    stats: Stats,
    capture: CaptureStatus,
    processes: Vec<ProcessCoverage>,
    /// How often `processes` came.
    covered: u64,
    sinks: Vec<(String, u64)>,
    config: Option<String>,
    reload_succeeded: Option<bool>,
    state_save_succeeded: Option<bool>,
    sandbox: Option<Sandbox>,
    gap: Option<CoverageGap>,
}

impl Shared {
    fn latest(&self) -> MutexGuard<'_, Latest> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the thread that serves clients, once until it looks.
    fn wake(&self) {
        if !self.is_woken.swap(true, Ordering::AcqRel) {
            // It fails only where the count is full: then the thread wakes anyway.
            let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
        }
    }
}

/// Takes outputs for clients of the control socket. Costs next to nothing without any.
#[derive(Debug)]
pub struct ControlSink {
    events: Sender<Event>,
    shared: Arc<Shared>,
    /// Not told yet.
    lost: Counts,
}

impl ControlSink {
    fn send(&mut self, event: Event) {
        if self.events.send(event).is_err() {
            // The thread has ended: nobody wants anything any more.
            self.shared.topics.store(0, Ordering::Release);
        }
        self.shared.wake();
    }

    fn room(&self) -> usize {
        WAITING.saturating_sub(self.shared.waiting.load(Ordering::Acquire))
    }

    /// Before anything else that comes in order.
    fn tell_lost(&mut self) {
        let lost = std::mem::take(&mut self.lost);
        if lost.iter().any(|count| *count > 0) {
            self.send(Event::Lost(lost));
        }
    }
}

impl Sink for ControlSink {
    fn accept(&mut self, outputs: &[Output]) {
        let topics = RecordTypes::from_bits(self.shared.topics.load(Ordering::Acquire));
        if topics.is_empty() {
            return;
        }
        let mut wanted = outputs.iter().filter(|output| topics.wants(output));
        let batch: Vec<Output> = wanted.by_ref().take(self.room()).cloned().collect();
        if !batch.is_empty() {
            self.tell_lost();
            self.shared.waiting.fetch_add(batch.len(), Ordering::AcqRel);
            self.send(Event::Outputs(batch));
        }
        for output in wanted {
            self.lost[RecordType::of(output) as usize] += 1;
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn observe(&mut self, stats: &Stats, status: &CaptureStatus) {
        if self.room() > 0 {
            self.tell_lost();
        }
        // While the thread looks at the last one, the next one will do.
        if let Ok(mut latest) = self.shared.latest.try_lock() {
            latest.stats.clone_from(stats);
            latest.capture.clone_from(status);
        }
    }

    fn wants_snapshot(&self) -> bool {
        self.shared.wants_snapshot.load(Ordering::Acquire)
    }

    fn snapshot(&mut self, outputs: Vec<Output>) {
        self.tell_lost();
        self.shared.wants_snapshot.store(false, Ordering::Release);
        self.send(Event::Snapshot(outputs));
    }

    fn wants_coverage(&self) -> bool {
        self.shared.wants_status.load(Ordering::Acquire)
    }

    fn cover(&mut self, processes: &[ProcessCoverage]) {
        let mut latest = self.shared.latest();
        latest.processes = processes.to_vec();
        latest.covered += 1;
        drop(latest);
        self.shared.wake();
    }

    fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

/// What clients want of the capture loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    pub(super) topics: RecordTypes,
    pub(super) status: bool,
}

/// What the thread that serves clients reads.
#[derive(Debug)]
pub struct Feed {
    events: Receiver<Event>,
    shared: Arc<Shared>,
    facts: Facts,
}

impl Feed {
    /// Readable when there is something new; see [`Self::awake`].
    pub(super) fn wake_descriptor(&self) -> BorrowedFd<'_> {
        self.shared.wake.as_fd()
    }

    /// What comes from now on wakes again.
    pub(super) fn awake(&self) {
        let _ = rustix::io::read(&self.shared.wake, &mut [0; 8]);
        self.shared.is_woken.swap(false, Ordering::AcqRel);
    }

    /// What comes next in order, if anything.
    pub(super) fn next(&self) -> Option<Event> {
        let event = self.events.try_recv().ok()?;
        if let Event::Outputs(outputs) = &event {
            self.shared.waiting.fetch_sub(outputs.len(), Ordering::AcqRel);
        }
        Some(event)
    }

    /// Says what clients want from now on.
    pub(super) fn wish(&self, wishes: Wishes) {
        self.shared.topics.store(wishes.topics.bits(), Ordering::Release);
        self.shared.wants_status.store(wishes.status, Ordering::Release);
    }

    /// Asks for a snapshot: all outputs after it that were wished for before it come.
    pub(super) fn ask_snapshot(&self) {
        self.shared.wants_snapshot.store(true, Ordering::Release);
    }

    /// Asks for a reload; its number.
    pub(super) fn ask_reload(&self) -> u64 {
        self.shared.reloads_asked.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// How often coverage came.
    pub(super) fn covered(&self) -> u64 {
        self.shared.latest().covered
    }

    /// What the daemon is and how it fares. Both times are told by the clock as it is set
    /// now, so that what is between them is how long the daemon runs.
    pub(super) fn status(&self, now: Moment, clients: u32) -> Status {
        let latest = self.shared.latest();
        Status {
            time: now.wall(),
            host: self.facts.host.clone(),
            kernel: self.facts.kernel.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: self.facts.pid,
            started: now.wall_offset.wall(self.facts.started),
            config: latest.config.clone(),
            reload_succeeded: latest.reload_succeeded,
            state_save_succeeded: latest.state_save_succeeded,
            sandbox: latest.sandbox,
            coverage_gap: latest.gap,
            memory_bytes: (self.facts.memory_bytes)(),
            memory_limit_bytes: self.facts.memory_limit_bytes,
            clients,
            sinks: latest.sinks.clone(),
            stats: latest.stats.clone(),
            capture: latest.capture.clone(),
            processes: latest.processes.clone(),
        }
    }

    /// Whether the daemon ends.
    pub(super) fn is_stopping(&self) -> bool {
        self.shared.is_stopping.load(Ordering::Acquire)
    }

    /// What ends the thread.
    pub(super) fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.shared))
    }
}

/// Ends the thread that serves clients.
#[derive(Debug)]
pub(super) struct Stopper(Arc<Shared>);

impl Stopper {
    pub(super) fn stop(&self) {
        self.0.is_stopping.store(true, Ordering::Release);
        self.0.wake();
    }
}

#[cfg(test)]
pub(super) mod tests;
