use std::net::SocketAddr;
use std::process::Command;

use apiwatch_tests::apiwatch::Daemon;
use apiwatch_tests::output_of;
use apiwatch_tests::peer::Peer;
use serde_json::{Value, json};

use super::{exchanges_to, has_no_anomaly};

/// Payload of what the client sends: text, binary, a text in three fragments, a long text.
const SENT_BYTES: [u64; 4] = [100, 700, 13, 70_000];

/// With and without compression, closed by the client and by the server.
const CASES: [(&str, u64); 4] =
    [("none", 1000), ("none", 4001), ("deflate", 1000), ("deflate", 4001)];

#[test]
fn a_websocket_is_one_exchange_from_its_upgrade_to_its_close() {
    let daemon = Daemon::start("a");
    for (compression, code) in CASES {
        let case = format!("{compression} {code}");
        let (server, address) = Peer::serve("websocket_server.py", &[compression]);
        let arguments = [&address.port().to_string(), compression, &code.to_string()];
        let mut client = Peer::start("websocket_client.py", &arguments);
        client.wait_for_line("open");
        let open = &daemon.wait_for_records("exchange", 1, |it| is_to(it, address))[0];
        assert_eq!(open["open"], true, "{case}: {open}");
        assert_eq!(open["response"]["status"], 101, "{case}: {open}");
        client.tell("close");
        let client_pid = client.pid();
        client.finish();
        let _ = daemon.wait_for_records("connection", 1, |it| {
            it["event"] == "close" && it["client"]["process"]["pid"] == client_pid
        });
        let all = exchanges_to(&daemon, address);
        let [_, closed] = all.as_slice() else { panic!("{case}: {all:?}") };
        for exchange in &all {
            assert_eq!(exchange["protocol"], "websocket", "{case}: {exchange}");
            assert_eq!(exchange["connection"], open["connection"], "{case}: {exchange}");
            assert_eq!(exchange["request"]["method"], "GET", "{case}: {exchange}");
            assert_eq!(exchange["request"]["path"], "/feed", "{case}: {exchange}");
            assert_eq!(exchange["server"]["process"]["pid"], server.pid(), "{case}: {exchange}");
            assert!(has_no_anomaly(exchange), "{case}: {exchange}");
        }
        assert!(closed.get("open").is_none(), "{case}: {closed}");
        assert!(closed["duration"].is_number(), "{case}: {closed}");
        assert_eq!(closed["request"]["complete"], true, "{case}: {closed}");
        assert_eq!(closed["response"]["complete"], true, "{case}: {closed}");
        let socket = &closed["websocket"];
        // The client asks for the close by a message where it does not close by itself.
        let asks = if code == 4001 { 1 } else { 0 };
        let sent = SENT_BYTES.len() as u64;
        assert_eq!(ways(socket, "messages"), [sent + asks, sent], "{case}: {closed}");
        let bytes: u64 = SENT_BYTES.iter().sum();
        let moved = ways(socket, "message_bytes");
        if compression == "none" {
            assert_eq!(moved, [bytes + asks * 5, bytes], "{case}: {closed}");
        } else {
            assert!(moved.iter().all(|it| (1..bytes / 10).contains(it)), "{case}: {closed}");
        }
        assert_eq!(ways(socket, "control_frames"), [1, 1], "{case}: {closed}");
        assert_eq!(socket["close_code"], code, "{case}: {closed}");
        assert_eq!(socket["deflate"], compression == "deflate", "{case}: {closed}");
    }
    assert!(!daemon.lines().join("\n").contains("secret-of-the-peer"));
}

#[test]
fn events_and_long_polls_are_told_while_they_go_on() {
    let (_server, address) = Peer::serve("http_server.py", &[]);
    let daemon = Daemon::start("a");
    let url = |path: &str| format!("http://{address}{path}");
    let waiting = ["/events", "/poll"].map(|path| {
        Peer::start_as(Command::new("curl").args(["-s", "-o", "/dev/null", &url(path)]))
    });
    let of_path = |it: &Value, path: &str| is_to(it, address) && it["request"]["path"] == path;
    let events = &daemon.wait_for_records("exchange", 1, |it| of_path(it, "/events"))[0];
    let poll = &daemon.wait_for_records("exchange", 1, |it| of_path(it, "/poll"))[0];
    for exchange in [events, poll] {
        assert_eq!(exchange["open"], true, "{exchange}");
        assert_eq!(exchange["protocol"], "http/1.1", "{exchange}");
        assert_eq!(exchange["request"]["complete"], true, "{exchange}");
        assert!(exchange.get("duration").is_none(), "{exchange}");
    }
    let response = &events["response"];
    assert_eq!(response["content_type"], "text/event-stream", "{events}");
    assert_eq!((&response["body_bytes"], &response["complete"]), (&json!(18), &json!(false)));
    assert!(poll.get("response").is_none(), "{poll}");

    let _ = output_of(Command::new("curl").args(["-s", &url("/release")]));
    for (path, wanted, bytes) in [("/events", events, 27), ("/poll", poll, 4)] {
        let closed = &daemon
            .wait_for_records("exchange", 1, |it| of_path(it, path) && it.get("open").is_none())[0];
        assert_eq!(closed["connection"], wanted["connection"], "{closed}");
        assert_eq!(closed["response"]["status"], 200, "{closed}");
        assert_eq!(closed["response"]["body_bytes"], bytes, "{closed}");
        assert_eq!(closed["response"]["complete"], true, "{closed}");
        assert!(closed["duration"].as_f64() > Some(5.0), "{closed}");
    }
    waiting.into_iter().for_each(Peer::finish);
}

fn is_to(exchange: &Value, server: SocketAddr) -> bool {
    exchange["server"]["port"] == server.port()
}

fn ways(socket: &Value, name: &str) -> [u64; 2] {
    ["to_server", "to_client"].map(|way| socket[name][way].as_u64().expect("a number"))
}
