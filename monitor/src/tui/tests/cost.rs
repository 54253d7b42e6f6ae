//! What the UI costs: bounded tables, whatever traffic claims, and frames in time.

use std::sync::Arc;

use super::{NOW, draw, lines};
use crate::pipeline::finding::Severity;
use crate::pipeline::output::{
    ConnectionEventKind, ConnectionId, Encryption, Ends, Exchange, Name, NameSource, Output,
};
use crate::tui::fixture::{
    at, connection, coverage, empty, end, ends, exchange, finding, handshake, lossy_stats, request,
    status,
};
use crate::tui::state::{Screen, State};

/// Both ends of the nth connection: every one from another port to another host.
fn nth_ends(number: u64) -> Arc<Ends> {
    let client = end("10.0.0.5", (number % 60_000) as u16 + 1, Some("payments.service"));
    let mut server = end("192.0.2.7", 443, None);
    let text = format!("host-{number}.example").into();
    server.name = Some(Name { text, source: NameSource::Sni });
    ends(client, server)
}

/// The nth exchange: another connection, another path, another host.
fn nth(number: u64) -> Exchange {
    let path = format!("/v1/{number}");
    let mut exchange = exchange(&nth_ends(number), number, request("GET", &path, "h"), 200);
    exchange.connection = ConnectionId(number);
    exchange.route = Some(path.into());
    exchange
}

#[test]
fn tables_stay_at_their_bounds() {
    let mut state = empty();
    let live = &mut state.live;
    for number in 0..100_000 {
        let (ends, now) = (nth_ends(number), at(number / 5).time);
        let mut opened = connection(&ends, ConnectionEventKind::Open);
        opened.connection = ConnectionId(number);
        live.accept(Output::Connection(opened.clone()), now);
        live.accept(Output::Exchange(nth(number)), now);
        live.accept(handshake(&ends), now);
        if number % 2 == 0 {
            opened.event = ConnectionEventKind::Close;
            opened.encryption = Encryption::Tls;
            live.accept(Output::Connection(opened), now);
        }
    }
    for number in 0..4_000 {
        live.accept(Output::Finding(finding(number, Severity::Low, "a → b:1")), at(NOW).time);
    }
    let sizes = [
        ("exchanges", live.exchanges.len(), 2_000),
        ("destinations", live.destinations.len(), 1_001),
        ("endpoints", live.endpoints.len(), 1_001),
        ("services", live.services.len(), 251),
        ("findings", live.findings.len(), 2_000),
    ];
    for (table, size, bound) in sizes {
        assert_eq!(size, bound, "{table}");
    }
    let [open, closed, handshakes] = live.connection_sizes();
    assert!(open <= 32_768 && closed == 1_000 && handshakes == 1_000, "{open} are open");
    let total: u64 = live.destinations.iter().map(|(_, row)| row.totals().exchanges).sum();
    assert_eq!(total, 100_000, "nothing goes uncounted");
}

/// Tables as full as they get.
fn full() -> State {
    let mut state = empty();
    for number in 0..3_000 {
        state.live.accept(Output::Exchange(nth(number)), at(number * 10).time);
        let severity = if number % 9 == 0 { Severity::High } else { Severity::Low };
        let subject = format!("payments.service → host-{number}.example:443 (192.0.2.7)");
        state.live.accept(Output::Finding(finding(number, severity, &subject)), at(NOW).time);
    }
    state.live.observe(lossy_stats(), status(), at(NOW).time);
    state.live.cover(coverage(), at(NOW).time);
    state
}

/// Whichever window is looked through, tables that are full are drawn to their last line.
#[test]
fn full_tables_are_drawn() {
    let mut state = full();
    for _ in 0..4 {
        for screen in [Screen::Exchanges, Screen::Destinations, Screen::Endpoints, Screen::Findings]
        {
            state.screen = screen;
            let drawn = lines(&draw(&state, (120, 40), at(NOW)));
            let last = drawn.iter().rev().nth(1).map(|line| line.trim());
            assert!(last.is_some_and(|line| !line.is_empty()), "{screen:?}: {drawn:#?}");
        }
        state.window = state.window.next();
    }
}
