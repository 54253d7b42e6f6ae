//! Findings, loss and gaps, read back.

use std::borrow::Cow;

use serde::Deserialize;

use super::fault::{self, Fault, known};
use super::place::is_name;
use super::value::{Id, Members, Span, Text, Time};
use crate::pipeline::finding::{Confidence, Finding, FindingId, FindingKind, Severity, State};
use crate::pipeline::input::Loss;
use crate::pipeline::output::{CoverageGap, GapCause, LossReport, Output};
use crate::pipeline::time::Timestamp;
use crate::sink::name;

#[derive(Deserialize)]
struct Mirror<'a> {
    id: Id,
    #[serde(borrow)]
    kind: Text<'a>,
    #[serde(borrow)]
    severity: Text<'a>,
    #[serde(borrow)]
    confidence: Text<'a>,
    #[serde(borrow)]
    state: Text<'a>,
    first_seen: Time,
    last_seen: Time,
    count: u64,
    #[serde(borrow)]
    subject: Text<'a>,
    #[serde(borrow)]
    summary: Text<'a>,
    #[serde(borrow)]
    evidence: Members<'a, Text<'a>>,
    #[serde(borrow)]
    remedy: Text<'a>,
}

#[derive(Deserialize)]
struct LossMirror<'a> {
    time: Time,
    #[serde(borrow)]
    stage: Text<'a>,
    #[serde(borrow)]
    reason: Text<'a>,
    count: u64,
    since: Time,
}

/// `since` follows from the other two.
#[derive(Deserialize)]
pub(super) struct GapMirror<'a> {
    time: Time,
    duration: Option<Span>,
    #[serde(borrow)]
    cause: Text<'a>,
}

impl GapMirror<'_> {
    /// None for a cause that this version does not know.
    pub(super) fn gap(&self) -> Option<CoverageGap> {
        Some(CoverageGap {
            time: self.time.0,
            duration: self.duration.as_ref().map(|span| span.0),
            cause: GapCause::from_name(self.cause.as_str())?,
        })
    }
}

/// Reads a gap.
pub(super) fn read_gap(text: &str) -> Result<Output, Fault> {
    let mirror: GapMirror<'_> = fault::read(text)?;
    known(mirror.gap()).map(Output::CoverageGap)
}

/// Reads a finding. One of a kind that this version does not know is not read: it could
/// neither be told apart from others nor be explained.
pub(super) fn read(text: &str) -> Result<Output, Fault> {
    let mirror: Mirror<'_> = fault::read(text)?;
    Ok(Output::Finding(Finding {
        id: FindingId(mirror.id.0),
        kind: known(FindingKind::from_name(mirror.kind.as_str()))?,
        severity: known(Severity::from_name(mirror.severity.as_str()))?,
        confidence: known(Confidence::from_name(mirror.confidence.as_str()))?,
        state: known(State::from_name(mirror.state.as_str()))?,
        first_seen: mirror.first_seen.0,
        last_seen: mirror.last_seen.0,
        count: mirror.count,
        subject: mirror.subject.string(),
        summary: mirror.summary.string(),
        evidence: evidence(mirror.evidence)?,
        remedy: mirror.remedy.string(),
    }))
}

/// Names are words of the program, so that who shows them need not mind what is in them.
fn evidence(members: Members<'_, Text<'_>>) -> Result<Vec<(Cow<'static, str>, String)>, Fault> {
    let mut evidence = Vec::with_capacity(members.0.len());
    for (name, value) in members.0 {
        if !is_name(name.as_str()) {
            return Err(Fault::Member("evidence".to_owned()));
        }
        evidence.push((Cow::Owned(name.string()), value.string()));
    }
    Ok(evidence)
}

/// Reads a loss. Records do not say its kernel times: those are zero.
pub(super) fn read_loss(text: &str) -> Result<Output, Fault> {
    let mirror: LossMirror<'_> = fault::read(text)?;
    let loss = Loss {
        stage: known(name::stage_from_name(mirror.stage.as_str()))?,
        reason: known(name::loss_reason_from_name(mirror.reason.as_str()))?,
        count: mirror.count,
        since: Timestamp::default(),
        time: Timestamp::default(),
    };
    Ok(Output::Loss(LossReport { loss, since: mirror.since.0, time: mirror.time.0 }))
}
