//! What open findings say of pairs and services.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::party::{Pair, Parties, Party, Server};
use crate::pipeline::finding::{Finding, FindingKind, Severity};
use crate::pipeline::output::End;

/// Open findings on one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// Of the kind that no policy names the destination.
    pub(crate) unknown: u32,
    /// By severity, the least severe first.
    severities: [u32; 5],
}

impl Judgement {
    /// How many there are.
    pub(crate) fn total(self) -> u32 {
        self.severities.iter().sum()
    }

    /// The worst and how many of it there are.
    pub(crate) fn worst(self) -> Option<(Severity, u32)> {
        let counts = SEVERITIES.into_iter().zip(self.severities);
        counts.rev().find(|(_, count)| *count > 0)
    }

    /// Each severity with how many of it there are, the worst first.
    pub(crate) fn counts(self) -> impl Iterator<Item = (Severity, u32)> {
        SEVERITIES.into_iter().zip(self.severities).rev().filter(|(_, count)| *count > 0)
    }

    fn plus(mut self, other: Self) -> Self {
        self.unknown += other.unknown;
        for (mine, theirs) in self.severities.iter_mut().zip(other.severities) {
            *mine += theirs;
        }
        self
    }

    fn change(&mut self, finding: &Finding, change: Change) {
        let is_unknown = finding.kind == FindingKind::UnknownDestination;
        let of_severity = self.severities.get_mut(finding.severity as usize);
        for count in of_severity.into_iter().chain(is_unknown.then_some(&mut self.unknown)) {
            match change {
                Change::Opened => *count += 1,
                Change::Gone => *count = count.saturating_sub(1),
            }
        }
    }
}

const SEVERITIES: [Severity; 5] =
    [Severity::Informational, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

/// What policy says of a pair, as far as that is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// Nobody judged it, or the judgement may not have come here.
    NotJudged,
    /// A policy names it.
    Allowed,
    /// No policy names it.
    Unknown,
}

/// What happened to a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Opened,
    Gone,
}

/// Open findings by whom they are about. As large as the table of findings at most.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judgements {
    pairs: BTreeMap<Pair, Judgement>,
    services: BTreeMap<(Arc<str>, u16), Judgement>,
}

impl Judgements {
    /// Counts a finding, or takes it away.
    pub(super) fn change(&mut self, finding: &Finding, change: Change) {
        match Parties::of(&finding.subject) {
            Some(Parties::Pair(pair)) => change_in(&mut self.pairs, pair, finding, change),
            Some(Parties::Service { identity, port }) => {
                change_in(&mut self.services, (identity, port), finding, change);
            }
            None => {}
        }
    }

    /// What is said of a row: of its client with its server by name and by address, or,
    /// where its client does not live here, of what its server serves.
    pub(crate) fn of(&self, pair: &Pair, server: &End) -> Judgement {
        match (&pair.client, &server.process) {
            _ if self.pairs.is_empty() && self.services.is_empty() => Judgement::default(),
            (Party::Identity(_), _) => {
                let by_key = self.pairs.get(pair).copied().unwrap_or_default();
                if matches!(pair.server, Server::Address(_)) {
                    return by_key;
                }
                let client = pair.client.clone();
                let by_address = Pair { client, server: Server::Address(server.address) };
                by_key.plus(self.pairs.get(&by_address).copied().unwrap_or_default())
            }
            (Party::Address(_), Some(process)) => {
                let service = (Arc::clone(&process.identity), server.address.port);
                self.services.get(&service).copied().unwrap_or_default()
            }
            (Party::Address(_), None) => Judgement::default(),
        }
    }
}

fn change_in<K: Ord>(
    table: &mut BTreeMap<K, Judgement>,
    key: K,
    finding: &Finding,
    change: Change,
) {
    match change {
        Change::Opened => table.entry(key).or_default().change(finding, change),
        Change::Gone => {
            let Some(judgement) = table.get_mut(&key) else { return };
            judgement.change(finding, change);
            if judgement.total() == 0 {
                table.remove(&key);
            }
        }
    }
}
