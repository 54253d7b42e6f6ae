//! Client connections to destinations that policy does not name.

use std::sync::Arc;

use super::memo::{Memo, key_of};
use super::naming::{identity, process_evidence, shown_address, shown_identity};
use super::{Detector, Observation, Reports};
use crate::pipeline::finding::{Cadence, Case, Confidence, FindingKind, Report, Sample, Severity};
use crate::pipeline::input::SocketAddress;
use crate::pipeline::output::{Ends, Observed};
use crate::pipeline::policy::allows;
use crate::pipeline::process::Process;
use crate::pipeline::scope::Scope;
use crate::pipeline::settings::{AllowRule, Settings};
use crate::pipeline::slab::Handle;

/// Reports each identity × destination of clients on this host that policy does not
/// allow; without any policy each is said once, so that one can be written.
///
/// A connection counts once; its later traffic only keeps the finding open, or, after
/// a reload of the policy, opens it.
pub(super) struct UnknownDestination {
    settings: Arc<Settings>,
    memo: Memo<Verdict>,
}

/// What policy says.
#[derive(Clone, Copy)]
enum Verdict {
    Allowed,
    Reported(Handle),
}

impl UnknownDestination {
    pub(super) fn new(settings: &Arc<Settings>) -> Self {
        Self { settings: Arc::clone(settings), memo: Memo::new() }
    }

    /// Judges a connection, and counts it.
    fn judge(&mut self, ends: &Arc<Ends>, reports: &mut Reports<'_>) {
        let verdict = match self.violation(ends) {
            Some(unknown) => {
                Verdict::Reported(reports.report(&unknown.report(), || Box::new(unknown)))
            }
            None => Verdict::Allowed,
        };
        self.memo.keep(key_of(ends), ends, verdict);
    }

    /// Judges later traffic of a connection.
    fn judge_again(&mut self, ends: &Arc<Ends>, reports: &mut Reports<'_>) {
        match self.memo.find(key_of(ends), ends) {
            Some(Verdict::Allowed) => return,
            Some(Verdict::Reported(finding)) if reports.keep(*finding) => return,
            _ => {}
        }
        let verdict = match self.violation(ends) {
            Some(unknown) => {
                reports.ensure(&unknown.report(), || Box::new(unknown)).map(Verdict::Reported)
            }
            None => Some(Verdict::Allowed),
        };
        if let Some(verdict) = verdict {
            self.memo.keep(key_of(ends), ends, verdict);
        }
    }

    fn violation(&self, ends: &Ends) -> Option<Unknown> {
        let (process, destination) = (ends.client.process.as_ref(), ends.server.address);
        let policy = &self.settings.allow;
        (!allows(policy, process.map(AsRef::as_ref), destination)).then(|| {
            let policy = if policy.is_empty() { Policy::Absent } else { Policy::Denies };
            Unknown { process: process.cloned(), destination, policy }
        })
    }
}

impl Detector for UnknownDestination {
    fn observe(&mut self, observation: &Observation<'_>, reports: &mut Reports<'_>) {
        match observation {
            Observation::Connected {
                ends, observed: Observed::Client | Observed::Both, ..
            } => {
                self.judge(ends, reports);
            }
            Observation::Traffic { ends, observed: Observed::Client | Observed::Both, .. } => {
                self.judge_again(ends, reports);
            }
            _ => {}
        }
    }

    fn apply_settings(&mut self, settings: &Arc<Settings>) {
        self.settings = Arc::clone(settings);
        self.memo.clear();
    }
}

/// An identity × destination that policy does not allow.
#[derive(Debug)]
struct Unknown {
    process: Option<Arc<Process>>,
    destination: SocketAddress,
    policy: Policy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    /// There is none.
    Absent,
    /// No rule of it matches.
    Denies,
}

impl Unknown {
    fn report(&self) -> Report {
        Report {
            kind: FindingKind::UnknownDestination,
            key: format!(
                "{}\0{}",
                identity(self.process.as_ref()),
                shown_address(self.destination)
            ),
            severity: self.severity(),
            confidence: match self.process {
                Some(_) => Confidence::High,
                None => Confidence::Medium,
            },
            cadence: match self.policy {
                Policy::Absent => Cadence::Once,
                Policy::Denies => Cadence::Repeated,
            },
            sample: Sample::First,
        }
    }

    fn severity(&self) -> Severity {
        match (self.policy, self.scope()) {
            (Policy::Denies, Scope::Public) => Severity::High,
            (Policy::Denies, Scope::Private) | (Policy::Absent, Scope::Public) => Severity::Medium,
            (Policy::Denies, Scope::Loopback) => Severity::Low,
            (Policy::Absent, Scope::Private | Scope::Loopback) => Severity::Informational,
        }
    }

