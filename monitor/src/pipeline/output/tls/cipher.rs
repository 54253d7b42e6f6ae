//! What a cipher suite is made of. Its name says it:
//! `TLS_<key exchange>_WITH_<cipher>_<hash>`, or `TLS_<cipher>_<hash>` in TLS 1.3.

use super::cipher_names::NAMES;
use super::{CipherSuite, number_of};

/// How both sides come to a common key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyExchange {
    /// Encrypted with the server's RSA key: whoever gets that key reads everything.
    Rsa,
    /// Ephemeral Diffie-Hellman.
    Dhe,
    /// Ephemeral Diffie-Hellman over elliptic curves.
    Ecdhe,
    /// A key that both know.
    Psk,
    /// A key that both know, and ephemeral Diffie-Hellman.
    DhePsk,
    /// The same over elliptic curves.
    EcdhePsk,
    /// A key that both know, and one encrypted with the server's RSA key.
    RsaPsk,
    /// Diffie-Hellman with the key of the certificate, over elliptic curves or not.
    StaticDh,
    /// Ephemeral Diffie-Hellman with nobody's signature.
    Anonymous,
    /// A password (RFC 5054).
    Srp,
    /// A password, over elliptic curves (RFC 8492).
    EccPwd,
    /// Kerberos (RFC 2712).
    Kerberos,
    /// GOST R 34.10 (RFC 9189).
    Gost,
    /// The suite does not say: the key share does (RFC 8446 section 4.2.8).
    Tls13,
    /// None: `TLS_NULL_WITH_NULL_NULL`.
    Null,
}

/// How the bytes are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BulkCipher {
    /// Not at all.
    Null,
    /// Weakened for export: 40 or 56 bits.
    Export,
    /// RC4.
    Rc4,
    /// DES in CBC mode.
    Des,
    /// Triple DES in CBC mode.
    TripleDes,
    /// IDEA in CBC mode.
    Idea,
    /// Another block cipher in CBC mode: AES, Camellia, ARIA, SEED.
    Cbc {
        /// Bits of the key.
        bits: u16,
    },
    /// Kuznyechik, Magma or GOST 28147-89 in counter mode, with a code of its own.
    Counter {
        /// Bits of the key.
        bits: u16,
    },
    /// Authenticated: GCM, CCM, MGM, ChaCha20-Poly1305, AEGIS.
    Aead {
        /// Bits of the key.
        bits: u16,
    },
}

impl KeyExchange {
    /// Whether recorded traffic stays secret when a long-lived key is lost. It does in
    /// TLS 1.3, but for `psk_ke`, which shows in the lack of a group.
    #[must_use]
    pub const fn is_forward_secret(self) -> bool {
        matches!(
            self,
            Self::Dhe
                | Self::Ecdhe
                | Self::DhePsk
                | Self::EcdhePsk
                | Self::Anonymous
                | Self::Srp
                | Self::EccPwd
                | Self::Tls13
        )
    }
}

impl BulkCipher {
    /// Bits that an attacker has to guess.
    #[must_use]
    pub const fn bits(self) -> u16 {
        match self {
            Self::Null => 0,
            Self::Export => 40,
            Self::Des => 56,
            // RFC 5469 and NIST SP 800-57: 168 bits of key are worth 112.
            Self::TripleDes => 112,
            Self::Rc4 | Self::Idea => 128,
            Self::Cbc { bits } | Self::Counter { bits } | Self::Aead { bits } => bits,
        }
    }

    /// Whether it is a block cipher in CBC mode.
    #[must_use]
    pub const fn is_cbc(self) -> bool {
        matches!(self, Self::Des | Self::TripleDes | Self::Idea | Self::Cbc { .. })
    }
}

