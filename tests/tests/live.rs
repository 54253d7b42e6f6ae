//! apiwatch on a real kernel with real servers and clients. Needs root.

use std::net::SocketAddr;

use apiwatch_tests::apiwatch::Daemon;
use serde_json::Value;

/// From a process that misbehaves to somebody who is woken, and back.
#[path = "live/alerting.rs"]
mod alerting;
/// What must never be shown.
#[path = "live/confidential.rs"]
mod confidential;
/// Clients of the control socket.
#[path = "live/control.rs"]
mod control;
/// Every request is one exchange.
#[path = "live/exchanges.rs"]
mod exchanges;
/// Findings outlive the daemon.
#[path = "live/findings.rs"]
mod findings;
/// The time between two daemons is told.
#[path = "live/gap.rs"]
mod gap;
/// Every call of gRPC is an exchange, also while it goes on.
#[path = "live/grpc.rs"]
mod grpc;
/// Privileges, kill -9, bad input.
#[path = "live/hardship.rs"]
mod hardship;
/// Every stream of HTTP/2 is an exchange.
#[path = "live/http2.rs"]
mod http2;
/// Endpoints and destinations in use.
#[path = "live/inventory.rs"]
mod inventory;
/// kill -9, again and again.
#[path = "live/kill.rs"]
mod kill;
/// Loss is told, exactly.
#[path = "live/loss.rs"]
mod loss;
/// Metrics of a live daemon.
#[path = "live/metrics.rs"]
mod metrics;
/// DNS names the connections that follow.
#[path = "live/names.rs"]
mod names;
/// Connections that are older than the daemon.
#[path = "live/older.rs"]
mod older;
/// Captures of tcpdump replay to what was seen live.
#[path = "live/pcap.rs"]
mod pcap;
/// Metrics over TLS, for those who have a password.
#[path = "live/protected.rs"]
mod protected;
/// A recording replays to the same bytes.
#[path = "live/recording.rs"]
mod recording;
/// Disk, descriptors and memory run out.
#[path = "live/resources.rs"]
mod resources;
/// The daemon as a service: privileges, its manager, and what it endures.
#[path = "live/service.rs"]
mod service;
/// Every way to send and receive.
#[path = "live/syscalls.rs"]
mod syscalls;
/// TLS between programs that apiwatch did not write.
#[path = "live/tls.rs"]
mod tls;
/// The terminal UI of a running daemon.
#[path = "live/top.rs"]
mod top;
/// WebSocket, and answers that take their time.
#[path = "live/websocket.rs"]
mod websocket;

/// The tiers that are tested.
const TIERS: [&str; 2] = ["a", "b"];

/// Every exchange with a server so far, in order.
fn exchanges_to(daemon: &Daemon, server: SocketAddr) -> Vec<Value> {
    let all = daemon.records("exchange");
    all.into_iter().filter(|it| it["server"]["port"] == server.port()).collect()
}

/// What an exchange says of both messages, in a line: protocol, method, path, status, sizes
/// of the bodies, what is not complete, and anomalies.
fn line_of(exchange: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (request, response) = (&exchange["request"], &exchange["response"]);
    let mut line =
        [&exchange["protocol"], &request["method"], &request["path"], &response["status"]]
            .map(text)
            .join(" ");
    line += &format!(" {}>{}", request["body_bytes"], response["body_bytes"]);
    for (name, message) in [("request", request), ("response", response)] {
        if message["complete"] != true {
            line += &format!(" {name} incomplete");
        }
    }
    if !has_no_anomaly(exchange) {
        let names: Vec<_> =
            exchange["anomalies"].as_array().into_iter().flatten().map(text).collect();
        line += &format!(": {}", names.join(", "));
    }
    line
}

/// Whether nothing irregular is said of an exchange.
fn has_no_anomaly(exchange: &Value) -> bool {
    exchange["anomalies"].as_array().is_none_or(Vec::is_empty)
}
