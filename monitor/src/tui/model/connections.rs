//! Connections: those that are open, as far as the reports of their opens and closes
//! arrived, and the last ones that closed or shook hands.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::party::Pair;
use crate::pipeline::output::{
    ConnectionId, ConnectionReport, Encryption, Ends, Observed, TlsReport,
};
use crate::pipeline::time::WallTime;

/// Open connections, closed ones and handshakes; bounded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections {
    open: BTreeMap<ConnectionId, Connection>,
    /// With the times of their opens, where those were told.
    closed: VecDeque<(Option<WallTime>, Arc<ConnectionReport>)>,
    handshakes: VecDeque<Arc<TlsReport>>,
    summary: ConnectionSummary,
}

/// Connections kept; further ones are counted by the pipeline only.
const LIMIT: usize = 32_768;
/// Closed connections kept.
const CLOSED: usize = 1_000;
/// Handshakes kept.
const HANDSHAKES: usize = 1_000;

/// One open connection.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    /// Which ends live here; unknown until a connection report says so.
    pub(crate) observed: Option<Observed>,
    /// How it is protected.
    pub(crate) encryption: Encryption,
    /// Both ends as last told.
    pub(crate) ends: Arc<Ends>,
    /// When its open was reported for; unknown where that was missed.
    pub(crate) opened: Option<WallTime>,
    /// Bytes of it that its exchanges already counted.
    pub(crate) counted: u64,
}

impl Connection {
    /// The pair that counts it as open.
    pub(crate) fn pair(&self) -> Pair {
        Pair::of(&self.ends, self.observed)
    }
}

/// All that is known of one connection.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionFacts {
    pub(crate) id: ConnectionId,
    pub(crate) ends: Arc<Ends>,
    pub(crate) encryption: Encryption,
    pub(crate) opened: Option<WallTime>,
    /// Its last report; none while it is open, or where that is long ago.
    pub(crate) closed: Option<Arc<ConnectionReport>>,
    /// Its handshake, where it is among the last ones.
    pub(crate) tls: Option<Arc<TlsReport>>,
}

/// Open connections by what is known of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ConnectionSummary {
    pub(crate) client: usize,
    pub(crate) server: usize,
    pub(crate) both: usize,
    pub(crate) clear: usize,
    pub(crate) tls: usize,
    pub(crate) unknown: usize,
}

impl Connections {
    /// An open connection.
    pub(crate) fn find(&self, id: ConnectionId) -> Option<&Connection> {
        self.open.get(&id)
    }

    /// Puts down what is known of an open connection, where there is room; gives what
    /// was known before.
    pub(crate) fn put(
        &mut self,
        id: ConnectionId,
        connection: Connection,
    ) -> Result<Option<Connection>, NoRoom> {
        if self.open.len() >= LIMIT && !self.open.contains_key(&id) {
            return Err(NoRoom);
        }
        self.summary.count(&connection, Change::Opened);
        let before = self.open.insert(id, connection);
        if let Some(before) = &before {
            self.summary.count(before, Change::Gone);
        }
        Ok(before)
    }

    /// Moves a connection from the open ones to those that closed.
    pub(crate) fn close(&mut self, report: Arc<ConnectionReport>) -> Option<Connection> {
        let open = self.open.remove(&report.connection);
        if let Some(open) = &open {
            self.summary.count(open, Change::Gone);
        }
        let opened = open.as_ref().and_then(|open| open.opened);
        push(&mut self.closed, (opened, report), CLOSED);
        open
    }

    /// Keeps a handshake.
    pub(crate) fn shake_hands(&mut self, report: Arc<TlsReport>) {
        push(&mut self.handshakes, report, HANDSHAKES);
    }

    /// All that is known of a connection.
    pub(crate) fn facts(&self, id: ConnectionId) -> Option<ConnectionFacts> {
        let tls = self.handshakes.iter().rev().find(|report| report.connection == id).cloned();
        if let Some(Connection { encryption, ends, opened, .. }) = self.open.get(&id) {
            let (ends, encryption, opened) = (Arc::clone(ends), *encryption, *opened);
            return Some(ConnectionFacts { id, ends, encryption, opened, closed: None, tls });
        }
        let closed = self.closed.iter().rev().find(|(_, report)| report.connection == id);
        if let Some((opened, report)) = closed {
            let (ends, encryption) = (Arc::clone(&report.ends), report.encryption);
            let (opened, closed) = (*opened, Some(Arc::clone(report)));
            return Some(ConnectionFacts { id, ends, encryption, opened, closed, tls });
        }
        let ends = Arc::clone(&tls.as_ref()?.ends);
        let (encryption, opened, closed) = (Encryption::Tls, None, None);
        Some(ConnectionFacts { id, ends, encryption, opened, closed, tls })
    }

    /// How many are open.
    pub(crate) fn summary(&self) -> ConnectionSummary {
        self.summary
    }

    /// Entries of each table: open, closed, handshakes.
    #[cfg(test)]
    pub(crate) fn sizes(&self) -> [usize; 3] {
        [self.open.len(), self.closed.len(), self.handshakes.len()]
    }
}

/// What happened to a connection.
#[derive(Clone, Copy)]
enum Change {
    Opened,
    Gone,
}

impl ConnectionSummary {
    fn count(&mut self, connection: &Connection, change: Change) {
        let end = match connection.observed {
            Some(Observed::Client) => Some(&mut self.client),
            Some(Observed::Server) => Some(&mut self.server),
            Some(Observed::Both) => Some(&mut self.both),
            None => None,
        };
        let encryption = match connection.encryption {
            Encryption::Clear => &mut self.clear,
            Encryption::Tls => &mut self.tls,
            Encryption::Unknown => &mut self.unknown,
        };
        for count in end.into_iter().chain([encryption]) {
            *count = match change {
                Change::Opened => *count + 1,
                Change::Gone => count.saturating_sub(1),
            };
        }
    }
}

/// No further connection can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoRoom;

fn push<T>(kept: &mut VecDeque<T>, new: T, limit: usize) {
    if kept.len() >= limit {
        kept.pop_front();
    }
    kept.push_back(new);
}
