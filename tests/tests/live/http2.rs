use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};

use apiwatch_tests::apiwatch::Daemon;
use apiwatch_tests::peer::{self, Peer};
use apiwatch_tests::server::{Nghttpd, Nginx};
use apiwatch_tests::{PATIENCE, Running, output_of, wait_for};
use serde_json::Value;

use super::{TIERS, exchanges_to, has_no_anomaly, line_of};

const REQUESTS: usize = 10_000;
const CONNECTIONS: usize = 10;

/// h2load at 100 streams a connection. Its two paths take turns.
fn h2load(count: usize, connections: usize, urls: [String; 2]) -> Command {
    let mut command = Command::new("h2load");
    command.args(["-n", &count.to_string(), "-c", &connections.to_string(), "-m", "100"]);
    command.args(urls).stderr(Stdio::null());
    command
}

#[test]
fn a_hundred_streams_at_a_time_are_as_many_exchanges_as_requests() {
    for tier in TIERS {
        let nginx = Nginx::start_http2();
        let nghttpd = Nghttpd::start(&[]);
        let daemon = Daemon::start(tier);
        for (server, comm, urls, paths, sizes) in [
            (
                nginx.address,
                "nginx",
                [nginx.url("/v1/accounts"), nginx.url("/v1/payments?token=x")],
                ["/v1/accounts", "/v1/payments"],
                [33, 33],
            ),
            (
                nghttpd.address,
                "nghttpd",
                [nghttpd.url("/small"), nghttpd.url("/large")],
                ["/small", "/large"],
                [10, 1000],
            ),
        ] {
            // In a burst of all connections, more would be said than standard output takes.
            let mut load = h2load(REQUESTS, CONNECTIONS, urls);
            let report = output_of(load.args(["-r", "2", "--rate-period", "150ms"]));
            assert!(report.contains(&format!("{REQUESTS} succeeded")), "{report}");
            // Nothing of a connection is said after its close.
            let _ = daemon.wait_for_records("connection", CONNECTIONS, |it| {
                it["event"] == "close"
                    && it["server"]["port"] == server.port()
                    && it["client"]["process"]["comm"] == "h2load"
            });
            let exchanges = exchanges_to(&daemon, server);
            assert_eq!(exchanges.len(), REQUESTS, "tier {tier}, {comm}");
            for (path, size) in paths.into_iter().zip(sizes) {
                let of_path: Vec<_> =
                    exchanges.iter().filter(|it| it["request"]["path"] == path).collect();
                assert_eq!(of_path.len(), REQUESTS / 2, "tier {tier}, {comm} {path}");
                for exchange in of_path {
                    assert_eq!(line_of(exchange), format!("http/2 GET {path} 200 0>{size}"));
                    assert_eq!(exchange["client"]["process"]["comm"], "h2load", "{exchange}");
                    assert_eq!(exchange["server"]["process"]["comm"], comm, "{exchange}");
                    assert_eq!(exchange["request"]["host"], server.to_string(), "{exchange}");
                }
            }
            let streams: BTreeSet<_> = exchanges
                .iter()
                .map(|it| (it["client"]["port"].as_u64(), it["stream"].as_u64()))
                .collect();
            assert_eq!(streams.len(), REQUESTS, "each has a stream of its own");
        }
        assert_eq!(daemon.metric("apiwatch_ebpf_events_lost_total", ""), 0, "tier {tier}");
    }
}

/// A command, and the exchanges that it makes.
type Case = (&'static [&'static str], &'static [&'static str]);

/// `{}` is the port of a server written with Python's h2.
const CASES: &[Case] = &[
    (
        &["curl", "-s", "--http2-prior-knowledge", "http://127.0.0.1:{}/answer/404/5/a?key=b"],
        &["http/2 GET /answer/404/5/a 404 0>5"],
    ),
    (
        &["curl", "-s", "--http2", "http://127.0.0.1:{}/answer/200/20000/upgraded"],
        &["http/2 GET /answer/200/20000/upgraded 200 0>20000"],
    ),
    (
        &[
            "nghttp",
            "-nu",
            "http://127.0.0.1:{}/answer/503/1/u",
            "http://127.0.0.1:{}/answer/204/0/v",
        ],
        &["http/2 GET /answer/503/1/u 503 0>1", "http/2 GET /answer/204/0/v 204 0>0"],
    ),
    (
        &[
            "curl",
            "-s",
            "--http2-prior-knowledge",
            "-X",
            "PUT",
            "-d",
            "x=yz",
            "http://127.0.0.1:{}/answer/201/0/p",
        ],
        &["http/2 PUT /answer/201/0/p 201 4>0"],
    ),
    (
        &["curl", "-s", "--http2-prior-knowledge", "-I", "http://127.0.0.1:{}/answer/200/0/head"],
        &["http/2 HEAD /answer/200/0/head 200 0>0"],
    ),
    (
        &["nghttp", "-n", "http://127.0.0.1:{}/push/1"],
        &["http/2 GET /answer/200/7/pushed 200 0>7", "http/2 GET /push/1 200 0>5"],
    ),
    (&["nghttp", "-n", "http://127.0.0.1:{}/trailers/1"], &["http/2 GET /trailers/1 200 0>10"]),
    (
        &["nghttp", "-n", "http://127.0.0.1:{}/reset/1"],
        &["http/2 GET /reset/1 200 0>0 response incomplete: stream_reset"],
    ),
];

