//! Clear text on a port for TLS, and TLS on a port for clear text.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::memo::Memo;
use super::naming::{Destination, counted, process_evidence, shown_address, shown_identity};
use super::parties::{Parties, Reach};
use super::{Detector, Observation, Reports};
use crate::pipeline::finding::{
    Cadence, Case, Condition, Confidence, FindingKind, Report, Sample, Severity,
};
use crate::pipeline::output::{ConnectionId, Exchange, Method, Observed, TlsReport};
use crate::pipeline::settings::{Settings, TlsProfile};
use crate::pipeline::slab::Handle;

/// Tunnels through proxies that are remembered.
const MOST_TUNNELS: usize = 16_384;

/// Reports HTTP that was read outside encryption on one of the profile's ports for TLS
/// (high, medium where it stays on this host), and TLS on one of its ports for clear
/// text (low): for the same parties as `weak_encryption`.
///
/// TLS inside a tunnel that CONNECT opened (RFC 9110 section 9.3.6) is no mismatch: the
/// port is the proxy's.
pub(super) struct PortMismatch {
    profile: TlsProfile,
    memo: Memo<Handle>,
    tunnels: Tunnels,
}

impl PortMismatch {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { profile: settings.tls.clone(), memo: Memo::new(), tunnels: Tunnels::default() }
    }

    fn in_clear(&mut self, exchange: &Exchange, observed: Observed, reports: &mut Reports<'_>) {
        let port = exchange.ends.server.address.port;
        if is_connect(exchange) && self.profile.clear_ports.contains(&port) {
            self.tunnels.add(exchange.connection);
        }
        if !self.profile.tls_ports.contains(&port) {
            return;
        }
        let key = exchange.connection.0;
        if let Some(finding) = self.memo.find(key, &exchange.ends)
            && reports.again(*finding)
        {
            return;
        }
        let parties = Parties { ends: Arc::clone(&exchange.ends), observed };
        let mismatch = Mismatch::new(parties, What::ClearText);
        let finding = reports.report(&mismatch.report(), || Box::new(mismatch));
        self.memo.keep(key, &exchange.ends, finding);
    }

    fn encrypted(&mut self, tls: &TlsReport, observed: Observed, reports: &mut Reports<'_>) {
        let port = tls.ends.server.address.port;
        let is_agreed = tls.handshake.version.is_some() && tls.handshake.alert.is_none();
        if !is_agreed
            || !self.profile.clear_ports.contains(&port)
            || self.tunnels.contains(tls.connection)
        {
            return;
        }
        let parties = Parties { ends: Arc::clone(&tls.ends), observed };
        let mismatch = Mismatch::new(parties, What::Tls);
        reports.report(&mismatch.report(), || Box::new(mismatch));
    }
}

fn is_connect(exchange: &Exchange) -> bool {
    exchange.request.as_ref().is_some_and(|request| request.method == Method::Connect)
}

impl Detector for PortMismatch {
    fn observe(&mut self, observation: &Observation<'_>, reports: &mut Reports<'_>) {
        match observation {
            Observation::Exchange { exchange, observed }
                if !exchange.encrypted && exchange.progress.is_first() =>
            {
                self.in_clear(exchange, *observed, reports);
            }
            Observation::Tls { report, observed } => self.encrypted(report, *observed, reports),
            _ => {}
        }
    }

    fn apply_settings(&mut self, settings: &Arc<Settings>) {
        self.profile = settings.tls.clone();
        self.memo.clear();
    }

    fn evicted(&self) -> u64 {
        self.tunnels.evicted
    }
}

/// Connections on which CONNECT was seen, the latest of them.
#[derive(Default)]
struct Tunnels {
    known: BTreeSet<ConnectionId>,
    order: VecDeque<ConnectionId>,
    evicted: u64,
}

