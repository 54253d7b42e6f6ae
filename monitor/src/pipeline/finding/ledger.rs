//! The ledger: de-duplicates what detectors report, counts it, says it again in
//! good measure, and resolves it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::{Cadence, Case, Finding, FindingKind, Report, Sample, Severity, State};
use crate::pipeline::detect::Moment;
use crate::pipeline::settings::{FindingSettings, Settings};
use crate::pipeline::slab::{Handle, Slab};
use crate::pipeline::time::{Timestamp, WallOffset};
use entry::{About, Entry, Resolution};
pub(in crate::pipeline) use kept::FORM;

/// A finding that is open.
mod entry;
/// How open findings survive a restart.
mod kept;

/// Findings that are open, and what is to be said of them.
///
/// A finding is said when it opens; again at most every `update_interval` while it
/// is reported again, but at once when it gets more severe; and at last when it is
/// resolved: because it was not reported for `resolve_after`, because policy now
/// allows it, or because the ledger was full. When full, the least severe findings
/// make room first, of these the ones not reported for longest, so that a flood of
/// harmless findings cannot push out a grave one.
pub struct Ledger {
    settings: FindingSettings,
    limit: usize,
    places: BTreeMap<(FindingKind, Arc<str>), Handle>,
    entries: Slab<Entry>,
    /// When each entry wants attention: each stands here exactly once.
    wakes: BTreeSet<(Timestamp, Handle)>,
    outbox: VecDeque<Finding>,
    wall_offset: WallOffset,
    evicted: u64,
    changes: u64,
}