impl CipherSuite {
    /// The name that IANA gives it; none where it is unknown.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        let place = NAMES.binary_search_by_key(&self.0, |(number, _)| *number).ok()?;
        NAMES.get(place).map(|(_, name)| *name)
    }

    /// The suite that is shown so: by its name, or by its number.
    #[must_use]
    pub fn from_shown(shown: &str) -> Option<Self> {
        number_of(shown, NAMES).map(Self)
    }

    /// How both sides come to a common key; none where the suite is unknown or a mere signal.
    #[must_use]
    pub fn key_exchange(self) -> Option<KeyExchange> {
        let (exchange, cipher) = self.parts()?;
        let Some(exchange) = exchange else {
            // RFC 8998: SM4 suites are of TLS 1.3 too.
            return encryption_of(cipher).map(|_| KeyExchange::Tls13);
        };
        let exchange = exchange.trim_end_matches("1024").trim_end_matches("_EXPORT");
        Some(match exchange {
            "RSA" | "RSA_FIPS" => KeyExchange::Rsa,
            "DHE_RSA" | "DHE_DSS" => KeyExchange::Dhe,
            "ECDHE_RSA" | "ECDHE_ECDSA" => KeyExchange::Ecdhe,
            "PSK" => KeyExchange::Psk,
            "DHE_PSK" | "PSK_DHE" => KeyExchange::DhePsk,
            "ECDHE_PSK" => KeyExchange::EcdhePsk,
            "RSA_PSK" => KeyExchange::RsaPsk,
            "DH_RSA" | "DH_DSS" | "ECDH_RSA" | "ECDH_ECDSA" => KeyExchange::StaticDh,
            "DH_anon" | "ECDH_anon" => KeyExchange::Anonymous,
            "SRP_SHA" | "SRP_SHA_RSA" | "SRP_SHA_DSS" => KeyExchange::Srp,
            "ECCPWD" => KeyExchange::EccPwd,
            "KRB5" => KeyExchange::Kerberos,
            "GOSTR341112_256" => KeyExchange::Gost,
            "NULL" => KeyExchange::Null,
            _ => return None,
        })
    }

    /// How the bytes are encrypted; none where the suite is unknown or a mere signal.
    #[must_use]
    pub fn encryption(self) -> Option<BulkCipher> {
        let (exchange, cipher) = self.parts()?;
        if exchange.is_some_and(|exchange| exchange.contains("_EXPORT")) {
            return Some(BulkCipher::Export);
        }
        encryption_of(cipher)
    }

    /// Whether the server's key exchange message has an elliptic curve (RFC 8422 section 5.4).
    pub(crate) fn has_curve(self) -> bool {
        let exchange = self.parts().and_then(|(exchange, _)| exchange);
        exchange.is_some_and(|exchange| {
            exchange.starts_with("ECDHE_") || exchange.starts_with("ECDH_anon")
        })
    }

    /// Key exchange, where the name has one, and the rest.
    fn parts(self) -> Option<(Option<&'static str>, &'static str)> {
        let name = self.name()?;
        let (_, name) = name.split_once('_')?;
        Some(match name.split_once("_WITH_") {
            Some((exchange, cipher)) => (Some(exchange), cipher),
            None => (None, name),
        })
    }
}

impl CipherSuite {
    /// The suite with a name that IANA gives.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known)| *known == name).map(|(number, _)| Self(*number))
    }

    /// Every name that IANA gives a suite.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(_, name)| *name)
    }
}

