//! Columns of the identity × destination rows.

use std::cmp::Ordering;
use std::net::IpAddr;
use std::time::Duration;

use super::compare_ends;
use crate::filter::records::Sides;
use crate::filter::{Field, Measure, Record};
use crate::pipeline::time::Timestamp;
use crate::tui::model::RowId;
use crate::tui::model::destinations::{Destination, Protection};
use crate::tui::table::{Align, Column, Direction, Edge, Shape, Sort};

/// Columns of the identity × destination rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DestinationColumn {
    Client,
    Destination,
    Protection,
    Open,
    Rate,
    Exchanges,
    Errors,
    Bytes,
    Median,
    Slowest,
    LastSeen,
}

/// A row with what has to be worked out for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DestinationRow<'a> {
    pub(crate) destination: &'a Destination,
    /// Exchanges a second over the last ten.
    pub(crate) rate: f64,
    /// Duration that half of the exchanges do not exceed.
    pub(crate) p50: Option<Duration>,
    /// Duration that 99 of 100 exchanges do not exceed.
    pub(crate) p99: Option<Duration>,
}

impl<'a> DestinationRow<'a> {
    /// The row as it is at `now`, of a model that started at `started`.
    pub(crate) fn new(destination: &'a Destination, started: Timestamp, now: Timestamp) -> Self {
        Self {
            destination,
            rate: destination.rate.rate(started, now),
            p50: destination.latency.quantile(50),
            p99: destination.latency.quantile(99),
        }
    }
}

impl Column for DestinationColumn {
    type Row<'a> = DestinationRow<'a>;
    const ALL: &'static [Self] = &[
        Self::Client,
        Self::Destination,
        Self::Protection,
        Self::Open,
        Self::Rate,
        Self::Exchanges,
        Self::Errors,
        Self::Bytes,
        Self::Median,
        Self::Slowest,
        Self::LastSeen,
    ];
    const FIRST: Sort<Self> = Sort { column: Self::Exchanges, direction: Direction::Descending };
    const EDGE: Edge = Edge::Top;

    fn title(self) -> &'static str {
        match self {
            Self::Client => "CLIENT",
            Self::Destination => "DESTINATION",
            Self::Protection => "PROT",
            Self::Open => "OPEN",
            Self::Rate => "RATE/S",
            Self::Exchanges => "EXCH",
            Self::Errors => "ERRORS",
            Self::Bytes => "BYTES",
            Self::Median => "P50",
            Self::Slowest => "P99",
            Self::LastSeen => "LAST",
        }
    }

    fn shape(self) -> Shape {
        let (width, share, rank, align) = match self {
            Self::Client => (14, 2, 0, Align::Tail),
            Self::Destination => (16, 3, 0, Align::Tail),
            Self::Protection => (8, 0, 3, Align::Left),
            Self::Open => (5, 0, 7, Align::Right),
            Self::Rate | Self::Errors => (7, 0, 1, Align::Right),
            Self::Exchanges => (6, 0, 2, Align::Right),
            Self::Bytes => (6, 0, 6, Align::Right),
            Self::Median => (6, 0, 8, Align::Right),
            Self::Slowest => (6, 0, 4, Align::Right),
            Self::LastSeen => (5, 0, 5, Align::Right),
        };
        Shape { width, share, rank, align }
    }

    fn compare(self, left: &Self::Row<'_>, right: &Self::Row<'_>) -> Ordering {
        let (l, r) = (left.destination, right.destination);
        match self {
            Self::Client => compare_ends(l.client(), r.client()),
            Self::Destination => compare_ends(l.server(), r.server()),
            Self::Protection => l.protection.cmp(&r.protection),
            Self::Open => l.open.cmp(&r.open),
            Self::Rate => left.rate.total_cmp(&right.rate),
            Self::Exchanges => l.exchanges.cmp(&r.exchanges),
            Self::Errors => l.errors.cmp(&r.errors),
            Self::Bytes => l.bytes.cmp(&r.bytes),
            Self::Median => left.p50.cmp(&right.p50),
            Self::Slowest => left.p99.cmp(&right.p99),
            Self::LastSeen => l.last_seen.cmp(&r.last_seen),
        }
    }

    fn id(row: &Self::Row<'_>) -> RowId {
        row.destination.id
    }
}

impl Record for DestinationRow<'_> {
    fn any_text(&self, field: Field, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let (sides, host) = (self.sides(), self.destination.host.as_deref());
        match field {
            Field::Type => test("destination"),
            Field::Any | Field::Server | Field::Host => {
                sides.any_text(field, test) || host.is_some_and(test)
            }
            Field::Encryption => match self.destination.protection {
                Protection::Unknown => test("unknown"),
                Protection::Tls => test("tls"),
                Protection::Clear => test("clear"),
                Protection::Mixed => test("tls") || test("clear"),
            },
            _ => sides.any_text(field, test),
        }
    }

    fn address(&self, field: Field) -> Option<IpAddr> {
        self.sides().address(field)
    }

    fn port(&self, field: Field) -> Option<u16> {
        self.sides().port(field)
    }

    /// Latency is the 99th percentile.
    fn quantity(&self, measure: Measure) -> Option<u64> {
        match measure {
            Measure::Latency => self.p99.map(|p99| p99.as_nanos() as u64),
            Measure::Bytes => Some(self.destination.bytes),
            Measure::Requests => Some(self.destination.exchanges),
            Measure::Errors => Some(self.destination.errors),
            _ => None,
        }
    }
}

impl DestinationRow<'_> {
    fn sides(&self) -> Sides<'_> {
        Sides { client: self.destination.client(), server: self.destination.server() }
    }
}
