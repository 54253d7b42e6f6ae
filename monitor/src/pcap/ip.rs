//! From an IP packet to what it carries: IPv4 (RFC 791) and IPv6 (RFC 8200).
//!
//! Checksums are not looked at: a packet that was captured where it was sent has none yet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION_OPTIONS: u8 = 60;
/// Extension headers that are passed over, one after the other.
const MOST_EXTENSIONS: usize = 16;
const IPV6_HEADER_BYTES: usize = 40;

/// What an IP packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Datagram<'a> {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    /// Protocol number of the payload.
    pub(super) protocol: u8,
    /// Bytes of the payload.
    pub(super) length: u32,
    /// The first of them, as many as were captured.
    pub(super) payload: &'a [u8],
    /// Which part it is of a datagram that was fragmented.
    pub(super) part: Option<FragmentPart>,
}

/// Which part of a datagram a fragment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FragmentPart {
    /// Tells the datagrams between two addresses apart.
    pub(super) identification: u32,
    /// Bytes before it.
    pub(super) offset: u32,
    /// Whether fragments follow it.
    pub(super) more: bool,
}

/// Reads an IP packet that had `length` bytes on the wire; none where its headers cannot
/// be read.
pub(super) fn parse(packet: &[u8], length: u32) -> Option<Datagram<'_>> {
    match packet.first()? >> 4 {
        4 => parse_ipv4(packet, length),
        6 => parse_ipv6(packet, length),
        _ => None,
    }
}

fn parse_ipv4(packet: &[u8], length: u32) -> Option<Datagram<'_>> {
    let (header, _) = packet.split_first_chunk::<20>()?;
    let [first, _, total0, total1, id0, id1, place0, place1, _, protocol, ..] = *header;
    let header_bytes = usize::from(first & 15) * 4;
    if header_bytes < header.len() {
        return None;
    }
    let [.., s0, s1, s2, s3, d0, d1, d2, d3] = *header;
    let place = u16::from_be_bytes([place0, place1]);
    let part = FragmentPart {
        identification: u32::from(u16::from_be_bytes([id0, id1])),
        offset: u32::from(place & 0x1fff) * 8,
        more: place & 0x2000 != 0,
    };
    let total = match u32::from(u16::from_be_bytes([total0, total1])) {
        // Left to the network card, which cuts the packet up.
        0 => length,
        total => total,
    };
    let total = total.min(length);
    let datagram = Datagram {
        source: IpAddr::V4(Ipv4Addr::new(s0, s1, s2, s3)),
        destination: IpAddr::V4(Ipv4Addr::new(d0, d1, d2, d3)),
        protocol,
        length: total.checked_sub(header_bytes as u32)?,
        payload: payload(packet, header_bytes, total),
        part: (part.more || part.offset > 0).then_some(part),
    };
    // Of the extension headers, IPv4 has this one (RFC 4302): what it names is the payload.
    let is_extended = protocol == AUTHENTICATION && datagram.part.is_none();
    if is_extended { without_extension(datagram, (4, 8)) } else { Some(datagram) }
}

fn parse_ipv6(packet: &[u8], length: u32) -> Option<Datagram<'_>> {
    let (header, _) = packet.split_first_chunk::<IPV6_HEADER_BYTES>()?;
    let [_, _, _, _, length0, length1, next, _, addresses @ ..] = header;
    let (source, rest) = addresses.split_first_chunk()?;
    let destination = rest.first_chunk()?;
    let total = match u32::from(u16::from_be_bytes([*length0, *length1])) {
        // A jumbogram (RFC 2675), as segmentation offload makes them.
        0 => length,
        payload => (payload + IPV6_HEADER_BYTES as u32).min(length),
    };
    let address = |bytes: &[u8; 16]| IpAddr::V6(Ipv6Addr::from(*bytes)).to_canonical();
    without_extensions(Datagram {
        source: address(source),
        destination: address(destination),
        protocol: *next,
        length: total.checked_sub(IPV6_HEADER_BYTES as u32)?,
        payload: payload(packet, IPV6_HEADER_BYTES, total),
        part: None,
    })
}

/// Passes over extension headers, up to one that says that the rest is a fragment; none
/// where one of them was not captured whole.
pub(super) fn without_extensions(mut datagram: Datagram<'_>) -> Option<Datagram<'_>> {
    for _ in 0..MOST_EXTENSIONS {
        let size = match datagram.protocol {
            HOP_BY_HOP | ROUTING | DESTINATION_OPTIONS => (8, 8),
            AUTHENTICATION => (4, 8),
            FRAGMENT => (0, 8),
            _ => return Some(datagram),
        };
        let before = datagram;
        datagram = without_extension(before, size)?;
        if before.protocol == FRAGMENT {
            let [_, _, place0, place1, id0, id1, id2, id3] = *before.payload.first_chunk()?;
            let place = u16::from_be_bytes([place0, place1]);
            let part = FragmentPart {
                identification: u32::from_be_bytes([id0, id1, id2, id3]),
                offset: u32::from(place & !7),
                more: place & 1 != 0,
            };
            // One that is whole is no fragment (RFC 6946).
            if part.more || part.offset > 0 {
                return Some(Datagram { part: Some(part), ..datagram });
            }
        }
    }
    None
}

/// Passes over the extension header at the start of the payload, whose second byte counts
/// `unit` bytes beyond `extra`; none where it was not captured whole.
fn without_extension(
    datagram: Datagram<'_>,
    (unit, extra): (usize, usize),
) -> Option<Datagram<'_>> {
    let [next, units, ..] = *datagram.payload.first_chunk::<8>()?;
    let header_bytes = usize::from(units) * unit + extra;
    Some(Datagram {
        protocol: next,
        length: datagram.length.checked_sub(header_bytes as u32)?,
        payload: datagram.payload.get(header_bytes..)?,
        ..datagram
    })
}

/// What was captured of the bytes between the header and the end of the packet, behind
/// which a frame may have padding.
fn payload(packet: &[u8], header_bytes: usize, total: u32) -> &[u8] {
    let end = packet.len().min(total as usize);
    packet.get(header_bytes..end).unwrap_or_default()
}
