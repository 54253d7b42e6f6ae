//! What detectors see and how they report. One file each; they know exchanges and
//! connections, never protocols.
//!
//! To add one: a file beside the others, its `mod` line, its line in
//! `Detectors::new`, and a kind of finding.

use std::sync::Arc;

use super::baseline::BaselineError;
use super::finding::ledger::Ledger;
use super::finding::{Case, Finding, Report, Severity};
use super::output::{ConnectionId, Ends, Exchange, Observed, TlsReport};
use super::settings::Settings;
use super::slab::Handle;
use super::stored::StoredError;
use super::time::{Timestamp, WallOffset, WallTime};
use port_mismatch::PortMismatch;
use unencrypted_payload::UnencryptedPayload;
use unexpected_volume::UnexpectedVolume;
use unknown_destination::UnknownDestination;
use weak_encryption::WeakEncryption;

/// What was found out about a connection, found again fast.
pub(super) mod memo;
/// How findings name processes and destinations.
pub(super) mod naming;
/// Between whom traffic goes, and where it can be read.
mod parties;
/// Clear text where TLS belongs, and the other way round.
mod port_mismatch;
/// HTTP in the clear.
mod unencrypted_payload;
/// Traffic far from what was learned.
mod unexpected_volume;
/// Client connections to destinations that policy does not name.
mod unknown_destination;
/// TLS that protects less than it should.
mod weak_encryption;

/// Observations and inputs that tests share.
#[cfg(test)]
mod fixture;

/// Every detector, and the ledger of what they report.
pub struct Detectors {
    settings: Arc<Settings>,
    detectors: Vec<Box<dyn Detector>>,
    volume: UnexpectedVolume,
    ledger: Ledger,
}

/// Looks at what is observed and reports what should not be.
pub trait Detector: Send {
    /// Looks at one observation.
    fn observe(&mut self, observation: &Observation<'_>, reports: &mut Reports<'_>);

    /// New policy and limits. Findings that they make untrue are resolved by
    /// [`super::finding::Case::holds`].
    fn apply_settings(&mut self, _settings: &Arc<Settings>) {}

    /// When it wants a [`Observation::Tick`].
    fn next_deadline(&self) -> Option<Timestamp> {
        None
    }

    /// Entries of its tables that had to make room so far.
    fn evicted(&self) -> u64 {
        0
    }
}

impl Detectors {
    /// Detectors that have seen nothing.
    #[must_use]
    pub fn new(settings: Arc<Settings>) -> Self {
        Self {
            detectors: vec![
                Box::new(UnknownDestination::new(&settings)),
                Box::new(UnencryptedPayload::new()),
                Box::new(WeakEncryption::new(&settings)),
                Box::new(PortMismatch::new(&settings)),
            ],
            volume: UnexpectedVolume::new(&settings),
            ledger: Ledger::new(&settings),
            settings,
        }
    }

    /// New policy and limits. Findings that policy allows now are resolved, and so
    /// are those for want of a policy once there is one, and the other way round;
    /// what is still so opens again when it is seen again.
    pub fn apply_settings(&mut self, settings: Arc<Settings>) {
        if *self.settings == *settings {
            return;
        }
        self.ledger.apply_settings(&settings);
        for detector in &mut self.detectors {
            detector.apply_settings(&settings);
        }
        self.volume.apply_settings(&settings);
        self.settings = settings;
    }

    /// Takes what an earlier run learned. Whatever was learned so far is forgotten.
    ///
    /// # Errors
    ///
    /// [`BaselineError`]; nothing is known then and learning starts anew.
    pub fn load_baseline(&mut self, bytes: &[u8]) -> Result<(), BaselineError> {
        self.volume.load_baseline(bytes)
    }

    /// What was learned so far, for [`Self::load_baseline`] of a later run. A window
    /// in progress is not in it.
    #[must_use]
    pub fn baseline_bytes(&self) -> Vec<u8> {
        self.volume.baseline_bytes()
    }

    /// Takes up the findings that an earlier run left open.
    ///
    /// # Errors
    ///
    /// [`StoredError`]; nothing is taken up then.
    pub fn load_findings(&mut self, bytes: &[u8], at: Moment) -> Result<(), StoredError> {
        self.ledger.load(bytes, &self.settings, at)
    }

    /// The findings that are open, for [`Self::load_findings`] of a later run.
    #[must_use]
    pub fn findings_bytes(&self) -> Vec<u8> {
        self.ledger.to_bytes(&self.settings)
    }

    /// How often a finding was opened, resolved or found to be graver so far.
    #[must_use]
    pub const fn finding_changes(&self) -> u64 {
        self.ledger.changes()
    }

    /// Shows one observation to every detector.
    pub fn observe(&mut self, observation: Observation<'_>, at: Moment) {
        self.ledger.set_wall_offset(at.wall_offset);
        let mut reports = Reports { ledger: &mut self.ledger, at };
        for detector in &mut self.detectors {
            detector.observe(&observation, &mut reports);
        }
        self.volume.observe(&observation, &mut reports);
        if matches!(observation, Observation::Tick) {
            self.ledger.tick(at);
        }
    }

    /// The next finding to say, in order.
    pub fn poll_finding(&mut self) -> Option<Finding> {
        self.ledger.poll()
    }

    /// When [`Observation::Tick`] is wanted at the latest.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let each = self.detectors.iter().filter_map(|detector| detector.next_deadline());
        each.chain(self.volume.next_deadline()).chain(self.ledger.next_deadline()).min()
    }

    /// Findings that are open, as they stand.
    pub fn open(&self) -> impl Iterator<Item = Finding> {
        self.ledger.all()
    }

    /// Findings open now.
    #[must_use]
    pub fn open_findings(&self) -> u64 {
        self.ledger.open()
    }

    /// Entries of all tables that had to make room so far.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        let each = self.detectors.iter().map(|detector| detector.evicted());
        each.sum::<u64>() + self.volume.evicted() + self.ledger.evicted()
    }
}

