//! Short texts without allocation.

use std::fmt;

/// Room for any address with its port, and for any number.
const ROOM: usize = 64;

/// A short text on the stack. A part that has no room is refused whole.
pub(super) struct Buffer {
    bytes: [u8; ROOM],
    used: usize,
}

impl Buffer {
    /// What was written.
    pub(super) fn as_str(&self) -> &str {
        let used = self.bytes.get(..self.used).expect("no more is used than there is");
        std::str::from_utf8(used).expect("only whole texts are written")
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self { bytes: [0; ROOM], used: 0 }
    }
}

impl fmt::Write for Buffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.used + text.len();
        let room = self.bytes.get_mut(self.used..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.used = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::net::SocketAddr;

    use super::*;

    #[test]
    fn the_longest_address_has_room_and_more_is_refused() {
        let longest = "[1111:2222:3333:4444:5555:6666:7777:8888]:65535";
        let mut buffer = Buffer::default();
        write!(buffer, "{}", longest.parse::<SocketAddr>().unwrap()).unwrap();
        assert_eq!(buffer.as_str(), longest);
        assert!(buffer.write_str(longest).is_err());
        assert_eq!(buffer.as_str(), longest);
    }
}
