//! How findings name processes and destinations.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::pipeline::input::SocketAddress;
use crate::pipeline::output::{End, Name};
use crate::pipeline::process::Process;
use crate::pipeline::scope::Scope;
use crate::pipeline::text::clipped;

/// Most characters of one name or path that a finding shows.
pub(super) const MOST_SHOWN: usize = 256;

/// What a process that is not known is called. No identity looks like it: a path
/// starts with a slash, a unit has no spaces, a name stands in brackets.
pub(super) const UNKNOWN: &str = "unknown process";

/// The identity as keys use it.
pub(in crate::pipeline) fn identity(process: Option<&Arc<Process>>) -> Arc<str> {
    process.map_or_else(|| UNKNOWN.into(), |process| Arc::clone(&process.identity))
}

/// The identity as it is shown.
pub(super) fn shown_identity(process: Option<&Arc<Process>>) -> String {
    clipped(process.map_or(UNKNOWN, |process| &process.identity), MOST_SHOWN).into_owned()
}

/// `address:port`, with brackets around IPv6 (RFC 3986 section 3.2.2).
pub(in crate::pipeline) fn shown_address(address: SocketAddress) -> String {
    SocketAddr::new(address.address, address.port).to_string()
}

/// A server as findings name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Destination {
    pub(super) address: SocketAddress,
    pub(super) name: Option<Name>,
}

impl Destination {
    /// The destination that an end is.
    pub(super) fn of(server: &End) -> Self {
        Self { address: server.address, name: server.name.clone() }
    }

    /// What stands for it in keys: its name and port where TLS or DNS has the name, so
    /// that all addresses of the name are one destination; else address and port. The
    /// authority of HTTP does not count: gateways pass on what anyone sends, and each
    /// would be a destination.
    pub(super) fn key(&self) -> String {
        match self.name.as_ref().filter(|name| name.is_asked_for()) {
            Some(name) => format!("{}:{}", name.text.to_ascii_lowercase(), self.address.port),
            None => shown_address(self.address),
        }
    }

    /// `name:port (address)`, or `address:port` where no name is known.
    pub(super) fn shown(&self) -> String {
        match &self.name {
            Some(_) => format!("{} ({})", self.named(), self.address.address),
            None => self.named(),
        }
    }

    /// As [`Self::shown`], with how far away it is.
    pub(super) fn described(&self) -> String {
        let scope = self.scope().name();
        let named = self.named();
        match &self.name {
            Some(_) => format!("{named} ({}, {scope} address)", self.address.address),
            None => format!("{named} ({scope} address)"),
        }
    }

    /// `name:port`, or `address:port` where no name is known.
    fn named(&self) -> String {
        match &self.name {
            Some(name) => format!("{}:{}", clipped(&name.text, MOST_SHOWN), self.address.port),
            None => shown_address(self.address),
        }
    }

    /// How far away it is.
    pub(super) fn scope(&self) -> Scope {
        Scope::of(self.address.address)
    }

    /// What the evidence says of it. `name_source` says what the name is worth.
    pub(super) fn evidence(&self) -> Vec<(&'static str, String)> {
        let mut evidence = vec![("destination", self.named())];
        if let Some(name) = &self.name {
            evidence.push(("name", clipped(&name.text, MOST_SHOWN).into_owned()));
            evidence.push(("name_source", name.source.name().to_owned()));
        }
        evidence.push(("address", shown_address(self.address)));
        evidence.push(("scope", self.scope().name().to_owned()));
        evidence
    }
}

/// What the evidence says of a process.
pub(super) fn process_evidence(process: Option<&Arc<Process>>) -> Vec<(&'static str, String)> {
    let Some(process) = process else { return vec![("process", UNKNOWN.to_owned())] };
    let name = clipped(&process.comm, MOST_SHOWN);
    let user = process.user.as_deref().map_or(process.uid.to_string(), str::to_owned);
    vec![
        ("process", format!("{name} (pid {})", process.key.pid)),
        ("user", clipped(&user, MOST_SHOWN).into_owned()),
    ]
}

/// `1 request`, `2 requests`.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}
