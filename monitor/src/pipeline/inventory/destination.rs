//! An identity and one of its destinations.

use std::sync::Arc;

use super::kinds::AuthSet;
use super::latency::{Bucket, Latencies};
use crate::pipeline::detect::Moment;
use crate::pipeline::detect::naming::identity;
use crate::pipeline::input::SocketAddress;
use crate::pipeline::output::tls::Posture;
use crate::pipeline::output::{DestinationReport, End, Ends, Exchange, PerDirection};
use crate::pipeline::time::Timestamp;

/// What makes a destination of an identity: its name where it has one, since addresses
/// come and go, and its port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DestinationKey {
    identity: Arc<str>,
    server: Server,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Server {
    Name(Arc<str>, u16),
    Address(SocketAddress),
}

impl DestinationKey {
    pub(super) fn of(ends: &Ends) -> Self {
        let server = match &ends.server.name {
            Some(name) => Server::Name(Arc::clone(&name.text), ends.server.address.port),
            None => Server::Address(ends.server.address),
        };
        Self { identity: identity(ends.client.process.as_ref()), server }
    }
}

/// What is known of an identity and one of its destinations.
#[derive(Debug)]
pub(super) struct Destination {
    pub(super) key: DestinationKey,
    server: End,
    auth: AuthSet,
    pub(super) in_clear: bool,
    pub(super) posture: Option<Posture>,
    first_seen: Timestamp,
    last_seen: Timestamp,
    pub(super) connections: u64,
    bytes: PerDirection<u64>,
    requests: u64,
    errors: u64,
    latencies: Latencies,
}

impl Destination {
    pub(super) fn new(key: DestinationKey, server: &End, first_seen: Timestamp) -> Self {
        Self {
            key,
            server: server.clone(),
            auth: AuthSet::default(),
            in_clear: false,
            posture: None,
            first_seen,
            last_seen: first_seen,
            connections: 0,
            bytes: PerDirection::default(),
            requests: 0,
            errors: 0,
            latencies: Latencies::default(),
        }
    }

    /// Whether nothing is known of it but that it is there.
    pub(super) fn is_empty(&self) -> bool {
        self.connections == 0
            && self.requests == 0
            && self.errors == 0
            && self.bytes == PerDirection::default()
            && self.posture.is_none()
    }

    pub(super) fn count(&mut self, exchange: &Exchange, bucket: Option<Bucket>) {
        self.auth.add(exchange.auth);
        self.in_clear |= !exchange.encrypted;
        let is_request = exchange.request.is_some() && exchange.progress.is_first();
        self.requests += u64::from(is_request);
        if exchange.progress.is_last() {
            self.errors += u64::from(exchange.is_error());
        }
        if let (Some(bucket), Some(duration)) = (bucket, exchange.duration) {
            self.latencies.add(bucket, duration);
        }
    }

    pub(super) fn see(&mut self, server: &End, time: Timestamp) {
        if self.server != *server {
            self.server.clone_from(server);
        }
        self.last_seen = self.last_seen.max(time);
    }

    pub(super) const fn add_bytes(&mut self, bytes: PerDirection<u64>) {
        self.bytes.to_server = self.bytes.to_server.saturating_add(bytes.to_server);
        self.bytes.to_client = self.bytes.to_client.saturating_add(bytes.to_client);
    }

    pub(super) fn report(&self, at: Moment) -> DestinationReport {
        DestinationReport {
            time: at.wall(),
            identity: Arc::clone(&self.key.identity),
            server: self.server.clone(),
            first_seen: at.wall_offset.wall(self.first_seen),
            last_seen: at.wall_offset.wall(self.last_seen),
            connections: self.connections,
            bytes: self.bytes,
            requests: self.requests,
            errors: self.errors,
            duration: self.latencies.quantiles(),
            auth: self.auth.list(),
            in_clear: self.in_clear,
            posture: self.posture.clone(),
        }
    }
}
