//! Outputs for tests.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::pipeline::finding::{Confidence, Finding, FindingId, FindingKind, Severity, State};
use crate::pipeline::input::{Loss, LossReason, SocketAddress, Source, Stage, UncapturedReason};
use crate::pipeline::output::{
    Auth, ConnectionEventKind, ConnectionId, ConnectionReport, CoverageGap, Encryption, End, Ends,
    Exchange, GapCause, LossReport, Method, Observed, PerDirection, Progress, Protocol, Request,
    Response,
};
use crate::pipeline::process::{Process, ProcessKey, identity_label};
use crate::pipeline::protocol::Anomaly;
use crate::pipeline::time::{Timestamp, WallTime};

/// 2009-02-13T23:31:30.123456789Z.
pub(crate) const TIME: WallTime = WallTime(1_234_567_890_123_456_789);

pub(crate) fn process(exe: &str) -> Arc<Process> {
    let comm = exe.rsplit('/').next().unwrap_or(exe);
    Arc::new(Process {
        key: ProcessKey { pid: 4242, start: 7 },
        start_time: WallTime(1_234_567_000_000_000_000),
        comm: comm.into(),
        exe: Some(exe.into()),
        unit: None,
        container: None,
        uid: 33,
        user: Some("www-data".into()),
        identity: identity_label(None, None, Some(exe), comm),
    })
}

pub(crate) fn ends(client: Option<Arc<Process>>, server: Option<Arc<Process>>) -> Arc<Ends> {
    let endpoint = |address: [u8; 4], port, process| End {
        address: SocketAddress { address: IpAddr::from(address), port },
        name: None,
        process,
    };
    Arc::new(Ends {
        client: endpoint([10, 0, 0, 7], 51_234, client),
        server: endpoint([203, 0, 113, 9], 80, server),
    })
}

pub(crate) fn exchange(ends: Arc<Ends>) -> Exchange {
    Exchange {
        connection: ConnectionId(0x2a),
        time: TIME,
        ends,
        stream: None,
        progress: Progress::Ended,
        protocol: Protocol::Http11,
        encrypted: false,
        source: Source::Socket,
        request: Some(Request {
            method: Method::Post,
            path: "/v1/payments".into(),
            query_keys: vec!["dry_run".into(), "trace".into()],
            host: Some("api.example.com".into()),
            header_bytes: 210,
            body_bytes: 64,
            content_type: Some("application/json".into()),
            complete: true,
        }),
        route: None,
        response: Some(Response {
            status: Some(201),
            body_bytes: 512,
            content_type: None,
            complete: true,
        }),
        duration: Some(Duration::from_nanos(1_234_567)),
        ttfb: Some(Duration::from_nanos(123_456)),
        auth: Auth::Bearer,
        grpc: None,
        websocket: None,
        anomalies: vec![Anomaly::Gap],
    }
}

pub(crate) fn connection(ends: Arc<Ends>) -> ConnectionReport {
    ConnectionReport {
        connection: ConnectionId(0x2a),
        time: TIME,
        event: ConnectionEventKind::Close,
        ends,
        observed: Observed::Client,
        netns: 4_026_531_840,
        encryption: Encryption::Clear,
        bytes: PerDirection { to_server: 300, to_client: 90_000 },
        captured: PerDirection { to_server: 300, to_client: 65_536 },
        uncaptured: [(UncapturedReason::Truncated, 24_000), (UncapturedReason::Sendfile, 464)]
            .into(),
        lost_records: 1,
        midstream: true,
        anomalies: Vec::new(),
    }
}

pub(crate) fn finding(id: u64, severity: Severity, state: State) -> Finding {
    Finding {
        id: FindingId(id),
        kind: FindingKind::UnencryptedPayload,
        severity,
        confidence: Confidence::High,
        state,
        first_seen: TIME,
        last_seen: WallTime(TIME.0 + 1),
        count: 3,
        subject: "/usr/bin/curl → 203.0.113.9:80".into(),
        summary: "/usr/bin/curl sent 3 HTTP requests in clear text.".into(),
        evidence: vec![("host".into(), "api.example.com".into()), ("auth".into(), "bearer".into())],
        remedy: "Use https.".into(),
    }
}

/// The daemon was away for a minute and a half.
pub(crate) fn gap() -> CoverageGap {
    let duration = Some(Duration::from_millis(90_250));
    CoverageGap { time: TIME, duration, cause: GapCause::Restart }
}

pub(crate) fn loss() -> LossReport {
    LossReport {
        loss: Loss {
            stage: Stage::DataRing,
            reason: LossReason::RingFull,
            count: 12,
            since: Timestamp(1),
            time: Timestamp(2),
        },
        since: WallTime(TIME.0 - 123_456_789),
        time: TIME,
    }
}
