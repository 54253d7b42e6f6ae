use std::collections::BTreeMap;
use std::process::Command;

use apiwatch_tests::apiwatch::Daemon;
use apiwatch_tests::output_of;
use apiwatch_tests::peer::{self, Peer};
use apiwatch_tests::server::{Nghttpd, Nginx};
use apiwatch_tests::tcpdump::{Capture, Tcpdump, records_of, replay};
use serde_json::Value;

use super::has_no_anomaly;

/// What was said, and how often.
type Lines = BTreeMap<String, usize>;

/// The loopback, and every interface, whose packets have the header of Linux (SLL2).
const INTERFACES: [&str; 2] = ["lo", "any"];
/// The path of the last request of each recording: once it is in the file, all is.
const LAST: &str = "/the-last-one";
/// Formats that hold the same.
const FORMATS: [&str; 3] = ["pcap", "nsecpcap", "pcapng"];

#[test]
fn a_capture_replays_to_what_was_seen_live() {
    for interface in INTERFACES {
        let (capture, live) = record(interface);
        let output = replay(&capture.file);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{interface}: {errors}");
        let replayed = records_of(&output);
        assert_same(&live, &replayed, interface);
        for exchange in replayed.iter().filter(|it| it["type"] == "exchange") {
            assert_eq!(exchange["source"], "pcap", "{interface}: {exchange}");
        }
    }
}

#[test]
fn damaged_captures_say_what_they_lack() {
    let (capture, live) = record("lo");
    for format in FORMATS {
        let output = replay(&capture.edit(&["-F", format], &[]));
        assert!(output.status.success(), "{format}");
        assert_same(&live, &records_of(&output), format);
    }
    let whole = described(&live);
    let cases: [(&[&str], &[&str]); 5] = [
        (&["-F", "pcap", "-s", "96"], &[]),
        (&["-F", "pcapng", "-s", "96"], &[]),
        (&["-F", "pcap", "-s", "200"], &[]),
        (&["-F", "pcap"], &["1-20"]),
        (&["-F", "pcap"], &["30", "45-47", "90", "120-130", "155", "190", "230", "300-310"]),
    ];
    for (options, without) in cases {
        let output = replay(&capture.edit(options, without));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{options:?} {without:?}: {errors}");
        let replayed = records_of(&output);
        let mut lacking = 0;
        for exchange in replayed.iter().filter(|it| it["type"] == "exchange") {
            let is_whole =
                ["request", "response"].iter().all(|it| exchange[it]["complete"] == true)
                    && exchange.get("open").is_none()
                    && has_no_anomaly(exchange);
            let line = description_of(exchange);
            let is_right = whole.contains_key(&line) || line.contains(LAST);
            assert!(is_right || !is_whole, "{options:?} {without:?}: {exchange}");
            lacking += usize::from(!is_whole);
        }
        assert!(lacking > 0, "{options:?} {without:?}");
    }
    for (name, bytes) in [("shortened.pcap", 3), ("halved.pcap", 50_001)] {
        let cut = capture.cut(name, bytes);
        let output = replay(&cut);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}: {errors}");
        assert!(errors.contains(name) && !errors.contains("panicked"), "{errors}");
        // What came before is said all the same.
        let exchanges = records_of(&output).iter().filter(|it| it["type"] == "exchange").count();
        assert!(exchanges > 0, "{name}");
    }
}

