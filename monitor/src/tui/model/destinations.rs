//! Who talks to whom: one row for each identity × destination.

use std::sync::Arc;

use super::RowId;
use super::party::{Pair, Party};
use super::shelf::{Entry, Shelf};
use super::traffic::{Step, Totals, Traffic};
use crate::pipeline::output::tls::Posture;
use crate::pipeline::output::{
    Auth, DestinationReport, Encryption, End, Ends, Exchange, Quantiles,
};
use crate::pipeline::time::{Timestamp, WallTime};

/// Identity × destination pairs.
pub(crate) type Destinations = Shelf<Pair, Destination, LIMIT>;

const LIMIT: usize = 1_000;

/// How the connections of a pair are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Protection {
    /// Nothing was recognised yet.
    Unknown,
    /// All in TLS.
    Tls,
    /// Some in TLS, some clear.
    Mixed,
    /// All clear.
    Clear,
}

impl Protection {
    /// With one more connection of this encryption.
    pub(crate) const fn with(self, encryption: Encryption) -> Self {
        match (self, encryption) {
            (kept, Encryption::Unknown) => kept,
            (Self::Unknown | Self::Tls, Encryption::Tls) => Self::Tls,
            (Self::Unknown | Self::Clear, Encryption::Clear) => Self::Clear,
            _ => Self::Mixed,
        }
    }

    const fn merge(self, other: Self) -> Self {
        match other {
            Self::Unknown => self,
            Self::Tls => self.with(Encryption::Tls),
            Self::Clear => self.with(Encryption::Clear),
            Self::Mixed => Self::Mixed,
        }
    }
}

/// What is counted of a pair.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    id: RowId,
    /// Who connects; none for the row that sums up the rest.
    pub(crate) client: Option<Party>,
    /// The client as last seen; none where only the inventory told of it.
    pub(crate) client_end: Option<End>,
    /// The server as last seen; none for the row that sums up the rest.
    pub(crate) server: Option<End>,
    /// Authority that requests named last.
    pub(crate) host: Option<Arc<str>>,
    /// Connections open now.
    pub(crate) open: u64,
    /// Connections so far, where the inventory counts them.
    pub(crate) connections: Option<u64>,
    /// What was counted since the last report.
    pub(crate) traffic: Traffic,
    /// How its connections are protected.
    pub(crate) protection: Protection,
    /// Of its last TLS handshake.
    pub(crate) posture: Option<Posture>,
    /// How the client proved who it is.
    pub(crate) auth: Vec<Auth>,
    /// First time that it was seen.
    pub(crate) first_seen: Option<WallTime>,
    /// Last time that anything was said of it.
    pub(crate) last_seen: WallTime,
    /// What the inventory counted up to its last report.
    reported: Option<Totals>,
    quantiles: Option<Quantiles>,
    touched: Timestamp,
    made: Timestamp,
}

impl Destination {
    /// Counts a step of an exchange.
    pub(crate) fn count(&mut self, exchange: &Exchange, step: &Step, now: Timestamp) {
        self.traffic.count(step, now);
        self.see(exchange.time);
        note(&mut self.auth, exchange.auth);
        if let Some(host) = exchange.request.as_ref().and_then(|request| request.host.as_ref()) {
            self.host = Some(Arc::clone(host));
        }
    }

    /// Bytes that no exchange counted. What the inventory counts is in its next report.
    pub(crate) fn add_bytes(&mut self, bytes: u64) {
        if self.reported.is_none() {
            let totals = &mut self.traffic.totals;
            totals.bytes = totals.bytes.saturating_add(bytes);
        }
    }

    /// Takes what the inventory knows, which counts everything up to now.
    pub(crate) fn report(&mut self, report: &DestinationReport) {
        self.server = Some(report.server.clone());
        self.connections = Some(report.connections);
        self.traffic.totals = Totals::default();
        self.reported = Some(Totals {
            exchanges: report.requests,
            errors: report.errors,
            bytes: report.bytes.to_server.saturating_add(report.bytes.to_client),
        });
        self.quantiles = report.duration;
        report.auth.iter().for_each(|auth| note(&mut self.auth, *auth));
        if report.in_clear {
            self.protection = self.protection.with(Encryption::Clear);
        }
        if let Some(posture) = &report.posture {
            self.protection = self.protection.with(Encryption::Tls);
            self.posture = Some(posture.clone());
        }
        // Its clock may have been set, so that what was seen last is not the latest time.
        self.first_seen = Some(report.first_seen);
        self.last_seen = report.last_seen;
    }

    /// Both ends as they are now.
    pub(crate) fn meet(&mut self, ends: &Ends) {
        if self.server.as_ref() != Some(&ends.server) {
            self.server = Some(ends.server.clone());
        }
        if self.client_end.as_ref() != Some(&ends.client) {
            self.client_end = Some(ends.client.clone());
        }
    }

    /// It was seen then.
    pub(crate) fn see(&mut self, time: WallTime) {
        self.last_seen = self.last_seen.max(time);
        self.first_seen = Some(self.first_seen.map_or(time, |first| first.min(time)));
    }

    /// It is in use now.
    pub(crate) fn touch(&mut self, now: Timestamp) {
        self.touched = self.touched.max(now);
    }

    /// Since its first report, or since the start.
    pub(crate) fn totals(&self) -> Totals {
        self.traffic.totals.plus(self.reported.unwrap_or_default())
    }

    /// The duration that `percent` of the exchanges do not exceed.
    pub(crate) fn quantile(&self, percent: u64) -> Option<std::time::Duration> {
        self.traffic.quantile(percent, self.quantiles.as_ref())
    }

    /// When the row was made.
    pub(crate) fn made(&self) -> Timestamp {
        self.made
    }

    /// Whether nothing is known of it but that connections of it were open.
    pub(super) fn is_empty(&self) -> bool {
        self.open == 0
            && self.reported.is_none()
            && self.posture.is_none()
            && self.totals() == Totals::default()
    }
}

/// Adds what is not there yet; there are few kinds.
pub(super) fn note(kinds: &mut Vec<Auth>, auth: Auth) {
    if let Err(place) = kinds.binary_search(&auth) {
        kinds.insert(place, auth);
    }
}

impl Entry for Destination {
    fn new(id: RowId, now: Timestamp) -> Self {
        Self {
            id,
            client: None,
            client_end: None,
            server: None,
            host: None,
            open: 0,
            connections: None,
            traffic: Traffic::default(),
            protection: Protection::Unknown,
            posture: None,
            auth: Vec::new(),
            first_seen: None,
            last_seen: WallTime(0),
            reported: None,
            quantiles: None,
            touched: now,
            made: now,
        }
    }

    fn id(&self) -> RowId {
        self.id
    }

    fn touched(&self) -> Timestamp {
        self.touched
    }

    fn absorb(&mut self, other: &Self) {
        self.open += other.open;
        self.traffic.absorb(&other.traffic);
        self.traffic.totals = self.traffic.totals.plus(other.reported.unwrap_or_default());
        self.see(other.last_seen);
        self.touch(other.touched);
        self.protection = self.protection.merge(other.protection);
    }
}
