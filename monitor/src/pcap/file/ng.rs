//! The pcapng format (draft-ietf-opsawg-pcapng): sections of blocks.

use std::io::Read;

use super::{Fault, MAXIMUM_PACKET_BYTES, Packet, Part};
use crate::pcap::bytes::{Bytes, Order};
use crate::pipeline::time::WallTime;

/// Interfaces, and the options of blocks.
mod interface;

use interface::{Interface, dropped};

/// Type of a section header, the same in both byte orders.
pub(super) const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
const VERSION: u16 = 1;
/// Bytes of a block around its body: type, length, and the length again.
const FRAME_BYTES: u32 = 12;
/// Interfaces of a section that are kept; no writer has as many.
const MOST_INTERFACES: usize = 65_536;
/// Bytes of a block that is looked at, beyond those of a packet.
const OPTIONS_BYTES: u32 = 1024 * 1024;

/// Types of the blocks that are looked at.
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

/// The section at hand.
pub(in crate::pcap) struct Section {
    order: Order,
    interfaces: Vec<Interface>,
}

impl Default for Section {
    fn default() -> Self {
        Self { order: Order::Little, interfaces: Vec::new() }
    }
}

impl Section {
    /// Reads a section header behind its type.
    pub(super) fn read_header<R: Read>(&mut self, bytes: &mut Bytes<R>) -> Result<(), Fault> {
        let length = bytes.take_array()?.ok_or(Fault::Truncated)?;
        let magic = bytes.take_array()?.ok_or(Fault::Truncated)?;
        self.interfaces.clear();
        self.order = match (u32::from_le_bytes(magic), u32::from_be_bytes(magic)) {
            (BYTE_ORDER, _) => Order::Little,
            (_, BYTE_ORDER) => Order::Big,
            _ => return Err(Fault::Malformed("a section header without its magic number")),
        };
        let length = self.order.u32(length);
        let version = bytes.take_array()?.ok_or(Fault::Truncated)?;
        let found = self.order.u16(version);
        if found != VERSION {
            return Err(Fault::Version { format: "pcapng", found, read: VERSION });
        }
        // Type, length, magic number and major version are read, the length is to come.
        let rest =
            length.checked_sub(14 + 4).filter(|rest| *rest >= 10 && length.is_multiple_of(4));
        let rest = rest.ok_or(Fault::Malformed("a section header of an impossible length"))?;
        skip(bytes, rest)?;
        self.check_end(length, bytes)
    }

