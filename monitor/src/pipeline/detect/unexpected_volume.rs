//! Traffic far from what was learned.

use std::sync::Arc;
use std::time::Duration;

use super::memo::{Memo, key_of};
use super::naming::{MOST_SHOWN, identity, shown_address};
use super::{Detector, Observation, Reports};
use crate::pipeline::baseline::{
    Baseline, BaselineError, BaselineKey, ExpectedVolume, LASTING_WINDOWS, Side, Volume,
};
use crate::pipeline::finding::{Cadence, Case, Confidence, FindingKind, Report, Sample, Severity};
use crate::pipeline::output::{Ends, Observed};
use crate::pipeline::settings::{Settings, VolumeSettings};
use crate::pipeline::slab::Handle;
use crate::pipeline::text::{clipped, size};
use crate::pipeline::time::Timestamp;

/// An excess of so many times what was expected is grave.
const GRAVE_FACTOR: u64 = 10;

/// Compares the traffic of each identity × destination, window by window, with what
/// is normal for it, and learns from it ([`crate::pipeline::baseline`] says how).
///
/// A client on this host is judged by what it exchanges with a server's address; a
/// server whose client is elsewhere by what it exchanges on an address of its own.
/// Only too much is reported, once a window is over. A destination is not judged
/// before enough windows were learned: until then `unknown_destination` stands in.
pub(super) struct UnexpectedVolume {
    settings: VolumeSettings,
    baseline: Baseline,
    memo: Memo<Handle>,
    /// Number of the window in progress, in windows of kernel time.
    window: u64,
    /// Who had traffic in it, in the order of their first.
    active: Vec<Handle>,
}

impl UnexpectedVolume {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.volume.clone(),
            baseline: Baseline::new(settings),
            memo: Memo::new(),
            window: 0,
            active: Vec::new(),
        }
    }

    pub(super) fn load_baseline(&mut self, bytes: &[u8]) -> Result<(), BaselineError> {
        self.forget_places();
        self.baseline.load(bytes, self.settings.window)
    }

    pub(super) fn baseline_bytes(&self) -> Vec<u8> {
        self.baseline.to_bytes(self.settings.window)
    }

    /// Adds traffic to the window in progress.
    fn add(&mut self, ends: &Arc<Ends>, observed: Observed, volume: Volume, now: Timestamp) {
        let memo_key = key_of(ends);
        let known = self.memo.find(memo_key, ends).copied();
        let place = known.filter(|place| self.baseline.at(*place).is_some()).unwrap_or_else(|| {
            let place = self.baseline.place(key(ends, observed));
            self.memo.keep(memo_key, ends, place);
            place
        });
        let Some(tracked) = self.baseline.at(place) else { return };
        if tracked.volume == Volume::default() {
            self.active.push(place);
        }
        tracked.volume.add(volume);
        tracked.last_use = now;
    }

    /// Ends the window in progress where time has left it.
    fn roll(&mut self, reports: &mut Reports<'_>) {
        let window = reports.at().time.0 / length(&self.settings);
        if window <= self.window {
            return;
        }
        self.window = window;
        for place in std::mem::take(&mut self.active) {
            self.finish(place, reports);
        }
    }

    /// Judges a finished window, then learns from it.
    fn finish(&mut self, place: Handle, reports: &mut Reports<'_>) {
        let Some(tracked) = self.baseline.at(place) else { return };
        let volume = std::mem::take(&mut tracked.volume);
        let expected = tracked.normal.expected(&self.settings);
        if let Some(expected) = expected.filter(|expected| expected.is_exceeded_by(volume)) {
            let key = tracked.key.clone();
            let learned = tracked.normal.windows();
            let window = self.settings.window;
            let excess = Excess { key, volume, expected, learned, window };
            reports.report(&excess.report(), || Box::new(excess));
        }
        tracked.normal.learn(volume, expected.as_ref());
    }

    fn forget_places(&mut self) {
        self.memo.clear();
        self.active.clear();
    }
}

impl Detector for UnexpectedVolume {
    fn observe(&mut self, observation: &Observation<'_>, reports: &mut Reports<'_>) {
        match *observation {
            Observation::Traffic { ends, observed, bytes, requests } => {
                self.roll(reports);
                let volume = Volume { bytes, requests };
                if volume != Volume::default() {
                    self.add(ends, observed, volume, reports.at().time);
                }
            }
            Observation::Tick => self.roll(reports),
            Observation::Connected { .. }
            | Observation::Exchange { .. }
            | Observation::Tls { .. }
            | Observation::End => {}
        }
    }

