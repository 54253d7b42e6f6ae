//! Made-up traffic: three clients, three servers, everything a screen can show.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::state::State;
use super::theme::{Glyphs, Palette, Theme};
use crate::capture::status::{CaptureStatus, RingStatus, Tier};
use crate::pipeline::detect::Moment;
use crate::pipeline::finding::{
    Confidence, Finding, FindingId, FindingKind, Severity, State as FindingState,
};
use crate::pipeline::input::{Loss, LossReason, SocketAddress, Source, Stage, UncapturedReason};
use crate::pipeline::output::{
    Auth, ConnectionEventKind, ConnectionId, ConnectionReport, CoverageGap, Encryption, End, Ends,
    Exchange, GapCause, LossReport, Method, Name, NameSource, Observed, Output, PerDirection,
    Progress, Protocol, Request, Response,
};
use crate::pipeline::process::{Process, ProcessKey};
use crate::pipeline::protocol::Anomaly;
use crate::pipeline::stats::Stats;
use crate::pipeline::time::{Timestamp, WallOffset, WallTime};

pub(crate) use inventory::{coverage, destination_report, endpoint_report, handshake};

/// What the inventory, handshakes and coverage say.
mod inventory;

/// 2026-11-25T00:00:00Z.
const MIDNIGHT: u64 = 1_795_564_800_000_000_000;
const START: u64 = 1_000_000_000_000;

/// So many milliseconds after the start.
pub(crate) fn at(millis: u64) -> Moment {
    let time = Timestamp(START + millis * 1_000_000);
    Moment { time, wall_offset: WallOffset((MIDNIGHT - START) as i64) }
}

fn wall(millis: u64) -> WallTime {
    let moment = at(millis);
    moment.wall_offset.wall(moment.time)
}

/// A process that is known by `identity`.
pub(crate) fn process(identity: &str, pid: u32) -> Arc<Process> {
    let unit = identity.ends_with(".service").then(|| identity.into());
    let name = identity.rsplit('/').next().unwrap_or(identity).trim_end_matches(".service");
    Arc::new(Process {
        key: ProcessKey { pid, start: 5 },
        start_time: wall(0),
        comm: name.into(),
        exe: Some(format!("/usr/bin/{name}").into()),
        unit,
        container: None,
        uid: 33,
        user: Some("www-data".into()),
        identity: identity.into(),
    })
}

/// An end at an address, with a process where one is named.
pub(crate) fn end(address: &str, port: u16, identity: Option<&str>) -> End {
    let address: IpAddr = address.parse().expect("a literal of this file");
    let process = identity.map(|identity| process(identity, 100 + u32::from(port % 900)));
    End { address: SocketAddress { address, port }, name: None, process }
}

/// Both ends.
pub(crate) fn ends(client: End, server: End) -> Arc<Ends> {
    Arc::new(Ends { client, server })
}

/// An exchange that took `latency_us` and began at `millis`.
pub(crate) fn exchange(ends: &Arc<Ends>, millis: u64, request: Request, status: u16) -> Exchange {
    let latency = Duration::from_micros(300 + millis % 97 * 41);
    Exchange {
        connection: ConnectionId(u64::from(ends.client.address.port)),
        time: wall(millis),
        ends: Arc::clone(ends),
        stream: None,
        progress: Progress::Ended,
        protocol: Protocol::Http11,
        encrypted: false,
        source: Source::Socket,
        request: Some(request),
        route: None,
        response: Some(Response {
            status: Some(status),
            body_bytes: 1_234,
            content_type: Some("application/json".into()),
            complete: true,
        }),
        duration: Some(latency),
        ttfb: Some(latency / 2),
        auth: Auth::Bearer,
        grpc: None,
        websocket: None,
        anomalies: Vec::new(),
    }
}

/// A request without a body.
pub(crate) fn request(method: &str, path: &str, host: &str) -> Request {
    Request {
        method: Method::from_token(method),
        path: path.into(),
        query_keys: vec!["page".into(), "sort".into()],
        host: Some(host.into()),
        header_bytes: 412,
        body_bytes: 0,
        content_type: None,
        complete: true,
    }
}

