//! Characters of a segment, counted.

const KINDS: usize = 8;

/// The kind of each byte: digit, capital and small letter up to `f`, capital and small
/// letter, joint, other.
const KIND_OF: [u8; 256] = {
    let mut kinds = [6; 256];
    let mut byte = 0u8;
    loop {
        kinds[byte as usize] = match byte {
            b'0'..=b'9' => 0,
            b'A'..=b'F' => 1,
            b'a'..=b'f' => 2,
            b'G'..=b'Z' => 3,
            b'g'..=b'z' => 4,
            _ if joins(byte) => 5,
            _ => 6,
        };
        if byte == u8::MAX {
            break;
        }
        byte += 1;
    }
    kinds
};

/// How many characters of which kind a segment has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) digits: usize,
    pub(super) uppers: usize,
    pub(super) lowers: usize,
    /// Letters beyond `f`.
    beyond_hex: usize,
    /// Characters that join words: see [`joins`].
    joints: usize,
    /// All others.
    pub(super) others: usize,
}

impl Shape {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut counts = [0u32; KINDS];
        for &byte in bytes {
            counts[KIND_OF[byte as usize] as usize % KINDS] += 1;
        }
        let [digits, upper_hex, lower_hex, uppers, lowers, joints, others, _] =
            counts.map(|count| count as usize);
        Self {
            digits,
            uppers: upper_hex + uppers,
            lowers: lower_hex + lowers,
            beyond_hex: uppers + lowers,
            joints,
            others,
        }
    }

    pub(super) const fn letters(&self) -> usize {
        self.uppers + self.lowers
    }

    /// Long and of both cases.
    pub(super) const fn is_mixed(&self) -> bool {
        self.letters() + self.digits >= 16 && self.uppers > 0 && self.lowers > 0
    }

    /// 8-4-4-4-12 hexadecimal digits.
    pub(super) fn is_uuid(&self, bytes: &[u8]) -> bool {
        let is_dash = |at: usize| bytes.get(at) == Some(&b'-');
        bytes.len() == 36
            && self.digits + self.letters() == 32
            && self.beyond_hex == 0
            && [8, 13, 18, 23].into_iter().all(is_dash)
    }

    /// Eight hexadecimal digits or more, or any after `0x`. Without one below ten, they
    /// are taken for a word.
    pub(super) fn is_hex(&self, bytes: &[u8]) -> bool {
        if self.joints > 0 || self.digits == 0 {
            return false;
        }
        let is_marked = bytes.starts_with(b"0x") && bytes.len() > 2 && self.beyond_hex == 1;
        is_marked || (self.beyond_hex == 0 && bytes.len() >= 8)
    }
}

/// Characters between the words of a compound: the unreserved ones of RFC 3986
/// section 2.3 that are no letters or digits, and `$`, with which `OData` begins words.
pub(super) const fn joins(byte: u8) -> bool {
    matches!(byte, b'-' | b'_' | b'.' | b'~' | b'$')
}
