//! Numbers and vectors of the presentation language (RFC 8446 section 3), one after another.

/// What is left of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    /// A vector whose length is a byte.
    pub(super) fn vector8(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.bytes(usize::from(length))
    }

    /// A vector whose length is two bytes.
    pub(super) fn vector16(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.bytes(usize::from(length))
    }
}

/// The bytes as numbers of two bytes; none where one is cut in half.
pub(super) fn numbers(bytes: &[u8]) -> Option<impl Iterator<Item = u16> + Clone> {
    let (pairs, rest) = bytes.as_chunks();
    rest.is_empty().then(|| pairs.iter().map(|pair| u16::from_be_bytes(*pair)))
}

/// Values that clients offer so that servers learn to ignore what they do not know
/// (RFC 8701 section 2): 0x0a0a, 0x1a1a, to 0xfafa.
pub(super) const fn is_grease(number: u16) -> bool {
    let [high, low] = number.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}
