//! What can be weak about a TLS handshake, and how bad it is.

use super::super::parties::Reach;
use crate::pipeline::finding::Severity;
use crate::pipeline::output::tls::{
    BulkCipher, CipherSuite, KeyExchange, SignatureScheme, TlsVersion,
};

/// One weakness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Weakness {
    /// Nothing is encrypted.
    NullCipher,
    /// Forty or 56 bits.
    ExportCipher,
    /// Nobody proved who they are.
    Anonymous,
    /// A version below the minimum.
    OldVersion { version: TlsVersion, minimum: TlsVersion },
    /// A cipher that is broken in practice, or whose blocks are too short.
    BrokenCipher(BulkCipher),
    /// A suite that the profile refuses, or does not allow.
    RefusedCipher(CipherSuite),
    /// The key exchange is signed over MD5 or SHA-1.
    WeakSignature(SignatureScheme),
    /// The certificate is signed over MD5 or SHA-1.
    WeakCertificateSignature(Box<str>),
    /// A key below its minimum.
    ShortKey { key: Key, bits: u32, minimum: u16 },
    /// The certificate has ended.
    Expired { seconds: u64 },
    /// The certificate has not begun.
    NotYetValid { seconds: u64 },
    /// Both sides can do better, and someone in between made the offer smaller.
    DowngradeSignal,
    /// TLS compresses, which gives secrets away by their length (RFC 9325 section 3.3).
    Compression,
    /// The pair agreed on more before.
    Downgrade(Vec<Loss>),
    /// Who gets the server's key reads what was recorded.
    NoForwardSecrecy(KeyExchange),
    /// Someone in between can put bytes in front of a client's (RFC 5746).
    InsecureRenegotiation,
    /// The certificate ends soon.
    EndsSoon { seconds: u64 },
    /// Nobody vouches for the certificate.
    SelfSigned,
    /// CBC mode, which leaks through timing (RFC 9325 section 4.2.1).
    Cbc,
    /// The certificate lives longer than certificate authorities may make it.
    LongLived { days: u64, most: u64 },
    /// Neither AES-256 nor `ChaCha20`.
    Below256 { demand: Demand },
    /// The key exchange can be undone by a quantum computer.
    NotPostQuantum { demand: Demand, draft: Draft },
}

/// Which key is short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// RSA or DSA key of the certificate.
    Certificate,
    /// Elliptic curve of the certificate.
    CertificateCurve,
    /// Elliptic curve of the key exchange.
    Curve,
    /// Prime of the key exchange.
    Prime,
}

/// Whether the profile demands a strength, or it is only named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Demand {
    Named,
    Demanded,
}

/// Whether a group was meant to withstand quantum computers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Draft {
    /// No.
    None,
    /// Yes, by a draft that was given up.
    Obsolete,
}

/// In what a pair agreed on less than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    Version,
    PostQuantum,
    Bits256,
}

impl Weakness {
    /// The name in evidence.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::NullCipher => "null_cipher",
            Self::ExportCipher => "export_cipher",
            Self::Anonymous => "anonymous_key_exchange",
            Self::OldVersion { .. } => "old_version",
            Self::BrokenCipher(_) => "broken_cipher",
            Self::RefusedCipher(_) => "refused_cipher",
            Self::WeakSignature(_) => "weak_signature",
            Self::WeakCertificateSignature(_) => "weak_certificate_signature",
            Self::ShortKey { .. } => "short_key",
            Self::Expired { .. } => "certificate_expired",
            Self::NotYetValid { .. } => "certificate_not_yet_valid",
            Self::DowngradeSignal => "downgrade_signal",
            Self::Compression => "compression",
            Self::Downgrade(_) => "downgrade",
            Self::NoForwardSecrecy(_) => "no_forward_secrecy",
            Self::InsecureRenegotiation => "insecure_renegotiation",
            Self::EndsSoon { .. } => "certificate_ends_soon",
            Self::SelfSigned => "self_signed",
            Self::Cbc => "cbc",
            Self::LongLived { .. } => "certificate_long_lived",
            Self::Below256 { .. } => "below_256_bit",
            Self::NotPostQuantum { .. } => "not_post_quantum",
        }
    }

    /// How bad it is. Unlike clear text it counts on this host too: the same programs
    /// with the same settings speak to other addresses. Only what is as good as clear
    /// text is no worse there than what is weak, and trust in certificates counts most
    /// towards public addresses.
    pub(super) fn severity(&self, reach: Reach) -> Severity {
        match self {
            _ if self.is_as_good_as_clear() => match reach {
                Reach::Host => Severity::High,
                Reach::Private | Reach::Public => Severity::Critical,
            },
            Self::NoForwardSecrecy(_) | Self::InsecureRenegotiation | Self::EndsSoon { .. } => {
                Severity::Medium
            }
            Self::SelfSigned if reach == Reach::Public => Severity::Medium,
            Self::SelfSigned | Self::Cbc | Self::LongLived { .. } => Severity::Low,
            Self::Below256 { demand: Demand::Named }
            | Self::NotPostQuantum { demand: Demand::Named, .. } => Severity::Informational,
            _ => Severity::High,
        }
    }

    /// Whether anyone on the way reads or changes it with what a single machine can do:
    /// SSL (RFC 6176, RFC 7568), no or export encryption, nobody authenticated, and keys
    /// of a size that was factored or solved in public.
    fn is_as_good_as_clear(&self) -> bool {
        match self {
            Self::NullCipher | Self::ExportCipher | Self::Anonymous => true,
            Self::OldVersion { version, .. } => *version < TlsVersion::TLS10,
            Self::ShortKey { key: Key::Certificate | Key::Prime, bits, .. } => *bits < 1024,
            Self::ShortKey { key: Key::CertificateCurve | Key::Curve, bits, .. } => *bits < 160,
            _ => false,
        }
    }
}
