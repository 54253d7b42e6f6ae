//! What filters see of what is in use.

use std::net::{IpAddr, SocketAddr};

use super::{Sides, any, both_ways, nanoseconds, shown};
use crate::filter::span::tls_rank;
use crate::filter::{Field, Measure, Record};
use crate::pipeline::output::{DestinationReport, EndpointReport};

impl Record for EndpointReport {
    fn any_text(&self, field: Field, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let mut protocols = self.protocols.iter().map(|protocol| protocol.name());
        let mut auth = self.auth.iter().map(|auth| auth.name());
        match field {
            Field::Any => {
                any([&*self.service, self.method, &*self.route], test)
                    || protocols.any(&mut *test)
                    || auth.any(test)
            }
            Field::Type => test("endpoint"),
            Field::Service | Field::Server => test(&self.service),
            Field::Process => is_identity(&self.service) && test(&self.service),
            Field::Unit => is_unit(&self.service) && test(&self.service),
            Field::Method => self.method != UNKNOWN_METHOD && test(self.method),
            Field::Route => test(&self.route),
            Field::Protocol => protocols.any(test),
            Field::Auth => auth.any(test),
            Field::Encryption => {
                (self.in_clear && test("clear")) || (self.encrypted && test("tls"))
            }
            _ => false,
        }
    }

    /// A service may be known by its address alone.
    fn address(&self, field: Field) -> Option<IpAddr> {
        socket(self, field).map(|socket| socket.ip())
    }

    fn port(&self, field: Field) -> Option<u16> {
        socket(self, field).map(|socket| socket.port())
    }

    /// Latency is the 99th percentile.
    fn quantity(&self, measure: Measure) -> Option<u64> {
        match measure {
            Measure::Latency => self.duration.map(|duration| nanoseconds(duration.p99)),
            Measure::Requests => Some(self.requests),
            Measure::Errors => Some(self.errors),
            _ => None,
        }
    }
}

impl Record for DestinationReport {
    fn any_text(&self, field: Field, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let server = server(self);
        let mut auth = self.auth.iter().map(|auth| auth.name());
        let posture = self.posture.as_ref();
        match field {
            Field::Any => {
                test(&self.identity)
                    || server.any_text(field, test)
                    || auth.any(&mut *test)
                    || self.any_text(Field::Cipher, test)
                    || self.any_text(Field::Group, test)
            }
            Field::Type => test("destination"),
            Field::Client => test(&self.identity),
            Field::Process => test(&self.identity) || server.any_text(field, test),
            Field::Unit => {
                (is_unit(&self.identity) && test(&self.identity)) || server.any_text(field, test)
            }
            Field::Auth => auth.any(test),
            Field::Encryption => {
                (self.in_clear && test("clear")) || (posture.is_some() && test("tls"))
            }
            Field::Cipher => posture.is_some_and(|posture| shown(posture.cipher, test)),
            Field::Group => {
                posture.and_then(|posture| posture.group).is_some_and(|it| shown(it, test))
            }
            _ => server.any_text(field, test),
        }
    }

    fn address(&self, field: Field) -> Option<IpAddr> {
        server(self).address(field)
    }

    fn port(&self, field: Field) -> Option<u16> {
        server(self).port(field)
    }

    /// Latency is the 99th percentile, and the version that of the last handshake.
    fn quantity(&self, measure: Measure) -> Option<u64> {
        match measure {
            Measure::Latency => self.duration.map(|duration| nanoseconds(duration.p99)),
            Measure::Bytes => Some(both_ways(self.bytes)),
            Measure::Requests => Some(self.requests),
            Measure::Errors => Some(self.errors),
            Measure::Tls => self.posture.as_ref().and_then(|posture| tls_rank(posture.version)),
            _ => None,
        }
    }
}

/// The method of an endpoint whose method is not known.
pub(crate) const UNKNOWN_METHOD: &str = "?";

fn server(report: &DestinationReport) -> Sides<'_> {
    Sides { client: None, server: Some(&report.server) }
}

fn socket(endpoint: &EndpointReport, field: Field) -> Option<SocketAddr> {
    if field == Field::Server { endpoint.service.parse().ok() } else { None }
}

/// Whether a label is the identity of a process rather than the name of a host: see
/// [`crate::pipeline::process::identity_label`].
pub(crate) fn is_identity(label: &str) -> bool {
    label.starts_with(['/', '[']) && label.parse::<SocketAddr>().is_err()
        || label.starts_with("container:")
        || is_unit(label)
}

/// Whether a label is that of a systemd unit: the only units that are identities are services.
pub(crate) fn is_unit(label: &str) -> bool {
    label.ends_with(".service") && !label.starts_with(['/', '['])
}