#[test]
fn upgrades_pushes_trailers_and_resets_are_what_they_are() {
    for tier in TIERS {
        let daemon = Daemon::start(tier);
        for (command, wanted) in CASES {
            let (_server, address) = Peer::serve("h2_server.py", &[]);
            let port = address.port().to_string();
            let words: Vec<_> = command.iter().map(|word| word.replace("{}", &port)).collect();
            let _ = output_of(Command::new(&words[0]).args(&words[1..]));
            let _ = daemon.wait_for_records("connection", 1, |it| {
                it["event"] == "close" && it["server"]["port"] == address.port()
            });
            let mut lines: Vec<_> = exchanges_to(&daemon, address).iter().map(line_of).collect();
            lines.sort();
            let mut wanted = wanted.to_vec();
            wanted.sort_unstable();
            assert_eq!(lines, wanted, "tier {tier} {words:?}");
        }
    }
}

#[test]
fn nghttpd_pushes_and_sends_trailers() {
    let server = Nghttpd::start(&["--push=/small=/large,/other", "--trailer=x-checksum: 0"]);
    let daemon = Daemon::start("a");
    let _ = output_of(Command::new("nghttp").args(["-n", &server.url("/small")]));
    let _ = daemon.wait_for_records("connection", 1, |it| {
        it["event"] == "close" && it["server"]["port"] == server.address.port()
    });
    let lines: BTreeSet<_> = exchanges_to(&daemon, server.address).iter().map(line_of).collect();
    let wanted = Nghttpd::FILES.map(|(path, size)| format!("http/2 GET {path} 200 0>{size}"));
    assert_eq!(lines, BTreeSet::from(wanted));
}

#[test]
fn interleaved_requests_of_python_have_their_own_answers() {
    const COUNT: usize = 1000;
    const RESETS: usize = 20;
    for tier in TIERS {
        let (server, address) = Peer::serve("h2_server.py", &[]);
        let daemon = Daemon::start(tier);
        let (port, count) = (address.port().to_string(), COUNT.to_string());
        let _ = peer::run("h2_client.py", &["requests", &port, &count, "100"]);
        let _ = peer::run("h2_client.py", &["reset", &port, &RESETS.to_string()]);
        let _ = daemon.wait_for_records("connection", 2, |it| {
            it["event"] == "close" && it["server"]["port"] == address.port()
        });
        let (reset, answered): (Vec<_>, Vec<_>) = exchanges_to(&daemon, address)
            .into_iter()
            .partition(|it| it["request"]["path"] == "/answer/200/200000/reset");
        assert_eq!((reset.len(), answered.len()), (RESETS, COUNT), "tier {tier}");
        let mut paths = BTreeSet::new();
        for exchange in &answered {
            assert!(is_answered_as_asked(exchange) && has_no_anomaly(exchange), "{exchange}");
            assert_eq!(exchange["request"]["query_keys"], serde_json::json!(["token"]));
            assert_eq!(exchange["auth"], "bearer", "{exchange}");
            assert_eq!(exchange["server"]["process"]["pid"], server.pid(), "{exchange}");
            paths.insert(exchange["request"]["path"].as_str());
        }
        assert_eq!(paths.len(), COUNT, "tier {tier}");
        for exchange in &reset {
            assert_eq!(exchange["response"]["status"], 200, "{exchange}");
            assert_eq!(exchange["response"]["complete"], false, "{exchange}");
            assert_eq!(exchange["anomalies"], serde_json::json!(["stream_reset"]), "{exchange}");
        }
        assert!(!daemon.lines().join("\n").contains("secret-of-the-peer"), "tier {tier}");
    }
}

