//! Open connections, as far as the reports of their opens and closes arrived.

use std::collections::BTreeMap;

use super::destinations::DestinationKey;
use crate::pipeline::output::{ConnectionId, Encryption, Observed};

/// Open connections; bounded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections {
    open: BTreeMap<ConnectionId, Connection>,
}

/// Connections kept; further ones are counted by the pipeline only.
const LIMIT: usize = 65_536;

/// One open connection.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    /// Which ends live here; unknown until a connection report says so.
    pub(crate) observed: Option<Observed>,
    /// How it is protected.
    pub(crate) encryption: Encryption,
    /// The destination that counts it as open.
    pub(crate) destination: DestinationKey,
    /// Bytes of it that its exchanges already counted.
    pub(crate) counted: u64,
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
    /// The connection, made by `new` where it is not known and there is room.
    pub(crate) fn entry(
        &mut self,
        id: ConnectionId,
        new: impl FnOnce() -> Connection,
    ) -> Option<&mut Connection> {
        if self.open.len() >= LIMIT && !self.open.contains_key(&id) {
            return None;
        }
        Some(self.open.entry(id).or_insert_with(new))
    }

    /// Forgets a connection that closed.
    pub(crate) fn remove(&mut self, id: ConnectionId) -> Option<Connection> {
        self.open.remove(&id)
    }

    /// Counts the open connections.
    pub(crate) fn summary(&self) -> ConnectionSummary {
        let mut summary = ConnectionSummary::default();
        for connection in self.open.values() {
            match connection.observed {
                Some(Observed::Client) => summary.client += 1,
                Some(Observed::Server) => summary.server += 1,
                Some(Observed::Both) => summary.both += 1,
                None => {}
            }
            match connection.encryption {
                Encryption::Clear => summary.clear += 1,
                Encryption::Tls => summary.tls += 1,
                Encryption::Unknown => summary.unknown += 1,
            }
        }
        summary
    }
}
