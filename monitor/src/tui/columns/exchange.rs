//! Columns of the exchanges.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::{compare_ends, end_address, end_texts};
use crate::filter::{Field, Measure, Record};
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

impl Record for &ExchangeEntry {
    fn any_text(&self, field: Field, test: &mut dyn FnMut(&str) -> bool) -> bool {
        const ALL: [Field; 8] = [
            Field::Method,
            Field::Path,
            Field::Host,
            Field::Client,
            Field::Server,
            Field::Status,
            Field::Protocol,
            Field::Auth,
        ];
        let exchange = &*self.exchange;
        match field {
            Field::Any => ALL.iter().any(|field| self.any_text(*field, test)),
            Field::Method => request(exchange, |r| r.method.as_str()).is_some_and(test),
            Field::Path => request(exchange, |r| &*r.path).is_some_and(test),
            Field::Host => host(exchange).is_some_and(test),
            Field::Status => status(exchange).is_some_and(|status| test(&status.to_string())),
            Field::Client => end_texts(Some(&exchange.ends.client), test),
            Field::Server => {
                end_texts(Some(&exchange.ends.server), test) || host(exchange).is_some_and(test)
            }
            Field::Protocol => test(exchange.protocol.name()),
            Field::Auth => test(exchange.auth.name()),
            Field::Encryption => test(if exchange.encrypted { "tls" } else { "clear" }),
            Field::Severity | Field::Kind => false,
        }
    }

    fn address(&self, field: Field) -> Option<IpAddr> {
        end_address(&self.exchange.ends.client, &self.exchange.ends.server, field)
    }

    fn quantity(&self, measure: Measure) -> Option<u64> {
        let nanoseconds = |duration: Option<std::time::Duration>| {
            duration.map(|duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
        };
        match measure {
            Measure::Latency => nanoseconds(self.exchange.duration),
            Measure::Ttfb => nanoseconds(self.exchange.ttfb),
            Measure::Bytes => Some(bytes_of(&self.exchange)),
            Measure::Status => status(&self.exchange).map(u64::from),
            Measure::Severity => None,
        }
    }
}

fn host(exchange: &Exchange) -> Option<&str> {
    exchange.request.as_ref().and_then(|request| request.host.as_deref())
}
