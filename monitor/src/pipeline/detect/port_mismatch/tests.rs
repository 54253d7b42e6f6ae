use super::super::Detectors;
use super::super::fixture::{called, ends, exchange, inbound, outbound, process, second, settings};
use super::*;
use crate::pipeline::output::tls::{Handshake, TlsVersion};
use crate::pipeline::output::{Auth, Ends, NameSource, Progress};
use crate::pipeline::time::WallTime;

const CURL: &str = "/usr/bin/curl";

fn detectors() -> Detectors {
    Detectors::new(settings(|_| {}))
}

fn tls(connection: u64, ends: &Arc<Ends>, handshake: Handshake) -> TlsReport {
    TlsReport {
        connection: ConnectionId(connection),
        time: WallTime(0),
        ends: Arc::clone(ends),
        handshake: Arc::new(handshake),
    }
}

fn agreed() -> Handshake {
    Handshake { version: Some(TlsVersion(0x0304)), ..Handshake::default() }
}

fn connect_request(connection: u64, ends: &Arc<Ends>) -> Exchange {
    let mut connect = exchange(connection, ends, Auth::None);
    if let Some(request) = &mut connect.request {
        request.method = Method::Connect;
    }
    connect
}

impl Detectors {
    /// Of findings of these kinds: kind, severity, state, count and subject.
    fn mismatches(&mut self) -> Vec<String> {
        let ours = [FindingKind::ClearTextOnTlsPort, FindingKind::TlsOnClearPort];
        let findings = self.findings().into_iter().filter(|f| ours.contains(&f.kind));
        findings
            .map(|f| {
                let (kind, severity, state) = (f.kind.name(), f.severity.name(), f.state.name());
                format!("{kind} {severity} {state} {} {}", f.count, f.subject)
            })
            .collect()
    }
}

#[test]
fn clear_text_on_a_tls_port_is_reported_by_reach() {
    let both = ends(Some(process(CURL)), "10.0.0.1:9", Some(process("/s")), "10.0.0.1:443");
    for (ends, observed, said) in [
        (
            outbound(CURL, "203.0.113.7:443"),
            Observed::Client,
            "high open 1 /usr/bin/curl → 203.0.113.7:443",
        ),
        (
            outbound(CURL, "10.1.2.3:8443"),
            Observed::Client,
            "high open 1 /usr/bin/curl → 10.1.2.3:8443",
        ),
        (
            outbound(CURL, "127.0.0.1:443"),
            Observed::Client,
            "medium open 1 /usr/bin/curl → 127.0.0.1:443",
        ),
        (both, Observed::Both, "medium open 1 /usr/bin/curl → 10.0.0.1:443"),
        (
            inbound("203.0.113.9:9", "nginx.service", "10.0.0.1:443"),
            Observed::Server,
            "high open 1 public clients → nginx.service:443",
        ),
    ] {
        let mut detectors = detectors();
        detectors.exchange(&exchange(1, &ends, Auth::None), observed, second(1));
        assert_eq!(detectors.mismatches(), [format!("clear_text_on_tls_port {said}")]);
    }
}

#[test]
fn what_belongs_there_is_not_reported() {
    let mut detectors = detectors();
    let on_tls_port = outbound(CURL, "203.0.113.7:443");
    let on_clear_port = outbound(CURL, "203.0.113.7:80");
    let elsewhere = outbound(CURL, "203.0.113.7:9000");
    let encrypted = Exchange { encrypted: true, ..exchange(1, &on_tls_port, Auth::None) };
    let said_before =
        Exchange { progress: Progress::Closed, ..exchange(1, &on_tls_port, Auth::None) };
    for exchange in [
        encrypted,
        said_before,
        exchange(2, &on_clear_port, Auth::None),
        exchange(3, &elsewhere, Auth::None),
    ] {
        detectors.exchange(&exchange, Observed::Client, second(1));
    }
    for (ends, handshake) in [
        (&on_tls_port, agreed()),
        (&elsewhere, agreed()),
        // The server spoke no TLS, or did not take it.
        (&on_clear_port, Handshake::default()),
        (&on_clear_port, Handshake { alert: Some(70), ..agreed() }),
    ] {
        detectors.tls(&tls(4, ends, handshake), Observed::Client, second(1));
    }
    assert_eq!(detectors.mismatches(), [""; 0]);
}

