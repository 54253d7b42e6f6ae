//! Headers, against another parser of them: what that one accepts is read alike.

use etherparse::{LaxIpSlice, PacketBuilder, TcpSlice};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::pcap::ip::{self, Datagram};
use crate::pcap::segment::parse_tcp;

/// Checks a packet that had so many bytes.
fn check(packet: &[u8], length: u32) -> Result<(), TestCaseError> {
    let Ok((theirs, None)) = LaxIpSlice::from_slice(packet) else { return Ok(()) };
    let payload = theirs.payload();
    let is_impossible = matches!(packet, [_, _, 0, 1..20, ..]) && packet[0] >> 4 == 4;
    let extensions = theirs.ipv6().map_or(0, |it| it.extensions().slice().len());
    if is_impossible || extensions > 16 * 8 || payload.incomplete {
        return Ok(());
    }
    let Some(ours) = ip::parse(packet, length) else {
        let is_shorter_than_its_header = theirs.ipv4().is_some_and(|it| {
            let header = it.header();
            usize::from(header.total_len()) < header.slice().len()
        });
        prop_assert!(is_shorter_than_its_header, "not read: {packet:x?}");
        return Ok(());
    };
    prop_assert_eq!(ours.source, theirs.source_addr().to_canonical());
    prop_assert_eq!(ours.destination, theirs.destination_addr().to_canonical());
    prop_assert_eq!(ours.part.is_some(), theirs.is_fragmenting_payload());
    if ours.part.is_none() {
        prop_assert_eq!(ours.protocol, payload.ip_number.0);
        prop_assert_eq!(ours.payload, payload.payload);
        prop_assert_eq!(ours.length as usize, payload.payload.len());
        check_tcp(&ours)?;
    }
    Ok(())
}

fn check_tcp(datagram: &Datagram<'_>) -> Result<(), TestCaseError> {
    let Ok(theirs) = TcpSlice::from_slice(datagram.payload) else { return Ok(()) };
    let ours = parse_tcp(datagram).expect("a whole header");
    prop_assert_eq!(ours.from.port, theirs.source_port());
    prop_assert_eq!(ours.to.port, theirs.destination_port());
    prop_assert_eq!(ours.sequence, theirs.sequence_number());
    prop_assert_eq!(ours.acknowledged, theirs.ack().then(|| theirs.acknowledgment_number()));
    prop_assert_eq!(
        (ours.flags.syn(), ours.flags.fin(), ours.flags.rst()),
        (theirs.syn(), theirs.fin(), theirs.rst())
    );
    prop_assert_eq!(ours.payload, theirs.payload());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_header_is_read_alike(mut packet in vec(any::<u8>(), 1..120), is_v6: bool, next in 0..8_usize) {
        packet[0] = if is_v6 { 0x60 } else { 0x45 + (packet[0] & 1) };
        let next = [6, 6, 0, 43, 44, 51, 60, 17][next];
        let length = packet.len() as u16;
        // Lengths that fit, more often than chance has it.
        let (place, value, of_next) = if is_v6 { (4, length.saturating_sub(40), 6) } else { (2, length, 9) };
        if let Some(number) = packet.get_mut(place..place + 2) && number[1] & 3 != 0 {
            number.copy_from_slice(&value.to_be_bytes());
        }
        if let Some(number) = packet.get_mut(of_next) {
            *number = next;
        }
        if let Some(place) = packet.get_mut(6..8) && !is_v6 && place[1] & 3 != 0 {
            place.fill(0);
        }
        for at in (40..packet.len().saturating_sub(1)).step_by(8) {
            packet[at] = [6, 44, 60][usize::from(packet[at]) % 3];
            packet[at + 1] &= 1;
        }
        check(&packet, u32::from(length))?;
    }

    #[test]
    fn packets_of_another_writer_are_read(data in vec(any::<u8>(), 0..300), sequence: u32, ack: u32, is_v6: bool, window: u16) {
        let builder = if is_v6 {
            PacketBuilder::ipv6([1; 16], [2; 16], 9)
        } else {
            PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 9)
        };
        let builder = builder.tcp(40_000, 80, sequence, window).ack(ack).psh();
        let mut packet = Vec::new();
        builder.write(&mut packet, &data).unwrap();
        let datagram = ip::parse(&packet, packet.len() as u32).expect("an IP packet");
        let segment = parse_tcp(&datagram).expect("a segment");
        prop_assert_eq!((segment.sequence, segment.acknowledged), (sequence, Some(ack)));
        prop_assert_eq!(segment.payload, &data[..]);
        prop_assert_eq!((segment.from.port, segment.to.port), (40_000, 80));
        check(&packet, packet.len() as u32)?;
    }
}

/// What it names is the payload, also where IPv6 would have another extension header there.
#[test]
fn of_extension_headers_ipv4_has_one() {
    let mut packet = [0; 56];
    packet[..4].copy_from_slice(&[0x46, 0, 0, 56]);
    (packet[9], packet[25]) = (51, 1);
    check(&packet, 56).expect("it is read alike");
    assert!(ip::parse(&packet, 56).is_some_and(|it| it.protocol == 0));
}
