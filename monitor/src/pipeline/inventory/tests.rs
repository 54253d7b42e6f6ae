//! What the inventory says of what it is shown.

use std::net::SocketAddr;
use std::time::Duration;

use super::*;
use crate::pipeline::input::{SocketAddress, Source};
use crate::pipeline::output::tls::{CipherSuite, Handshake, NamedGroup, TlsVersion};
use crate::pipeline::output::{
    Auth, DestinationReport, End, EndpointReport, Grpc, Method, Name, NameSource, Progress,
    Protocol, Request, Response,
};
use crate::pipeline::process::{Process, ProcessKey, identity_label};
use crate::pipeline::time::{WallOffset, WallTime};

fn at(seconds: u64) -> Moment {
    Moment { time: Timestamp(seconds * 1_000_000_000), wall_offset: WallOffset(0) }
}

fn process(exe: &str) -> Arc<Process> {
    Arc::new(Process {
        key: ProcessKey { pid: 7, start: 1 },
        start_time: WallTime(0),
        comm: "comm".into(),
        exe: Some(exe.into()),
        unit: None,
        container: None,
        uid: 0,
        user: None,
        identity: identity_label(None, None, Some(exe), "comm"),
    })
}

fn end(address: &str, name: Option<&str>, exe: Option<&str>) -> End {
    let address: SocketAddr = address.parse().unwrap();
    End {
        address: SocketAddress { address: address.ip(), port: address.port() },
        name: name.map(|name| Name { text: name.into(), source: NameSource::Sni }),
        process: exe.map(process),
    }
}

/// A client here and a server elsewhere.
fn outbound(exe: &str, server: &str, name: Option<&str>) -> Arc<Ends> {
    let client = end("10.0.0.9:50000", None, Some(exe));
    Arc::new(Ends { client, server: end(server, name, None) })
}

/// A server here and a client elsewhere.
fn inbound(exe: &str) -> Arc<Ends> {
    let client = end("10.0.0.7:50000", None, None);
    Arc::new(Ends { client, server: end("10.0.0.9:80", None, Some(exe)) })
}

fn exchange(ends: &Arc<Ends>, path: &str, status: u16, seconds: u64) -> Exchange {
    Exchange {
        connection: ConnectionId(u64::from(ends.server.address.port)),
        time: WallTime(seconds * 1_000_000_000),
        ends: Arc::clone(ends),
        stream: None,
        progress: Progress::Ended,
        protocol: Protocol::Http11,
        encrypted: false,
        source: Source::Socket,
        request: Some(Request {
            method: Method::Get,
            path: path.into(),
            query_keys: Vec::new(),
            host: None,
            header_bytes: 50,
            body_bytes: 0,
            content_type: None,
            complete: true,
        }),
        route: None,
        response: Some(Response {
            status: Some(status),
            body_bytes: 0,
            content_type: None,
            complete: true,
        }),
        duration: Some(Duration::from_millis(10)),
        ttfb: None,
        auth: Auth::Bearer,
        grpc: None,
        websocket: None,
        anomalies: Vec::new(),
    }
}

fn inventory(change: impl FnOnce(&mut Settings)) -> Inventory {
    let mut settings = Settings::default();
    change(&mut settings);
    Inventory::new(&settings)
}

impl Inventory {
    /// Shows an exchange; the answer is its route.
    fn exchange(&mut self, mut exchange: Exchange, observed: Observed, now: u64) -> Option<String> {
        self.observe_exchange(&mut exchange, observed, at(now));
        exchange.route.map(|route| route.to_string())
    }

    fn said(&mut self) -> (Vec<EndpointReport>, Vec<DestinationReport>) {
        let (mut endpoints, mut destinations) = (Vec::new(), Vec::new());
        while let Some(output) = self.poll() {
            match output {
                Output::Endpoint(report) => endpoints.push(*report),
                Output::Destination(report) => destinations.push(*report),
                other => panic!("{other:?}"),
            }
        }
        (endpoints, destinations)
    }

    fn finished(&mut self, now: u64) -> (Vec<EndpointReport>, Vec<DestinationReport>) {
        self.finish(at(now));
        self.said()
    }
}

fn traffic<'a>(
    ends: &'a Arc<Ends>,
    (to_server, to_client): (u64, u64),
    encryption: Encryption,
) -> Traffic<'a> {
    Traffic {
        connection: ConnectionId(u64::from(ends.server.address.port)),
        ends,
        observed: Observed::Client,
        encryption,
        bytes: PerDirection { to_server, to_client },
    }
}

