//! The clock of the measurements.

use std::time::{Duration, Instant};

/// Now.
#[expect(clippy::disallowed_methods, reason = "measuring time is what a benchmark does")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Looks every few milliseconds until `look` finds something, at most this long.
pub(crate) fn wait_for<T>(at_most: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let until = now() + at_most;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if now() >= until {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
