//! From packets to inputs.

use super::clock::Clock;
use super::counts::PcapCounts;
use super::file::Packet;
use super::flow::{Context, Room};
use super::flows::Flows;
use super::fragment::Fragments;
use super::history::History;
use super::ip::{self, Datagram};
use super::link::{self, NoPacket};
use super::segment::{self, TCP, UDP, UdpDatagram};
use crate::pipeline::input::{self, Direction, Input, Loss, LossReason, Stage};
use crate::pipeline::settings::Limits;
use crate::pipeline::time::Timestamp;

/// Port of DNS (RFC 1035 section 4.2).
const DNS: u16 = 53;

/// Everything between packets and inputs.
pub(super) struct Packets {
    clock: Clock,
    fragments: Fragments,
    flows: Flows,
    history: History,
    room: Room,
    counts: PcapCounts,
    /// Evictions that were said, and when.
    evictions_said: (u64, Timestamp),
    /// When the capturing program was last said to have dropped packets.
    drops_said: Timestamp,
}

impl Packets {
    pub(super) fn new(limits: &Limits) -> Self {
        let limit = usize::try_from(limits.buffered_bytes).unwrap_or(usize::MAX);
        Self {
            clock: Clock::default(),
            fragments: Fragments::default(),
            flows: Flows::new(limits),
            history: History::default(),
            room: Room { used: 0, limit },
            counts: PcapCounts::default(),
            evictions_said: Default::default(),
            drops_said: Timestamp::default(),
        }
    }

    /// What was read so far, and what was not.
    pub(super) fn counts(&self) -> PcapCounts {
        let fragments = self.fragments.counts();
        PcapCounts {
            fragments_overlapping: fragments.overlapping,
            fragments_unfinished: fragments.unfinished,
            ..self.counts
        }
    }

    /// Bytes that wait, with what they cost.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.room.used
    }

    /// Takes a packet and gives the inputs that it makes.
    pub(super) fn take(&mut self, packet: &Packet<'_>, take: &mut dyn FnMut(Input<'_>)) {
        self.counts.packets += 1;
        if let Some(wall) = packet.time {
            for time in self.clock.advance(wall).into_iter().flatten() {
                self.tick(time, take);
            }
        }
        let packet_bytes = match link::ip_packet(packet.link, packet.bytes) {
            Ok(bytes) => bytes,
            Err(NoPacket::Other) => return self.counts.not_ip += 1,
            Err(NoPacket::Short) => return self.counts.unreadable += 1,
            Err(NoPacket::UnknownLink) => return self.counts.unknown_link += 1,
        };
        let header_bytes = packet.bytes.len() - packet_bytes.len();
        let length = packet.length.saturating_sub(header_bytes as u32);
        match ip::parse(packet_bytes, length) {
            Some(datagram) => self.take_datagram(&datagram, take),
            None => self.counts.unreadable += 1,
        }
    }

    fn take_datagram(&mut self, datagram: &Datagram<'_>, take: &mut dyn FnMut(Input<'_>)) {
        let now = self.clock.now();
        let Self { fragments, flows, history, counts, room, .. } = self;
        let whole = match datagram.part {
            None => Some(*datagram),
            Some(part) => match fragments.take(datagram, part, now) {
                Some(whole) => ip::without_extensions(whole),
                None => return,
            },
        };
        let is_read = whole.is_some_and(|datagram| match datagram.protocol {
            TCP => segment::parse_tcp(&datagram).is_some_and(|segment| {
                flows.take(&segment, &mut Context { now, take, history, counts, room });
                true
            }),
            UDP => segment::parse_udp(&datagram).is_some_and(|udp| {
                counts.other_protocol += u64::from(udp.from.port != DNS && udp.to.port != DNS);
                if let Some(input) = dns_datagram(now, &udp) {
                    take(input);
                }
                true
            }),
            _ => {
                counts.other_protocol += 1;
                true
            }
        });
        counts.unreadable += u64::from(!is_read);
    }

    /// Says that the capturing program dropped packets.
    pub(super) fn take_dropped(&mut self, count: u64, take: &mut dyn FnMut(Input<'_>)) {
        self.counts.dropped = self.counts.dropped.saturating_add(count);
        let (since, time) = (self.drops_said, self.clock.now());
        let (stage, reason) = (Stage::DataRing, LossReason::RingFull);
        take(Input::Loss(Loss { stage, reason, count, since, time }));
        self.drops_said = time;
    }

    /// Ends every connection: no more packets come.
    pub(super) fn end(&mut self, take: &mut dyn FnMut(Input<'_>)) {
        let now = self.clock.now();
        let Self { flows, history, counts, room, .. } = self;
        flows.end_all(&mut Context { now, take, history, counts, room });
        self.say_evictions(now, take);
    }

    fn tick(&mut self, now: Timestamp, take: &mut dyn FnMut(Input<'_>)) {
        take(Input::Tick { time: now, wall_offset: self.clock.wall_offset() });
        let Self { flows, history, counts, room, .. } = self;
        flows.tick(&mut Context { now, take, history, counts, room });
        self.say_evictions(now, take);
    }

    fn say_evictions(&mut self, time: Timestamp, take: &mut dyn FnMut(Input<'_>)) {
        let (said, since) = self.evictions_said;
        let count = self.counts.evicted - said;
        if count > 0 {
            let (stage, reason) = (Stage::Pipeline, LossReason::Evicted);
            take(Input::Loss(Loss { stage, reason, count, since, time }));
            self.evictions_said = (self.counts.evicted, time);
        }
    }
}

/// The input of a datagram from or to the port of DNS.
fn dns_datagram<'a>(time: Timestamp, udp: &UdpDatagram<'a>) -> Option<Input<'a>> {
    let (local, remote, direction) = if udp.to.port == DNS {
        (udp.from, udp.to, Direction::Egress)
    } else if udp.from.port == DNS {
        (udp.to, udp.from, Direction::Ingress)
    } else {
        return None;
    };
    let payload = udp.payload;
    let (netns, pid) = (0, 0);
    let datagram = input::Datagram { time, netns, local, remote, direction, pid, payload };
    Some(Input::Datagram(datagram))
}
