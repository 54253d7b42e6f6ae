//! One output of each type, for tests and fuzzing.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::pipeline::finding::{Confidence, Finding, FindingId, FindingKind, Severity, State};
use crate::pipeline::input::{Loss, LossReason, SocketAddress, Source, Stage};
use crate::pipeline::output::tls::{
    Certificate, CertificateSeen, CipherSuite, Handshake, NamedGroup, Offered, Posture, TlsVersion,
};
use crate::pipeline::output::{
    Anomaly, Auth, ConnectionEventKind, ConnectionId, ConnectionReport, CoverageGap,
    DestinationReport, Encryption, End, EndpointReport, Ends, Exchange, GapCause, Grpc, LossReport,
    Method, Name, NameSource, Observed, Output, PerDirection, Progress, Protocol, Quantiles,
    Request, Response, TlsReport,
};
use crate::pipeline::process::{Process, ProcessKey};
use crate::pipeline::time::{Timestamp, WallTime};

/// A letter for the type of each output, in their order.
#[cfg(test)]
pub(super) const NAMES: [char; 8] = ['c', 'x', 't', 'e', 'd', 'f', 'l', 'g'];

const TIME: WallTime = WallTime(1_234_567_890_123_456_789);
const CIPHER: CipherSuite = CipherSuite(0xc030);
const GROUP: NamedGroup = NamedGroup(0x001d);

/// One output of each type.
pub(crate) fn outputs() -> [Output; 8] {
    let ends = Arc::new(Ends { client: client(), server: server() });
    [
        Output::Connection(connection(Arc::clone(&ends))),
        Output::Exchange(exchange(Arc::clone(&ends))),
        Output::Tls(Box::new(tls(ends))),
        Output::Endpoint(Box::new(endpoint())),
        Output::Destination(Box::new(destination())),
        Output::Finding(finding()),
        Output::Loss(loss()),
        Output::CoverageGap(gap()),
    ]
}

fn client() -> End {
    let process = Process {
        key: ProcessKey { pid: 4242, start: 7 },
        start_time: TIME,
        comm: "pay".into(),
        exe: Some("/usr/bin/pay".into()),
        unit: Some("payments.service".into()),
        container: Some("4f1d2c3b5a69".into()),
        uid: 1000,
        user: Some("alice".into()),
        identity: "payments.service".into(),
    };
    let address = SocketAddress { address: IpAddr::from([10, 0, 0, 7]), port: 51_234 };
    End { address, name: None, process: Some(Arc::new(process)) }
}

fn server() -> End {
    let address = SocketAddress { address: IpAddr::from([203, 0, 113, 9]), port: 443 };
    let name = Name { text: "api.bank.example".into(), source: NameSource::Sni };
    End { address, name: Some(name), process: None }
}

fn connection(ends: Arc<Ends>) -> ConnectionReport {
    ConnectionReport {
        connection: ConnectionId(0x2a),
        time: TIME,
        event: ConnectionEventKind::Close,
        ends,
        observed: Observed::Client,
        netns: 4_026_531_840,
        encryption: Encryption::Tls,
        bytes: PerDirection { to_server: 300, to_client: 2_000_000 },
        captured: PerDirection::default(),
        uncaptured: [].into(),
        lost_records: 0,
        midstream: false,
        anomalies: vec![Anomaly::TcpOverlapConflict],
    }
}

fn exchange(ends: Arc<Ends>) -> Exchange {
    Exchange {
        connection: ConnectionId(0x2a),
        stream: Some(1),
        progress: Progress::Ended,
        time: TIME,
        ends,
        protocol: Protocol::Grpc,
        encrypted: true,
        source: Source::Socket,
        request: Some(Request {
            method: Method::Post,
            path: "/v1/payments/42".into(),
            query_keys: Vec::new(),
            host: Some("www.bank.example".into()),
            header_bytes: 210,
            body_bytes: 64,
            content_type: None,
            complete: true,
        }),
        route: Some("/v1/payments/{id}".into()),
        response: Some(Response {
            status: Some(503),
            body_bytes: 512,
            content_type: None,
            complete: true,
        }),
        duration: Some(Duration::from_millis(250)),
        ttfb: Some(Duration::from_millis(100)),
        auth: Auth::Bearer,
        grpc: Some(Box::new(Grpc {
            service: Some("v1/payments".into()),
            method: Some("42".into()),
            status: None,
            messages: PerDirection::default(),
            message_bytes: PerDirection::default(),
        })),
        websocket: None,
        anomalies: vec![Anomaly::Gap],
    }
}

