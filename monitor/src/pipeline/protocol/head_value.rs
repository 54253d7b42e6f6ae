//! Values of header fields that mean the same in each version of HTTP (RFC 9110).

use std::borrow::Cow;
use std::sync::Arc;

use super::anomaly::{Anomalies, Anomaly};
use crate::pipeline::output::{Auth, Method};

/// Names of fields that carry a key or token of an API.
const KEY_FIELDS: [&[u8]; 6] = [
    b"x-api-key",
    b"api-key",
    b"apikey",
    b"x-auth-token",
    b"x-access-token",
    b"x-amz-security-token",
];
/// Bytes of a method that are kept.
const METHOD_BYTES: usize = 32;
/// Bytes of a repeating text that are kept.
const TEXT_BYTES: usize = 256;

/// Content-Length of a head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Length {
    /// Not there.
    #[default]
    Absent,
    /// So many bytes.
    Is(u64),
    /// Not a number, or different numbers: the message has no known end.
    Unframeable,
}

impl Length {
    /// Takes a value. RFC 9110 section 8.6: a list of equal numbers is one number.
    pub(super) fn take(&mut self, value: &[u8], anomalies: &mut Anomalies) {
        for part in value.split(|&byte| byte == b',') {
            let length = decimal(part.trim_ascii()).map_or(Self::Unframeable, Self::Is);
            if length == Self::Unframeable {
                anomalies.add(Anomaly::InvalidContentLength);
            }
            *self = match (*self, length) {
                (Self::Absent, length) => length,
                (Self::Is(before), Self::Is(now)) if before == now => {
                    anomalies.add(Anomaly::DuplicateContentLength);
                    length
                }
                (Self::Is(_), Self::Is(_)) => {
                    anomalies.add(Anomaly::ConflictingContentLength);
                    Self::Unframeable
                }
                _ => Self::Unframeable,
            };
        }
    }
}

/// Only digits: a sign or anything else is how requests are smuggled.
pub(super) fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// The scheme of an Authorization field (RFC 9110 section 11.4).
pub(super) fn scheme(value: &[u8]) -> Auth {
    let value = value.trim_ascii_start();
    let end = value.iter().position(|&byte| byte == b' ').unwrap_or(value.len());
    let scheme = value.get(..end).unwrap_or_default();
    let known =
        [(b"basic".as_slice(), Auth::Basic), (b"bearer", Auth::Bearer), (b"digest", Auth::Digest)];
    let found = known.iter().find(|(name, _)| scheme.eq_ignore_ascii_case(name));
    found.map_or(Auth::Other, |(_, auth)| *auth)
}

/// Whether a field with this name carries a key or token of an API.
pub(super) fn is_key_name(name: &[u8]) -> bool {
    KEY_FIELDS.iter().any(|key| name.eq_ignore_ascii_case(key))
}

/// Authorization over keys over cookies: the strongest proof is named.
pub(super) fn stronger(one: Auth, other: Auth) -> Auth {
    let rank = |auth| match auth {
        Auth::None => 0,
        Auth::Unknown => 1,
        Auth::Cookie => 2,
        Auth::ApiKey => 3,
        Auth::Basic | Auth::Bearer | Auth::Digest | Auth::Other => 4,
    };
    if rank(other) > rank(one) { other } else { one }
}

/// The method of a token, of which no more than fits is kept.
pub(super) fn method_of(token: &[u8]) -> Method {
    Method::from_token(&text_of(token.get(..METHOD_BYTES).unwrap_or(token)))
}

/// Bytes as text, what is not UTF-8 replaced: as [`String::from_utf8_lossy`] does, and
/// faster where there is nothing to replace.
pub(super) fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Notes a method that is only known in upper case.
pub(super) fn note_case(method: &Method, anomalies: &mut Anomalies) {
    if let Method::Other(token) = method
        && token.bytes().any(|byte| byte.is_ascii_lowercase())
        && !matches!(Method::from_token(&token.to_ascii_uppercase()), Method::Other(_))
    {
        anomalies.add(Anomaly::LowercaseMethod);
    }
}

/// Texts that repeat on a connection, kept once.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) path: Option<Arc<str>>,
    pub(super) host: Option<Arc<str>>,
    pub(super) request_type: Option<Arc<str>>,
    pub(super) response_type: Option<Arc<str>>,
}

/// A text, shared with the last one of its kind where that is the same.
pub(super) fn reuse(last: &mut Option<Arc<str>>, text: &[u8]) -> Arc<str> {
    let text = text.get(..TEXT_BYTES).unwrap_or(text);
    match last {
        Some(known) if known.as_bytes() == text => Arc::clone(known),
        _ => Arc::clone(last.insert(text_of(text).into())),
    }
}

/// A path, shared likewise; a long one is not kept.
pub(super) fn reuse_path(last: &mut Option<Arc<str>>, path: &[u8]) -> Arc<str> {
    if path.len() > TEXT_BYTES { text_of(path).into() } else { reuse(last, path) }
}

/// A media type without its parameters, in lower case, shared likewise.
pub(super) fn reuse_type(last: &mut Option<Arc<str>>, value: &[u8]) -> Arc<str> {
    if let Some(known) = last.as_ref().filter(|known| known.as_bytes() == value) {
        return Arc::clone(known);
    }
    let end = value.iter().position(|&byte| byte == b';').unwrap_or(value.len());
    let name = value.get(..end).unwrap_or(value).trim_ascii();
    match last {
        Some(known) if known.as_bytes().eq_ignore_ascii_case(name) => Arc::clone(known),
        _ => reuse(last, &name.to_ascii_lowercase()),
    }
}
