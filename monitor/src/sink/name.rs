//! Names of the pipeline's words in records and metrics: lower snake case, stable.

use crate::named::named;
use crate::pipeline::input::{LossReason, Source, Stage, UncapturedReason};
use crate::pipeline::output::{ConnectionEventKind, Encryption, Observed};

named! {
    /// The name of a reason why bytes were not read.
    uncaptured_reason, uncaptured_reason_from_name: UncapturedReason {
        Truncated = "truncated",
        Sendfile = "sendfile",
        MultiMessage = "multi_message",
        IoUring = "io_uring",
        Compat = "compat",
        ReadFault = "read_fault",
        Discarded = "discarded",
        OtherCall = "other_call",
        Lost = "lost",
        Bypassed = "bypassed",
    }
}

named! {
    /// The name of a stage that can lose.
    stage, stage_from_name: Stage {
        DataRing = "data_ring",
        ControlRing = "control_ring",
        KernelTable = "kernel_table",
        Pipeline = "pipeline",
        Sink = "sink",
    }
}

named! {
    /// The name of a reason for loss.
    loss_reason, loss_reason_from_name: LossReason {
        RingFull = "ring_full",
        TableFull = "table_full",
        Evicted = "evicted",
        QueueFull = "queue_full",
    }
}

named! {
    /// The name of a place where bytes are read.
    source, source_from_name: Source {
        Socket = "socket",
        Pcap = "pcap",
    }
}

named! {
    /// The name of what is observed of a connection.
    observed, observed_from_name: Observed {
        Client = "client",
        Server = "server",
        Both = "both",
    }
}

named! {
    /// The name of a kind of protection.
    encryption, encryption_from_name: Encryption {
        Clear = "clear",
        Tls = "tls",
        Unknown = "unknown",
    }
}

named! {
    /// The name of a connection event.
    connection_event, connection_event_from_name: ConnectionEventKind {
        Open = "open",
        Close = "close",
    }
}
