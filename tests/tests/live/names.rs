use apiwatch_tests::apiwatch::Daemon;
use apiwatch_tests::netns::Netns;
use apiwatch_tests::output_of;
use apiwatch_tests::peer::{self, Peer};
use apiwatch_tests::tcpdump::{Tcpdump, records_of, replay};
use serde_json::Value;

use super::TIERS;

/// Where names are asked for.
const RESOLVER: &str = "192.0.2.53";
const PORT: u16 = 8080;
/// Answers for addresses of the loopback name nothing, so that servers have others.
const ADDRESSES: [&str; 8] = [
    "192.0.2.53/32",
    "192.0.2.10/32",
    "192.0.2.11/32",
    "192.0.2.12/32",
    "192.0.2.13/32",
    "192.0.2.14/32",
    "192.0.2.15/32",
    "2001:db8::10/128",
];

/// What the client does, the address it connects to, and the name that has as the
/// connection opens, and with its exchange.
struct Case {
    step: &'static str,
    address: &'static str,
    opened: Option<&'static str>,
    exchanged: Option<(&'static str, &'static str)>,
}

/// The Host of most is an address, which names nothing.
const CASES: [Case; 7] = [
    Case {
        step: "udp/api.example.test/a/192.0.2.10",
        address: "192.0.2.10",
        opened: Some("api.example.test"),
        exchanged: Some(("api.example.test", "dns")),
    },
    Case {
        step: "udp/six.example.test/b/192.0.2.10",
        address: "2001:db8::10",
        opened: Some("six.example.test"),
        exchanged: Some(("six.example.test", "dns")),
    },
    Case {
        step: "udp/www.example.test/c/192.0.2.10",
        address: "192.0.2.11",
        opened: Some("www.example.test"),
        exchanged: Some(("www.example.test", "dns")),
    },
    Case {
        step: "tcp/tcp.example.test/d/192.0.2.10",
        address: "192.0.2.12",
        opened: Some("tcp.example.test"),
        exchanged: Some(("tcp.example.test", "dns")),
    },
    Case {
        step: "libc/libc.example.test/e/192.0.2.10",
        address: "192.0.2.13",
        opened: Some("libc.example.test"),
        exchanged: Some(("libc.example.test", "dns")),
    },
    Case {
        step: "udp/api.example.test/f/front.example.test",
        address: "192.0.2.10",
        opened: Some("api.example.test"),
        exchanged: Some(("front.example.test", "host")),
    },
    Case {
        step: "none/192.0.2.15/g/192.0.2.15",
        address: "192.0.2.15",
        opened: None,
        exchanged: None,
    },
];

#[test]
fn answers_of_dns_name_the_connections_that_follow() {
    let (netns, _server) = names();
    for tier in TIERS {
        let daemon = Daemon::start(tier);
        ask(&netns, &CASES.map(|case| case.step));
        for case in &CASES {
            let path = path_of(case);
            let exchange =
                &daemon.wait_for_records("exchange", 1, |it| it["request"]["path"] == path)[0];
            let server = &exchange["server"];
            let source = server["name_source"].as_str();
            assert_eq!(server["address"], case.address, "tier {tier}: {exchange}");
            assert_eq!(name_of(exchange).zip(source), case.exchanged, "tier {tier}: {exchange}");
            let opened = &daemon.wait_for_records("connection", 1, |it| {
                it["event"] == "open" && it["connection"] == exchange["connection"]
            })[0];
            // A request that came before the open was said names it as well.
            let is_named = name_of(opened) == case.opened || name_of(opened) == name_of(exchange);
            assert!(is_named, "tier {tier}: {opened}");
        }
    }
}

#[test]
fn a_capture_names_its_connections_as_well() {
    let (netns, _server) = names();
    let filter = format!("port 53 or tcp port {PORT}");
    let tcpdump = Tcpdump::start_within(&netns, "lo", &filter);
    ask(&netns, &CASES.map(|case| case.step));
    let capture = tcpdump.stop_after(format!("GET {} ", path_of(&CASES[6])).as_bytes());
    let records = records_of(&replay(&capture.file));
    for case in &CASES {
        let exchange = records.iter().find(|it| it["request"]["path"] == path_of(case));
        let exchange = exchange.unwrap_or_else(|| panic!("{} is not said", case.step));
        let source = exchange["server"]["name_source"].as_str();
        assert_eq!(exchange["server"]["address"], case.address, "{exchange}");
        assert_eq!(name_of(exchange).zip(source), case.exchanged, "{exchange}");
    }
}

#[test]
fn destinations_are_found_and_allowed_by_name() {
    const STEPS: [&str; 3] = [
        "udp/api.example.test/a/192.0.2.10",
        "udp/intruder.example.org/b/192.0.2.14",
        "udp/www.example.test/c/192.0.2.10",
    ];
    let policy = format!(
        "[[allow]]\nnames = [\"*.example.test\"]\n[[allow]]\nnetworks = [\"{RESOLVER}\"]\n"
    );
    let all = ["api.example.test", "intruder.example.org", "www.example.test"];
    let (netns, _server) = names();
    for tier in TIERS {
        for (config, found) in [("", all.as_slice()), (policy.as_str(), &["intruder.example.org"])]
        {
            let daemon = Daemon::start_with(tier, "finding,connection", config);
            ask(&netns, &STEPS);
            let is_ours = |it: &Value| {
                it["kind"] == "unknown_destination"
                    && it["state"] == "open"
                    && it["evidence"]["destination"]
                        .as_str()
                        .is_some_and(|it| it.ends_with(&format!(":{PORT}")))
            };
            let _ = daemon.wait_for_records("finding", found.len(), is_ours);
            let findings: Vec<Value> = daemon
                .stop()
                .iter()
                .map(|line| serde_json::from_str(line).expect("JSON"))
                .filter(|it: &Value| it["type"] == "finding" && is_ours(it))
                .collect();
            let mut names: Vec<_> =
                findings.iter().filter_map(|it| it["evidence"]["name"].as_str()).collect();
            names.sort_unstable();
            assert_eq!(names, found, "tier {tier}: {findings:?}");
            for finding in &findings {
                assert_eq!(finding["evidence"]["name_source"], "dns", "tier {tier}: {finding}");
            }
        }
    }
}

fn path_of(case: &Case) -> String {
    format!("/{}", case.step.split('/').nth(2).expect("a path"))
}

fn name_of(record: &Value) -> Option<&str> {
    record["server"]["name"].as_str()
}

/// A namespace with a server of names and of what they name.
fn names() -> (Netns, Peer) {
    let netns = Netns::new(&ADDRESSES);
    netns.resolve_at(RESOLVER);
    let server = peer::command("names_server.py", &[&PORT.to_string(), RESOLVER]);
    let server = Peer::start_as(&mut netns.within(&server));
    server.wait_for_line("ready");
    (netns, server)
}

fn ask(netns: &Netns, steps: &[&str]) {
    let port = PORT.to_string();
    let arguments = [&[port.as_str(), RESOLVER], steps].concat();
    let client = peer::command("names_client.py", &arguments);
    let _ = output_of(&mut netns.within(&client));
}
