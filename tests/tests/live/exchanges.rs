use std::collections::BTreeSet;
use std::process::Command;

use apiwatch_tests::apiwatch::Daemon;
use apiwatch_tests::output_of;
use apiwatch_tests::server::Nginx;
use serde_json::Value;

use super::TIERS;

const REQUESTS: usize = 10_000;
const RUNS: usize = 200;

#[test]
fn ten_thousand_keep_alive_requests_are_ten_thousand_exchanges() {
    for tier in TIERS {
        let nginx = Nginx::start();
        let daemon = Daemon::start(tier);
        let count = REQUESTS.to_string();
        let report = output_of(
            Command::new("h2load")
                .args(["--h1", "-n", &count, "-c", "8", "-t", "1"])
                .arg(nginx.url("/v1/accounts")),
        );
        assert!(report.contains(&format!("{REQUESTS} succeeded")), "{report}");
        let exchanges = daemon.wait_for_records("exchange", REQUESTS, |it| is_to(it, &nginx));
        assert_eq!(exchanges.len(), REQUESTS, "tier {tier}");
        for exchange in &exchanges {
            assert_eq!(exchange["request"]["method"], "GET", "{exchange}");
            assert_eq!(exchange["request"]["path"], "/v1/accounts", "{exchange}");
            assert_eq!(exchange["response"]["status"], 200, "{exchange}");
            assert_eq!(exchange["client"]["process"]["comm"], "h2load", "{exchange}");
            assert_eq!(exchange["server"]["process"]["comm"], "nginx", "{exchange}");
            assert!(exchange["anomalies"].as_array().is_none_or(Vec::is_empty), "{exchange}");
        }
        assert_eq!(daemon.metric("apiwatch_ebpf_events_lost_total", ""), 0, "tier {tier}");
    }
}

#[test]
fn two_hundred_curls_are_two_hundred_exchanges() {
    for tier in TIERS {
        let nginx = Nginx::start();
        let daemon = Daemon::start(tier);
        for run in 0..RUNS {
            let (path, status) = if run % 10 == 0 { ("missing", 404) } else { ("curl", 200) };
            let got = output_of(
                Command::new("curl")
                    .args(["-s", "-o", "/dev/null", "-w", "%{http_code}"])
                    .arg(nginx.url(&format!("/{path}/{run}"))),
            );
            assert_eq!(got, status.to_string());
        }
        let exchanges = daemon.wait_for_records("exchange", RUNS, |it| is_to(it, &nginx));
        assert_eq!(exchanges.len(), RUNS, "tier {tier}");
        let paths: BTreeSet<&str> =
            exchanges.iter().filter_map(|it| it["request"]["path"].as_str()).collect();
        assert_eq!(paths.len(), RUNS, "tier {tier}");
        for exchange in &exchanges {
            let is_missing =
                exchange["request"]["path"].as_str().is_some_and(|it| it.starts_with("/missing"));
            assert_eq!(exchange["response"]["status"], if is_missing { 404 } else { 200 });
            let client = &exchange["client"]["process"];
            assert_eq!(client["comm"], "curl", "{exchange}");
            assert!(client["exe"].as_str().is_some_and(|it| it.ends_with("/curl")), "{exchange}");
            assert_eq!(exchange["server"]["process"]["comm"], "nginx", "{exchange}");
        }
        let closed = daemon.wait_for_records("connection", RUNS, |it| {
            it["event"] == "close" && it["server"]["port"] == nginx.address.port()
        });
        assert!(closed.iter().all(|it| it["observed"] == "both"), "one connection, both ends");
    }
}

#[test]
fn ipv6_and_mapped_ipv4_are_seen_as_what_they_are() {
    let nginx = Nginx::start();
    let daemon = Daemon::start("a");
    let port = nginx.address.port();
    let _ = output_of(Command::new("curl").args(["-s", &format!("http://[::1]:{port}/six")]));
    let mapped = "import socket,sys\n\
        s = socket.socket(socket.AF_INET6)\n\
        s.connect(('::ffff:127.0.0.1', int(sys.argv[1])))\n\
        s.sendall(b'GET /mapped HTTP/1.1\\r\\nHost: h\\r\\nConnection: close\\r\\n\\r\\n')\n\
        while s.recv(4096): pass\n";
    let _ = output_of(Command::new("python3").args(["-c", mapped, &port.to_string()]));
    let address_of = |path: &str| {
        let found = daemon.wait_for_records("exchange", 1, |it| it["request"]["path"] == path);
        found[0]["server"]["address"].clone()
    };
    assert_eq!(address_of("/six"), "::1");
    assert_eq!(address_of("/mapped"), "127.0.0.1");
}

#[test]
fn other_network_namespaces_are_seen() {
    let netns = "apiwatch-test";
    let run = |args: &[&str]| Command::new("ip").args(args).status().expect("ip runs");
    let _ = run(&["netns", "del", netns]);
    assert!(run(&["netns", "add", netns]).success());
    assert!(run(&["-n", netns, "link", "set", "lo", "up"]).success());
    let daemon = Daemon::start("a");
    let program = "import http.server,threading,urllib.request\n\
        s = http.server.HTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)\n\
        threading.Thread(target=s.serve_forever, daemon=True).start()\n\
        try: urllib.request.urlopen('http://127.0.0.1:%d/in-netns' % s.server_port).read()\n\
        except Exception: pass\n";
    let _ = output_of(Command::new("ip").args(["netns", "exec", netns, "python3", "-c", program]));
    let found = daemon.wait_for_records("exchange", 1, |it| it["request"]["path"] == "/in-netns");
    assert_eq!(found[0]["response"]["status"], 404);
    let _ = run(&["netns", "del", netns]);
}

fn is_to(exchange: &Value, nginx: &Nginx) -> bool {
    exchange["server"]["port"] == nginx.address.port()
}
