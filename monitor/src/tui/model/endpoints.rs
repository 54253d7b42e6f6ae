//! What is served: one row for each service, method and route.

use std::sync::Arc;
use std::time::Duration;

use super::RowId;
use super::destinations::note;
use super::shelf::{Entry, Shelf};
use super::traffic::{Step, Totals, Traffic};
use crate::pipeline::inventory::{method_name, service_name};
use crate::pipeline::output::{Auth, EndpointReport, Exchange, Protocol, Quantiles};
use crate::pipeline::time::{Timestamp, WallTime};

/// Endpoints.
pub(crate) type Endpoints = Shelf<EndpointKey, Endpoint, LIMIT>;

const LIMIT: usize = 1_000;

/// What makes an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EndpointKey {
    pub(crate) service: Arc<str>,
    pub(crate) route: Arc<str>,
    pub(crate) method: &'static str,
}

impl EndpointKey {
    /// The endpoint of an exchange; none where its path is not known.
    pub(crate) fn of(exchange: &Exchange) -> Option<Self> {
        let method = method_name(&exchange.request.as_ref()?.method);
        let route = Arc::clone(exchange.route.as_ref()?);
        Some(Self { service: service_name(&exchange.ends), route, method })
    }

    /// The endpoint that a report is about.
    pub(crate) fn reported(report: &EndpointReport) -> Self {
        let (service, route) = (Arc::clone(&report.service), Arc::clone(&report.route));
        Self { service, route, method: report.method }
    }

    /// Whether an exchange is of it.
    pub(crate) fn has(&self, exchange: &Exchange) -> bool {
        exchange.route.as_ref() == Some(&self.route)
            && exchange.request.as_ref().is_some_and(|r| method_name(&r.method) == self.method)
            && service_name(&exchange.ends) == self.service
    }
}

/// What is counted of an endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    id: RowId,
    /// Which; none for the row that sums up the rest.
    pub(crate) key: Option<EndpointKey>,
    /// What was counted since the last report.
    pub(crate) traffic: Traffic,
    /// Protocols it was used with, in order.
    pub(crate) protocols: Vec<Protocol>,
    /// How clients proved who they are, in order.
    pub(crate) auth: Vec<Auth>,
    /// How requests came.
    pub(crate) wire: Wire,
    /// First request.
    pub(crate) first_seen: Option<WallTime>,
    /// Last request.
    pub(crate) last_seen: WallTime,
    reported: Option<Totals>,
    quantiles: Option<Quantiles>,
    touched: Timestamp,
}

/// How requests came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wire {
    /// None was seen.
    #[default]
    Unknown,
    /// All inside encryption.
    Encrypted,
    /// Some inside encryption, some in the clear.
    Both,
    /// All in the clear.
    Clear,
}

impl Wire {
    fn with(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown, wire) | (wire, Self::Unknown) => wire,
            (one, another) if one == another => one,
            _ => Self::Both,
        }
    }

    const fn of(encrypted: bool) -> Self {
        if encrypted { Self::Encrypted } else { Self::Clear }
    }
}

impl Endpoint {
    /// Counts a step of an exchange.
    pub(crate) fn count(&mut self, exchange: &Exchange, step: &Step, now: Timestamp) {
        self.touched = now;
        self.traffic.count(step, now);
        self.see(exchange.time);
        self.wire = self.wire.with(Wire::of(exchange.encrypted));
        note(&mut self.auth, exchange.auth);
        self.spoken(exchange.protocol);
    }

    /// Takes what the inventory knows, which counts everything up to now.
    pub(crate) fn report(&mut self, report: &EndpointReport, now: Timestamp) {
        self.touched = now;
        self.traffic.totals = Totals::default();
        let (exchanges, errors) = (report.requests, report.errors);
        self.reported = Some(Totals { exchanges, errors, bytes: 0 });
        self.quantiles = report.duration;
        report.auth.iter().for_each(|auth| note(&mut self.auth, *auth));
        report.protocols.iter().for_each(|protocol| self.spoken(*protocol));
        if report.encrypted {
            self.wire = self.wire.with(Wire::Encrypted);
        }
        if report.in_clear {
            self.wire = self.wire.with(Wire::Clear);
        }
        // Its clock may have been set, so that what was seen last is not the latest time.
        self.first_seen = Some(report.first_seen);
        self.last_seen = report.last_seen;
    }

    /// Since it was first reported, or since the start.
    pub(crate) fn totals(&self) -> Totals {
        self.traffic.totals.plus(self.reported.unwrap_or_default())
    }

    /// The duration that `percent` of the exchanges do not exceed.
    pub(crate) fn quantile(&self, percent: u64) -> Option<Duration> {
        self.traffic.quantile(percent, self.quantiles.as_ref())
    }

    fn see(&mut self, time: WallTime) {
        self.last_seen = self.last_seen.max(time);
        self.first_seen = Some(self.first_seen.map_or(time, |first| first.min(time)));
    }

    fn spoken(&mut self, protocol: Protocol) {
        if let Err(place) = self.protocols.binary_search(&protocol) {
            self.protocols.insert(place, protocol);
        }
    }
}

impl Entry for Endpoint {
    fn new(id: RowId, now: Timestamp) -> Self {
        Self {
            id,
            key: None,
            traffic: Traffic::default(),
            protocols: Vec::new(),
            auth: Vec::new(),
            wire: Wire::Unknown,
            first_seen: None,
            last_seen: WallTime(0),
            reported: None,
            quantiles: None,
            touched: now,
        }
    }

    fn id(&self) -> RowId {
        self.id
    }

    fn touched(&self) -> Timestamp {
        self.touched
    }

    fn absorb(&mut self, other: &Self) {
        self.traffic.absorb(&other.traffic);
        self.traffic.totals = self.traffic.totals.plus(other.reported.unwrap_or_default());
        self.wire = self.wire.with(other.wire);
        self.touched = self.touched.max(other.touched);
        self.see(other.last_seen);
    }
}
