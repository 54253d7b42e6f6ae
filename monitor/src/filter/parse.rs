//! The grammar: `[-](field:value,… | measure<comparison>quantity | text)`, separated
//! by spaces.

use super::span::{Comparison, Span};
use super::value::{of_any, of_field, of_measure, within};
use super::words::{MEASURES, Named, lookup, named, unknown_measure};
use super::{Condition, FilterError, MOST_CHARACTERS, MOST_TERMS, Polarity, Term};

/// The longer of two that begin alike comes first.
const COMPARISONS: &[(&str, Comparison)] = &[
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("<", Comparison::Below),
    (">", Comparison::Above),
];

/// A text that is read from left to right.
pub(super) struct Parser<'a> {
    text: &'a str,
    at: usize,
    /// Values so far: terms, each alternative counted.
    values: usize,
}

impl<'a> Parser<'a> {
    /// At the start of a text.
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0, values: 0 }
    }

    /// All terms.
    pub(super) fn terms(&mut self) -> Result<Vec<Term>, FilterError> {
        if let Some((at, _)) = self.text.char_indices().nth(MOST_CHARACTERS) {
            return Err(self.error(at, "a filter has at most 1,024 characters"));
        }
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
        Ok(Term { polarity, alternatives: self.conditions()? })
    }

    fn conditions(&mut self) -> Result<Vec<Condition>, FilterError> {
        let start = self.at;
        let name = self.skip(|c| c.is_ascii_alphabetic() || c == '_');
        if !name.is_empty() {
            if self.take(":") {
                return self.field(name, start);
            }
            if let Some((_, comparison)) = COMPARISONS.iter().find(|(symbol, _)| self.take(symbol))
            {
                return self.comparison(name, start, *comparison);
            }
        }
        self.at = start;
        let text = self.value(|c| !c.is_whitespace())?;
        self.end_of_value()?;
        Ok(of_any(text))
    }

    fn field(&mut self, name: &str, start: usize) -> Result<Vec<Condition>, FilterError> {
        let named = named(name).map_err(|message| self.error(start, &message))?;
        let mut conditions = Vec::new();
        loop {
            let at = self.at;
            let value = self.value(|c| !(c.is_whitespace() || c == ','))?;
            let any = match named {
                Named::Field(field) => of_field(field, value),
                Named::Measure(measure) => of_measure(measure, value),
            };
            conditions.extend(any.map_err(|message| self.error(at, &message))?);
            if !self.take(",") {
                self.end_of_value()?;
                return Ok(conditions);
            }
        }
    }

    fn comparison(
        &mut self,
        name: &str,
        start: usize,
        comparison: Comparison,
    ) -> Result<Vec<Condition>, FilterError> {
        let Some(measure) = lookup(MEASURES, name) else {
            return Err(self.error(start, &unknown_measure(name)));
        };
        let at = self.at;
        self.count(start)?;
        let bound = self.skip(|c| !c.is_whitespace());
        let span = Span::compared(measure, comparison, bound);
        Ok(within(measure, span.map_err(|message| self.error(at, &message))?))
    }

    /// Characters that belong to a word, or anything in quotes.
    fn value(&mut self, belongs: impl Fn(char) -> bool) -> Result<&'a str, FilterError> {
        let start = self.at;
        self.count(start)?;
        if !self.take("\"") {
            let word = self.skip(belongs);
            return if word.is_empty() {
                Err(self.error(start, "a value is missing"))
            } else {
                Ok(word)
            };
        }
        let quoted = self.skip(|c| c != '"');
        if self.take("\"") { Ok(quoted) } else { Err(self.error(start, "the quote is not closed")) }
    }

    /// After a value comes a space.
    fn end_of_value(&self) -> Result<(), FilterError> {
        match self.rest().chars().next() {
            Some(next) if !next.is_whitespace() => {
                Err(self.error(self.at, "a space is missing after the quote"))
            }
            _ => Ok(()),
        }
    }

    /// Counts a value, which starts at `at`.
    fn count(&mut self, at: usize) -> Result<(), FilterError> {
        self.values += 1;
        if self.values > MOST_TERMS {
            return Err(self.error(at, "a filter has at most 64 terms and alternatives"));
        }
        Ok(())
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
