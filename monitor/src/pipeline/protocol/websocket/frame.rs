//! The header of a frame (RFC 6455 section 5.2).

/// Bytes of the longest header.
pub(super) const HEADER_BYTES: usize = 14;
/// The first reserved bit, which permessage-deflate uses (RFC 7692 section 7.2.3.1).
pub(super) const RSV1: u8 = 0x40;

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// It is the last frame of its message.
    pub(super) is_last: bool,
    /// The three reserved bits, where they stand in the first byte.
    pub(super) reserved: u8,
    pub(super) opcode: Opcode,
    pub(super) mask: Option<[u8; 4]>,
    /// Bytes of the payload.
    pub(super) length: u64,
    /// The length was written as short as it can be.
    pub(super) is_minimal: bool,
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
    /// Reserved for data frames.
    OtherData,
    /// Reserved for control frames.
    OtherControl,
}

impl Opcode {
    const fn from_bits(bits: u8) -> Self {
        match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            3..=7 => Self::OtherData,
            _ => Self::OtherControl,
        }
    }

    pub(super) const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong | Self::OtherControl)
    }

    pub(super) const fn is_reserved(self) -> bool {
        matches!(self, Self::OtherData | Self::OtherControl)
    }
}

/// The header at the start of `bytes`, and how long it is; none where it goes on.
pub(super) fn parse(bytes: &[u8]) -> Option<(Header, usize)> {
    let (&[first, second], rest) = bytes.split_first_chunk()?;
    let (length, is_minimal, rest) = match second & 0x7f {
        126 => {
            let (length, rest) = rest.split_first_chunk()?;
            let length = u64::from(u16::from_be_bytes(*length));
            (length, length > 125, rest)
        }
        127 => {
            let (length, rest) = rest.split_first_chunk()?;
            let length = u64::from_be_bytes(*length);
            (length, length > u64::from(u16::MAX), rest)
        }
        length => (u64::from(length), true, rest),
    };
    let (mask, rest) = if second & 0x80 == 0 {
        (None, rest)
    } else {
        let (mask, rest) = rest.split_first_chunk()?;
        (Some(*mask), rest)
    };
    let header = Header {
        is_last: first & 0x80 != 0,
        reserved: first & 0x70,
        opcode: Opcode::from_bits(first & 0x0f),
        mask,
        length,
        is_minimal,
    };
    Some((header, bytes.len() - rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_once_they_are_whole() {
        let header = |length, mask, is_minimal| Header {
            is_last: true,
            reserved: 0,
            opcode: Opcode::Binary,
            mask,
            length,
            is_minimal,
        };
        let mask = Some([1, 2, 3, 4]);
        let cases: [(&[u8], Header); 7] = [
            (b"\x82\x00", header(0, None, true)),
            (b"\x82\xfd\x01\x02\x03\x04", header(125, mask, true)),
            (b"\x82\x7e\x00\x7e", header(126, None, true)),
            (b"\x82\x7e\x00\x7d", header(125, None, false)),
            (b"\x82\xff\0\0\0\0\0\x01\0\0\x01\x02\x03\x04", header(65536, mask, true)),
            (b"\x82\x7f\0\0\0\0\0\0\xff\xff", header(65535, None, false)),
            (b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", header(u64::MAX, None, true)),
        ];
        for (bytes, expected) in cases {
            assert_eq!(parse(bytes), Some((expected, bytes.len())), "{}", bytes.escape_ascii());
            let longer = [bytes, b"payload"].concat();
            assert_eq!(parse(&longer), Some((expected, bytes.len())));
            for length in 0..bytes.len() {
                assert_eq!(parse(&bytes[..length]), None, "{length} of {}", bytes.escape_ascii());
            }
        }
    }

    #[test]
    fn the_first_byte_says_what_a_frame_is() {
        let (header, _) = parse(b"\x70\x00").expect("a header");
        assert_eq!((header.is_last, header.reserved), (false, 0x70));
        for (bits, opcode, is_control, is_reserved) in [
            (0, Opcode::Continuation, false, false),
            (1, Opcode::Text, false, false),
            (7, Opcode::OtherData, false, true),
            (8, Opcode::Close, true, false),
            (10, Opcode::Pong, true, false),
            (11, Opcode::OtherControl, true, true),
            (15, Opcode::OtherControl, true, true),
        ] {
            let (header, _) = parse(&[bits, 0]).expect("a header");
            assert_eq!(header.opcode, opcode);
            assert_eq!((opcode.is_control(), opcode.is_reserved()), (is_control, is_reserved));
        }
    }
}
