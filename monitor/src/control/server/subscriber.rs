//! What a subscription wants, and how far it is.

use std::time::Duration;

use super::drops::Rate;
use super::queue::Queue;
use super::request::Wanted;
use super::snapshot::{Progress, Reading};
use crate::control::sink::{Counts, Wishes};
use crate::filter::Filter;
use crate::pipeline::output::Output;
use crate::pipeline::time::Timestamp;
use crate::sink::record_type::{RecordType, RecordTypes};

/// Time between two records of type `status`.
const STATUS_INTERVAL: Duration = Duration::from_secs(1);

/// A client that gets records.
#[derive(Debug)]
pub(super) struct Subscriber {
    topics: RecordTypes,
    filter: Filter,
    rate: Option<Rate>,
    /// When the next status is to be said, where it is wanted.
    pub(super) status_due: Option<Timestamp>,
    pub(super) stage: Stage,
}

/// How far a subscription is.
#[derive(Debug)]
pub(super) enum Stage {
    /// Waiting for a snapshot; it is the right one only if it was asked for while this
    /// client waited.
    Awaiting { is_asked: bool },
    /// Reading the snapshot; records queue behind it.
    Reading(Reading),
    /// Records as they come.
    Live,
}

impl Subscriber {
    pub(super) fn new(wanted: Wanted, now: Timestamp) -> Self {
        let stage = if wanted.snapshot { Stage::Awaiting { is_asked: false } } else { Stage::Live };
        Self {
            topics: wanted.topics,
            filter: wanted.filter,
            rate: wanted.rate.map(Rate::new),
            status_due: wanted.status.then_some(now),
            stage,
        }
    }

    /// Whether topics and filter let a record through.
    pub(super) fn wants(&self, output: &Output) -> bool {
        self.topics.wants(output) && self.filter.matches(output)
    }

    /// Whether a record is not too many.
    pub(super) fn takes(&mut self, output: &Output, now: Timestamp) -> bool {
        match (&mut self.rate, output) {
            (Some(rate), Output::Exchange(_)) => rate.take(now),
            _ => true,
        }
    }

    /// How many of these it would have wanted, as far as the topics tell.
    pub(super) fn share_of(&self, counts: &Counts) -> u64 {
        let wanted = RecordType::ALL.into_iter().filter(|record| self.topics.contains(*record));
        wanted.map(|record| counts[record as usize]).sum()
    }

    pub(super) const fn wishes(&self) -> Wishes {
        Wishes { topics: self.topics, status: self.status_due.is_some() }
    }

    /// A status was said.
    pub(super) const fn note_status(&mut self, now: Timestamp) {
        self.status_due = Some(now.plus(STATUS_INTERVAL));
    }

    /// When something is to be done by itself.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        let reading = match &self.stage {
            Stage::Reading(reading) => Some(reading.deadline()),
            Stage::Awaiting { .. } | Stage::Live => None,
        };
        reading.into_iter().chain(self.status_due).min()
    }

    /// Whether it reads nothing of its snapshot for too long.
    pub(super) fn is_stalled(&self, now: Timestamp) -> bool {
        matches!(&self.stage, Stage::Reading(reading) if reading.deadline() <= now)
    }

    /// Queues more of the snapshot.
    pub(super) fn refill(&mut self, queue: &mut Queue) -> Progress {
        let stage = std::mem::replace(&mut self.stage, Stage::Live);
        let Stage::Reading(mut reading) = stage else { return Progress::Finished };
        let progress = reading.refill(queue, |output| self.wants(output));
        self.stage = Stage::Reading(reading);
        progress
    }
}
