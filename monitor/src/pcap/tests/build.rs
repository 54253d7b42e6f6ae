//! Packets and files for tests, made by hand.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::pcap::segment::Flags;
use crate::pipeline::protocol::Way;

pub(super) const CLIENT_PORT: u16 = 40_000;
pub(super) const SERVER_PORT: u16 = 80;
/// Sequence number of the SYN of each way; positions of [`Step`] count from it.
pub(super) const CLIENT_SYN: u32 = 1_000;
pub(super) const SERVER_SYN: u32 = 500_000;

/// A segment between one client and one server.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) way: Way,
    pub(super) flags: u8,
    /// Sequence number less that of the SYN: the first byte has 1.
    pub(super) at: u32,
    pub(super) ack: u32,
    pub(super) data: Vec<u8>,
    /// Bytes of the packet that were not captured.
    pub(super) cut: usize,
    /// Milliseconds since the start.
    pub(super) time: u64,
    /// Port of the client.
    pub(super) port: u16,
    /// Added to the sequence numbers of both ways.
    pub(super) shift: u32,
}

pub(super) fn step(way: Way, flags: u8, at: u32, ack: u32, data: &[u8]) -> Step {
    let data = data.to_vec();
    Step { way, flags, at, ack, data, cut: 0, time: 0, port: CLIENT_PORT, shift: 0 }
}

/// Bytes of the client, and of the server.
pub(super) fn c(at: u32, ack: u32, data: &[u8]) -> Step {
    step(Way::ToServer, Flags::ACK, at, ack, data)
}

pub(super) fn s(at: u32, ack: u32, data: &[u8]) -> Step {
    step(Way::ToClient, Flags::ACK, at, ack, data)
}

/// The same with a FIN.
pub(super) fn c_fin(at: u32, ack: u32, data: &[u8]) -> Step {
    step(Way::ToServer, Flags::ACK | Flags::FIN, at, ack, data)
}

pub(super) fn s_fin(at: u32, ack: u32, data: &[u8]) -> Step {
    step(Way::ToClient, Flags::ACK | Flags::FIN, at, ack, data)
}

/// The handshake.
pub(super) fn shake() -> Vec<Step> {
    vec![
        step(Way::ToServer, Flags::SYN, 0, 0, b""),
        step(Way::ToClient, Flags::SYN | Flags::ACK, 0, 1, b""),
        c(1, 1, b""),
    ]
}

impl Step {
    /// The IPv4 packet, as it was on the wire.
    pub(super) fn packet(&self) -> Vec<u8> {
        let (client, server) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        ipv4(client, server, self.way, 6, &self.segment())
    }

    pub(super) fn segment(&self) -> Vec<u8> {
        let (own, other) = match self.way {
            Way::ToServer => (CLIENT_SYN, SERVER_SYN),
            Way::ToClient => (SERVER_SYN, CLIENT_SYN),
        };
        let (from, to) = match self.way {
            Way::ToServer => (self.port, SERVER_PORT),
            Way::ToClient => (SERVER_PORT, self.port),
        };
        let sequence = own.wrapping_add(self.at).wrapping_add(self.shift);
        let ack = match self.flags & Flags::ACK {
            0 => 0,
            _ => other.wrapping_add(self.ack).wrapping_add(self.shift),
        };
        tcp(from, to, sequence, ack, self.flags, &self.data)
    }
}

pub(super) fn tcp(from: u16, to: u16, sequence: u32, ack: u32, flags: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = [from.to_be_bytes(), to.to_be_bytes()].concat();
    bytes.extend(sequence.to_be_bytes());
    bytes.extend(ack.to_be_bytes());
    bytes.extend([0x80, flags, 255, 255, 0, 0, 0, 0, 1, 1, 8, 10, 0, 0, 0, 0, 0, 0]);
    bytes.truncate(20);
    bytes.extend([1; 12]); // options: twelve times no operation
    bytes.extend(data);
    bytes
}

pub(super) fn ipv4(
    client: Ipv4Addr,
    server: Ipv4Addr,
    way: Way,
    protocol: u8,
    payload: &[u8],
) -> Vec<u8> {
    let (from, to) = if way == Way::ToServer { (client, server) } else { (server, client) };
    let total = u16::try_from(20 + payload.len()).unwrap_or(0);
    let mut bytes = vec![0x45, 0];
    bytes.extend(total.to_be_bytes());
    bytes.extend([0, 7, 0, 0, 64, protocol, 0, 0]);
    bytes.extend(from.octets());
    bytes.extend(to.octets());
    bytes.extend(payload);
    bytes
}

pub(super) fn ipv6(from: IpAddr, to: IpAddr, next: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x60, 0, 0, 0];
    bytes.extend((payload.len() as u16).to_be_bytes());
    bytes.extend([next, 64]);
    for address in [from, to] {
        let IpAddr::V6(address) = address else { panic!("an IPv6 address") };
        bytes.extend(address.octets());
    }
    bytes.extend(payload);
    bytes
}

pub(super) fn v6(last: u16) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last))
}

/// A packet in a file: microseconds, bytes on the wire, bytes captured.
pub(super) struct Captured {
    pub(super) time: u64,
    pub(super) length: usize,
    pub(super) bytes: Vec<u8>,
}

pub(super) fn captured(step: &Step, number: usize) -> Captured {
    let packet = step.packet();
    let length = packet.len();
    let bytes = packet[..length - step.cut.min(length)].to_vec();
    Captured { time: step.time * 1000 + number as u64, length, bytes }
}

/// A pcap file of raw IP packets.
pub(super) fn pcap(packets: &[Captured]) -> Vec<u8> {
    pcap_of(101, packets)
}

pub(super) fn pcap_of(link: u32, packets: &[Captured]) -> Vec<u8> {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0];
    file.extend(link.to_le_bytes());
    for packet in packets {
        let time = 1_700_000_000_000_000 + packet.time;
        let numbers = [
            (time / 1_000_000) as u32,
            (time % 1_000_000) as u32,
            packet.bytes.len() as u32,
            packet.length as u32,
        ];
        numbers.iter().for_each(|number| file.extend(number.to_le_bytes()));
        file.extend(&packet.bytes);
    }
    file
}

/// A pcap file of steps in their order.
pub(super) fn file_of(steps: &[Step]) -> Vec<u8> {
    let packets: Vec<_> =
        steps.iter().enumerate().map(|(number, step)| captured(step, number)).collect();
    pcap(&packets)
}
