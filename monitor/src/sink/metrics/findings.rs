//! Findings by kind and severity: opened so far, and open now.

use std::collections::BTreeMap;

use prometheus::proto::LabelPair;
use rustc_hash::FxHashMap;

use super::exposition::{Exposition, label};
use crate::pipeline::finding::{Finding, FindingId, FindingKind, Severity, State};

/// Open findings followed at most; the ledger keeps far fewer.
const MAX_OPEN: usize = 65_536;

type Class = (FindingKind, Severity);

/// Counts of findings.
#[derive(Debug)]
pub(super) struct Findings {
    numbers: Numbers,
    /// Class of each open finding, since an update may change its severity.
    open: FxHashMap<FindingId, Class>,
}

/// A copy of the counts.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    opened: BTreeMap<Class, u64>,
    open: BTreeMap<Class, u64>,
}

/// Every class is there from the start: an alert on the increase of a counter sees
/// nothing if its series begins at one.
impl Default for Findings {
    fn default() -> Self {
        let severities = [
            Severity::Informational,
            Severity::Low,
            Severity::Medium,
            Severity::High,
            Severity::Critical,
        ];
        let zeros: BTreeMap<_, _> = FindingKind::ALL
            .iter()
            .flat_map(|kind| severities.iter().map(|severity| ((*kind, *severity), 0)))
            .collect();
        let numbers = Numbers { opened: zeros.clone(), open: zeros };
        Self { numbers, open: FxHashMap::default() }
    }
}

impl Findings {
    pub(super) fn count(&mut self, finding: &Finding) {
        let class = (finding.kind, finding.severity);
        if finding.state == State::Open {
            *self.numbers.opened.entry(class).or_default() += 1;
        }
        self.forget(finding.id);
        if finding.state != State::Resolved && self.open.len() < MAX_OPEN {
            self.open.insert(finding.id, class);
            *self.numbers.open.entry(class).or_default() += 1;
        }
    }

    fn forget(&mut self, id: FindingId) {
        let class = self.open.remove(&id);
        if let Some(count) = class.and_then(|class| self.numbers.open.get_mut(&class)) {
            *count = count.saturating_sub(1);
        }
    }

    pub(super) fn numbers(&self) -> Numbers {
        self.numbers.clone()
    }
}

impl Numbers {
    pub(super) fn expose(&self, to: &mut Exposition) {
        to.counters(
            "apiwatch_findings_total",
            "Findings opened.",
            self.opened.iter().map(|(class, count)| (pairs(*class), *count)),
        );
        to.gauges(
            "apiwatch_findings_open",
            "Findings open now.",
            self.open.iter().map(|(class, count)| (pairs(*class), *count as f64)),
        );
    }
}

fn pairs((kind, severity): Class) -> Vec<LabelPair> {
    vec![label("kind", kind.name()), label("severity", severity.name())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::sample;

    fn class(severity: Severity) -> Class {
        (FindingKind::UnencryptedPayload, severity)
    }

    #[test]
    fn findings_open_change_severity_and_resolve() {
        let mut findings = Findings::default();
        let mut open = Vec::new();
        for (id, severity, state) in [
            (1, Severity::Low, State::Open),
            (2, Severity::Low, State::Open),
            (1, Severity::High, State::Updated),
            (2, Severity::Low, State::Updated),
            (1, Severity::High, State::Resolved),
            (1, Severity::High, State::Resolved),
            (1, Severity::High, State::Open),
        ] {
            findings.count(&sample::finding(id, severity, state));
            let numbers = findings.numbers();
            open.push((numbers.open[&class(Severity::Low)], numbers.open[&class(Severity::High)]));
        }
        assert_eq!(open, [(1, 0), (2, 0), (1, 1), (1, 1), (1, 0), (1, 0), (1, 1)]);
        assert_eq!(findings.numbers().opened[&class(Severity::Low)], 2);
        assert_eq!(findings.numbers().opened[&class(Severity::High)], 1);
    }
}
