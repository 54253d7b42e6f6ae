//! What the capture is and does, for metrics, status and the terminal UI.

use std::fmt;

/// Hooks that read payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// `sock_send_length` and `sock_recv_length`.
    A,
    /// `sys_exit`.
    B,
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "a",
            Self::B => "b",
        })
    }
}

/// A snapshot of the capture. For each ring: generated = delivered + lost, once
/// the ring is drained.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureStatus {
    /// Hooks in use; none for a replay.
    pub tier: Option<Tier>,
    /// Programs attached, by name, with the instructions that the verifier counted.
    pub programs: Vec<(String, u32)>,
    /// Programs that this kernel or these privileges refuse, with what that costs.
    pub declined: Vec<(String, String)>,
    /// Data records that the kernel side generated, lost to a full ring, and delivered.
    pub data: RingStatus,
    /// Connection and process records, likewise.
    pub control: RingStatus,
    /// Payload reads that failed because the page was not present.
    pub read_faults: u64,
    /// Connections without room for their state in the kernel side.
    pub state_full: u64,
    /// Socket calls of 32-bit programs that were only noticed.
    pub compat_skipped: u64,
    /// Calls whose payload could not be reached.
    pub length_only: u64,
}

/// Counts of one ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RingStatus {
    /// Records tried.
    pub generated: u64,
    /// Records that did not fit.
    pub lost: u64,
    /// Records read by user space.
    pub delivered: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// Bytes waiting now.
    pub used: u64,
}