impl Ledger {
    /// A ledger without findings.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.findings.clone(),
            limit: limit_of(settings),
            places: BTreeMap::new(),
            entries: Slab::default(),
            wakes: BTreeSet::new(),
            outbox: VecDeque::new(),
            wall_offset: WallOffset::default(),
            evicted: 0,
            changes: 0,
        }
    }

    /// Takes a report: opens a finding, or counts it and says it again where due.
    pub fn report(
        &mut self,
        report: &Report,
        case: impl FnOnce() -> Box<dyn Case>,
        at: Moment,
    ) -> Handle {
        let place = (report.kind, Arc::from(report.key.as_str()));
        if let Some(handle) = self.places.get(&place).copied() {
            self.renew(handle, report, case, at);
            return handle;
        }
        self.make_room(self.limit - 1);
        let key = Arc::clone(&place.1);
        let entry = Entry::new(report, key, case(), at, self.settings.resolve_after);
        self.outbox.push_back(entry.say(State::Open, self.wall_offset, None));
        self.changes += 1;
        let wake = entry.wake;
        let handle = self.entries.insert(entry);
        self.wakes.insert((wake, handle));
        self.places.insert(place, handle);
        handle
    }

    /// Every finding that is open, as it stands, in the order of kinds and subjects.
    pub fn all(&self) -> impl Iterator<Item = Finding> {
        let entries = self.places.values().filter_map(|handle| self.entries.find(*handle));
        entries.map(|entry| entry.say(State::Open, self.wall_offset, None))
    }

    /// Takes a report that is not to be counted: opens a finding or makes it graver,
    /// else only keeps it from becoming quiet. It opens none where another would have
    /// to make room: what goes on for long must not push each other out in turns.
    pub fn ensure(
        &mut self,
        report: &Report,
        case: impl FnOnce() -> Box<dyn Case>,
        at: Moment,
    ) -> Option<Handle> {
        let place = (report.kind, Arc::from(report.key.as_str()));
        let Some(handle) = self.places.get(&place).copied() else {
            let has_room = self.entries.len() < self.limit;
            return has_room.then(|| self.report(report, case, at));
        };
        let severity = self.entries.find(handle).map(|entry| entry.severity);
        if severity.is_some_and(|severity| report.severity > severity) {
            self.renew(handle, report, case, at);
        } else {
            self.keep(handle, at);
        }
        Some(handle)
    }

    /// Counts a report that is the same as an earlier one. Answers whether the
    /// finding was still open; where not, it has to be reported in full.
    pub fn again(&mut self, handle: Handle, at: Moment) -> bool {
        let Some(entry) = self.entries.find_mut(handle) else { return false };
        entry.see(at.time);
        let unsaid = entry.count != entry.said_count;
        entry.count += 1;
        if !unsaid && entry.cadence == Cadence::Repeated {
            self.say_or_schedule(handle, at);
        }
        true
    }

    /// Keeps a finding from becoming quiet without counting it. Answers whether it
    /// was still open.
    pub fn keep(&mut self, handle: Handle, at: Moment) -> bool {
        self.entries.find_mut(handle).map(|entry| entry.see(at.time)).is_some()
    }

    /// How severe a finding is; none where it is not open any more.
    #[must_use]
    pub fn severity(&self, handle: Handle) -> Option<Severity> {
        self.entries.find(handle).map(|entry| entry.severity)
    }

    /// Notes how wall time stands now.
    pub const fn set_wall_offset(&mut self, wall_offset: WallOffset) {
        self.wall_offset = wall_offset;
    }

    /// Time has passed: says what is due and resolves what is quiet.
    pub fn tick(&mut self, at: Moment) {
        while let Some(&(wake, handle)) = self.wakes.first().filter(|(wake, _)| *wake <= at.time) {
            let entry = self.entries.find(handle).expect("each wake has its entry");
            debug_assert_eq!(entry.wake, wake);
            if entry.quiet_at(&self.settings) <= at.time {
                self.resolve(handle, Resolution::Quiet);
            } else if entry.is_due(&self.settings, at.time) {
                self.update(handle, at);
            } else {
                self.reschedule(handle);
            }
        }
    }

    /// New settings: findings that they make untrue are resolved.
    pub fn apply_settings(&mut self, settings: &Settings) {
        self.settings = settings.findings.clone();
        self.limit = limit_of(settings);
        let handles: Vec<_> = self.places.values().copied().collect();
        for handle in handles {
            let holds = self.entries.find(handle).is_some_and(|entry| entry.about.holds(settings));
            if holds {
                self.reschedule(handle);
            } else {
                self.resolve(handle, Resolution::NoLongerTrue);
            }
        }
        self.make_room(self.limit);
    }

    /// The next thing to say, in the order in which it came up.
    pub fn poll(&mut self) -> Option<Finding> {
        self.outbox.pop_front()
    }

    /// When [`Self::tick`] is wanted.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.wakes.first().map(|(wake, _)| *wake)
    }

    /// Findings open now.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.entries.len() as u64
    }

    /// How often a finding was opened, resolved or found to be graver so far.
    #[must_use]
    pub const fn changes(&self) -> u64 {
        self.changes
    }

    /// Findings that had to make room so far.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    fn renew(
        &mut self,
        handle: Handle,
        report: &Report,
        case: impl FnOnce() -> Box<dyn Case>,
        at: Moment,
    ) {
        let Some(entry) = self.entries.find_mut(handle) else { return };
        let rises = report.severity > entry.severity;
        let is_as_severe = report.severity == entry.severity;
        // What an earlier run said does not count on.
        let is_stale = report.sample == Sample::Latest || matches!(entry.about, About::Kept(_));
        if rises || (is_as_severe && is_stale) {
            entry.severity = report.severity;
            entry.confidence = report.confidence;
            entry.cadence = report.cadence;
            entry.about = About::Case(case());
        }
        if rises {
            entry.see(at.time);
            entry.count += 1;
            self.changes += 1;
            self.update(handle, at);
        } else {
            self.again(handle, at);
        }
    }

    fn say_or_schedule(&mut self, handle: Handle, at: Moment) {
        let entry = self.entries.find(handle).expect("the caller holds an open finding");
        if entry.is_due(&self.settings, at.time) {
            self.update(handle, at);
        } else {
            self.reschedule(handle);
        }
    }

    fn update(&mut self, handle: Handle, at: Moment) {
        let entry = self.entries.find_mut(handle).expect("the caller holds an open finding");
        entry.said_at = at.time;
        entry.said_count = entry.count;
        let finding = entry.say(State::Updated, self.wall_offset, None);
        self.outbox.push_back(finding);
        self.reschedule(handle);
    }

    fn reschedule(&mut self, handle: Handle) {
        let entry = self.entries.find_mut(handle).expect("the caller holds an open finding");
        self.wakes.remove(&(entry.wake, handle));
        entry.wake = entry.next_wake(&self.settings);
        self.wakes.insert((entry.wake, handle));
    }

    fn resolve(&mut self, handle: Handle, resolution: Resolution) {
        let Some(entry) = self.entries.remove(handle) else { return };
        self.wakes.remove(&(entry.wake, handle));
        self.changes += 1;
        let finding = entry.say(State::Resolved, self.wall_offset, Some(resolution));
        self.outbox.push_back(finding);
        self.places.remove(&(entry.kind, entry.key));
    }

    fn make_room(&mut self, most: usize) {
        while self.entries.len() > most {
            let order = |e: &Entry| (e.severity, e.last_seen, e.kind, Arc::clone(&e.key));
            for handle in self.entries.first_by(order) {
                self.resolve(handle, Resolution::Evicted);
                self.evicted += 1;
            }
        }
    }
}

