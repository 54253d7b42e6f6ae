//! Names of the pipeline's words in records and metrics: lower snake case, stable.

use crate::pipeline::input::{LossReason, Source, Stage, UncapturedReason};
use crate::pipeline::output::{ConnectionEventKind, Encryption, Observed};

/// The name of a reason why bytes were not read.
#[must_use]
pub const fn uncaptured_reason(reason: UncapturedReason) -> &'static str {
    match reason {
        UncapturedReason::Truncated => "truncated",
        UncapturedReason::Sendfile => "sendfile",
        UncapturedReason::MultiMessage => "multi_message",
        UncapturedReason::IoUring => "io_uring",
        UncapturedReason::Compat => "compat",
        UncapturedReason::ReadFault => "read_fault",
        UncapturedReason::Discarded => "discarded",
        UncapturedReason::OtherCall => "other_call",
        UncapturedReason::Lost => "lost",
        UncapturedReason::Bypassed => "bypassed",
    }
}

/// The name of a stage that can lose.
#[must_use]
pub const fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::DataRing => "data_ring",
        Stage::ControlRing => "control_ring",
        Stage::KernelTable => "kernel_table",
        Stage::Pipeline => "pipeline",
        Stage::Sink => "sink",
    }
}

/// The name of a reason for loss.
#[must_use]
pub const fn loss_reason(reason: LossReason) -> &'static str {
    match reason {
        LossReason::RingFull => "ring_full",
        LossReason::TableFull => "table_full",
        LossReason::Evicted => "evicted",
        LossReason::QueueFull => "queue_full",
    }
}

/// The name of a place where bytes are read.
#[must_use]
pub const fn source(source: Source) -> &'static str {
    match source {
        Source::Socket => "socket",
        Source::Pcap => "pcap",
    }
}

/// The name of what is observed of a connection.
#[must_use]
pub const fn observed(observed: Observed) -> &'static str {
    match observed {
        Observed::Client => "client",
        Observed::Server => "server",
        Observed::Both => "both",
    }
}

/// The name of a kind of protection.
#[must_use]
pub const fn encryption(encryption: Encryption) -> &'static str {
    match encryption {
        Encryption::Clear => "clear",
        Encryption::Tls => "tls",
        Encryption::Unknown => "unknown",
    }
}

/// The name of a connection event.
#[must_use]
pub const fn connection_event(event: ConnectionEventKind) -> &'static str {
    match event {
        ConnectionEventKind::Open => "open",
        ConnectionEventKind::Close => "close",
    }
}
