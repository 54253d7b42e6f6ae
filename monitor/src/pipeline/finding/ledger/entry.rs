//! A finding that is open, and what there is to say of it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::kept::{Earlier, Kept};
use crate::pipeline::detect::Moment;
use crate::pipeline::finding::{
    Cadence, Case, Condition, Confidence, Finding, FindingId, FindingKind, Report, Severity, State,
};
use crate::pipeline::settings::{FindingSettings, Settings};
use crate::pipeline::time::{Timestamp, WallOffset, WallTime};

/// A finding that is open.
pub(super) struct Entry {
    pub(super) kind: FindingKind,
    pub(super) key: Arc<str>,
    pub(super) severity: Severity,
    pub(super) confidence: Confidence,
    pub(super) cadence: Cadence,
    pub(super) about: About,
    /// Where an earlier run saw it first.
    pub(super) earlier: Option<Earlier>,
    pub(super) first_seen: Timestamp,
    pub(super) last_seen: Timestamp,
    pub(super) count: u64,
    pub(super) said_count: u64,
    pub(super) said_at: Timestamp,
    pub(super) wake: Timestamp,
}

/// What there is to say of a finding.
pub(super) enum About {
    Case(Box<dyn Case>),
    Kept(Box<Kept>),
}

/// What is said of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Said {
    pub(super) subject: String,
    pub(super) summary: String,
    pub(super) evidence: Vec<(Cow<'static, str>, String)>,
    pub(super) remedy: String,
}

/// Why a finding is resolved; stands in the evidence.
#[derive(Clone, Copy)]
pub(super) enum Resolution {
    Quiet,
    NoLongerTrue,
    Evicted,
}

impl Entry {
    pub(super) fn new(
        report: &Report,
        key: Arc<str>,
        case: Box<dyn Case>,
        at: Moment,
        resolve_after: Duration,
    ) -> Self {
        Self {
            kind: report.kind,
            key,
            severity: report.severity,
            confidence: report.confidence,
            cadence: report.cadence,
            about: About::Case(case),
            earlier: None,
            first_seen: at.time,
            last_seen: at.time,
            count: 1,
            said_count: 1,
            said_at: at.time,
            wake: at.time.plus(resolve_after),
        }
    }

    pub(super) fn see(&mut self, now: Timestamp) {
        self.last_seen = self.last_seen.max(now);
        if let Some(earlier) = &mut self.earlier {
            earlier.last_seen = None;
        }
    }

    pub(super) fn first_seen(&self, wall: WallOffset) -> WallTime {
        self.earlier.map_or_else(|| wall.wall(self.first_seen), |earlier| earlier.first_seen)
    }

    pub(super) fn last_seen(&self, wall: WallOffset) -> WallTime {
        let earlier = self.earlier.and_then(|earlier| earlier.last_seen);
        earlier.unwrap_or_else(|| wall.wall(self.last_seen))
    }

    pub(super) fn is_unsaid(&self) -> bool {
        self.count != self.said_count && self.cadence != Cadence::Once
    }

    pub(super) fn is_due(&self, settings: &FindingSettings, now: Timestamp) -> bool {
        self.is_unsaid() && self.said_at.plus(settings.update_interval) <= now
    }

    pub(super) fn quiet_at(&self, settings: &FindingSettings) -> Timestamp {
        self.last_seen.plus(settings.resolve_after)
    }

    pub(super) fn next_wake(&self, settings: &FindingSettings) -> Timestamp {
        let quiet = self.quiet_at(settings);
        if self.is_unsaid() {
            quiet.min(self.said_at.plus(settings.update_interval))
        } else {
            quiet
        }
    }

    pub(super) fn say(
        &self,
        state: State,
        wall: WallOffset,
        resolution: Option<Resolution>,
    ) -> Finding {
        let Said { subject, summary, mut evidence, remedy } = self.about.said(self.count);
        evidence.extend(resolution.map(|why| ("resolution".into(), why.name().to_owned())));
        Finding {
            id: FindingId::of(self.kind, &self.key),
            kind: self.kind,
            severity: self.severity,
            confidence: self.confidence,
            state,
            first_seen: self.first_seen(wall),
            last_seen: self.last_seen(wall),
            count: self.count,
            subject,
            summary,
            evidence,
            remedy,
        }
    }
}

impl About {
    /// Given how often it was reported.
    pub(super) fn said(&self, count: u64) -> Said {
        match self {
            Self::Case(case) => Said {
                subject: case.subject(),
                summary: case.summary(count),
                evidence: case.evidence(count).into_iter().map(|(k, v)| (k.into(), v)).collect(),
                remedy: case.remedy(),
            },
            Self::Kept(kept) => kept.said.clone(),
        }
    }

    pub(super) fn condition(&self, settings: &Settings) -> Condition {
        match self {
            Self::Case(case) => case.condition(settings),
            Self::Kept(kept) => kept.condition.clone(),
        }
    }

    pub(super) fn holds(&self, settings: &Settings) -> bool {
        match self {
            Self::Case(case) => case.holds(settings),
            Self::Kept(kept) => kept.condition.holds(settings),
        }
    }
}

impl Resolution {
    const fn name(self) -> &'static str {
        match self {
            Self::Quiet => "not seen for long",
            Self::NoLongerTrue => "policy changed",
            Self::Evicted => "table full",
        }
    }
}
