//! Observations and inputs that tests share.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{Detectors, Moment, Observation};
use crate::pipeline::finding::Finding;
use crate::pipeline::input::{SocketAddress, Source};
use crate::pipeline::output::{
    Auth, ConnectionId, End, Ends, Exchange, Method, Name, NameSource, Observed, Progress,
    Protocol, Request, TlsReport,
};
use crate::pipeline::process::{Process, ProcessKey, identity_label};
use crate::pipeline::settings::{AllowRule, Network, Settings};
use crate::pipeline::time::{Timestamp, WallOffset, WallTime};

/// A process of an executable, or of a unit where the name ends in `.service`.
pub(super) fn process(name: &str) -> Arc<Process> {
    let is_unit = name.ends_with(".service");
    let (unit, exe) = if is_unit { (Some(name), "/usr/sbin/it") } else { (None, name) };
    Arc::new(Process {
        key: ProcessKey { pid: 7, start: 1 },
        start_time: WallTime(0),
        comm: "comm".into(),
        exe: Some(exe.into()),
        unit: unit.map(Into::into),
        container: None,
        uid: 1000,
        user: Some("alice".into()),
        identity: identity_label(unit, None, Some(exe), "comm"),
    })
}

pub(super) fn address(text: &str) -> SocketAddress {
    let address: SocketAddr = text.parse().unwrap();
    SocketAddress { address: address.ip(), port: address.port() }
}

pub(super) fn ends(
    client: Option<Arc<Process>>,
    client_address: &str,
    server: Option<Arc<Process>>,
    server_address: &str,
) -> Arc<Ends> {
    Arc::new(Ends {
        client: End { address: address(client_address), name: None, process: client },
        server: End { address: address(server_address), name: None, process: server },
    })
}

/// A client here and a server elsewhere.
pub(super) fn outbound(client: &str, server_address: &str) -> Arc<Ends> {
    ends(Some(process(client)), "10.0.0.9:50000", None, server_address)
}

/// A server here and a client elsewhere.
pub(super) fn inbound(client_address: &str, server: &str, server_address: &str) -> Arc<Ends> {
    ends(None, client_address, Some(process(server)), server_address)
}

/// The same ends, with a name for the server.
pub(super) fn called(ends: &Ends, name: &str, source: NameSource) -> Arc<Ends> {
    let mut named = Ends::clone(ends);
    named.server.name = Some(Name { text: name.into(), source });
    Arc::new(named)
}

pub(super) fn exchange(connection: u64, ends: &Arc<Ends>, auth: Auth) -> Exchange {
    Exchange {
        connection: ConnectionId(connection),
        time: WallTime(0),
        ends: Arc::clone(ends),
        stream: None,
        progress: Progress::Ended,
        protocol: Protocol::Http11,
        encrypted: false,
        source: Source::Socket,
        request: Some(Request {
            method: Method::Get,
            path: "/accounts".into(),
            query_keys: Vec::new(),
            host: Some("bank.example".into()),
            header_bytes: 50,
            body_bytes: 0,
            content_type: None,
            complete: true,
        }),
        route: None,
        response: None,
        duration: None,
        ttfb: None,
        auth,
        grpc: None,
        websocket: None,
        anomalies: Vec::new(),
    }
}

pub(super) fn allow(exe: &str, network: &str, prefix: u8, port: u16) -> AllowRule {
    AllowRule {
        exe: Some(exe.to_owned()),
        networks: vec![Network { address: network.parse().unwrap(), prefix }],
        ports: vec![port],
        ..AllowRule::default()
    }
}

pub(super) fn settings(change: impl FnOnce(&mut Settings)) -> Arc<Settings> {
    let mut settings = Settings::default();
    change(&mut settings);
    Arc::new(settings)
}

/// Kernel time in seconds; wall time is a thousand seconds ahead.
pub(super) fn second(seconds: u64) -> Moment {
    Moment { time: Timestamp(seconds * 1_000_000_000), wall_offset: WallOffset(1_000_000_000_000) }
}

pub(super) fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

impl Detectors {
    pub(super) fn connect(&mut self, ends: &Arc<Ends>, observed: Observed, at: Moment) {
        let connection = ConnectionId(1);
        self.observe(Observation::Connected { connection, ends, observed }, at);
    }

    pub(super) fn exchange(&mut self, exchange: &Exchange, observed: Observed, at: Moment) {
        self.observe(Observation::Exchange { exchange, observed }, at);
    }

    pub(super) fn traffic(
        &mut self,
        ends: &Arc<Ends>,
        observed: Observed,
        (bytes, requests): (u64, u64),
        at: Moment,
    ) {
        self.observe(Observation::Traffic { ends, observed, bytes, requests }, at);
    }

    pub(super) fn tls(&mut self, report: &TlsReport, observed: Observed, at: Moment) {
        self.observe(Observation::Tls { report, observed }, at);
    }

    pub(super) fn tick(&mut self, at: Moment) {
        self.observe(Observation::Tick, at);
    }

    /// All findings that wait to be said.
    pub(super) fn findings(&mut self) -> Vec<Finding> {
        std::iter::from_fn(|| self.poll_finding()).collect()
    }

    /// Kind-free short form of what waits to be said: severity, state, count, subject.
    pub(super) fn said(&mut self) -> Vec<String> {
        let short = |f: Finding| {
            format!("{} {} {} {}", f.severity.name(), f.state.name(), f.count, f.subject)
        };
        self.findings().into_iter().map(short).collect()
    }
}
