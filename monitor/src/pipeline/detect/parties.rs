//! Between whom traffic goes, and where it can be read.

use std::sync::Arc;

use super::naming::{Destination, identity, shown_identity};
use crate::pipeline::output::{Ends, Observed};
use crate::pipeline::process::Process;
use crate::pipeline::scope::Scope;

/// Between whom traffic goes: a client on this host and its destination, or a server
/// port on this host and the clients that call it.
#[derive(Clone, Debug)]
pub(super) struct Parties {
    pub(super) ends: Arc<Ends>,
    pub(super) observed: Observed,
}

/// Where bytes can be read on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Both ends live on this host, or the other end's address is a loopback one.
    Host,
    Private,
    Public,
}

impl Parties {
    /// What stands for them in keys, given what does for the destination. Each client
    /// port would be another subject for a server, so its clients are taken together
    /// by how far away they are.
    pub(super) fn key(&self, destination: &str) -> String {
        let identity = identity(self.process());
        if self.is_inbound() {
            let (scope, port) = (self.peer_scope().name(), self.server_port());
            format!("inbound\0{scope}\0{identity}\0{port}")
        } else {
            format!("outbound\0{identity}\0{destination}")
        }
    }

    /// What a finding is about, given how the destination is shown.
    pub(super) fn subject(&self, destination: &str) -> String {
        let identity = shown_identity(self.process());
        if self.is_inbound() {
            let (scope, port) = (self.peer_scope().name(), self.server_port());
            format!("{scope} clients → {identity}:{port}")
        } else {
            format!("{identity} → {destination}")
        }
    }

    pub(super) fn is_inbound(&self) -> bool {
        self.observed == Observed::Server
    }

    /// The process at the end that is reported.
    pub(super) fn process(&self) -> Option<&Arc<Process>> {
        let end = if self.is_inbound() { &self.ends.server } else { &self.ends.client };
        end.process.as_ref()
    }

    pub(super) fn destination(&self) -> Destination {
        Destination::of(&self.ends.server)
    }

    pub(super) fn server_port(&self) -> u16 {
        self.ends.server.address.port
    }

    pub(super) fn peer_scope(&self) -> Scope {
        let peer = if self.is_inbound() { &self.ends.client } else { &self.ends.server };
        Scope::of(peer.address.address)
    }

    pub(super) fn reach(&self) -> Reach {
        match (self.observed, self.peer_scope()) {
            (Observed::Both, _) | (_, Scope::Loopback) => Reach::Host,
            (_, Scope::Private) => Reach::Private,
            (_, Scope::Public) => Reach::Public,
        }
    }
}

impl Reach {
    pub(super) const fn phrase(self) -> &'static str {
        match self {
            Self::Host => "stays on this host",
            Self::Private => "leaves this host to a private address",
            Self::Public => "leaves this host to a public address",
        }
    }
}
