//! The name that a client asks for (RFC 6066 section 3).

use std::sync::Arc;

use super::reader::Reader;

/// RFC 1035 section 2.3.4, less the root and its length.
const NAME_BYTES: usize = 253;
const LABEL_BYTES: usize = 63;

/// The host name of the extension, in lower case and without a final dot; none where there
/// is not exactly one, or where it is no name.
pub(super) fn parse(extension: &[u8]) -> Option<Arc<str>> {
    let mut reader = Reader::new(extension);
    let mut list = Reader::new(reader.vector16()?);
    let (kind, name) = (list.u8()?, list.vector16()?);
    if kind != 0 || !list.is_empty() || !reader.is_empty() {
        return None;
    }
    host_name(name)
}

/// Letters, digits, hyphens and underscores in labels. An address is no name: RFC 6066
/// forbids it, and a destination is not known better by it.
fn host_name(name: &[u8]) -> Option<Arc<str>> {
    let name = name.strip_suffix(b".").unwrap_or(name);
    let mut labels = name.split(|&byte| byte == b'.');
    let is_name = name.len() <= NAME_BYTES && labels.all(is_label);
    let last = name.rsplit(|&byte| byte == b'.').next()?;
    if !is_name || last.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let name = str::from_utf8(name).ok()?;
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some(name.to_ascii_lowercase().into());
    }
    Some(name.into())
}

fn is_label(label: &[u8]) -> bool {
    (1..=LABEL_BYTES).contains(&label.len())
        && label.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_shown() {
        let long = "a".repeat(63);
        let longest = format!("{long}.{long}.{long}.{}", "a".repeat(61));
        for (given, shown) in [
            ("api.example.com", Some("api.example.com")),
            ("API.Example.COM.", Some("api.example.com")),
            ("xn--bcher-kva.example", Some("xn--bcher-kva.example")),
            ("_sip.localhost", Some("_sip.localhost")),
            ("localhost", Some("localhost")),
            ("1.example", Some("1.example")),
            (&longest, Some(&longest)),
            (&format!("{longest}a"), None),
            (&format!("{long}a.example"), None),
            ("192.0.2.7", None),
            ("2001:db8::7", None),
            ("", None),
            (".", None),
            ("a..b", None),
            ("a b.example", None),
            ("a/b.example", None),
            ("b\u{fc}cher.example", None),
            ("a\x1b[2J.example", None),
            ("*.example", None),
        ] {
            assert_eq!(host_name(given.as_bytes()).as_deref(), shown, "{given:?}");
        }
    }

    #[test]
    fn a_list_has_exactly_one_host_name() {
        let cases: [(&[u8], Option<&str>); 7] = [
            (b"\0\x06\0\0\x03a.b", Some("a.b")),
            (b"\0\x0c\0\0\x03a.b\0\0\x03c.d", None),
            (b"\0\x06\x01\0\x03a.b", None),
            (b"\0\x06\0\0\x03a.b!", None),
            (b"\0\x06\0\0\x04a.b", None),
            (b"\0\0", None),
            (b"", None),
        ];
        for (given, shown) in cases {
            assert_eq!(parse(given).as_deref(), shown, "{given:?}");
        }
    }
}
