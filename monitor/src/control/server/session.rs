//! One client: what it asked for, what waits for it, and when it is given up.

use std::io::{ErrorKind, Read as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::PollFlags;

use super::access::Access;
use super::drops::Drops;
use super::queue::{Line, Part, Pushed, Queue};
use super::request::{self, Asked, REQUEST_BYTES, Wanted};
use super::snapshot::{Progress, Reading};
use super::subscriber::{Stage, Subscriber};
use crate::control::protocol::{DropReason, Notice};
use crate::control::sink::{Counts, Wishes};
use crate::pipeline::output::Output;
use crate::pipeline::time::Timestamp;

/// How long a client may take for its request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a client may take to read its last lines.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a status waits for what was read of each process's traffic.
const COVERAGE_TIMEOUT: Duration = Duration::from_secs(3);

/// One client.
#[derive(Debug)]
pub(super) struct Session {
    stream: UnixStream,
    access: Access,
    phase: Phase,
    request: Vec<u8>,
    /// The client sends nothing more; it may still read.
    is_input_ended: bool,
    queue: Queue,
    drops: Drops,
}

#[derive(Debug)]
enum Phase {
    /// Its request has not come whole.
    Asking {
        deadline: Timestamp,
    },
    /// It wants a status with coverage that comes after this count.
    AwaitingStatus {
        covered: u64,
        deadline: Timestamp,
    },
    /// It wants to know how the reload of this number went.
    AwaitingReload {
        asked: u64,
    },
    /// It gets records until it hangs up.
    Subscribed(Box<Subscriber>),
    /// It gets what is queued, and no more.
    Leaving {
        deadline: Timestamp,
    },
    Gone,
}

impl Session {
    pub(super) fn new(stream: UnixStream, access: Access, now: Timestamp) -> Self {
        let mut queue = Queue::default();
        queue.push_front(&request::header());
        Self {
            stream,
            access,
            phase: Phase::Asking { deadline: now.plus(REQUEST_TIMEOUT) },
            request: Vec::new(),
            is_input_ended: false,
            queue,
            drops: Drops::default(),
        }
    }

    pub(super) const fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// Bytes that wait for the client to read them.
    #[cfg(test)]
    pub(super) fn queued_bytes(&self) -> usize {
        self.queue.waiting_bytes()
    }

    pub(super) const fn is_gone(&self) -> bool {
        matches!(self.phase, Phase::Gone)
    }

    /// What to wait for; that it is gone is always said.
    pub(super) fn interest(&self) -> PollFlags {
        let mut interest = PollFlags::empty();
        interest.set(PollFlags::IN, !self.is_input_ended);
        interest.set(PollFlags::OUT, self.queue.is_blocked());
        interest
    }

    pub(super) fn note_ready(&mut self, flags: PollFlags) {
        if flags.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            self.phase = Phase::Gone;
        }
        if flags.contains(PollFlags::OUT) {
            self.queue.unblock();
        }
    }

    /// Reads what the client sends: its request, once it is whole. What comes after it is
    /// read as well, and means nothing.
    pub(super) fn read(&mut self, now: Timestamp) -> Option<Asked> {
        let mut buffer = [0; 4096];
        let count = match self.stream.read(&mut buffer) {
            Ok(count) => count,
            Err(error) => {
                if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) {
                    self.phase = Phase::Gone;
                }
                return None;
            }
        };
        self.is_input_ended = count == 0;
        if !matches!(self.phase, Phase::Asking { .. }) {
            return None;
        }
        self.request.extend_from_slice(buffer.get(..count).unwrap_or_default());
        let end = self.request.iter().position(|byte| *byte == b'\n');
        if end.is_none() && self.request.len() >= REQUEST_BYTES {
            let message = format!("the request is longer than {REQUEST_BYTES} bytes");
            self.refuse(&Notice::error(&message), now);
            return None;
        }
        // An end of input ends the line as well, as that of a pipe.
        let end = end.or_else(|| self.is_input_ended.then_some(self.request.len()))?;
        let mut line = std::mem::take(&mut self.request);
        line.truncate(end);
        if line.is_empty() && self.is_input_ended {
            self.phase = Phase::Gone;
            return None;
        }
        Some(request::judge(&line, self.access))
    }

    pub(super) fn subscribe(&mut self, wanted: Wanted, now: Timestamp) {
        self.phase = Phase::Subscribed(Box::new(Subscriber::new(wanted, now)));
    }

    pub(super) fn await_status(&mut self, covered: u64, now: Timestamp) {
        self.phase = Phase::AwaitingStatus { covered, deadline: now.plus(COVERAGE_TIMEOUT) };
    }

    pub(super) fn await_reload(&mut self, asked: u64) {
        self.phase = Phase::AwaitingReload { asked };
    }

    /// Tells the client why it gets nothing.
    pub(super) fn refuse(&mut self, notice: &Notice, now: Timestamp) {
        self.answer(&request::notice(notice), now);
    }

    fn answer(&mut self, lines: &[u8], now: Timestamp) {
        self.queue.push_front(lines);
        self.phase = Phase::Leaving { deadline: now.plus(LEAVE_TIMEOUT) };
    }

    pub(super) fn answer_reload(
        &mut self,
        answered: u64,
        outcome: &Result<Vec<String>, String>,
        now: Timestamp,
    ) {
        if matches!(self.phase, Phase::AwaitingReload { asked } if asked <= answered) {
            let notice = match outcome {
                Ok(restart) => Notice::Done { restart: restart.clone() },
                Err(message) => Notice::error(message),
            };
            self.refuse(&notice, now);
        }
    }

    /// Whether a record is for this client now. One that is too many for its rate is
    /// counted.
    pub(super) fn wants(&mut self, output: &Output, now: Timestamp) -> bool {
        let Phase::Subscribed(subscriber) = &mut self.phase else { return false };
        if matches!(subscriber.stage, Stage::Awaiting { .. }) || !subscriber.wants(output) {
            return false;
        }
        let fits = subscriber.takes(output, now);
        if !fits {
            self.drops.count(DropReason::Rate, 1);
        }
        fits
    }

    /// Queues a record, or counts it where the client reads too slowly.
    pub(super) fn push(&mut self, line: &Line) {
        if self.queue.push(line) == Pushed::Queued {
            return;
        }
        self.flush_lines();
        if self.queue.push(line) == Pushed::NoRoom {
            self.drops.count(DropReason::Slow, 1);
        }
    }

    /// The socket may have taken something since it was full.
    pub(super) const fn try_again(&mut self) {
        self.queue.unblock();
    }

    /// Counts what was lost on the way here. A filter cannot judge it any more.
    pub(super) fn note_lost(&mut self, counts: &Counts) {
        if let Phase::Subscribed(subscriber) = &self.phase
            && !matches!(subscriber.stage, Stage::Awaiting { .. })
        {
            self.drops.count(DropReason::Slow, subscriber.share_of(counts));
        }
    }

    pub(super) fn awaits_snapshot(&self) -> bool {
        matches!(&self.phase, Phase::Subscribed(it) if matches!(it.stage, Stage::Awaiting { .. }))
    }

    pub(super) fn note_snapshot_asked(&mut self) {
        if let Phase::Subscribed(subscriber) = &mut self.phase
            && let Stage::Awaiting { is_asked } = &mut subscriber.stage
        {
            *is_asked = true;
        }
    }

    /// From now on records queue behind the snapshot, where it was asked for this client.
    pub(super) fn give_snapshot(&mut self, outputs: &Arc<Vec<Output>>, now: Timestamp) {
        if let Phase::Subscribed(subscriber) = &mut self.phase
            && matches!(subscriber.stage, Stage::Awaiting { is_asked: true })
        {
            subscriber.stage = Stage::Reading(Reading::new(outputs, now));
        }
    }

    pub(super) fn is_status_due(&self, covered_now: u64, now: Timestamp) -> bool {
        match &self.phase {
            Phase::AwaitingStatus { covered, deadline } => {
                covered_now > *covered || *deadline <= now
            }
            Phase::Subscribed(subscriber) => subscriber.status_due.is_some_and(|due| due <= now),
            _ => false,
        }
    }

    /// A status is no record that can be missed: where there is no room, the next will do.
    pub(super) fn give_status(&mut self, line: &Line, now: Timestamp) {
        let Phase::Subscribed(subscriber) = &mut self.phase else {
            return self.answer(line, now);
        };
        subscriber.note_status(now);
        match subscriber.stage {
            Stage::Live => drop(self.queue.push(line)),
            Stage::Awaiting { .. } | Stage::Reading(_) if self.queue.is_front_empty() => {
                self.queue.push_front(line);
            }
            Stage::Awaiting { .. } | Stage::Reading(_) => {}
        }
    }

    pub(super) fn wishes(&self) -> Wishes {
        match &self.phase {
            Phase::AwaitingStatus { .. } => Wishes { status: true, ..Wishes::default() },
            Phase::Subscribed(subscriber) => subscriber.wishes(),
            _ => Wishes::default(),
        }
    }

    /// When something is to be done by itself.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        let own = match &self.phase {
            Phase::Asking { deadline }
            | Phase::AwaitingStatus { deadline, .. }
            | Phase::Leaving { deadline } => Some(*deadline),
            Phase::Subscribed(subscriber) => subscriber.deadline(),
            Phase::AwaitingReload { .. } | Phase::Gone => None,
        };
        let drops = self.drops.deadline().filter(|_| self.queue.is_roomy());
        own.into_iter().chain(drops).min()
    }

    /// Does what is to be done now.
    pub(super) fn attend(&mut self, now: Timestamp) {
        match &self.phase {
            Phase::Asking { deadline } if *deadline <= now => {
                let seconds = REQUEST_TIMEOUT.as_secs();
                let message = format!("no request came within {seconds} seconds");
                self.refuse(&Notice::error(&message), now);
            }
            Phase::Leaving { deadline } if *deadline <= now => self.phase = Phase::Gone,
            Phase::Subscribed(subscriber) if subscriber.is_stalled(now) => self.phase = Phase::Gone,
            _ => {}
        }
        self.flush(now);
        if self.queue.is_roomy() && self.drops.deadline().is_some_and(|deadline| deadline <= now) {
            self.tell_drops(now);
            self.flush(now);
        }
        if matches!(self.phase, Phase::Leaving { .. }) && self.queue.is_empty() {
            self.phase = Phase::Gone;
        }
    }

    /// Ends the session once what is queued was read.
    pub(super) fn leave(&mut self, deadline: Timestamp, now: Timestamp) {
        self.tell_drops(now);
        if !self.is_gone() {
            self.phase = Phase::Leaving { deadline };
        }
    }

    fn tell_drops(&mut self, now: Timestamp) {
        for notice in self.drops.take(now) {
            let line: Line = Arc::from(request::notice(&notice));
            if self.queue.push(&line) == Pushed::NoRoom
                && let Notice::Dropped { records, reason } = notice
            {
                self.drops.count(reason, records);
            }
        }
    }

    /// Writes what the socket takes: first the snapshot, where there is one.
    fn flush(&mut self, now: Timestamp) {
        loop {
            let part = if self.is_reading() { Part::Front } else { Part::All };
            match self.queue.write(part, &self.stream) {
                Ok(0) => {}
                Ok(_) => self.note_taken(now),
                Err(_) => return self.phase = Phase::Gone,
            }
            if self.queue.is_blocked() || !self.is_reading() {
                return;
            }
            self.refill();
        }
    }

    fn flush_lines(&mut self) {
        if !self.is_reading() && self.queue.write(Part::All, &self.stream).is_err() {
            self.phase = Phase::Gone;
        }
    }

    fn is_reading(&self) -> bool {
        matches!(&self.phase, Phase::Subscribed(it) if matches!(it.stage, Stage::Reading(_)))
    }

    fn note_taken(&mut self, now: Timestamp) {
        if let Phase::Subscribed(subscriber) = &mut self.phase
            && let Stage::Reading(reading) = &mut subscriber.stage
        {
            reading.note_taken(now);
        }
    }

    fn refill(&mut self) {
        if let Phase::Subscribed(subscriber) = &mut self.phase
            && subscriber.refill(&mut self.queue) == Progress::Finished
        {
            subscriber.stage = Stage::Live;
        }
    }
}
