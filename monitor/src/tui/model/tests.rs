use std::sync::Arc;

use super::*;
use crate::pipeline::finding::{Severity, State};
use crate::pipeline::output::Ends;
use crate::tui::fixture::{
    at, connection, end, ends, exchange, finding, lossy_stats, request, stats, status,
};
use crate::tui::model::destinations::Protection;

fn pair(client_port: u16, client: Option<&str>) -> Arc<Ends> {
    ends(end("10.0.0.1", client_port, client), end("192.0.2.7", 443, None))
}

fn only(model: &Model) -> &Destination {
    let mut rows = model.destinations.iter();
    let row = rows.next().expect("one row");
    assert!(rows.next().is_none(), "one row only");
    row
}

fn report(model: &mut Model, ends: &Arc<Ends>, event: ConnectionEventKind) {
    model.accept(Output::Connection(connection(ends, event)), at(1_000).time);
}

fn exchanged(model: &mut Model, ends: &Arc<Ends>, millis: u64) {
    let exchange = exchange(ends, millis, request("GET", "/", "h"), 500);
    model.accept(Output::Exchange(exchange), at(millis).time);
}

#[test]
fn bytes_of_a_connection_count_once() {
    let mut model = Model::new(at(0).time);
    let ends = pair(1, Some("a.service"));
    report(&mut model, &ends, ConnectionEventKind::Open);
    assert_eq!(only(&model).open, 1);
    exchanged(&mut model, &ends, 1_000);
    exchanged(&mut model, &ends, 2_000);
    let row = only(&model);
    assert_eq!((row.exchanges, row.errors, row.bytes), (2, 2, 2 * (412 + 1_234)));
    assert_eq!(row.protection, Protection::Clear);
    report(&mut model, &ends, ConnectionEventKind::Close);
    let row = only(&model);
    assert_eq!((row.open, row.bytes), (0, 100_000), "what the connection moved in all");
    assert_eq!(model.connections(), ConnectionSummary::default());
}

/// The owner of an end is often known only after the connection was reported.
#[test]
fn a_connection_follows_its_owner() {
    let mut model = Model::new(at(0).time);
    report(&mut model, &pair(1, None), ConnectionEventKind::Open);
    assert_eq!(only(&model).client().map(|end| end.process.is_some()), Some(false));
    exchanged(&mut model, &pair(1, Some("a.service")), 1_000);
    let row = only(&model);
    assert_eq!(row.client().map(|end| end.process.is_some()), Some(true));
    assert_eq!((row.open, row.exchanges), (1, 1));
    report(&mut model, &pair(1, Some("a.service")), ConnectionEventKind::Close);
    assert_eq!(only(&model).open, 0);
}

#[test]
fn protection_tells_clear_from_mixed() {
    use Encryption::{Clear, Tls, Unknown};
    for (seen, expected) in [
        (&[][..], Protection::Unknown),
        (&[Unknown], Protection::Unknown),
        (&[Tls, Unknown, Tls], Protection::Tls),
        (&[Clear, Clear], Protection::Clear),
        (&[Tls, Clear], Protection::Mixed),
        (&[Clear, Tls, Tls], Protection::Mixed),
    ] {
        let protection = seen.iter().fold(Protection::Unknown, |kept, e| kept.with(*e));
        assert_eq!(protection, expected, "{seen:?}");
    }
}

#[test]
fn tables_are_bounded_and_nothing_goes_uncounted() {
    let mut model = Model::new(at(0).time);
    for client in 0..3_000_u64 {
        let ends = pair(1, Some(&format!("unit-{client}.service")));
        let mut exchange = exchange(&ends, 0, request("GET", "/", "h"), 200);
        exchange.connection = crate::pipeline::output::ConnectionId(client);
        model.accept(Output::Exchange(exchange), at(0).time);
        let severity = if client == 0 { Severity::Critical } else { Severity::Low };
        model.accept(Output::Finding(finding(client, severity, "s")), at(0).time);
    }
    assert_eq!(model.destinations.iter().count(), 1_001);
    assert_eq!(model.destinations.iter().map(|row| row.exchanges).sum::<u64>(), 3_000);
    assert_eq!(model.destinations.iter().map(|row| row.open).sum::<u64>(), 3_000);
    assert_eq!(model.exchanges.len(), 2_000);
    assert_eq!((model.findings.len(), model.findings.evicted()), (2_000, 1_000));
    assert_eq!(model.findings.count(Severity::Critical), 1, "the worst one stays");

    let ends = pair(1, Some("late.service"));
    exchanged(&mut model, &ends, 400_000);
    assert_eq!(model.destinations.iter().count(), 2, "idle pairs made room");
    assert_eq!(model.destinations.iter().map(|row| row.exchanges).sum::<u64>(), 3_001);
}

#[test]
fn resolved_findings_go() {
    let mut model = Model::new(at(0).time);
    model.accept(Output::Finding(finding(1, Severity::High, "s")), at(0).time);
    model.accept(Output::Finding(finding(2, Severity::High, "s")), at(0).time);
    let mut resolved = finding(1, Severity::High, "s");
    resolved.state = State::Resolved;
    model.accept(Output::Finding(resolved), at(0).time);
    assert_eq!(model.findings.len(), 1);
}

#[test]
fn the_same_counts_again_are_no_change() {
    let mut model = Model::new(at(0).time);
    assert_eq!(model.uncaptured(), None);
    assert!(model.observe(stats(), status(), at(1).time));
    assert!(!model.observe(stats(), status(), at(2).time));
    assert!(model.observe(lossy_stats(), status(), at(3).time));
    assert_eq!(model.lost(), 12, "the ring and the report count the same records");
    let mut ahead = status();
    ahead.data.lost = 20;
    model.observe(lossy_stats(), ahead, at(4).time);
    assert_eq!(model.lost(), 20);
    let share = model.uncaptured().expect("bytes moved");
    assert!((share - 0.1 / 34.0).abs() < 1e-9);
}

#[test]
fn sizes_that_traffic_claims_do_not_overflow() {
    let mut model = Model::new(at(0).time);
    let ends = pair(1, None);
    for _ in 0..3 {
        let mut exchange = exchange(&ends, 0, request("GET", "/", "h"), 200);
        if let Some(request) = &mut exchange.request {
            request.body_bytes = u64::MAX;
        }
        model.accept(Output::Exchange(exchange), at(0).time);
    }
    report(&mut model, &ends, ConnectionEventKind::Close);
    assert_eq!(only(&model).bytes, u64::MAX);
}
