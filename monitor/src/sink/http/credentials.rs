//! A name and password as a client sends them (RFC 7617).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use sha2::{Digest as _, Sha256};

/// SHA-256 of a name and password.
pub(super) type Digest = [u8; 32];

/// A name and password. There is no `Debug` of them.
pub(super) struct Credentials {
    name: String,
    password: Vec<u8>,
    digest: Digest,
}

impl Credentials {
    pub(super) fn new(name: &str, password: &[u8]) -> Self {
        // A name has no `:`, so what is equal here is equal in both.
        let digest = Sha256::new().chain_update(name).chain_update(b":").chain_update(password);
        let digest = digest.finalize().into();
        Self { name: name.to_owned(), password: password.to_owned(), digest }
    }

    /// Those of a request; none where it has none that could be right.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(AUTHORIZATION)?.as_bytes();
        let space = value.iter().position(|byte| *byte == b' ')?;
        let (scheme, encoded) = value.split_at_checked(space)?;
        if !scheme.eq_ignore_ascii_case(b"basic") {
            return None;
        }
        let decoded = STANDARD.decode(encoded.trim_ascii()).ok()?;
        let colon = decoded.iter().position(|byte| *byte == b':')?;
        let (name, password) = decoded.split_at_checked(colon)?;
        let name = std::str::from_utf8(name).ok()?;
        Some(Self::new(name, password.get(1..)?))
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn password(&self) -> &[u8] {
        &self.password
    }

    pub(super) const fn digest(&self) -> &Digest {
        &self.digest
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn of(value: &[u8]) -> Option<(String, Vec<u8>)> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_bytes(value).ok()?);
        Credentials::of(&headers).map(|it| (it.name, it.password))
    }

    #[test]
    fn headers_are_read_as_rfc_7617_says() {
        for (value, expected) in [
            // The examples of sections 2 and 2.1.
            ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", Some(("Aladdin", "open sesame"))),
            ("Basic dGVzdDoxMjPCow==", Some(("test", "123£"))),
            ("basic   YTpi", Some(("a", "b"))),
            ("BASIC YTpiOmM=", Some(("a", "b:c"))),
            ("Basic Og==", Some(("", ""))),
            ("Basic YTo=", Some(("a", ""))),
            ("Basic YWI=", None),
            ("Basic YTpi=", None),
            ("Basic", None),
            ("Basic ", None),
            ("", None),
            ("Bearer YTpi", None),
            ("Basic \u{e9}", None),
            ("Basic /zpi", None),
        ] {
            let expected = expected.map(|(name, word)| (name.to_owned(), word.as_bytes().to_vec()));
            assert_eq!(of(value.as_bytes()), expected, "{value}");
        }
        assert!(Credentials::of(&HeaderMap::new()).is_none());
    }

    proptest! {
        #[test]
        fn any_header_is_answered(value in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = of(&value);
        }

        #[test]
        fn what_is_sent_is_read(name in "[^:\\x00-\\x1f]{0,20}", password in prop::collection::vec(any::<u8>(), 0..90)) {
            let sent = [name.as_bytes(), b":", &password].concat();
            let value = format!("Basic {}", STANDARD.encode(sent));
            prop_assert_eq!(of(value.as_bytes()), Some((name, password)));
        }
    }
}
