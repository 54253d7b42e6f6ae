//! The beginning of connections, and their end (RFC 9293 section 3.5).

use super::{Context, Flow, Outcome, State};
use crate::pcap::half::Half;
use crate::pcap::segment::Segment;
use crate::pipeline::input::ConnectionChange;
use crate::pipeline::protocol::Way;

/// Bytes that may come with a SYN, and so be acknowledged with it (RFC 7413).
const MOST_EARLY: u32 = 65_535;

impl Flow {
    /// What a segment means for where the connection stands; its bytes are looked at next
    /// where it is of this connection.
    pub(super) fn begin(
        &mut self,
        segment: &Segment<'_>,
        way: Way,
        context: &mut Context<'_, '_>,
    ) -> Outcome {
        if segment.flags.rst() {
            return self.reset(segment, way, context);
        }
        if segment.flags.syn() {
            return self.synchronize(segment, way, context);
        }
        if self.state == State::Opening {
            return self.establish(segment, way, context);
        }
        Outcome::Taken
    }

    fn synchronize(
        &mut self,
        segment: &Segment<'_>,
        way: Way,
        context: &mut Context<'_, '_>,
    ) -> Outcome {
        let (own, others) = match way {
            Way::ToServer => (self.client_syn, self.server_syn),
            Way::ToClient => (self.server_syn, self.client_syn),
        };
        match (self.state, segment.acknowledged) {
            (_, None) if own == Some(segment.sequence) => Outcome::Taken,
            (State::Open | State::Closed, Some(_)) if own == Some(segment.sequence) => {
                Outcome::Taken
            }
            (State::Closed, _) => Outcome::Anew,
            // A new attempt with another number, or both ends at once.
            (State::Opening, None) => {
                self.set_syn(way, segment.sequence);
                Outcome::Taken
            }
            (State::Opening, Some(number)) => {
                let fits = |syn: u32| number.wrapping_sub(syn.wrapping_add(1)) <= MOST_EARLY;
                if !others.is_none_or(fits) {
                    return Outcome::Stray;
                }
                if others.is_none() {
                    self.set_syn(!way, number.wrapping_sub(1));
                }
                self.set_syn(way, segment.sequence);
                self.open(ConnectionChange::Open, context);
                Outcome::Taken
            }
            // Anyone can send a SYN; only the other end can answer it.
            (State::Open, None) => {
                self.challenge = Some((way, segment.sequence));
                Outcome::Stray
            }
            (State::Open, Some(number)) => match self.challenge {
                Some((of, syn)) if of != way && number == syn.wrapping_add(1) => Outcome::Anew,
                _ => Outcome::Stray,
            },
        }
    }

    /// A segment without SYN, before the connection is known to be established.
    fn establish(
        &mut self,
        segment: &Segment<'_>,
        way: Way,
        context: &mut Context<'_, '_>,
    ) -> Outcome {
        let syn = match way {
            Way::ToServer => self.client_syn,
            Way::ToClient => self.server_syn,
        };
        let fits = |syn: u32| segment.sequence.wrapping_sub(syn.wrapping_add(1)) <= MOST_EARLY;
        if segment.acknowledged.is_none() || !syn.is_none_or(fits) {
            return Outcome::Stray;
        }
        let change =
            if self.is_midstream { ConnectionChange::Found } else { ConnectionChange::Open };
        self.open(change, context);
        Outcome::Taken
    }

    fn set_syn(&mut self, way: Way, sequence: u32) {
        let half = Half::starting_at(sequence.wrapping_add(1));
        match way {
            Way::ToServer => (self.client_syn, self.to_server) = (Some(sequence), half),
            Way::ToClient => (self.server_syn, self.to_client) = (Some(sequence), half),
        }
    }

    fn open(&mut self, change: ConnectionChange, context: &mut Context<'_, '_>) {
        self.state = State::Open;
        self.say_event(change, context.now, context);
    }

    fn reset(&mut self, segment: &Segment<'_>, way: Way, context: &mut Context<'_, '_>) -> Outcome {
        match self.state {
            State::Opening => return Outcome::Refused,
            State::Open if self.half(way).is_edge(segment.sequence) => self.close(context),
            State::Open | State::Closed => return Outcome::Stray,
        }
        // What a reset carries is a diagnostic (RFC 9293 section 3.5.3).
        Outcome::Stray
    }

    /// Hands on all that is left, and the end. Nothing is held from then on.
    pub(in crate::pcap) fn close(&mut self, context: &mut Context<'_, '_>) {
        if self.state == State::Open {
            self.give_up_all(context);
            self.say_event(ConnectionChange::Destroy, context.now, context);
        }
        self.state = State::Closed;
    }
}
