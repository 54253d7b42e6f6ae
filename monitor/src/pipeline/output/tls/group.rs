//! Named groups (IANA: TLS Supported Groups; RFC 8446 section 4.2.7).

use super::{NamedGroup, number_of};

/// Numbers in ascending order. Those from 0xfe30 were used for experiments and never registered.
#[rustfmt::skip]
const NAMES: &[(u16, &str)] = &[
    (0x0001, "sect163k1"), (0x0002, "sect163r1"), (0x0003, "sect163r2"), (0x0004, "sect193r1"),
    (0x0005, "sect193r2"), (0x0006, "sect233k1"), (0x0007, "sect233r1"), (0x0008, "sect239k1"),
    (0x0009, "sect283k1"), (0x000a, "sect283r1"), (0x000b, "sect409k1"), (0x000c, "sect409r1"),
    (0x000d, "sect571k1"), (0x000e, "sect571r1"), (0x000f, "secp160k1"), (0x0010, "secp160r1"),
    (0x0011, "secp160r2"), (0x0012, "secp192k1"), (0x0013, "secp192r1"), (0x0014, "secp224k1"),
    (0x0015, "secp224r1"), (0x0016, "secp256k1"), (0x0017, "secp256r1"), (0x0018, "secp384r1"),
    (0x0019, "secp521r1"),
    (0x001a, "brainpoolP256r1"), (0x001b, "brainpoolP384r1"), (0x001c, "brainpoolP512r1"),
    (0x001d, "x25519"), (0x001e, "x448"),
    (0x001f, "brainpoolP256r1tls13"), (0x0020, "brainpoolP384r1tls13"),
    (0x0021, "brainpoolP512r1tls13"),
    (0x0022, "GC256A"), (0x0023, "GC256B"), (0x0024, "GC256C"), (0x0025, "GC256D"),
    (0x0026, "GC512A"), (0x0027, "GC512B"), (0x0028, "GC512C"),
    (0x0029, "curveSM2"),
    (0x0100, "ffdhe2048"), (0x0101, "ffdhe3072"), (0x0102, "ffdhe4096"), (0x0103, "ffdhe6144"),
    (0x0104, "ffdhe8192"),
    (0x0200, "MLKEM512"), (0x0201, "MLKEM768"), (0x0202, "MLKEM1024"),
    (0x11eb, "SecP256r1MLKEM768"), (0x11ec, "X25519MLKEM768"), (0x11ed, "SecP384r1MLKEM1024"),
    (0x11ee, "curveSM2MLKEM768"),
    (0x4138, "CECPQ2"),
    (0x6399, "X25519Kyber768Draft00"), (0x639a, "SecP256r1Kyber768Draft00"),
    (0xfe30, "X25519Kyber512Draft00"), (0xfe31, "X25519Kyber768Draft00Old"),
    (0xff01, "arbitrary_explicit_prime_curves"), (0xff02, "arbitrary_explicit_char2_curves"),
];

impl NamedGroup {
    /// The name that IANA gives it; none where it is unknown.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        let place = NAMES.binary_search_by_key(&self.0, |(number, _)| *number).ok()?;
        NAMES.get(place).map(|(_, name)| *name)
    }

    /// The group that is shown so: by its name, or by its number.
    #[must_use]
    pub fn from_shown(shown: &str) -> Option<Self> {
        number_of(shown, NAMES).map(Self)
    }

    /// Whether it withstands quantum computers: ML-KEM (FIPS 203), alone
    /// (draft-ietf-tls-mlkem) or in a hybrid (draft-ietf-tls-ecdhe-mlkem).
    #[must_use]
    pub const fn is_post_quantum(self) -> bool {
        matches!(self.0, 0x0200..=0x0202 | 0x11eb..=0x11ed)
    }

    /// Whether it was meant to, and is no standard: Kyber and NTRU before ML-KEM, and
    /// hybrids that a single draft proposes.
    #[must_use]
    pub const fn is_post_quantum_draft(self) -> bool {
        matches!(self.0, 0x11ee | 0x4138 | 0x6399 | 0x639a | 0xfe30 | 0xfe31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order() {
        assert!(NAMES.is_sorted_by(|(one, _), (next, _)| one < next));
    }

    #[test]
    fn post_quantum_groups_are_told_from_their_drafts() {
        for (number, name, standard, draft) in [
            (0x001d, "x25519", false, false),
            (0x0017, "secp256r1", false, false),
            (0x0104, "ffdhe8192", false, false),
            (0x0201, "MLKEM768", true, false),
            (0x0203, "0x0203", false, false),
            (0x11eb, "SecP256r1MLKEM768", true, false),
            (0x11ec, "X25519MLKEM768", true, false),
            (0x11ed, "SecP384r1MLKEM1024", true, false),
            (0x11ee, "curveSM2MLKEM768", false, true),
            (0x6399, "X25519Kyber768Draft00", false, true),
            (0x639a, "SecP256r1Kyber768Draft00", false, true),
        ] {
            let group = NamedGroup(number);
            assert_eq!(group.to_string(), name);
            assert_eq!(NamedGroup::from_shown(name), Some(group));
            assert_eq!(
                (group.is_post_quantum(), group.is_post_quantum_draft()),
                (standard, draft),
                "{name}"
            );
        }
    }
}
