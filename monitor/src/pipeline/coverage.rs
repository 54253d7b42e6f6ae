//! What was read of each process's traffic, and why the rest was not.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Pipeline;
use super::detect::naming::identity;
use super::input::UncapturedReason;
use super::output::{ConnectionReport, Observed, PerDirection};

/// Identities kept apart; what others move is summed up under [`OTHERS`].
const LIMIT: usize = 1_024;
/// Stands for all identities that there was no room for. No identity looks like it.
const OTHERS: &str = "(others)";

/// What was read of an identity's traffic. A connection with both ends on this host
/// counts for both of its processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessCoverage {
    /// The identity, as findings name it.
    pub identity: Arc<str>,
    /// Connections, those included that have ended.
    pub connections: u64,
    /// Connections that are open.
    pub open: u64,
    /// Bytes that moved, both ways.
    pub moved: u64,
    /// Bytes that were read.
    pub captured: u64,
    /// Bytes that moved and were not read, by reason.
    pub uncaptured: BTreeMap<UncapturedReason, u64>,
}

/// What was read of connections that have ended, by identity.
#[derive(Clone, Debug, Default)]
pub(super) struct Coverage {
    processes: BTreeMap<Arc<str>, ProcessCoverage>,
}

impl Coverage {
    /// Counts a connection that has ended.
    pub(super) fn close(&mut self, report: &ConnectionReport) {
        self.add(report, 0);
    }

    fn add(&mut self, report: &ConnectionReport, open: u64) {
        for identity in identities(report) {
            let row = self.row(identity);
            row.connections += 1;
            row.open += open;
            row.moved = row.moved.saturating_add(sum(report.bytes));
            row.captured = row.captured.saturating_add(sum(report.captured));
            for (reason, bytes) in &report.uncaptured {
                let unread = row.uncaptured.entry(*reason).or_default();
                *unread = unread.saturating_add(*bytes);
            }
        }
    }

    fn row(&mut self, identity: Arc<str>) -> &mut ProcessCoverage {
        let is_full = self.processes.len() >= LIMIT && !self.processes.contains_key(&identity);
        let identity = if is_full { OTHERS.into() } else { identity };
        self.processes.entry(Arc::clone(&identity)).or_insert_with(|| ProcessCoverage {
            identity,
            connections: 0,
            open: 0,
            moved: 0,
            captured: 0,
            uncaptured: BTreeMap::new(),
        })
    }
}

impl Pipeline {
    /// What was read of each process's traffic so far, in the order of identities. Walks
    /// over all connections: ask for it every other second, not all the time.
    #[must_use]
    pub fn coverage(&self) -> Vec<ProcessCoverage> {
        let mut coverage = self.coverage.clone();
        for report in self.open_connections() {
            coverage.add(&report, 1);
        }
        coverage.processes.into_values().collect()
    }
}

/// Of the ends that live on this host.
fn identities(report: &ConnectionReport) -> impl Iterator<Item = Arc<str>> {
    let of = |process: &Option<_>| identity(process.as_ref());
    let client = (report.observed != Observed::Server).then(|| of(&report.ends.client.process));
    let server = (report.observed != Observed::Client).then(|| of(&report.ends.server.process));
    let is_one = client == server;
    client.into_iter().chain(server.filter(|_| !is_one))
}

const fn sum(bytes: PerDirection<u64>) -> u64 {
    bytes.to_server.saturating_add(bytes.to_client)
}
