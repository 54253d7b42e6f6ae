//! The loop of the daemon: the capture turns, and in between what was asked for is done and
//! what there is to tell is told.

use std::path::Path;
use std::time::Duration;

use super::control::Control;
use super::engine::Engine;
use super::notify::{Health, Notifier};
use super::protection::{self, ProtectionError};
use super::saver::Saver;
use super::signals::Signals;
use crate::clock;
use crate::config::{self, Config, ConfigError, Effective};
use crate::pipeline::input::Input;
use crate::pipeline::time::Timestamp;
use crate::sink::http::{MetricsServer, Protection};
use crate::sink::metrics::{Exporter, ReloadOutcome};

/// Time between two reports to metrics, clients and the service manager.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// How long an ending daemon waits for its disk. Together with its clients and readers it
/// ends within five seconds.
const SAVE_TIMEOUT: Duration = Duration::from_secs(1);

/// All that runs.
pub(super) struct Watch<'a> {
    pub(super) engine: Engine,
    pub(super) control: Control,
    pub(super) exporter: Exporter,
    pub(super) server: &'a MetricsServer,
    pub(super) notifier: Notifier,
    pub(super) saver: Saver,
    /// What was in force at the start.
    pub(super) config: &'a Config,
    pub(super) config_path: Option<&'a Path>,
    pub(super) reload: ReloadOutcome,
    pub(super) reported: Timestamp,
}

/// What a reload has led to.
pub(super) struct Reloaded {
    /// The file that is in force; none for the defaults.
    pub(super) file: Option<String>,
    /// Keys that differ from what the daemon runs with, and that only a restart changes.
    pub(super) restart: Vec<String>,
}

/// Why a reload was refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReloadError {
    /// The configuration has errors, or cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file that it names cannot be used.
    #[error(transparent)]
    Protection(#[from] ProtectionError),
}

impl Watch<'_> {
    /// Turns until it is told to stop, or nobody listens any more.
    pub(super) fn run(&mut self, signals: &Signals) -> anyhow::Result<()> {
        let now = clock::monotonic();
        self.notifier.ready(&self.summary(), self.health(), now);
        while !signals.stop() && !self.engine.is_done() {
            self.engine.turn()?;
            let now = clock::monotonic();
            self.exporter.report_turn(now);
            self.saver.watched(clock::boot());
            self.notifier.turned(now);
            let asked = self.control.take_reload();
            if signals.take_reload() || asked {
                self.reload();
            }
            if now.since(self.reported) >= REPORT_INTERVAL {
                self.report(now);
            }
            let changes = self.engine.finding_changes();
            if self.saver.is_due(changes, now) {
                self.saver.save(self.engine.learned(), changes, now);
            }
        }
        Ok(())
    }

    /// Says what is held back, lets readers have it, and saves what was learned.
    pub(super) fn finish(mut self) {
        self.notifier.stopping();
        // What comes while it stops may be read or not.
        self.saver.watched(clock::boot());
        self.engine.stop();
        let changes = self.engine.finding_changes();
        self.saver.save(self.engine.learned(), changes, clock::monotonic());
        drop(self.control);
        drop(self.engine);
        self.saver.finish(SAVE_TIMEOUT);
    }

    fn reload(&mut self) {
        self.notifier.reloading();
        let outcome = self.read_again();
        self.reload = match outcome {
            Ok(_) => ReloadOutcome::Succeeded,
            Err(_) => ReloadOutcome::Failed,
        };
        self.exporter.report_reload(self.reload, clock::wall());
        self.control.report_reload(outcome);
        self.notifier.ready(&self.summary(), self.health(), clock::monotonic());
    }

    /// Reads the configuration again: all of it comes into force, or nothing. Capture,
    /// metrics, the control socket and state keep what they started with, but what is in the
    /// files of metrics is read anew.
    fn read_again(&mut self) -> Result<Reloaded, ReloadError> {
        let (effective, protection) = self.load().inspect_err(|error| {
            let error = one_line(&error.to_string());
            tracing::error!(%error, "The new configuration is not valid, so the old one stays in force.");
        })?;
        let restart = config::keys_for_restart(self.config, &effective.config);
        let file = effective.file().map(str::to_owned);
        if let Some(protection) = protection {
            self.server.protect(protection);
        }
        self.engine.handle(Input::Settings(effective.config.pipeline.into()));
        tracing::info!("The configuration was read again; policy, limits and findings follow it.");
        if !restart.is_empty() {
            tracing::warn!(keys = restart.join(", "), "Some keys take a restart to follow it.");
        }
        Ok(Reloaded { file, restart })
    }

    /// The configuration, and the protection of metrics where the files of it are still those
    /// of the start: others take a restart.
    fn load(&self) -> Result<(Effective, Option<Protection>), ReloadError> {
        let effective = config::load(self.config_path)?;
        let metrics = &self.config.metrics;
        let is_same = effective.config.metrics.files().eq(metrics.files());
        let protection = is_same.then(|| protection::read(metrics)).transpose()?;
        Ok((effective, protection))
    }

    fn report(&mut self, now: Timestamp) {
        self.reported = now;
        for (sink, dropped) in self.engine.dropped() {
            self.exporter.report_dropped(sink, dropped);
        }
        for (refusal, total) in self.server.refusals() {
            self.exporter.report_refused(refusal, total);
        }
        self.exporter.report_save_failures(self.saver.failures());
        self.control.report_save(self.saver.outcome());
        self.control.report_dropped(&self.engine);
        let health = self.health();
        let mut notifier = std::mem::take(&mut self.notifier);
        notifier.status(health, now, || self.summary());
        self.notifier = notifier;
    }

    fn health(&self) -> Health {
        let is_whole = self.engine.lost() == 0 && self.engine.declined() == 0;
        if is_whole && self.reload == ReloadOutcome::Succeeded && !self.saver.is_failing() {
            Health::Healthy
        } else {
            Health::Degraded
        }
    }

    /// One line for people.
    fn summary(&self) -> String {
        let stats = self.engine.stats();
        let tier = self.engine.tier().map_or_else(|| "none".to_owned(), |tier| tier.to_string());
        let mut line = format!(
            "Tier {tier}, {} connections, {} findings open, {} records lost",
            stats.connections_tracked,
            stats.findings_open,
            self.engine.lost()
        );
        for (is_so, what) in [
            (self.engine.declined() > 0, "a program was declined"),
            (self.reload == ReloadOutcome::Failed, "the last reload was refused"),
            (self.saver.is_failing(), "its state cannot be saved"),
        ] {
            if is_so {
                line = format!("{line}; {what}");
            }
        }
        line
    }
}

/// The log has a line for each message.
fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}
