//! Names of hosts, and patterns of them.

use std::net::Ipv4Addr;

/// Longest name, in bytes, without its final dot (RFC 1035 section 2.3.4: 255 bytes on
/// the wire).
pub const LONGEST_NAME: usize = 253;

/// Longest label, in bytes (RFC 1035 section 2.3.4).
const LONGEST_LABEL: usize = 63;

/// Why a text is no pattern of host names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternFault {
    /// Nothing at all.
    #[error("empty")]
    Empty,
    /// More bytes than a name has.
    #[error("longer than 253 bytes")]
    TooLong,
    /// A letter of another script.
    #[error("it has a letter beyond ASCII; write its `xn--` form")]
    NotAscii,
    /// A `*` that is not the whole first label of several.
    #[error("`*` stands elsewhere than for the first label, as in \"*.example.com\"")]
    Star,
    /// An address, which is no name.
    #[error("an address, not a name")]
    Address,
    /// Two dots in a row, or one in front.
    #[error("a label is empty")]
    EmptyLabel,
    /// A label with more bytes than labels have.
    #[error("a label is longer than 63 bytes")]
    LongLabel,
    /// A character that no name has.
    #[error("names have only letters, digits, `-`, `_` and dots")]
    Character,
    /// A label that starts or ends with a hyphen (RFC 952).
    #[error("a label starts or ends with `-`")]
    Hyphen,
}

/// Whether a name is one that a pattern means: the same name, or any name below it where
/// the pattern starts with `*.`. Letter case and a final dot do not count (RFC 4343).
#[must_use]
pub fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (bare(pattern), bare(name));
    let Some(parent) = pattern.strip_prefix("*.") else {
        return !name.is_empty() && pattern.eq_ignore_ascii_case(name);
    };
    let Some((below, rest)) = name
        .len()
        .checked_sub(parent.len())
        .and_then(|at| name.split_at_checked(at))
        .and_then(|(below, rest)| Some((below.strip_suffix('.')?, rest)))
    else {
        return false;
    };
    rest.eq_ignore_ascii_case(parent) && !below.is_empty() && !below.ends_with('.')
}

/// Whether a text is a whole host name, and neither a pattern nor an address.
#[must_use]
pub fn is_name(text: &str) -> bool {
    !text.contains('*') && check(text).is_ok()
}

/// A name without its final dot (RFC 1034 section 3.1).
#[must_use]
pub fn bare(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// Checks a pattern: a host name, or `*.` and one. Underscores are taken: internal
/// names have them (RFC 2181 section 11).
///
/// # Errors
///
/// [`PatternFault`], the first one found.
pub fn check(pattern: &str) -> Result<(), PatternFault> {
    let pattern = bare(pattern);
    if pattern.is_empty() {
        return Err(PatternFault::Empty);
    }
    if !pattern.is_ascii() {
        return Err(PatternFault::NotAscii);
    }
    if pattern.len() > LONGEST_NAME {
        return Err(PatternFault::TooLong);
    }
    let name = pattern.strip_prefix("*.").unwrap_or(pattern);
    if name.contains('*') {
        return Err(PatternFault::Star);
    }
    if is_address(name) {
        return Err(PatternFault::Address);
    }
    name.split('.').try_for_each(check_label)
}

fn check_label(label: &str) -> Result<(), PatternFault> {
    if label.is_empty() {
        return Err(PatternFault::EmptyLabel);
    }
    if !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        return Err(PatternFault::Character);
    }
    if label.len() > LONGEST_LABEL {
        return Err(PatternFault::LongLabel);
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(PatternFault::Hyphen);
    }
    Ok(())
}

/// No top-level domain is a number (RFC 3696 section 2), so such a name is an IPv4
/// address or was meant to be one. IPv6 addresses have colons, names have none.
fn is_address(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    name.parse::<Ipv4Addr>().is_ok()
        || name.contains(':') && name.trim_matches(['[', ']']).parse::<std::net::Ipv6Addr>().is_ok()
        || (!last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_a_name_or_all_below_it() {
        for (pattern, name, is_meant) in [
            ("example.com", "example.com", true),
            ("example.com", "EXAMPLE.com.", true),
            ("Example.COM.", "example.com", true),
            ("example.com", "a.example.com", false),
            ("example.com", "example.com.evil", false),
            ("example.com", "notexample.com", false),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "a.b.Example.com.", true),
            ("*.Example.com.", "a.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", ".example.com", false),
            ("*.example.com", "..example.com", false),
            ("*.example.com", "notexample.com", false),
            ("*.example.com", "a.example.com.evil", false),
            ("*.example.com", "é.example.com", true),
            ("*.example.com", "éexample.com", false),
            ("db", "db", true),
            ("db", "db.example.com", false),
            ("", "", false),
            ("*.", "a.", false),
            ("*", "anything", false),
        ] {
            assert_eq!(fits(pattern, name), is_meant, "{pattern} {name}");
        }
    }

    #[test]
    fn only_names_and_all_below_them_are_patterns() {
        let long_label = "a".repeat(64);
        let long = format!("{}com", "abcdefghi.".repeat(26));
        for (pattern, fault) in [
            ("example.com", None),
            ("EXAMPLE.com.", None),
            ("*.example.com", None),
            ("*.com", None),
            ("db", None),
            ("_sip.a_b.example", None),
            ("xn--bcher-kva.example", None),
            ("1.example", None),
            ("", Some(PatternFault::Empty)),
            (".", Some(PatternFault::Empty)),
            ("*", Some(PatternFault::Star)),
            ("*.*.example.com", Some(PatternFault::Star)),
            ("a.*.example.com", Some(PatternFault::Star)),
            ("*example.com", Some(PatternFault::Star)),
            ("bücher.example", Some(PatternFault::NotAscii)),
            ("203.0.113.7", Some(PatternFault::Address)),
            ("*.113.7", Some(PatternFault::Address)),
            ("1.2.3.400", Some(PatternFault::Address)),
            ("::1", Some(PatternFault::Address)),
            ("[2001:db8::1]", Some(PatternFault::Address)),
            (".example.com", Some(PatternFault::EmptyLabel)),
            ("a..b", Some(PatternFault::EmptyLabel)),
            ("*.", Some(PatternFault::Star)),
            (&long_label, Some(PatternFault::LongLabel)),
            (&long, Some(PatternFault::TooLong)),
            ("a b", Some(PatternFault::Character)),
            ("https://example.com", Some(PatternFault::Character)),
            ("example.com:443", Some(PatternFault::Character)),
            ("a\0b", Some(PatternFault::Character)),
            ("-a.example", Some(PatternFault::Hyphen)),
            ("a-.example", Some(PatternFault::Hyphen)),
        ] {
            assert_eq!(check(pattern).err(), fault, "{pattern:?}");
            assert_eq!(is_name(pattern), fault.is_none() && !pattern.contains('*'), "{pattern:?}");
        }
    }
}
