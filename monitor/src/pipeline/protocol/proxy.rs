//! The PROXY protocol in front of a connection (haproxy.org, proxy-protocol.txt,
//! versions 1 and 2): a proxy tells which client it speaks for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::classify::PROXY_V2;
use crate::pipeline::input::SocketAddress;

/// Longest line of version 1, CRLF included (section 2.1).
const LINE_BYTES: usize = 107;

/// What the bytes at the start of a connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proxy {
    /// A header of this size, and the client that it names.
    Header(usize, Option<SocketAddress>),
    /// The start of one.
    NeedMore,
    /// None.
    Invalid,
}

/// Reads the header at the start of `bytes`.
pub(super) fn parse(bytes: &[u8]) -> Proxy {
    match bytes.first() {
        Some(b'\r') => parse_binary(bytes),
        _ => parse_line(bytes),
    }
}

/// `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n` (section 2.1).
fn parse_line(bytes: &[u8]) -> Proxy {
    let Some(end) = bytes.iter().take(LINE_BYTES).position(|&byte| byte == b'\n') else {
        return if bytes.len() < LINE_BYTES { Proxy::NeedMore } else { Proxy::Invalid };
    };
    let line = bytes.get(..end).unwrap_or_default();
    let Ok(line) = std::str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line)) else {
        return Proxy::Invalid;
    };
    let mut words = line.split(' ').skip(1);
    let client = match words.next() {
        Some("TCP4" | "TCP6") => {
            let address = words.next().and_then(|word| word.parse::<IpAddr>().ok());
            let port = words.nth(1).and_then(|word| word.parse().ok());
            match (address, port) {
                (Some(address), Some(port)) => Some(SocketAddress { address, port }),
                _ => return Proxy::Invalid,
            }
        }
        Some("UNKNOWN") => None,
        _ => return Proxy::Invalid,
    };
    Proxy::Header(end + 1, client)
}

/// Signature, version and command, family and transport, length, addresses (section 2.2).
fn parse_binary(bytes: &[u8]) -> Proxy {
    let Some(rest) = bytes.strip_prefix(PROXY_V2) else {
        return if PROXY_V2.starts_with(bytes) { Proxy::NeedMore } else { Proxy::Invalid };
    };
    let [version, family, high, low, rest @ ..] = rest else { return Proxy::NeedMore };
    if version >> 4 != 2 {
        return Proxy::Invalid;
    }
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    let Some(addresses) = rest.get(..length) else { return Proxy::NeedMore };
    let client = match (family >> 4, addresses) {
        (1, [a, b, c, d, _, _, _, _, high, low, ..]) => Some(SocketAddress {
            address: Ipv4Addr::new(*a, *b, *c, *d).into(),
            port: u16::from_be_bytes([*high, *low]),
        }),
        (2, addresses) => {
            let address = addresses.first_chunk::<16>();
            let port = addresses.get(32..).and_then(<[u8]>::first_chunk);
            address.zip(port).map(|(address, port)| SocketAddress {
                address: Ipv6Addr::from(*address).to_canonical(),
                port: u16::from_be_bytes(*port),
            })
        }
        _ => None,
    };
    Proxy::Header(PROXY_V2.len() + 4 + length, client)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(text: &str, port: u16) -> Option<SocketAddress> {
        Some(SocketAddress { address: text.parse().expect("an address"), port })
    }

    #[test]
    fn headers_are_read_at_every_prefix() {
        let binary4 =
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x10\x00\x01\xbb";
        let local = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\0\0";
        let mut binary6 = b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24".to_vec();
        binary6.extend_from_slice(&Ipv6Addr::LOCALHOST.octets());
        binary6.extend_from_slice(&Ipv6Addr::UNSPECIFIED.octets());
        binary6.extend_from_slice(b"\x10\x00\x01\xbb");
        let cases: [(&[u8], Option<SocketAddress>); 6] = [
            (b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", client("192.0.2.1", 56324)),
            (b"PROXY TCP6 2001:db8::1 ::1 1 2\r\n", client("2001:db8::1", 1)),
            (b"PROXY UNKNOWN\r\n", None),
            (binary4, client("1.2.3.4", 4096)),
            (&binary6, client("::1", 4096)),
            (local, None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(parse(bytes), Proxy::Header(bytes.len(), expected));
            for length in 0..bytes.len() {
                assert_eq!(parse(&bytes[..length]), Proxy::NeedMore, "{length}");
            }
        }
    }

    #[test]
    fn what_is_none_is_told() {
        let long = [b"PROXY TCP4 ".as_slice(), &[b'1'; 120]].concat();
        let cases: [&[u8]; 4] =
            [b"PROXY TCP4 x y 1 2\r\n", b"PROXY\r\n", b"\r\n\r\n\0\r\nQUIT\n\x11\x11\0\0", &long];
        for bytes in cases {
            assert_eq!(parse(bytes), Proxy::Invalid, "{}", bytes.escape_ascii());
        }
    }
}
