//! Findings that are open.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::judgements::{Change, Judgements};
use crate::pipeline::finding::{Finding, FindingId, Severity, State};

/// Open findings; bounded: the least severe, longest unseen one goes first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    open: BTreeMap<FindingId, Arc<Finding>>,
    judgements: Judgements,
    /// By severity, the least severe first.
    counts: [usize; 5],
    evicted: u64,
}

const LIMIT: usize = 2_000;

impl Findings {
    /// Takes what is said of a finding now.
    pub(crate) fn update(&mut self, finding: Finding) {
        self.remove(finding.id);
        if finding.state == State::Resolved {
            return;
        }
        if self.open.len() >= LIMIT {
            self.evict();
        }
        self.judgements.change(&finding, Change::Opened);
        if let Some(count) = self.counts.get_mut(finding.severity as usize) {
            *count += 1;
        }
        self.open.insert(finding.id, Arc::new(finding));
    }

    /// The open findings, in the order of their ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Finding>> {
        self.open.values()
    }

    /// The finding of an id.
    pub(crate) fn find(&self, id: FindingId) -> Option<&Arc<Finding>> {
        self.open.get(&id)
    }

    /// What they say of pairs and services.
    pub(crate) fn judgements(&self) -> &Judgements {
        &self.judgements
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
        self.counts.get(severity as usize).copied().unwrap_or_default()
    }

    fn remove(&mut self, id: FindingId) {
        if let Some(before) = self.open.remove(&id) {
            self.judgements.change(&before, Change::Gone);
            if let Some(count) = self.counts.get_mut(before.severity as usize) {
                *count -= 1;
            }
        }
    }

    fn evict(&mut self) {
        let least = self.open.values().min_by_key(|f| (f.severity, f.last_seen, f.id));
        if let Some(id) = least.map(|finding| finding.id) {
            self.remove(id);
            self.evicted += 1;
        }
    }
}
