//! The pcap format (draft-ietf-opsawg-pcap).

use std::io::Read;

use super::{Fault, MAXIMUM_PACKET_BYTES, Packet, Part};
use crate::pcap::bytes::{Bytes, Order};
use crate::pipeline::time::WallTime;

/// The one major version there is.
const VERSION: u16 = 2;
const HEADER_REST_BYTES: usize = 20;

/// A file of the pcap format.
pub(in crate::pcap) struct Classic {
    order: Order,
    /// Nanoseconds in a unit of the fraction of a second.
    unit: u64,
    /// Link type of every packet.
    pub(super) link: u32,
}

impl Classic {
    /// The kind of file that begins with these bytes.
    pub(super) fn of_magic(magic: [u8; 4]) -> Option<Self> {
        let (order, unit) = match magic {
            [0xd4, 0xc3, 0xb2, 0xa1] => (Order::Little, 1000),
            [0xa1, 0xb2, 0xc3, 0xd4] => (Order::Big, 1000),
            [0x4d, 0x3c, 0xb2, 0xa1] => (Order::Little, 1),
            [0xa1, 0xb2, 0x3c, 0x4d] => (Order::Big, 1),
            _ => return None,
        };
        Some(Self { order, unit, link: 0 })
    }

    /// Reads what follows the magic number.
    pub(super) fn read_header<R: Read>(&mut self, bytes: &mut Bytes<R>) -> Result<(), Fault> {
        let rest: [u8; HEADER_REST_BYTES] = bytes.take_array()?.ok_or(Fault::Truncated)?;
        let [major0, major1, _, _, .., link0, link1, link2, link3] = rest;
        let found = self.order.u16([major0, major1]);
        if found != VERSION {
            return Err(Fault::Version { format: "pcap", found, read: VERSION });
        }
        // The upper bits say whether a checksum ends each frame; the IP header says so too.
        self.link = self.order.u32([link0, link1, link2, link3]) & 0xffff;
        Ok(())
    }

    /// The next packet.
    pub(super) fn next<'a, R: Read>(
        &mut self,
        bytes: &'a mut Bytes<R>,
    ) -> Result<Option<Part<'a>>, Fault> {
        if !bytes.begin_item()? {
            return Ok(None);
        }
        let head: [u8; 16] = bytes.take_array()?.ok_or(Fault::Truncated)?;
        let (numbers, _) = head.as_chunks();
        let [seconds, fraction, kept, length] = [0, 1, 2, 3]
            .map(|place| numbers.get(place).map_or(0, |number| self.order.u32(*number)));
        if kept > MAXIMUM_PACKET_BYTES {
            return Err(Fault::Oversized(kept));
        }
        let nanoseconds = u64::from(seconds) * 1_000_000_000 + u64::from(fraction) * self.unit;
        let bytes = bytes.take(kept as usize)?.ok_or(Fault::Truncated)?;
        Ok(Some(Part::Packet(Packet {
            time: Some(WallTime(nanoseconds)),
            link: self.link,
            length: length.max(kept),
            bytes,
        })))
    }
}
