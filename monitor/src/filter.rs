//! Filters: `method:POST path:/v1/* status:5xx latency>200ms -client:10.0.0.0/8 text`.
//! All terms must hold; `-` in front negates; quotes keep spaces and colons.

use std::net::IpAddr;

use self::parse::Parser;

/// From text to terms.
mod parse;

/// A filter as typed and as understood. The empty one matches everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    text: String,
    terms: Vec<Term>,
}

/// Why a text is not a filter, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    /// Characters before the offending one.
    pub column: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

/// What can be filtered.
pub trait Record {
    /// Asks `test` about each text of a field until one passes; says whether one did.
    /// A record that lacks the field has no text of it.
    fn any_text(&self, field: Field, test: &mut dyn FnMut(&str) -> bool) -> bool;
    /// Address of an end.
    fn address(&self, field: Field) -> Option<IpAddr>;
    /// Latency in nanoseconds, size in bytes, status code, severity by rank.
    fn quantity(&self, measure: Measure) -> Option<u64>;
}

/// A text field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its name says")]
pub enum Field {
    /// Any of the others.
    Any,
    Method,
    Path,
    Status,
    Client,
    Server,
    Host,
    Protocol,
    Auth,
    Encryption,
    Severity,
    Kind,
}

/// A number that can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its name says")]
pub enum Measure {
    Latency,
    Ttfb,
    Bytes,
    Status,
    Severity,
}

#[derive(Clone, Debug, PartialEq)]
struct Term {
    polarity: Polarity,
    condition: Condition,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Polarity {
    Must,
    MustNot,
}

#[derive(Clone, Debug, PartialEq)]
enum Condition {
    Text(Field, Pattern),
    StatusClass(u64),
    Network(Field, IpAddr, u8),
    Compare(Measure, Comparison, u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Below,
    AtMost,
    AtLeast,
    Above,
}

/// Lower-case texts that must follow each other, where `*` stood between them.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Contains(String),
    Glob(Vec<String>),
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
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it matches everything.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether all terms hold.
    pub fn matches(&self, record: &impl Record) -> bool {
        self.terms.iter().all(|term| term.matches(record))
    }
}

impl Term {
    fn matches(&self, record: &impl Record) -> bool {
        self.condition.matches(record) == (self.polarity == Polarity::Must)
    }
}

impl Condition {
    fn matches(&self, record: &impl Record) -> bool {
        match self {
            Self::Text(field, pattern) => {
                record.any_text(*field, &mut |text| pattern.matches(text))
            }
            Self::StatusClass(class) => {
                record.quantity(Measure::Status).is_some_and(|status| status / 100 == *class)
            }
            Self::Network(field, network, prefix) => {
                record.address(*field).is_some_and(|address| contains(*network, *prefix, address))
            }
            Self::Compare(measure, comparison, bound) => {
                record.quantity(*measure).is_some_and(|value| comparison.holds(value, *bound))
            }
        }
    }
}

impl Comparison {
    const fn holds(self, value: u64, bound: u64) -> bool {
        match self {
            Self::Below => value < bound,
            Self::AtMost => value <= bound,
            Self::AtLeast => value >= bound,
            Self::Above => value > bound,
        }
    }
}

impl Pattern {
    fn new(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        if lower.contains('*') {
            Self::Glob(lower.split('*').map(str::to_owned).collect())
        } else {
            Self::Contains(lower)
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Contains(part) => find(text.as_bytes(), part.as_bytes()).is_some(),
            Self::Glob(parts) => glob(text.as_bytes(), parts),
        }
    }
}

/// Whether the parts follow each other in `text`, the first at its start and the last
/// at its end. Taking each part at its first place is enough: no backtracking.
fn glob(text: &[u8], parts: &[String]) -> bool {
    let [first, middle @ .., last] = parts else { return false };
    let Some((start, mut rest)) = text.split_at_checked(first.len()) else { return false };
    if !start.eq_ignore_ascii_case(first.as_bytes()) {
        return false;
    }
    for part in middle {
        let Some(at) = find(rest, part.as_bytes()) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    let end = rest.len().checked_sub(last.len()).and_then(|at| rest.get(at..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(last.as_bytes()))
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    if part.is_empty() {
        return Some(0);
    }
    text.windows(part.len()).position(|window| window.eq_ignore_ascii_case(part))
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