/// Where a detector reports to.
pub struct Reports<'a> {
    ledger: &'a mut Ledger,
    at: Moment,
}

impl Reports<'_> {
    /// When the observation was made.
    #[must_use]
    pub const fn at(&self) -> Moment {
        self.at
    }

    /// Reports; the case is asked for only where it is to be shown. The handle serves
    /// to report the same again at little cost.
    pub fn report(&mut self, report: &Report, case: impl FnOnce() -> Box<dyn Case>) -> Handle {
        self.ledger.report(report, case, self.at)
    }

    /// Reports the same again: it is counted. Answers whether the finding was still
    /// open; where not, it has to be reported in full.
    pub fn again(&mut self, finding: Handle) -> bool {
        self.ledger.again(finding, self.at)
    }

    /// Reports what goes on: it is not counted, but opens the finding, where there is
    /// room for one, or says that it is still so.
    pub fn ensure(
        &mut self,
        report: &Report,
        case: impl FnOnce() -> Box<dyn Case>,
    ) -> Option<Handle> {
        self.ledger.ensure(report, case, self.at)
    }

    /// How severe a finding is that was reported; none where it is not open any more.
    #[must_use]
    pub fn severity(&self, finding: Handle) -> Option<Severity> {
        self.ledger.severity(finding)
    }

    /// Says that it is still so: not counted, but it does not become quiet. Answers
    /// like [`Self::again`].
    pub fn keep(&mut self, finding: Handle) -> bool {
        self.ledger.keep(finding, self.at)
    }
}

/// What a detector can see.
#[derive(Clone, Copy, Debug)]
pub enum Observation<'a> {
    /// A connection whose observed ends are known: once per connection.
    Connected {
        /// Which.
        connection: ConnectionId,
        /// Who.
        ends: &'a Arc<Ends>,
        /// Which ends live here.
        observed: Observed,
    },
    /// A request with its response.
    Exchange {
        /// Which.
        exchange: &'a Exchange,
        /// Which ends live here.
        observed: Observed,
    },
    /// Bytes and requests of a connection since its last `Traffic`; at most one
    /// per connection and tick, and one at its end.
    Traffic {
        /// Who.
        ends: &'a Arc<Ends>,
        /// Which ends live here.
        observed: Observed,
        /// Bytes moved, both ways.
        bytes: u64,
        /// Requests begun.
        requests: u64,
    },
    /// A TLS handshake that has ended, or of which nothing more is seen.
    Tls {
        /// What was said.
        report: &'a TlsReport,
        /// Which ends live here.
        observed: Observed,
    },
    /// Time has passed.
    Tick,
    /// Nothing comes after this: what waits for more is to be said now.
    End,
}

/// When an observation is made.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Kernel time.
    pub time: Timestamp,
    /// How wall time stands to it.
    pub wall_offset: WallOffset,
}

impl Moment {
    /// Wall time.
    #[must_use]
    pub const fn wall(self) -> WallTime {
        self.wall_offset.wall(self.time)
    }
}

#[cfg(test)]
mod tests {
    use super::fixture::{exchange, inbound, outbound, second, settings};
    use super::*;
    use crate::pipeline::output::Auth;

    /// Traffic of many connections, and all that is said of it.
    fn story(limit: u32) -> (Vec<Finding>, Vec<u8>, u64) {
        let mut detectors = Detectors::new(settings(|s| {
            s.limits.destinations = limit;
            s.limits.findings = limit;
        }));
        let mut findings = Vec::new();
        for n in 0..600u64 {
            let at = second(n * 10);
            let client = outbound(&format!("/bin/{}", n % 7), &format!("203.0.113.{}:80", n % 97));
            let server =
                inbound(&format!("10.0.0.{}:{}", n % 250, 1000 + n), "a.service", "[::1]:80");
            for (ends, observed) in [(&client, Observed::Client), (&server, Observed::Server)] {
                detectors.connect(ends, observed, at);
                let auth = if n % 50 == 0 { Auth::Basic } else { Auth::None };
                detectors.exchange(&exchange(n, ends, auth), observed, at);
                detectors.traffic(ends, observed, (n * 1000, n), at);
            }
            detectors.tick(at);
            findings.extend(detectors.findings());
            assert!(detectors.open_findings() <= u64::from(limit));
        }
        (findings, detectors.baseline_bytes(), detectors.evicted())
    }

    #[test]
    fn the_same_inputs_give_the_same_findings() {
        for limit in [10, 100, 10_000] {
            let first = story(limit);
            assert!(first.0.len() > 100);
            assert_eq!(first, story(limit));
        }
    }

    #[test]
    fn waking_at_the_deadline_misses_nothing() {
        let mut detectors = Detectors::new(settings(|_| {}));
        let ends = outbound("/usr/bin/curl", "203.0.113.7:80");
        for at in [1, 2, 3] {
            let exchange = exchange(1, &ends, Auth::None);
            detectors.exchange(&exchange, Observed::Client, second(at));
        }
        let mut said = Vec::new();
        while let Some(time) = detectors.next_deadline() {
            detectors.tick(Moment { time, ..second(0) });
            said.extend(detectors.findings().into_iter().map(|f| (f.state.name(), time.0)));
        }
        let (update, day) = (61_000_000_000, 24 * 3600 * 1_000_000_000);
        assert_eq!(
            said,
            [("open", update), ("updated", update), ("resolved", 3_000_000_000 + day)]
        );
    }
}
