//! Counts of those who were not served.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::named::named;

/// Why somebody was not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Too many connections at a time.
    Connections,
    /// No TLS came about.
    Handshake,
    /// No password, or not the right one.
    Credentials,
    /// Too many unknown passwords at a time.
    Busy,
}

impl Refusal {
    named! { Self {
        Connections = "connections",
        Handshake = "handshake",
        Credentials = "credentials",
        Busy = "busy",
    } }
}

/// How often each came up. Clones share the counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusals(Arc<[AtomicU64; Refusal::ALL.len()]>);

impl Refusals {
    pub(super) fn count(&self, refusal: Refusal) {
        self.0[refusal as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn totals(&self) -> impl Iterator<Item = (Refusal, u64)> {
        let totals = self.0.iter().map(|total| total.load(Ordering::Relaxed));
        Refusal::ALL.iter().copied().zip(totals)
    }
}