impl Tunnels {
    fn add(&mut self, connection: ConnectionId) {
        if !self.known.insert(connection) {
            return;
        }
        self.order.push_back(connection);
        if self.order.len() > MOST_TUNNELS
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
            self.evicted += 1;
        }
    }

    fn contains(&self, connection: ConnectionId) -> bool {
        self.known.contains(&connection)
    }
}

/// What was seen where it does not belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    ClearText,
    Tls,
}

/// Traffic on a port for the other kind.
#[derive(Debug)]
struct Mismatch {
    parties: Parties,
    destination: Destination,
    what: What,
}

impl Mismatch {
    fn new(parties: Parties, what: What) -> Self {
        Self { destination: parties.destination(), parties, what }
    }

    fn report(&self) -> Report {
        Report {
            kind: match self.what {
                What::ClearText => FindingKind::ClearTextOnTlsPort,
                What::Tls => FindingKind::TlsOnClearPort,
            },
            key: self.parties.key(&self.destination.key()),
            severity: match (self.what, self.parties.reach()) {
                (What::Tls, _) => Severity::Low,
                (What::ClearText, Reach::Host) => Severity::Medium,
                (What::ClearText, Reach::Private | Reach::Public) => Severity::High,
            },
            confidence: Confidence::High,
            cadence: match self.what {
                What::ClearText => Cadence::Repeated,
                What::Tls => Cadence::Once,
            },
            sample: Sample::First,
        }
    }

    fn server(&self) -> String {
        if self.parties.is_inbound() {
            format!("port {}", self.parties.server_port())
        } else {
            self.destination.described()
        }
    }
}

impl Case for Mismatch {
    fn subject(&self) -> String {
        self.parties.subject(&self.destination.shown())
    }

    fn summary(&self, count: u64) -> String {
        let identity = shown_identity(self.parties.process());
        let (server, scope) = (self.server(), self.parties.peer_scope().name());
        let port = self.parties.server_port();
        let requests = counted(count, "HTTP request", "HTTP requests");
        match (self.what, self.parties.is_inbound()) {
            (What::ClearText, false) => format!(
                "{identity} sent {requests} in clear text to {server}, and port {port} is for TLS."
            ),
            (What::ClearText, true) => format!(
                "{identity} took {requests} in clear text from {scope} addresses on {server}, \
                 which is for TLS."
            ),
            (What::Tls, false) => {
                format!("{identity} speaks TLS with {server}, and port {port} is for clear text.")
            }
            (What::Tls, true) => format!(
                "{identity} speaks TLS with {scope} addresses on {server}, \
                 which is for clear text."
            ),
        }
    }

    fn evidence(&self, count: u64) -> Vec<(&'static str, String)> {
        let mut evidence = process_evidence(self.parties.process());
        if self.parties.is_inbound() {
            evidence.push(("server", shown_address(self.destination.address)));
            evidence.push(("scope", self.parties.peer_scope().name().to_owned()));
        } else {
            evidence.extend(self.destination.evidence());
        }
        evidence.push(("reach", self.parties.reach().phrase().to_owned()));
        evidence.push(match self.what {
            What::ClearText => ("exchanges", count.to_string()),
            What::Tls => ("handshakes", count.to_string()),
        });
        evidence
    }

    fn remedy(&self) -> String {
        let port = self.parties.server_port();
        match self.what {
            What::ClearText => format!(
                "Turn on TLS on this port; or, if clear text is meant here, take {port} out of \
                 `tls_ports` in `[tls]`."
            ),
            What::Tls => format!(
                "Nothing is less protected by this, but filters and people go by ports: move it, \
                 or take {port} out of `clear_ports` in `[tls]`."
            ),
        }
    }

    fn condition(&self, _settings: &Settings) -> Condition {
        let port = self.parties.server_port();
        match self.what {
            What::ClearText => Condition::TlsPort(port),
            What::Tls => Condition::ClearPort(port),
        }
    }
}

#[cfg(test)]
mod tests;
