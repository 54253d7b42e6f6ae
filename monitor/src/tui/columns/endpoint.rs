//! Columns of the endpoints.

use std::cmp::Ordering;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::filter::records::{UNKNOWN_METHOD, is_identity, is_unit, nanoseconds};
use crate::filter::{Field, Measure, Record};
use crate::tui::model::RowId;
use crate::tui::model::endpoints::{Endpoint, EndpointKey, Wire};
use crate::tui::model::series::Tally;
use crate::tui::model::shelf::Entry;
use crate::tui::model::window::Span;
use crate::tui::scope::Scope;
use crate::tui::table::{Align, Column, Direction, Edge, Shape, Sort};

/// Columns of the endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndpointColumn {
    Service,
    Method,
    Route,
    Rate,
    Errors,
    Median,
    Slowest,
    Wire,
    Auth,
    Requests,
    FirstSeen,
    LastSeen,
}

/// A row with what has to be worked out for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndpointRow<'a> {
    pub(crate) endpoint: &'a Endpoint,
    /// Exchanges and errors in the window.
    pub(crate) tally: Tally,
    /// Exchanges a second in the window.
    pub(crate) rate: f64,
    /// Duration that half of the exchanges do not exceed.
    pub(crate) p50: Option<Duration>,
    /// Duration that 99 of 100 exchanges do not exceed.
    pub(crate) p99: Option<Duration>,
}

impl<'a> EndpointRow<'a> {
    /// The row as it is at the end of `span`.
    pub(crate) fn new(endpoint: &'a Endpoint, span: Span) -> Self {
        let tally = endpoint.traffic.tally(span);
        let (p50, p99) = (endpoint.quantile(50), endpoint.quantile(99));
        Self { endpoint, tally, rate: span.rate(tally.exchanges), p50, p99 }
    }

    /// Which endpoint; none for the row that sums up the rest.
    pub(crate) fn key(&self) -> Option<&'a EndpointKey> {
        self.endpoint.key.as_ref()
    }
}

impl Column for EndpointColumn {
    type Row<'a> = EndpointRow<'a>;
    const ALL: &'static [Self] = &[
        Self::Service,
        Self::Method,
        Self::Route,
        Self::Rate,
        Self::Errors,
        Self::Median,
        Self::Slowest,
        Self::Wire,
        Self::Auth,
        Self::Requests,
        Self::FirstSeen,
        Self::LastSeen,
    ];
    const FIRST: Sort<Self> = Sort { column: Self::Rate, direction: Direction::Descending };
    const EDGE: Edge = Edge::Top;

    fn title(self) -> &'static str {
        match self {
            Self::Service => "SERVICE",
            Self::Method => "METHOD",
            Self::Route => "ROUTE",
            Self::Rate => "RATE/S",
            Self::Errors => "ERRORS",
            Self::Median => "P50",
            Self::Slowest => "P99",
            Self::Wire => "PROT",
            Self::Auth => "AUTH",
            Self::Requests => "TOTAL",
            Self::FirstSeen => "FIRST",
            Self::LastSeen => "LAST",
        }
    }

    fn shape(self) -> Shape {
        let (width, share, rank, align) = match self {
            Self::Service => (13, 1, 0, Align::Tail),
            Self::Method => (7, 0, 0, Align::Left),
            Self::Route => (18, 3, 0, Align::Left),
            Self::Rate => (7, 0, 1, Align::Right),
            Self::Errors => (6, 0, 2, Align::Right),
            Self::Wire => (7, 0, 3, Align::Left),
            Self::Slowest => (6, 0, 4, Align::Right),
            Self::Requests => (6, 0, 5, Align::Right),
            Self::Auth => (11, 1, 6, Align::Left),
            Self::Median => (6, 0, 7, Align::Right),
            Self::LastSeen => (5, 0, 8, Align::Right),
            Self::FirstSeen => (6, 0, 9, Align::Right),
        };
        Shape { width, share, rank, align }
    }

    fn compare(self, left: &Self::Row<'_>, right: &Self::Row<'_>) -> Ordering {
        let (l, r) = (left.endpoint, right.endpoint);
        let by_key = |order: fn(&EndpointKey, &EndpointKey) -> Ordering| match (&l.key, &r.key) {
            (Some(one), Some(other)) => order(one, other),
            (one, other) => one.is_none().cmp(&other.is_none()),
        };
        match self {
            Self::Service => by_key(|one, other| one.service.cmp(&other.service)),
            Self::Method => by_key(|one, other| one.method.cmp(other.method)),
            Self::Route => by_key(|one, other| one.route.cmp(&other.route)),
            Self::Rate => left.rate.total_cmp(&right.rate),
            Self::Errors => {
                let share = |row: &EndpointRow<'_>| row.tally.error_share().unwrap_or(-1.0);
                share(left).total_cmp(&share(right))
            }
            Self::Median => left.p50.cmp(&right.p50),
            Self::Slowest => left.p99.cmp(&right.p99),
            Self::Wire => l.wire.cmp(&r.wire),
            Self::Auth => l.auth.cmp(&r.auth),
            Self::Requests => l.totals().exchanges.cmp(&r.totals().exchanges),
            Self::FirstSeen => l.first_seen.cmp(&r.first_seen),
            Self::LastSeen => l.last_seen.cmp(&r.last_seen),
        }
    }

    fn id(row: &Self::Row<'_>) -> RowId {
        row.endpoint.id()
    }

    fn is_inside(row: &Self::Row<'_>, scope: &Scope) -> bool {
        match scope {
            Scope::Service(service) => row.key().is_some_and(|key| key.service == *service),
            Scope::Endpoint(key) => row.key() == Some(key),
            _ => true,
        }
    }
}

