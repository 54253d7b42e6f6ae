use apiwatch_tests::free_port;
use apiwatch_tests::server::connect_proxy;
use apiwatch_tests::tls::{Language, Report, TlsNginx, TlsOptions, Words, curl};

use super::agreed::{compare, records_of};
use super::{authority, daemons, is_to};

const PROTOCOLS: &str = "ssl_protocols TLSv1.2 TLSv1.3;";

/// Headers of the PROXY protocol (`HAProxy`'s, versions 1 and 2), in hexadecimal, and the
/// client that nginx takes from them.
const HEADERS: [(&str, &str); 6] = [
    // PROXY TCP4 203.0.113.7 198.51.100.1 4711 443
    (
        "50524f58592054435034203230332e302e3131332e37203139382e35312e3130302e3120343731312034\
         34330d0a",
        "203.0.113.7 4711",
    ),
    // PROXY TCP6 2001:db8::7 2001:db8::1 4711 443
    (
        "50524f5859205443503620323030313a6462383a3a3720323030313a6462383a3a312034373131203434\
         330d0a",
        "2001:db8::7 4711",
    ),
    // PROXY UNKNOWN
    ("50524f585920554e4b4e4f574e0d0a", " "),
    // Version 2, TCP over IPv4.
    ("0d0a0d0a000d0a515549540a2111000ccb007107c633640112670 1bb", "203.0.113.7 4711"),
    // Version 2, TCP over IPv6, and a TLV of 3 bytes that says nothing (PP2_TYPE_NOOP).
    (
        "0d0a0d0a000d0a515549540a2121002a20010db800000000000000000000000720010db8000000000000\
         000000000001126701bb040003000000",
        "2001:db8::7 4711",
    ),
    // Version 2, LOCAL.
    ("0d0a0d0a000d0a515549540a20000000", " "),
];

#[test]
fn tls_behind_a_proxy_header_is_what_peers_say() {
    let authority = authority();
    let port = free_port();
    let _nginx = TlsNginx::start(&authority, &[(port, "ssl proxy_protocol", PROTOCOLS)]);
    let daemons = daemons("tls", "");
    let words = Words::new();
    let mut all: Vec<Vec<Report>> = Vec::new();
    for version in ["TLSv1_2", "TLSv1_3"] {
        for (header, client) in HEADERS {
            let header: String = header.split_whitespace().collect();
            let options = TlsOptions {
                version: Some(version),
                before: Some(&header),
                ..TlsOptions::default()
            };
            let (reports, _) = Language::Python.connect_with(&authority, &[port], &options);
            for report in &reports {
                assert_eq!(report.says("proxied").expect("nginx says it"), client, "{report:?}");
            }
            all.push(reports);
        }
    }
    all.push(curl(&authority, port, &["--haproxy-protocol"]));
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
fn tls_inside_a_tunnel_is_what_peers_say() {
    let authority = authority();
    let [port, proxy_port] = [free_port(), free_port()];
    let settings = "ssl_protocols TLSv1.2; ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256;";
    let newer = free_port();
    let servers = [(port, "ssl", settings), (newer, "ssl", "ssl_protocols TLSv1.3;")];
    let _nginx = TlsNginx::start(&authority, &servers);
    let proxy = connect_proxy(proxy_port);
    let proxy_pid = proxy.0.id();
    let daemons = daemons("tls,exchange", "");
    let words = Words::new();
    let through = format!("http://127.0.0.1:{proxy_port}");
    let all = [port, newer].map(|port| curl(&authority, port, &["-x", &through]));
    for daemon in &daemons {
        for reports in &all {
            // From the proxy to the server: as if there were none before it.
            let behind: Vec<_> =
                reports.iter().map(|it| Report { pid: proxy_pid, ..it.clone() }).collect();
            // From the client to the proxy: only the port that the server saw differs.
            let before: Vec<_> = reports.iter().map(|it| to_proxy(it, proxy_port)).collect();
            for reports in [behind, before] {
                let records = records_of(daemon, &reports.iter().collect::<Vec<_>>());
                for (record, report) in records.iter().zip(&reports) {
                    compare(record, report, &words);
                }
            }
            let tunnels = daemon.wait_for_records("exchange", 2, |it| {
                is_to(it, proxy_port) && it["client"]["process"]["pid"] == reports[0].pid
            });
            for tunnel in &tunnels {
                assert_eq!(tunnel["request"]["method"], "CONNECT", "{tunnel}");
                assert_eq!(tunnel["response"]["status"], 200, "{tunnel}");
                assert_eq!(tunnel["encrypted"], false, "{tunnel}");
            }
        }
    }
}

fn to_proxy(report: &Report, proxy_port: u16) -> Report {
    let mut report = Report { server_port: proxy_port, ..report.clone() };
    for said in &mut report.said {
        said.remove("client_port");
    }
    report
}
