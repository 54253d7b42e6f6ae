//! From a frame to the IP packet in it. Numbers are those of the registry of link types.

/// BSD loopback in the byte order of the capturing host, and in network order.
const NULL: u32 = 0;
const LOOP: u32 = 108;
const ETHERNET: u32 = 1;
/// Raw IP, under the numbers it has had.
const RAW: [u32; 5] = [12, 14, 101, 228, 229];
/// Linux cooked capture, version 1 and 2.
const LINUX_SLL: u32 = 113;
const LINUX_SLL2: u32 = 276;

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
/// VLAN tags: 802.1Q, 802.1ad, and what came before that.
const VLAN: [u16; 4] = [0x8100, 0x88a8, 0x9100, 0x9200];
/// VLAN tags that are passed over, one after the other.
const MOST_TAGS: usize = 8;
/// `AF_INET` and the values that `AF_INET6` has on Linux and the BSDs.
const FAMILIES: [u32; 5] = [2, 10, 24, 28, 30];

/// Why a frame has no IP packet to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPacket {
    /// It carries something else.
    Other,
    /// It ends before its headers do.
    Short,
    /// Its link type is not read.
    UnknownLink,
}

/// Whether frames of a link type are read.
pub(super) fn is_known(link: u32) -> bool {
    matches!(link, NULL | LOOP | ETHERNET | LINUX_SLL | LINUX_SLL2) || RAW.contains(&link)
}

/// The IP packet in a frame.
pub(super) fn ip_packet(link: u32, frame: &[u8]) -> Result<&[u8], NoPacket> {
    match link {
        ETHERNET => of_ether_type(frame, 12, 14),
        LINUX_SLL => of_ether_type(frame, 14, 16),
        LINUX_SLL2 => of_ether_type(frame, 0, 20),
        NULL | LOOP => {
            let (family, rest) = frame.split_first_chunk().ok_or(NoPacket::Short)?;
            let family = [u32::from_le_bytes(*family), u32::from_be_bytes(*family)];
            let is_ip = family.iter().any(|it| FAMILIES.contains(it));
            if is_ip { Ok(rest) } else { Err(NoPacket::Other) }
        }
        link if RAW.contains(&link) => Ok(frame),
        _ => Err(NoPacket::UnknownLink),
    }
}

/// The packet behind a header that has an Ethernet type in it, and behind VLAN tags.
fn of_ether_type(frame: &[u8], place: usize, header: usize) -> Result<&[u8], NoPacket> {
    let kind = frame.get(place..).and_then(<[u8]>::first_chunk).ok_or(NoPacket::Short)?;
    let mut kind = u16::from_be_bytes(*kind);
    let mut rest = frame.get(header..).ok_or(NoPacket::Short)?;
    for _ in 0..MOST_TAGS {
        match kind {
            IPV4 | IPV6 => return Ok(rest),
            kind if !VLAN.contains(&kind) => return Err(NoPacket::Other),
            _ => {}
        }
        let ([_, _, kind0, kind1], behind) = rest.split_first_chunk().ok_or(NoPacket::Short)?;
        kind = u16::from_be_bytes([*kind0, *kind1]);
        rest = behind;
    }
    Err(NoPacket::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packet_is_found_behind_every_header() {
        let ip = [0x45, 1, 2, 3];
        let cases: [(u32, &[u8]); 12] = [
            (ETHERNET, &[1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 8, 0]),
            (ETHERNET, &[1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0x81, 0, 0, 9, 8, 0]),
            (
                ETHERNET,
                &[1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0x88, 0xa8, 0, 9, 0x81, 0, 0, 8, 0x86, 0xdd],
            ),
            (LINUX_SLL, &[0, 4, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0]),
            (LINUX_SLL2, &[8, 0, 0, 0, 0, 0, 0, 1, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0]),
            (NULL, &[2, 0, 0, 0]),
            (NULL, &[0, 0, 0, 30]),
            (LOOP, &[0, 0, 0, 24]),
            (101, &[]),
            (12, &[]),
            (228, &[]),
            (229, &[]),
        ];
        for (link, header) in cases {
            assert!(is_known(link));
            let frame = [header, &ip].concat();
            assert_eq!(ip_packet(link, &frame), Ok(&ip[..]), "link type {link}");
            for end in 0..header.len() {
                assert_eq!(ip_packet(link, &frame[..end]), Err(NoPacket::Short), "{link} {end}");
            }
        }
    }

    #[test]
    fn what_is_no_ip_is_told_apart() {
        let arp = [&[0; 12][..], &[8, 6, 0, 1]].concat();
        assert_eq!(ip_packet(ETHERNET, &arp), Err(NoPacket::Other));
        let tags = [&[0; 12][..], &[0x81, 0, 0, 1].repeat(40)].concat();
        assert_eq!(ip_packet(ETHERNET, &tags), Err(NoPacket::Other));
        assert_eq!(ip_packet(NULL, &[7, 0, 0, 0, 1]), Err(NoPacket::Other));
        assert_eq!(ip_packet(105, &[0; 40]), Err(NoPacket::UnknownLink));
        assert!(!is_known(105));
    }
}
