//! Findings: what a detector reports, and the ledger that de-duplicates, counts,
//! updates and resolves.

use super::time::WallTime;

/// What kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// A client connection to a destination that policy does not name.
    UnknownDestination,
    /// Traffic far from what was learned.
    UnexpectedVolume,
    /// HTTP in the clear.
    UnencryptedPayload,
}

impl FindingKind {
    /// The name in records and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownDestination => "unknown_destination",
            Self::UnexpectedVolume => "unexpected_volume",
            Self::UnencryptedPayload => "unencrypted_payload",
        }
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
    /// The name in records and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
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
    /// The name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
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
    /// The name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Updated => "updated",
            Self::Resolved => "resolved",
        }
    }
}

/// Stable id of a finding: the same kind about the same subject has the same id,
/// also after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingId(pub u64);

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
    pub evidence: Vec<(&'static str, String)>,
    /// What to do.
    pub remedy: String,
}
