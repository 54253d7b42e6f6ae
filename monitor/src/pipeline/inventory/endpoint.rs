//! A service, a method and a route.

use std::sync::Arc;

use super::kinds::{AuthSet, MethodId, ProtocolSet};
use super::latency::{Bucket, Latencies};
use crate::pipeline::detect::Moment;
use crate::pipeline::output::{EndpointReport, Exchange};
use crate::pipeline::route::RouteId;
use crate::pipeline::time::Timestamp;

/// What is known of an endpoint.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) service: Arc<str>,
    pub(super) method: MethodId,
    pub(super) route: RouteId,
    pub(super) text: Arc<str>,
    protocols: ProtocolSet,
    auth: AuthSet,
    in_clear: bool,
    encrypted: bool,
    first_seen: Timestamp,
    last_seen: Timestamp,
    requests: u64,
    errors: u64,
    latencies: Latencies,
}

impl Endpoint {
    pub(super) fn new(
        service: Arc<str>,
        method: MethodId,
        route: RouteId,
        text: Arc<str>,
        first_seen: Timestamp,
    ) -> Self {
        Self {
            service,
            method,
            route,
            text,
            protocols: ProtocolSet::default(),
            auth: AuthSet::default(),
            in_clear: false,
            encrypted: false,
            first_seen,
            last_seen: first_seen,
            requests: 0,
            errors: 0,
            latencies: Latencies::default(),
        }
    }

    pub(super) fn count(&mut self, exchange: &Exchange, bucket: Option<Bucket>, at: Moment) {
        let began = at.wall_offset.kernel(exchange.time);
        self.protocols.add(exchange.protocol);
        self.auth.add(exchange.auth);
        self.in_clear |= !exchange.encrypted;
        self.encrypted |= exchange.encrypted;
        self.first_seen = self.first_seen.min(began);
        self.last_seen = self.last_seen.max(began);
        self.requests += u64::from(exchange.progress.is_first());
        if exchange.progress.is_last() {
            self.errors += u64::from(exchange.is_error());
        }
        if let (Some(bucket), Some(duration)) = (bucket, exchange.duration) {
            self.latencies.add(bucket, duration);
        }
    }

    /// Takes over what was counted for a route that folded into this one.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.protocols.absorb(other.protocols);
        self.auth.absorb(other.auth);
        self.in_clear |= other.in_clear;
        self.encrypted |= other.encrypted;
        self.first_seen = self.first_seen.min(other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
        self.requests += other.requests;
        self.errors += other.errors;
        self.latencies.absorb(&other.latencies);
    }

    /// By what it comes in a list.
    pub(super) fn order(&self) -> (Arc<str>, Arc<str>, &'static str) {
        (Arc::clone(&self.service), Arc::clone(&self.text), self.method.name())
    }

    pub(super) fn report(&self, at: Moment) -> EndpointReport {
        EndpointReport {
            time: at.wall(),
            service: Arc::clone(&self.service),
            method: self.method.name(),
            route: Arc::clone(&self.text),
            protocols: self.protocols.list(),
            first_seen: at.wall_offset.wall(self.first_seen),
            last_seen: at.wall_offset.wall(self.last_seen),
            requests: self.requests,
            errors: self.errors,
            duration: self.latencies.quantiles(),
            auth: self.auth.list(),
            in_clear: self.in_clear,
            encrypted: self.encrypted,
        }
    }
}