/// The cipher at the start of what a name says after the key exchange.
fn encryption_of(cipher: &str) -> Option<BulkCipher> {
    let starts = |names: &[&str]| names.iter().any(|name| cipher.starts_with(name));
    let bits = if cipher.contains("_256_") || cipher.ends_with("_256") { 256 } else { 128 };
    // RFC 9150: suites of TLS 1.3 that only authenticate are named by their hash alone.
    Some(if starts(&["NULL", "SHA256_", "SHA384_"]) {
        BulkCipher::Null
    } else if starts(&["DES40_", "DES_CBC_40_", "RC2_", "RC4_40_", "RC4_56_"]) {
        BulkCipher::Export
    } else if starts(&["RC4_128_"]) {
        BulkCipher::Rc4
    } else if starts(&["3DES_"]) {
        BulkCipher::TripleDes
    } else if starts(&["DES_CBC_"]) {
        BulkCipher::Des
    } else if starts(&["IDEA_"]) {
        BulkCipher::Idea
    } else if starts(&["KUZNYECHIK_MGM", "MAGMA_MGM", "CHACHA20_"]) {
        BulkCipher::Aead { bits: 256 }
    } else if starts(&["KUZNYECHIK_CTR", "MAGMA_CTR", "28147_CNT"]) {
        BulkCipher::Counter { bits: 256 }
    } else if cipher.contains("_CBC_") {
        BulkCipher::Cbc { bits }
    } else if starts(&["AES_", "CAMELLIA_", "ARIA_", "SM4_", "AEGIS_"]) {
        BulkCipher::Aead { bits }
    } else {
        return None;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Signals in the list of suites, which cannot be agreed on.
    const SIGNALS: [u16; 2] = [0x00ff, 0x5600];

    #[test]
    fn names_are_in_order_and_every_one_is_understood() {
        assert!(NAMES.is_sorted_by(|(one, _), (next, _)| one < next));
        for (number, name) in NAMES {
            let suite = CipherSuite(*number);
            let is_suite = !SIGNALS.contains(number);
            assert_eq!(suite.key_exchange().is_some(), is_suite, "{name}");
            assert_eq!(suite.encryption().is_some(), is_suite, "{name}");
            assert_eq!(CipherSuite::from_name(name), Some(suite));
            assert_eq!(CipherSuite::from_shown(name), Some(suite));
        }
        for unknown in [0x0a0a, 0x1308, 0xffff] {
            let suite = CipherSuite(unknown);
            assert_eq!((suite.key_exchange(), suite.encryption()), (None, None));
            assert_eq!(CipherSuite::from_shown(&suite.to_string()), Some(suite));
        }
    }

    #[test]
    fn suites_are_what_their_names_say() {
        use BulkCipher::{Aead, Cbc, Counter, Des, Export, Idea, Rc4, TripleDes};
        use KeyExchange::{
            Anonymous, Dhe, DhePsk, EccPwd, Ecdhe, EcdhePsk, Gost, Kerberos, Psk, Rsa, RsaPsk, Srp,
            StaticDh, Tls13,
        };
        for (number, exchange, cipher) in [
            (0x0000, KeyExchange::Null, BulkCipher::Null),
            (0x0002, Rsa, BulkCipher::Null),
            (0x0003, Rsa, Export),
            (0x0005, Rsa, Rc4),
            (0x0007, Rsa, Idea),
            (0x0009, Rsa, Des),
            (0x000a, Rsa, TripleDes),
            (0x0014, Dhe, Export),
            (0x0016, Dhe, TripleDes),
            (0x0018, Anonymous, Rc4),
            (0x0020, Kerberos, Rc4),
            (0x002b, Kerberos, Export),
            (0x002f, Rsa, Cbc { bits: 128 }),
            (0x003d, Rsa, Cbc { bits: 256 }),
            (0x003e, StaticDh, Cbc { bits: 128 }),
            (0x0062, Rsa, Export),
            (0x0088, Dhe, Cbc { bits: 256 }),
            (0x009a, Dhe, Cbc { bits: 128 }),
            (0x009d, Rsa, Aead { bits: 256 }),
            (0x009e, Dhe, Aead { bits: 128 }),
            (0x00a8, Psk, Aead { bits: 128 }),
            (0x00ab, DhePsk, Aead { bits: 256 }),
            (0x00ad, RsaPsk, Aead { bits: 256 }),
            (0x00c6, Tls13, Aead { bits: 128 }),
            (0x1301, Tls13, Aead { bits: 128 }),
            (0x1302, Tls13, Aead { bits: 256 }),
            (0x1303, Tls13, Aead { bits: 256 }),
            (0x1305, Tls13, Aead { bits: 128 }),
            (0x1306, Tls13, Aead { bits: 256 }),
            (0x1307, Tls13, Aead { bits: 128 }),
            (0xc004, StaticDh, Cbc { bits: 128 }),
            (0xc011, Ecdhe, Rc4),
            (0xc012, Ecdhe, TripleDes),
            (0xc018, Anonymous, Cbc { bits: 128 }),
            (0xc020, Srp, Cbc { bits: 256 }),
            (0xc02b, Ecdhe, Aead { bits: 128 }),
            (0xc02e, StaticDh, Aead { bits: 256 }),
            (0xc030, Ecdhe, Aead { bits: 256 }),
            (0xc05c, Ecdhe, Aead { bits: 128 }),
            (0xc073, Ecdhe, Cbc { bits: 256 }),
            (0xc0ab, DhePsk, Aead { bits: 256 }),
            (0xc0af, Ecdhe, Aead { bits: 256 }),
            (0xc0b1, EccPwd, Aead { bits: 256 }),
            (0xc0b4, Tls13, BulkCipher::Null),
            (0xc100, Gost, Counter { bits: 256 }),
            (0xc103, Gost, Aead { bits: 256 }),
            (0xcca9, Ecdhe, Aead { bits: 256 }),
            (0xccac, EcdhePsk, Aead { bits: 256 }),
            (0xfefe, Rsa, Des),
        ] {
            let suite = CipherSuite(number);
            assert_eq!(suite.key_exchange(), Some(exchange), "{suite}");
            assert_eq!(suite.encryption(), Some(cipher), "{suite}");
        }
    }

    #[test]
    fn curves_are_where_the_server_sends_one() {
        for (number, has_curve) in [
            (0xc02f, true),
            (0xc015, true),
            (0xc033, true),
            (0xc004, false),
            (0x009e, false),
            (0x002f, false),
            (0x1301, false),
        ] {
            assert_eq!(CipherSuite(number).has_curve(), has_curve, "{number:04x}");
        }
    }
}
