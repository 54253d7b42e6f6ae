//! The hard cap on the memory of the process: above it the pipeline gives up what it can
//! do without, and says how much.

use std::fs;
use std::time::Duration;

use crate::capture::memory;
use crate::clock;
use crate::pipeline::time::Timestamp;

/// Time between two looks, and for what was given up to show.
const INTERVAL: Duration = Duration::from_secs(1);
/// Time between two warnings.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);

/// Watches the resident memory of this process.
pub(super) struct MemoryCap {
    bytes: u64,
    looked: Timestamp,
    warned: Option<Timestamp>,
}

impl MemoryCap {
    pub(super) fn new(bytes: u64) -> Self {
        Self { bytes, looked: clock::monotonic(), warned: None }
    }

    /// Whether the process has grown above the cap; looked at now and then.
    pub(super) fn is_exceeded(&mut self, now: Timestamp) -> bool {
        if now.since(self.looked) < INTERVAL {
            return false;
        }
        self.looked = now;
        let Some(resident) = resident_bytes().filter(|bytes| *bytes > self.bytes) else {
            return false;
        };
        if self.warned.is_none_or(|warned| now.since(warned) >= WARNING_INTERVAL) {
            self.warned = Some(now);
            tracing::warn!(
                resident,
                cap = self.bytes,
                "More memory is used than limits.memory allows; buffers and the connections idle for longest are given up."
            );
        }
        true
    }

    /// Gives what was freed back to the kernel.
    pub(super) fn give_back(&self) {
        memory::give_back_freed();
    }
}

/// Memory of this process, without pages that it shares with files, such as its program.
pub(super) fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let number: u64 = kibibytes.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(number * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_is_looked_at_now_and_then() {
        let mut low = MemoryCap::new(1);
        let mut high = MemoryCap::new(u64::MAX);
        let start = clock::monotonic();
        assert!(!low.is_exceeded(start), "too early");
        let later = start.plus(INTERVAL * 2);
        assert!(low.is_exceeded(later));
        assert!(!low.is_exceeded(later), "just looked at");
        assert!(!high.is_exceeded(later));
    }
}
