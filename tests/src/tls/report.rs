//! What a peer says of a handshake, and the same in the words of records.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Map, Value};

use crate::output_of;

/// What the peers of one connection say of it, each in its own words.
#[derive(Clone, Debug)]
pub struct Report {
    /// Process id of the client.
    pub pid: u32,
    /// Port of the server.
    pub server_port: u16,
    /// What each peer says: the client first, then the server where it says anything.
    pub said: Vec<Map<String, Value>>,
}

impl Report {
    /// Both reports of a client that connected twice.
    #[must_use]
    pub(super) fn of(pid: u32, server_port: u16, said: Vec<Map<String, Value>>) -> Self {
        Self { pid, server_port, said }
    }

    /// What any peer says of something.
    #[must_use]
    pub fn says(&self, member: &str) -> Option<&Value> {
        self.said.iter().rev().find_map(|said| said.get(member))
    }
}

/// The words of peers, translated.
pub struct Words {
    /// The name that IANA gives a suite, by OpenSSL's.
    ciphers: BTreeMap<String, String>,
}

impl Words {
    /// Asks openssl for both of its names of every suite.
    #[must_use]
    pub fn new() -> Self {
        let every = "ALL:COMPLEMENTOFALL:@SECLEVEL=0";
        let listed = output_of(Command::new("openssl").args(["ciphers", "-stdname", every]));
        let ciphers = listed.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            let (standard, _, own) = (words.next()?, words.next()?, words.next()?);
            Some((own.to_owned(), standard.to_owned()))
        });
        Self { ciphers: ciphers.collect() }
    }

    /// What a peer says of something, as a record says it; null where it says that there is
    /// none.
    #[must_use]
    pub fn translated(&self, member: &str, said: &Value) -> Value {
        let Some(text) = said.as_str() else { return said.clone() };
        match (member, text) {
            (_, "") => Value::Null,
            ("version", "TLSv1") => "1.0".into(),
            ("version", _) => text.trim_start_matches("TLSv").trim_start_matches("TLS").into(),
            ("cipher", _) => self.ciphers.get(text).map_or(text, String::as_str).into(),
            // GnuTLS.
            ("part_of_cipher", "3DES-CBC") => "3DES_EDE_CBC".into(),
            ("part_of_cipher", "ARCFOUR-128") => "RC4_128".into(),
            ("part_of_cipher", _) => text.replace('-', "_").into(),
            ("group", _) => group(text).into(),
            // nginx.
            ("resumed", "r") => true.into(),
            ("resumed", ".") => false.into(),
            _ => text.into(),
        }
    }
}

impl Default for Words {
    fn default() -> Self {
        Self::new()
    }
}

/// The name that IANA gives a group.
fn group(said: &str) -> &str {
    match said {
        "prime256v1" | "P-256" | "SECP256R1" => "secp256r1",
        "P-384" | "SECP384R1" => "secp384r1",
        "P-521" | "SECP521R1" => "secp521r1",
        // Numbers are from a trace of OpenSSL.
        "X25519" | "29" => "x25519",
        "X448" => "x448",
        "4587" => "SecP256r1MLKEM768",
        "4588" => "X25519MLKEM768",
        "4589" => "SecP384r1MLKEM1024",
        other => other,
    }
}
