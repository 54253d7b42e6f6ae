//! Judges what a handshake agreed on by the profile. What was offered is no weakness,
//! what is not known is not judged, and neither is a handshake that came to nothing.

use super::super::parties::Reach;
use super::weakness::{Demand, Draft, Key, Weakness};
use crate::pipeline::output::Anomaly;
use crate::pipeline::output::tls::{
    BulkCipher, Certificate, CertificateSeen, CipherSuite, Handshake, KeyExchange, NamedGroup,
    TlsVersion,
};
use crate::pipeline::settings::TlsProfile;
use crate::pipeline::time::WallTime;

/// A wall clock before 2020 was never set: no certificate is judged by it.
const EARLIEST_CLOCK: i64 = 1_577_836_800;

/// Certificates that live for days are renewed when a third or half of that is left:
/// none warns before the last quarter of its life.
const LAST_PART: u64 = 4;

const DAY: u64 = 86_400;

/// From when on certificate authorities issue for how many days at most, the latest
/// first: CA/Browser Forum Baseline Requirements section 6.3.2, which ballot SC-081
/// shortens in steps.
const MOST_DAYS: [(i64, u64); 6] = [
    (1_868_227_200, 47),   // 2029-03-15
    (1_805_068_800, 100),  // 2027-03-15
    (1_773_532_800, 200),  // 2026-03-15
    (1_598_918_400, 398),  // 2020-09-01
    (1_519_862_400, 825),  // 2018-03-01
    (1_427_846_400, 1188), // 2015-04-01: 39 months
];

/// Whether a handshake agreed on anything: the server answered, not only to ask for
/// another hello (of a `ServerHello` of TLS 1.3 it is always known whether it resumed), and
/// no fatal alert ended it (RFC 8446 section 6.2).
pub(super) fn is_agreed(handshake: &Handshake) -> bool {
    let asked_only = handshake.retried && handshake.resumed.is_none();
    handshake.alert.is_none()
        && handshake.version.is_some_and(|version| !(version.encrypts_handshake() && asked_only))
}

/// Every weakness of a handshake, the gravest first.
pub(super) fn judge(
    handshake: &Handshake,
    at: WallTime,
    reach: Reach,
    profile: &TlsProfile,
) -> Vec<Weakness> {
    let mut found = Vec::new();
    if !is_agreed(handshake) {
        return found;
    }
    version(handshake, profile, &mut found);
    if let Some(suite) = handshake.cipher {
        cipher(suite, profile, &mut found);
        key_exchange(suite, handshake, &mut found);
    }
    found.extend(handshake.signature.filter(|s| s.has_broken_hash()).map(Weakness::WeakSignature));
    found.extend(short_exchange(handshake, profile));
    if let CertificateSeen::Seen(seen) = &handshake.certificate {
        certificate(seen, profile, &mut found);
        lifetime(seen, (at.0 / 1_000_000_000).cast_signed(), (reach, profile), &mut found);
    }
    found.extend(handshake.anomalies.iter().copied().filter_map(irregular));
    found.extend(is_post_quantum(handshake).and_then(|known| group(known, handshake, profile)));
    found.sort_by_key(|weakness| std::cmp::Reverse(weakness.severity(reach)));
    found
}

/// Whether the keys withstand quantum computers; none where that is not known: after
/// a resumption of TLS 1.3 without a group they are those of an earlier handshake.
pub(super) fn is_post_quantum(handshake: &Handshake) -> Option<bool> {
    let version = handshake.version?;
    match handshake.group {
        Some(group) => Some(group.is_post_quantum()),
        None => (!version.encrypts_handshake()).then_some(false),
    }
}

/// Whether bytes are encrypted with at least 256 bits; none where that is not known.
pub(super) fn is_256_bit(handshake: &Handshake) -> Option<bool> {
    Some(handshake.cipher?.encryption()?.bits() >= 256)
}

/// A number that grows with the version: drafts of TLS 1.3 count as TLS 1.3.
pub(super) const fn rank(version: TlsVersion) -> u16 {
    if version.encrypts_handshake() && version.0 > TlsVersion::TLS13.0 {
        TlsVersion::TLS13.0
    } else {
        version.0
    }
}

fn version(handshake: &Handshake, profile: &TlsProfile, found: &mut Vec<Weakness>) {
    let minimum = TlsVersion(profile.minimum_version);
    let version = handshake.version.filter(|version| rank(*version) < minimum.0);
    found.extend(version.map(|version| Weakness::OldVersion { version, minimum }));
}

fn cipher(suite: CipherSuite, profile: &TlsProfile, found: &mut Vec<Weakness>) {
    let allowed = &profile.allowed_ciphers;
    if profile.refused_ciphers.contains(&suite.0)
        || (!allowed.is_empty() && !allowed.contains(&suite.0))
    {
        found.push(Weakness::RefusedCipher(suite));
    }
    let Some(cipher) = suite.encryption() else { return };
    match cipher {
        BulkCipher::Null => return found.push(Weakness::NullCipher),
        BulkCipher::Export => return found.push(Weakness::ExportCipher),
        BulkCipher::Rc4 | BulkCipher::Des | BulkCipher::TripleDes | BulkCipher::Idea => {
            return found.push(Weakness::BrokenCipher(cipher));
        }
        BulkCipher::Cbc { .. } => found.push(Weakness::Cbc),
        BulkCipher::Counter { .. } | BulkCipher::Aead { .. } => {}
    }
    if cipher.bits() < 256 {
        found.push(Weakness::Below256 { demand: demand(profile.require_256_bit) });
    }
}