    fn scope(&self) -> Scope {
        Scope::of(self.destination.address)
    }
}

impl Case for Unknown {
    fn subject(&self) -> String {
        let identity = shown_identity(self.process.as_ref());
        format!("{identity} → {}", shown_address(self.destination))
    }

    fn summary(&self, _count: u64) -> String {
        let identity = shown_identity(self.process.as_ref());
        let destination = shown_address(self.destination);
        let scope = self.scope().name();
        let verdict = match self.policy {
            Policy::Absent => "and there is no policy yet",
            Policy::Denies => "which no rule of the policy allows",
        };
        format!("{identity} connected to {destination} ({scope} address), {verdict}.")
    }

    fn evidence(&self, count: u64) -> Vec<(&'static str, String)> {
        let mut evidence = process_evidence(self.process.as_ref());
        evidence.push(("destination", shown_address(self.destination)));
        evidence.push(("scope", self.scope().name().to_owned()));
        evidence.push(("connections", count.to_string()));
        evidence
    }

    /// The rule that would allow it, line by line as the configuration takes it.
    fn remedy(&self) -> String {
        let rule = AllowRule::narrowest(self.process.as_deref(), self.destination);
        let lines: Vec<_> = rule.lines().iter().map(|line| format!("`{line}`")).collect();
        let lines = lines.join(" ");
        format!(
            "If this is intended, allow it with these lines at the end of the configuration: {lines}"
        )
    }

