//! From bytes of both ways of a connection to exchanges.
//!
//! [`Session`] is the one door: it recognises what a connection speaks and hands
//! the bytes to that protocol. Parsing never fails: it yields messages plus named
//! anomalies, and after bytes that were not seen it looks for the next head.

use std::time::Duration;

use super::output::{Auth, Encryption, Protocol, Request, Response};
use super::settings::Limits;
use super::time::Timestamp;

/// Way of bytes, in terms of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

/// The next part of the ordered bytes of one way.
#[derive(Clone, Copy)]
pub enum Delivery<'a> {
    /// Bytes that were read.
    Bytes(&'a [u8]),
    /// So many bytes moved and were not read.
    Gap(u64),
    /// No more bytes will come.
    End,
}

/// A request with its response, before it is known who sent it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProtocolExchange {
    /// Which protocol.
    pub protocol: Protocol,
    /// The request; none where only its response was seen.
    pub request: Option<Request>,
    /// The response; none where the connection ended or lost it.
    pub response: Option<Response>,
    /// When the request began, or the response where there is no request.
    pub began: Timestamp,
    /// From the first byte of the request to the last of the response.
    pub duration: Option<Duration>,
    /// From the last byte of the request to the first of the response.
    pub ttfb: Option<Duration>,
    /// How the client proved who it is.
    pub auth: Auth,
    /// Irregularities, in the order met, each once.
    pub anomalies: Vec<Anomaly>,
}

/// A named irregularity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Anomaly {
    /// Bytes of the message were not seen.
    Gap,
}

impl Anomaly {
    /// The name in records and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gap => "gap",
        }
    }
}

/// What a connection speaks, from its bytes.
#[derive(Debug)]
pub struct Session {}

impl Session {
    /// A connection of which nothing was seen yet; `midstream` where its start was missed.
    #[must_use]
    pub fn new(_midstream: bool) -> Self {
        Self {}
    }

    /// Takes the next part of one way and appends the exchanges that it completes.
    pub fn feed(
        &mut self,
        _limits: &Limits,
        _way: Way,
        _delivery: Delivery<'_>,
        _time: Timestamp,
        _exchanges: &mut Vec<ProtocolExchange>,
    ) {
    }

    /// How the connection is protected, as far as its bytes say.
    #[must_use]
    pub fn encryption(&self) -> Encryption {
        Encryption::Unknown
    }

    /// Bytes held in buffers.
    #[must_use]
    pub fn buffered(&self) -> usize {
        0
    }
}
