//! What bytes look like, from the first few of them.

/// Longest method that is taken for one.
const METHOD_BYTES: usize = 24;
const PROXY_V1: &[u8] = b"PROXY ";
/// Signature of the PROXY protocol, version 2.
pub(super) const PROXY_V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const METHODS: [&[u8]; 9] = [
    b"GET ",
    b"POST ",
    b"PUT ",
    b"HEAD ",
    b"DELETE ",
    b"OPTIONS ",
    b"PATCH ",
    b"CONNECT ",
    b"TRACE ",
];

/// What bytes look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Classification {
    /// The start of an HTTP/1 request.
    Http1Request,
    /// The start of an HTTP/1 response.
    Http1Response,
    /// The preface of HTTP/2 (RFC 9113 section 3.4).
    Http2Preface,
    /// A TLS record (RFC 8446 section 5.1).
    Tls,
    /// The PROXY protocol, either version.
    ProxyProtocol,
    /// Too few bytes to tell.
    NeedMore,
    /// None of these.
    Unknown,
}

/// What the first bytes of a direction look like.
#[must_use]
pub fn classify(bytes: &[u8]) -> Classification {
    match bytes {
        // Types 20 to 23, version 3.x.
        [20..=23, 3, 0..=4, ..] => return Classification::Tls,
        [] | [20..=23] | [20..=23, 3] => return Classification::NeedMore,
        _ => {}
    }
    let known = [
        (b"HTTP/1.".as_slice(), Classification::Http1Response),
        (PROXY_V1, Classification::ProxyProtocol),
        (PROXY_V2, Classification::ProxyProtocol),
        (HTTP2_PREFACE, Classification::Http2Preface),
    ];
    if METHODS.iter().any(|method| bytes.starts_with(method)) {
        return Classification::Http1Request;
    }
    for (start, classification) in known {
        if bytes.starts_with(start) {
            return classification;
        }
        if start.starts_with(bytes) {
            return Classification::NeedMore;
        }
    }
    unknown_method(bytes)
}

/// A token, a space, and what can begin a target: a method that nobody knows.
fn unknown_method(bytes: &[u8]) -> Classification {
    let length = bytes.iter().take_while(|&&byte| is_method_byte(byte)).count();
    match bytes.get(length..) {
        Some([]) if length <= METHOD_BYTES => Classification::NeedMore,
        Some([b' ']) if (1..=METHOD_BYTES).contains(&length) => Classification::NeedMore,
        Some([b' ', b'/' | b'*' | b'h', ..]) if (1..=METHOD_BYTES).contains(&length) => {
            Classification::Http1Request
        }
        _ => Classification::Unknown,
    }
}

const fn is_method_byte(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'-' || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_apart() {
        let cases: [(&[u8], Classification); 16] = [
            (b"GET / HTTP/1.1\r\n", Classification::Http1Request),
            (b"get / HTTP/1.1\r\n", Classification::Http1Request),
            (b"PROPFIND /a HTTP/1.1\r\n", Classification::Http1Request),
            (b"GE", Classification::NeedMore),
            (b"PR", Classification::NeedMore),
            (b"HTTP/1.0 200 OK\r\n", Classification::Http1Response),
            (b"HTT", Classification::NeedMore),
            (b"\x16\x03\x01\x02\x00", Classification::Tls),
            (b"\x17\x03\x03", Classification::Tls),
            (b"\x16\x03", Classification::NeedMore),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Classification::Http2Preface),
            (b"PROXY TCP4 1.2.3.4", Classification::ProxyProtocol),
            (b"\r\n\r\n\0\r\nQUIT\n\x21", Classification::ProxyProtocol),
            (b"EHLO mail.example", Classification::Unknown),
            (b"\0\0\0\x08", Classification::Unknown),
            (b"SSH-2.0-OpenSSH", Classification::Unknown),
        ];
        for (bytes, expected) in cases {
            assert_eq!(classify(bytes), expected, "{}", bytes.escape_ascii());
        }
    }
}
