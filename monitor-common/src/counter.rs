//! Per-CPU counters of the kernel side, by reason.
//!
//! For each ring: generated = delivered + lost, exactly.

/// One slot of the kernel side's per-CPU counter array.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// Data records that the kernel side tried to put into the payload ring.
    DataGenerated = 0,
    /// Data records that did not fit into the payload ring.
    DataLost = 1,
    /// Connection and process records tried.
    ControlGenerated = 2,
    /// Connection and process records that did not fit into the control ring.
    ControlLost = 3,
    /// Payload reads that failed because the page was not present.
    ReadFault = 4,
    /// Tier B: no room for the state of a connection.
    StateFull = 5,
    /// Tier B: socket calls of 32-bit programs, whose registers mean other things.
    CompatSkipped = 6,
    /// Calls whose payload no register reaches (`io_uring`, sendfile, splice, …).
    LengthOnly = 7,
}

impl Counter {
    /// Slots in the array.
    pub const COUNT: u32 = 8;

    /// All counters, in the order of their slots.
    pub const ALL: [Self; Self::COUNT as usize] = [
        Self::DataGenerated,
        Self::DataLost,
        Self::ControlGenerated,
        Self::ControlLost,
        Self::ReadFault,
        Self::StateFull,
        Self::CompatSkipped,
        Self::LengthOnly,
    ];
}
