//! Filters: `method:POST path:/v1/* status:5xx latency>200ms -client:10.0.0.0/8 text`.
//! All terms must hold; `-` in front negates; a comma parts alternatives; quotes keep
//! spaces, commas and colons. `docs/filters.md` has the whole grammar.
//!
//! Matching runs for every exchange and allocates nothing.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use self::buffer::Buffer;
use self::parse::Parser;
use self::pattern::Pattern;
use self::span::Span;

/// Short texts without allocation.
mod buffer;
/// What is wrong with a text, and where.
mod error;
/// From text to terms.
mod parse;
/// Texts to look for.
mod pattern;
/// What filters see of each record.
pub(crate) mod records;
/// One output of each type, for tests and fuzzing.
pub(crate) mod sample;
/// Numbers to look for.
pub(crate) mod span;
/// From the value of a field to conditions.
mod value;
/// Names of fields and measures.
mod words;

pub use error::FilterError;

/// Most characters of a filter.
pub const MOST_CHARACTERS: usize = 1_024;
/// Most terms of a filter, each alternative counted.
pub const MOST_TERMS: usize = 64;

/// A filter as typed and as understood. The empty one matches everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    text: String,
    terms: Vec<Term>,
}

/// What can be filtered. Nothing that a record lacks matches.
pub trait Record {
    /// Asks `test` about each text of a field until one passes; says whether one did.
    /// Addresses and numbers are no texts: the filter asks for them by the other methods.
    fn any_text(&self, field: Field, test: &mut dyn FnMut(&str) -> bool) -> bool;
    /// Address of the end that [`Field::Client`] or [`Field::Server`] names.
    fn address(&self, field: Field) -> Option<IpAddr>;
    /// Port of the end that [`Field::Client`] or [`Field::Server`] names.
    fn port(&self, _field: Field) -> Option<u16> {
        None
    }
    /// A number, in the unit of its measure. Ports are asked for by [`Self::port`].
    fn quantity(&self, measure: Measure) -> Option<u64>;
    /// The number that [`Field::Connection`] or [`Field::Id`] shows.
    fn id(&self, _field: Field) -> Option<u64> {
        None
    }
}

/// What a term can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its name says")]
pub enum Field {
    /// Whatever a record says in words.
    Any,
    Alpn,
    Anomaly,
    Auth,
    Cipher,
    Client,
    /// Id of a connection; never a text.
    Connection,
    /// Id of a container.
    Container,
    Encryption,
    /// Named group of a key exchange.
    Group,
    Grpc,
    Host,
    /// Id of a finding; never a text.
    Id,
    Kind,
    Method,
    Path,
    /// Either end; never asked for, since it is [`Field::Client`] or [`Field::Server`].
    Peer,
    Process,
    Protocol,
    Route,
    Server,
    Service,
    Severity,
    Sni,
    Source,
    State,
    /// Type of the record.
    Type,
    /// systemd unit.
    Unit,
    User,
}

/// A number that can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Bytes that moved.
    Bytes,
    /// Failed requests.
    Errors,
    /// Nanoseconds from the first byte of a request to the last of its response.
    Latency,
    /// Port of either end; records are asked by [`Record::port`].
    Port,
    /// Requests.
    Requests,
    /// Severity by rank.
    Severity,
    /// Status code of HTTP.
    Status,
    /// Version of TLS by rank.
    Tls,
    /// Nanoseconds from the last byte of a request to the first of its response.
    Ttfb,
}

/// Conditions of which any must hold, or none.
#[derive(Clone, Debug, PartialEq)]
struct Term {
    polarity: Polarity,
    alternatives: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Polarity {
    Must,
    MustNot,
}

/// Fields of addresses and ports are those of one end.
#[derive(Clone, Debug, PartialEq)]
enum Condition {
    Text(Field, Pattern),
    /// The address with its port, as text.
    AddressText(Field, Pattern),
    Network(Field, IpAddr, u8),
    Port(Field, Span),
    /// Address and port.
    Socket(Field, IpAddr, u16),
    Quantity(Measure, Span),
    Id(Field, u64),
}

impl Filter {
    /// The filter of a text.
    ///
    /// # Errors
    /// Where the text is not a filter: the first thing wrong with it.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let terms = Parser::new(text).terms()?;
        Ok(Self { text: text.trim().to_owned(), terms })
    }

    /// The text it was made from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it matches everything.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether all terms hold.
    #[must_use]
    pub fn matches<R: Record + ?Sized>(&self, record: &R) -> bool {
        self.terms.iter().all(|term| term.matches(record))
    }
}

impl Term {
    fn matches<R: Record + ?Sized>(&self, record: &R) -> bool {
        let any = self.alternatives.iter().any(|condition| condition.matches(record));
        any == (self.polarity == Polarity::Must)
    }
}

impl Condition {
    fn matches<R: Record + ?Sized>(&self, record: &R) -> bool {
        match self {
            Self::Text(field, pattern) => {
                record.any_text(*field, &mut |text| pattern.matches(text))
            }
            Self::AddressText(field, pattern) => {
                address_text(record, *field).is_some_and(|text| pattern.matches(text.as_str()))
            }
            Self::Network(field, network, prefix) => {
                record.address(*field).is_some_and(|address| contains(*network, *prefix, address))
            }
            Self::Port(field, span) => {
                record.port(*field).is_some_and(|port| span.contains(port.into()))
            }
            Self::Socket(field, address, port) => {
                record.port(*field) == Some(*port) && record.address(*field) == Some(*address)
            }
            Self::Quantity(measure, span) => {
                record.quantity(*measure).is_some_and(|value| span.contains(value))
            }
            Self::Id(field, id) => record.id(*field) == Some(*id),
        }
    }
}

/// `10.0.0.7:443`; without a port where that is not known.
fn address_text<R: Record + ?Sized>(record: &R, field: Field) -> Option<Buffer> {
    let address = record.address(field)?;
    let mut text = Buffer::default();
    let written = match record.port(field) {
        Some(port) => write!(text, "{}", SocketAddr::new(address, port)),
        None => write!(text, "{address}"),
    };
    written.ok().map(|()| text)
}

fn contains(network: IpAddr, prefix: u8, address: IpAddr) -> bool {
    let (network, address, bits) = match (network, address) {
        (IpAddr::V4(n), IpAddr::V4(a)) => (u128::from(n.to_bits()), u128::from(a.to_bits()), 32),
        (IpAddr::V6(n), IpAddr::V6(a)) => (n.to_bits(), a.to_bits(), 128),
        _ => return false,
    };
    let differing = (network ^ address).checked_shr(bits - u32::from(prefix).min(bits));
    differing.unwrap_or(0) == 0
}

#[cfg(test)]
mod tests;
