use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::pipeline::finding::{Severity, State};
use crate::pipeline::output::{Ends, GapCause, Grpc, Method, Progress, WebSocket};
use crate::pipeline::text::is_steering;
use crate::sink::sample;

fn line(output: &Output) -> String {
    let mut to = Vec::new();
    write_line(output, &mut to);
    let line = String::from_utf8(to).unwrap();
    assert_eq!(line.find('\n'), Some(line.len() - 1), "one line");
    line.trim_end().to_owned()
}

fn parsed(output: &Output) -> Value {
    serde_json::from_str(&line(output)).unwrap()
}

fn curl_to_remote() -> Arc<Ends> {
    sample::ends(Some(sample::process("/usr/bin/curl")), None)
}

#[test]
fn header_says_the_schema_and_the_product() {
    let mut to = Vec::new();
    write_header(&mut to);
    let header: Value = serde_json::from_slice(&to).unwrap();
    assert!(to.starts_with(br#"{"type":"header","schema":1,"#));
    assert_eq!(header["product"], "apiwatch");
    assert_eq!(header["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn exchange_is_the_documented_line() {
    insta::assert_snapshot!(line(&Output::Exchange(sample::exchange(curl_to_remote()))));
}

#[test]
fn connection_is_the_documented_line() {
    insta::assert_snapshot!(line(&Output::Connection(sample::connection(curl_to_remote()))));
}

#[test]
fn finding_is_the_documented_line() {
    insta::assert_snapshot!(line(&Output::Finding(sample::finding(
        0xfeed,
        Severity::Critical,
        State::Open
    ))));
}

#[test]
fn loss_is_the_documented_line() {
    insta::assert_snapshot!(line(&Output::Loss(sample::loss())));
}

#[test]
fn gap_is_the_documented_line() {
    insta::assert_snapshot!(line(&Output::CoverageGap(sample::gap())));
}

#[test]
fn of_a_gap_of_unknown_length_only_the_end_is_said() {
    let gap = CoverageGap { duration: None, cause: GapCause::Reboot, ..sample::gap() };
    let said = json!({
        "type": "coverage_gap", "time": "2009-02-13T23:31:30.123456789Z", "cause": "reboot"
    });
    assert_eq!(parsed(&Output::CoverageGap(gap)), said);
}

#[test]
fn every_member_of_an_exchange_is_read_back() {
    let exchange = sample::exchange(curl_to_remote());
    let record = parsed(&Output::Exchange(exchange));
    assert_eq!(
        record["client"],
        json!({
            "address": "10.0.0.7", "port": 51234,
            "process": {
                "pid": 4242, "start_time": "2009-02-13T23:16:40.000000000Z", "comm": "curl",
                "exe": "/usr/bin/curl", "uid": 33, "user": "www-data"
            }
        })
    );
    assert_eq!(
        record["request"],
        json!({
            "method": "POST", "path": "/v1/payments", "query_keys": ["dry_run", "trace"],
            "host": "api.example.com", "header_bytes": 210, "body_bytes": 64,
            "content_type": "application/json", "complete": true
        })
    );
    assert_eq!(record["response"], json!({"status": 201, "body_bytes": 512, "complete": true}));
    assert_eq!(record["anomalies"], json!(["gap"]));
}

#[test]
fn grpc_and_websocket_say_what_moved() {
    let ways = |to_server, to_client| PerDirection { to_server, to_client };
    let mut exchange = sample::exchange(curl_to_remote());
    exchange.grpc = Some(Box::new(Grpc {
        service: Some("shop.Accounts".into()),
        method: Some("Get".into()),
        status: Some(5),
        messages: ways(1, 2),
        message_bytes: ways(3, 4),
    }));
    exchange.websocket = Some(Box::new(WebSocket {
        messages: ways(5, 6),
        message_bytes: ways(7, 8),
        control_frames: ways(9, 10),
        close_code: Some(4001),
        deflate: true,
    }));
    let record = parsed(&Output::Exchange(exchange));
    let json_ways = |to_server, to_client| json!({"to_server": to_server, "to_client": to_client});
    assert_eq!(
        record["grpc"],
        json!({
            "service": "shop.Accounts", "method": "Get", "status": 5,
            "messages": json_ways(1, 2), "message_bytes": json_ways(3, 4)
        })
    );
    assert_eq!(
        record["websocket"],
        json!({
            "messages": json_ways(5, 6), "message_bytes": json_ways(7, 8),
            "control_frames": json_ways(9, 10), "close_code": 4001, "deflate": true
        })
    );
}

/// Who counts exchanges counts those that are not continued; who measures them, those that
/// are not open.
#[test]
fn an_exchange_says_whether_it_goes_on_and_whether_it_was_said_before() {
    for (progress, open, continued) in [
        (Progress::Ended, None, None),
        (Progress::Open, Some(true), None),
        (Progress::StillOpen, Some(true), Some(true)),
        (Progress::Closed, None, Some(true)),
    ] {
        let exchange = Exchange { progress, ..sample::exchange(curl_to_remote()) };
        let record = parsed(&Output::Exchange(exchange));
        let flag = |name| record.get(name).and_then(Value::as_bool);
        assert_eq!((flag("open"), flag("continued")), (open, continued), "{progress:?}");
    }
}

#[test]
fn what_is_absent_is_left_out() {
    let mut exchange = sample::exchange(sample::ends(None, None));
    exchange.request = None;
    exchange.response = None;
    exchange.duration = None;
    exchange.ttfb = None;
    let record = parsed(&Output::Exchange(exchange));
    let members: Vec<_> = record.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        members,
        [
            "anomalies",
            "auth",
            "client",
            "connection",
            "encrypted",
            "protocol",
            "server",
            "source",
            "time",
            "type"
        ]
    );
    assert_eq!(record["server"], json!({"address": "203.0.113.9", "port": 80}));
}

#[test]
fn unit_and_container_are_named_where_there_are_any() {
    let mut process = (*sample::process("/usr/sbin/nginx")).clone();
    process.unit = Some("nginx.service".into());
    process.container = Some("0123abcd".into());
    let ends = sample::ends(None, Some(Arc::new(process)));
    let record = parsed(&Output::Exchange(sample::exchange(ends)));
    assert_eq!(record["server"]["process"]["unit"], "nginx.service");
    assert_eq!(record["server"]["process"]["container"], "0123abcd");
}

#[test]
fn ipv6_addresses_are_in_canonical_form() {
    let mut ends = (*curl_to_remote()).clone();
    ends.server.address.address = IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]);
    let record = parsed(&Output::Exchange(sample::exchange(Arc::new(ends))));
    assert_eq!(record["server"]["address"], "2001:db8::1");
}

#[test]
fn text_from_outside_cannot_break_out_of_its_string_or_reach_the_terminal() {
    let hostile = "\x1b]0;x\x07\",\"auth\":\"none\u{9b}2J\u{202e}\n\0";
    let mut exchange = sample::exchange(sample::ends(Some(sample::process(hostile)), None));
    if let Some(request) = &mut exchange.request {
        request.path = hostile.into();
        request.query_keys = vec![hostile.into()];
        request.host = Some(hostile.into());
        request.method = Method::Other(hostile.into());
    }
    let line = line(&Output::Exchange(exchange));
    assert!(!line.chars().any(is_steering));
    let record: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(record["auth"], "bearer");
    assert_eq!(record["request"]["path"], hostile);
    assert_eq!(record["request"]["method"], hostile);
    assert_eq!(record["client"]["process"]["exe"], hostile);
}
