//! What is and what is not a host name.

use std::sync::Arc;

/// Bytes of the longest name, written with dots (RFC 1035 section 2.3.4).
pub(super) const NAME_BYTES: usize = 253;
/// Bytes of the longest label.
const LABEL_BYTES: usize = 63;

/// Whether a text in lower case is the name of a host: letters, digits, hyphens and
/// underscores (RFC 952, RFC 1123 section 2.1, RFC 2181 section 11), and no address,
/// which ends in a number.
pub(super) fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=LABEL_BYTES).contains(&label.len())
            && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
    };
    let ends_in_number =
        text.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    text.len() <= NAME_BYTES && !ends_in_number && text.split('.').all(is_label)
}

/// The host of an authority (RFC 3986 section 3.2): in lower case, without port and
/// final dot; none where it is an address or no host name.
pub(crate) fn name_of_authority(authority: &Arc<str>) -> Option<Arc<str>> {
    if is_host_name(authority) {
        return Some(Arc::clone(authority));
    }
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) => return None,
        None => authority,
    };
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    is_host_name(&host).then(|| host.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_name_hosts_or_nothing() {
        let long = "a.".repeat(128);
        let cases: [(&str, Option<&str>); 20] = [
            ("api.example", Some("api.example")),
            ("API.Example.:443", Some("api.example")),
            ("localhost", Some("localhost")),
            ("_srv.a-b.example:8080", Some("_srv.a-b.example")),
            ("xn--bcher-kva.example", Some("xn--bcher-kva.example")),
            ("1password.com", Some("1password.com")),
            ("a:", Some("a")),
            ("", None),
            (".", None),
            (":80", None),
            ("127.0.0.1", None),
            ("127.0.0.1:80", None),
            ("0x7f.1", None),
            ("[::1]:80", None),
            ("::1", None),
            ("a..b", None),
            ("a b", None),
            ("bücher.example", None),
            ("a\x1b[31m.example", None),
            (&long, None),
        ];
        for (authority, expected) in cases {
            let name = name_of_authority(&authority.into());
            assert_eq!(name.as_deref(), expected, "{authority}");
        }
        let label = "a".repeat(63);
        assert!(is_host_name(&label) && !is_host_name(&format!("{label}a")));
    }
}