/// Reports in short.
fn short((endpoints, destinations): (Vec<EndpointReport>, Vec<DestinationReport>)) -> Vec<String> {
    let endpoints = endpoints.iter().map(|it| {
        let EndpointReport { service, method, route, requests, errors, .. } = it;
        format!("{service} {method} {route}: {requests} requests, {errors} errors")
    });
    let destinations = destinations.iter().map(|it| {
        let DestinationReport { identity, connections, requests, bytes, .. } = it;
        let port = it.server.address.port;
        let name = it.server.name.as_ref().map_or("-", |name| &name.text);
        let PerDirection { to_server, to_client } = bytes;
        format!("{identity} {name} {port}: {connections} connections, {requests} requests, {to_server}/{to_client} bytes")
    });
    endpoints.chain(destinations).collect()
}

#[test]
fn a_day_at_a_bank() {
    let mut inventory = inventory(|_| {});
    let api = outbound("/usr/bin/app", "203.0.113.7:443", Some("api.bank.example"));
    let here = inbound("/usr/sbin/nginx");
    let mut told = Told::default();
    inventory.observe_traffic(&mut told, &traffic(&api, (100, 0), Encryption::Tls), at(1));
    let handshake = Handshake {
        version: Some(TlsVersion(0x0304)),
        cipher: Some(CipherSuite(0x1302)),
        group: Some(NamedGroup(0x11ec)),
        ..Handshake::default()
    };
    let report = TlsReport {
        connection: ConnectionId(443),
        time: WallTime(1),
        ends: Arc::clone(&api),
        handshake: handshake.into(),
    };
    inventory.observe_tls(&report, Observed::Client, at(1));
    for (n, status) in [(1, 200), (2, 500), (3, 200)] {
        let path = format!("/v1/accounts/DE8937040044053201300{n}/orders");
        let exchange = Exchange { encrypted: true, ..exchange(&api, &path, status, n) };
        let route = inventory.exchange(exchange, Observed::Client, n);
        assert_eq!(route.as_deref(), Some("/v1/accounts/{id}/orders"));
    }
    inventory.exchange(exchange(&here, "/login", 401, 4), Observed::Server, 4);
    inventory.observe_traffic(&mut told, &traffic(&api, (900, 5000), Encryption::Tls), at(5));
    let (endpoints, destinations) = inventory.finished(6);
    let endpoints = endpoints.iter().map(|it| format!("{it:?}\n"));
    let shown: String =
        endpoints.chain(destinations.iter().map(|it| format!("{it:?}\n"))).collect();
    insta::assert_snapshot!(shown, @r#"
    EndpointReport { time: WallTime(6000000000), service: "/usr/sbin/nginx", method: "GET", route: "/login", protocols: [Http11], first_seen: WallTime(4000000000), last_seen: WallTime(4000000000), requests: 1, errors: 1, duration: Some(Quantiles { p50: 9.973942ms, p95: 9.973942ms, p99: 9.973942ms, max: 10ms }), auth: [Bearer], in_clear: true, encrypted: false }
    EndpointReport { time: WallTime(6000000000), service: "api.bank.example", method: "GET", route: "/v1/accounts/{id}/orders", protocols: [Http11], first_seen: WallTime(1000000000), last_seen: WallTime(3000000000), requests: 3, errors: 1, duration: Some(Quantiles { p50: 9.973942ms, p95: 9.973942ms, p99: 9.973942ms, max: 10ms }), auth: [Bearer], in_clear: false, encrypted: true }
    DestinationReport { time: WallTime(6000000000), identity: "/usr/bin/app", server: End { address: SocketAddress { address: 203.0.113.7, port: 443 }, name: Some(Name { text: "api.bank.example", source: Sni }), process: None }, first_seen: WallTime(1000000000), last_seen: WallTime(5000000000), connections: 1, bytes: PerDirection { to_server: 900, to_client: 5000 }, requests: 3, errors: 1, duration: Some(Quantiles { p50: 9.973942ms, p95: 9.973942ms, p99: 9.973942ms, max: 10ms }), auth: [Bearer], in_clear: false, posture: Some(Posture { version: TlsVersion(772), cipher: CipherSuite(4866), group: Some(NamedGroup(4588)) }) }
    "#);
}

#[test]
fn what_is_said_while_open_is_counted_once() {
    let mut inventory = inventory(|_| {});
    let api = outbound("/usr/bin/app", "203.0.113.7:443", None);
    let whole = exchange(&api, "/stream", 200, 1);
    let grpc = |status| Grpc {
        service: None,
        method: None,
        status,
        messages: PerDirection::default(),
        message_bytes: PerDirection::default(),
    };
    for (progress, status, duration) in [
        (Progress::Open, None, None),
        (Progress::StillOpen, None, Some(Duration::from_secs(60))),
        (Progress::Closed, Some(13), Some(Duration::from_secs(90))),
    ] {
        let grpc = Some(Box::new(grpc(status)));
        let exchange = Exchange { progress, duration, grpc, ..whole.clone() };
        inventory.exchange(exchange, Observed::Client, 2);
    }
    let (endpoints, destinations) = inventory.finished(3);
    let ([endpoint], [destination]) = (&endpoints[..], &destinations[..]) else { panic!() };
    assert_eq!((endpoint.requests, endpoint.errors), (1, 1));
    assert_eq!((destination.requests, destination.errors), (1, 1));
    assert_eq!(endpoint.duration.map(|it| it.max), Some(Duration::from_secs(90)));
    assert_eq!(endpoint.duration, destination.duration);
}

#[test]
fn what_is_not_known_is_no_endpoint() {
    let mut inventory = inventory(|_| {});
    let api = outbound("/usr/bin/app", "203.0.113.7:443", None);
    let unknown = exchange(&api, crate::pipeline::output::UNKNOWN_PATH, 200, 1);
    assert_eq!(inventory.exchange(unknown, Observed::Client, 1), None);
    let mut response_only = exchange(&api, "/", 500, 1);
    response_only.request = None;
    assert_eq!(inventory.exchange(response_only, Observed::Client, 1), None);
    let mut tunnel = exchange(&api, "", 200, 1);
    tunnel.request.as_mut().unwrap().method = Method::Connect;
    assert_eq!(inventory.exchange(tunnel, Observed::Client, 1).as_deref(), Some("{authority}"));
    assert_eq!(
        short(inventory.finished(2)),
        [
            "203.0.113.7:443 CONNECT {authority}: 1 requests, 0 errors",
            "/usr/bin/app - 443: 0 connections, 2 requests, 0/0 bytes",
        ]
    );
}

#[test]
fn services_and_destinations_are_named_by_the_best_that_is_known() {
    let mut inventory = inventory(|_| {});
    let local = Arc::new(Ends {
        client: end("127.0.0.1:5000", None, Some("/usr/bin/curl")),
        server: end("127.0.0.1:80", Some("localhost"), Some("/usr/sbin/nginx")),
    });
    let strange = Arc::new(Ends {
        client: end("10.0.0.9:5000", None, None),
        server: end("[2001:db8::1]:8080", None, None),
    });
    let named = outbound("/usr/bin/app", "203.0.113.7:81", Some("api.example"));
    let same = outbound("/usr/bin/app", "203.0.113.8:81", Some("api.example"));
    let inbound = inbound("/usr/sbin/nginx");
    for (ends, observed) in [
        (&local, Observed::Both),
        (&strange, Observed::Client),
        (&named, Observed::Client),
        (&same, Observed::Client),
        (&inbound, Observed::Server),
    ] {
        inventory.exchange(exchange(ends, "/", 200, 1), observed, 1);
    }
    assert_eq!(
        short(inventory.finished(2)),
        [
            "/usr/sbin/nginx GET /: 2 requests, 0 errors",
            "[2001:db8::1]:8080 GET /: 1 requests, 0 errors",
            "api.example GET /: 2 requests, 0 errors",
            "/usr/bin/app api.example 81: 0 connections, 2 requests, 0/0 bytes",
            "/usr/bin/curl localhost 80: 0 connections, 1 requests, 0/0 bytes",
            "unknown process - 8080: 0 connections, 1 requests, 0/0 bytes",
        ]
    );
}

#[test]
fn a_connection_is_counted_once_and_moves_to_the_name_it_gets() {
    let mut inventory = inventory(|_| {});
    let plain = outbound("/usr/bin/app", "203.0.113.7:443", None);
    let named = outbound("/usr/bin/app", "203.0.113.7:443", Some("api.example"));
    let mut told = Told::default();
    inventory.observe_traffic(&mut told, &traffic(&plain, (0, 0), Encryption::Unknown), at(1));
    inventory.observe_traffic(&mut told, &traffic(&named, (10, 0), Encryption::Tls), at(2));
    inventory.observe_traffic(&mut told, &traffic(&named, (10, 20), Encryption::Tls), at(3));
    let mut other = Told::default();
    inventory.observe_traffic(&mut other, &traffic(&named, (1, 2), Encryption::Clear), at(4));
    let (_, destinations) = inventory.finished(5);
    assert!(destinations[0].in_clear);
    assert_eq!(
        short((Vec::new(), destinations)),
        ["/usr/bin/app api.example 443: 2 connections, 0 requests, 11/22 bytes"]
    );
    let mut server = Told::default();
    let ends = inbound("/usr/sbin/nginx");
    let inward =
        Traffic { observed: Observed::Server, ..traffic(&ends, (1, 1), Encryption::Clear) };
    inventory.observe_traffic(&mut server, &inward, at(6));
    assert!(short(inventory.finished(7)).is_empty());
}

#[test]
fn an_entry_is_said_at_most_once_a_minute() {
    let mut inventory = inventory(|_| {});
    let here = inbound("/usr/sbin/nginx");
    let mut said = Vec::new();
    for second in 0..200 {
        inventory.tick(at(second));
        said.extend(inventory.said().0.into_iter().map(|it| (second, it.requests)));
        if second < 100 {
            inventory.exchange(exchange(&here, "/", 200, second), Observed::Server, second);
        }
    }
    assert_eq!(said, [(1, 1), (61, 61), (121, 100)]);
    assert_eq!(inventory.next_deadline(), None);
    assert!(short(inventory.finished(200)).is_empty());
}

#[test]
fn a_tick_says_a_part_of_much() {
    let mut inventory = inventory(|it| it.routes.segment_values = 1000);
    let here = inbound("/usr/sbin/nginx");
    for n in 0..450 {
        let path = format!("/{}", word(n));
        inventory.exchange(exchange(&here, &path, 200, 1), Observed::Server, 1);
    }
    let mut counts = Vec::new();
    for _ in 0..3 {
        inventory.tick(at(3));
        counts.push(inventory.said().0.len());
    }
    assert_eq!(counts, [256, 194, 0]);
}

#[test]
fn a_clock_that_was_wrong_for_a_while_leaves_nothing_seen_at_its_time() {
    const TEN_YEARS: u64 = 10 * 365 * 86_400;
    let stepped = |seconds, by: u64| Moment {
        wall_offset: WallOffset((by * 1_000_000_000).cast_signed()),
        ..at(seconds)
    };
    let seen = |by, seconds| WallTime((by + seconds) * 1_000_000_000);
    // Set ahead and back, or from the start of its battery to what it is.
    for steps in [[0, TEN_YEARS, 0], [0, TEN_YEARS, TEN_YEARS], [TEN_YEARS, TEN_YEARS, 0]] {
        let mut inventory = inventory(|_| {});
        let mut told = Told::default();
        let api = outbound("/usr/bin/app", "203.0.113.7:443", None);
        for (seconds, by) in (1..).zip(steps) {
            let mut exchange = exchange(&api, "/hello", 200, by + seconds);
            let now = stepped(seconds, by);
            inventory.observe_exchange(&mut exchange, Observed::Client, now);
            let moved = (seconds * 10, 0);
            inventory.observe_traffic(&mut told, &traffic(&api, moved, Encryption::Clear), now);
        }
        let by = steps[2];
        inventory.finish(stepped(4, by));
        let (endpoints, destinations) = inventory.said();
        let (endpoint, destination) = (&endpoints[0], &destinations[0]);
        assert_eq!((endpoint.first_seen, endpoint.last_seen), (seen(by, 1), seen(by, 3)));
        assert_eq!((destination.first_seen, destination.last_seen), (seen(by, 1), seen(by, 3)));
    }
}

#[test]
fn endpoints_fold_with_their_routes() {
    let mut inventory = inventory(|_| {});
    let here = inbound("/usr/sbin/nginx");
    for n in 0..100 {
        let mut exchange = exchange(&here, &format!("/users/{}/orders", word(n)), 200, n + 1);
        if n % 2 == 1 {
            exchange.request.as_mut().unwrap().method = Method::Post;
        }
        if n == 40 {
            exchange.response.as_mut().unwrap().status = Some(503);
        }
        inventory.exchange(exchange, Observed::Server, n + 1);
    }
    let (endpoints, _) = inventory.finished(101);
    let seen: Vec<_> = endpoints.iter().map(|it| (it.first_seen.0, it.last_seen.0)).collect();
    assert_eq!(seen, [(1_000_000_000, 99_000_000_000), (2_000_000_000, 100_000_000_000)]);
    assert_eq!(
        short((endpoints, Vec::new())),
        [
            "/usr/sbin/nginx GET /users/{param}/orders: 50 requests, 1 errors",
            "/usr/sbin/nginx POST /users/{param}/orders: 50 requests, 0 errors",
        ]
    );
    assert_eq!(inventory.evicted(), 0);
}

#[test]
fn tables_are_bounded_and_what_makes_room_is_said_first() {
    let mut inventory = inventory(|it| {
        it.limits.endpoints = 20;
        it.limits.destinations = 30;
    });
    let (mut endpoints, mut destinations, mut requests) = (0, 0, 0);
    for n in 0..1000u64 {
        let server = format!("203.0.113.{}:{}", n % 200, 1000 + n % 150);
        let ends = outbound("/usr/bin/app", &server, None);
        let path = format!("/{}/x", word(n % 60));
        inventory.exchange(exchange(&ends, &path, 200, n), Observed::Client, n);
        assert!(inventory.endpoints.len() <= 20);
        assert!(inventory.endpoint_places.len() <= 20);
        assert!(inventory.destinations.len() <= 30);
        assert_eq!(inventory.destination_places.len(), inventory.destinations.len());
        let said = inventory.said();
        endpoints += said.0.len();
        destinations += said.1.len();
        requests += said.0.iter().map(|it| it.requests).sum::<u64>();
    }
    assert_eq!(inventory.evicted(), (endpoints + destinations) as u64);
    let (last, _) = inventory.finished(1000);
    requests += last.iter().map(|it| it.requests).sum::<u64>();
    assert_eq!(requests, 1000, "each was said once, before it went or at the end");
}

#[test]
fn smaller_limits_and_new_patterns_hold_at_once() {
    let mut inventory = inventory(|_| {});
    let here = inbound("/usr/sbin/nginx");
    for n in 0..25 {
        let path = format!("/{}", word(n));
        inventory.exchange(exchange(&here, &path, 200, n), Observed::Server, n);
    }
    let mut settings = Settings::default();
    settings.limits.endpoints = 10;
    settings.routes.patterns = vec!["/{page}".into()];
    inventory.apply_settings(&settings, at(30));
    assert_eq!(inventory.endpoints.len(), 10);
    assert_eq!(inventory.evicted(), 15);
    let path = format!("/{}", word(24));
    let route = inventory.exchange(exchange(&here, &path, 200, 31), Observed::Server, 31);
    assert_eq!(route.as_deref(), Some("/{page}"));
}

#[test]
fn the_same_exchanges_give_the_same_inventory() {
    let run = || {
        let mut inventory = inventory(|it| {
            it.limits.endpoints = 50;
            it.limits.destinations = 40;
            it.routes.segment_values = 5;
        });
        let mut said = Vec::new();
        for n in 0..5000u64 {
            let server = format!("203.0.113.{}:{}", n % 97, 1000 + n % 31);
            let ends = outbound(&format!("/bin/{}", n % 3), &server, None);
            let path = format!("/{}/{}", word(n * 7 % 23), word(n * 13 % 11));
            let status = if n % 5 == 0 { 404 } else { 200 };
            inventory.exchange(exchange(&ends, &path, status, n), Observed::Client, n / 10);
            inventory.tick(at(n / 10));
            said.push(inventory.said());
        }
        said.push(inventory.finished(1000));
        said
    };
    assert_eq!(run(), run());
}

/// A word of letters only.
fn word(n: u64) -> String {
    let letter = |n: u64| char::from(b'a' + (n % 26) as u8);
    [n / 26, n, n / 3].map(letter).into_iter().collect()
}

/// 10,000 endpoints and 16,384 destinations are the limits unless configured.
#[test]
fn a_full_inventory_is_small() {
    let pages = 4 * 64;
    assert!(size_of::<Endpoint>() + pages <= 400, "{}", size_of::<Endpoint>());
    assert!(size_of::<Destination>() + pages <= 480, "{}", size_of::<Destination>());
}
