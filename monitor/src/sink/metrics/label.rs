//! Label values: few, short, and without characters that steer a terminal.

use std::borrow::Cow;
use std::sync::Arc;

use crate::pipeline::output::{End, Method, Protocol, Response};
use crate::pipeline::text::is_steering;

/// Value of every label set that has no series of its own.
pub(super) const OTHER: &str = "_other";

/// The end of a connection whose process is not on this host or not known.
pub(super) const REMOTE: &str = "_remote";

/// Longest label value in bytes.
const MAX_BYTES: usize = 128;

/// Text from outside as a label value: unsafe characters are replaced, and what is
/// too long is cut between two characters.
pub(super) fn label_value(text: &str) -> Cow<'_, str> {
    let cut = text.get(..text.floor_char_boundary(MAX_BYTES)).unwrap_or_default();
    if !cut.contains(is_steering) {
        return Cow::Borrowed(cut);
    }
    // U+FFFD takes three bytes, so the replaced text may be longer.
    let mut safe = cut.replace(is_steering, "\u{fffd}");
    safe.truncate(safe.floor_char_boundary(MAX_BYTES));
    Cow::Owned(safe)
}

/// The identity at an end as a label value.
pub(super) fn identity_value(identity: Option<&Arc<str>>) -> Arc<str> {
    let Some(identity) = identity else { return REMOTE.into() };
    match label_value(identity) {
        Cow::Borrowed(same) if same.len() == identity.len() => Arc::clone(identity),
        changed => changed.into(),
    }
}

/// The identity at an end, where its process is known.
pub(super) fn identity(endpoint: &End) -> Option<&Arc<str>> {
    endpoint.process.as_ref().map(|process| &process.identity)
}

/// A method of RFC 9110 section 9 or RFC 5789, or any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MethodLabel(&'static str);

impl MethodLabel {
    /// What OpenTelemetry calls a method that is not on the list; also the method
    /// of a request that was not seen.
    pub(super) const OTHER: Self = Self("_OTHER");

    pub(super) const fn of(method: &Method) -> Self {
        match method {
            Method::Get => Self("GET"),
            Method::Head => Self("HEAD"),
            Method::Post => Self("POST"),
            Method::Put => Self("PUT"),
            Method::Delete => Self("DELETE"),
            Method::Connect => Self("CONNECT"),
            Method::Options => Self("OPTIONS"),
            Method::Trace => Self("TRACE"),
            Method::Patch => Self("PATCH"),
            Method::Other(_) | Method::Unknown => Self::OTHER,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        self.0
    }
}

/// A status code (RFC 9110 section 15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StatusLabel {
    /// No response was seen.
    None,
    /// 100 to 599.
    Code(u16),
    /// Any other number.
    Other,
}

impl StatusLabel {
    pub(super) const fn of(response: Option<&Response>) -> Self {
        match response {
            None => Self::None,
            Some(Response { status: Some(status @ 100..=599), .. }) => Self::Code(*status),
            Some(_) => Self::Other,
        }
    }

    pub(super) fn name(self) -> Cow<'static, str> {
        match self {
            Self::None => "_none".into(),
            Self::Code(code) => code.to_string().into(),
            Self::Other => OTHER.into(),
        }
    }
}

/// `network.protocol.version` of OpenTelemetry.
pub(super) const fn version(protocol: Option<Protocol>) -> &'static str {
    match protocol {
        Some(Protocol::Http10) => "1.0",
        Some(Protocol::Http11 | Protocol::WebSocket) => "1.1",
        Some(Protocol::Http2 | Protocol::Grpc) => "2",
        Some(Protocol::GrpcWeb) | None => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_short_and_safe() {
        for (text, value) in [
            ("/usr/bin/curl".to_owned(), "/usr/bin/curl".to_owned()),
            ("a\x1b[2J\u{202e}b\n".to_owned(), "a\u{fffd}[2J\u{fffd}b\u{fffd}".to_owned()),
            ("x".repeat(129), "x".repeat(128)),
            ("é".repeat(100), "é".repeat(64)),
            ("€".repeat(100), "€".repeat(42)),
            ("\0".repeat(500), "\u{fffd}".repeat(42)),
            (String::new(), String::new()),
        ] {
            assert_eq!(label_value(&text), value);
        }
    }

    #[test]
    fn an_identity_that_is_safe_is_shared_and_not_copied() {
        let identity: Arc<str> = "nginx.service".into();
        assert!(Arc::ptr_eq(&identity_value(Some(&identity)), &identity));
        assert_eq!(&*identity_value(Some(&"a\nb".into())), "a\u{fffd}b");
        assert_eq!(&*identity_value(None), REMOTE);
    }

    #[test]
    fn statuses_outside_of_the_standard_are_one() {
        let status = |status| {
            let response = Response {
                status: Some(status),
                body_bytes: 0,
                content_type: None,
                complete: true,
            };
            StatusLabel::of(Some(&response)).name().into_owned()
        };
        assert_eq!(status(100), "100");
        assert_eq!(status(599), "599");
        assert_eq!(status(600), OTHER);
        assert_eq!(status(99), OTHER);
        assert_eq!(StatusLabel::of(None).name(), "_none");
    }
}
