use std::collections::BTreeMap;

use apiwatch_tests::apiwatch::Daemon;
use apiwatch_tests::peer::{self, Peer};
use serde_json::{Value, json};

use super::{TIERS, exchanges_to, has_no_anomaly, line_of};

const SERVICE: &str = "shop.Accounts";

/// Method, status, messages to server and to client, and bytes of them.
type Call = (&'static str, u64, [u64; 2], [u64; 2]);

/// Every call of the client but those that are looked at apart.
const CALLS: &[Call] = &[
    ("Add", 0, [3, 1], [6, 1]),
    ("Get", 0, [1, 1], [5, 10]),
    ("Get", 5, [1, 0], [7, 0]),
    ("NoSuch", 12, [1, 0], [0, 0]),
    ("Release", 0, [1, 1], [0, 0]),
    ("Talk", 0, [2, 2], [8, 8]),
];

#[test]
fn every_kind_of_call_is_told_with_its_messages_and_its_status() {
    for tier in TIERS {
        let (server, address) = Peer::serve("grpc_server.py", &[]);
        let daemon = Daemon::start(tier);
        let mut client = Peer::start("grpc_client.py", &["kinds", &address.port().to_string()]);
        client.wait_for_line("open");
        let is_of = |it: &Value, method: &str| {
            it["server"]["port"] == address.port() && it["grpc"]["method"] == method
        };

        // A call that goes on is said while it does, and what moved so far.
        let open = &daemon.wait_for_records("exchange", 1, |it| is_of(it, "Watch"))[0];
        assert_eq!(open["open"], true, "tier {tier}: {open}");
        assert_eq!(counts(open), (json!(null), [1, 3], [1, 3]), "tier {tier}: {open}");
        assert!(open.get("duration").is_none(), "tier {tier}: {open}");
        client.tell("end it");
        let client_pid = client.pid();
        client.finish();
        let closed = &daemon
            .wait_for_records("exchange", 1, |it| is_of(it, "Watch") && it.get("open").is_none())
            [0];
        assert_eq!(counts(closed), (json!(0), [1, 4], [1, 7]), "tier {tier}: {closed}");
        assert!(closed["duration"].as_f64() > Some(5.0), "tier {tier}: {closed}");
        assert_eq!(closed["stream"], open["stream"], "tier {tier}: {closed}");

        let _ = daemon.wait_for_records("connection", 1, |it| {
            it["event"] == "close" && it["client"]["process"]["pid"] == client_pid
        });
        let calls: Vec<Value> = exchanges_to(&daemon, address);
        for call in &calls {
            assert_eq!(call["protocol"], "grpc", "tier {tier}: {call}");
            assert_eq!(call["grpc"]["service"], SERVICE, "tier {tier}: {call}");
            assert_eq!(call["client"]["process"]["pid"], client_pid, "tier {tier}: {call}");
            assert_eq!(call["server"]["process"]["pid"], server.pid(), "tier {tier}: {call}");
            assert_eq!(call["request"]["method"], "POST", "tier {tier}: {call}");
            assert_eq!(call["request"]["content_type"], "application/grpc", "tier {tier}: {call}");
        }
        let late = calls.iter().filter(|it| is_of(it, "Wait")).collect::<Vec<_>>();
        let [late] = late.as_slice() else { panic!("tier {tier}: {late:?}") };
        // The client gives up at its deadline, and the server may be quicker to say so.
        let status = &late["grpc"]["status"];
        assert!(status.is_null() || *status == 4, "tier {tier}: {late}");
        assert!(
            !status.is_null() || line_of(late).ends_with("stream_reset"),
            "tier {tier}: {late}"
        );

        let mut wanted: BTreeMap<_, usize> = BTreeMap::new();
        for (method, status, messages, bytes) in CALLS {
            *wanted.entry(format!("{method} {status} {messages:?} {bytes:?}")).or_default() += 1;
        }
        let mut found: BTreeMap<_, usize> = BTreeMap::new();
        for call in calls.iter().filter(|it| !is_of(it, "Watch") && !is_of(it, "Wait")) {
            let (status, messages, bytes) = counts(call);
            let method = call["grpc"]["method"].as_str().expect("a method");
            assert_eq!(call["response"]["complete"], true, "tier {tier}: {call}");
            assert_eq!(call["response"]["status"], 200, "tier {tier}: {call}");
            assert_eq!(call["anomalies"], json!([]), "tier {tier}: {call}");
            *found.entry(format!("{method} {status} {messages:?} {bytes:?}")).or_default() += 1;
        }
        assert_eq!(found, wanted, "tier {tier}");
    }
}

/// The client gives the kernel frames of many calls at a time, in pieces of a few bytes.
#[test]
fn a_hundred_calls_at_a_time_are_as_many_exchanges() {
    const COUNT: usize = 2000;
    for tier in TIERS {
        let (_server, address) = Peer::serve("grpc_server.py", &[]);
        let daemon = Daemon::start(tier);
        let (port, count) = (address.port().to_string(), COUNT.to_string());
        let _ = peer::run("grpc_client.py", &["many", &port, &count]);
        let closed = daemon.wait_for_records("connection", 1, |it| {
            it["event"] == "close" && it["server"]["port"] == address.port()
        });
        assert_eq!(closed[0]["uncaptured"]["bytes"], 0, "tier {tier}: {}", closed[0]);
        let calls = exchanges_to(&daemon, address);
        assert_eq!(calls.len(), COUNT, "tier {tier}");
        for call in &calls {
            assert!(has_no_anomaly(call), "tier {tier}: {call}");
            assert_eq!(call["request"]["path"], "/shop.Accounts/Get", "tier {tier}: {call}");
            let (status, messages, [sent, received]) = counts(call);
            let is_right = match status.as_u64() {
                Some(0) => messages == [1, 1] && received == 2 * sent,
                Some(5) => messages == [1, 0] && sent == 7,
                _ => false,
            };
            assert!(is_right, "tier {tier}: {call}");
        }
        let failed = calls.iter().filter(|it| it["grpc"]["status"] == 5).count();
        assert_eq!(failed, COUNT / 2, "tier {tier}");
    }
}

/// Status, messages each way, and their bytes.
fn counts(call: &Value) -> (Value, [u64; 2], [u64; 2]) {
    let grpc = &call["grpc"];
    let ways = |name: &str| {
        ["to_server", "to_client"].map(|way| grpc[name][way].as_u64().expect("a number"))
    };
    (grpc["status"].clone(), ways("messages"), ways("message_bytes"))
}