/// The irregularities of a handshake that make it weak; the others are in its record.
const fn irregular(anomaly: Anomaly) -> Option<Weakness> {
    match anomaly {
        Anomaly::TlsDowngradeSentinel => Some(Weakness::DowngradeSignal),
        Anomaly::TlsCompression => Some(Weakness::Compression),
        Anomaly::InsecureRenegotiation => Some(Weakness::InsecureRenegotiation),
        _ => None,
    }
}

/// A session of TLS 1.3 goes on without a group where both sides agreed on `psk_ke`
/// (RFC 8446 section 4.2.9).
fn key_exchange(suite: CipherSuite, handshake: &Handshake, found: &mut Vec<Weakness>) {
    let Some(exchange) = suite.key_exchange() else { return };
    match exchange {
        // NULL_WITH_NULL is named as a cipher.
        KeyExchange::Null => {}
        KeyExchange::Anonymous => found.push(Weakness::Anonymous),
        KeyExchange::Tls13 if handshake.group.is_none() && handshake.resumed == Some(true) => {
            found.push(Weakness::NoForwardSecrecy(exchange));
        }
        _ if !exchange.is_forward_secret() => found.push(Weakness::NoForwardSecrecy(exchange)),
        _ => {}
    }
}

fn short_exchange(handshake: &Handshake, profile: &TlsProfile) -> Option<Weakness> {
    let prime = handshake.dh_bits.or_else(|| handshake.group.and_then(prime_bits));
    let (key, bits, minimum) = match prime {
        Some(bits) => (Key::Prime, bits, profile.minimum_dh_bits),
        None => (Key::Curve, handshake.group.and_then(curve_bits)?, profile.minimum_ec_bits),
    };
    (bits < minimum).then(|| Weakness::ShortKey { key, bits: bits.into(), minimum })
}

fn certificate(seen: &Certificate, profile: &TlsProfile, found: &mut Vec<Weakness>) {
    if has_broken_hash(&seen.signature) {
        found.push(Weakness::WeakCertificateSignature(seen.signature.clone()));
    }
    let (key, minimum) = match &*seen.key_algorithm {
        "rsa" | "dsa" => (Key::Certificate, profile.minimum_rsa_bits),
        "ec" => (Key::CertificateCurve, profile.minimum_ec_bits),
        _ => return,
    };
    if let Some(bits) = seen.key_bits.filter(|bits| *bits < minimum.into()) {
        found.push(Weakness::ShortKey { key, bits, minimum });
    }
}

fn lifetime(
    seen: &Certificate,
    now: i64,
    (reach, profile): (Reach, &TlsProfile),
    found: &mut Vec<Weakness>,
) {
    let (begins, ends) = (seen.not_before, seen.not_after);
    if now >= EARLIEST_CLOCK {
        let (left, life) = (ends.abs_diff(now), ends.abs_diff(begins));
        if now < begins {
            found.push(Weakness::NotYetValid { seconds: begins.abs_diff(now) });
        } else if now > ends {
            found.push(Weakness::Expired { seconds: left });
        } else if left < profile.certificate_warning.as_secs().min(life / LAST_PART) {
            found.push(Weakness::EndsSoon { seconds: left });
        }
    }
    if seen.self_signed {
        found.push(Weakness::SelfSigned);
    } else if reach == Reach::Public && begins < ends {
        found.extend(long_lived(begins, ends.abs_diff(begins)));
    }
}

/// Private authorities do as they like; towards public addresses most are public.
fn long_lived(begins: i64, seconds: u64) -> Option<Weakness> {
    let (_, most) = MOST_DAYS.iter().find(|(from, _)| begins >= *from)?;
    let days = seconds.div_ceil(DAY);
    (seconds > most * DAY).then_some(Weakness::LongLived { days, most: *most })
}

fn group(known: bool, handshake: &Handshake, profile: &TlsProfile) -> Option<Weakness> {
    let is_draft = handshake.group.is_some_and(NamedGroup::is_post_quantum_draft);
    let draft = if is_draft { Draft::Obsolete } else { Draft::None };
    let demand = demand(profile.require_post_quantum);
    (!known).then_some(Weakness::NotPostQuantum { demand, draft })
}

const fn demand(is_demanded: bool) -> Demand {
    if is_demanded { Demand::Demanded } else { Demand::Named }
}

/// Bits of a finite-field group (RFC 7919); none of any other.
const fn prime_bits(group: NamedGroup) -> Option<u16> {
    match group.0 {
        0x0100 => Some(2048),
        0x0101 => Some(3072),
        0x0102 => Some(4096),
        0x0103 => Some(6144),
        0x0104 => Some(8192),
        _ => None,
    }
}

/// Bits of a curve below 256 (RFC 8422 section 5.1.1); none where it has more, or is none.
const fn curve_bits(group: NamedGroup) -> Option<u16> {
    match group.0 {
        1..=3 => Some(163),
        4 | 5 => Some(193),
        6 | 7 => Some(233),
        8 => Some(239),
        15..=17 => Some(160),
        18 | 19 => Some(192),
        20 | 21 => Some(224),
        _ => None,
    }
}

/// Whether an algorithm of certificate signatures hashes with MD2, MD4, MD5 or SHA-1:
/// by its name, or its object identifier (RFC 3279 section 2.2; the last is of OIW).
fn has_broken_hash(algorithm: &str) -> bool {
    const IDENTIFIERS: [&str; 7] = [
        "1.2.840.113549.1.1.2",
        "1.2.840.113549.1.1.3",
        "1.2.840.113549.1.1.4",
        "1.2.840.113549.1.1.5",
        "1.2.840.10040.4.3",
        "1.2.840.10045.4.1",
        "1.3.14.3.2.29",
    ];
    let name = algorithm.to_ascii_lowercase();
    IDENTIFIERS.contains(&algorithm)
        || ["md2", "md4", "md5", "sha1", "sha-1"].iter().any(|hash| name.contains(hash))
}