impl Record for EndpointRow<'_> {
    fn any_text(&self, field: Field, test: &mut dyn FnMut(&str) -> bool) -> bool {
        const ALL: [Field; 5] =
            [Field::Server, Field::Method, Field::Route, Field::Protocol, Field::Auth];
        let Some(key) = self.key() else { return false };
        match field {
            Field::Any => ALL.iter().any(|field| self.any_text(*field, test)),
            Field::Type => test("endpoint"),
            Field::Service | Field::Server => test(&key.service),
            Field::Process => is_identity(&key.service) && test(&key.service),
            Field::Unit => is_unit(&key.service) && test(&key.service),
            Field::Method => key.method != UNKNOWN_METHOD && test(key.method),
            Field::Route => test(&key.route),
            Field::Auth => self.endpoint.auth.iter().any(|auth| test(auth.name())),
            Field::Protocol => self.endpoint.protocols.iter().any(|it| test(it.name())),
            Field::Encryption => match self.endpoint.wire {
                Wire::Unknown => test("unknown"),
                Wire::Encrypted => test("tls"),
                Wire::Clear => test("clear"),
                Wire::Both => test("tls") || test("clear"),
            },
            _ => false,
        }
    }

    /// A service may be known by its address alone.
    fn address(&self, field: Field) -> Option<IpAddr> {
        self.socket(field).map(|socket| socket.ip())
    }

    fn port(&self, field: Field) -> Option<u16> {
        self.socket(field).map(|socket| socket.port())
    }

    /// Latency is the 99th percentile.
    fn quantity(&self, measure: Measure) -> Option<u64> {
        match measure {
            Measure::Latency => self.p99.map(nanoseconds),
            Measure::Bytes => Some(self.endpoint.totals().bytes),
            Measure::Requests => Some(self.endpoint.totals().exchanges),
            Measure::Errors => Some(self.endpoint.totals().errors),
            _ => None,
        }
    }
}

impl EndpointRow<'_> {
    fn socket(&self, field: Field) -> Option<SocketAddr> {
        if field == Field::Server { self.key()?.service.parse().ok() } else { None }
    }
}
