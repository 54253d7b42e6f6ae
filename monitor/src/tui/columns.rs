//! The columns of each table: order, place, sorting, and what filters see of a row.

use std::cmp::Ordering;

use crate::pipeline::output::End;

/// Identity × destination rows.
pub(crate) mod destination;
/// Exchanges.
pub(crate) mod exchange;
/// Findings.
pub(crate) mod finding;

/// The order of two ends as they are shown.
fn compare_ends(left: Option<&End>, right: Option<&End>) -> Ordering {
    let key = |end: &End| {
        let identity = end.process.as_ref().map(|process| process.identity.clone());
        (identity.is_none(), identity, end.address)
    };
    left.map(key).cmp(&right.map(key))
}
