//! What the kernel side (`monitor-ebpf`) and the user side (`monitor`) must agree on.
//!
//! Every type here is `repr(C)` with explicit padding, and its size is asserted
//! at compile time. Nothing else belongs here: *shared* must not become *misc*.
#![cfg_attr(not(feature = "user"), no_std)]

/// Per-CPU counters of the kernel side, by reason.
pub mod counter;
/// Bounds that both sides rely on.
pub mod limits;
/// The records that travel through the two rings and the iterators.
pub mod record;
/// What user space tells the kernel side once, before load.
pub mod settings;
