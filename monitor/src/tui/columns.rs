//! The columns of each table: order, place, sorting, and what filters see of a row.

use std::cmp::Ordering;

use crate::pipeline::input::SocketAddress;
use crate::pipeline::output::End;

/// Identity × destination rows.
pub(crate) mod destination;
/// Endpoints.
pub(crate) mod endpoint;
/// Exchanges.
pub(crate) mod exchange;
/// Findings.
pub(crate) mod finding;
/// Services.
pub(crate) mod service;

/// The order of two ends as they are shown.
fn compare_ends(left: Option<&End>, right: Option<&End>) -> Ordering {
    fn key(end: &End) -> (bool, Option<&str>, SocketAddress) {
        let identity = end.process.as_ref().map(|process| &*process.identity);
        (identity.is_none(), identity, end.address)
    }
    left.map(key).cmp(&right.map(key))
}
