//! The pieces of a message of DNS as they are on the wire (RFC 1035 sections 3.1, 4.1.4).

/// Bytes of the longest name, its lengths included and the final 0 not.
const NAME_BYTES: usize = 254;
/// Pointers that a name may follow. Each leads backwards, so that they end, and few are
/// ever needed.
const POINTERS: u8 = 32;

/// Why a piece cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The message ends before it.
    Cut,
    /// It is not as DNS has it.
    Malformed,
}

/// A name, uncompressed and in lower case.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    bytes: [u8; NAME_BYTES],
    length: u8,
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.wire() == other.wire()
    }
}

impl Name {
    const fn root() -> Self {
        Self { bytes: [0; NAME_BYTES], length: 0 }
    }

    fn wire(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// Adds a label with its length in front; none where the name becomes too long.
    fn push(&mut self, label: &[u8]) -> Option<()> {
        let start = usize::from(self.length);
        let end = start + label.len();
        let place = self.bytes.get_mut(start..end)?;
        place.copy_from_slice(label);
        // A length is below 64 and so no letter.
        place.make_ascii_lowercase();
        self.length = u8::try_from(end).ok()?;
        Some(())
    }

    /// The name with dots between its labels, where every byte can stand for itself.
    pub(super) fn text(&self) -> Option<String> {
        let mut text = String::with_capacity(usize::from(self.length));
        let mut rest = self.wire();
        while let Some((length, after)) = rest.split_first() {
            let (label, after) = after.split_at_checked(usize::from(*length))?;
            if !label.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'.') {
                return None;
            }
            if !text.is_empty() {
                text.push('.');
            }
            text.extend(label.iter().copied().map(char::from));
            rest = after;
        }
        Some(text)
    }
}

/// Reads a message piece by piece.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(message: &'a [u8], at: usize) -> Self {
        Self { message, at }
    }

    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// The next bytes.
    pub(super) fn bytes(&mut self, length: usize) -> Result<&'a [u8], Stop> {
        let end = self.at.checked_add(length).ok_or(Stop::Cut)?;
        let bytes = self.message.get(self.at..end).ok_or(Stop::Cut)?;
        self.at = end;
        Ok(bytes)
    }

    /// The next number of two bytes.
    pub(super) fn number(&mut self) -> Result<u16, Stop> {
        let bytes = self.bytes(2)?.first_chunk().ok_or(Stop::Cut)?;
        Ok(u16::from_be_bytes(*bytes))
    }

    /// The next number of four bytes.
    pub(super) fn long_number(&mut self) -> Result<u32, Stop> {
        let bytes = self.bytes(4)?.first_chunk().ok_or(Stop::Cut)?;
        Ok(u32::from_be_bytes(*bytes))
    }

    /// The next name.
    pub(super) fn name(&mut self) -> Result<Name, Stop> {
        let mut name = Name::root();
        let (mut start, mut at, mut after) = (self.at, self.at, None);
        let mut pointers = 0;
        loop {
            let length = *self.message.get(at).ok_or(Stop::Cut)?;
            match length {
                0 => {
                    self.at = after.unwrap_or(at + 1);
                    return Ok(name);
                }
                1..=63 => {
                    let end = at + 1 + usize::from(length);
                    let label = self.message.get(at..end).ok_or(Stop::Cut)?;
                    name.push(label).ok_or(Stop::Malformed)?;
                    at = end;
                }
                0xc0.. => {
                    let low = *self.message.get(at + 1).ok_or(Stop::Cut)?;
                    let target = usize::from(u16::from_be_bytes([length & 0x3f, low]));
                    pointers += 1;
                    if target >= start || pointers > POINTERS {
                        return Err(Stop::Malformed);
                    }
                    after.get_or_insert(at + 2);
                    (start, at) = (target, target);
                }
                64..0xc0 => return Err(Stop::Malformed),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], at: usize) -> Result<(Option<String>, usize), Stop> {
        let mut reader = Reader::new(bytes, at);
        reader.name().map(|name| (name.text(), reader.at()))
    }

    #[test]
    fn names_are_read_wherever_their_parts_stand() {
        let text = |text: &str, at| Ok((Some(text.to_owned()), at));
        type Case = (&'static [u8], usize, Result<(Option<String>, usize), Stop>);
        let cases: [Case; 13] = [
            (b"\x03WWW\x07example\0rest", 0, text("www.example", 13)),
            (b"\0", 0, text("", 1)),
            (b"\x07example\0\x03www\xc0\0rest", 9, text("www.example", 15)),
            (b"\x01a\0\xc0\0\x01b\xc0\x03", 5, text("b.a", 9)),
            (b"\x01.\0", 0, Ok((None, 3))),
            (b"\x02a\x07\0", 0, Ok((None, 4))),
            (b"\x03ww", 0, Err(Stop::Cut)),
            (b"\xc0", 0, Err(Stop::Cut)),
            (b"", 0, Err(Stop::Cut)),
            (b"\xc0\0", 0, Err(Stop::Malformed)),
            (b"\x01a\xc0\0", 0, Err(Stop::Malformed)),
            (b"\xc0\x02\xc0\0", 2, Err(Stop::Malformed)),
            (b"\x41a\0", 0, Err(Stop::Malformed)),
        ];
        for (bytes, at, expected) in cases {
            assert_eq!(read(bytes, at), expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn names_and_pointers_have_an_end() {
        let longest = [b"\x01a".repeat(127), vec![0]].concat();
        assert_eq!(read(&longest, 0).map(|(text, _)| text.map(|it| it.len())), Ok(Some(253)));
        let longer = [b"\x01a".repeat(128), vec![0]].concat();
        assert_eq!(read(&longer, 0), Err(Stop::Malformed));
        let mut chain = b"\x01a\0".to_vec();
        for target in 0..40u8 {
            chain.extend([0xc0, if target == 0 { 0 } else { 1 + 2 * target }]);
        }
        assert!(read(&chain, 3 + 2 * 31).is_ok());
        assert_eq!(read(&chain, 3 + 2 * 32), Err(Stop::Malformed));
    }
}
