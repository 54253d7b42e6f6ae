//! Findings that are open.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::pipeline::finding::{Finding, FindingId, Severity, State};

/// Open findings; bounded: the least severe, longest unseen one goes first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    open: BTreeMap<FindingId, Arc<Finding>>,
    evicted: u64,
}

const LIMIT: usize = 2_000;

impl Findings {
    /// Takes what is said of a finding now.
    pub(crate) fn update(&mut self, finding: &Finding) {
        if finding.state == State::Resolved {
            self.open.remove(&finding.id);
            return;
        }
        if self.open.len() >= LIMIT && !self.open.contains_key(&finding.id) {
            self.evict();
        }
        self.open.insert(finding.id, Arc::new(finding.clone()));
    }

    /// The open findings, in the order of their ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Finding>> {
        self.open.values()
    }

    /// The finding of an id.
    pub(crate) fn find(&self, id: FindingId) -> Option<&Arc<Finding>> {
        self.open.get(&id)
    }

    /// How many are open.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    /// How many were dropped to make room.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// How many are open of a severity.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.open.values().filter(|finding| finding.severity == severity).count()
    }

    fn evict(&mut self) {
        let least = self.open.values().min_by_key(|f| (f.severity, f.last_seen, f.id));
        if let Some(id) = least.map(|finding| finding.id) {
            self.open.remove(&id);
            self.evicted += 1;
        }
    }
}
