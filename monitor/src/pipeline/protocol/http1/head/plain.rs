//! Heads without an oddity, which nearly all are, in one pass. Whatever is odd or not there
//! as a whole is declined, for the thorough parsers to read or to name.

use super::{FEW_FIELDS, Head, Kind, Start};
use crate::pipeline::protocol::http1::fields::Fields;

/// Reads the head at the start of `bytes`; what it tells is what httparse would.
#[inline]
pub(super) fn parse(kind: Kind, bytes: &[u8]) -> Option<Head<'_>> {
    let mut rest = Rest(bytes);
    let (start, minor) = match kind {
        Kind::Request => request_line(&mut rest)?,
        Kind::Response => response_line(&mut rest)?,
    };
    let mut fields = Fields::default();
    for _ in 0..=FEW_FIELDS {
        if rest.take(b"\r\n").is_some() {
            return Some(Head { start, minor, fields, bytes: bytes.len() - rest.0.len() });
        }
        let name = rest.token()?;
        rest.take(b":")?;
        fields.take(name, rest.line()?.trim_ascii());
    }
    None
}

/// RFC 9112 section 3.
fn request_line<'a>(rest: &mut Rest<'a>) -> Option<(Start<'a>, u8)> {
    let method = rest.token()?;
    rest.take(b" ")?;
    let target = rest.target()?;
    rest.take(b" HTTP/1.")?;
    let minor = rest.minor()?;
    rest.take(b"\r\n")?;
    Some((Start::Request { method, target }, minor))
}

/// RFC 9112 section 4.
fn response_line<'a>(rest: &mut Rest<'a>) -> Option<(Start<'a>, u8)> {
    rest.take(b"HTTP/1.")?;
    let minor = rest.minor()?;
    let (digits, after) = rest.0.split_first_chunk::<5>()?;
    let [b' ', a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', b' '] = digits else {
        return None;
    };
    rest.0 = after;
    rest.line()?;
    let digit = |byte: &u8| u16::from(byte - b'0');
    Some((Start::Response { status: digit(a) * 100 + digit(b) * 10 + digit(c) }, minor))
}

/// What has not been read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, expected: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }

    /// RFC 9110 section 5.6.2: at least one of its characters.
    fn token(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|&byte| !IS_TOKEN[usize::from(byte)])?;
        self.split((end > 0).then_some(end)?)
    }

    fn target(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|byte| !byte.is_ascii_graphic())?;
        self.split((end > 0).then_some(end)?)
    }

    fn minor(&mut self) -> Option<u8> {
        let (digit, rest) = self.0.split_first()?;
        self.0 = rest;
        matches!(digit, b'0' | b'1').then(|| digit - b'0')
    }

    /// The rest of a line without a control character, whose end is taken too.
    fn line(&mut self) -> Option<&'a [u8]> {
        let line = self.split(control_character(self.0)?)?;
        self.take(b"\r\n")?;
        Some(line)
    }

    fn split(&mut self, at: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(at)?;
        self.0 = rest;
        Some(taken)
    }
}

/// Where the first control character is; eight bytes are looked at together.
fn control_character(bytes: &[u8]) -> Option<usize> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let (words, rest) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The sign of a byte is set where it is below 0x20 or 0x7f. A borrow reaches only
        // bytes after such a one, so the first that is told is one.
        let below = word.wrapping_sub(EACH * 0x20) & !word;
        let delete = word ^ (EACH * 0x7f);
        let found = (below | (delete.wrapping_sub(EACH) & !delete)) & (EACH * 0x80);
        if found != 0 {
            return Some(number * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let found = rest.iter().position(u8::is_ascii_control)?;
    Some(words.len() * 8 + found)
}

/// RFC 9110 section 5.6.2.
static IS_TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(byte as u8,
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'!' | b'#' | b'$' | b'%' | b'&' | b'\''
            | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~');
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use std::mem::MaybeUninit;

    use proptest::prelude::*;

    use super::super::regular;
    use super::*;

    /// What it reads, httparse reads likewise.
    fn assert_agrees(kind: Kind, bytes: &[u8]) -> bool {
        let Some(plain) = parse(kind, bytes) else { return false };
        let mut room = [const { MaybeUninit::uninit() }; FEW_FIELDS];
        let regular = regular(kind, bytes, &mut room).expect("httparse reads it");
        assert_eq!(
            format!("{:?}", Some(plain)),
            format!("{regular:?}"),
            "{}",
            bytes.escape_ascii()
        );
        true
    }

    const HEADS: [(Kind, &[u8]); 6] = [
        (Kind::Request, b"GET /a?b=c HTTP/1.1\r\nHost: a\r\nX-Api-Key:  k \r\nEmpty:\r\n\r\n"),
        (Kind::Request, b"POST / HTTP/1.0\r\nContent-Length: 5\r\nA: \xc3\xa4\r\n\r\nhello"),
        (Kind::Request, b"OPTIONS * HTTP/1.1\r\n\r\n"),
        (Kind::Response, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}"),
        (Kind::Response, b"HTTP/1.0 404 \r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
        (Kind::Response, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c, x\r\n\r\n"),
    ];

    #[test]
    fn plain_heads_are_read() {
        for (kind, bytes) in HEADS {
            assert!(assert_agrees(kind, bytes), "{}", bytes.escape_ascii());
        }
    }

    /// Every byte at every place of a head.
    #[test]
    fn what_is_read_is_what_httparse_reads() {
        for (kind, bytes) in HEADS {
            for place in 0..bytes.len() {
                for byte in 0..=255 {
                    let mut changed = bytes.to_vec();
                    changed[place] = byte;
                    assert_agrees(kind, &changed);
                    changed.insert(place, bytes[place]);
                    assert_agrees(kind, &changed);
                }
                assert_agrees(kind, &bytes[..place]);
                assert_agrees(kind, &bytes[place..]);
            }
        }
    }

    #[test]
    fn only_few_fields_are_read() {
        for (fields, expected) in [(FEW_FIELDS, true), (FEW_FIELDS + 1, false)] {
            let head = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(fields));
            assert_eq!(assert_agrees(Kind::Request, head.as_bytes()), expected, "{fields}");
        }
    }

    /// What heads are made of, and what spoils them.
    const PARTS: [&[u8]; 18] = [
        b"GET",
        b"HTTP/1.1",
        b"HTTP/1.0",
        b" ",
        b"/",
        b"200",
        b"\r\n",
        b"\n",
        b"\r",
        b"\t",
        b":",
        b": ",
        b"Host",
        b"Content-Length",
        b"5",
        b",",
        b"\0",
        b"\xff",
    ];

    proptest! {
        #[test]
        fn spliced_heads_are_read_as_httparse_reads_them(
            head in 0..HEADS.len(),
            splices in prop::collection::vec((0..64_usize, 0..4_usize, 0..PARTS.len()), 0..6),
        ) {
            let (kind, bytes) = HEADS[head];
            let mut bytes = bytes.to_vec();
            for (at, removed, part) in splices {
                let at = at.min(bytes.len());
                let end = (at + removed).min(bytes.len());
                bytes.splice(at..end, PARTS[part].iter().copied());
            }
            assert_agrees(kind, &bytes);
        }

        #[test]
        fn the_first_control_character_is_found(bytes: Vec<u8>, rare in any::<bool>()) {
            let bytes: Vec<u8> = bytes
                .into_iter()
                .map(|byte| if rare && byte > 8 { byte | 0x40 } else { byte })
                .collect();
            let expected = bytes.iter().position(u8::is_ascii_control);
            prop_assert_eq!(control_character(&bytes), expected);
        }
    }
}