/// Records traffic of every protocol, and what the daemon says of it.
fn record(interface: &str) -> (Capture, Vec<Value>) {
    let (nginx, nghttpd) = (Nginx::start(), Nghttpd::start(&[]));
    let (_h2, h2_address) = Peer::serve("h2_server.py", &[]);
    let (_grpc, grpc_address) = Peer::serve("grpc_server.py", &[]);
    let (_plain, plain_address) = Peer::serve("websocket_server.py", &["none"]);
    let (_deflate, deflate_address) = Peer::serve("websocket_server.py", &["deflate"]);
    let ports =
        [nginx.address, nghttpd.address, h2_address, grpc_address, plain_address, deflate_address]
            .map(|it| it.port());
    let filter = ports.map(|port| format!("tcp port {port}")).join(" or ");
    let daemon = Daemon::start("a");
    let tcpdump = Tcpdump::start(interface, &filter);

    for arguments in [
        vec!["/v1/accounts/[1-20]/x?key=v"],
        vec!["/missing", "-H", "Authorization: Bearer x"],
        vec!["/pay", "-d", "amount=1", "-H", "Expect:"],
        vec!["/up", "-T", "/etc/hostname", "-H", "Transfer-Encoding: chunked"],
        vec!["/head", "-I"],
        vec!["/old", "--http1.0"],
        vec!["/file.bin"],
    ] {
        let url = nginx.url(arguments[0]);
        let mut curl = Command::new("curl");
        let _ = output_of(curl.args(["-s", "-o", "/dev/null"]).arg(url).args(&arguments[1..]));
    }
    let mut h2load = Command::new("h2load");
    let urls = [nghttpd.url("/small"), nghttpd.url("/large")];
    let _ = output_of(h2load.args(["-n", "300", "-c", "3", "-m", "20"]).args(urls));
    let upgrade = format!("http://{h2_address}/answer/404/2000/upgraded");
    let _ = output_of(Command::new("curl").args(["-s", "--http2", &upgrade]));
    let _ = peer::run("h2_client.py", &["requests", &h2_address.port().to_string(), "100", "50"]);
    let _ = peer::run("grpc_client.py", &["many", &grpc_address.port().to_string(), "200"]);
    for (address, compression) in [(plain_address, "none"), (deflate_address, "deflate")] {
        let arguments = [&address.port().to_string(), compression, "1000"];
        let mut client = Peer::start("websocket_client.py", &arguments);
        client.tell("close");
        client.finish();
    }
    let closed = 7 + 3 + 2 + 1 + 2;
    let is_ours = |it: &Value| ports.iter().any(|port| it["server"]["port"] == *port);
    let _ =
        daemon.wait_for_records("connection", closed, |it| is_ours(it) && it["event"] == "close");
    assert_eq!(daemon.metric("apiwatch_ebpf_events_lost_total", ""), 0);
    let live = daemon.records("exchange").into_iter().filter(is_ours).collect();
    let _ = output_of(Command::new("curl").args(["-s", &nginx.url(LAST)]));
    (tcpdump.stop_after(LAST.as_bytes()), live)
}

fn assert_same(live: &[Value], replayed: &[Value], case: &str) {
    let (live, mut replayed) = (described(live), described(replayed));
    replayed.retain(|line, _| !line.contains(LAST));
    let differ = |these: &Lines, those: &Lines| -> Vec<String> {
        let lines = these.iter().filter(|(line, count)| those.get(*line) != Some(count));
        lines.map(|(line, count)| format!("{count} times {line}")).take(3).collect()
    };
    let (missing, wrong) = (differ(&live, &replayed), differ(&replayed, &live));
    assert!(
        missing.is_empty() && wrong.is_empty(),
        "{case}: live {missing:#?}, replayed {wrong:#?}"
    );
}

fn described(records: &[Value]) -> Lines {
    let mut lines = Lines::new();
    for exchange in records.iter().filter(|it| it["type"] == "exchange") {
        *lines.entry(description_of(exchange)).or_default() += 1;
    }
    lines
}

/// What an exchange says but for what a capture cannot: processes, and times to the
/// nanosecond.
fn description_of(exchange: &Value) -> String {
    let mut exchange = exchange.clone();
    let members = exchange.as_object_mut().expect("an object");
    members.retain(|name, _| {
        !["connection", "time", "source", "duration", "ttfb"].contains(&name.as_str())
    });
    for end in ["client", "server"] {
        if let Some(end) = members.get_mut(end).and_then(Value::as_object_mut) {
            end.remove("process");
        }
    }
    exchange.to_string()
}
