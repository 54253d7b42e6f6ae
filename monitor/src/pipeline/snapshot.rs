//! All that is known now, for who comes late.

use super::Pipeline;
use super::output::{ConnectionEventKind, ConnectionReport, Output};

impl Pipeline {
    /// What a consumer that comes late has missed and what still holds: open connections
    /// as they stand, endpoints and destinations, open findings. It changes nothing, so
    /// that what is said to others stays the same. Walks over everything.
    #[must_use]
    pub fn snapshot(&self) -> Vec<Output> {
        let mut outputs: Vec<_> = self.open_connections().map(Output::Connection).collect();
        outputs.extend(self.inventory.snapshot(self.moment()));
        outputs.extend(self.detectors.open().map(Output::Finding));
        outputs
    }

    /// Connections that are open and were said to be, as they stand.
    pub(super) fn open_connections(&self) -> impl Iterator<Item = ConnectionReport> {
        let time = self.wall_offset.wall(self.now);
        let reported = self.connections.iter().filter(|connection| connection.reported);
        reported.map(move |connection| connection.report(ConnectionEventKind::Open, time))
    }
}
