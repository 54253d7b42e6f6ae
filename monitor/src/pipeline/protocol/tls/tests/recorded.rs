//! Handshakes between real peers over loopback. Each file has who they were, what they
//! themselves reported, what is told of them, and the bytes of both ways in hexadecimal,
//! without what follows in encrypted records.

use super::*;

/// A recorded handshake.
pub(super) struct Recorded {
    pub(super) name: &'static str,
    /// What the peers reported.
    pub(super) reported: Vec<&'static str>,
    /// What is told.
    pub(super) expected: Vec<&'static str>,
    pub(super) parts: Vec<(Way, Vec<u8>)>,
}

macro_rules! recorded {
    ($name:literal) => {
        ($name, include_str!(concat!("../cases/", $name, ".txt")))
    };
}

const FILES: &[(&str, &str)] = &[
    recorded!("alert_handshake_failure"),
    recorded!("alert_protocol_version"),
    recorded!("alert_unknown_ca"),
    recorded!("curl_tls12"),
    recorded!("curl_tls13"),
    recorded!("fallback"),
    recorded!("gnutls_3des_tls10"),
    recorded!("gnutls_ccm"),
    recorded!("gnutls_ffdhe"),
    recorded!("gnutls_rc4"),
    recorded!("gnutls_tls13"),
    recorded!("java_tls12"),
    recorded!("java_tls13"),
    recorded!("mlkem_alone"),
    recorded!("mlkem_node_openssl3"),
    recorded!("mlkem_offered_and_not_taken"),
    recorded!("mlkem_p256"),
    recorded!("mlkem_p384"),
    recorded!("mlkem_retry"),
    recorded!("mlkem_x25519"),
    recorded!("node20"),
    recorded!("python_tls12"),
    recorded!("python_tls13"),
    recorded!("tls10_dhe"),
    recorded!("tls10_old_certificate"),
    recorded!("tls11_ecdhe_rsa"),
    recorded!("tls12_anonymous_dh"),
    recorded!("tls12_anonymous_ecdh"),
    recorded!("tls12_aria_camellia"),
    recorded!("tls12_brainpool"),
    recorded!("tls12_client_certificate"),
    recorded!("tls12_dhe_1024"),
    recorded!("tls12_dhe_dsa"),
    recorded!("tls12_dhe_psk"),
    recorded!("tls12_dhe_rsa_cbc"),
    recorded!("tls12_ecdhe_ecdsa_chacha20"),
    recorded!("tls12_ecdhe_psk"),
    recorded!("tls12_ecdhe_rsa"),
    recorded!("tls12_ecdsa_p384"),
    recorded!("tls12_ed25519"),
    recorded!("tls12_ed448"),
    recorded!("tls12_null"),
    recorded!("tls12_psk"),
    recorded!("tls12_rsa_pss_certificate"),
    recorded!("tls12_session_id"),
    recorded!("tls12_static_rsa_cbc"),
    recorded!("tls12_static_rsa_gcm"),
    recorded!("tls12_ticket"),
    recorded!("tls13_chacha20"),
    recorded!("tls13_default_client"),
    recorded!("tls13_early_data"),
    recorded!("tls13_ffdhe"),
    recorded!("tls13_psk_from_outside"),
    recorded!("tls13_retry"),
    recorded!("tls13_retry_after_early_data"),
    recorded!("tls13_rsa"),
    recorded!("tls13_ticket"),
    recorded!("tls13_x448_ccm"),
];

/// All of them.
pub(super) fn all() -> impl Iterator<Item = Recorded> {
    FILES.iter().map(|(name, file)| read(name, file))
}

/// The one of this name.
pub(super) fn named(name: &str) -> Recorded {
    all().find(|recorded| recorded.name == name).expect(name)
}

fn read(name: &'static str, file: &'static str) -> Recorded {
    let mut recorded =
        Recorded { name, reported: Vec::new(), expected: Vec::new(), parts: Vec::new() };
    for line in file.lines() {
        let (kind, rest) = line.split_once(' ').expect(line);
        match kind {
            "peers" => {}
            "reported" => recorded.reported.push(rest),
            "expected" => recorded.expected.push(rest),
            ">" => append(&mut recorded.parts, Way::ToServer, rest),
            "<" => append(&mut recorded.parts, Way::ToClient, rest),
            _ => panic!("{name}: {line}"),
        }
    }
    recorded
}

fn append(parts: &mut Vec<(Way, Vec<u8>)>, way: Way, digits: &str) {
    let bytes = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).expect("digits"), 16).expect("digits"));
    match parts.last_mut() {
        Some((last, part)) if *last == way => part.extend(bytes),
        _ => parts.push((way, bytes.collect())),
    }
}
