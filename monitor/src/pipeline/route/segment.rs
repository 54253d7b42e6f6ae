//! A path in its segments, and a segment in its head and tail.

use super::class::{Class, classify};

/// Ends of names that stay: what kind of thing is asked for says something, its name
/// need not.
const EXTENSIONS: [&str; 40] = [
    ".action", ".asp", ".aspx", ".cer", ".crl", ".crt", ".css", ".csv", ".der", ".do", ".gif",
    ".gz", ".htm", ".html", ".ico", ".jpeg", ".jpg", ".js", ".json", ".jsp", ".map", ".mjs",
    ".pdf", ".pem", ".php", ".png", ".proto", ".svg", ".ttf", ".txt", ".wasm", ".webp", ".woff",
    ".woff2", ".wsdl", ".xml", ".xsd", ".yaml", ".yml", ".zip",
];

const EXTENSION_BYTES: usize = ".action".len();

/// Letters of a verb after a colon.
const VERB_BYTES: usize = 32;

/// The segments of a path that are not empty, without matrix parameters (RFC 3986
/// section 3.3), up to a query or fragment.
pub(super) const fn segments(path: &str) -> Segments<'_> {
    Segments { rest: path }
}

/// See [`segments`].
pub(super) struct Segments<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Segments<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            let rest = self.rest;
            let is_delimiter = |byte: u8| matches!(byte, b'/' | b';' | b'?' | b'#');
            let end = rest.bytes().position(is_delimiter).unwrap_or(rest.len());
            let segment = rest.get(..end)?;
            self.rest = match rest.as_bytes().get(end) {
                Some(b'/') => rest.get(end + 1..)?,
                Some(b';') => after_parameters(rest.get(end..)?),
                _ => "",
            };
            if !segment.is_empty() {
                return Some(segment);
            }
            if self.rest.is_empty() {
                return None;
            }
        }
    }
}

/// What follows matrix parameters: the next segment, or nothing.
fn after_parameters(rest: &str) -> &str {
    let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    end.and_then(|end| rest.get(end..)).filter(|rest| rest.starts_with('/')).unwrap_or_default()
}

/// What stands for a segment in a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading<'a> {
    pub(super) class: Class,
    /// The word, where it is one.
    pub(super) head: &'a str,
    pub(super) tail: Tail<'a>,
}

/// What follows the head within its segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tail<'a> {
    /// Nothing.
    None,
    /// A verb: `123:cancel` (google.api.http).
    Verb(&'a str),
    /// The end of the name of a file, or the brackets of `OData`.
    Suffix(&'a str),
}

/// Reads a segment.
pub(super) fn read(segment: &str) -> Reading<'_> {
    if let Some((stem, extension)) = split_extension(segment) {
        let class = classify(stem);
        if class != Class::Word {
            return Reading { class, head: stem, tail: Tail::Suffix(extension) };
        }
    }
    let class = classify(segment);
    let whole = Reading { class, head: segment, tail: Tail::None };
    if class != Class::Param {
        return whole;
    }
    let split = split_verb(segment).or_else(|| split_brackets(segment));
    let Some((head, tail)) = split else { return whole };
    match classify(head) {
        Class::Param if head != Class::Param.placeholder() => whole,
        class => Reading { class, head, tail },
    }
}

fn split_extension(segment: &str) -> Option<(&str, &str)> {
    let longest = segment.len().saturating_sub(EXTENSION_BYTES);
    let end = segment.as_bytes().get(longest..)?;
    let dot = longest + end.iter().rposition(|byte| *byte == b'.')?;
    let (stem, extension) = segment.split_at_checked(dot)?;
    let is_known = EXTENSIONS.contains(&extension);
    (is_known && !stem.is_empty()).then_some((stem, extension))
}

fn split_verb(segment: &str) -> Option<(&str, Tail<'_>)> {
    let (head, verb) = segment.rsplit_once(':')?;
    let is_verb = (2..=VERB_BYTES).contains(&verb.len())
        && verb.bytes().all(|byte| byte.is_ascii_alphabetic());
    (is_verb && !head.is_empty()).then_some((head, Tail::Verb(verb)))
}

fn split_brackets(segment: &str) -> Option<(&str, Tail<'_>)> {
    let (head, inner) = segment.strip_suffix(')')?.split_once('(')?;
    let tail = if inner.is_empty() { "()" } else { "({param})" };
    (!head.is_empty()).then_some((head, Tail::Suffix(tail)))
}
