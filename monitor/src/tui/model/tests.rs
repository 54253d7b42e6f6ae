use std::sync::Arc;

use super::*;
use crate::pipeline::finding::{FindingKind, Severity, State};
use crate::pipeline::output::tls::TlsVersion;
use crate::pipeline::output::{
    ConnectionEventKind, DestinationReport, Encryption, End, EndpointReport, Ends, Name,
    NameSource, Progress,
};
use crate::pipeline::time::WallTime;
use crate::tui::columns::destination::DestinationRow;
use crate::tui::fixture::{
    at, connection, destination_report, end, endpoint_report, ends, exchange, finding, handshake,
    lossy_stats, request, stats, status,
};
use crate::tui::model::connections::ConnectionSummary;
use crate::tui::model::destinations::{Destination, Protection};
use crate::tui::model::judgements::Verdict;
use crate::tui::model::traffic::Totals;
use crate::tui::model::window::{Span, Window};

fn pair(client_port: u16, client: Option<&str>) -> Arc<Ends> {
    ends(end("10.0.0.1", client_port, client), end("192.0.2.7", 443, None))
}

fn only(model: &Model) -> &Destination {
    let mut rows = model.destinations.iter().map(|(_, row)| row);
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
    assert_eq!(row.totals(), Totals { exchanges: 2, errors: 2, bytes: 2 * (412 + 1_234) });
    assert_eq!(row.protection, Protection::Clear);
    report(&mut model, &ends, ConnectionEventKind::Close);
    let row = only(&model);
    assert_eq!((row.open, row.totals().bytes), (0, 100_000), "what the connection moved in all");
    assert_eq!(model.connections(), ConnectionSummary::default());
}

/// The owner of an end is often known only after the connection was reported.
#[test]
fn a_connection_follows_its_owner() {
    let mut model = Model::new(at(0).time);
    report(&mut model, &pair(1, None), ConnectionEventKind::Open);
    assert_eq!(only(&model).client_end.as_ref().map(|end| end.process.is_some()), Some(false));
    exchanged(&mut model, &pair(1, Some("a.service")), 1_000);
    let row = only(&model);
    assert_eq!(row.client_end.as_ref().map(|end| end.process.is_some()), Some(true));
    assert_eq!((row.open, row.totals().exchanges), (1, 1));
    report(&mut model, &pair(1, Some("a.service")), ConnectionEventKind::Close);
    assert_eq!(only(&model).open, 0);
}

