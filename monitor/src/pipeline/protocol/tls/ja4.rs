//! JA4: a fingerprint of clients (FoxIO, "JA4: TLS Client Fingerprinting", BSD 3-clause).
//! Only JA4: the other methods of JA4+ have a licence that this project does not take.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::reader::is_grease;
use crate::pipeline::output::tls::TlsVersion;

/// What a fingerprint is made of; GREASE left out.
pub(super) struct Ingredients<'a> {
    /// The highest version offered.
    pub(super) version: TlsVersion,
    /// The extension for server names is there.
    pub(super) names_server: bool,
    /// The first application protocol; empty where there is none.
    pub(super) protocol: &'a [u8],
    /// Cipher suites in ascending order.
    pub(super) ciphers: &'a [u16],
    /// Types of extensions in ascending order.
    pub(super) extensions: &'a [u16],
    /// Signature algorithms as they came, GREASE among them.
    pub(super) signatures: &'a [u8],
}

const SERVER_NAME: u16 = 0;
const APPLICATION_PROTOCOLS: u16 = 16;
const NOTHING: &str = "000000000000";

/// The fingerprint of a client over TCP.
pub(super) fn fingerprint(of: &Ingredients<'_>) -> Box<str> {
    let mut text = String::with_capacity(36);
    let name = if of.names_server { 'd' } else { 'i' };
    let [first, last] = protocol_ends(of.protocol);
    let _ = write!(
        text,
        "t{}{name}{:02}{:02}{first}{last}_",
        version(of.version),
        of.ciphers.len().min(99),
        of.extensions.len().min(99),
    );
    if of.ciphers.is_empty() {
        text.push_str(NOTHING);
    } else {
        let mut list = List::new();
        list.add_all(of.ciphers.iter().copied());
        list.write_to(&mut text);
    }
    text.push('_');
    if of.extensions.is_empty() {
        text.push_str(NOTHING);
    } else {
        write_extensions(of, &mut text);
    }
    text.into()
}

fn write_extensions(of: &Ingredients<'_>, text: &mut String) {
    let mut list = List::new();
    let is_listed = |kind: &u16| !matches!(*kind, SERVER_NAME | APPLICATION_PROTOCOLS);
    list.add_all(of.extensions.iter().copied().filter(is_listed));
    let (pairs, _) = of.signatures.as_chunks();
    let signatures = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
    list.separator = b'_';
    list.add_all(signatures.filter(|number| !is_grease(*number)));
    if list.is_empty {
        text.push_str(NOTHING);
    } else {
        list.write_to(text);
    }
}

const fn version(version: TlsVersion) -> &'static str {
    match version.0 {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        _ => "00",
    }
}

/// First and last character of the protocol, or of its hexadecimal form where one of them
/// is neither letter nor digit.
fn protocol_ends(protocol: &[u8]) -> [char; 2] {
    let (Some(&first), Some(&last)) = (protocol.first(), protocol.last()) else {
        return ['0', '0'];
    };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [char::from(first), char::from(last)];
    }
    [first >> 4, last & 0x0f].map(|digit| char::from(hexadecimal(digit)))
}

/// A list of numbers in hexadecimal, hashed as it grows.
struct List {
    hash: Sha256,
    /// What is to be hashed next: the hash takes blocks of 64 bytes more quickly than digits.
    text: [u8; 64 * NUMBER_BYTES],
    length: usize,
    separator: u8,
    is_empty: bool,
}

/// A separator and four digits.
const NUMBER_BYTES: usize = 5;

impl List {
    fn new() -> Self {
        let text = [0; 64 * NUMBER_BYTES];
        Self { hash: Sha256::new(), text, length: 0, separator: b',', is_empty: true }
    }

    /// The first of the numbers comes after the separator as it is, the others after commas.
    fn add_all(&mut self, numbers: impl Iterator<Item = u16>) {
        for number in numbers {
            let [high, low] = number.to_be_bytes();
            let [a, b, c, d] = [high >> 4, high & 0x0f, low >> 4, low & 0x0f].map(hexadecimal);
            let number = [self.separator, a, b, c, d];
            let [_, digits @ ..] = &number;
            // Nothing is before the first.
            self.push(if self.is_empty { digits } else { &number });
            self.separator = b',';
            self.is_empty = false;
        }
    }

