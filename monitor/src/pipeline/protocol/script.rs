//! A conversation from arbitrary bytes, for fuzzing: which way each part goes, where it is
//! cut, and what is missing are all in the bytes.
//!
//! ```text
//! script  = first *step          first: bit 0 midstream
//! step    = op length bytes      op: bit 0 the way, bits 1..3 the kind; length: two bytes, big end first
//! ```

use super::{Delivery, Way};

/// A gap is as long as its length says, times this: past any body a script can promise.
const GAP_UNIT: u64 = 16;

/// One step of a conversation.
pub(super) type Step<'a> = (Way, Delivery<'a>);

/// Whether the start was missed, and the steps.
pub(super) fn read(bytes: &[u8]) -> (bool, Vec<Step<'_>>) {
    let Some((&first, mut rest)) = bytes.split_first() else { return (false, Vec::new()) };
    let mut steps = Vec::new();
    while let [op, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let way = if op & 1 == 0 { Way::ToServer } else { Way::ToClient };
        let delivery = match op >> 1 & 7 {
            5 => Delivery::Gap(0),
            6 => Delivery::Gap(length as u64 * GAP_UNIT),
            7 => Delivery::GapToldBefore(length as u64 * GAP_UNIT),
            _ => {
                let (part, end) = after.split_at(length.min(after.len()));
                rest = end;
                steps.push((way, Delivery::Bytes(part)));
                continue;
            }
        };
        rest = after;
        steps.push((way, delivery));
    }
    (first & 1 == 1, steps)
}

/// The script of a conversation, to seed the fuzzer with.
#[cfg(test)]
pub(super) fn write(midstream: bool, steps: &[Step<'_>]) -> Vec<u8> {
    let mut script = vec![u8::from(midstream)];
    for (way, delivery) in steps {
        let way = u8::from(*way == Way::ToClient);
        let units = |bytes: u64| (bytes / GAP_UNIT).min(0xffff) as u16;
        let (kind, length, part): (u8, u16, &[u8]) = match delivery {
            Delivery::Bytes(bytes) => {
                let part = bytes.get(..0xffff).unwrap_or(bytes);
                (0, part.len() as u16, part)
            }
            Delivery::Gap(0) => (5, 0, &[]),
            Delivery::Gap(bytes) => (6, units(*bytes), &[]),
            Delivery::GapToldBefore(bytes) => (7, units(*bytes), &[]),
            Delivery::End => continue,
        };
        script.push(kind << 1 | way);
        script.extend(length.to_be_bytes());
        script.extend(part);
    }
    script
}