/// A finding of an id and a severity.
pub(crate) fn finding(id: u64, severity: Severity, subject: &str) -> Finding {
    Finding {
        id: FindingId(id),
        kind: FindingKind::UnencryptedPayload,
        severity,
        confidence: Confidence::High,
        state: FindingState::Open,
        first_seen: wall(1_000),
        last_seen: wall(20_000),
        count: 17,
        subject: subject.to_owned(),
        summary: "HTTP with a bearer token crosses to a public address in the clear".to_owned(),
        evidence: vec![
            ("auth".into(), "bearer".to_owned()),
            ("path".into(), "/v1/payments".to_owned()),
        ],
        remedy: "Use https:// for this destination, or terminate TLS in front of it".to_owned(),
    }
}

/// Connections, exchanges and findings of the first 30 seconds.
pub(crate) fn outputs() -> Vec<Output> {
    let local = ends(
        end("127.0.0.1", 40_001, Some("/usr/bin/curl")),
        end("127.0.0.1", 8080, Some("payments.service")),
    );
    let inbound =
        ends(end("203.0.113.7", 51_000, None), end("10.0.0.5", 443, Some("nginx.service")));
    let rates = Name { text: "rates.example.com".into(), source: NameSource::Host };
    let rates = End { name: Some(rates), ..end("2001:db8::17", 80, None) };
    let outbound = ends(end("10.0.0.5", 42_000, Some("payments.service")), rates);
    let inventory = ends(
        end("10.0.0.5", 43_000, Some("payments.service")),
        named("198.51.100.9", 443, "ledger.example.com"),
    );
    let mut outputs: Vec<_> = [&local, &inbound, &outbound, &inventory]
        .map(|ends| Output::Connection(connection(ends, ConnectionEventKind::Open)))
        .into();
    outputs.push(handshake(&inventory));
    for turn in 0..40 {
        let millis = 500 * turn;
        let path = format!("/v1/accounts/{turn}/transactions");
        let (ends, request, status) = match turn % 4 {
            0 => (&local, request("GET", &path, "localhost:8080"), 200),
            1 => (&inbound, request("POST", "/v1/payments", "api.bank.example"), 201),
            2 => (&local, request("DELETE", &path, "localhost:8080"), 404),
            _ => (&outbound, request("PUT", "/rates/EUR", "rates.example.com"), 503),
        };
        let mut exchange = exchange(ends, millis, request, status);
        exchange.route = exchange.request.as_ref().map(|request| route_of(&request.path));
        outputs.push(Output::Exchange(exchange));
    }
    let mut lost = exchange(&local, 21_000, request("GET", "/v1/slow", "localhost:8080"), 200);
    lost.response = None;
    lost.duration = Some(Duration::from_secs(75));
    lost.anomalies.push(Anomaly::Gap);
    lost.route = Some("/v1/slow".into());
    outputs.push(Output::Exchange(lost));
    let findings = [
        (3, Severity::Critical, "payments.service → rates.example.com:80"),
        (1, Severity::Medium, "/usr/bin/curl → 127.0.0.1:8080"),
        (2, Severity::Informational, "payments.service → [2001:db8::17]:80"),
    ];
    outputs.extend(findings.map(|(id, s, subject)| Output::Finding(finding(id, s, subject))));
    let mut unknown =
        finding(4, Severity::Low, "payments.service → ledger.example.com:443 (198.51.100.9)");
    unknown.kind = FindingKind::UnknownDestination;
    unknown.summary = "payments.service connects to a destination that no policy names".to_owned();
    outputs.push(Output::Finding(unknown));
    outputs.push(Output::Destination(Box::new(destination_report())));
    outputs.push(endpoint_report());
    outputs
}

fn route_of(path: &str) -> Arc<str> {
    match path.strip_prefix("/v1/accounts/") {
        Some(_) => "/v1/accounts/{number}/transactions".into(),
        None => path.into(),
    }
}

