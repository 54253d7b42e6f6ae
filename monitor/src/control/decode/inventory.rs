//! What is in use, read back.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::{self, Fault, known};
use super::shared::Shared;
use super::tls::shown;
use super::value::{Span, Text, Time, Ways, known_words};
use super::{ends, exchange};
use crate::pipeline::inventory::method_of;
use crate::pipeline::output::tls::{CipherSuite, NamedGroup, Posture, TlsVersion};
use crate::pipeline::output::{
    Auth, DestinationReport, EndpointReport, Output, Protocol, Quantiles,
};

#[derive(Deserialize)]
struct EndpointMirror<'a> {
    time: Time,
    #[serde(borrow)]
    service: Text<'a>,
    #[serde(borrow)]
    method: Text<'a>,
    #[serde(borrow)]
    route: Text<'a>,
    #[serde(borrow)]
    protocols: Vec<Text<'a>>,
    first_seen: Time,
    last_seen: Time,
    requests: u64,
    errors: u64,
    duration: Option<QuantilesMirror>,
    #[serde(borrow)]
    auth: Vec<Text<'a>>,
    in_clear: bool,
    encrypted: bool,
}

#[derive(Deserialize)]
struct DestinationMirror<'a> {
    time: Time,
    #[serde(borrow)]
    identity: Text<'a>,
    #[serde(borrow)]
    server: &'a RawValue,
    first_seen: Time,
    last_seen: Time,
    connections: u64,
    bytes: Ways,
    requests: u64,
    errors: u64,
    duration: Option<QuantilesMirror>,
    #[serde(borrow)]
    auth: Vec<Text<'a>>,
    in_clear: bool,
    #[serde(borrow)]
    tls: Option<PostureMirror<'a>>,
}

#[derive(Deserialize)]
struct QuantilesMirror {
    p50: Span,
    p95: Span,
    p99: Span,
    max: Span,
}

#[derive(Deserialize)]
struct PostureMirror<'a> {
    #[serde(borrow)]
    version: Text<'a>,
    #[serde(borrow)]
    cipher: Text<'a>,
    #[serde(borrow)]
    group: Option<Text<'a>>,
}

/// Reads an endpoint. Protocols that this version does not know are left out.
pub(super) fn read_endpoint(text: &str, shared: &mut Shared) -> Result<Output, Fault> {
    let mirror: EndpointMirror<'_> = fault::read(text)?;
    Ok(Output::Endpoint(Box::new(EndpointReport {
        time: mirror.time.0,
        service: shared.text(mirror.service.as_str()),
        method: method_of(mirror.method.as_str()),
        route: shared.text(mirror.route.as_str()),
        protocols: known_words(&mirror.protocols, Protocol::from_name),
        first_seen: mirror.first_seen.0,
        last_seen: mirror.last_seen.0,
        requests: mirror.requests,
        errors: mirror.errors,
        duration: mirror.duration.map(Into::into),
        auth: auths(&mirror.auth),
        in_clear: mirror.in_clear,
        encrypted: mirror.encrypted,
    })))
}

/// Reads a destination.
pub(super) fn read_destination(text: &str, shared: &mut Shared) -> Result<Output, Fault> {
    let mirror: DestinationMirror<'_> = fault::read(text)?;
    let server = ends::read_end(mirror.server, shared).map_err(|fault| fault.within("server"))?;
    Ok(Output::Destination(Box::new(DestinationReport {
        time: mirror.time.0,
        identity: shared.text(mirror.identity.as_str()),
        server,
        first_seen: mirror.first_seen.0,
        last_seen: mirror.last_seen.0,
        connections: mirror.connections,
        bytes: mirror.bytes.into(),
        requests: mirror.requests,
        errors: mirror.errors,
        duration: mirror.duration.map(Into::into),
        auth: auths(&mirror.auth),
        in_clear: mirror.in_clear,
        posture: mirror.tls.as_ref().map(posture).transpose()?,
    })))
}

fn auths(names: &[Text<'_>]) -> Vec<Auth> {
    names.iter().map(exchange::auth).collect()
}

fn posture(mirror: &PostureMirror<'_>) -> Result<Posture, Fault> {
    Ok(Posture {
        version: known(TlsVersion::from_shown(mirror.version.as_str()))?,
        cipher: known(CipherSuite::from_shown(mirror.cipher.as_str()))?,
        group: shown(mirror.group.as_ref(), NamedGroup::from_shown)?,
    })
}

impl From<QuantilesMirror> for Quantiles {
    fn from(mirror: QuantilesMirror) -> Self {
        Self { p50: mirror.p50.0, p95: mirror.p95.0, p99: mirror.p99.0, max: mirror.max.0 }
    }
}
