//! What is in use: endpoints, and the destinations of identities.

use std::sync::Arc;
use std::time::Duration;

use super::tls::Posture;
use super::{Auth, End, PerDirection, Protocol};
use crate::pipeline::time::WallTime;

/// What is known of an endpoint: a service, a method and a route.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointReport {
    /// When it is said.
    pub time: WallTime,
    /// Who serves it: name, or identity of the process, or address and port.
    pub service: Arc<str>,
    /// The method; `_OTHER` where it is not one of those in use, `?` where not known.
    pub method: &'static str,
    /// Template of the path. One that folds into another is said no more, and what was
    /// counted for it is in the other from then on.
    pub route: Arc<str>,
    /// Protocols it was used with, in order.
    pub protocols: Vec<Protocol>,
    /// First request.
    pub first_seen: WallTime,
    /// Last request.
    pub last_seen: WallTime,
    /// Requests.
    pub requests: u64,
    /// Responses with a status of 400 and above, or a gRPC status other than 0.
    pub errors: u64,
    /// From the first byte of a request to the last of its response.
    pub duration: Option<Quantiles>,
    /// How clients proved who they are, in order.
    pub auth: Vec<Auth>,
    /// Whether requests came in the clear.
    pub in_clear: bool,
    /// Whether requests came inside encryption.
    pub encrypted: bool,
}

/// What is known of an identity and one of its destinations.
#[derive(Clone, Debug, PartialEq)]
pub struct DestinationReport {
    /// When it is said.
    pub time: WallTime,
    /// Identity of the client, as findings name it.
    pub identity: Arc<str>,
    /// The destination as it was last seen.
    pub server: End,
    /// First connection.
    pub first_seen: WallTime,
    /// Last traffic.
    pub last_seen: WallTime,
    /// Connections.
    pub connections: u64,
    /// Bytes that moved.
    pub bytes: PerDirection<u64>,
    /// Requests.
    pub requests: u64,
    /// Responses with a status of 400 and above, or a gRPC status other than 0.
    pub errors: u64,
    /// From the first byte of a request to the last of its response.
    pub duration: Option<Quantiles>,
    /// How the client proved who it is, in order.
    pub auth: Vec<Auth>,
    /// Whether anything moved in the clear.
    pub in_clear: bool,
    /// Posture of the last TLS handshake.
    pub posture: Option<Posture>,
}

/// Quantiles of durations, each within 2 % between 4 µs and 23 minutes. The last hundred
/// thousand or so count most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantiles {
    /// Median.
    pub p50: Duration,
    /// 95 %.
    pub p95: Duration,
    /// 99 %.
    pub p99: Duration,
    /// The longest ever.
    pub max: Duration,
}
