//! From the value of a field to conditions, of which any must hold.

use std::net::{IpAddr, SocketAddr};

use super::pattern::Pattern;
use super::span::{Span, status};
use super::{Condition, Field, Measure};
use crate::pipeline::text::clipped;
use crate::sink::record_type::{RecordType, UnknownRecordType};
use crate::suggest::nearest;

/// The ends, either of which may be meant.
const ENDS: [Field; 2] = [Field::Client, Field::Server];

/// What `field:value` asks for.
pub(super) fn of_field(field: Field, value: &str) -> Result<Vec<Condition>, String> {
    match field {
        Field::Client | Field::Server => end(&[field], value),
        Field::Peer => end(&ENDS, value),
        Field::Connection | Field::Id => Ok(vec![Condition::Id(field, id(value)?)]),
        Field::Service => Ok(texts(&[field], &[Field::Server], value)),
        Field::Type => record_type(value).map(|condition| vec![condition]),
        _ => Ok(vec![Condition::Text(field, Pattern::new(value))]),
    }
}

/// What `measure:value` asks for.
pub(super) fn of_measure(measure: Measure, value: &str) -> Result<Vec<Condition>, String> {
    Span::equal(measure, value).map(|span| within(measure, span))
}

/// The measure, or either of the measures, has a number of the span.
pub(super) fn within(measure: Measure, span: Span) -> Vec<Condition> {
    match measure {
        Measure::Port => ENDS.map(|end| Condition::Port(end, span)).to_vec(),
        _ => vec![Condition::Quantity(measure, span)],
    }
}

/// What a text without a field asks for: whatever it could be.
pub(super) fn of_any(text: &str) -> Vec<Condition> {
    let mut conditions = texts(&[Field::Any], &ENDS, text);
    conditions.extend(status(text).map(|span| Condition::Quantity(Measure::Status, span)));
    if let Ok(id) = id(text) {
        conditions.extend([Field::Connection, Field::Id].map(|field| Condition::Id(field, id)));
    }
    conditions
}

/// An end is a network or an address where it looks like one, else a text.
fn end(fields: &[Field], value: &str) -> Result<Vec<Condition>, String> {
    let each = |condition: &dyn Fn(Field) -> Condition| {
        fields.iter().map(|field| condition(*field)).collect()
    };
    if let Some((address, prefix)) = network(value)? {
        return Ok(each(&|field| Condition::Network(field, address, prefix)));
    }
    if let Ok(socket) = value.parse::<SocketAddr>() {
        let (address, port) = (socket.ip().to_canonical(), socket.port());
        return Ok(each(&|field| Condition::Socket(field, address, port)));
    }
    Ok(texts(fields, fields, value))
}

/// A network, an address being the smallest; none where it does not look like one.
fn network(value: &str) -> Result<Option<(IpAddr, u8)>, String> {
    let (address, prefix) = match value.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (value, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else { return Ok(None) };
    let longest = |address: IpAddr| if address.is_ipv4() { 32 } else { 128 };
    let Some(prefix) = prefix else {
        let address = address.to_canonical();
        return Ok(Some((address, longest(address))));
    };
    let longest = longest(address);
    match prefix.parse() {
        Ok(prefix) if prefix <= longest => Ok(Some((address, prefix))),
        _ => Err(format!("the prefix length is 0 to {longest}")),
    }
}

/// A text of the fields, or of the addresses of the ends.
fn texts(fields: &[Field], ends: &[Field], value: &str) -> Vec<Condition> {
    let pattern = Pattern::new(value);
    let texts = fields.iter().map(|field| Condition::Text(*field, pattern.clone()));
    let mut conditions: Vec<_> = texts.collect();
    if pattern.fits_address() {
        let addresses = ends.iter().map(|end| Condition::AddressText(*end, pattern.clone()));
        conditions.extend(addresses);
    }
    conditions
}

/// An id as records print it.
fn id(value: &str) -> Result<u64, String> {
    let digits = value.len() == 16 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = if digits { u64::from_str_radix(value, 16).ok() } else { None };
    id.ok_or_else(|| "an id is 16 hexadecimal digits, as records print it".to_owned())
}

fn record_type(value: &str) -> Result<Condition, String> {
    let lower = value.to_ascii_lowercase();
    if let Ok(known) = lower.parse::<RecordType>() {
        return Ok(Condition::Text(Field::Type, Pattern::new(known.name())));
    }
    Err(match nearest(&lower, RecordType::ALL.map(RecordType::name)) {
        Some(meant) => format!("no record type {}; did you mean {meant}?", clipped(value, 40)),
        None => UnknownRecordType.to_string(),
    })
}