#[test]
fn tls_on_a_clear_port_is_reported_once() {
    let mut detectors = detectors();
    let ends = outbound(CURL, "203.0.113.7:80");
    let ends = called(&ends, "api.example.com", NameSource::Sni);
    for connection in 0..100 {
        detectors.tls(&tls(connection, &ends, agreed()), Observed::Client, second(connection * 10));
        detectors.tick(second(connection * 10));
    }
    let subject = "/usr/bin/curl → api.example.com:80 (203.0.113.7)";
    assert_eq!(detectors.mismatches(), [format!("tls_on_clear_port low open 1 {subject}")]);
    detectors.tick(second(3 * 86_400));
    assert_eq!(detectors.mismatches(), [format!("tls_on_clear_port low resolved 100 {subject}")]);
}

#[test]
fn a_tunnel_through_a_proxy_is_none() {
    let mut detectors = detectors();
    let proxy = outbound(CURL, "10.0.0.3:8080");
    detectors.exchange(&connect_request(7, &proxy), Observed::Client, second(1));
    // The name of the destination came with its hello.
    let named = called(&proxy, "api.example.com", NameSource::Sni);
    detectors.tls(&tls(7, &named, agreed()), Observed::Client, second(1));
    assert_eq!(detectors.mismatches(), [""; 0]);
    detectors.tls(&tls(8, &named, agreed()), Observed::Client, second(1));
    assert_eq!(detectors.mismatches().len(), 1);
}

#[test]
fn tunnels_are_bounded() {
    let mut tunnels = Tunnels::default();
    for connection in 0..3 * MOST_TUNNELS as u64 {
        tunnels.add(ConnectionId(connection));
        tunnels.add(ConnectionId(connection));
    }
    assert_eq!((tunnels.known.len(), tunnels.order.len()), (MOST_TUNNELS, MOST_TUNNELS));
    assert_eq!(tunnels.evicted, 2 * MOST_TUNNELS as u64);
    assert!(tunnels.contains(ConnectionId(3 * MOST_TUNNELS as u64 - 1)));
    assert!(!tunnels.contains(ConnectionId(0)));
}

#[test]
fn exchanges_count_and_a_reload_of_the_ports_ends_it() {
    let mut detectors = detectors();
    let ends = outbound(CURL, "203.0.113.7:443");
    for connection in 0..5000 {
        let exchange = exchange(connection, &ends, Auth::None);
        detectors.exchange(&exchange, Observed::Client, second(1));
        detectors.exchange(&exchange, Observed::Client, second(1));
    }
    detectors.tick(second(61));
    let subject = "/usr/bin/curl → 203.0.113.7:443";
    assert_eq!(
        detectors.mismatches(),
        [
            format!("clear_text_on_tls_port high open 1 {subject}"),
            format!("clear_text_on_tls_port high updated 10000 {subject}"),
        ]
    );
    detectors.apply_settings(settings(|s| s.tls.tls_ports = vec![8443]));
    assert_eq!(
        detectors.mismatches(),
        [format!("clear_text_on_tls_port high resolved 10000 {subject}")]
    );
    detectors.exchange(&exchange(1, &ends, Auth::None), Observed::Client, second(70));
    assert_eq!(detectors.mismatches(), [""; 0]);
}

#[test]
fn what_is_said_is_plain() {
    let mut detectors = detectors();
    let ends = called(&outbound(CURL, "203.0.113.7:443"), "ex\u{202e}.example", NameSource::Host);
    detectors.exchange(&exchange(1, &ends, Auth::None), Observed::Client, second(1));
    let clear = detectors.findings();
    let finding = clear.iter().find(|f| f.kind == FindingKind::ClearTextOnTlsPort).unwrap();
    assert_eq!(
        finding.summary,
        "/usr/bin/curl sent 1 HTTP request in clear text to ex\u{fffd}.example:443 (203.0.113.7, \
         public address), and port 443 is for TLS."
    );
    let evidence = [
        ("process", "comm (pid 7)"),
        ("user", "alice"),
        ("destination", "ex\u{fffd}.example:443"),
        ("name", "ex\u{fffd}.example"),
        ("name_source", "host"),
        ("address", "203.0.113.7:443"),
        ("scope", "public"),
        ("reach", "leaves this host to a public address"),
        ("exchanges", "1"),
    ];
    assert_eq!(finding.evidence, evidence.map(|(name, value)| (name.into(), value.to_owned())));
    let ends = inbound("10.1.1.1:9", "nginx.service", "10.0.0.1:80");
    detectors.tls(&tls(2, &ends, agreed()), Observed::Server, second(1));
    let found = detectors.findings();
    let finding = found.iter().find(|f| f.kind == FindingKind::TlsOnClearPort).unwrap();
    assert_eq!(
        finding.summary,
        "nginx.service speaks TLS with private addresses on port 80, which is for clear text."
    );
}
