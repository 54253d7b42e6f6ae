//! Who talks to whom: one row for each identity × destination.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::RowId;
use super::latency::Latency;
use super::rate::RateWindow;
use crate::pipeline::input::SocketAddress;
use crate::pipeline::output::{Encryption, End, Ends, Exchange};
use crate::pipeline::time::Timestamp;

/// Identity × destination pairs; bounded: pairs beyond the limit, and long idle ones
/// that had to make room, are summed up in one row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Destinations {
    pairs: BTreeMap<DestinationKey, Destination>,
    other: Option<Box<Destination>>,
    next_id: u64,
    next_sweep: Timestamp,
}

const LIMIT: usize = 1_000;
/// A pair that was idle for this long may make room for a new one.
const IDLE: Duration = Duration::from_secs(300);
/// Looking for idle pairs costs a walk over all, so it is not done more often.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

/// What makes a pair.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DestinationKey {
    client: Party,
    server: SocketAddress,
}

/// An end by its identity where it lives on this host, else by its address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Party {
    Identity(Arc<str>),
    Address(IpAddr),
}

impl DestinationKey {
    /// The pair of the ends of a connection.
    pub(crate) fn of(ends: &Ends) -> Self {
        let client = match &ends.client.process {
            Some(process) => Party::Identity(Arc::clone(&process.identity)),
            None => Party::Address(ends.client.address.address),
        };
        Self { client, server: ends.server.address }
    }
}

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
    /// Names the row.
    pub(crate) id: RowId,
    /// Both ends as last seen; none for the row that sums up the rest.
    pub(crate) ends: Option<Arc<Ends>>,
    /// Authority that requests named last.
    pub(crate) host: Option<Arc<str>>,
    /// Connections open now.
    pub(crate) open: u64,
    /// Exchanges so far.
    pub(crate) exchanges: u64,
    /// Responses of 4xx and 5xx so far.
    pub(crate) errors: u64,
    /// Bytes so far, both ways; of an open connection only those of its exchanges.
    pub(crate) bytes: u64,
    /// Exchanges over the last ten seconds.
    pub(crate) rate: RateWindow,
    /// Durations of exchanges.
    pub(crate) latency: Latency,
    /// Last time that anything was said of it.
    pub(crate) last_seen: Timestamp,
    /// How its connections are protected.
    pub(crate) protection: Protection,
}

impl Destination {
    fn new(id: RowId, now: Timestamp) -> Self {
        Self {
            id,
            ends: None,
            host: None,
            open: 0,
            exchanges: 0,
            errors: 0,
            bytes: 0,
            rate: RateWindow::default(),
            latency: Latency::default(),
            last_seen: now,
            protection: Protection::Unknown,
        }
    }

    /// Counts an exchange of `bytes`.
    pub(crate) fn count(&mut self, exchange: &Exchange, bytes: u64, now: Timestamp) {
        self.exchanges += 1;
        self.errors += u64::from(exchange.is_error());
        self.bytes = self.bytes.saturating_add(bytes);
        self.rate.add(1, now);
        self.last_seen = now;
        if let Some(duration) = exchange.duration {
            self.latency.add(duration);
        }
        if let Some(host) = exchange.request.as_ref().and_then(|request| request.host.as_ref()) {
            self.host = Some(Arc::clone(host));
        }
    }

    /// The end that connects; none for the row that sums up the rest.
    pub(crate) fn client(&self) -> Option<&End> {
        self.ends.as_ref().map(|ends| &ends.client)
    }

    /// The end that accepts.
    pub(crate) fn server(&self) -> Option<&End> {
        self.ends.as_ref().map(|ends| &ends.server)
    }

    fn absorb(&mut self, other: &Self) {
        self.open += other.open;
        self.exchanges += other.exchanges;
        self.errors += other.errors;
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.latency.merge(&other.latency);
        self.last_seen = self.last_seen.max(other.last_seen);
        self.protection = self.protection.merge(other.protection);
    }
}

impl Destinations {
    /// The row of a pair, new where there is room, else the row for the rest.
    pub(crate) fn entry(&mut self, ends: &Arc<Ends>, now: Timestamp) -> &mut Destination {
        let key = DestinationKey::of(ends);
        if !self.pairs.contains_key(&key) && self.pairs.len() >= LIMIT {
            self.sweep(now);
            if self.pairs.len() >= LIMIT {
                return self.rest(now);
            }
        }
        let next_id = &mut self.next_id;
        let destination = self.pairs.entry(key).or_insert_with(|| {
            *next_id += 1;
            Destination::new(RowId(*next_id), now)
        });
        destination.ends = Some(Arc::clone(ends));
        destination
    }

    /// One connection of a pair is no longer open, or belongs to another pair after
    /// all; a pair of which nothing else was said is forgotten.
    pub(crate) fn release(&mut self, key: &DestinationKey) {
        let Some(destination) = self.pairs.get_mut(key) else {
            if let Some(other) = &mut self.other {
                other.open = other.open.saturating_sub(1);
            }
            return;
        };
        destination.open = destination.open.saturating_sub(1);
        if destination.open == 0 && destination.exchanges == 0 && destination.bytes == 0 {
            self.pairs.remove(key);
        }
    }

    /// All rows, in a fixed order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Destination> {
        self.pairs.values().chain(self.other.as_deref())
    }

    /// The row of an id.
    pub(crate) fn find(&self, id: RowId) -> Option<&Destination> {
        self.iter().find(|destination| destination.id == id)
    }

    fn rest(&mut self, now: Timestamp) -> &mut Destination {
        let new = || Box::new(Destination::new(RowId(u64::MAX), now));
        self.other.get_or_insert_with(new)
    }

    fn sweep(&mut self, now: Timestamp) {
        if now < self.next_sweep {
            return;
        }
        self.next_sweep = now.plus(SWEEP_INTERVAL);
        let is_idle = |destination: &Destination| now.since(destination.last_seen) >= IDLE;
        let idle: Vec<_> =
            self.pairs.iter().filter(|(_, d)| is_idle(d)).map(|(key, _)| key.clone()).collect();
        for key in idle {
            if let Some(destination) = self.pairs.remove(&key) {
                self.rest(now).absorb(&destination);
            }
        }
    }
}
