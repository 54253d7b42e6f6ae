//! What was read of a capture, and what was not.

use std::fmt::{self, Display, Formatter};

/// What was read of a capture, and what was not. Bytes that a connection moved and that
/// were not captured are in its records too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PcapCounts {
    /// Packets.
    pub packets: u64,
    /// Packets that are no IP.
    pub not_ip: u64,
    /// Packets of a link type that is not read.
    pub unknown_link: u64,
    /// Packets whose headers are damaged or were not captured whole.
    pub unreadable: u64,
    /// IP packets with neither TCP nor DNS.
    pub other_protocol: u64,
    /// IP datagrams that were refused since their fragments overlap.
    pub fragments_overlapping: u64,
    /// IP datagrams of which a fragment is missing.
    pub fragments_unfinished: u64,
    /// TCP segments that belong to no connection.
    pub strays: u64,
    /// Bytes that were sent again.
    pub bytes_repeated: u64,
    /// Bytes that came after the end of their connection.
    pub bytes_after_end: u64,
    /// Bytes that the capture lacks.
    pub bytes_lost: u64,
    /// Times that bytes were sent again and were others.
    pub conflicts: u64,
    /// Connections that were given up to make room for others.
    pub evicted: u64,
    /// Packets that the capturing program says it dropped.
    pub dropped: u64,
}

impl PcapCounts {
    /// What is not as in a whole capture of TCP, each with its words.
    fn lacks(&self) -> [(u64, &'static str); 11] {
        [
            (self.dropped, "dropped by the capturing program"),
            (self.unknown_link, "of a link type that is not read"),
            (self.unreadable, "with unreadable headers"),
            (self.not_ip, "not IP"),
            (self.other_protocol, "neither TCP nor DNS"),
            (self.strays, "of no connection"),
            (self.fragments_overlapping, "datagrams with overlapping fragments"),
            (self.fragments_unfinished, "datagrams with missing fragments"),
            (self.bytes_lost, "bytes missing"),
            (self.conflicts, "conflicting retransmissions"),
            (self.evicted, "connections evicted"),
        ]
    }
}

/// One line: how many packets, and what was not read of them.
impl Display for PcapCounts {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} packets", self.packets)?;
        let mut lead = ": ";
        for (count, words) in self.lacks().into_iter().filter(|(count, _)| *count > 0) {
            write!(f, "{lead}{count} {words}")?;
            lead = ", ";
        }
        Ok(())
    }
}
