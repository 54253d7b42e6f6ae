use apiwatch_tests::free_port;
use apiwatch_tests::tls::{NAME, TlsNginx, openssl, openssl_refused};
use serde_json::json;

use super::{authority, daemons, is_to};

/// What a server is set to, what a client is told, and the alert that either sends
/// (RFC 8446 section 6.2).
const CASES: [(&str, &[&str], u64); 4] = [
    ("ssl_protocols TLSv1.3;", &["-tls1_2"], 70),
    (
        "ssl_protocols TLSv1.2; ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384;",
        &["-tls1_2", "-cipher", "AES128-SHA"],
        40,
    ),
    ("ssl_protocols TLSv1.2; ssl_reject_handshake on;", &["-servername", NAME], 112),
    ("ssl_protocols TLSv1.2;", &["-verify_return_error", "-no-CAfile", "-no-CApath"], 48),
];

#[test]
fn refused_handshakes_are_told_with_their_alert_and_not_judged() {
    let authority = authority();
    let ports = CASES.map(|_| free_port());
    let good = free_port();
    let mut servers: Vec<_> =
        ports.iter().zip(CASES).map(|(port, (lines, ..))| (*port, "ssl", lines)).collect();
    servers.push((good, "ssl", ""));
    let _nginx = TlsNginx::start(&authority, &servers);
    let daemons = daemons("tls,finding", "");
    let refused: Vec<_> = ports
        .iter()
        .zip(CASES)
        .map(|(port, (_, client, alert))| {
            let (pid, number) = openssl_refused(*port, client);
            assert_eq!(number, alert, "{client:?}");
            (*port, pid, number)
        })
        .collect();
    let _ = openssl(&authority, good, Some(NAME), &[]);
    for daemon in &daemons {
        for (port, pid, alert) in &refused {
            let found = daemon.wait_for_records("tls", 1, |it| is_to(it, *port));
            assert_eq!(found[0]["client"]["process"]["pid"], *pid, "{found:?}");
            assert_eq!(found[0]["alert"], *alert, "{found:?}");
            assert_eq!(found[0]["anomalies"], json!([]), "{found:?}");
        }
        // What came last is judged, so all before it would have been.
        let weak = |port: u16| {
            let address = format!("127.0.0.1:{port}");
            move |it: &serde_json::Value| {
                it["kind"] == "weak_encryption" && it["evidence"]["address"] == address
            }
        };
        let _ = daemon.wait_for_records("finding", 1, weak(good));
        let findings = daemon.records("finding");
        for port in ports {
            assert!(!findings.iter().any(weak(port)), "{findings:?}");
        }
    }
}
