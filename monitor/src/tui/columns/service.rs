//! Columns of the services of the overview.

use std::cmp::Ordering;
use std::net::IpAddr;
use std::time::Duration;

use crate::filter::records::nanoseconds;
use crate::filter::{Field, Measure, Record};
use crate::tui::model::RowId;
use crate::tui::model::series::Tally;
use crate::tui::model::services::Service;
use crate::tui::model::shelf::Entry;
use crate::tui::model::window::Span;
use crate::tui::table::{Align, Column, Direction, Edge, Shape, Sort};

/// Columns of the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServiceColumn {
    Name,
    Rate,
    Errors,
    Slowest,
    Exchanges,
}

/// A row with what has to be worked out for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServiceRow<'a> {
    pub(crate) service: &'a Service,
    /// Exchanges and errors in the window.
    pub(crate) tally: Tally,
    /// Exchanges a second in the window.
    pub(crate) rate: f64,
    /// Duration that 99 of 100 exchanges do not exceed.
    pub(crate) p99: Option<Duration>,
}

impl<'a> ServiceRow<'a> {
    /// The row as it is at the end of `span`.
    pub(crate) fn new(service: &'a Service, span: Span) -> Self {
        let tally = service.traffic.tally(span);
        let p99 = service.traffic.quantile(99, None);
        Self { service, tally, rate: span.rate(tally.exchanges), p99 }
    }
}

impl Column for ServiceColumn {
    type Row<'a> = ServiceRow<'a>;
    const ALL: &'static [Self] =
        &[Self::Name, Self::Rate, Self::Errors, Self::Slowest, Self::Exchanges];
    const FIRST: Sort<Self> = Sort { column: Self::Rate, direction: Direction::Descending };
    const EDGE: Edge = Edge::Top;

    fn title(self) -> &'static str {
        match self {
            Self::Name => "TOP SERVICES",
            Self::Rate => "RATE/S",
            Self::Errors => "ERRORS",
            Self::Slowest => "P99",
            Self::Exchanges => "TOTAL",
        }
    }

    fn shape(self) -> Shape {
        let (width, share, rank, align) = match self {
            Self::Name => (18, 1, 0, Align::Tail),
            Self::Rate => (7, 0, 0, Align::Right),
            Self::Errors => (6, 0, 1, Align::Right),
            Self::Slowest => (6, 0, 2, Align::Right),
            Self::Exchanges => (6, 0, 3, Align::Right),
        };
        Shape { width, share, rank, align }
    }

    fn compare(self, left: &Self::Row<'_>, right: &Self::Row<'_>) -> Ordering {
        let total = |row: &ServiceRow<'_>| row.service.traffic.totals.exchanges;
        match self {
            Self::Name => left.service.name.cmp(&right.service.name),
            Self::Rate => left.rate.total_cmp(&right.rate),
            Self::Errors => {
                let share = |row: &ServiceRow<'_>| row.tally.error_share().unwrap_or(-1.0);
                share(left).total_cmp(&share(right))
            }
            Self::Slowest => left.p99.cmp(&right.p99),
            Self::Exchanges => total(left).cmp(&total(right)),
        }
    }

    fn id(row: &Self::Row<'_>) -> RowId {
        row.service.id()
    }
}

impl Record for ServiceRow<'_> {
    fn any_text(&self, field: Field, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let is_named = matches!(field, Field::Any | Field::Service | Field::Server | Field::Host);
        is_named && self.service.name.as_deref().is_some_and(test)
    }

    fn address(&self, _field: Field) -> Option<IpAddr> {
        None
    }

    /// Latency is the 99th percentile.
    fn quantity(&self, measure: Measure) -> Option<u64> {
        match measure {
            Measure::Latency => self.p99.map(nanoseconds),
            Measure::Bytes => Some(self.service.traffic.totals.bytes),
            Measure::Requests => Some(self.service.traffic.totals.exchanges),
            Measure::Errors => Some(self.service.traffic.totals.errors),
            _ => None,
        }
    }
}
