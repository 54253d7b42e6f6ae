//! Client connections to destinations that policy does not name.

use std::sync::Arc;

use super::memo::{Memo, key_of};
use super::naming::{Destination, identity, process_evidence, shown_identity};
use super::{Detector, Observation, Reports};
use crate::pipeline::finding::{
    Cadence, Case, Condition, Confidence, FindingKind, Report, Sample, Severity,
};
use crate::pipeline::output::{Ends, NameSource, Observed};
use crate::pipeline::policy::allows;
use crate::pipeline::process::Process;
use crate::pipeline::scope::Scope;
use crate::pipeline::settings::{AllowRule, Settings};
use crate::pipeline::slab::Handle;
use crate::pipeline::time::Timestamp;
use waiting::Waiting;

/// Connections whose destination may still be given a name.
mod waiting;

/// Reports each identity × destination of clients on this host that policy does not
/// allow; without any policy each is said once, so that one can be written.
///
/// A destination is its name and port where TLS or DNS says the name, whatever its
/// addresses. So a connection is judged once its client has sent something, which may
/// hold the name: a rule that allows by name must not be late. Who sends nothing is
/// judged by address shortly after.
///
/// A connection counts once; its later traffic only keeps the finding open, or, after
/// a reload of the policy, opens it.
pub(super) struct UnknownDestination {
    settings: Arc<Settings>,
    memo: Memo<Verdict>,
    waiting: Waiting,
}

/// What policy says.
#[derive(Clone, Copy)]
enum Verdict {
    Allowed,
    Reported(Handle),
}

impl UnknownDestination {
    pub(super) fn new(settings: &Arc<Settings>) -> Self {
        Self { settings: Arc::clone(settings), memo: Memo::new(), waiting: Waiting::default() }
    }

    /// Judges a new connection, or lets it wait where a name could change the verdict.
    fn judge_new(&mut self, ends: &Arc<Ends>, reports: &mut Reports<'_>) {
        if is_named_for_good(ends) || self.violation(ends).is_none() {
            self.judge(ends, reports);
        } else if let Some(other) = self.waiting.add(ends, reports.at().time) {
            self.judge(&other, reports);
        }
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

    /// Judges traffic of a connection: the first that may hold its name, or later one.
    fn judge_traffic(&mut self, ends: &Arc<Ends>, reports: &mut Reports<'_>) {
        if self.waiting.take(ends) {
            self.judge(ends, reports);
        } else {
            self.judge_again(ends, reports);
        }
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
        let unknown = Unknown {
            process: ends.client.process.clone(),
            destination: Destination::of(&ends.server),
            policy: if self.settings.allow.is_empty() { Policy::Absent } else { Policy::Denies },
        };
        (!unknown.is_allowed(&self.settings)).then_some(unknown)
    }
}

/// Whether nothing that comes later changes the name: SNI counts most.
fn is_named_for_good(ends: &Ends) -> bool {
    ends.server.name.as_ref().is_some_and(|name| name.source == NameSource::Sni)
}

impl Detector for UnknownDestination {
    fn observe(&mut self, observation: &Observation<'_>, reports: &mut Reports<'_>) {
        match observation {
            Observation::Connected {
                ends, observed: Observed::Client | Observed::Both, ..
            } => {
                self.judge_new(ends, reports);
            }
            Observation::Traffic { ends, observed: Observed::Client | Observed::Both, .. } => {
                self.judge_traffic(ends, reports);
            }
            Observation::Tick => {
                while let Some(ends) = self.waiting.pop_due(reports.at().time) {
                    self.judge(&ends, reports);
                }
            }
            Observation::End => {
                while let Some(ends) = self.waiting.pop() {
                    self.judge(&ends, reports);
                }
            }
            _ => {}
        }
    }

    fn apply_settings(&mut self, settings: &Arc<Settings>) {
        self.settings = Arc::clone(settings);
        self.memo.clear();
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        self.waiting.deadline()
    }
}

/// An identity × destination that policy does not allow.
#[derive(Debug)]
struct Unknown {
    process: Option<Arc<Process>>,
    destination: Destination,
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
    fn is_allowed(&self, settings: &Settings) -> bool {
        let Destination { address, name } = &self.destination;
        allows(&settings.allow, self.process.as_deref(), *address, name.as_ref())
    }

    fn report(&self) -> Report {
        Report {
            kind: FindingKind::UnknownDestination,
            key: format!("{}\0{}", identity(self.process.as_ref()), self.destination.key()),
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
        match (self.policy, self.destination.scope()) {
            (Policy::Denies, Scope::Public) => Severity::High,
            (Policy::Denies, Scope::Private) | (Policy::Absent, Scope::Public) => Severity::Medium,
            (Policy::Denies, Scope::Loopback) => Severity::Low,
            (Policy::Absent, Scope::Private | Scope::Loopback) => Severity::Informational,
        }
    }
}

impl Case for Unknown {
    fn subject(&self) -> String {
        let identity = shown_identity(self.process.as_ref());
        format!("{identity} → {}", self.destination.shown())
    }

    fn summary(&self, _count: u64) -> String {
        let identity = shown_identity(self.process.as_ref());
        let destination = self.destination.described();
        let verdict = match self.policy {
            Policy::Absent => "and there is no policy yet",
            Policy::Denies => "which no rule of the policy allows",
        };
        format!("{identity} connected to {destination}, {verdict}.")
    }

    fn evidence(&self, count: u64) -> Vec<(&'static str, String)> {
        let mut evidence = process_evidence(self.process.as_ref());
        evidence.extend(self.destination.evidence());
        evidence.push(("connections", count.to_string()));
        evidence
    }

    /// The rule that would allow it, line by line as the configuration takes it.
    fn remedy(&self) -> String {
        let Destination { address, name } = &self.destination;
        let rule = AllowRule::narrowest(self.process.as_deref(), *address, name.as_ref());
        let lines: Vec<_> = rule.lines().iter().map(|line| format!("`{line}`")).collect();
        let lines = lines.join(" ");
        format!(
            "If this is intended, allow it with these lines at the end of the configuration: {lines}"
        )
    }

    fn condition(&self, _settings: &Settings) -> Condition {
        let Destination { address, name } = self.destination.clone();
        match self.policy {
            Policy::Absent => Condition::NoPolicy,
            Policy::Denies => {
                Condition::Denied { process: self.process.clone(), destination: address, name }
            }
        }
    }
}

#[cfg(test)]
mod tests;
