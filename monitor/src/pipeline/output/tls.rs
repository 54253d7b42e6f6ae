//! What a TLS handshake says to whoever only listens.

use std::sync::Arc;

use super::{ConnectionId, Ends};
use crate::pipeline::protocol::Anomaly;
use crate::pipeline::time::WallTime;

/// What a cipher suite is made of.
mod cipher;
/// Names of cipher suites.
mod cipher_names;
/// Names of groups, and which withstand quantum computers.
mod group;
/// Names of signature schemes.
mod signature;
/// Versions of TLS.
mod version;

pub use cipher::{BulkCipher, KeyExchange};

/// A TLS handshake.
#[derive(Clone, Debug, PartialEq)]
pub struct TlsReport {
    /// On which connection.
    pub connection: ConnectionId,
    /// When its last part came.
    pub time: WallTime,
    /// Who.
    pub ends: Arc<Ends>,
    /// What was said.
    pub handshake: Arc<Handshake>,
}

/// What both sides said in the clear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handshake {
    /// What the client offered; none where its hello was not seen.
    pub offered: Option<Offered>,
    /// Version agreed on; none where the server's hello was not seen.
    pub version: Option<TlsVersion>,
    /// Cipher suite agreed on.
    pub cipher: Option<CipherSuite>,
    /// Group agreed on: of the server's key share, or of its key exchange up to TLS 1.2.
    /// None where the key exchange has no group (static RSA, plain resumption).
    pub group: Option<NamedGroup>,
    /// Bits of the prime of the server's key exchange, where that is Diffie-Hellman without
    /// curves up to TLS 1.2.
    pub dh_bits: Option<u16>,
    /// Signature over the server's key exchange, up to TLS 1.2.
    pub signature: Option<SignatureScheme>,
    /// Application protocol agreed on. TLS 1.3 hides it.
    pub alpn: Option<Box<str>>,
    /// Whether an earlier session went on; none where that cannot be told.
    pub resumed: Option<bool>,
    /// The server asked for another hello first (RFC 8446 section 4.1.4).
    pub retried: bool,
    /// The server's certificate.
    pub certificate: CertificateSeen,
    /// Whether the server asked for a client certificate; TLS 1.3 hides it.
    pub mutual: Option<bool>,
    /// A fatal alert in the clear ended the handshake (RFC 8446 section 6).
    pub alert: Option<u8>,
    /// Irregularities, each once, in the order of [`Anomaly::ALL`].
    pub anomalies: Vec<Anomaly>,
}

/// What a client offered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// Name of the server the client asked for; printable, lower case.
    pub sni: Option<Arc<str>>,
    /// Application protocols, in order.
    pub alpn: Vec<Box<str>>,
    /// Versions, in order; GREASE left out.
    pub versions: Vec<TlsVersion>,
    /// Groups, in order; GREASE left out.
    pub groups: Vec<NamedGroup>,
    /// JA4 fingerprint of the client.
    pub ja4: Box<str>,
    /// Encrypted Client Hello was offered, or pretended to be (GREASE looks the same).
    pub ech: bool,
}

/// What is known of the server's certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CertificateSeen {
    /// Its bytes were not seen, or not yet.
    #[default]
    NotSeen,
    /// TLS 1.3 encrypts it.
    Hidden,
    /// None was sent: the session was resumed, or the cipher has none.
    NotSent,
    /// It was sent in the clear.
    Seen(Box<Certificate>),
}

/// Facts of a certificate (RFC 5280). Text is printable and bounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Distinguished name of the holder.
    pub subject: Box<str>,
    /// Distinguished name of the issuer.
    pub issuer: Box<str>,
    /// Subject alternative names, the first few.
    pub san: Vec<Box<str>>,
    /// Seconds since 1970.
    pub not_before: i64,
    /// Seconds since 1970.
    pub not_after: i64,
    /// Algorithm of the key: `rsa`, `ec`, `ed25519`, `ed448`, `dsa`, or the OID.
    pub key_algorithm: Box<str>,
    /// Size of the key in bits; none where not known.
    pub key_bits: Option<u32>,
    /// Algorithm of the issuer's signature: `sha256WithRSAEncryption`, or the OID.
    pub signature: Box<str>,
    /// Subject and issuer are the same.
    pub self_signed: bool,
    /// Certificates that were sent, this one included.
    pub chain_length: u8,
}

/// Version of TLS as it is on the wire; drafts and unknown ones included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TlsVersion(pub u16);

/// Cipher suite as it is on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CipherSuite(pub u16);

/// Named group as it is on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamedGroup(pub u16);

/// Signature scheme as it is on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignatureScheme(pub u16);

/// How well a handshake protects: what pairs of identity and destination are judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posture {
    /// Version agreed on.
    pub version: TlsVersion,
    /// Cipher suite agreed on.
    pub cipher: CipherSuite,
    /// Group agreed on.
    pub group: Option<NamedGroup>,
}

impl std::fmt::Display for CipherSuite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write_name(self.name(), self.0, f)
    }
}

impl std::fmt::Display for NamedGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write_name(self.name(), self.0, f)
    }
}

impl std::fmt::Display for SignatureScheme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write_name(self.name(), self.0, f)
    }
}

/// What is shown of one, read back: one of `names`, or the number where it has none.
fn number_of(shown: &str, names: &[(u16, &str)]) -> Option<u16> {
    let known = names.iter().find(|(_, name)| *name == shown).map(|(number, _)| *number);
    known.or_else(|| hexadecimal(shown))
}

/// `0x1234`.
fn hexadecimal(shown: &str) -> Option<u16> {
    let digits = shown.strip_prefix("0x")?;
    let is_number = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_number.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

/// The name, or the number where there is none.
fn write_name(
    name: Option<&str>,
    number: u16,
    f: &mut std::fmt::Formatter<'_>,
) -> std::fmt::Result {
    match name {
        Some(name) => f.write_str(name),
        None => write!(f, "0x{number:04x}"),
    }
}
