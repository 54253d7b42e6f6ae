//! TLS handshakes, read back.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::ends;
use super::fault::{self, Fault, known};
use super::shared::Shared;
use super::value::{Id, Seconds, Text, Time, boxed, known_words};
use crate::pipeline::output::tls::{
    Certificate, CertificateSeen, CipherSuite, Handshake, NamedGroup, Offered, SignatureScheme,
    TlsVersion,
};
use crate::pipeline::output::{Anomaly, ConnectionId, Output, TlsReport};

#[derive(Deserialize)]
struct Mirror<'a> {
    connection: Id,
    time: Time,
    #[serde(borrow)]
    client: &'a RawValue,
    #[serde(borrow)]
    server: &'a RawValue,
    #[serde(borrow)]
    version: Option<Text<'a>>,
    #[serde(borrow)]
    cipher: Option<Text<'a>>,
    #[serde(borrow)]
    group: Option<Text<'a>>,
    dh_bits: Option<u16>,
    #[serde(borrow)]
    signature: Option<Text<'a>>,
    #[serde(borrow)]
    sni: Option<Text<'a>>,
    #[serde(borrow, default)]
    alpn_offered: Vec<Text<'a>>,
    #[serde(borrow)]
    alpn: Option<Text<'a>>,
    #[serde(borrow)]
    ja4: Option<Text<'a>>,
    #[serde(borrow)]
    offered: Option<OfferedMirror<'a>>,
    resumed: Option<bool>,
    retried: bool,
    #[serde(borrow)]
    certificate: Option<CertificateMirror<'a>>,
    #[serde(borrow)]
    certificate_hidden: Option<Text<'a>>,
    mutual: Option<bool>,
    alert: Option<u8>,
    #[serde(borrow)]
    anomalies: Vec<Text<'a>>,
}

#[derive(Deserialize)]
struct OfferedMirror<'a> {
    #[serde(borrow)]
    versions: Vec<Text<'a>>,
    #[serde(borrow)]
    groups_pq: Vec<Text<'a>>,
    ech: bool,
}

#[derive(Deserialize)]
struct CertificateMirror<'a> {
    #[serde(borrow)]
    subject: Text<'a>,
    #[serde(borrow)]
    issuer: Text<'a>,
    #[serde(borrow)]
    san: Vec<Text<'a>>,
    not_before: Seconds,
    not_after: Seconds,
    #[serde(borrow)]
    key: KeyMirror<'a>,
    #[serde(borrow)]
    signature: Text<'a>,
    self_signed: bool,
    chain_length: u8,
}

#[derive(Deserialize)]
struct KeyMirror<'a> {
    #[serde(borrow)]
    algorithm: Text<'a>,
    bits: Option<u32>,
}

/// Reads a TLS handshake.
pub(super) fn read(text: &str, shared: &mut Shared) -> Result<Output, Fault> {
    let mirror: Mirror<'_> = fault::read(text)?;
    Ok(Output::Tls(Box::new(TlsReport {
        connection: ConnectionId(mirror.connection.0),
        time: mirror.time.0,
        ends: ends::read(mirror.client, mirror.server, shared)?,
        handshake: Arc::new(handshake(mirror, shared)?),
    })))
}

fn handshake(mirror: Mirror<'_>, shared: &mut Shared) -> Result<Handshake, Fault> {
    Ok(Handshake {
        version: shown(mirror.version.as_ref(), TlsVersion::from_shown)?,
        cipher: shown(mirror.cipher.as_ref(), CipherSuite::from_shown)?,
        group: shown(mirror.group.as_ref(), NamedGroup::from_shown)?,
        dh_bits: mirror.dh_bits,
        signature: shown(mirror.signature.as_ref(), SignatureScheme::from_shown)?,
        offered: mirror.offered.map(|offered| Offered {
            sni: mirror.sni.map(|sni| shared.text(sni.as_str())),
            alpn: boxed(mirror.alpn_offered),
            versions: known_words(&offered.versions, TlsVersion::from_shown),
            // Records say no others.
            groups: known_words(&offered.groups_pq, NamedGroup::from_shown),
            ja4: mirror.ja4.map(Text::boxed).unwrap_or_default(),
            ech: offered.ech,
        }),
        alpn: mirror.alpn.map(Text::boxed),
        resumed: mirror.resumed,
        retried: mirror.retried,
        certificate: certificate(mirror.certificate, mirror.certificate_hidden.as_ref()),
        mutual: mirror.mutual,
        alert: mirror.alert,
        anomalies: known_words(&mirror.anomalies, Anomaly::from_name),
    })
}

/// Something of which there may be none, by its name or its number.
pub(super) fn shown<T>(
    shown: Option<&Text<'_>>,
    from_shown: fn(&str) -> Option<T>,
) -> Result<Option<T>, Fault> {
    shown.map(|shown| known(from_shown(shown.as_str()))).transpose()
}

/// A reason for its lack that this version does not know says no more than that.
fn certificate(
    certificate: Option<CertificateMirror<'_>>,
    hidden: Option<&Text<'_>>,
) -> CertificateSeen {
    match (certificate, hidden.map(Text::as_str)) {
        (Some(certificate), _) => CertificateSeen::Seen(Box::new(certificate.into())),
        (None, Some("tls_1_3")) => CertificateSeen::Hidden,
        (None, Some("not_sent")) => CertificateSeen::NotSent,
        (None, _) => CertificateSeen::NotSeen,
    }
}

impl From<CertificateMirror<'_>> for Certificate {
    fn from(mirror: CertificateMirror<'_>) -> Self {
        Self {
            subject: mirror.subject.boxed(),
            issuer: mirror.issuer.boxed(),
            san: boxed(mirror.san),
            not_before: mirror.not_before.0,
            not_after: mirror.not_after.0,
            key_algorithm: mirror.key.algorithm.boxed(),
            key_bits: mirror.key.bits,
            signature: mirror.signature.boxed(),
            self_signed: mirror.self_signed,
            chain_length: mirror.chain_length,
        }
    }
}
