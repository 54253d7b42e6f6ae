//! How findings name processes and destinations.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::pipeline::input::SocketAddress;
use crate::pipeline::process::Process;
use crate::pipeline::text::clipped;

/// Most characters of one name or path that a finding shows.
pub(super) const MOST_SHOWN: usize = 256;

/// What a process that is not known is called. No identity looks like it: a path
/// starts with a slash, a unit has no spaces, a name stands in brackets.
pub(super) const UNKNOWN: &str = "unknown process";

/// The identity as keys use it.
pub(in crate::pipeline) fn identity(process: Option<&Arc<Process>>) -> Arc<str> {
    process.map_or_else(|| UNKNOWN.into(), |process| Arc::clone(&process.identity))
}

/// The identity as it is shown.
pub(super) fn shown_identity(process: Option<&Arc<Process>>) -> String {
    clipped(process.map_or(UNKNOWN, |process| &process.identity), MOST_SHOWN).into_owned()
}

/// `address:port`, with brackets around IPv6 (RFC 3986 section 3.2.2).
pub(in crate::pipeline) fn shown_address(address: SocketAddress) -> String {
    SocketAddr::new(address.address, address.port).to_string()
}

/// What the evidence says of a process.
pub(super) fn process_evidence(process: Option<&Arc<Process>>) -> Vec<(&'static str, String)> {
    let Some(process) = process else { return vec![("process", UNKNOWN.to_owned())] };
    let name = clipped(&process.comm, MOST_SHOWN);
    let user = process.user.as_deref().map_or(process.uid.to_string(), str::to_owned);
    vec![
        ("process", format!("{name} (pid {})", process.key.pid)),
        ("user", clipped(&user, MOST_SHOWN).into_owned()),
    ]
}

/// `1 request`, `2 requests`.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}
