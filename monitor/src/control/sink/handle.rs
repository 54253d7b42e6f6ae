//! The daemon's side: reloads and what it alone knows.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;

use super::{Event, Shared};
use crate::control::status::SaveOutcome;
use crate::pipeline::output::CoverageGap;
use crate::sandbox::Sandbox;

/// What the daemon hears from clients and tells them, beside records.
#[derive(Debug)]
pub struct ControlHandle {
    events: Sender<Event>,
    shared: Arc<Shared>,
    /// The last request to reload that was taken.
    taken: u64,
}

impl ControlHandle {
    pub(super) const fn new(events: Sender<Event>, shared: Arc<Shared>) -> Self {
        Self { events, shared, taken: 0 }
    }

    /// Whether a client asks to reload, once per request. Each is answered by
    /// [`Self::report_reload`].
    pub fn take_reload(&mut self) -> bool {
        let asked = self.shared.reloads_asked.load(Ordering::Acquire);
        std::mem::replace(&mut self.taken, asked) != asked
    }

    /// Says how a reload went: the file now in force, if any, and the keys that take a
    /// restart; or why the old one stays.
    pub fn report_reload(&self, outcome: Result<(Option<String>, Vec<String>), String>) {
        let mut latest = self.shared.latest();
        latest.reload_succeeded = Some(outcome.is_ok());
        if let Ok((config, _)) = &outcome {
            latest.config.clone_from(config);
        }
        drop(latest);
        let outcome = outcome.map(|(_, restart)| restart);
        // Without the thread there is nobody to answer.
        let _ = self.events.send(Event::Reloaded { asked: self.taken, outcome });
        self.shared.wake();
    }

    /// Says which configuration file is in force from the start; none for the defaults.
    pub fn report_config(&self, config: Option<String>) {
        self.shared.latest().config = config;
    }

    /// Says what the daemon has given up.
    pub fn report_sandbox(&self, sandbox: Sandbox) {
        self.shared.latest().sandbox = Some(sandbox);
    }

    /// Says that nobody watched until the daemon started.
    pub fn report_gap(&self, gap: CoverageGap) {
        self.shared.latest().gap = Some(gap);
    }

    /// Says how what was learned is saved.
    pub fn report_save(&self, outcome: SaveOutcome) {
        self.shared.latest().state_save_succeeded = Some(outcome == SaveOutcome::Succeeded);
    }

    /// Says what each sink has dropped so far.
    pub fn report_dropped<'a>(&self, sinks: impl Iterator<Item = (&'a str, u64)>) {
        self.shared.latest().sinks = sinks.map(|(name, count)| (name.to_owned(), count)).collect();
    }
}
