//! The only user of aya: load, attach, drain the rings, resolve processes.
//!
//! ```text
//! load ─► found (iterators) ─► drain (rings) ─► Input
//!                └── process (identity) ──┘
//! ```

use std::time::Duration;

use thiserror::Error;

use self::btf::BtfError;
use self::load::Loaded;
use self::process::ProcessTable;
use self::rings::Rings;
use self::status::{CaptureStatus, Tier};
use crate::clock;
use crate::pipeline::input::{Input, Loss, LossReason, Stage};
use crate::pipeline::time::Timestamp;

/// Offsets of kernel structures from the running kernel's BTF.
pub mod btf;
/// systemd unit and container from a cgroup path.
pub mod cgroup;
/// Records from their bytes.
mod decode;
/// Connections and processes that are older than the watch.
mod found;
/// Programs into the kernel, by what this kernel accepts.
mod load;
/// Memory of the start, given back.
pub mod memory;
/// The BPF object that was built with this program.
pub mod object;
/// User names.
pub mod passwd;
/// Who a process is.
mod process;
/// From the rings to inputs, in the order of time.
mod rings;
/// What the capture is and does, for sinks.
pub mod status;

/// How to capture.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The tier to use; none takes the first that loads.
    pub tier: Option<Tier>,
    /// Size of the payload ring in bytes, a power of two.
    pub ring_bytes: u32,
    /// Port of the daemon's own listener, which is not watched; 0 for none.
    pub own_port: u16,
}

/// Why there is no capture.
#[derive(Debug, Error)]
pub enum CaptureError {
    /// The process may not load programs.
    #[error(
        "loading programs into the kernel was refused ({0}): run it with sudo, or with the capabilities CAP_BPF and CAP_PERFMON"
    )]
    Privilege(String),
    /// The kernel lacks what every tier needs.
    #[error("this kernel cannot be watched: {0}")]
    Kernel(String),
    /// The kernel's own type information is missing or damaged.
    #[error("reading the kernel's type information: {0}")]
    Btf(#[from] BtfError),
    /// A call that should not fail.
    #[error("{what}: {source}")]
    Io {
        /// What was attempted.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
}

/// A running capture. Dropping it detaches everything.
pub struct Capture {
    loaded: Loaded,
    rings: Rings,
    processes: ProcessTable,
    status: CaptureStatus,
    last_loss: Timestamp,
}

impl Capture {
    /// Loads, attaches, and hands the connections and processes that exist to
    /// `handle`.
    ///
    /// # Errors
    /// When privileges or the kernel do not allow it; each says what is lacking.
    pub fn start(
        options: Options,
        handle: &mut dyn FnMut(Input<'_>),
    ) -> Result<Self, CaptureError> {
        let mut processes = ProcessTable::new();
        let mut loaded = load::load(options)?;
        let found = loaded.found()?;
        loaded.attach_data()?;
        let rings = Rings::new(&mut loaded)?;
        found.hand_over(&mut processes, handle);
        let status = loaded.status(options);
        Ok(Self { loaded, rings, processes, status, last_loss: clock::monotonic() })
    }

    /// Waits until the kernel side wakes the reader, or for `at_most`; longer
    /// where nothing has come for a while and the kernel side will wake at once.
    ///
    /// # Errors
    /// When the kernel refuses to wait, which it does not.
    pub fn wait(&mut self, at_most: Duration) -> Result<(), CaptureError> {
        self.rings.wait(at_most)
    }

    /// Hands everything that has come to `handle`; how many records that were.
    pub fn drain(&mut self, handle: &mut dyn FnMut(Input<'_>)) -> usize {
        self.rings.drain(&mut self.processes, handle)
    }

    /// Reads the kernel side's counters, and hands what was lost since the last
    /// time to `handle`.
    pub fn account(&mut self, handle: &mut dyn FnMut(Input<'_>)) -> &CaptureStatus {
        let before = (self.status.data.lost, self.status.control.lost, self.status.state_full);
        self.loaded.read_counters(&mut self.status);
        self.rings.read_counters(&mut self.status);
        let now = clock::monotonic();
        let lost = [
            (Stage::DataRing, LossReason::RingFull, self.status.data.lost - before.0),
            (Stage::ControlRing, LossReason::RingFull, self.status.control.lost - before.1),
            (Stage::KernelTable, LossReason::TableFull, self.status.state_full - before.2),
        ];
        for (stage, reason, count) in lost {
            if count > 0 {
                let loss = Loss { stage, reason, count, since: self.last_loss, time: now };
                handle(Input::Loss(loss));
            }
        }
        self.last_loss = now;
        &self.status
    }

    /// Whether the kernel lets this thread read the counters.
    #[must_use]
    pub fn reads_counters(&self) -> bool {
        self.loaded.reads_counters()
    }

    /// What the capture is and has done, as of the last [`Capture::account`].
    #[must_use]
    pub fn status(&self) -> &CaptureStatus {
        &self.status
    }
}
