//! Interfaces of a section, and the options of blocks.

use crate::pcap::bytes::Order;

const NANOSECONDS: u128 = 1_000_000_000;
/// Powers of ten beyond this one mean no more than this one.
const SMALLEST_UNIT: u8 = 36;

/// Codes of the options that are looked at.
const END: u16 = 0;
const TIME_RESOLUTION: u16 = 9;
const TIME_OFFSET: u16 = 14;
const INTERFACE_DROPPED: u16 = 5;
const SYSTEM_DROPPED: u16 = 7;

/// What was captured on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interface {
    /// Link type of its packets.
    pub(super) link: u32,
    /// Most bytes that were kept of a packet.
    pub(super) snap_length: u32,
    /// Packets that it is known to have dropped.
    pub(super) dropped: u64,
    /// Units of time in a second.
    units: u128,
    /// Seconds to add to a time.
    offset: i64,
}

impl Interface {
    /// The interface that a block describes; none where the block is too short.
    pub(super) fn of_block(order: Order, block: &[u8]) -> Option<Self> {
        let link = u32::from(order.u16_at(block, 0)?);
        let snap_length = match order.u32_at(block, 4)? {
            0 => u32::MAX,
            length => length,
        };
        let mut interface = Self { link, snap_length, dropped: 0, units: 1_000_000, offset: 0 };
        for (code, value) in options(order, block.get(8..).unwrap_or_default()) {
            match (code, value) {
                (TIME_RESOLUTION, [resolution, ..]) => interface.units = units(*resolution),
                (TIME_OFFSET, value) => {
                    let offset = value.first_chunk().map_or(0, |bytes| order.u64(*bytes));
                    interface.offset = offset.cast_signed();
                }
                _ => {}
            }
        }
        Some(interface)
    }

    /// Wall time of a time in units of this interface, in nanoseconds.
    pub(super) fn time(&self, units: u64) -> u64 {
        // A microsecond and a nanosecond, as nearly always, without a division of 128 bits.
        let nanoseconds = match self.units {
            1_000_000 => u128::from(units) * 1000,
            NANOSECONDS => u128::from(units),
            other => {
                let (seconds, rest) = (u128::from(units) / other, u128::from(units) % other);
                seconds * NANOSECONDS + rest.saturating_mul(NANOSECONDS) / other
            }
        };
        let nanoseconds = i128::try_from(nanoseconds).unwrap_or(i128::MAX);
        let shifted = nanoseconds.saturating_add(i128::from(self.offset) * 1_000_000_000);
        u64::try_from(shifted.max(0)).unwrap_or(u64::MAX)
    }
}

/// The upper bit says that the rest is a power of two, else it is one of ten.
fn units(resolution: u8) -> u128 {
    let power = resolution & 0x7f;
    if resolution & 0x80 == 0 {
        10_u128.pow(u32::from(power.min(SMALLEST_UNIT)))
    } else {
        1 << power.min(120)
    }
}

/// Packets that statistics say were dropped, by the interface and by the system.
pub(super) fn dropped(order: Order, block: &[u8]) -> u64 {
    let of_option = |(code, value): (u16, &[u8])| match code {
        INTERFACE_DROPPED | SYSTEM_DROPPED => value.first_chunk().map(|bytes| order.u64(*bytes)),
        _ => None,
    };
    let options = options(order, block.get(12..).unwrap_or_default());
    options.filter_map(of_option).fold(0, u64::saturating_add)
}

/// The options of a block, up to the first that does not fit.
fn options(order: Order, mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let code = order.u16_at(rest, 0).filter(|code| *code != END)?;
        let length = usize::from(order.u16_at(rest, 2)?);
        let value = rest.get(4..)?.get(..length)?;
        rest = rest.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(order: Order, code: u16, value: &[u8]) -> Vec<u8> {
        let number = |it: u16| match order {
            Order::Little => it.to_le_bytes(),
            Order::Big => it.to_be_bytes(),
        };
        let mut bytes = [number(code), number(value.len() as u16)].concat();
        bytes.extend_from_slice(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    /// (resolution, offset, units) → nanoseconds
    #[test]
    fn times_are_those_of_any_resolution_and_offset() {
        let cases: [(u8, i64, u64, u64); 10] = [
            (6, 0, 1_500_000, 1_500_000_000),
            (9, 0, 1_500_000_000, 1_500_000_000),
            (3, 0, 1500, 1_500_000_000),
            (0, 0, 2, 2_000_000_000),
            (0x80 | 10, 0, 1536, 1_500_000_000),
            (12, 0, 1_500_000_000_000, 1_500_000_000),
            (6, 1_700_000_000, 1, 1_700_000_000_000_001_000),
            (6, -1, 1_500_000, 500_000_000),
            (6, i64::MIN, 1, 0),
            (0x7f, i64::MAX, u64::MAX, u64::MAX),
        ];
        for (resolution, offset, time, expected) in cases {
            for order in [Order::Little, Order::Big] {
                let offset = match order {
                    Order::Little => offset.to_le_bytes(),
                    Order::Big => offset.to_be_bytes(),
                };
                let mut block = vec![0; 8];
                block.extend(option(order, TIME_RESOLUTION, &[resolution]));
                block.extend(option(order, TIME_OFFSET, &offset));
                block.extend(option(order, END, &[]));
                let interface = Interface::of_block(order, &block).expect("whole");
                assert_eq!(interface.time(time), expected, "{resolution:#x} {order:?}");
            }
        }
        assert!(Interface::of_block(Order::Little, &[1, 0, 0, 0]).is_none());
    }

    #[test]
    fn options_that_do_not_fit_end_the_list() {
        let whole = option(Order::Big, SYSTEM_DROPPED, &7_u64.to_be_bytes());
        let mut block = vec![0; 12];
        block.extend(&whole);
        block.extend([0, 5, 0xff, 0xff, 1]);
        assert_eq!(dropped(Order::Big, &block), 7);
        for end in 0..block.len() {
            let _ = dropped(Order::Big, &block[..end]);
        }
    }
}
