//! What a list is narrowed to after a step from a detail to it: exact, where a filter is
//! a text.

use std::sync::Arc;

use super::model::endpoints::EndpointKey;
use super::model::party::{Pair, Parties};
use crate::pipeline::inventory::service_name;
use crate::pipeline::output::{ConnectionId, Exchange};

/// What a list is narrowed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// One connection.
    Connection(ConnectionId),
    /// An identity and one of its destinations.
    Pair(Pair),
    /// A service, a method and a route.
    Endpoint(EndpointKey),
    /// Whom a finding is about.
    Parties(Parties),
    /// What is served by one service.
    Service(Arc<str>),
}

impl Scope {
    /// Whether an exchange is inside.
    pub(crate) fn has(&self, exchange: &Exchange) -> bool {
        match self {
            Self::Connection(id) => exchange.connection == *id,
            Self::Pair(pair) => pair.has(&exchange.ends),
            Self::Endpoint(key) => key.has(exchange),
            Self::Parties(parties) => parties.have(&exchange.ends),
            Self::Service(service) => service_name(&exchange.ends) == *service,
        }
    }
}
