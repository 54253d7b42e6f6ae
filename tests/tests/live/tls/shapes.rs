use std::io::{BufRead, BufReader, Write};

use apiwatch_tests::free_port;
use apiwatch_tests::server::python;
use apiwatch_tests::tls::{Language, TlsNginx, TlsOptions, Words, h2load, openssl};
use serde_json::{Value, json};

use super::agreed::{compare, records_of};
use super::{NAME, authority, daemons, is_to};

const CROWD: usize = 100;

#[test]
fn a_hundred_handshakes_at_once_are_all_told() {
    let authority = authority();
    let ports = [free_port(), free_port()];
    let servers = [
        (ports[0], "ssl http2", "ssl_protocols TLSv1.2; ssl_ecdh_curve X25519;"),
        (ports[1], "ssl http2", "ssl_protocols TLSv1.3; ssl_ecdh_curve X25519;"),
    ];
    let _nginx = TlsNginx::start(&authority, &servers);
    let daemons = daemons("tls", "");
    let words = Words::new();
    let reports = ports.map(|port| h2load(port, CROWD));
    for daemon in &daemons {
        for report in &reports {
            let records = daemon.wait_for_records("tls", CROWD, |it| is_to(it, report.server_port));
            assert_eq!(records.len(), CROWD);
            for record in &records {
                assert_eq!(record["client"]["process"]["pid"], report.pid, "{record}");
                // The address is no name (RFC 6066 section 3).
                assert_eq!(record["sni"], Value::Null, "{record}");
                compare(record, report, &words);
            }
        }
    }
}

#[test]
fn hellos_in_pieces_are_whole() {
    let authority = authority();
    let [port, proxied] = [free_port(), free_port()];
    let lines = "ssl_protocols TLSv1.2 TLSv1.3;";
    let servers = [(port, "ssl", lines), (proxied, "ssl proxy_protocol", lines)];
    let _nginx = TlsNginx::start(&authority, &servers);
    let daemons = daemons("tls", "");
    let words = Words::new();
    // PROXY UNKNOWN, which nginx wants whole, and the hello after it in the same piece.
    let header = "50524f585920554e4b4e4f574e0d0a";
    let cases = [
        ("1", port, ""),
        ("7", port, ""),
        ("20000", port, ""),
        ("20", proxied, header),
        ("20000", proxied, header),
    ];
    let mut all = Vec::new();
    for version in ["TLSv1_2", "TLSv1_3"] {
        for (pieces, port, before) in cases {
            let (version, pieces, before) = (Some(version), Some(pieces), Some(before));
            let options = TlsOptions { version, pieces, before, ..TlsOptions::default() };
            all.push(Language::Python.connect_with(&authority, &[port], &options).0);
        }
    }
    for daemon in &daemons {
        for reports in &all {
            let records = records_of(daemon, &reports.iter().collect::<Vec<_>>());
            for (record, report) in records.iter().zip(reports) {
                compare(record, report, &words);
            }
        }
    }
}

#[test]
fn early_data_hides_nothing() {
    let authority = authority();
    let port = free_port();
    let lines = "ssl_protocols TLSv1.3; ssl_early_data on; ssl_ecdh_curve X25519;";
    let _nginx = TlsNginx::start(&authority, &[(port, "ssl", lines)]);
    let daemons = daemons("tls", "");
    let early = authority.path("early");
    std::fs::write(&early, "GET / HTTP/1.0\r\n\r\n").expect("a file is written");
    let early = early.display().to_string();
    let reports = openssl(&authority, port, Some(NAME), &["-early_data", &early]);
    assert_eq!(reports[1].says("early_data"), Some(&json!("accepted")), "{reports:?}");
    let words = Words::new();
    for daemon in &daemons {
        let records = records_of(daemon, &reports.iter().collect::<Vec<_>>());
        for (record, report) in records.iter().zip(&reports) {
            compare(record, report, &words);
        }
        assert_eq!(records[1]["resumed"], true, "{}", records[1]);
    }
}

/// Connects with each version, says so, and on a line of input asks on each.
const HOLDER: &str = "import ssl,socket,sys\n\
    context = ssl._create_unverified_context()\n\
    held = []\n\
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):\n\
    \x20   context.minimum_version = ssl.TLSVersion.TLSv1_2\n\
    \x20   context.maximum_version = version\n\
    \x20   plain = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n\
    \x20   held.append(context.wrap_socket(plain, server_hostname='api.test'))\n\
    print(*[one.version() for one in held], flush=True)\n\
    sys.stdin.readline()\n\
    for one in held:\n\
    \x20   one.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')\n\
    \x20   while one.recv(65536): pass\n\
    \x20   one.close()\n";

#[test]
fn of_handshakes_before_the_daemon_nothing_is_made_up() {
    let authority = authority();
    let port = free_port();
    let lines = "ssl_protocols TLSv1.2 TLSv1.3;";
    let _nginx = TlsNginx::start(&authority, &[(port, "ssl", lines)]);
    let mut holder = python(HOLDER, &[&port.to_string()]);
    let mut input = holder.0.stdin.take().expect("a pipe");
    let mut output = BufReader::new(holder.0.stdout.take().expect("a pipe")).lines();
    assert_eq!(output.next().expect("a line").expect("read"), "TLSv1.2 TLSv1.3");
    let daemons = daemons("tls,connection,exchange,finding", "");
    writeln!(input).expect("the holder listens");
    for daemon in &daemons {
        let closed = daemon
            .wait_for_records("connection", 2, |it| it["event"] == "close" && is_to(it, port));
        for connection in &closed {
            assert_eq!(connection["midstream"], true, "{connection}");
            assert_eq!(connection["encryption"], "tls", "{connection}");
        }
        for kind in ["tls", "exchange"] {
            let made_up = daemon.records(kind).into_iter().find(|it| is_to(it, port));
            assert_eq!(made_up, None);
        }
        let is_judged = |it: &Value| {
            it["kind"] != "unknown_destination"
                && it["evidence"]["address"] == format!("127.0.0.1:{port}")
        };
        assert!(!daemon.records("finding").iter().any(is_judged), "{:?}", daemon.lines());
    }
}
