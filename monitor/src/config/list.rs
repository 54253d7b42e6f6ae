use std::ops::Range;

use toml::de::DeValue;

use super::kind::{Refusal, integer};
use crate::pipeline::output::tls::CipherSuite;
use crate::suggest::nearest;

/// What is wrong with a value, or with some of the elements of a list.
#[derive(Debug)]
pub(super) enum Fault {
    /// All of it.
    Value(Refusal),
    /// These elements, each at its place.
    Elements(Vec<(Range<usize>, Refusal)>),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Value(refusal)
    }
}

impl Fault {
    /// Each refusal with its place, given that of the value.
    pub(super) fn places(self, value: Range<usize>) -> Vec<(Range<usize>, Refusal)> {
        match self {
            Self::Value(refusal) => vec![(value, refusal)],
            Self::Elements(refused) => refused,
        }
    }
}

/// The elements of a list, of which there may be none.
pub(super) fn list<T>(
    value: &DeValue<'_>,
    element: fn(&DeValue<'_>) -> Result<T, Refusal>,
) -> Result<Vec<T>, Fault> {
    let DeValue::Array(elements) = value else { return Err(Refusal::found(value).into()) };
    let mut taken = Vec::new();
    let mut refused = Vec::new();
    for value in elements {
        match element(value.get_ref()) {
            Ok(value) => taken.push(value),
            Err(refusal) => refused.push((value.span(), refusal)),
        }
    }
    if refused.is_empty() { Ok(taken) } else { Err(Fault::Elements(refused)) }
}

/// The values of a list, each on its own as TOML, as one.
pub(super) fn show(values: impl Iterator<Item = String>) -> String {
    format!("[{}]", values.collect::<Vec<_>>().join(", "))
}

/// A port.
pub(super) fn port(value: &DeValue<'_>) -> Result<u16, Refusal> {
    let DeValue::Integer(number) = value else { return Err(Refusal::found(value)) };
    let port = integer(number).and_then(|number| u16::try_from(number).ok());
    port.filter(|&port| port != 0).ok_or_else(|| Refusal::new("out of range"))
}

/// A cipher suite by the name that IANA gives it.
pub(super) fn cipher(value: &DeValue<'_>) -> Result<u16, Refusal> {
    let DeValue::String(text) = value else { return Err(Refusal::found(value)) };
    if let Some(suite) = CipherSuite::from_name(text) {
        return Ok(suite.0);
    }
    let refusal = Refusal::new("there is no such suite");
    Err(match meant(text) {
        Some(name) => refusal.remedy(format!("did you mean \"{name}\"?")),
        None => refusal.remedy("write the names of IANA, as `openssl ciphers -stdname` does"),
    })
}

/// The suite that another notation names, as OpenSSL's `ECDHE-RSA-AES256-GCM-SHA384`, or
/// the nearest one where it is IANA's notation.
fn meant(text: &str) -> Option<&'static str> {
    let squeezed = squeezed(text);
    let same = CipherSuite::names().find(|name| self::squeezed(name) == squeezed);
    same.or_else(|| text.starts_with("TLS_").then(|| nearest(text, CipherSuite::names()))?)
}

/// What all notations of a name have in common.
fn squeezed(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    let words = name.split(['-', '_']).filter(|word| !matches!(*word, "TLS" | "WITH" | "CBC"));
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_in_other_notations_are_understood() {
        for (text, name) in [
            ("ECDHE-RSA-AES256-GCM-SHA384", Some("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")),
            ("ECDHE-ECDSA-AES128-SHA256", Some("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256")),
            ("tls_aes_256_gcm_sha384", Some("TLS_AES_256_GCM_SHA384")),
            ("TLS_AES_256_GCM_SHA38", Some("TLS_AES_256_GCM_SHA384")),
            ("HIGH", None),
            ("", None),
        ] {
            assert_eq!(meant(text), name, "{text}");
        }
    }
}
