use std::fs;
use std::process::Command;

use super::super::sample::{certificate, openssl};
use super::*;

#[test]
fn each_kind_of_key_makes_a_server() {
    for algorithm in ["ec:P-256", "ec:P-384", "ed25519:", "rsa:2048"] {
        let made = certificate(algorithm);
        let tls = Tls::from_pem(&made.certificate, &made.key).unwrap();
        assert!(tls.expires() > WallTime(1_700_000_000_000_000_000), "{algorithm}");
        assert!(!format!("{tls:?}").contains("PRIVATE"));
    }
}

#[test]
fn a_chain_and_a_key_may_share_a_file() {
    let (leaf, other) = (certificate("ec:P-256"), certificate("ec:P-256"));
    let all = [&leaf.certificate[..], b"\nwords\n", &other.certificate, &leaf.key].concat();
    assert!(Tls::from_pem(&all, &all).is_ok());
    let reversed = [&other.certificate[..], &leaf.certificate].concat();
    assert_eq!(Tls::from_pem(&reversed, &leaf.key).unwrap_err(), TlsFault::OtherKey);
}

#[test]
fn what_cannot_be_used_is_named() {
    let (made, other) = (certificate("ec:P-256"), certificate("rsa:2048"));
    let (certificate, key) = (&made.certificate[..], &made.key[..]);
    let body = |text: &str| {
        let text = format!("-----BEGIN {text}-----\nMAMCAQA=\n-----END {text}-----\n");
        text.into_bytes()
    };
    let cut = &certificate[..certificate.len() / 2];
    let cases: &[(&[u8], &[u8], TlsFault)] = &[
        (b"", key, TlsFault::NoCertificate),
        (b"\x30\x82\x01\x00", key, TlsFault::NoCertificate),
        (key, key, TlsFault::NoCertificate),
        (cut, key, TlsFault::NotACertificate),
        (&body("CERTIFICATE"), key, TlsFault::NotACertificate),
        (&certificate.repeat(17), key, TlsFault::TooManyCertificates),
        (certificate, b"", TlsFault::NoKey),
        (certificate, certificate, TlsFault::NoKey),
        (certificate, &encrypted(key), TlsFault::EncryptedKey),
        (certificate, &body("PRIVATE KEY"), TlsFault::UnusableKey),
        (certificate, &key[..key.len() / 2], TlsFault::UnusableKey),
        (certificate, &other.key, TlsFault::OtherKey),
        (&other.certificate, key, TlsFault::OtherKey),
    ];
    for (number, (certificate, key, expected)) in cases.iter().enumerate() {
        let fault = Tls::from_pem(certificate, key).unwrap_err();
        assert_eq!(fault, *expected, "case {number}");
        assert!(!fault.remedy().is_empty());
    }
}

/// The same key with a passphrase.
fn encrypted(key: &[u8]) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let (clear, hidden) = (directory.path().join("clear"), directory.path().join("hidden"));
    fs::write(&clear, key).unwrap();
    let mut command = Command::new("openssl");
    command.args(["pkey", "-aes256", "-passout", "pass:x", "-in"]).arg(clear).arg("-out");
    openssl(command.arg(&hidden));
    fs::read(hidden).unwrap()
}
