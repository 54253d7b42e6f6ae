//! Findings: what a detector reports, and the ledger that de-duplicates, counts,
//! updates and resolves.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::settings::Settings;
use super::time::WallTime;
use crate::named::named;

/// Under which settings a finding stands.
mod condition;
/// De-duplicates, counts, updates and resolves.
pub mod ledger;

pub use condition::Condition;

/// What kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// A client connection to a destination that policy does not name.
    UnknownDestination,
    /// Traffic far from what was learned.
    UnexpectedVolume,
    /// HTTP in the clear.
    UnencryptedPayload,
    /// TLS below what the profile demands, or below what it was.
    WeakEncryption,
    /// HTTP in the clear on a port for TLS.
    ClearTextOnTlsPort,
    /// TLS on a port for clear text.
    TlsOnClearPort,
}

impl FindingKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::UnknownDestination,
        Self::UnexpectedVolume,
        Self::UnencryptedPayload,
        Self::WeakEncryption,
        Self::ClearTextOnTlsPort,
        Self::TlsOnClearPort,
    ];

    /// The name in records and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownDestination => "unknown_destination",
            Self::UnexpectedVolume => "unexpected_volume",
            Self::UnencryptedPayload => "unencrypted_payload",
            Self::WeakEncryption => "weak_encryption",
            Self::ClearTextOnTlsPort => "clear_text_on_tls_port",
            Self::TlsOnClearPort => "tls_on_clear_port",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// How bad it is, from PCI DSS 4.2.1's view: public over private over loopback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the words are the documentation")]
pub enum Severity {
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    named! {
        Self {
            Informational = "informational",
            Low = "low",
            Medium = "medium",
            High = "high",
            Critical = "critical",
        }
    }
}

/// How sure the detector is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// A hint.
    Low,
    /// Derived.
    Medium,
    /// Seen.
    High,
}

impl Confidence {
    named! {
        Self {
            Low = "low",
            Medium = "medium",
            High = "high",
        }
    }
}

/// Life of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Said for the first time.
    Open,
    /// Seen again.
    Updated,
    /// Not seen for long, or no longer true.
    Resolved,
}

impl State {
    named! {
        Self {
            Open = "open",
            Updated = "updated",
            Resolved = "resolved",
        }
    }
}

/// Stable id of a finding: the same kind about the same subject has the same id,
/// also after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingId(pub u64);

impl FindingId {
    /// 64-bit FNV-1a of the kind's name, a zero byte and the key of the subject.
    /// It names a finding; it does not decide what is the same finding.
    #[must_use]
    pub fn of(kind: FindingKind, key: &str) -> Self {
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let bytes = kind.name().bytes().chain([0]).chain(key.bytes());
        Self(bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME)))
    }
}

/// A finding as it is said.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Which.
    pub id: FindingId,
    /// What kind.
    pub kind: FindingKind,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// Where in its life.
    pub state: State,
    /// When first seen.
    pub first_seen: WallTime,
    /// When last seen.
    pub last_seen: WallTime,
    /// How often seen.
    pub count: u64,
    /// What it is about: `identity → destination`.
    pub subject: String,
    /// One plain sentence.
    pub summary: String,
    /// What was seen, masked; names and values in a fixed order.
    pub evidence: Vec<(Cow<'static, str>, String)>,
    /// What to do.
    pub remedy: String,
}

/// What a detector reports: not yet a finding, since it may be one already.
#[derive(Debug)]
pub struct Report {
    /// What kind.
    pub kind: FindingKind,
    /// What it is about, in a form that is the same each time: with the kind it
    /// decides what is the same finding. Not shown.
    pub key: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// How often it is said.
    pub cadence: Cadence,
    /// Which of several reports of one severity is shown.
    pub sample: Sample,
}

/// How often a finding is said while it is reported again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cadence {
    /// When it opens, gets more severe and is resolved.
    Once,
    /// Also in between, with its count, at most every `update_interval`.
    Repeated,
}

/// Which of several reports of the same severity a finding shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// The first: it is an example of many alike.
    First,
    /// The latest: its figures change.
    Latest,
}

/// What there is to show of a finding. Asked only when it is about to be said, so
/// that counting is cheap. Everything it answers is fit to show: text from outside
/// went through [`super::text`], and no secret is in it.
pub trait Case: std::fmt::Debug + Send {
    /// What it is about: `identity → destination`.
    fn subject(&self) -> String;
    /// One plain sentence, given how often it was reported.
    fn summary(&self, count: u64) -> String;
    /// Names and values in a fixed order, given how often it was reported.
    fn evidence(&self, count: u64) -> Vec<(&'static str, String)>;
    /// What to do.
    fn remedy(&self) -> String;
    /// What has to be so for it to stand, where it does under these settings.
    fn condition(&self, _settings: &Settings) -> Condition {
        Condition::Always
    }
    /// Whether the case still stands under these settings.
    fn holds(&self, settings: &Settings) -> bool {
        self.condition(settings).holds(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_kinds_are_listed_in_order_under_names_of_their_own() {
        assert!(FindingKind::ALL.is_sorted_by(|one, next| one < next));
        let names: std::collections::BTreeSet<_> =
            FindingKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), FindingKind::ALL.len());
    }

    /// Reference values of 64-bit FNV-1a, so that an id is the same in every version.
    #[test]
    fn ids_are_stable() {
        for (kind, key, id) in [
            (FindingKind::UnknownDestination, "", 0x5470_8dc8_3180_7be2),
            (FindingKind::UnexpectedVolume, "a", 0xfa8b_f44a_f64f_3572),
            (
                FindingKind::UnencryptedPayload,
                "outbound\0/usr/bin/curl\x00203.0.113.7:80",
                0x1c2c_4449_b9d4_b2be,
            ),
        ] {
            assert_eq!(FindingId::of(kind, key), FindingId(id), "{}", kind.name());
        }
    }
}
