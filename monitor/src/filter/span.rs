//! Numbers to look for, and how people write them.

use super::Measure;
use crate::pipeline::finding::Severity;
use crate::pipeline::output::tls::TlsVersion;

/// All numbers between two, both included; none where the least is above the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    least: u64,
    most: u64,
}

/// How numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Below,
    AtMost,
    Equal,
    AtLeast,
    Above,
}

const DURATIONS: &[(&str, f64)] =
    &[("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10), ("h", 3.6e12)];

const SIZES: &[(&str, f64)] = &[
    ("", 1.0),
    ("B", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
];

const VERSIONS: &[(&str, TlsVersion)] = &[
    ("ssl2", TlsVersion(0x0002)),
    ("ssl2.0", TlsVersion(0x0002)),
    ("ssl3", TlsVersion::SSL3),
    ("ssl3.0", TlsVersion::SSL3),
    ("1.0", TlsVersion::TLS10),
    ("1.1", TlsVersion::TLS11),
    ("1.2", TlsVersion::TLS12),
    ("1.3", TlsVersion::TLS13),
];

const SEVERITIES: [Severity; 5] =
    [Severity::Informational, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

impl Span {
    const NONE: Self = Self { least: 1, most: 0 };

    /// Whether a number is between the two.
    pub(super) const fn contains(self, value: u64) -> bool {
        self.least <= value && value <= self.most
    }

    /// The numbers that compare so to the one that `text` is.
    pub(super) fn compared(
        measure: Measure,
        comparison: Comparison,
        text: &str,
    ) -> Result<Self, String> {
        let bound = quantity(measure, text).ok_or_else(|| expectation(measure).to_owned())?;
        Ok(comparison.span(bound))
    }

    /// The numbers that are what `text` says: one, or a class of status codes.
    pub(super) fn equal(measure: Measure, text: &str) -> Result<Self, String> {
        match measure {
            Measure::Status => status(text).ok_or_else(|| "a status is 404 or 5xx".to_owned()),
            Measure::Bytes => Err("sizes are compared: bytes>1MB".to_owned()),
            Measure::Latency => Err("durations are compared: latency>200ms".to_owned()),
            Measure::Ttfb => Err("durations are compared: ttfb>200ms".to_owned()),
            _ => Self::compared(measure, Comparison::Equal, text),
        }
    }
}

impl Comparison {
    fn span(self, bound: u64) -> Span {
        let from = |least| Span { least, most: u64::MAX };
        let to = |most| Span { least: 0, most };
        match self {
            Self::Below => bound.checked_sub(1).map_or(Span::NONE, to),
            Self::AtMost => to(bound),
            Self::Equal => Span { least: bound, most: bound },
            Self::AtLeast => from(bound),
            Self::Above => bound.checked_add(1).map_or(Span::NONE, from),
        }
    }
}

/// `404`, or a class: `5xx`.
pub(super) fn status(text: &str) -> Option<Span> {
    if text.len() != 3 || !text.starts_with(|c: char| matches!(c, '1'..='9')) {
        return None;
    }
    match text.strip_suffix("xx").or_else(|| text.strip_suffix("XX")) {
        Some(class) => class
            .parse::<u64>()
            .ok()
            .map(|class| Span { least: class * 100, most: class * 100 + 99 }),
        None => number(text).map(|status| Comparison::Equal.span(status)),
    }
}

/// Rank of a version: a draft of TLS 1.3 is between 1.2 and 1.3, though its number is
/// above all. None where what it is better than is not known.
pub(crate) const fn tls_rank(version: TlsVersion) -> Option<u64> {
    let rank = match version.0 {
        0x0002 | 0x0300..=0x03ff => (version.0 as u64) << 8,
        // RFC 8446 drafts: draft-ietf-tls-tls13-28 section 4.2.1.1.
        0x7f00..=0x7f1c => (TlsVersion::TLS12.0 as u64) << 8 | 0x80 | (version.0 as u64 & 0x7f),
        _ => return None,
    };
    Some(rank)
}

fn quantity(measure: Measure, text: &str) -> Option<u64> {
    match measure {
        Measure::Latency | Measure::Ttfb => scaled(text, DURATIONS),
        Measure::Bytes => scaled(text, SIZES),
        Measure::Errors | Measure::Requests | Measure::Status => number(text),
        Measure::Port => number(text).filter(|port| *port <= u64::from(u16::MAX)),
        Measure::Severity => severity_rank(text),
        Measure::Tls => version_rank(text),
    }
}

const fn expectation(measure: Measure) -> &'static str {
    match measure {
        Measure::Latency | Measure::Ttfb => "expected a duration: 200ms, 1.5s",
        Measure::Bytes => "expected a size: 512, 10kB, 1MiB",
        Measure::Errors | Measure::Requests => "expected a whole number: 100",
        Measure::Port => "expected a port, 0 to 65535",
        Measure::Status => "expected a status code",
        Measure::Severity => "expected informational, low, medium, high or critical",
        Measure::Tls => "expected a version: 1.3, 1.2, 1.1, 1.0, ssl3 or ssl2",
    }
}

/// Digits alone: no sign.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn scaled(text: &str, units: &[(&str, f64)]) -> Option<u64> {
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(split)?;
    let (_, scale) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<f64>().ok().map(|number| (number * scale) as u64)
}

/// Rank of a severity; its name may be cut short.
fn severity_rank(name: &str) -> Option<u64> {
    let lower = name.to_ascii_lowercase();
    let found = SEVERITIES.iter().find(|s| !lower.is_empty() && s.name().starts_with(&lower));
    found.map(|severity| *severity as u64)
}

/// Rank of a version, as records show it.
pub(super) fn version_rank(text: &str) -> Option<u64> {
    let known = VERSIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    known.and_then(|(_, version)| tls_rank(*version))
}
