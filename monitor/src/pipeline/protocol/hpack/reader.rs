//! Integers and strings of a field block (RFC 7541 section 5).

/// What is left of a field block.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

/// A string as it stands in a field block.
#[derive(Clone, Copy)]
pub(super) enum Coded<'a> {
    /// As it is.
    Raw(&'a [u8]),
    /// In the Huffman code.
    Huffman(&'a [u8]),
}

/// Most bytes of an integer behind its prefix: enough for 32 bits.
const INTEGER_BYTES: usize = 5;

impl<'a> Reader<'a> {
    pub(super) fn new(block: &'a [u8]) -> Self {
        Self { rest: block }
    }

    /// The byte that comes next, which says what does; none at the end of the block.
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// An integer whose prefix has so many bits (RFC 7541 section 5.1); none where it is
    /// cut off, longer than any use for it or more than 32 bits.
    pub(super) fn integer(&mut self, prefix_bits: u32) -> Option<u32> {
        let (&first, behind) = self.rest.split_first()?;
        self.rest = behind;
        let limit = 0xff >> (8 - prefix_bits);
        let prefix = u32::from(first) & limit;
        if prefix < limit { Some(prefix) } else { self.long_integer(limit) }
    }

    fn long_integer(&mut self, prefix: u32) -> Option<u32> {
        let mut value = u64::from(prefix);
        for place in 0..INTEGER_BYTES {
            let (&byte, behind) = self.rest.split_first()?;
            self.rest = behind;
            value += u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return u32::try_from(value).ok();
            }
        }
        None
    }

    /// A string (RFC 7541 section 5.2); none where it is cut off.
    pub(super) fn string(&mut self) -> Option<Coded<'a>> {
        let is_huffman = self.peek()? & 0x80 != 0;
        let length = self.integer(7)?;
        let (bytes, behind) = self.rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.rest = behind;
        Some(if is_huffman { Coded::Huffman(bytes) } else { Coded::Raw(bytes) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_a_prefix_and_an_end() {
        let cases: [(u32, &[u8], Option<u32>); 15] = [
            // RFC 7541 appendix C.1.
            (5, &[0b0000_1010], Some(10)),
            (5, &[0b1111_1111, 0b1001_1010, 0b0000_1010], Some(1337)),
            (8, &[0b0010_1010], Some(42)),
            // The bits before the prefix do not count.
            (5, &[0b1110_1010], Some(10)),
            (5, &[0b1111_1111, 0], Some(31)),
            (7, &[0xff, 0x80, 0], Some(127)),
            (7, &[0xff, 0x80, 0x80, 0x80, 0x80, 0], Some(127)),
            (7, &[0xff, 0x80, 0xff, 0xff, 0xff, 0x0f], Some(u32::MAX)),
            (7, &[0xff, 0x81, 0xff, 0xff, 0xff, 0x0f], None),
            (7, &[0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], None),
            (7, &[0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0], None),
            (7, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], None),
            (7, &[0xff], None),
            (7, &[0xff, 0x80], None),
            (7, &[], None),
        ];
        for (prefix_bits, bytes, expected) in cases {
            assert_eq!(Reader::new(bytes).integer(prefix_bits), expected, "{bytes:x?}");
        }
    }
}
