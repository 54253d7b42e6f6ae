//! Who is at the ends: what rows, findings and filters are matched by.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::pipeline::input::SocketAddress;
use crate::pipeline::output::{End, Ends, Observed};
use crate::pipeline::text::printable;

/// An end by its identity where it lives on this host, else by its address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Party {
    Identity(Arc<str>),
    Address(IpAddr),
}

/// A server by its name where that is known, since addresses come and go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Server {
    Name(Arc<str>, u16),
    Address(SocketAddress),
}

/// A client and a server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair {
    pub(crate) client: Party,
    pub(crate) server: Server,
}

/// What a process that is not known is called in reports and findings.
const UNKNOWN: &str = "unknown process";

impl Party {
    fn is(&self, end: &End) -> bool {
        match (self, &end.process) {
            (Self::Identity(identity), Some(process)) => *identity == process.identity,
            (Self::Identity(identity), None) => **identity == *UNKNOWN,
            (Self::Address(address), None) => *address == end.address.address,
            (Self::Address(_), Some(_)) => false,
        }
    }
}

impl Server {
    /// The server that an end is.
    pub(crate) fn of(end: &End) -> Self {
        match &end.name {
            Some(name) => Self::Name(Arc::clone(&name.text), end.address.port),
            None => Self::Address(end.address),
        }
    }

    fn is(&self, end: &End) -> bool {
        match self {
            Self::Address(address) => *address == end.address,
            Self::Name(text, port) => {
                let name = end.name.as_ref();
                *port == end.address.port
                    && name.is_some_and(|name| name.text.eq_ignore_ascii_case(text))
            }
        }
    }
}

impl Pair {
    /// The pair of the ends of a connection.
    pub(crate) fn of(ends: &Ends, observed: Option<Observed>) -> Self {
        let lives_here = matches!(observed, Some(Observed::Client | Observed::Both));
        let client = match &ends.client.process {
            Some(process) => Party::Identity(Arc::clone(&process.identity)),
            None if lives_here => Party::Identity(UNKNOWN.into()),
            None => Party::Address(ends.client.address.address),
        };
        Self { client, server: Server::of(&ends.server) }
    }

    /// Whether the findings on it can be told from those on others by their subjects.
    pub(crate) fn is_told_apart(&self) -> bool {
        let client = match &self.client {
            Party::Identity(identity) => is_plain(identity),
            Party::Address(_) => false,
        };
        client
            && match &self.server {
                Server::Name(name, _) => is_plain(name) && !name.contains(" ("),
                Server::Address(_) => true,
            }
    }

    /// Whether a connection is of it.
    pub(crate) fn has(&self, ends: &Ends) -> bool {
        self.is_between(&ends.client, &ends.server)
    }

    fn is_between(&self, client: &End, server: &End) -> bool {
        self.client.is(client) && self.server.is(server)
    }
}

/// Stands between client and server in the subject of a finding.
const ARROW: &str = " → ";
/// Findings cut names that are longer.
const LONGEST_NAME: usize = 256;

/// `clients`, or with how far away they are: `public clients`. An identity is a path, a
/// unit or a name in brackets.
fn is_anyone(client: &str) -> bool {
    let scope = client.strip_suffix("clients").map(str::trim_end);
    scope.is_some_and(|scope| scope.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
}

/// Whether a name stands in the subject of a finding as it is, and is not mistaken for
/// something else there. Whoever starts a process chooses the path of its executable.
fn is_plain(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && !name.contains(ARROW)
        && !is_anyone(name)
        && matches!(printable(name), Cow::Borrowed(_))
}

/// Whom a finding is about, as far as its subject says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Parties {
    /// An identity and one of its destinations.
    Pair(Pair),
    /// What is served by an identity, to whomever: `public clients → nginx.service:443`.
    Service { identity: Arc<str>, port: u16 },
}

