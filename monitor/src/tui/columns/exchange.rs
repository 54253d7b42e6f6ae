//! Columns of the exchanges.

use std::cmp::Ordering;

use super::compare_ends;
use crate::filter::records::seen_as;
use crate::pipeline::output::{Exchange, Request};
use crate::tui::model::{ExchangeEntry, RowId, bytes_of};
use crate::tui::scope::Scope;
use crate::tui::table::{Align, Column, Direction, Edge, Shape, Sort};

/// Columns of the exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExchangeColumn {
    Time,
    Method,
    Status,
    Path,
    Latency,
    Bytes,
    Client,
    Server,
    Encryption,
    Grpc,
    Anomalies,
    Route,
}

impl Column for ExchangeColumn {
    type Row<'a> = &'a ExchangeEntry;
    const ALL: &'static [Self] = &[
        Self::Time,
        Self::Client,
        Self::Server,
        Self::Encryption,
        Self::Method,
        Self::Path,
        Self::Route,
        Self::Status,
        Self::Grpc,
        Self::Anomalies,
        Self::Latency,
        Self::Bytes,
    ];
    const FIRST: Sort<Self> = Sort { column: Self::Time, direction: Direction::Ascending };
    const EDGE: Edge = Edge::Bottom;

    fn title(self) -> &'static str {
        match self {
            Self::Time => "UTC",
            Self::Method => "METHOD",
            Self::Status => "STATUS",
            Self::Path => "PATH",
            Self::Latency => "LATENCY",
            Self::Bytes => "BYTES",
            Self::Client => "CLIENT",
            Self::Server => "SERVER",
            Self::Encryption => "PROT",
            Self::Grpc => "GRPC",
            Self::Anomalies => "A",
            Self::Route => "ROUTE",
        }
    }

    fn shape(self) -> Shape {
        let (width, share, rank, align) = match self {
            Self::Time => (8, 0, 2, Align::Left),
            Self::Method | Self::Status => (7, 0, 0, Align::Left),
            Self::Path => (18, 3, 0, Align::Left),
            Self::Latency => (8, 0, 1, Align::Right),
            Self::Anomalies => (2, 0, 3, Align::Left),
            Self::Server => (13, 1, 4, Align::Tail),
            Self::Client => (10, 1, 5, Align::Tail),
            Self::Bytes => (6, 0, 6, Align::Right),
            Self::Encryption => (5, 0, 7, Align::Left),
            Self::Grpc => (4, 0, 8, Align::Right),
            Self::Route => (20, 2, 9, Align::Left),
        };
        Shape { width, share, rank, align }
    }

    fn compare(self, left: &Self::Row<'_>, right: &Self::Row<'_>) -> Ordering {
        let (l, r) = (&left.exchange, &right.exchange);
        match self {
            Self::Time => left.id.cmp(&right.id),
            Self::Method => request(l, |r| &r.method).cmp(&request(r, |r| &r.method)),
            Self::Status => status(l).cmp(&status(r)),
            Self::Path => request(l, |r| &r.path).cmp(&request(r, |r| &r.path)),
            Self::Latency => l.duration.cmp(&r.duration),
            Self::Bytes => bytes_of(l).cmp(&bytes_of(r)),
            Self::Client => compare_ends(Some(&l.ends.client), Some(&r.ends.client)),
            Self::Server => compare_ends(Some(&l.ends.server), Some(&r.ends.server)),
            Self::Encryption => l.encrypted.cmp(&r.encrypted),
            Self::Grpc => grpc_status(l).cmp(&grpc_status(r)),
            Self::Anomalies => l.anomalies.len().cmp(&r.anomalies.len()),
            Self::Route => l.route.cmp(&r.route),
        }
    }

    fn id(row: &Self::Row<'_>) -> RowId {
        row.id
    }

    fn is_inside(row: &Self::Row<'_>, scope: &Scope) -> bool {
        scope.has(&row.exchange)
    }
}

fn request<'a, T: ?Sized>(
    exchange: &'a Exchange,
    part: impl Fn(&'a Request) -> &'a T,
) -> Option<&'a T> {
    exchange.request.as_ref().map(part)
}

fn status(exchange: &Exchange) -> Option<u16> {
    exchange.response.as_ref().and_then(|response| response.status)
}

/// `grpc-status`, where one came.
pub(crate) fn grpc_status(exchange: &Exchange) -> Option<u32> {
    exchange.grpc.as_ref().and_then(|grpc| grpc.status)
}

seen_as!([] ExchangeEntry, entry => *entry.exchange);
