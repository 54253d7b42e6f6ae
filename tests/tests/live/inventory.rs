use std::process::Command;

use apiwatch_tests::apiwatch::Daemon;
use apiwatch_tests::output_of;
use apiwatch_tests::server::Nginx;
use serde_json::{Value, json};

use super::line_of;

/// Identifiers in a path, as curl makes them, and the route that they fold into.
const CASES: [(&str, &str, u64); 3] = [
    ("/v1/accounts/[1000-1099]/x", "/v1/accounts/{number}/x", 100),
    ("/v1/cards/6f1c2d3e-0000-4000-8000-0000000000[10-39]", "/v1/cards/{uuid}", 30),
    ("/missing/[1-20]/of/mine", "/missing/{number}/of/mine", 20),
];

#[test]
fn requests_for_many_ids_are_one_endpoint_and_one_destination() {
    let nginx = Nginx::start();
    let daemon = Daemon::start_with("a", "exchange,endpoint,destination", "");
    for (path, ..) in CASES {
        let _ = output_of(Command::new("curl").args(["-s", "-o", "/dev/null", &nginx.url(path)]));
    }
    let total: u64 = CASES.iter().map(|(.., count)| count).sum();
    let exchanges = daemon.wait_for_records("exchange", total as usize, |it| {
        it["server"]["port"] == nginx.address.port()
    });
    let nginx_exe = exchanges[0]["server"]["process"]["exe"].clone();
    let said: Vec<Value> =
        daemon.stop().iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for (_, route, count) in CASES {
        let endpoints: Vec<_> =
            said.iter().filter(|it| it["type"] == "endpoint" && it["route"] == route).collect();
        let last = endpoints.last().unwrap_or_else(|| panic!("{route} is not said"));
        let service = last["service"].as_str().unwrap_or_default();
        assert!(nginx_exe.as_str().is_some_and(|exe| service.contains(exe)), "{last}");
        assert_eq!(last["method"], "GET", "{last}");
        assert_eq!(last["requests"], count, "{last}");
        assert_eq!(last["errors"], if route.starts_with("/missing") { count } else { 0 }, "{last}");
        assert_eq!(last["protocols"], json!(["http/1.1"]), "{last}");
        assert_eq!(last["auth"], json!(["none"]), "{last}");
        assert_eq!((&last["in_clear"], &last["encrypted"]), (&json!(true), &json!(false)));
        assert!(last["duration"]["p50"].as_f64() <= last["duration"]["max"].as_f64(), "{last}");
        // Each exchange has the route as well.
        let routed = exchanges.iter().filter(|it| it["request"]["route"] == route).count();
        assert_eq!(routed as u64, count, "{route}: {}", line_of(&exchanges[0]));
    }
    let destinations: Vec<_> = said
        .iter()
        .filter(|it| it["type"] == "destination" && it["server"]["port"] == nginx.address.port())
        .collect();
    let last = destinations.last().expect("the destination is said");
    assert!(last["identity"].as_str().is_some_and(|it| it.ends_with("/curl")), "{last}");
    assert_eq!(last["connections"], CASES.len(), "{last}");
    assert_eq!(last["requests"], total, "{last}");
    assert_eq!(last["errors"], 20, "{last}");
    let received: u64 =
        exchanges.iter().filter_map(|it| it["response"]["body_bytes"].as_u64()).sum();
    assert!(last["bytes"]["to_client"].as_u64() > Some(received), "{last}");
    assert_eq!(last["in_clear"], true, "{last}");
}
