//! The grammar: `[-](field:value | measure<comparison>quantity | text)`, separated
//! by spaces.

use std::net::IpAddr;

use super::{Comparison, Condition, Field, FilterError, Measure, Pattern, Polarity, Term};
use crate::pipeline::finding::Severity;

const FIELDS: &[(&str, Field)] = &[
    ("method", Field::Method),
    ("path", Field::Path),
    ("status", Field::Status),
    ("client", Field::Client),
    ("server", Field::Server),
    ("host", Field::Host),
    ("protocol", Field::Protocol),
    ("auth", Field::Auth),
    ("encryption", Field::Encryption),
    ("severity", Field::Severity),
    ("kind", Field::Kind),
];

const MEASURES: &[(&str, Measure)] = &[
    ("latency", Measure::Latency),
    ("ttfb", Measure::Ttfb),
    ("bytes", Measure::Bytes),
    ("status", Measure::Status),
    ("severity", Measure::Severity),
];

/// The longer of two that begin alike comes first.
const COMPARISONS: &[(&str, Comparison)] = &[
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("<", Comparison::Below),
    (">", Comparison::Above),
];

const DURATIONS: &[(&str, f64)] =
    &[("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10), ("h", 3.6e12)];

const SIZES: &[(&str, f64)] = &[
    ("", 1.0),
    ("B", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
];

/// A text that is read from left to right.
pub(super) struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    /// At the start of a text.
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// All terms.
    pub(super) fn terms(&mut self) -> Result<Vec<Term>, FilterError> {
        let mut terms = Vec::new();
        loop {
            self.skip(char::is_whitespace);
            if self.rest().is_empty() {
                return Ok(terms);
            }
            terms.push(self.term()?);
        }
    }

    fn term(&mut self) -> Result<Term, FilterError> {
        let polarity = if self.take("-") { Polarity::MustNot } else { Polarity::Must };
        if self.rest().starts_with(char::is_whitespace) || self.rest().is_empty() {
            return Err(self.error(self.at - 1, "nothing to negate after -"));
        }
        Ok(Term { polarity, condition: self.condition()? })
    }

    fn condition(&mut self) -> Result<Condition, FilterError> {
        let start = self.at;
        let name = self.skip(|c| c.is_ascii_alphabetic() || c == '_');
        if !name.is_empty() && self.take(":") {
            return self.field(name, start);
        }
        let comparison = COMPARISONS.iter().find(|(symbol, _)| self.take(symbol));
        if let (false, Some((_, comparison))) = (name.is_empty(), comparison) {
            return self.comparison(name, start, *comparison);
        }
        self.at = start;
        Ok(Condition::Text(Field::Any, Pattern::new(self.value()?)))
    }

    fn field(&mut self, name: &str, start: usize) -> Result<Condition, FilterError> {
        let Some(field) = lookup(FIELDS, name) else {
            let message = format!("no field {name}; put text with a colon in quotes");
            return Err(self.error(start, &format!("{message}. Fields: {}", names(FIELDS))));
        };
        let at = self.at;
        let value = self.value()?;
        match field {
            Field::Status => self.status(value, at),
            Field::Client | Field::Server => self.end(field, value, at),
            _ => Ok(Condition::Text(field, Pattern::new(value))),
        }
    }

    fn status(&self, value: &str, at: usize) -> Result<Condition, FilterError> {
        let class = value.strip_suffix("xx").or_else(|| value.strip_suffix("XX"));
        if let Some(class @ 1..=9) = class.and_then(|class| class.parse().ok()) {
            return Ok(Condition::StatusClass(class));
        }
        if value.len() == 3 && value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Condition::Text(Field::Status, Pattern::new(value)));
        }
        Err(self.error(at, "a status is 404 or 5xx"))
    }

    /// An end is a network where it looks like one, else a text.
    fn end(&self, field: Field, value: &str, at: usize) -> Result<Condition, FilterError> {
        let Some((address, prefix)) = value.split_once('/') else {
            return Ok(Condition::Text(field, Pattern::new(value)));
        };
        let Ok(address) = address.parse::<IpAddr>() else {
            return Ok(Condition::Text(field, Pattern::new(value)));
        };
        let longest = if address.is_ipv4() { 32 } else { 128 };
        match prefix.parse() {
            Ok(prefix) if prefix <= longest => Ok(Condition::Network(field, address, prefix)),
            _ => Err(self.error(at, &format!("the prefix length is 0 to {longest}"))),
        }
    }

    fn comparison(
        &mut self,
        name: &str,
        start: usize,
        comparison: Comparison,
    ) -> Result<Condition, FilterError> {
        let Some(measure) = lookup(MEASURES, name) else {
            let message = format!("{name} cannot be compared; these can: {}", names(MEASURES));
            return Err(self.error(start, &message));
        };
        let at = self.at;
        let value = self.skip(|c| !c.is_whitespace());
        let quantity = quantity(measure, value);
        let quantity = quantity.ok_or_else(|| self.error(at, expectation(measure)))?;
        Ok(Condition::Compare(measure, comparison, quantity))
    }

    /// A word, or anything in quotes.
    fn value(&mut self) -> Result<&'a str, FilterError> {
        let start = self.at;
        if !self.take("\"") {
            let word = self.skip(|c| !c.is_whitespace());
            return if word.is_empty() {
                Err(self.error(start, "a value is missing"))
            } else {
                Ok(word)
            };
        }
        let quoted = self.skip(|c| c != '"');
        if self.take("\"") { Ok(quoted) } else { Err(self.error(start, "the quote is not closed")) }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn skip(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn error(&self, at: usize, message: &str) -> FilterError {
        let column = self.text.get(..at).unwrap_or_default().chars().count();
        FilterError { column, message: message.to_owned() }
    }
}

fn lookup<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}

fn names<T>(table: &[(&str, T)]) -> String {
    table.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
}

fn quantity(measure: Measure, value: &str) -> Option<u64> {
    match measure {
        Measure::Latency | Measure::Ttfb => scaled(value, DURATIONS),
        Measure::Bytes => scaled(value, SIZES),
        Measure::Status => value.parse().ok(),
        Measure::Severity => severity_rank(value),
    }
}

fn scaled(value: &str, units: &[(&str, f64)]) -> Option<u64> {
    let split = value.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(value.len());
    let (number, unit) = value.split_at_checked(split)?;
    let (_, scale) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<f64>().ok().map(|number| (number * scale) as u64)
}

/// Rank of a severity; its name may be cut short.
fn severity_rank(name: &str) -> Option<u64> {
    let known = [
        Severity::Informational,
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
    ];
    let lower = name.to_ascii_lowercase();
    let found = known.iter().find(|s| !lower.is_empty() && s.name().starts_with(&lower));
    found.map(|severity| *severity as u64)
}

const fn expectation(measure: Measure) -> &'static str {
    match measure {
        Measure::Latency | Measure::Ttfb => "expected a duration: 200ms, 1.5s",
        Measure::Bytes => "expected a size: 512, 10kB, 1MiB",
        Measure::Status => "expected a status code",
        Measure::Severity => "expected informational, low, medium, high or critical",
    }
}
