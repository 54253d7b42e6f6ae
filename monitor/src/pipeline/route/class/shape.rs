//! Characters of a segment, counted.

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
        let mut shape = Self::default();
        for &byte in bytes {
            match byte {
                b'0'..=b'9' => shape.digits += 1,
                b'a'..=b'z' => {
                    shape.lowers += 1;
                    shape.beyond_hex += usize::from(byte > b'f');
                }
                b'A'..=b'Z' => {
                    shape.uppers += 1;
                    shape.beyond_hex += usize::from(byte > b'F');
                }
                _ if joins(byte) => shape.joints += 1,
                _ => shape.others += 1,
            }
        }
        shape
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
/// section 2.3 that are no letters or digits, and `$`, with which OData begins words.
pub(super) const fn joins(byte: u8) -> bool {
    matches!(byte, b'-' | b'_' | b'.' | b'~' | b'$')
}
