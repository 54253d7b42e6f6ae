//! What can be weak about a TLS handshake, how bad it is, and what to do about it.

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
    /// The pair agreed on more before.
    Downgrade(Vec<Loss>),
    /// Who gets the server's key reads what was recorded.
    NoForwardSecrecy(KeyExchange),
    /// The certificate ends soon.
    EndsSoon { seconds: u64 },
    /// Nobody vouches for the certificate.
    SelfSigned,
    /// CBC mode, which leaks through timing (RFC 9325 section 4.2.1).
    Cbc,
    /// The certificate lives longer than certificate authorities may make it.
    LongLived { days: u64, most: u64 },
    /// Neither AES-256 nor ChaCha20.
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
            Self::Downgrade(_) => "downgrade",
            Self::NoForwardSecrecy(_) => "no_forward_secrecy",
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
            Self::NoForwardSecrecy(_) | Self::EndsSoon { .. } => Severity::Medium,
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

    /// What is weak, as a part of a sentence.
    pub(super) fn phrase(&self) -> String {
        match self {
            Self::NullCipher => "nothing is encrypted".to_owned(),
            Self::ExportCipher => "the cipher was weakened for export".to_owned(),
            Self::Anonymous => "neither side proved who it is".to_owned(),
            Self::OldVersion { version, minimum } => {
                format!("version {version} is below {minimum}")
            }
            Self::BrokenCipher(cipher) => format!("{} is broken", cipher_name(*cipher)),
            Self::RefusedCipher(suite) => format!("the profile refuses {suite}"),
            Self::WeakSignature(scheme) => format!("the key exchange is signed with {scheme}"),
            Self::WeakCertificateSignature(algorithm) => {
                format!("the certificate is signed with {algorithm}")
            }
            Self::ShortKey { key, bits, minimum } => {
                format!("{} has {bits} bits, fewer than {minimum}", key.phrase())
            }
            Self::Expired { seconds } => format!("the certificate ended {} ago", span(*seconds)),
            Self::NotYetValid { seconds } => {
                format!("the certificate begins in {}", span(*seconds))
            }
            Self::Downgrade(losses) => {
                let losses: Vec<_> = losses.iter().map(|loss| loss.phrase()).collect();
                format!("less than before: {}", losses.join(", "))
            }
            Self::NoForwardSecrecy(exchange) => {
                format!("no forward secrecy ({})", exchange_name(*exchange))
            }
            Self::EndsSoon { seconds } => format!("the certificate ends in {}", span(*seconds)),
            Self::SelfSigned => "the certificate is self-signed".to_owned(),
            Self::Cbc => "the cipher is in CBC mode".to_owned(),
            Self::LongLived { days, most } => {
                format!("the certificate is for {days} days, and public ones may be for {most}")
            }
            Self::Below256 { .. } => "the cipher is neither AES-256 nor ChaCha20".to_owned(),
            Self::NotPostQuantum { draft: Draft::None, .. } => {
                "the key exchange is not post-quantum".to_owned()
            }
            Self::NotPostQuantum { draft: Draft::Obsolete, .. } => {
                "the key exchange is post-quantum by an obsolete draft only".to_owned()
            }
        }
    }

    /// What to do about it.
    pub(super) const fn remedy(&self) -> &'static str {
        match self {
            Self::NullCipher
            | Self::ExportCipher
            | Self::Anonymous
            | Self::BrokenCipher(_)
            | Self::RefusedCipher(_)
            | Self::Cbc => {
                "Allow only authenticated ciphers (AES-GCM, ChaCha20-Poly1305) on both sides."
            }
            Self::OldVersion { .. } => "Raise the lowest TLS version on both sides, best to 1.3.",
            Self::WeakSignature(_) => "Allow only signatures over SHA-256 and better.",
            Self::WeakCertificateSignature(_)
            | Self::ShortKey { key: Key::Certificate | Key::CertificateCurve, .. } => {
                "Replace the certificate by one with a longer key, signed over SHA-256 or better."
            }
            Self::ShortKey { key: Key::Curve | Key::Prime, .. } => {
                "Allow only groups like x25519, secp256r1 and ffdhe2048 for the key exchange."
            }
            Self::Expired { .. } | Self::EndsSoon { .. } => {
                "Renew the certificate, and see why that did not happen by itself."
            }
            Self::NotYetValid { .. } => "Check the clocks of both sides and the certificate.",
            Self::Downgrade(_) => {
                "Find out what changed on either side; someone in between may have done it."
            }
            Self::NoForwardSecrecy(_) => "Allow only ephemeral key exchange (ECDHE), or TLS 1.3.",
            Self::SelfSigned => "Use a certificate of an authority that clients verify.",
            Self::LongLived { .. } => "Use certificates that are renewed by themselves.",
            Self::Below256 { .. } => "Prefer AES-256-GCM or ChaCha20-Poly1305 on both sides.",
            Self::NotPostQuantum { .. } => "Offer and accept the group X25519MLKEM768.",
        }
    }
}

impl Key {
    const fn phrase(self) -> &'static str {
        match self {
            Self::Certificate => "the key of the certificate",
            Self::CertificateCurve => "the curve of the certificate",
            Self::Curve => "the curve of the key exchange",
            Self::Prime => "the prime of the key exchange",
        }
    }
}

impl Loss {
    const fn phrase(self) -> &'static str {
        match self {
            Self::Version => "a lower version",
            Self::PostQuantum => "no post-quantum group",
            Self::Bits256 => "no 256-bit cipher",
        }
    }
}

const fn cipher_name(cipher: BulkCipher) -> &'static str {
    match cipher {
        BulkCipher::Rc4 => "RC4",
        BulkCipher::Des => "DES",
        BulkCipher::TripleDes => "3DES",
        BulkCipher::Idea => "IDEA",
        _ => "the cipher",
    }
}

const fn exchange_name(exchange: KeyExchange) -> &'static str {
    match exchange {
        KeyExchange::Rsa => "RSA key exchange",
        KeyExchange::StaticDh => "static Diffie-Hellman",
        KeyExchange::Psk | KeyExchange::RsaPsk | KeyExchange::Tls13 => "pre-shared key alone",
        KeyExchange::Kerberos => "Kerberos",
        _ => "no ephemeral key",
    }
}

/// `19 days`, `5 hours`, `1 minute`: the largest unit that is there, rounded down.
fn span(seconds: u64) -> String {
    for (length, one, many) in
        [(86_400, "day", "days"), (3600, "hour", "hours"), (60, "minute", "minutes")]
    {
        match seconds / length {
            0 => {}
            1 => return format!("1 {one}"),
            count => return format!("{count} {many}"),
        }
    }
    "less than a minute".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_one_unit() {
        for (seconds, shown) in [
            (0, "less than a minute"),
            (60, "1 minute"),
            (7199, "1 hour"),
            (86_399, "23 hours"),
            (86_400, "1 day"),
            (20 * 86_400, "20 days"),
        ] {
            assert_eq!(span(seconds), shown);
        }
    }
}