fn limit_of(settings: &Settings) -> usize {
    (settings.limits.findings as usize).max(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::pipeline::finding::{Condition, Confidence};
    use crate::pipeline::time::WallTime;

    /// A case that says its name, and is untrue once there is a policy.
    #[derive(Debug)]
    struct Named(String);

    impl Case for Named {
        fn subject(&self) -> String {
            self.0.clone()
        }
        fn summary(&self, count: u64) -> String {
            format!("{} was seen {count} times.", self.0)
        }
        fn evidence(&self, count: u64) -> Vec<(&'static str, String)> {
            vec![("count", count.to_string())]
        }
        fn remedy(&self) -> String {
            "None.".to_owned()
        }
        fn condition(&self, _settings: &Settings) -> Condition {
            if self.0 == "allowed" { Condition::NoPolicy } else { Condition::Always }
        }
    }

    pub(super) fn report(name: &'static str, severity: Severity) -> Report {
        Report {
            kind: FindingKind::UnencryptedPayload,
            key: name.to_owned(),
            severity,
            confidence: Confidence::High,
            cadence: Cadence::Repeated,
            sample: Sample::First,
        }
    }

    pub(super) fn low(name: &'static str) -> Report {
        report(name, Severity::Low)
    }

    impl Ledger {
        /// Reports a case that is called like its key.
        pub(super) fn take(&mut self, report: &Report, at: Moment) -> Handle {
            let name = report.key.clone();
            self.report(report, || Box::new(Named(name)), at)
        }
    }

    pub(super) fn settings(limit: u32) -> Settings {
        let mut settings = Settings::default();
        settings.findings.update_interval = Duration::from_secs(60);
        settings.findings.resolve_after = Duration::from_secs(3600);
        settings.limits.findings = limit;
        settings
    }

    pub(super) fn ledger(limit: u32) -> Ledger {
        let mut ledger = Ledger::new(&settings(limit));
        ledger.set_wall_offset(WallOffset(7));
        ledger
    }

    pub(super) fn second(seconds: u64) -> Moment {
        Moment { time: time(seconds), wall_offset: WallOffset(7) }
    }

    pub(super) fn time(seconds: u64) -> Timestamp {
        Timestamp(seconds * 1_000_000_000)
    }

    /// What waits to be said: subject, state, count.
    pub(super) fn said(ledger: &mut Ledger) -> Vec<(String, State, u64)> {
        std::iter::from_fn(|| ledger.poll()).map(|f| (f.subject, f.state, f.count)).collect()
    }

    fn one(subject: &str, state: State, count: u64) -> Vec<(String, State, u64)> {
        vec![(subject.to_owned(), state, count)]
    }

    #[test]
    fn a_finding_opens_updates_in_good_measure_and_resolves() {
        let mut ledger = ledger(10);
        let handle = ledger.take(&low("it"), second(10));
        let opened = ledger.poll().unwrap();
        assert_eq!((opened.state, opened.count), (State::Open, 1));
        assert_eq!(opened.first_seen, WallTime(10_000_000_007));
        assert_eq!(opened.summary, "it was seen 1 times.");
        assert_eq!(ledger.next_deadline(), Some(time(3610)));

        assert!(ledger.again(handle, second(20)));
        ledger.take(&low("it"), second(30));
        ledger.tick(second(69));
        assert_eq!(said(&mut ledger), []);
        assert_eq!(ledger.next_deadline(), Some(time(70)));
        ledger.tick(second(70));
        let updated = ledger.poll().unwrap();
        assert_eq!((updated.state, updated.count), (State::Updated, 3));
        assert_eq!((updated.id, updated.first_seen), (opened.id, opened.first_seen));
        assert_eq!(updated.last_seen, WallTime(30_000_000_007));
        assert_eq!(ledger.next_deadline(), Some(time(3630)));

        // After a rest the next report is said at once.
        assert!(ledger.again(handle, second(200)));
        assert_eq!(said(&mut ledger), one("it", State::Updated, 4));
        // Not counted, but not quiet either.
        assert!(ledger.keep(handle, second(1000)));
        ledger.tick(second(4599));
        assert_eq!(said(&mut ledger), []);
        ledger.tick(second(4600));
        let resolved = ledger.poll().unwrap();
        assert_eq!((resolved.state, resolved.count), (State::Resolved, 4));
        assert_eq!(resolved.evidence.last().unwrap().1, "not seen for long");
        assert_eq!((ledger.open(), ledger.next_deadline()), (0, None));

        // It opens anew.
        assert!(!ledger.again(handle, second(5000)));
        assert!(!ledger.keep(handle, second(5000)));
        ledger.take(&low("it"), second(5000));
        let again = ledger.poll().unwrap();
        assert_eq!((again.state, again.count, again.id), (State::Open, 1, opened.id));
        assert_eq!(again.first_seen, WallTime(5_000_000_000_007));
    }

    #[test]
    fn both_times_follow_the_clock_on_the_wall() {
        let mut ledger = ledger(10);
        ledger.set_wall_offset(WallOffset(9_000_000_000));
        ledger.take(&low("it"), second(1));
        assert_eq!(ledger.poll().unwrap().first_seen, WallTime(10_000_000_000));
        // Its clock was ahead, and is set back.
        ledger.set_wall_offset(WallOffset(0));
        ledger.take(&report("it", Severity::Critical), second(2));
        let updated = ledger.poll().unwrap();
        let seen = (WallTime(1_000_000_000), WallTime(2_000_000_000));
        assert_eq!((updated.first_seen, updated.last_seen), seen);
    }

    #[test]
    fn a_rise_is_said_at_once_and_a_fall_never() {
        let mut ledger = ledger(10);
        ledger.take(&low("it"), second(0));
        ledger.take(&report("it", Severity::Critical), second(1));
        ledger.take(&low("it"), second(2));
        let severities: Vec<_> =
            std::iter::from_fn(|| ledger.poll()).map(|f| (f.state, f.severity, f.count)).collect();
        assert_eq!(
            severities,
            [(State::Open, Severity::Low, 1), (State::Updated, Severity::Critical, 2)]
        );
        ledger.tick(second(61));
        let updated = ledger.poll().unwrap();
        assert_eq!((updated.severity, updated.count), (Severity::Critical, 3));
    }

    #[test]
    fn the_sample_decides_which_case_is_shown() {
        for (sample, shown) in [(Sample::First, "first"), (Sample::Latest, "second")] {
            let mut ledger = ledger(10);
            for name in ["first", "second"] {
                let report = Report { sample, ..low("same") };
                ledger.report(&report, || Box::new(Named(name.to_owned())), second(0));
            }
            ledger.tick(second(60));
            assert_eq!(said(&mut ledger).pop(), one(shown, State::Updated, 2).pop());
        }
    }

    #[test]
    fn what_is_said_once_is_not_updated() {
        let mut ledger = ledger(10);
        let once = |severity| Report { cadence: Cadence::Once, ..report("it", severity) };
        let handle = ledger.take(&once(Severity::Low), second(0));
        for at in 1..1000 {
            ledger.again(handle, second(at));
            ledger.tick(second(at));
        }
        assert_eq!(said(&mut ledger), one("it", State::Open, 1));
        ledger.take(&once(Severity::High), second(1000));
        assert_eq!(said(&mut ledger), one("it", State::Updated, 1001));
        ledger.tick(second(1000 + 3600));
        assert_eq!(said(&mut ledger), one("it", State::Resolved, 1001));
    }

    #[test]
    fn ensuring_does_not_count() {
        let mut ledger = ledger(10);
        let it = || -> Box<dyn Case> { Box::new(Named("it".to_owned())) };
        let first = ledger.ensure(&low("it"), it, second(0));
        assert!(first.is_some());
        assert_eq!(ledger.ensure(&low("it"), it, second(100)), first);
        assert_eq!(said(&mut ledger), one("it", State::Open, 1));
        ledger.ensure(&report("it", Severity::High), it, second(101));
        assert_eq!(said(&mut ledger), one("it", State::Updated, 2));
        ledger.tick(second(3700));
        assert_eq!(ledger.open(), 1);
    }

    #[test]
    fn the_least_severe_and_least_recent_makes_room() {
        let mut ledger = ledger(3);
        ledger.take(&report("grave", Severity::Critical), second(0));
        let old = ledger.take(&low("old"), second(1));
        ledger.take(&low("new"), second(2));
        ledger.again(old, second(3));
        said(&mut ledger);
        ledger.take(&report("more", Severity::Informational), second(4));
        ledger.take(&low("most"), second(5));
        let mut said: Vec<_> = std::iter::from_fn(|| ledger.poll())
            .map(|f| (f.subject, f.state, f.evidence))
            .collect();
        assert_eq!(
            said.remove(0).2.last().unwrap(),
            &("resolution".into(), "table full".to_owned())
        );
        let rest: Vec<_> = said.iter().map(|(subject, state, _)| (&**subject, *state)).collect();
        assert_eq!(rest, [("more", State::Open), ("more", State::Resolved), ("most", State::Open)]);
        assert_eq!((ledger.open(), ledger.evicted()), (3, 2));
        let names: Vec<_> = ledger.places.keys().map(|(_, key)| &**key).collect();
        assert_eq!(names, ["grave", "most", "old"]);
    }

    #[test]
    fn what_goes_on_does_not_push_others_out() {
        let mut ledger = ledger(2);
        let it = || -> Box<dyn Case> { Box::new(Named("it".to_owned())) };
        for name in ["a", "b"] {
            assert!(ledger.ensure(&low(name), it, second(0)).is_some());
        }
        assert_eq!(ledger.ensure(&report("c", Severity::Critical), it, second(1)), None);
        assert_eq!((ledger.open(), ledger.evicted()), (2, 0));
    }

    #[test]
    fn a_flood_is_bounded_and_every_open_is_resolved() {
        let mut ledger = ledger(100);
        let mut balance = 0i64;
        for n in 0..5000u64 {
            let key = format!("subject {n}");
            ledger.take(&Report { key, ..low("flood") }, second(n));
            while let Some(finding) = ledger.poll() {
                balance += if finding.state == State::Open { 1 } else { -1 };
            }
            assert!(ledger.open() <= 100);
            assert_eq!(ledger.open() as i64, balance);
            assert_eq!(ledger.wakes.len(), ledger.places.len());
        }
        assert_eq!(ledger.evicted() + ledger.open(), 5000);
    }

    #[test]
    fn a_reload_resolves_what_is_no_longer_true_and_takes_new_limits() {
        let mut ledger = ledger(10);
        for name in ["allowed", "denied", "other"] {
            ledger.take(&low(name), second(1));
        }
        said(&mut ledger);
        let mut settings = settings(1);
        settings.findings.resolve_after = Duration::from_secs(10);
        settings.allow.push(crate::pipeline::settings::AllowRule::default());
        ledger.apply_settings(&settings);
        let resolved = [one("allowed", State::Resolved, 1), one("denied", State::Resolved, 1)];
        assert_eq!(said(&mut ledger), resolved.concat());
        assert_eq!(ledger.next_deadline(), Some(time(11)));
        ledger.tick(second(11));
        assert_eq!(said(&mut ledger), one("other", State::Resolved, 1));
    }
}
