//! TCP segments (RFC 9293) and UDP datagrams (RFC 768).

use std::net::IpAddr;

use super::ip::Datagram;
use crate::pipeline::input::SocketAddress;

pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
/// Header of UDP.
const UDP_HEADER_BYTES: u32 = 8;

/// A TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment<'a> {
    pub(super) from: SocketAddress,
    pub(super) to: SocketAddress,
    /// Sequence number of its first byte, or of its SYN.
    pub(super) sequence: u32,
    /// Sequence number of the next byte that its sender expects.
    pub(super) acknowledged: Option<u32>,
    pub(super) flags: Flags,
    /// Bytes of the stream that it carries.
    pub(super) length: u32,
    /// The first of them, as many as were captured.
    pub(super) payload: &'a [u8],
}

impl Segment<'_> {
    /// Sequence number of the first byte of its payload: a SYN takes one.
    pub(super) fn payload_sequence(&self) -> u32 {
        self.sequence.wrapping_add(u32::from(self.flags.syn()))
    }
}

/// The flags that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flags(pub(super) u8);

impl Flags {
    pub(super) const FIN: u8 = 1;
    pub(super) const SYN: u8 = 2;
    pub(super) const RST: u8 = 4;
    pub(super) const ACK: u8 = 16;

    pub(super) const fn fin(self) -> bool {
        self.0 & Self::FIN != 0
    }

    pub(super) const fn syn(self) -> bool {
        self.0 & Self::SYN != 0
    }

    pub(super) const fn rst(self) -> bool {
        self.0 & Self::RST != 0
    }

    pub(super) const fn ack(self) -> bool {
        self.0 & Self::ACK != 0
    }
}

/// Reads a segment; none where what was captured of its header does not say enough.
pub(super) fn parse_tcp<'a>(datagram: &Datagram<'a>) -> Option<Segment<'a>> {
    let (header, _) = datagram.payload.split_first_chunk::<14>()?;
    let [from0, from1, to0, to1, s0, s1, s2, s3, a0, a1, a2, a3, place, flags] = *header;
    let header_bytes = u32::from(place >> 4) * 4;
    if header_bytes < 20 {
        return None;
    }
    let flags = Flags(flags);
    Some(Segment {
        from: address(datagram.source, [from0, from1]),
        to: address(datagram.destination, [to0, to1]),
        sequence: u32::from_be_bytes([s0, s1, s2, s3]),
        acknowledged: flags.ack().then_some(u32::from_be_bytes([a0, a1, a2, a3])),
        flags,
        length: datagram.length.checked_sub(header_bytes)?,
        payload: datagram.payload.get(header_bytes as usize..).unwrap_or_default(),
    })
}

/// What UDP carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UdpDatagram<'a> {
    pub(super) from: SocketAddress,
    pub(super) to: SocketAddress,
    /// As much as was captured.
    pub(super) payload: &'a [u8],
}

/// Reads a datagram; none where its header is not whole.
pub(super) fn parse_udp<'a>(datagram: &Datagram<'a>) -> Option<UdpDatagram<'a>> {
    let ([from0, from1, to0, to1, l0, l1, _, _], rest) = datagram.payload.split_first_chunk()?;
    let length = u32::from(u16::from_be_bytes([*l0, *l1])).checked_sub(UDP_HEADER_BYTES)?;
    Some(UdpDatagram {
        from: address(datagram.source, [*from0, *from1]),
        to: address(datagram.destination, [*to0, *to1]),
        payload: rest.get(..length as usize).unwrap_or(rest),
    })
}

fn address(address: IpAddr, port: [u8; 2]) -> SocketAddress {
    SocketAddress { address, port: u16::from_be_bytes(port) }
}