pub(super) fn named(address: &str, port: u16, name: &str) -> End {
    let name = Name { text: name.into(), source: NameSource::Sni };
    End { name: Some(name), ..end(address, port, None) }
}

/// A connection at its open or close.
pub(crate) fn connection(ends: &Arc<Ends>, event: ConnectionEventKind) -> ConnectionReport {
    ConnectionReport {
        connection: ConnectionId(u64::from(ends.client.address.port)),
        time: wall(0),
        event,
        ends: Arc::clone(ends),
        observed: match (&ends.client.process, &ends.server.process) {
            (Some(_), Some(_)) => Observed::Both,
            (Some(_), None) => Observed::Client,
            _ => Observed::Server,
        },
        netns: 1,
        encryption: Encryption::Unknown,
        bytes: PerDirection { to_server: 5_000, to_client: 95_000 },
        captured: PerDirection::default(),
        uncaptured: BTreeMap::new(),
        lost_records: 0,
        midstream: false,
        anomalies: Vec::new(),
    }
}

/// Loss of 12 records.
pub(crate) fn loss() -> Output {
    let loss = Loss {
        stage: Stage::DataRing,
        reason: LossReason::RingFull,
        count: 12,
        since: at(0).time,
        time: at(20_000).time,
    };
    Output::Loss(LossReport { loss, since: wall(0), time: wall(20_000) })
}

/// Nobody watched for a minute before the first exchange.
pub(crate) fn coverage_gap() -> Output {
    let duration = Some(Duration::from_secs(60));
    Output::CoverageGap(CoverageGap { time: wall(0), duration, cause: GapCause::Restart })
}

/// Counts without anything wrong.
pub(crate) fn stats() -> Stats {
    Stats {
        records: 12_345,
        connections_opened: 1_203,
        connections_closed: 1_147,
        connections_tracked: 56,
        moved_bytes: 34_000_000,
        captured_bytes: 33_900_000,
        exchanges: 41,
        findings_open: 3,
        ..Stats::default()
    }
}

/// Counts with loss and uncaptured bytes.
pub(crate) fn lossy_stats() -> Stats {
    Stats {
        lost: BTreeMap::from([((Stage::DataRing, LossReason::RingFull), 12)]),
        uncaptured_bytes: BTreeMap::from([
            (UncapturedReason::Sendfile, 90_000),
            (UncapturedReason::Lost, 10_000),
        ]),
        exchanges_incomplete: 2,
        ..stats()
    }
}

/// A capture of tier A with one program declined.
pub(crate) fn status() -> CaptureStatus {
    let ring = |generated, lost| RingStatus {
        generated,
        lost,
        delivered: generated - lost,
        bytes: 16 << 20,
        used: 4_096,
    };
    CaptureStatus {
        tier: Some(Tier::A),
        programs: [
            "sock_send_length",
            "sock_recv_length",
            "inet_sock_set_state",
            "sched_process_exec",
        ]
        .map(|name| (name.to_owned(), 1_874))
        .into(),
        declined: vec![(
            "tcp_destroy_sock".to_owned(),
            "the kernel has no BTF of it: bytes after the last call of a connection are not counted"
                .to_owned(),
        )],
        data: ring(1_234_567, 12),
        control: ring(4_321, 0),
        ..CaptureStatus::default()
    }
}

/// A state that has seen all of it, at 30 seconds.
pub(crate) fn state() -> State {
    let mut state = empty();
    for (step, output) in (0..).zip(outputs()) {
        state.live.accept(output, at(10_000 + step * 400).time);
    }
    state.live.observe(Stats { exchanges: 0, ..stats() }, status(), at(20_000).time);
    state.live.accept(loss(), at(20_000).time);
    state.live.accept(coverage_gap(), at(20_000).time);
    state.live.observe(lossy_stats(), status(), at(28_000).time);
    state.live.cover(coverage(), at(28_000).time);
    state
}

/// A state that has seen nothing.
pub(crate) fn empty() -> State {
    let theme = Theme { palette: Palette::Mono, glyphs: Glyphs::Unicode };
    State::new(theme, "pay-1".to_owned(), at(0))
}