    fn push(&mut self, text: &[u8]) {
        if self.length + text.len() > self.text.len() {
            self.flush();
        }
        if let Some(free) = self.text.get_mut(self.length..self.length + text.len()) {
            free.copy_from_slice(text);
            self.length += text.len();
        }
    }

    fn flush(&mut self) {
        self.hash.update(self.text.get(..self.length).unwrap_or_default());
        self.length = 0;
    }

    /// Writes the first six bytes of the hash.
    fn write_to(mut self, text: &mut String) {
        self.flush();
        for byte in self.hash.finalize().iter().take(6) {
            text.push(char::from(hexadecimal(byte >> 4)));
            text.push(char::from(hexadecimal(byte & 0x0f)));
        }
    }
}

const fn hexadecimal(digit: u8) -> u8 {
    match digit {
        0..=9 => b'0' + digit,
        _ => b'a' + digit - 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIPHERS: [u16; 15] = [
        0x002f, 0x0035, 0x009c, 0x009d, 0x1301, 0x1302, 0x1303, 0xc013, 0xc014, 0xc02b, 0xc02c,
        0xc02f, 0xc030, 0xcca8, 0xcca9,
    ];
    const EXTENSIONS: [u16; 16] = [
        0x0000, 0x0005, 0x000a, 0x000b, 0x000d, 0x0010, 0x0012, 0x0015, 0x0017, 0x001b, 0x0023,
        0x002b, 0x002d, 0x0033, 0x4469, 0xff01,
    ];
    const SIGNATURES: [u8; 16] = [4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1, 8, 6, 6, 1];

    fn example() -> Ingredients<'static> {
        Ingredients {
            version: TlsVersion::TLS13,
            names_server: true,
            protocol: b"h2",
            ciphers: &CIPHERS,
            extensions: &EXTENSIONS,
            signatures: &SIGNATURES,
        }
    }

    /// The examples of the specification.
    #[test]
    fn published_examples() {
        let plain = example();
        assert_eq!(&*fingerprint(&plain), "t13d1516h2_8daaf6152771_e5627efa2ab1");
        let unsigned = Ingredients { signatures: &[], ..example() };
        assert_eq!(&*fingerprint(&unsigned), "t13d1516h2_8daaf6152771_6d807ffa2a79");
        let nothing = Ingredients {
            version: TlsVersion::SSL3,
            names_server: false,
            protocol: b"",
            ciphers: &[],
            extensions: &[],
            signatures: &[],
        };
        assert_eq!(&*fingerprint(&nothing), "ts3i000000_000000000000_000000000000");
    }

    #[test]
    fn grease_among_the_signatures_is_left_out() {
        let mut signatures = vec![0x3a, 0x3a];
        signatures.extend(SIGNATURES);
        let greased = Ingredients { signatures: &signatures, ..example() };
        assert_eq!(fingerprint(&greased), fingerprint(&example()));
    }

    #[test]
    fn more_than_99_count_as_99() {
        let many: Vec<u16> = (0..200).collect();
        let crowded = Ingredients { ciphers: &many, extensions: &many, ..example() };
        assert!(fingerprint(&crowded).starts_with("t13d9999h2_"));
    }

    /// The examples of the specification.
    #[test]
    fn ends_of_protocols() {
        let cases: [(&[u8], &str); 9] = [
            (b"", "00"),
            (b"h2", "h2"),
            (b"http/1.1", "h1"),
            (b"x", "xx"),
            (b"\xab", "ab"),
            (b"\xab\xcd", "ad"),
            (b"\x30\xab", "3b"),
            (b"\x30\x31\xab\xcd", "3d"),
            (b"\x30\xab\xcd\x31", "01"),
        ];
        for (protocol, expected) in cases {
            assert_eq!(String::from_iter(protocol_ends(protocol)), expected, "{protocol:?}");
        }
    }
}
