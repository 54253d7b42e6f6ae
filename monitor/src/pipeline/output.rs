//! What the pipeline says: the records of stdout, `tail` and `replay`.
//!
//! Nothing here holds payload: paths come with query values cut off, header
//! values other than host and content type are never kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::finding::Finding;
use super::input::{Loss, SocketAddress, UncapturedReason};
use super::process::Process;
use super::time::WallTime;
use crate::named::named;

/// A request with its response.
mod exchange;
/// A span in which nobody watched.
mod gap;
/// What is in use: endpoints and destinations.
mod inventory;
/// What a TLS handshake says.
pub mod tls;

pub use exchange::{
    Auth, Exchange, Grpc, Method, Progress, Protocol, Request, Response, UNKNOWN_PATH, WebSocket,
};
pub use gap::{CoverageGap, GapCause};
pub use inventory::{DestinationReport, EndpointReport, Quantiles};
pub use tls::TlsReport;

pub use super::protocol::Anomaly;

/// One output.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// A connection was opened or closed.
    Connection(ConnectionReport),
    /// A request with its response.
    Exchange(Exchange),
    /// A TLS handshake was seen.
    Tls(Box<TlsReport>),
    /// What is known of an endpoint so far.
    Endpoint(Box<EndpointReport>),
    /// What is known of an identity and one of its destinations so far.
    Destination(Box<DestinationReport>),
    /// A finding was opened, updated or resolved.
    Finding(Finding),
    /// Records were lost.
    Loss(LossReport),
    /// Nobody watched until now. Said by the daemon; the pipeline does not know of it.
    CoverageGap(CoverageGap),
}

/// Stable id of a connection: the cookie of the end that was seen first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Address and port.
    pub address: SocketAddress,
    /// What the other end calls it, where that was seen; only servers have one.
    pub name: Option<Name>,
    /// The process, where it lives on this host and is known.
    pub process: Option<Arc<Process>>,
}

/// Name of a server, from what clients say or asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Name {
    /// In lower case, without port and final dot.
    pub text: Arc<str>,
    /// Who said so.
    pub source: NameSource,
}

/// Where a name was seen, the one that counts least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NameSource {
    /// An answer of DNS that was seen before.
    Dns,
    /// The authority of an HTTP request.
    Host,
    /// Server name indication of TLS.
    Sni,
}

impl NameSource {
    named! {
        Self {
            Dns = "dns",
            Host = "host",
            Sni = "sni",
        }
    }
}

/// Both ends. Shared by all that is said of a connection until an owner changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The end that connected.
    pub client: End,
    /// The end that accepted.
    pub server: End,
}

/// Which ends live on this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// The client.
    Client,
    /// The server.
    Server,
    /// Both: still one connection, read on one side.
    Both,
}

/// How the bytes of a connection are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// A clear-text protocol was recognised.
    Clear,
    /// TLS records were recognised.
    Tls,
    /// Nothing was recognised.
    Unknown,
}

/// A count for each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerDirection<T> {
    /// From the client to the server.
    pub to_server: T,
    /// From the server to the client.
    pub to_client: T,
}

/// Whether a connection report opens or closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionEventKind {
    /// First report.
    Open,
    /// Last report.
    Close,
}

/// A connection at its open or close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionReport {
    /// Which.
    pub connection: ConnectionId,
    /// When.
    pub time: WallTime,
    /// Open or close.
    pub event: ConnectionEventKind,
    /// Who.
    pub ends: Arc<Ends>,
    /// Which ends live here.
    pub observed: Observed,
    /// Network namespace (inode number).
    pub netns: u32,
    /// How it is protected.
    pub encryption: Encryption,
    /// Bytes that moved.
    pub bytes: PerDirection<u64>,
    /// Bytes that were read.
    pub captured: PerDirection<u64>,
    /// Bytes that moved and were not read, by reason.
    pub uncaptured: BTreeMap<UncapturedReason, u64>,
    /// Records of this connection that were lost.
    pub lost_records: u64,
    /// It is older than the watch on it.
    pub midstream: bool,
    /// Irregularities of the connection itself, each once, in the order of [`Anomaly::ALL`].
    pub anomalies: Vec<Anomaly>,
}

/// Loss, with its times as shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LossReport {
    /// What was lost.
    pub loss: Loss,
    /// Start of the span.
    pub since: WallTime,
    /// End of the span.
    pub time: WallTime,
}
