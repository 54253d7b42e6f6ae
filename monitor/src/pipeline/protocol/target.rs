//! The target of a request (RFC 9112 section 3.2, RFC 9113 section 8.3.1): its path, the
//! keys of its query, its authority. Values of a query are never kept.

use crate::pipeline::protocol::anomaly::{Anomalies, Anomaly};
use crate::pipeline::protocol::head_value::text_of;

/// Bytes of a path that are kept.
const PATH_BYTES: usize = 4096;
/// Keys of a query that are kept.
const QUERY_KEYS: usize = 64;
/// Bytes of a key that are kept.
const KEY_BYTES: usize = 128;
/// Keys whose value is a credential.
const SECRET_KEYS: [&str; 6] =
    ["api_key", "apikey", "api-key", "access_token", "token", "auth_token"];

/// A target in its parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// As sent, the part that is kept.
    pub(super) path: &'a [u8],
    pub(super) query_keys: Vec<Box<str>>,
    pub(super) authority: Option<&'a [u8]>,
    /// A key of the query names a credential.
    pub(super) has_secret_key: bool,
}

/// Takes a target apart.
pub(super) fn parse<'a>(
    target: &'a [u8],
    is_connect: bool,
    anomalies: &mut Anomalies,
) -> Target<'a> {
    if is_connect {
        return Target {
            path: b"",
            query_keys: Vec::new(),
            authority: Some(host_of(target, anomalies)),
            has_secret_key: false,
        };
    }
    let (authority, rest) = split_authority(target, anomalies);
    let end = rest.iter().position(|&byte| matches!(byte, b'?' | b'#')).unwrap_or(rest.len());
    let (path, query) = rest.split_at_checked(end).unwrap_or((rest, b""));
    let query = query.strip_prefix(b"?").unwrap_or_default();
    let (query_keys, has_secret_key) =
        if query.is_empty() { (Vec::new(), false) } else { keys_of(query) };
    Target { path: path_of(path, anomalies), query_keys, authority, has_secret_key }
}

/// The authority of a target in absolute form, and what follows it.
fn split_authority<'a>(
    target: &'a [u8],
    anomalies: &mut Anomalies,
) -> (Option<&'a [u8]>, &'a [u8]) {
    if target.starts_with(b"/") || target == b"*" {
        return (None, target);
    }
    let Some(scheme) = target.windows(3).position(|window| window == b"://") else {
        return (None, target);
    };
    anomalies.add(Anomaly::AbsoluteForm);
    let rest = target.get(scheme + 3..).unwrap_or_default();
    let end =
        rest.iter().position(|&byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, b""));
    (Some(host_of(authority, anomalies)), path)
}

/// An authority without its user information, which may hold a password.
pub(super) fn host_of<'a>(authority: &'a [u8], anomalies: &mut Anomalies) -> &'a [u8] {
    match authority.iter().rposition(|&byte| byte == b'@') {
        Some(at) => {
            anomalies.add(Anomaly::UserInformation);
            authority.get(at + 1..).unwrap_or_default()
        }
        None => authority,
    }
}

fn path_of<'a>(path: &'a [u8], anomalies: &mut Anomalies) -> &'a [u8] {
    if path.is_empty() {
        return b"/";
    }
    let kept = path.get(..PATH_BYTES).unwrap_or(path);
    if kept.len() < path.len() {
        anomalies.add(Anomaly::LongPath);
    }
    kept
}

fn keys_of(query: &[u8]) -> (Vec<Box<str>>, bool) {
    let mut keys: Vec<Box<str>> = Vec::new();
    let mut has_secret = false;
    let end = query.iter().position(|&byte| byte == b'#').unwrap_or(query.len());
    for pair in query.get(..end).unwrap_or_default().split(|&byte| matches!(byte, b'&' | b';')) {
        let Some(equals) = pair.iter().position(|&byte| byte == b'=') else {
            // Without a key there is only a value, which may be a secret.
            continue;
        };
        let key = pair.get(..equals.min(KEY_BYTES)).unwrap_or_default();
        let key = text_of(key);
        has_secret |= SECRET_KEYS.iter().any(|secret| key.eq_ignore_ascii_case(secret));
        if keys.len() < QUERY_KEYS && !keys.iter().any(|known| **known == *key) {
            keys.push(key.into());
        }
    }
    (keys, has_secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (target, path, keys, authority, anomalies)
    type Case = (
        &'static str,
        &'static str,
        &'static [&'static str],
        Option<&'static str>,
        &'static [Anomaly],
    );

    const CASES: [Case; 11] = [
        ("/a/b", "/a/b", &[], None, &[]),
        ("/a?x=1&y=2&x=3", "/a", &["x", "y"], None, &[]),
        ("/a?secretvalue", "/a", &[], None, &[]),
        ("/a#frag?x=1", "/a", &[], None, &[]),
        ("/a?x=1#y=2", "/a", &["x"], None, &[]),
        ("*", "*", &[], None, &[]),
        ("http://h:1/a?x=1", "/a", &["x"], Some("h:1"), &[Anomaly::AbsoluteForm]),
        ("http://h", "/", &[], Some("h"), &[Anomaly::AbsoluteForm]),
        (
            "http://u:p@h/a",
            "/a",
            &[],
            Some("h"),
            &[Anomaly::AbsoluteForm, Anomaly::UserInformation],
        ),
        ("http://h?x=1", "/", &["x"], Some("h"), &[Anomaly::AbsoluteForm]),
        ("/go?to=http://x", "/go", &["to"], None, &[]),
    ];

    #[test]
    fn targets_come_apart() {
        for (target, path, keys, authority, expected) in CASES {
            let mut anomalies = Anomalies::default();
            let parsed = parse(target.as_bytes(), false, &mut anomalies);
            assert_eq!(parsed.path, path.as_bytes(), "{target}");
            assert_eq!(parsed.query_keys.iter().map(|key| &**key).collect::<Vec<_>>(), keys);
            assert_eq!(parsed.authority, authority.map(str::as_bytes), "{target}");
            assert_eq!(anomalies.to_vec(), expected, "{target}");
        }
        let parsed = parse(b"u:p@h:443", true, &mut Anomalies::default());
        assert_eq!((parsed.path, parsed.authority), (b"".as_slice(), Some(b"h:443".as_slice())));
    }

    #[test]
    fn what_is_kept_is_bounded_and_credentials_are_noticed() {
        let mut anomalies = Anomalies::default();
        let long = [b"/".as_slice(), &[b'a'; 10_000]].concat();
        assert_eq!(parse(&long, false, &mut anomalies).path.len(), PATH_BYTES);
        assert_eq!(anomalies.to_vec(), [Anomaly::LongPath]);
        let many: String = (0..1000).map(|number| format!("k{number}=v&")).collect();
        let target = format!("/?{many}Access_Token=hidden");
        let parsed = parse(target.as_bytes(), false, &mut anomalies);
        assert_eq!(parsed.query_keys.len(), QUERY_KEYS);
        assert!(parsed.has_secret_key);
    }
}