/// The daemon starts while connections are quiet whose compression state it has not seen.
#[test]
fn what_older_connections_leave_unknown_is_said_and_never_guessed() {
    const OLDER: usize = 20;
    for tier in TIERS {
        let (_server, address) = Peer::serve("h2_server.py", &[]);
        let port = address.port().to_string();
        let mut client = Peer::start("h2_client.py", &["late", &port, &OLDER.to_string()]);
        client.wait_for_line("warm");
        let daemon = Daemon::start(tier);
        client.tell("go on");
        client.wait_for_line("done");
        let _ = peer::run("h2_client.py", &["requests", &port, "200", "100"]);
        client.finish();
        let closed = daemon.wait_for_records("connection", OLDER + 1, |it| {
            it["event"] == "close" && it["server"]["port"] == address.port()
        });
        let older: BTreeSet<_> = closed
            .iter()
            .filter(|it| it["midstream"] == true)
            .map(|it| it["client"]["port"].to_string())
            .collect();
        assert_eq!(older.len(), OLDER, "tier {tier}");
        let (late, fresh): (Vec<_>, Vec<_>) = exchanges_to(&daemon, address)
            .into_iter()
            .partition(|it| older.contains(&it["client"]["port"].to_string()));
        assert_eq!(fresh.len(), 200, "tier {tier}");
        for exchange in &fresh {
            assert!(is_answered_as_asked(exchange) && has_no_anomaly(exchange), "{exchange}");
        }
        assert_eq!(late.len(), OLDER * 20, "tier {tier}: each request is an exchange");
        // Half of the requests name a path that was sent before, which an index says.
        let named = late.iter().filter(|it| it["request"].get("path").is_some()).count();
        assert!(named >= OLDER * 10, "tier {tier}: {named} of {}", late.len());
        for exchange in &late {
            let is_known = is_answered_as_asked(exchange);
            let is_unknown = exchange["request"].get("path").is_none();
            assert!(is_known || is_unknown, "tier {tier}: {exchange}");
            // Each has fields that only the table of before knows.
            assert!(says_unknown(exchange), "tier {tier}: {exchange}");
            assert_eq!(exchange["response"]["complete"], true, "tier {tier}: {exchange}");
        }
    }
}

/// The daemon starts while a hundred streams of each connection are at work.
#[test]
fn a_daemon_that_starts_under_load_says_nothing_wrong() {
    const FRESH: usize = 1000;
    for tier in TIERS {
        let server = Nghttpd::start(&[]);
        let mut load = h2load(100_000, CONNECTIONS, [server.url("/small"), server.url("/large")]);
        let load = Running::start(load.args(["--rps", "300"]).stdout(Stdio::null()));
        wait_for("connections", PATIENCE, || {
            (established_to(server.address) >= CONNECTIONS).then_some(())
        });
        let daemon = Daemon::start(tier);
        let _ = daemon
            .wait_for_records("exchange", 2000, |it| it["server"]["port"] == server.address.port());
        let fresh = [server.url("/other"), server.url("/other")];
        let _ = output_of(&mut h2load(FRESH, 2, fresh));
        let _ = daemon.wait_for_records("connection", 2, |it| {
            it["event"] == "close" && it["server"]["port"] == server.address.port()
        });
        drop(load);
        let (fresh, late): (Vec<_>, Vec<_>) = exchanges_to(&daemon, server.address)
            .into_iter()
            .partition(|it| it["request"]["path"] == "/other");
        assert_eq!(fresh.len(), FRESH, "tier {tier}");
        for exchange in &fresh {
            assert_eq!(line_of(exchange), "http/2 GET /other 200 0>555", "tier {tier}");
        }
        let paths: BTreeSet<_> =
            late.iter().filter_map(|it| it["request"]["path"].as_str()).collect();
        assert_eq!(paths, BTreeSet::from(["/large", "/small"]), "tier {tier}");
        for exchange in &late {
            assert!(may_be_of_load(exchange), "tier {tier}: {exchange}");
        }
    }
}

/// Whether what is known of an exchange is right: each file has its size.
fn may_be_of_load(exchange: &Value) -> bool {
    let (request, response) = (&exchange["request"], &exchange["response"]);
    let is_known =
        |value: &Value, known: &[&str]| value.as_str().is_none_or(|value| known.contains(&value));
    let of_path = match request["path"].as_str() {
        Some("/small") => [10].as_slice(),
        Some("/large") => [1000].as_slice(),
        _ => [10, 1000].as_slice(),
    };
    let is_whole = response["complete"] == true;
    is_known(&request["method"], &["GET"])
        && response["status"].as_u64().is_none_or(|status| status == 200)
        && (!is_whole || response["body_bytes"].as_u64().is_some_and(|it| of_path.contains(&it)))
        && (request.get("path").is_some() || !has_no_anomaly(exchange))
}

/// Whether path, status and size are known and belong together.
fn is_answered_as_asked(exchange: &Value) -> bool {
    let (request, response) = (&exchange["request"], &exchange["response"]);
    let Some(path) = request["path"].as_str() else { return false };
    let [_, "answer", status, size, _number] = path.split('/').collect::<Vec<_>>()[..] else {
        return false;
    };
    let is_status = |it: &Value| it.is_null() || *it.to_string() == *status;
    is_status(&response["status"])
        && (response["status"].is_u64() || says_unknown(exchange))
        && *response["body_bytes"].to_string() == *size
        && request["complete"] == true
        && response["complete"] == true
}

fn says_unknown(exchange: &Value) -> bool {
    exchange["anomalies"].as_array().is_some_and(|it| it.iter().any(|it| it == "unknown_header"))
}

/// Connections to an address, as the kernel lists them.
fn established_to(address: SocketAddr) -> usize {
    let remote =
        format!(" {:08X}:{:04X} 01 ", u32::from(Ipv4Addr::LOCALHOST).swap_bytes(), address.port());
    let listed = std::fs::read_to_string("/proc/net/tcp").expect("the kernel lists connections");
    listed.lines().filter(|line| line.contains(&remote)).count()
}
