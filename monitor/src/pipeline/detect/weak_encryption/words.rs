//! The words for weaknesses: what is weak, and what to do about it.

use super::weakness::{Draft, Key, Loss, Weakness};
use crate::pipeline::output::tls::{BulkCipher, KeyExchange};

impl Weakness {
    /// What is weak, as a part of a sentence.
    pub(super) fn phrase(&self) -> String {
        match self {
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
            Self::EndsSoon { seconds } => format!("the certificate ends in {}", span(*seconds)),
            Self::LongLived { days, most } => {
                format!("the certificate is for {days} days, and public ones may be for {most}")
            }
            Self::Downgrade(losses) => {
                let losses: Vec<_> = losses.iter().map(|loss| loss.phrase()).collect();
                format!("less than before: {}", losses.join(", "))
            }
            Self::NoForwardSecrecy(exchange) => {
                format!("no forward secrecy ({})", exchange_name(*exchange))
            }
            other => other.fixed_phrase().to_owned(),
        }
    }

    /// The phrase of a weakness without figures; else its name.
    const fn fixed_phrase(&self) -> &'static str {
        match self {
            Self::NullCipher => "nothing is encrypted",
            Self::ExportCipher => "the cipher was weakened for export",
            Self::Anonymous => "neither side proved who it is",
            Self::DowngradeSignal => {
                "the server says that both can do better (RFC 8446 section 4.1.3)"
            }
            Self::Compression => "TLS compresses",
            Self::InsecureRenegotiation => "the server does not know secure renegotiation",
            Self::SelfSigned => "the certificate is self-signed",
            Self::Cbc => "the cipher is in CBC mode",
            Self::Below256 { .. } => "the cipher is neither AES-256 nor ChaCha20",
            Self::NotPostQuantum { draft: Draft::None, .. } => {
                "the key exchange is not post-quantum"
            }
            Self::NotPostQuantum { draft: Draft::Obsolete, .. } => {
                "the key exchange is post-quantum by an obsolete draft only"
            }
            other => other.name(),
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
            Self::Compression => "Turn off compression in TLS on both sides (CRIME).",
            Self::InsecureRenegotiation => {
                "Update the server's TLS library, or turn off renegotiation."
            }
            Self::DowngradeSignal | Self::Downgrade(_) => {
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