    /// The next packet, or what is known of dropped ones.
    pub(super) fn next<'a, R: Read>(
        &mut self,
        bytes: &'a mut Bytes<R>,
    ) -> Result<Option<Part<'a>>, Fault> {
        loop {
            if !bytes.begin_item()? {
                return Ok(None);
            }
            let kind = bytes.take_array()?.ok_or(Fault::Truncated)?;
            if kind == SECTION_HEADER {
                self.read_header(bytes)?;
                continue;
            }
            let length = self.order.u32(bytes.take_array()?.ok_or(Fault::Truncated)?);
            let body = length.checked_sub(FRAME_BYTES).filter(|_| length.is_multiple_of(4));
            let body = body.ok_or(Fault::Malformed("a block of an impossible length"))?;
            match self.order.u32(kind) {
                INTERFACE => self.add_interface(body, bytes)?,
                STATISTICS => {
                    if let Some(dropped) = self.read_statistics(body, bytes)? {
                        return Ok(Some(Part::Dropped(dropped)));
                    }
                }
                kind @ (OBSOLETE_PACKET | SIMPLE_PACKET | ENHANCED_PACKET) => {
                    return self.read_packet(kind, body, bytes).map(|it| Some(Part::Packet(it)));
                }
                _ => {
                    skip(bytes, body)?;
                    self.check_end(length, bytes)?;
                }
            }
        }
    }

    fn add_interface<R: Read>(&mut self, body: u32, bytes: &mut Bytes<R>) -> Result<(), Fault> {
        if self.interfaces.len() >= MOST_INTERFACES {
            return Err(Fault::Malformed("more interfaces than any capture has"));
        }
        let block = self.read_block(body, bytes)?;
        let interface = Interface::of_block(self.order, block)
            .ok_or(Fault::Malformed("a description of an interface that is too short"))?;
        self.interfaces.push(interface);
        Ok(())
    }

    /// How many packets more than before an interface dropped, where it says.
    fn read_statistics<R: Read>(
        &mut self,
        body: u32,
        bytes: &mut Bytes<R>,
    ) -> Result<Option<u64>, Fault> {
        let order = self.order;
        let block = self.read_block(body, bytes)?;
        let id = order.u32_at(block, 0);
        let total = dropped(order, block);
        let interface = id.and_then(|id| self.interfaces.get_mut(id as usize));
        let Some(interface) = interface else {
            return Err(Fault::Malformed("statistics of an interface that was not described"));
        };
        let more = total.saturating_sub(interface.dropped);
        interface.dropped = interface.dropped.max(total);
        Ok((more > 0).then_some(more))
    }

    fn read_packet<'a, R: Read>(
        &self,
        kind: u32,
        body: u32,
        bytes: &'a mut Bytes<R>,
    ) -> Result<Packet<'a>, Fault> {
        const SHORT: Fault = Fault::Malformed("a packet block that is too short for its packet");
        let order = self.order;
        let block = self.read_block(body, bytes)?;
        let number = |place| order.u32_at(block, place).ok_or(SHORT);
        let id = match kind {
            SIMPLE_PACKET => 0,
            ENHANCED_PACKET => number(0)?,
            _ => u32::from(order.u16_at(block, 0).ok_or(SHORT)?),
        };
        let interface = self.interfaces.get(id as usize);
        let interface =
            interface.ok_or(Fault::Malformed("a packet of an interface that was not described"))?;
        let (head, kept, length) = match kind {
            SIMPLE_PACKET => {
                let length = number(0)?;
                (4, length.min(interface.snap_length).min(body.saturating_sub(4)), length)
            }
            _ => (20, number(12)?, number(16)?),
        };
        if kept > MAXIMUM_PACKET_BYTES {
            return Err(Fault::Oversized(kept));
        }
        let time = (kind != SIMPLE_PACKET).then_some((number(4), number(8)));
        let time = match time {
            Some((high, low)) => Some(interface.time(u64::from(high?) << 32 | u64::from(low?))),
            None => None,
        };
        let bytes = block.get(head..).and_then(|rest| rest.get(..kept as usize)).ok_or(SHORT)?;
        Ok(Packet {
            time: time.map(WallTime),
            link: interface.link,
            length: length.max(kept),
            bytes,
        })
    }

    /// The body of a block, which ends with the length once more.
    fn read_block<'a, R: Read>(
        &self,
        body: u32,
        bytes: &'a mut Bytes<R>,
    ) -> Result<&'a [u8], Fault> {
        if body > MAXIMUM_PACKET_BYTES + OPTIONS_BYTES {
            return Err(Fault::Oversized(body));
        }
        let block = bytes.take(body as usize + 4)?.ok_or(Fault::Truncated)?;
        let (block, end) = block.split_last_chunk().ok_or(Fault::Truncated)?;
        if self.order.u32(*end) == body + FRAME_BYTES { Ok(block) } else { Err(UNEQUAL) }
    }

    fn check_end<R: Read>(&self, length: u32, bytes: &mut Bytes<R>) -> Result<(), Fault> {
        let end = bytes.take_array()?.ok_or(Fault::Truncated)?;
        if self.order.u32(end) == length { Ok(()) } else { Err(UNEQUAL) }
    }
}

const UNEQUAL: Fault = Fault::Malformed("a block whose two lengths differ");

fn skip<R: Read>(bytes: &mut Bytes<R>, count: u32) -> Result<(), Fault> {
    if bytes.skip(u64::from(count))? { Ok(()) } else { Err(Fault::Truncated) }
}
