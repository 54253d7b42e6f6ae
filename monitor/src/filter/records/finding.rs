//! What filters see of a finding. It names its parties in its subject, `identity →
//! destination`, and what else it knows of them in its evidence.

use std::net::{IpAddr, SocketAddr};

use super::inventory::is_unit;
use crate::filter::span::version_rank;
use crate::filter::{Field, Measure, Record};
use crate::pipeline::finding::Finding;

impl Record for Finding {
    fn any_text(&self, field: Field, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let (client, server) = parties(self);
        match field {
            Field::Any => {
                test(self.kind.name())
                    || test(self.severity.name())
                    || test(&self.subject)
                    || test(&self.summary)
                    || self.evidence.iter().any(|(_, value)| test(value))
            }
            Field::Type => test("finding"),
            Field::Kind => test(self.kind.name()),
            Field::Severity => test(self.severity.name()),
            Field::State => test(self.state.name()),
            Field::Client => test(client),
            Field::Server | Field::Service | Field::Host => {
                any_evidence(self, &["host", "name"], test)
                    || server.is_some_and(|server| test(server) || test(without_port(server)))
            }
            Field::Process => {
                any_evidence(self, &["process"], test) || test(client) || server.is_some_and(test)
            }
            Field::Unit => [Some(client), server.map(without_port)]
                .into_iter()
                .flatten()
                .any(|label| is_unit(label) && test(label)),
            _ => evidence_of(field).is_some_and(|name| any_evidence(self, &[name], test)),
        }
    }

    /// The client is named by what it is; only the server has an address.
    fn address(&self, field: Field) -> Option<IpAddr> {
        if field == Field::Server { socket(self).map(|socket| socket.ip()) } else { None }
    }

    fn port(&self, field: Field) -> Option<u16> {
        if field != Field::Server {
            return None;
        }
        socket(self).map(|socket| socket.port()).or_else(|| port_of(parties(self).1?))
    }

    fn quantity(&self, measure: Measure) -> Option<u64> {
        match measure {
            Measure::Severity => Some(self.severity as u64),
            Measure::Tls => version_rank(evidence(self, "version")?),
            _ => None,
        }
    }

    fn id(&self, field: Field) -> Option<u64> {
        (field == Field::Id).then_some(self.id.0)
    }
}

/// The name under which the evidence has a field.
const fn evidence_of(field: Field) -> Option<&'static str> {
    match field {
        Field::Method => Some("method"),
        Field::Path => Some("path"),
        Field::Auth => Some("auth"),
        Field::User => Some("user"),
        Field::Cipher => Some("cipher"),
        Field::Group => Some("group"),
        _ => None,
    }
}

fn any_evidence(finding: &Finding, names: &[&str], test: &mut dyn FnMut(&str) -> bool) -> bool {
    names.iter().filter_map(|name| evidence(finding, name)).any(test)
}

fn evidence<'a>(finding: &'a Finding, name: &str) -> Option<&'a str> {
    let found = finding.evidence.iter().find(|(known, _)| {
        let known: &str = known;
        known == name
    });
    found.map(|(_, value)| value.as_str())
}

/// Both sides of the arrow.
fn parties(finding: &Finding) -> (&str, Option<&str>) {
    match finding.subject.split_once(" → ") {
        Some((client, server)) => (client, Some(server)),
        None => (&finding.subject, None),
    }
}

fn socket(finding: &Finding) -> Option<SocketAddr> {
    let told = evidence(finding, "address").or_else(|| evidence(finding, "server"));
    told.or_else(|| parties(finding).1).and_then(|text| text.parse().ok())
}

/// The port of `name:443 (10.0.0.1)`.
fn port_of(server: &str) -> Option<u16> {
    let (named, _) = server.split_once(' ').unwrap_or((server, ""));
    named.rsplit_once(':').and_then(|(_, port)| port.parse().ok())
}

/// The identity or name in `nginx.service:443` and in `nginx.service at 10.0.0.1:443`.
fn without_port(server: &str) -> &str {
    let (named, _) = server.split_once(' ').unwrap_or((server, ""));
    named.rsplit_once(':').map_or(named, |(identity, _)| identity)
}