    /// Windows of another length hold other volumes: what was learned is forgotten then.
    fn apply_settings(&mut self, settings: &Arc<Settings>) {
        if settings.volume.window != self.settings.window {
            self.forget_places();
            self.baseline.clear();
            self.window = 0;
        }
        self.settings = settings.volume.clone();
        self.baseline.apply_settings(settings);
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        let end = (self.window + 1).saturating_mul(length(&self.settings));
        (!self.active.is_empty()).then_some(Timestamp(end))
    }

    fn evicted(&self) -> u64 {
        self.baseline.evicted()
    }
}

/// Nanoseconds of a window, at least a millisecond.
fn length(settings: &VolumeSettings) -> u64 {
    u64::try_from(settings.window.as_nanos()).unwrap_or(u64::MAX).max(1_000_000)
}

fn key(ends: &Ends, observed: Observed) -> BaselineKey {
    let (end, side) = match observed {
        Observed::Client | Observed::Both => (&ends.client, Side::Client),
        Observed::Server => (&ends.server, Side::Server),
    };
    let identity = identity(end.process.as_ref());
    BaselineKey { identity, destination: ends.server.address, side }
}

/// A window with more traffic than expected.
#[derive(Debug)]
struct Excess {
    key: BaselineKey,
    volume: Volume,
    expected: ExpectedVolume,
    learned: u32,
    window: Duration,
}

impl Excess {
    fn report(&self) -> Report {
        let side = match self.key.side {
            Side::Client => "client",
            Side::Server => "server",
        };
        let destination = shown_address(self.key.destination);
        Report {
            kind: FindingKind::UnexpectedVolume,
            key: format!("{side}\0{}\0{destination}", self.key.identity),
            severity: self.severity(),
            confidence: Confidence::Medium,
            cadence: Cadence::Repeated,
            sample: Sample::Latest,
        }
    }

    fn severity(&self) -> Severity {
        let Self { volume, expected, .. } = self;
        let is_grave = volume.bytes / GRAVE_FACTOR >= expected.bytes.most.max(1)
            || volume.requests / GRAVE_FACTOR >= expected.requests.most.max(1);
        if is_grave { Severity::High } else { Severity::Medium }
    }

    fn identity(&self) -> String {
        clipped(&self.key.identity, MOST_SHOWN).into_owned()
    }

    /// What was too much, with what was expected.
    fn excesses(&self) -> String {
        let Self { volume, expected, .. } = self;
        let bytes = expected.bytes.is_exceeded_by(volume.bytes).then(|| {
            format!("{} ({} at most expected)", size(volume.bytes), size(expected.bytes.most))
        });
        let requests = expected.requests.is_exceeded_by(volume.requests).then(|| {
            format!("{} requests ({} at most expected)", volume.requests, expected.requests.most)
        });
        bytes.into_iter().chain(requests).collect::<Vec<_>>().join(" and ")
    }
}

impl Case for Excess {
    fn subject(&self) -> String {
        let destination = shown_address(self.key.destination);
        match self.key.side {
            Side::Client => format!("{} → {destination}", self.identity()),
            Side::Server => format!("clients → {} at {destination}", self.identity()),
        }
    }

    fn summary(&self, _count: u64) -> String {
        let (identity, excesses) = (self.identity(), self.excesses());
        let destination = shown_address(self.key.destination);
        let seconds = self.window.as_secs_f64();
        let with = match self.key.side {
            Side::Client => format!("with {destination}"),
            Side::Server => format!("with its clients at {destination}"),
        };
        format!("{identity} exchanged {excesses} {with} within {seconds} s.")
    }

    fn evidence(&self, count: u64) -> Vec<(&'static str, String)> {
        let Self { volume, expected, .. } = self;
        vec![
            ("window_seconds", self.window.as_secs_f64().to_string()),
            ("bytes", volume.bytes.to_string()),
            ("expected_bytes", format!("0 to {}", expected.bytes.most)),
            ("median_bytes", expected.bytes.median.to_string()),
            ("requests", volume.requests.to_string()),
            ("expected_requests", format!("0 to {}", expected.requests.most)),
            ("median_requests", expected.requests.median.to_string()),
            ("learned_windows", self.learned.to_string()),
            ("deviating_windows", count.to_string()),
        ]
    }

