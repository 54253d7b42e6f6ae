//! A service, a method and a route.

use super::{Field, alarm, plain, quantiles};
use crate::tui::format;
use crate::tui::model::endpoints::Endpoint;
use crate::tui::render::paint::{Look, piece};
use crate::tui::render::{cell, endpoints};
use crate::tui::theme::Tone;

/// All about an endpoint.
pub(super) fn fields(endpoint: &Endpoint, look: Look) -> Vec<Field> {
    let totals = endpoint.totals();
    let protocols: Vec<_> = endpoint.protocols.iter().map(|it| it.name()).collect();
    let mut fields = match &endpoint.key {
        Some(key) => vec![
            (
                "endpoint",
                piece(format!("{} {}", key.method, look.private(&*key.route)), Tone::Strong),
            ),
            plain("service", endpoints::service(&key.service, look)),
        ],
        None => vec![plain("endpoint", "(all others)")],
    };
    fields.extend([
        plain("protocols", protocols.join(" ")),
        ("auth", cell::auth(&endpoint.auth, look)),
        ("protection", endpoints::wire(endpoint.wire, look)),
        plain("requests", format::grouped(totals.exchanges)),
        alarm("errors", totals.errors, "of 4xx, 5xx or gRPC failures"),
        plain("latency", quantiles(|percent| endpoint.quantile(percent), look)),
    ]);
    if let Some(first) = endpoint.first_seen {
        fields.push(plain("first seen", look.date_time(first)));
    }
    let age = cell::age(endpoint.last_seen, look);
    let last = format!("{} ({age} ago)", look.date_time(endpoint.last_seen));
    fields.push(plain("last seen", last));
    fields
}
