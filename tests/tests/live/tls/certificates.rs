use apiwatch_tests::free_port;
use apiwatch_tests::tls::{Authority, TlsNginx, openssl};
use serde_json::{Value, json};

use super::agreed::records_of;
use super::{NAME, authority, daemons};

/// Kinds of keys, and the name of their algorithm.
const KEYS: [(&str, &str, &str); 4] = [
    ("rsa", "rsa:2048", "rsa"),
    ("ec", "ec:P-256", "ec"),
    ("longer", "ec:P-384", "ec"),
    ("edwards", "ed25519", "ed25519"),
];

#[test]
fn certificates_are_what_openssl_reads_and_hidden_in_tls_1_3() {
    let authority = authority();
    for (file, key, _) in &KEYS[2..] {
        authority.sign(file, key, NAME, &[]);
    }
    let ports = KEYS.map(|_| free_port());
    let lines = KEYS.map(|(file, ..)| {
        let path = authority.path(file).display().to_string();
        format!("ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {path}.pem; ssl_certificate_key {path}.key;")
    });
    let servers: Vec<_> =
        ports.iter().zip(&lines).map(|(port, lines)| (*port, "ssl", lines.as_str())).collect();
    let _nginx = TlsNginx::start(&authority, &servers);
    let daemons = daemons("tls", "");
    let connect =
        |version: &str| ports.map(|port| openssl(&authority, port, Some(NAME), &[version]));
    let (older, newer) = (connect("-tls1_2"), connect("-tls1_3"));
    for daemon in &daemons {
        for (reports, (file, _, algorithm)) in older.iter().zip(KEYS) {
            let record = &records_of(daemon, &[&reports[0]])[0];
            let certificate = &record["certificate"];
            for (member, fact) in facts(&authority, file) {
                assert_eq!(certificate[member], fact, "{member}: {record}");
            }
            assert_eq!(certificate["key"]["algorithm"], algorithm, "{record}");
            assert_eq!(certificate["self_signed"], false, "{record}");
            assert_eq!(certificate["chain_length"], 1, "{record}");
        }
        for reports in &newer {
            let record = &records_of(daemon, &[&reports[0]])[0];
            assert_eq!(record["certificate"], Value::Null, "{record}");
            assert_eq!(record["certificate_hidden"], "tls_1_3", "{record}");
        }
    }
}

/// What openssl reads of a certificate, as records say it.
fn facts(authority: &Authority, file: &str) -> Vec<(&'static str, Value)> {
    let asked = ["-subject", "-issuer", "-dates", "-nameopt", "sep_comma_plus_space"];
    let lines = authority.facts(file, &[&asked[..], &["-dateopt", "iso_8601"]].concat());
    let fact = |name: &str| {
        let line = lines.lines().find_map(|line| line.strip_prefix(name)).expect("a fact");
        line.trim_start_matches('=').to_owned()
    };
    let names = authority.facts(file, &["-ext", "subjectAltName"]);
    let names: Vec<_> = names
        .lines()
        .last()
        .unwrap_or_default()
        .split(", ")
        .filter_map(|name| Some(name.split_once(':')?.1))
        .collect();
    vec![
        ("subject", json!(fact("subject"))),
        ("issuer", json!(fact("issuer"))),
        ("san", json!(names)),
        ("not_before", json!(fact("notBefore").replace(' ', "T"))),
        ("not_after", json!(fact("notAfter").replace(' ', "T"))),
    ]
}