/// An exchange that goes on for long is one, and is measured when it ends.
#[test]
fn a_long_exchange_is_updated_in_its_place() {
    use Progress::{Closed, Ended, Open, StillOpen};
    // What is said; and then: rows, exchanges, errors, bytes.
    type Said<'a> = &'a [(Progress, u64)];
    let cases: [(Said<'_>, (usize, u64, u64, u64)); 6] = [
        (&[(Ended, 10)], (1, 1, 1, 10)),
        (&[(Open, 10)], (1, 1, 0, 10)),
        (&[(Open, 10), (StillOpen, 30)], (1, 1, 0, 30)),
        (&[(Open, 10), (StillOpen, 30), (Closed, 35)], (1, 1, 1, 35)),
        (&[(StillOpen, 30)], (1, 0, 0, 0)),
        (&[(StillOpen, 30), (Closed, 35)], (1, 0, 1, 5)),
    ];
    for (said, (rows, exchanges, errors, bytes)) in cases {
        let mut model = Model::new(at(0).time);
        for (progress, bytes) in said {
            let mut exchange = exchange(&pair(1, None), 5, request("GET", "/", "h"), 500);
            exchange.progress = *progress;
            exchange.request.as_mut().expect("it has one").header_bytes = 0;
            exchange.response.as_mut().expect("it has one").body_bytes = *bytes;
            model.accept(Output::Exchange(exchange), at(9).time);
        }
        assert_eq!(model.exchanges.len(), rows, "{said:?}");
        assert_eq!(only(&model).totals(), Totals { exchanges, errors, bytes }, "{said:?}");
        let last = model.exchanges.back().map(|entry| entry.exchange.progress);
        assert_eq!(last, said.last().map(|(progress, _)| *progress), "{said:?}");
    }
}

/// A report counts everything up to it; what comes after is added.
#[test]
fn reports_and_exchanges_add_up() {
    let mut model = Model::new(at(0).time);
    let ends = pair(1, Some("a.service"));
    exchanged(&mut model, &ends, 1_000);
    let mut report = destination_report();
    (report.identity, report.server) = ("a.service".into(), ends.server.clone());
    (report.requests, report.errors) = (1_000, 10);
    model.accept(Output::Destination(Box::new(report)), at(2_000).time);
    let row = only(&model);
    assert_eq!(row.totals(), Totals { exchanges: 1_000, errors: 10, bytes: 251_000_000 });
    assert_eq!(row.connections, Some(12));
    assert_eq!(row.protection, Protection::Mixed, "clear now, and TLS before");
    exchanged(&mut model, &ends, 3_000);
    assert_eq!(only(&model).totals().exchanges, 1_001);
    report_close(&mut model, &ends);
    assert_eq!(only(&model).totals().exchanges, 1_001);
}

/// A clock that was ahead and is set back leaves nothing that is yet to be seen.
#[test]
fn what_was_seen_last_is_what_the_newest_report_says() {
    let mut model = Model::new(at(0).time);
    let Output::Endpoint(endpoint) = endpoint_report() else { panic!("it is of an endpoint") };
    for last_seen in [WallTime(9_000), WallTime(4_000)] {
        let destination = DestinationReport { last_seen, ..destination_report() };
        let endpoint = EndpointReport { last_seen, ..*endpoint.clone() };
        model.accept(Output::Destination(destination.into()), at(1_000).time);
        model.accept(Output::Endpoint(endpoint.into()), at(1_000).time);
        let (_, row) = model.endpoints.iter().next().expect("one row");
        assert_eq!((only(&model).last_seen, row.last_seen), (last_seen, last_seen));
    }
}

fn report_close(model: &mut Model, ends: &Arc<Ends>) {
    report(model, ends, ConnectionEventKind::Close);
}

/// The name of a server may come after its connection, and with it the row.
#[test]
fn a_connection_follows_its_name() {
    let mut model = Model::new(at(0).time);
    let unnamed = pair(1, Some("a.service"));
    report(&mut model, &unnamed, ConnectionEventKind::Open);
    let name = Name { text: "x.example".into(), source: NameSource::Sni };
    let server = End { name: Some(name), ..unnamed.server.clone() };
    let named = ends(unnamed.client.clone(), server);
    model.accept(handshake(&named), at(1_000).time);
    let row = only(&model);
    assert_eq!((row.open, row.protection), (1, Protection::Tls));
    assert_eq!(row.posture.as_ref().map(|posture| posture.version), Some(TlsVersion::TLS13));
    let facts = model.connection_facts(ConnectionId(1)).expect("it is open");
    assert!(facts.tls.is_some() && facts.closed.is_none());
    report(&mut model, &named, ConnectionEventKind::Close);
    assert_eq!(only(&model).open, 0);
    let facts = model.connection_facts(ConnectionId(1)).expect("it closed just now");
    assert!(facts.tls.is_some() && facts.closed.is_some());
    assert_eq!(model.connections(), ConnectionSummary::default());
}

/// A verdict of findings holds as long as they do, and their lack says nothing where
/// they may be missing.
#[test]
fn verdicts_follow_findings() {
    let span = |now| Span { window: Window::Minute, started: at(0).time, now };
    let verdict = |model: &Model, millis| {
        let row = model.destinations.iter().next().expect("one row");
        let row = DestinationRow::new(row, model, span(at(millis).time));
        (row.verdict, row.judgement.total())
    };
    let mut model = Model::new(at(0).time);
    exchanged(&mut model, &pair(1, Some("a.service")), 0);
    assert_eq!(verdict(&model, 1_000), (Verdict::NotJudged, 0), "it may still be");
    assert_eq!(verdict(&model, 9_000), (Verdict::Allowed, 0));
    let mut unknown = finding(1, Severity::Low, "a.service → 192.0.2.7:443");
    unknown.kind = FindingKind::UnknownDestination;
    model.accept(Output::Finding(unknown.clone()), at(0).time);
    let other = finding(2, Severity::High, "a.service → 192.0.2.7:443");
    model.accept(Output::Finding(other), at(0).time);
    model.accept(Output::Finding(finding(3, Severity::High, "b → 192.0.2.7:443")), at(0).time);
    assert_eq!(verdict(&model, 9_000), (Verdict::Unknown, 2));
    unknown.state = State::Resolved;
    model.accept(Output::Finding(unknown), at(0).time);
    assert_eq!(verdict(&model, 9_000), (Verdict::Allowed, 1));
    model.dropped = 1;
    assert_eq!(verdict(&model, 9_000), (Verdict::NotJudged, 1));

    let mut inbound = Model::new(at(0).time);
    let served = ends(end("203.0.113.7", 5, None), end("10.0.0.5", 443, Some("nginx.service")));
    exchanged(&mut inbound, &served, 0);
    let subject = "public clients → nginx.service:443";
    inbound.accept(Output::Finding(finding(1, Severity::High, subject)), at(0).time);
    assert_eq!(
        verdict(&inbound, 9_000),
        (Verdict::NotJudged, 1),
        "clients elsewhere have no policy"
    );
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
        exchange.connection = ConnectionId(client);
        model.accept(Output::Exchange(exchange), at(0).time);
        let severity = if client == 0 { Severity::Critical } else { Severity::Low };
        model.accept(Output::Finding(finding(client, severity, "s")), at(0).time);
    }
    assert_eq!(model.destinations.iter().count(), 1_001);
    assert_eq!(
        model.destinations.iter().map(|(_, row)| row.totals().exchanges).sum::<u64>(),
        3_000
    );
    assert_eq!(model.destinations.iter().map(|(_, row)| row.open).sum::<u64>(), 3_000);
    assert_eq!(model.exchanges.len(), 2_000);
    assert_eq!((model.findings.len(), model.findings.evicted()), (2_000, 1_000));
    assert_eq!(model.findings.count(Severity::Critical), 1, "the worst one stays");

    let ends = pair(1, Some("late.service"));
    exchanged(&mut model, &ends, 400_000);
    assert_eq!(model.destinations.iter().count(), 2, "idle pairs made room");
    assert_eq!(
        model.destinations.iter().map(|(_, row)| row.totals().exchanges).sum::<u64>(),
        3_001
    );
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
    assert_eq!(only(&model).totals().bytes, u64::MAX);
}
