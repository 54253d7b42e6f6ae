//! Columns of the exchanges.

use std::cmp::Ordering;

use super::compare_ends;
use crate::filter::records::seen_as;
use crate::pipeline::output::{Exchange, Request};
use crate::tui::model::{ExchangeEntry, RowId, bytes_of};
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
        Self::Status,
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
        }
    }

    fn shape(self) -> Shape {
        let (width, share, rank, align) = match self {
            Self::Time => (8, 0, 2, Align::Left),
            Self::Method | Self::Status => (7, 0, 0, Align::Left),
            Self::Path => (19, 3, 0, Align::Left),
            Self::Latency => (8, 0, 1, Align::Right),
            Self::Bytes => (6, 0, 5, Align::Right),
            Self::Client => (11, 1, 4, Align::Tail),
            Self::Server => (13, 1, 3, Align::Tail),
            Self::Encryption => (5, 0, 6, Align::Left),
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
        }
    }

    fn id(row: &Self::Row<'_>) -> RowId {
        row.id
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

seen_as!([] ExchangeEntry, entry => *entry.exchange);
