//! The columns of each table: order, place, sorting, and what filters see of a row.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::format;
use crate::filter::Field;
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

/// Asks `test` about what an end can be called: its identity, its address with port.
fn end_texts(end: Option<&End>, test: &mut dyn FnMut(&str) -> bool) -> bool {
    let Some(end) = end else { return false };
    let process = end.process.as_ref();
    process.is_some_and(|process| test(&process.identity) || test(&process.comm))
        || end.name.as_ref().is_some_and(|name| test(&name.text))
        || test(&format::address(end.address))
}

/// Address of the end that `field` names.
fn end_address(client: &End, server: &End, field: Field) -> Option<IpAddr> {
    match field {
        Field::Client => Some(client.address.address),
        Field::Server => Some(server.address.address),
        _ => None,
    }
}

/// The order of two ends as they are shown.
fn compare_ends(left: Option<&End>, right: Option<&End>) -> Ordering {
    fn key(end: &End) -> (bool, Option<&str>, SocketAddress) {
        let identity = end.process.as_ref().map(|process| &*process.identity);
        (identity.is_none(), identity, end.address)
    }
    left.map(key).cmp(&right.map(key))
}
