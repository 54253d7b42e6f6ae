//! How far a large file has been read: one line on a terminal that is not the one the
//! records go to, and gone at the end.

use std::fs::File;
use std::io::{IsTerminal, Seek, Write, stderr, stdout};
use std::time::Duration;

use crate::clock;
use crate::pipeline::time::Timestamp;

/// Files up to this size are read before anybody wonders.
const LARGE_BYTES: u64 = 64 * 1024 * 1024;
/// Time between two lines.
const INTERVAL: Duration = Duration::from_millis(200);
/// Inputs between two looks at the clock.
const STRIDE: u32 = 256;
/// Takes the line away again (ECMA-48: carriage return, erase to its end).
const ERASE: &str = "\r\x1b[K";

/// Where the records of a replay go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// Standard output.
    Stdout,
    /// A file.
    File,
}

/// Says how far a file has been read.
pub(super) struct Progress {
    /// Shares its offset with the reader.
    file: File,
    total_bytes: u64,
    started: Timestamp,
    said: Timestamp,
    inputs: u32,
    /// Whether there is a line to take away.
    is_shown: bool,
}

impl Progress {
    /// Progress of a file that is read from elsewhere by the same offset; none where it is
    /// small or not regular, where nobody looks, and where less is to be said.
    pub(super) fn of(file: &File, destination: Destination) -> Option<Self> {
        let metadata = file.metadata().ok()?;
        let is_large = metadata.is_file() && metadata.len() > LARGE_BYTES;
        let is_quiet = !tracing::enabled!(tracing::Level::INFO);
        // Records on the same terminal say enough of how it goes.
        let is_free = destination == Destination::File || !stdout().is_terminal();
        if !is_large || is_quiet || !is_free || !stderr().is_terminal() {
            return None;
        }
        let now = clock::monotonic();
        Some(Self {
            file: file.try_clone().ok()?,
            total_bytes: metadata.len(),
            started: now,
            said: now,
            inputs: 0,
            is_shown: false,
        })
    }

    /// One more input was handled.
    pub(super) fn advance(&mut self) {
        self.inputs = self.inputs.wrapping_add(1);
        if !self.inputs.is_multiple_of(STRIDE) {
            return;
        }
        let now = clock::monotonic();
        if now.since(self.said) < INTERVAL {
            return;
        }
        self.said = now;
        let Ok(read_bytes) = self.file.stream_position() else { return };
        let line = line(read_bytes, self.total_bytes, now.since(self.started));
        self.is_shown = true;
        // Whoever does not listen misses nothing.
        let _ = write!(stderr(), "{ERASE}{line}");
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(stderr(), "{ERASE}");
        }
    }
}

/// `42 %, 310 MB/s, 12 s left`.
fn line(read_bytes: u64, total_bytes: u64, elapsed: Duration) -> String {
    let share = (read_bytes as f64 / total_bytes.max(1) as f64).min(1.0);
    let bytes_per_second = read_bytes as f64 / elapsed.as_secs_f64().max(0.001);
    let left_bytes = total_bytes.saturating_sub(read_bytes) as f64;
    let megabytes_per_second = bytes_per_second / 1e6;
    let digits = usize::from(megabytes_per_second < 10.0);
    let mut line = format!("{:.0} %, {megabytes_per_second:.digits$} MB/s", share * 100.0);
    if bytes_per_second > 0.0 {
        line += &format!(", {} left", span((left_bytes / bytes_per_second).ceil() as u64));
    }
    line
}

fn span(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_speed_and_time_left() {
        const MB: u64 = 1_000_000;
        for (read, total, seconds, expected) in [
            (0, 100 * MB, 1.0, "0 %, 0.0 MB/s"),
            (50 * MB, 100 * MB, 1.0, "50 %, 50 MB/s, 1 s left"),
            (100 * MB, 100 * MB, 2.0, "100 %, 50 MB/s, 0 s left"),
            // It grew while it was read.
            (110 * MB, 100 * MB, 2.0, "100 %, 55 MB/s, 0 s left"),
            (MB, 101 * MB, 1.0, "1 %, 1.0 MB/s, 1 min 40 s left"),
            (MB, 7_301 * MB, 1.0, "0 %, 1.0 MB/s, 2 h 1 min left"),
            (MB, 2 * MB, 0.0, "50 %, 1000 MB/s, 1 s left"),
            (0, 0, 0.0, "0 %, 0.0 MB/s"),
        ] {
            let line = line(read, total, Duration::from_secs_f64(seconds));
            assert_eq!(line, expected, "{read} of {total}");
        }
    }

    #[test]
    fn a_small_file_is_read_without_a_word() {
        let file = tempfile::tempfile().expect("a temporary file");
        assert!(Progress::of(&file, Destination::File).is_none());
    }
}