fn tls(ends: Arc<Ends>) -> TlsReport {
    let handshake = Handshake {
        offered: Some(Offered { sni: Some("api.bank.example".into()), ..Offered::default() }),
        version: Some(TlsVersion::TLS12),
        cipher: Some(CIPHER),
        group: Some(GROUP),
        alpn: Some("h2".into()),
        certificate: CertificateSeen::Seen(Box::new(certificate())),
        anomalies: vec![Anomaly::TlsFallback],
        ..Handshake::default()
    };
    TlsReport { connection: ConnectionId(0x2a), time: TIME, ends, handshake: Arc::new(handshake) }
}

fn certificate() -> Certificate {
    Certificate {
        subject: "CN=bank".into(),
        issuer: "CN=Test CA".into(),
        san: vec!["*.bank.example".into()],
        not_before: 0,
        not_after: 0,
        key_algorithm: "rsa".into(),
        key_bits: Some(2048),
        signature: "sha256WithRSAEncryption".into(),
        self_signed: false,
        chain_length: 2,
    }
}

fn endpoint() -> EndpointReport {
    EndpointReport {
        time: TIME,
        service: "api.bank.example".into(),
        method: "POST",
        route: "/v1/payments/{id}".into(),
        protocols: vec![Protocol::Grpc],
        first_seen: TIME,
        last_seen: TIME,
        requests: 7,
        errors: 2,
        duration: Some(quantiles()),
        auth: vec![Auth::None, Auth::Bearer],
        in_clear: true,
        encrypted: true,
    }
}

fn destination() -> DestinationReport {
    DestinationReport {
        time: TIME,
        identity: "payments.service".into(),
        server: server(),
        first_seen: TIME,
        last_seen: TIME,
        connections: 3,
        bytes: PerDirection { to_server: 2_000_000, to_client: 300 },
        requests: 7,
        errors: 2,
        duration: Some(quantiles()),
        auth: vec![Auth::Bearer],
        in_clear: false,
        posture: Some(Posture { version: TlsVersion::TLS12, cipher: CIPHER, group: Some(GROUP) }),
    }
}

fn quantiles() -> Quantiles {
    let [p50, p95, p99, max] = [100, 300, 400, 900].map(Duration::from_millis);
    Quantiles { p50, p95, p99, max }
}

fn finding() -> Finding {
    Finding {
        id: FindingId(0xff),
        kind: FindingKind::WeakEncryption,
        severity: Severity::High,
        confidence: Confidence::High,
        state: State::Open,
        first_seen: TIME,
        last_seen: TIME,
        count: 1,
        subject: "payments.service → api.bank.example:443 (203.0.113.9)".into(),
        summary: "payments.service agreed on weak encryption.".into(),
        evidence: [
            ("process", "pay (pid 4242)"),
            ("user", "alice"),
            ("name", "api.bank.example"),
            ("address", "203.0.113.9:443"),
            ("method", "POST"),
            ("path", "/v1/payments/42"),
            ("auth", "bearer"),
            ("version", "1.2"),
            ("cipher", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
            ("group", "x25519"),
        ]
        .map(|(name, value)| (name.into(), value.to_owned()))
        .to_vec(),
        remedy: "Update it.".into(),
    }
}

fn gap() -> CoverageGap {
    CoverageGap { time: TIME, duration: None, cause: GapCause::Restart }
}

fn loss() -> LossReport {
    LossReport {
        loss: Loss {
            stage: Stage::DataRing,
            reason: LossReason::RingFull,
            count: 12,
            since: Timestamp(1),
            time: Timestamp(2),
        },
        since: TIME,
        time: TIME,
    }
}