impl Parties {
    /// Reads the subject of a finding.
    pub(crate) fn of(subject: &str) -> Option<Self> {
        let (client, server) = subject.split_once(ARROW)?;
        if server.contains(ARROW) {
            return None;
        }
        if is_anyone(client) {
            let (identity, port) = match server.split_once(" at ") {
                Some((identity, address)) => (identity, address.rsplit(':').next()?),
                None => server.rsplit_once(':')?,
            };
            return Some(Self::Service { identity: identity.into(), port: port.parse().ok()? });
        }
        let server = server.split_once(" (").map_or(server, |(server, _)| server);
        let server = match server.parse::<SocketAddr>() {
            Ok(at) => Server::Address(SocketAddress { address: at.ip(), port: at.port() }),
            Err(_) => {
                let (name, port) = server.rsplit_once(':')?;
                Server::Name(name.into(), port.parse().ok()?)
            }
        };
        Some(Self::Pair(Pair { client: Party::Identity(client.into()), server }))
    }

    /// Whether a connection is of them.
    pub(crate) fn have(&self, ends: &Ends) -> bool {
        self.have_ends(&ends.client, &ends.server)
    }

    /// Whether a connection between two ends is of them.
    pub(crate) fn have_ends(&self, client: &End, server: &End) -> bool {
        match self {
            Self::Pair(pair) => pair.is_between(client, server),
            Self::Service { identity, port } => {
                let process = server.process.as_ref();
                *port == server.address.port
                    && process.is_some_and(|process| process.identity == *identity)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_say_whom_they_are_about() {
        let pair = |client: &str, server| {
            let client = Party::Identity(client.into());
            Some(Parties::Pair(Pair { client, server }))
        };
        let address = |text: &str| {
            let at: SocketAddr = text.parse().expect("a literal of this table");
            Server::Address(SocketAddress { address: at.ip(), port: at.port() })
        };
        let name = |text: &str, port| Server::Name(text.into(), port);
        let service =
            |identity: &str, port| Some(Parties::Service { identity: identity.into(), port });
        for (subject, expected) in [
            ("a.service → 10.0.0.1:80", pair("a.service", address("10.0.0.1:80"))),
            (
                "/usr/bin/curl → [2001:db8::1]:443",
                pair("/usr/bin/curl", address("[2001:db8::1]:443")),
            ),
            ("a → x.example:443 (192.0.2.1)", pair("a", name("x.example", 443))),
            ("unknown process → x:1", pair("unknown process", name("x", 1))),
            ("public clients → nginx.service:443", service("nginx.service", 443)),
            ("clients → nginx.service at [::]:8443", service("nginx.service", 8443)),
            ("public clients → nginx.service", None),
            ("/tmp/x clients → a:1", pair("/tmp/x clients", name("a", 1))),
            ("/tmp/x → a:1 ( → 10.0.0.1:80", None),
            ("a → b", None),
            ("a → b:99999", None),
            ("10.0.0.1:80", None),
            ("", None),
        ] {
            assert_eq!(Parties::of(subject), expected, "{subject}");
        }
    }

    /// A name that could pass for another in a subject gets no clean verdict.
    #[test]
    fn names_that_mislead_are_not_told_apart() {
        let long = "x".repeat(LONGEST_NAME + 1);
        for (client, server, is_told_apart) in [
            ("a.service", "x.example", true),
            ("/tmp/with space (1)", "x.example", true),
            ("/tmp/a → b:1 (", "x.example", false),
            ("clients", "x.example", false),
            ("/tmp/a\x1b[2J", "x.example", false),
            ("/tmp/\u{202e}a", "x.example", false),
            (&long, "x.example", false),
            ("a.service", "x → y", false),
            ("a.service", "x (y", false),
            ("a.service", &long, false),
        ] {
            let client = Party::Identity(client.into());
            let pair = Pair { client, server: Server::Name(server.into(), 1) };
            assert_eq!(pair.is_told_apart(), is_told_apart, "{pair:?}");
        }
    }
}
