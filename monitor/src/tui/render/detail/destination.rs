//! An identity and one of its destinations.

use super::{Field, alarm, end, plain, quantiles};
use crate::tui::columns::destination::DestinationFacts;
use crate::tui::format;
use crate::tui::model::destinations::Destination;
use crate::tui::model::judgements::Judgement;
use crate::tui::model::party::Party;
use crate::tui::render::paint::{Look, piece};
use crate::tui::render::{cell, destinations, findings};
use crate::tui::theme::Tone;

/// All about a destination.
pub(super) fn fields(facts: &DestinationFacts, look: Look) -> Vec<Field> {
    let destination = &facts.destination;
    let totals = destination.totals();
    let mut fields = who(destination, look);
    fields.push(("verdict", destinations::verdict(facts.verdict, look)));
    fields.extend(findings(facts.judgement));
    fields.push(("protection", destinations::protection(destination, look, u16::MAX)));
    fields.extend(cipher(destination));
    fields.push(("auth", cell::auth(&destination.auth, look)));
    let open = format!("{} open", format::grouped(destination.open));
    let connections = match destination.connections {
        Some(all) => format!("{open}, {} in all", format::grouped(all)),
        None => open,
    };
    fields.extend([
        plain("connections", connections),
        plain("exchanges", format::grouped(totals.exchanges)),
        alarm("errors", totals.errors, "of 4xx, 5xx or gRPC failures"),
        plain("bytes", format::bytes(totals.bytes)),
        plain("latency", quantiles(|percent| destination.quantile(percent), look)),
    ]);
    if let Some(first) = destination.first_seen {
        fields.push(plain("first seen", look.date_time(first)));
    }
    let age = cell::age(destination.last_seen, look);
    let last = format!("{} ({age} ago)", look.date_time(destination.last_seen));
    fields.push(plain("last seen", last));
    fields
}

/// Open findings on it, by severity.
fn findings(judgement: Judgement) -> Option<Field> {
    let (worst, _) = judgement.worst()?;
    let counts: Vec<_> = judgement
        .counts()
        .map(|(severity, count)| format!("{count} {}", severity.name()))
        .collect();
    let text = format!("{} {}", destinations::mark(worst), counts.join(", "));
    Some(("findings", piece(text, findings::tone(worst))))
}

/// Both ends, as far as they are known.
fn who(destination: &Destination, look: Look) -> Vec<Field> {
    let mut fields = match (&destination.client_end, &destination.client) {
        (Some(client), _) => end("client", client, look),
        (None, Some(Party::Identity(identity))) => {
            vec![("client", piece(identity.to_string(), Tone::Strong))]
        }
        (None, _) => vec![plain("client", "(others)")],
    };
    match &destination.server {
        Some(server) => fields.extend(end("server", server, look)),
        None => fields.push(plain("server", "(all others)")),
    }
    let host = destinations::host(destination).unwrap_or(look.theme.none());
    fields.push(plain("host", look.private(host.to_owned())));
    fields
}

fn cipher(destination: &Destination) -> Option<Field> {
    let posture = destination.posture.as_ref()?;
    Some(plain("cipher", posture.cipher.to_string()))
}
