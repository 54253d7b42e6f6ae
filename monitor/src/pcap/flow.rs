//! One connection of a capture: its beginning, its two directions, its end.

use super::counts::PcapCounts;
use super::half::{Arrival, Half, Mark, Piece};
use super::history::History;
use super::segment::Segment;
use crate::pipeline::input::{
    ConnectionChange, ConnectionEvent, Cookie, Direction, Input, Record, Role, SocketAddress,
    Source, UncapturedReason,
};
use crate::pipeline::protocol::Way;
use crate::pipeline::time::Timestamp;

/// The beginning of connections, and their end.
mod handshake;
/// What is given up, and when.
mod patience;

pub(super) use patience::GRACE;

/// Bytes that may wait on one connection.
const MOST_WAITING: usize = 4 * 1024 * 1024;
/// Segments in a row that fit nowhere, after which they are another connection's.
const MOST_OUTSIDE: u8 = 16;

/// One connection.
pub(super) struct Flow {
    pub(super) cookie: Cookie,
    client: SocketAddress,
    server: SocketAddress,
    state: State,
    is_midstream: bool,
    /// Sequence numbers of the SYNs.
    client_syn: Option<u32>,
    server_syn: Option<u32>,
    /// A SYN that does not fit, of a connection that may take the place of this one.
    challenge: Option<(Way, u32)>,
    to_server: Half,
    to_client: Half,
    /// Records that were handed on.
    records: u32,
    /// Time of the last of them.
    said: Timestamp,
    /// Packets so far.
    packets: u64,
    outside: u8,
    /// When its last packet came.
    pub(super) last: Timestamp,
    /// Whether it is looked at again though no packet comes.
    pub(super) is_watched: bool,
}

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// A SYN was seen.
    Opening,
    /// It was handed on.
    Open,
    /// Its end was handed on; late segments may come.
    Closed,
}

/// What became of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is of this connection.
    Taken,
    /// It says nothing.
    Stray,
    /// It is of a new connection between the same ends.
    Anew,
    /// The connection was refused before it was one.
    Refused,
}

/// What a connection needs from outside.
pub(super) struct Context<'a, 'b> {
    pub(super) now: Timestamp,
    pub(super) take: &'a mut (dyn FnMut(Input<'_>) + 'b),
    pub(super) history: &'a mut History,
    pub(super) counts: &'a mut PcapCounts,
    pub(super) room: &'a mut Room,
}

/// Bytes that wait on all connections together.
pub(super) struct Room {
    pub(super) used: usize,
    pub(super) limit: usize,
}

