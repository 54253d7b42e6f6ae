//! How open findings survive a restart: what was last said of each, in its envelope
//! `postcard(Stored)*` in the order of kinds and keys.
//!
//! Whatever is read back is hostile: every value is checked before any is used.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Ledger;
use super::entry::{About, Entry, Resolution, Said};
use crate::pipeline::detect::Moment;
use crate::pipeline::finding::{Cadence, Condition, Confidence, FindingKind, Severity, State};
use crate::pipeline::settings::Settings;
use crate::pipeline::stored::{Form, HEADER_BYTES, MOST_BYTES, StoredError, decoded, encoded};
use crate::pipeline::text::printable;
use crate::pipeline::time::{Timestamp, WallOffset, WallTime};

pub(in crate::pipeline) const FORM: Form = Form { magic: *b"AWFN", version: 1 };
/// Most findings that are taken up; no ledger keeps more.
const MOST_FINDINGS: usize = 1_000_000;
/// Two paths (`PATH_MAX` 4096) and a name, and what is between them.
const MOST_KEY_BYTES: usize = 16 * 1024;

/// What an earlier run said of a finding that was not seen since.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) said: Said,
    pub(super) condition: Condition,
}

/// When an earlier run saw a finding, by its clock on the wall.
#[derive(Clone, Copy, Debug)]
pub(super) struct Earlier {
    pub(super) first_seen: WallTime,
    /// None once this run has seen it.
    pub(super) last_seen: Option<WallTime>,
}

/// A finding as it is stored. What is chosen from a list is stored by its name.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(borrow)]
    severity: Cow<'a, str>,
    #[serde(borrow)]
    confidence: Cow<'a, str>,
    cadence: Cadence,
    condition: Condition,
    /// Nanoseconds since 1970.
    first_seen: u64,
    /// Nanoseconds since 1970.
    last_seen: u64,
    count: u64,
    said: Said,
}

impl Ledger {
    /// The findings that are open, for [`Self::load`] of a later run; as many as may be
    /// stored.
    #[must_use]
    pub fn to_bytes(&self, settings: &Settings) -> Vec<u8> {
        let mut body = Vec::new();
        for entry in self.places.values().filter_map(|handle| self.entries.find(*handle)) {
            let stored = encoded(&entry.stored(self.wall_offset, settings));
            if HEADER_BYTES + body.len() + stored.len() > MOST_BYTES {
                break;
            }
            body.extend(stored);
        }
        FORM.seal(&body)
    }

    /// Takes up the findings that an earlier run left open, and says each as one that was
    /// said before. Those that are no longer true are resolved; what this run has found
    /// itself stays as it is.
    ///
    /// # Errors
    ///
    /// [`StoredError`]; nothing is taken up then.
    pub fn load(
        &mut self,
        bytes: &[u8],
        settings: &Settings,
        at: Moment,
    ) -> Result<(), StoredError> {
        let entries = read(FORM.open(bytes)?, at)?;
        self.set_wall_offset(at.wall_offset);
        for mut entry in entries {
            let place = (entry.kind, Arc::clone(&entry.key));
            if self.places.contains_key(&place) {
                continue;
            }
            entry.wake = entry.quiet_at(&self.settings);
            self.outbox.push_back(entry.say(State::Updated, self.wall_offset, None));
            let (wake, holds) = (entry.wake, entry.about.holds(settings));
            let handle = self.entries.insert(entry);
            self.wakes.insert((wake, handle));
            self.places.insert(place, handle);
            if !holds {
                self.resolve(handle, Resolution::NoLongerTrue);
            }
            self.make_room(self.limit);
        }
        Ok(())
    }
}

fn read(mut body: &[u8], at: Moment) -> Result<Vec<Entry>, StoredError> {
    let mut entries: Vec<Entry> = Vec::new();
    while !body.is_empty() {
        let (stored, rest) = decoded::<Stored<'_>>(body)?;
        let entry = stored.entry(at).ok_or(StoredError::Malformed)?;
        let ascends = entries.last().is_none_or(|it| (it.kind, &it.key) < (entry.kind, &entry.key));
        if !ascends || entries.len() == MOST_FINDINGS {
            return Err(StoredError::Malformed);
        }
        entries.push(entry);
        body = rest;
    }
    Ok(entries)
}

impl Entry {
    fn stored(&self, wall: WallOffset, settings: &Settings) -> Stored<'_> {
        Stored {
            kind: self.kind.name().into(),
            key: (&*self.key).into(),
            severity: self.severity.name().into(),
            confidence: self.confidence.name().into(),
            cadence: self.cadence,
            condition: self.about.condition(settings),
            first_seen: self.first_seen(wall).0,
            last_seen: self.last_seen(wall).0,
            count: self.count,
            said: self.about.said(self.count),
        }
    }
}

impl Stored<'_> {
    /// None where a value is none that is ever stored.
    fn entry(self, at: Moment) -> Option<Entry> {
        let is_sound = self.count > 0 && self.key.len() <= MOST_KEY_BYTES;
        // A clock on the wall that was ahead leaves nothing that is yet to be seen.
        let seen = |time: u64| WallTime(time).min(at.wall());
        let earlier =
            Earlier { first_seen: seen(self.first_seen), last_seen: Some(seen(self.last_seen)) };
        // Before this host was started there was no kernel time.
        let last_seen: Timestamp = at.wall_offset.kernel(seen(self.last_seen));
        is_sound.then_some(Entry {
            kind: FindingKind::from_name(&self.kind)?,
            key: Arc::from(&*self.key),
            severity: Severity::from_name(&self.severity)?,
            confidence: Confidence::from_name(&self.confidence)?,
            cadence: self.cadence,
            about: About::Kept(Box::new(Kept {
                said: self.said.printable(),
                condition: self.condition,
            })),
            earlier: Some(earlier),
            first_seen: last_seen,
            last_seen,
            count: self.count,
            said_count: self.count,
            said_at: at.time,
            wake: last_seen,
        })
    }
}

impl Said {
    /// With nothing in it that could steer a terminal.
    fn printable(self) -> Self {
        let fit = |text: &str| printable(text).into_owned();
        let evidence = self.evidence.iter();
        Self {
            subject: fit(&self.subject),
            summary: fit(&self.summary),
            evidence: evidence.map(|(name, value)| (fit(name).into(), fit(value))).collect(),
            remedy: fit(&self.remedy),
        }
    }
}

#[cfg(test)]
mod tests;
