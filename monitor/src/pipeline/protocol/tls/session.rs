//! The id of a session, which a server repeats to go on with it (RFC 5246 section 7.4.1.3).

/// An id of 0 to 32 bytes. Whoever has it cannot take the session over, but it is nobody's
/// business, so it is not shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct SessionId {
    bytes: [u8; 32],
    length: u8,
}

impl SessionId {
    /// The id; none where it is too long for one.
    pub(super) fn parse(id: &[u8]) -> Option<Self> {
        let mut bytes = [0; 32];
        bytes.get_mut(..id.len())?.copy_from_slice(id);
        Some(Self { bytes, length: u8::try_from(id.len()).ok()? })
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl std::fmt::Debug for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SessionId({} bytes)", self.length)
    }
}