impl Flow {
    /// A connection of which nothing was taken yet; its first segment comes next.
    pub(super) fn new(cookie: Cookie, first: &Segment<'_>) -> Self {
        let is_midstream = !first.flags.syn();
        // Servers tend to have the lower port; a guess, which the pipeline corrects.
        let from_client = match first.flags {
            flags if flags.syn() => !flags.ack(),
            _ => first.from.port >= first.to.port,
        };
        let (client, server) =
            if from_client { (first.from, first.to) } else { (first.to, first.from) };
        Self {
            cookie,
            client,
            server,
            state: State::Opening,
            is_midstream,
            client_syn: None,
            server_syn: None,
            challenge: None,
            to_server: Half::default(),
            to_client: Half::default(),
            records: 0,
            said: Timestamp::default(),
            packets: 0,
            outside: 0,
            last: Timestamp::default(),
            is_watched: false,
        }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    /// Whether bytes wait for others.
    pub(super) fn is_blocked(&self) -> bool {
        self.to_server.first().is_some() || self.to_client.first().is_some()
    }

    /// What the waiting bytes cost.
    pub(super) fn cost(&self) -> usize {
        self.to_server.cost() + self.to_client.cost()
    }

    /// Takes a segment between the ends of this connection.
    pub(super) fn take(&mut self, segment: &Segment<'_>, context: &mut Context<'_, '_>) -> Outcome {
        let way = if segment.from == self.client { Way::ToServer } else { Way::ToClient };
        self.packets += 1;
        self.last = context.now;
        context.room.used = context.room.used.saturating_sub(self.cost());
        let outcome = match self.begin(segment, way, context) {
            Outcome::Taken => self.take_bytes(segment, way, context),
            other => other,
        };
        context.room.used += self.cost();
        outcome
    }

    fn take_bytes(
        &mut self,
        segment: &Segment<'_>,
        way: Way,
        context: &mut Context<'_, '_>,
    ) -> Outcome {
        let sequence = segment.payload_sequence();
        let is_empty = segment.length == 0;
        self.half_mut(way).begin(sequence);
        if self.half(way).is_outside(sequence) {
            self.outside += u8::from(!is_empty);
            let is_anew = self.outside > MOST_OUTSIDE || self.state == State::Closed;
            return if is_anew && !is_empty { Outcome::Anew } else { Outcome::Stray };
        }
        if self.state == State::Closed {
            context.counts.bytes_after_end += u64::from(segment.length);
            return Outcome::Stray;
        }
        self.outside = 0;
        self.move_start(way, sequence);
        let Some(needs) = self.acknowledge(!way, segment.acknowledged) else {
            // What was sent before the other way began to be seen has its answer there.
            return Outcome::Stray;
        };
        let came = self.mark(context);
        let (length, payload) = (segment.length, segment.payload);
        let arrival = Arrival { sequence, length, payload, needs, came };
        if !is_empty {
            self.accept(way, arrival, context);
        }
        if segment.flags.fin() {
            self.half_mut(way).finish(&arrival);
        }
        if self.is_blocked() {
            self.settle(context);
        }
        if self.to_server.is_finished() && self.to_client.is_finished() {
            self.close(context);
        }
        Outcome::Taken
    }

    /// Notes what the receiver of a way says it has; none where that is before its start.
    fn acknowledge(&mut self, way: Way, sequence: Option<u32>) -> Option<u64> {
        let Some(sequence) = sequence else { return Some(0) };
        self.half_mut(way).begin(sequence);
        self.move_start(way, sequence);
        u64::try_from(self.half_mut(way).acknowledge(sequence)).ok()
    }

    fn move_start(&mut self, way: Way, sequence: u32) {
        let by = self.half(way).before_start(sequence);
        // What was handed on of the other way came after the start as it was.
        if by > 0 && self.half(!way).offset() == 0 {
            self.half_mut(way).move_start(by);
            self.half_mut(!way).move_needs(by);
        }
    }

    fn accept(&mut self, way: Way, arrival: Arrival<'_>, context: &mut Context<'_, '_>) {
        let is_open = self.state == State::Open;
        let (half, other) = match way {
            Way::ToServer => (&mut self.to_server, &self.to_client),
            Way::ToClient => (&mut self.to_client, &self.to_server),
        };
        let may_pass = |needs| is_open && other.has_reached(needs);
        let accepted = half.accept(arrival, may_pass, context.history);
        context.counts.bytes_repeated += u64::from(accepted.repeated);
        if accepted.differs {
            self.say_conflict(self.said, context);
        }
        if let Some((payload, length)) = accepted.next {
            self.say(way, Said { length, payload, at: arrival.came, why: TRUNCATED }, context);
        }
    }

    /// Hands on a piece that waited.
    fn say_piece(&mut self, way: Way, piece: &Piece, context: &mut Context<'_, '_>) {
        let Piece { length, bytes, came: at, .. } = piece;
        if piece.is_contested {
            // What these bytes are of began with them, or with bytes before them.
            self.say_conflict(self.said.max(at.time), context);
        }
        if *length > 0 {
            self.say(
                way,
                Said { length: *length, payload: bytes, at: *at, why: TRUNCATED },
                context,
            );
        }
    }

    /// Gives up the bytes before a position.
    fn skip_to(&mut self, way: Way, position: u64, at: Mark, context: &mut Context<'_, '_>) {
        let lost = position.saturating_sub(self.half(way).offset());
        let length = u32::try_from(lost).unwrap_or(u32::MAX);
        if length > 0 {
            context.counts.bytes_lost += u64::from(length);
            self.say(way, Said { length, payload: &[], at, why: UncapturedReason::Lost }, context);
        }
    }

    /// Hands on bytes, or their lack.
    fn say(&mut self, way: Way, said: Said<'_>, context: &mut Context<'_, '_>) {
        let Said { length, payload, at, why } = said;
        let is_whole = payload.len() as u64 == u64::from(length);
        let record = Record {
            cookie: self.cookie,
            direction: match way {
                Way::ToServer => Direction::Egress,
                Way::ToClient => Direction::Ingress,
            },
            source: Source::Pcap,
            time: at.time,
            offset: self.half(way).offset(),
            length,
            tcp_sequence: None,
            sequence: self.records,
            pid: 0,
            uncaptured: (!is_whole).then_some(why),
            payload,
        };
        (context.take)(Input::Record(record));
        self.records = self.records.wrapping_add(1);
        self.said = at.time;
        let now = self.mark(context);
        self.half_mut(way).advance(length, payload, now, context.history);
    }

    fn say_conflict(&mut self, time: Timestamp, context: &mut Context<'_, '_>) {
        context.counts.conflicts += 1;
        self.say_event(ConnectionChange::Conflict, time, context);
    }

    fn say_event(&self, change: ConnectionChange, time: Timestamp, context: &mut Context<'_, '_>) {
        (context.take)(Input::Connection(ConnectionEvent {
            change,
            time,
            cookie: self.cookie,
            peer: None,
            role: (!self.is_midstream).then_some(Role::Client),
            silent: false,
            midstream: self.is_midstream,
            netns: 0,
            local: self.client,
            remote: self.server,
            sent: self.to_server.offset(),
            received: self.to_client.offset(),
            sequence: self.records,
            write_sequence: None,
            read_sequence: None,
        }));
    }

    fn mark(&self, context: &Context<'_, '_>) -> Mark {
        Mark { time: context.now, packet: self.packets }
    }

    fn half(&self, way: Way) -> &Half {
        match way {
            Way::ToServer => &self.to_server,
            Way::ToClient => &self.to_client,
        }
    }

    fn half_mut(&mut self, way: Way) -> &mut Half {
        match way {
            Way::ToServer => &mut self.to_server,
            Way::ToClient => &mut self.to_client,
        }
    }
}

/// What was captured of bytes ended before they did.
const TRUNCATED: UncapturedReason = UncapturedReason::Truncated;

/// Bytes to be handed on.
#[derive(Clone, Copy)]
struct Said<'a> {
    length: u32,
    payload: &'a [u8],
    at: Mark,
    /// Why not all were captured, where not all were.
    why: UncapturedReason,
}