    fn holds(&self, settings: &Settings) -> bool {
        match self.policy {
            Policy::Absent => settings.allow.is_empty(),
            Policy::Denies => {
                !settings.allow.is_empty()
                    && !allows(&settings.allow, self.process.as_deref(), self.destination)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Detectors;
    use super::super::fixture::{allow, inbound, outbound, second, settings};
    use super::*;

    const CURL: &str = "/usr/bin/curl";

    #[test]
    fn severity_follows_policy_and_scope() {
        for (destination, without, denied) in [
            ("203.0.113.7:443", "medium", "high"),
            ("[2001:db8::1]:443", "medium", "high"),
            ("10.1.2.3:443", "informational", "medium"),
            ("100.64.0.1:443", "informational", "medium"),
            ("127.0.0.1:443", "informational", "low"),
            ("[::1]:443", "informational", "low"),
        ] {
            let ends = outbound(CURL, destination);
            for (rules, severity) in
                [(vec![], without), (vec![allow("/usr/bin/wget", "0.0.0.0", 0, 443)], denied)]
            {
                let mut detectors = Detectors::new(settings(|s| s.allow = rules));
                detectors.connect(&ends, Observed::Client, second(1));
                let said = format!("{severity} open 1 {CURL} → {destination}");
                assert_eq!(detectors.said(), [said]);
            }
        }
    }

    #[test]
    fn what_policy_allows_and_what_others_call_is_not_reported() {
        let rules = vec![allow(CURL, "203.0.113.0", 24, 443)];
        let mut detectors = Detectors::new(settings(|s| s.allow = rules));
        let allowed = outbound(CURL, "203.0.113.7:443");
        let called = inbound("198.51.100.1:5000", "nginx.service", "10.0.0.1:80");
        for (ends, observed) in [(&allowed, Observed::Client), (&called, Observed::Server)] {
            detectors.connect(ends, observed, second(1));
            detectors.traffic(ends, observed, (1, 1), second(2));
        }
        assert_eq!(detectors.said(), [""; 0]);
        detectors.connect(&outbound(CURL, "203.0.113.7:80"), Observed::Both, second(3));
        assert_eq!(detectors.said(), ["high open 1 /usr/bin/curl → 203.0.113.7:80"]);
    }

    #[test]
    fn without_a_policy_each_is_said_once() {
        let mut detectors = Detectors::new(settings(|_| {}));
        let ends = outbound(CURL, "10.1.2.3:443");
        for at in 1..600 {
            detectors.connect(&ends, Observed::Client, second(at));
            detectors.traffic(&ends, Observed::Client, (1, 1), second(at));
            detectors.tick(second(at));
        }
        detectors.connect(&outbound("/usr/bin/wget", "10.1.2.3:443"), Observed::Client, second(9));
        detectors.connect(&outbound(CURL, "10.1.2.3:80"), Observed::Client, second(9));
        let said = [
            "informational open 1 /usr/bin/curl → 10.1.2.3:443",
            "informational open 1 /usr/bin/wget → 10.1.2.3:443",
            "informational open 1 /usr/bin/curl → 10.1.2.3:80",
        ];
        assert_eq!(detectors.said(), said);
    }

    #[test]
    fn connections_count_and_their_traffic_does_not() {
        let rules = vec![allow(CURL, "203.0.113.7", 32, 443)];
        let mut detectors = Detectors::new(settings(|s| s.allow = rules));
        let ends = outbound(CURL, "203.0.113.8:443");
        detectors.connect(&ends, Observed::Client, second(1));
        detectors.connect(&ends, Observed::Client, second(2));
        for at in 3..100 {
            // Each time other `Ends`, so that nothing is remembered of them.
            detectors.traffic(&Arc::new(Ends::clone(&ends)), Observed::Client, (1, 1), second(at));
        }
        detectors.tick(second(100));
        let subject = "/usr/bin/curl → 203.0.113.8:443";
        assert_eq!(
            detectors.said(),
            [format!("high open 1 {subject}"), format!("high updated 2 {subject}")]
        );
    }

    #[test]
    fn a_connection_in_use_keeps_its_finding_open() {
        let mut detectors = Detectors::new(settings(|_| {}));
        let ends = outbound(CURL, "203.0.113.7:443");
        detectors.connect(&ends, Observed::Client, second(0));
        for hour in 1..48 {
            detectors.traffic(&ends, Observed::Client, (1, 1), second(3600 * hour));
            detectors.tick(second(3600 * hour));
        }
        assert_eq!(detectors.said(), ["medium open 1 /usr/bin/curl → 203.0.113.7:443"]);
        detectors.tick(second(3600 * 71));
        assert_eq!(detectors.said(), ["medium resolved 1 /usr/bin/curl → 203.0.113.7:443"]);
    }

    #[test]
    fn a_reload_resolves_and_reopens() {
        let allowing = || settings(|s| s.allow = vec![allow(CURL, "203.0.113.7", 32, 443)]);
        let denying = || settings(|s| s.allow = vec![allow(CURL, "203.0.113.9", 32, 443)]);
        let ends = outbound(CURL, "203.0.113.7:443");
        let mut detectors = Detectors::new(settings(|_| {}));
        let subject = "/usr/bin/curl → 203.0.113.7:443";
        let mut at = 0;
        for (settings, said) in [
            (settings(|_| {}), vec!["medium open 1"]),
            (denying(), vec!["medium resolved 1", "high open 1"]),
            (allowing(), vec!["high resolved 1"]),
            (denying(), vec!["high open 1"]),
            (denying(), vec![]),
            (settings(|_| {}), vec!["high resolved 1", "medium open 1"]),
            (allowing(), vec!["medium resolved 1"]),
        ] {
            at += 1;
            detectors.apply_settings(settings);
            detectors.traffic(&ends, Observed::Client, (1, 1), second(at));
            let expected: Vec<_> = said.iter().map(|said| format!("{said} {subject}")).collect();
            assert_eq!(detectors.said(), expected, "reload {at}");
        }
        assert_eq!(detectors.open_findings(), 0);
    }

    #[test]
    fn what_is_said_is_plain_and_holds_no_control_character() {
        let mut detectors = Detectors::new(settings(|s| s.allow = vec![allow("/x", "::", 0, 1)]));
        detectors.connect(&outbound(CURL, "203.0.113.7:443"), Observed::Client, second(1));
        let finding = detectors.poll_finding().unwrap();
        assert_eq!(
            finding.summary,
            "/usr/bin/curl connected to 203.0.113.7:443 (public address), \
             which no rule of the policy allows."
        );
        assert_eq!(
            finding.remedy,
            "If this is intended, allow it with these lines at the end of the configuration: \
             `[[allow]]` `exe = \"/usr/bin/curl\"` `networks = [\"203.0.113.7/32\"]` \
             `ports = [443]`"
        );
        let evidence = [
            ("process", "comm (pid 7)"),
            ("user", "alice"),
            ("destination", "203.0.113.7:443"),
            ("scope", "public"),
            ("connections", "1"),
        ];
        assert_eq!(finding.evidence, evidence.map(|(name, value)| (name, value.to_owned())));

        let hostile = outbound("/tmp/\u{1b}[2J\u{202e}\n", "203.0.113.7:443");
        detectors.connect(&hostile, Observed::Client, second(1));
        let finding = detectors.poll_finding().unwrap();
        assert!(!format!("{finding:?}").contains("\\u{1b}"));
        assert_eq!(finding.subject, "/tmp/\u{fffd}[2J\u{fffd}\u{fffd} → 203.0.113.7:443");

        let unknown = super::super::fixture::ends(None, "10.0.0.1:1", None, "203.0.113.7:443");
        detectors.connect(&unknown, Observed::Client, second(1));
        let finding = detectors.poll_finding().unwrap();
        assert_eq!(finding.subject, "unknown process → 203.0.113.7:443");
        assert_eq!(finding.confidence, Confidence::Medium);
    }
}