    fn remedy(&self) -> String {
        format!(
            "Find out what caused it. Nothing is to be done if it is intended: a change that \
             lasts is taken as normal some time after {LASTING_WINDOWS} windows in a row."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::Detectors;
    use super::super::fixture::{inbound, minutes, outbound, second, settings};
    use super::*;
    use crate::pipeline::finding::{Finding, State};

    const MIB: u64 = 1 << 20;
    const CALM: (u64, u64) = (4 * MIB, 400);
    const ATTACK: (u64, u64) = (400 * MIB, 400);

    /// Findings of this kind over minutes of traffic, from a minute on.
    struct Run {
        detectors: Detectors,
        ends: Arc<Ends>,
        observed: Observed,
        minute: u64,
    }

    impl Run {
        fn new() -> Self {
            // One finding for each window, so that each can be told.
            let settings = settings(|s| s.findings.update_interval = Duration::ZERO);
            let ends = outbound("/usr/bin/curl", "203.0.113.7:443");
            Self {
                detectors: Detectors::new(settings),
                ends,
                observed: Observed::Client,
                minute: 1,
            }
        }

        /// Windows of the same volume; answers which of them were reported.
        fn windows(&mut self, count: usize, (bytes, requests): (u64, u64)) -> Vec<Finding> {
            for _ in 0..count {
                // In parts, as connections bring it.
                for (at, part) in [(1, 1), (30, 2), (59, 1)] {
                    let volume = (bytes * part / 4, requests * part / 4);
                    let at = second(60 * self.minute + at);
                    self.detectors.traffic(&self.ends, self.observed, volume, at);
                }
                self.minute += 1;
                self.detectors.tick(second(60 * self.minute));
            }
            let findings = self.detectors.findings().into_iter();
            findings
                .filter(|f| f.kind == FindingKind::UnexpectedVolume && f.state != State::Resolved)
                .collect()
        }
    }

    #[test]
    fn too_much_is_judged_once_enough_was_learned() {
        for (learned, name, volume, severity) in [
            (14, "not enough learned", ATTACK, None),
            (15, "as ever", CALM, None),
            (15, "a bit more", (6 * MIB, 600), None),
            (15, "less", (4, 4), None),
            (15, "too many bytes", (40 * MIB, 400), Some(Severity::Medium)),
            (15, "far too many bytes", ATTACK, Some(Severity::High)),
            (15, "too many requests", (4 * MIB, 4000), Some(Severity::Medium)),
            (15, "both", (4000 * MIB, 400_000), Some(Severity::High)),
        ] {
            let mut run = Run::new();
            assert_eq!(run.windows(learned, CALM), [], "{name}");
            let findings = run.windows(1, volume);
            let severities: Vec<_> = findings.iter().map(|f| f.severity).collect();
            assert_eq!(severities, severity.into_iter().collect::<Vec<_>>(), "{name}");
        }
    }

    #[test]
    fn what_is_small_is_never_too_much() {
        let mut run = Run::new();
        assert_eq!(run.windows(30, (100, 4)), []);
        assert_eq!(run.windows(2, (MIB, 100)), []);
        assert_eq!(run.windows(1, (MIB + 4, 4)).len(), 1);
    }

    #[test]
    fn it_states_what_was_expected() {
        let mut run = Run::new();
        run.windows(20, CALM);
        let finding = run.windows(1, (400 * MIB, 4000)).pop().unwrap();
        assert_eq!(finding.subject, "/usr/bin/curl → 203.0.113.7:443");
        assert_eq!(
            finding.summary,
            "/usr/bin/curl exchanged 400.0 MiB (9.5 MiB at most expected) and 4000 requests \
             (860 at most expected) with 203.0.113.7:443 within 60 s."
        );
        let evidence = [
            ("window_seconds", "60"),
            ("bytes", "419430400"),
            ("expected_bytes", "0 to 9975792"),
            ("median_bytes", "4987896"),
            ("requests", "4000"),
            ("expected_requests", "0 to 860"),
            ("median_requests", "430"),
            ("learned_windows", "20"),
            ("deviating_windows", "1"),
        ];
        assert_eq!(finding.evidence, evidence.map(|(name, value)| (name.into(), value.to_owned())));
    }

    #[test]
    fn an_attack_does_not_become_normal() {
        for learned in [15, 60, 1000] {
            let mut run = Run::new();
            run.windows(learned, CALM);
            assert_eq!(run.windows(20, ATTACK).len(), 20, "after {learned} calm windows");
            assert_eq!(run.windows(20, CALM), []);
            assert_eq!(run.windows(1, ATTACK).len(), 1, "the attack is still one");
        }
    }

    #[test]
    fn short_attacks_again_and_again_do_not_become_normal() {
        let mut run = Run::new();
        run.windows(30, CALM);
        for round in 0..50 {
            assert_eq!(run.windows(3, ATTACK).len(), 3, "round {round}");
            run.windows(12, CALM);
        }
    }

    #[test]
    fn a_lasting_change_becomes_normal() {
        for (learned, within) in [(15, 60), (100, 90), (3000, 200)] {
            let mut run = Run::new();
            run.windows(learned, CALM);
            let reported = run.windows(400, ATTACK).len();
            assert!((30..=within).contains(&reported), "{reported} after {learned} calm windows");
            assert_eq!(run.windows(10, ATTACK), []);
        }
    }

    #[test]
    fn rest_between_windows_is_no_deviation_and_teaches_nothing() {
        let mut run = Run::new();
        for _ in 0..40 {
            assert_eq!(run.windows(1, CALM), []);
            run.minute += 7;
        }
        assert_eq!(run.windows(1, CALM), []);
        assert_eq!(run.windows(1, ATTACK).len(), 1);
    }

    #[test]
    fn jitter_is_normal() {
        let mut run = Run::new();
        for step in 0..2000u64 {
            // A fixed pseudo-random sequence (Knuth's MMIX constants), 1 to 3 times 4 MiB.
            let noise = step.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1) >> 40;
            let bytes = 4 * MIB + noise % (8 * MIB);
            assert_eq!(run.windows(1, (bytes, 400)), [], "window {step}");
        }
        assert_eq!(run.windows(1, ATTACK).len(), 1);
    }

    #[test]
    fn a_server_is_judged_for_all_its_clients() {
        let mut run = Run::new();
        run.observed = Observed::Server;
        for client in 0..20 {
            let client = format!("203.0.113.{client}:5000");
            run.ends = inbound(&client, "nginx.service", "10.0.0.1:443");
            assert_eq!(run.windows(1, CALM), []);
        }
        let finding = run.windows(1, ATTACK).pop().unwrap();
        assert_eq!(finding.subject, "clients → nginx.service at 10.0.0.1:443");
    }

    #[test]
    fn it_wakes_at_the_end_of_the_window() {
        let mut run = Run::new();
        assert_eq!(run.detectors.next_deadline(), None);
        run.detectors.traffic(&run.ends, Observed::Server, (1, 1), second(130));
        assert_eq!(run.detectors.next_deadline(), Some(second(180).time));
        run.detectors.tick(second(180));
        assert_eq!(run.detectors.next_deadline(), None);
    }

    #[test]
    fn a_restart_gives_the_same_verdicts() {
        let mut before = Run::new();
        before.windows(20, CALM);
        before.windows(3, ATTACK);
        let mut after = Run::new();
        after.detectors.load_baseline(&before.detectors.baseline_bytes()).unwrap();
        assert_eq!(after.detectors.baseline_bytes(), before.detectors.baseline_bytes());
        for volume in [CALM, (9 * MIB, 400), (12 * MIB, 400), (4 * MIB, 900), ATTACK] {
            let reported = before.windows(1, volume).len();
            assert_eq!(after.windows(1, volume).len(), reported, "{volume:?}");
            assert_eq!(after.detectors.baseline_bytes(), before.detectors.baseline_bytes());
        }
        assert_eq!(after.windows(1, ATTACK).len(), 1);
    }

    #[test]
    fn a_damaged_baseline_leaves_a_cold_start() {
        let mut run = Run::new();
        run.windows(20, CALM);
        let bytes = run.detectors.baseline_bytes();
        assert!(run.detectors.load_baseline(&bytes[..bytes.len() - 1]).is_err());
        assert_eq!(run.windows(1, ATTACK), []);
    }

    #[test]
    fn other_windows_are_learned_anew() {
        let mut run = Run::new();
        run.windows(20, CALM);
        run.detectors.apply_settings(settings(|s| s.volume.window = minutes(2)));
        assert_eq!(run.windows(1, ATTACK), []);
        let bytes = run.detectors.baseline_bytes();
        let error = Run::new().detectors.load_baseline(&bytes);
        let (stored, now) = (minutes(2), minutes(1));
        assert_eq!(error, Err(BaselineError::OtherWindow { stored, now }));
    }

    #[test]
    fn a_flood_of_destinations_is_bounded_and_counted() {
        let mut detectors = Detectors::new(settings(|s| s.limits.destinations = 100));
        for port in 1..=5000u64 {
            let ends = outbound("/usr/bin/nmap", &format!("203.0.113.7:{port}"));
            detectors.traffic(&ends, Observed::Server, (1, 1), second(port));
        }
        assert!(detectors.evicted() >= 4900, "{}", detectors.evicted());
        detectors.tick(second(6000));
        assert!(detectors.baseline_bytes().len() < 100 * 60);
    }
}
