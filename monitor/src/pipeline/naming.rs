//! Names of servers: DNS tells the name of an address, the first request of a connection
//! says it better. Nothing is ever asked.

use std::sync::Arc;

use super::Pipeline;
use super::connection::Connection;
use super::input::{Datagram, Direction};
use super::names::{Answer, Ignored, name_of_authority, parse};
use super::output::{Method, Name, NameSource};
use super::protocol::{Anomaly, ProtocolExchange};
use super::table::Slot;

/// The port of DNS.
pub(super) const DNS_PORT: u16 = 53;

impl Pipeline {
    /// Learns from a datagram what a server of DNS says: who sent it counts, since any
    /// program can send one that looks like an answer.
    pub(super) fn handle_datagram(&mut self, datagram: &Datagram<'_>) {
        self.now = self.now.max(datagram.time);
        let sender = match datagram.direction {
            Direction::Ingress => datagram.remote,
            Direction::Egress => datagram.local,
        };
        if sender.port == DNS_PORT {
            self.learn(datagram.netns, parse(datagram.payload));
        }
    }

    /// Learns what a connection to a server of DNS carried.
    pub(super) fn learn_answers(&mut self, slot: Slot) {
        while let Some(connection) = self.connections.get_mut(slot)
            && let Some(answer) = connection.poll_answer()
        {
            let netns = connection.netns();
            self.learn(netns, answer);
        }
    }

    /// Gives the server of a connection that begins the name that DNS told.
    pub(super) fn name_server(&mut self, slot: Slot) {
        let Some(connection) = self.connections.get_mut(slot) else { return };
        let server = connection.ends().server.address.address;
        if let Some(text) = self.names.find(connection.netns(), server, self.now) {
            connection.set_name(Name { text, source: NameSource::Dns });
        }
    }

    fn learn(&mut self, netns: u32, answer: Result<Answer, Ignored>) {
        match answer {
            Ok(answer) => {
                self.stats.dns_answers += 1;
                self.names.insert(netns, &answer, self.now, self.settings.limits.names);
            }
            Err(Ignored::NoAddress) => {}
            Err(Ignored::Malformed | Ignored::InvalidName) => self.stats.dns_ignored += 1,
        }
    }
}

impl Connection {
    /// Names the server, unless it has a name that counts as much.
    pub(crate) fn set_name(&mut self, name: Name) {
        if self.name_source() < Some(name.source) {
            Arc::make_mut(self.ends_mut()).server.name = Some(name);
        }
    }

    /// Names the server as its clients do, unless it has a name that counts as much.
    pub(super) fn name_by(&mut self, exchange: &ProtocolExchange) {
        if self.name_source() >= Some(NameSource::Host) || self.is_in_tunnel() {
            return;
        }
        if let Some(request) = &exchange.request
            && let Some(host) = &request.host
            && !self.has_looked_at(host)
            // These name the host behind a proxy, which is not the server here.
            && request.method != Method::Connect
            && !exchange.anomalies.contains(&Anomaly::AbsoluteForm)
            && let Some(text) = name_of_authority(host)
        {
            self.set_name(Name { text, source: NameSource::Host });
        }
    }

    /// Whether this very text was looked at the last time, and was no name.
    fn has_looked_at(&mut self, host: &Arc<str>) -> bool {
        let is_known = self.nameless_host.as_ref().is_some_and(|last| Arc::ptr_eq(last, host));
        if !is_known {
            self.nameless_host = Some(Arc::clone(host));
        }
        is_known
    }

    fn name_source(&self) -> Option<NameSource> {
        self.ends().server.name.as_ref().map(|name| name.source)
    }
}
