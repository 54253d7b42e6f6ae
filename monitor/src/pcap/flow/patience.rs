//! What is given up, and when.
//!
//! Bytes are handed on in the order in which the programs saw them. In one direction the
//! sequence numbers say it; across the two the acknowledgements do: who acknowledges a
//! response before it sends a request had that response. So bytes wait for those before
//! them in their own direction, and for those that their sender had received. A capture
//! may have them later, for packets are reordered on their way into a file, and files of
//! two places are merged whose clocks differ. It may lack them: then they are given up.

use std::time::Duration;

use super::{Context, Flow, MOST_WAITING, Mark, State};
use crate::pipeline::protocol::Way;

/// How long bytes wait for others that the receiver is known to have: no more of them is
/// sent, so only the order of the capture can bring them.
pub(in crate::pcap) const GRACE: Duration = Duration::from_secs(1);
const GRACE_PACKETS: u64 = 64;
/// How long bytes wait for others that may be sent again.
const PATIENCE: Duration = Duration::from_secs(30);
const PATIENCE_PACKETS: u64 = 1024;

/// The first waiting piece of a direction.
struct Head {
    way: Way,
    start: u64,
    needs: u64,
    came: Mark,
}

impl Flow {
    /// Hands on what waits for nothing any more, and gives up what came too late.
    pub(in crate::pcap) fn settle(&mut self, context: &mut Context<'_, '_>) {
        if self.state != State::Open {
            return;
        }
        self.drain(context);
        while let Some(head) = self.overdue(context) {
            self.give_up(&head, context);
            self.drain(context);
        }
        while self.is_blocked() && self.is_over(context) {
            self.give_up_first(context);
        }
    }

    /// The same for a connection for which no packet came.
    pub(in crate::pcap) fn settle_later(&mut self, context: &mut Context<'_, '_>) {
        context.room.used = context.room.used.saturating_sub(self.cost());
        self.settle(context);
        context.room.used += self.cost();
    }

    /// Hands on or gives up everything, up to where the receivers say they are.
    pub(super) fn give_up_all(&mut self, context: &mut Context<'_, '_>) {
        self.drain(context);
        while self.is_blocked() {
            self.give_up_first(context);
        }
        for way in [Way::ToServer, Way::ToClient] {
            let (offset, end) = (self.half(way).offset(), self.half(way).acknowledged());
            // One number may be that of a FIN that was not captured.
            if end > offset + 1 {
                let now = self.mark(context);
                self.skip_to(way, end, now, context);
            }
        }
    }

    fn give_up_first(&mut self, context: &mut Context<'_, '_>) {
        if let Some(head) = self.heads().into_iter().flatten().min_by_key(|it| it.came.packet) {
            self.give_up(&head, context);
            self.drain(context);
        }
    }

    /// Hands on, in both directions, as long as something may pass.
    fn drain(&mut self, context: &mut Context<'_, '_>) {
        let mut is_moving = true;
        while is_moving {
            is_moving = false;
            for way in [Way::ToServer, Way::ToClient] {
                while let Some((start, piece)) = self.half(way).first()
                    && start <= self.half(way).offset()
                    && self.half(!way).has_reached(piece.needs)
                    && let Some(piece) = self.half_mut(way).pop()
                {
                    self.say_piece(way, &piece, context);
                    is_moving = true;
                }
            }
        }
    }

    fn heads(&self) -> [Option<Head>; 2] {
        [Way::ToServer, Way::ToClient].map(|way| {
            let (start, piece) = self.half(way).first()?;
            Some(Head { way, start, needs: piece.needs, came: piece.came })
        })
    }

    /// The first waiting piece that has waited for too long.
    fn overdue(&self, context: &Context<'_, '_>) -> Option<Head> {
        let now = self.mark(context);
        let overdue = self.heads().into_iter().flatten().filter(|head| {
            let half = self.half(head.way);
            let is_known = head.start <= half.offset() || half.acknowledged() >= head.start;
            if is_known {
                return is_past(head.came, now, GRACE, GRACE_PACKETS);
            }
            // As long as the direction moves, the bytes may be of someone else.
            is_past(head.came, now, PATIENCE, PATIENCE_PACKETS)
                && is_past(half.advanced, now, PATIENCE, PATIENCE_PACKETS)
        });
        overdue.min_by_key(|head| head.came.packet)
    }

    /// Whether more waits than may.
    fn is_over(&self, context: &Context<'_, '_>) -> bool {
        self.cost() > MOST_WAITING
            || context.room.used.saturating_add(self.cost()) > context.room.limit
    }

    /// Gives up what a piece waits for, in the order in which it can have been sent.
    fn give_up(&mut self, head: &Head, context: &mut Context<'_, '_>) {
        let Head { way, start, needs, came } = *head;
        let offset = self.half(way).offset();
        if start <= offset {
            return self.give_up_other(head, context);
        }
        let other = self.half(!way);
        let first = other.first().map(|(first, piece)| (first > other.offset(), piece.needs));
        // Where nothing tells, responses are missed after the requests that were missed.
        let is_behind = way == Way::ToClient && !other.has_reached(needs);
        match first {
            // What is missing is of two messages, with one of the other way between them.
            Some((_, between)) if (offset + 1..start).contains(&between) => {
                self.skip_to(way, between, came, context);
            }
            Some((true, _)) | None if is_behind => self.give_up_other(head, context),
            _ => self.skip_to(way, start, came, context),
        }
    }

    /// Gives up what the sender of a piece had received of the other way.
    fn give_up_other(&mut self, head: &Head, context: &mut Context<'_, '_>) {
        let Head { way, needs, came, .. } = *head;
        let other = self.half(!way);
        match other.first() {
            // What it waits for is behind bytes that are missing.
            Some((first, _)) if first > other.offset() => {
                self.skip_to(!way, first.min(needs), came, context);
            }
            // Each waits for the other, for one was captured only when it was sent again,
            // with more behind it.
            Some((_, piece)) => {
                let before = piece.needs;
                self.half_mut(way).release_first(before);
            }
            // It may be a FIN that was not captured.
            None if needs == other.offset() + 1 => self.half_mut(way).release_first(u64::MAX),
            None => self.skip_to(!way, needs, came, context),
        }
    }
}

fn is_past(since: Mark, now: Mark, time: Duration, packets: u64) -> bool {
    now.time.since(since.time) >= time || now.packet.saturating_sub(since.packet) >= packets
}
