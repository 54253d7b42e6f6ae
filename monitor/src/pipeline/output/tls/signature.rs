//! Signature schemes (IANA: TLS SignatureScheme; RFC 8446 section 4.2.3), and the pairs of
//! hash and algorithm that TLS 1.2 had before them (RFC 5246 section 7.4.1.4.1).

use super::{SignatureScheme, number_of};

/// Numbers in ascending order.
#[rustfmt::skip]
const NAMES: &[(u16, &str)] = &[
    (0x0101, "rsa_pkcs1_md5"), (0x0102, "dsa_md5"), (0x0103, "ecdsa_md5"),
    (0x0201, "rsa_pkcs1_sha1"), (0x0202, "dsa_sha1"), (0x0203, "ecdsa_sha1"),
    (0x0301, "rsa_pkcs1_sha224"), (0x0302, "dsa_sha224"), (0x0303, "ecdsa_sha224"),
    (0x0401, "rsa_pkcs1_sha256"), (0x0402, "dsa_sha256"), (0x0403, "ecdsa_secp256r1_sha256"),
    (0x0420, "rsa_pkcs1_sha256_legacy"),
    (0x0501, "rsa_pkcs1_sha384"), (0x0502, "dsa_sha384"), (0x0503, "ecdsa_secp384r1_sha384"),
    (0x0520, "rsa_pkcs1_sha384_legacy"),
    (0x0601, "rsa_pkcs1_sha512"), (0x0602, "dsa_sha512"), (0x0603, "ecdsa_secp521r1_sha512"),
    (0x0620, "rsa_pkcs1_sha512_legacy"),
    (0x0704, "eccsi_sha256"), (0x0705, "iso_ibs1"), (0x0706, "iso_ibs2"),
    (0x0707, "iso_chinese_ibs"), (0x0708, "sm2sig_sm3"),
    (0x0709, "gostr34102012_256a"), (0x070a, "gostr34102012_256b"),
    (0x070b, "gostr34102012_256c"), (0x070c, "gostr34102012_256d"),
    (0x070d, "gostr34102012_512a"), (0x070e, "gostr34102012_512b"),
    (0x070f, "gostr34102012_512c"),
    (0x0804, "rsa_pss_rsae_sha256"), (0x0805, "rsa_pss_rsae_sha384"),
    (0x0806, "rsa_pss_rsae_sha512"),
    (0x0807, "ed25519"), (0x0808, "ed448"),
    (0x0809, "rsa_pss_pss_sha256"), (0x080a, "rsa_pss_pss_sha384"),
    (0x080b, "rsa_pss_pss_sha512"),
    (0x081a, "ecdsa_brainpoolP256r1tls13_sha256"),
    (0x081b, "ecdsa_brainpoolP384r1tls13_sha384"),
    (0x081c, "ecdsa_brainpoolP512r1tls13_sha512"),
    (0x0904, "mldsa44"), (0x0905, "mldsa65"), (0x0906, "mldsa87"),
];

impl SignatureScheme {
    /// The name that IANA gives it; none where it is unknown.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        let place = NAMES.binary_search_by_key(&self.0, |(number, _)| *number).ok()?;
        NAMES.get(place).map(|(_, name)| *name)
    }

    /// The scheme that is shown so: by its name, or by its number.
    #[must_use]
    pub fn from_shown(shown: &str) -> Option<Self> {
        number_of(shown, NAMES).map(Self)
    }

    /// Whether it hashes with MD5 or SHA-1 (RFC 9155).
    #[must_use]
    pub const fn has_broken_hash(self) -> bool {
        matches!(self.0, 0x0101..=0x0103 | 0x0201..=0x0203)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_tell_broken_hashes() {
        assert!(NAMES.is_sorted_by(|(one, _), (next, _)| one < next));
        for (number, name) in NAMES {
            let is_broken = name.ends_with("_md5") || name.ends_with("_sha1");
            assert_eq!(SignatureScheme(*number).has_broken_hash(), is_broken, "{name}");
        }
    }
}
