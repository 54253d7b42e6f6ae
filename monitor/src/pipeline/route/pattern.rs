//! Templates of the configuration: `/accounts/{id}/orders`, `/static/*`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::segment::segments;

/// Segments of a pattern.
const DEPTH: usize = 16;
/// Bytes of a pattern.
const BYTES: usize = 256;

/// What is wrong with a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternFault {
    /// A path begins so.
    #[error("a pattern begins with /")]
    NoSlash,
    /// A path has none.
    #[error("a pattern has no empty segment")]
    EmptySegment,
    /// The rest of a path is at its end.
    #[error("* is a segment of its own, the last one")]
    Asterisk,
    /// A parameter is a whole segment.
    #[error("a parameter is a whole segment: {{name}}")]
    Parameter,
    /// These are not seen: they are no part of a path, or steer a terminal.
    #[error("a pattern has no ? # ; and no white space or control characters")]
    Character,
    /// Longer than routes are.
    #[error("a pattern has at most {BYTES} bytes and {DEPTH} segments")]
    TooLong,
}

/// Whether a pattern can be used.
///
/// # Errors
///
/// What is wrong with it.
pub fn check_pattern(pattern: &str) -> Result<(), PatternFault> {
    let Some(path) = pattern.strip_prefix('/') else { return Err(PatternFault::NoSlash) };
    let is_bad = |c: char| "?#;".contains(c) || c.is_whitespace() || !c.is_ascii_graphic();
    if pattern.contains(is_bad) {
        return Err(PatternFault::Character);
    }
    if pattern.len() > BYTES || path.split('/').count() > DEPTH {
        return Err(PatternFault::TooLong);
    }
    if path.is_empty() {
        return Ok(());
    }
    let last = path.split('/').count() - 1;
    path.split('/').enumerate().try_for_each(|(at, segment)| match segment {
        "" => Err(PatternFault::EmptySegment),
        "*" if at == last => Ok(()),
        _ if segment.contains('*') => Err(PatternFault::Asterisk),
        _ if segment.contains(['{', '}']) && parameter(segment).is_none() => {
            Err(PatternFault::Parameter)
        }
        _ => Ok(()),
    })
}

/// The name in a segment that is a parameter.
fn parameter(segment: &str) -> Option<&str> {
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    (!name.is_empty() && !name.contains(['{', '}'])).then_some(name)
}

/// Patterns as a tree, in which a path is found in one walk.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    places: Vec<Place>,
}

/// A place in a path.
#[derive(Debug, Default)]
struct Place {
    literals: BTreeMap<Box<str>, usize>,
    parameter: Option<usize>,
    /// The pattern that takes whatever follows.
    rest: Option<Arc<str>>,
    /// The pattern that ends here.
    end: Option<Arc<str>>,
}

impl Patterns {
    /// Of patterns for the same paths the first one counts; what is no pattern is left
    /// out.
    pub(super) fn new(patterns: &[String]) -> Self {
        let mut all = Self::default();
        for pattern in patterns.iter().filter(|pattern| check_pattern(pattern).is_ok()) {
            all.add(pattern);
        }
        all
    }

    /// The most specific pattern of a path: where they part, a literal goes before a
    /// parameter, and that before the rest.
    pub(super) fn find(&self, path: &str) -> Option<&str> {
        if self.places.is_empty() {
            return None;
        }
        let mut given = [""; DEPTH + 1];
        let mut count = 0;
        for segment in segments(path) {
            *given.get_mut(count)? = segment;
            count += 1;
            if count > DEPTH {
                break; // only the rest of a pattern reaches so far
            }
        }
        self.find_below(0, given.get(..count)?)
    }

    /// Each place is reached in one way, so each is looked at once at most.
    fn find_below(&self, at: usize, given: &[&str]) -> Option<&str> {
        let place = self.places.get(at)?;
        let Some((first, more)) = given.split_first() else { return place.end.as_deref() };
        let literal = place.literals.get(*first);
        literal
            .and_then(|next| self.find_below(*next, more))
            .or_else(|| place.parameter.and_then(|next| self.find_below(next, more)))
            .or(place.rest.as_deref())
    }

    fn add(&mut self, pattern: &str) {
        if self.places.is_empty() {
            self.places.push(Place::default());
        }
        let mut at = 0;
        for segment in segments(pattern) {
            if segment == "*" {
                if let Some(place) = self.places.get_mut(at) {
                    place.rest.get_or_insert_with(|| pattern.into());
                }
                return;
            }
            at = self.place_after(at, segment);
        }
        if let Some(place) = self.places.get_mut(at) {
            place.end.get_or_insert_with(|| pattern.into());
        }
    }

    /// The place after a segment, new where it has to be.
    fn place_after(&mut self, at: usize, segment: &str) -> usize {
        let next = self.places.len();
        let Some(place) = self.places.get_mut(at) else { return at };
        let found = match parameter(segment) {
            Some(_) => *place.parameter.get_or_insert(next),
            None => *place.literals.entry(segment.into()).or_insert(next),
        };
        if found == next {
            self.places.push(Place::default());
        }
        found
    }
}
