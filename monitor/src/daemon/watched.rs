//! When the daemon last watched, kept across restarts, so that the next one can say how long
//! nobody did. A file of its own: it is written every few seconds.
//!
//! One line: what it is, its version, the boot, the time since boot and the wall time in
//! nanoseconds, and the CRC-32 of all that comes before.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use super::state::{self, StateError};
use crate::clock::{self, BootTime};
use crate::pipeline::output::{CoverageGap, GapCause};
use crate::pipeline::time::{Timestamp, WallTime};

/// Where the kernel says which boot this is.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
/// First word of the file, and its version.
const KIND: &str = "apiwatch-watched 1";
/// Longest line that can be right.
const MAXIMUM_BYTES: usize = 128;

/// Why the file tells nothing.
#[derive(Debug, Error)]
pub(super) enum WatchedError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error("reading {}: it is damaged, or a later version wrote it", .0.display())]
    Damaged(PathBuf),
}

/// The file, and the boot in which it is written.
#[derive(Debug)]
pub(super) struct WatchedFile {
    path: PathBuf,
    boot: BootId,
}

impl WatchedFile {
    /// For the boot that this is.
    ///
    /// # Errors
    /// When the kernel does not say which that is.
    pub(super) fn new(path: PathBuf) -> io::Result<Self> {
        let text = fs::read_to_string(BOOT_ID)?;
        let boot = BootId::parse(&text)
            .ok_or_else(|| io::Error::other(format!("{BOOT_ID} names no boot")))?;
        Ok(Self { path, boot })
    }

    /// The span from the last watch that the file knows to the one that began now; none
    /// where there was no watch before.
    pub(super) fn gap(&self, began: BootTime) -> Result<Option<CoverageGap>, WatchedError> {
        let Some(before) = load(&self.path)? else { return Ok(None) };
        Ok(Some(before.gap_until(self.mark(began))))
    }

    /// Says until when there was a watch.
    pub(super) fn save(&self, watched: BootTime) -> Result<(), StateError> {
        state::save(&self.path, self.mark(watched).line().as_bytes())
    }

    /// Wall time as it stands now, however it was set meanwhile.
    fn mark(&self, time: BootTime) -> Mark {
        let wall = clock::boot_offset().wall(Timestamp(time.0));
        Mark { boot: self.boot, time, wall }
    }
}

fn load(path: &Path) -> Result<Option<Mark>, WatchedError> {
    let Some(bytes) = state::load(path)? else { return Ok(None) };
    let mark = Mark::parse(&bytes).ok_or_else(|| WatchedError::Damaged(path.to_owned()))?;
    Ok(Some(mark))
}

/// A moment, by the clocks that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    boot: BootId,
    time: BootTime,
    wall: WallTime,
}

impl Mark {
    fn line(self) -> String {
        let Self { boot: BootId(boot), time, wall } = self;
        let line = format!("{KIND} {boot:032x} {} {}", time.0, wall.0);
        let checksum = crc32fast::hash(line.as_bytes());
        format!("{line} {checksum:08x}\n")
    }

    /// None where this is not what [`Self::line`] writes.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(bytes).ok().filter(|it| it.len() <= MAXIMUM_BYTES)?;
        let mut words = line.strip_prefix(KIND)?.split_ascii_whitespace();
        let mark = Self {
            boot: BootId(u128::from_str_radix(words.next()?, 16).ok()?),
            time: BootTime(words.next()?.parse().ok()?),
            wall: WallTime(words.next()?.parse().ok()?),
        };
        (mark.line() == line).then_some(mark)
    }

    /// Within a boot, a clock that nobody sets measures; beyond it there is only wall time.
    /// A start that comes after its end tells nothing.
    fn gap_until(self, now: Self) -> CoverageGap {
        let (nanoseconds, cause) = if self.boot == now.boot {
            (now.time.0.checked_sub(self.time.0), GapCause::Restart)
        } else {
            (now.wall.0.checked_sub(self.wall.0), GapCause::Reboot)
        };
        CoverageGap { time: now.wall, duration: nanoseconds.map(Duration::from_nanos), cause }
    }
}

/// Names a boot of this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct BootId(u128);

impl BootId {
    /// From the form of the kernel, a UUID.
    fn parse(text: &str) -> Option<Self> {
        let digits: String = text.trim().chars().filter(|it| *it != '-').collect();
        let is_whole = digits.len() == 32 && digits.bytes().all(|it| it.is_ascii_hexdigit());
        u128::from_str_radix(&digits, 16).ok().filter(|_| is_whole).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: Mark =
        Mark { boot: BootId(7), time: BootTime(5_000), wall: WallTime(1_700_000_000_000_000_000) };
    const LINE: &str = "apiwatch-watched 1 00000000000000000000000000000007 5000 \
        1700000000000000000 9dbb26e2\n";

    #[test]
    fn a_mark_is_the_documented_line_and_nothing_else_is_one() {
        assert_eq!(MARK.line(), LINE);
        assert_eq!(Mark::parse(LINE.as_bytes()), Some(MARK));
        let least = Mark { boot: BootId(0), time: BootTime(0), wall: WallTime(0) };
        let most =
            Mark { boot: BootId(u128::MAX), time: BootTime(u64::MAX), wall: WallTime(u64::MAX) };
        for mark in [least, most] {
            assert_eq!(Mark::parse(mark.line().as_bytes()), Some(mark));
        }
        for end in 0..LINE.len() {
            assert_eq!(Mark::parse(&LINE.as_bytes()[..end]), None, "cut at {end}");
        }
        for at in 0..LINE.len() {
            let mut damaged = LINE.as_bytes().to_vec();
            damaged[at] ^= 1;
            assert_eq!(Mark::parse(&damaged), None, "changed at {at}");
        }
        for text in
            [&format!("{LINE}{LINE}"), &LINE.replace(" 5000", "  5000"), &"x".repeat(1 << 20)]
        {
            assert_eq!(Mark::parse(text.as_bytes()), None);
        }
        assert_eq!(Mark::parse(b"\xff\x1b[2J\0"), None);
    }

    #[test]
    fn a_gap_is_measured_by_the_clock_that_can() {
        let mark = |boot, time, wall| Mark {
            boot: BootId(boot),
            time: BootTime(time),
            wall: WallTime(wall),
        };
        let before = mark(1, 100, 1_000);
        for (now, duration, cause) in [
            (mark(1, 130, 1_030), Some(30), GapCause::Restart),
            (mark(1, 100, 1_000), Some(0), GapCause::Restart),
            // The wall clock was set meanwhile, which measures nothing.
            (mark(1, 130, 9_999), Some(30), GapCause::Restart),
            (mark(1, 130, 7), Some(30), GapCause::Restart),
            // Nobody can have watched later than now.
            (mark(1, 99, 1_030), None, GapCause::Restart),
            (mark(2, 5, 1_400), Some(400), GapCause::Reboot),
            (mark(2, 5_000, 1_000), Some(0), GapCause::Reboot),
            (mark(2, 5, 999), None, GapCause::Reboot),
        ] {
            let duration = duration.map(Duration::from_nanos);
            assert_eq!(before.gap_until(now), CoverageGap { time: now.wall, duration, cause });
        }
    }

    #[test]
    fn boots_are_named_by_the_kernel() {
        assert_eq!(
            BootId::parse("01234567-89ab-cdef-0123-456789abcdef\n"),
            Some(BootId(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef))
        );
        for text in ["", "\n", "none", "01234567-89ab-cdef-0123-456789abcdef0"] {
            assert_eq!(BootId::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_file_tells_the_gap_where_it_can() {
        let directory = tempfile::tempdir().unwrap();
        let file = WatchedFile::new(directory.path().join("watched")).unwrap();
        let began = clock::boot();
        let after = Duration::from_secs(40);
        let later = BootTime(began.0 + after.as_nanos() as u64);
        assert!(file.gap(began).unwrap().is_none(), "no watch was before");
        file.save(began).unwrap();
        let gap = file.gap(later).unwrap().expect("a watch was before");
        assert_eq!((gap.duration, gap.cause), (Some(after), GapCause::Restart));

        file.save(later).unwrap();
        let gap = file.gap(began).unwrap().expect("a watch was before");
        assert_eq!((gap.duration, gap.cause), (None, GapCause::Restart));

        let long_ago = WallTime(1_000_000_000);
        let of_another_boot = Mark { boot: BootId(!file.boot.0), wall: long_ago, ..MARK };
        fs::write(&file.path, of_another_boot.line()).unwrap();
        let gap = file.gap(later).unwrap().expect("a watch was before");
        assert_eq!((gap.since(), gap.cause), (Some(long_ago), GapCause::Reboot));

        for content in ["", "\u{1b}[2J\n", &LINE.replace('7', "8")] {
            fs::write(&file.path, content).unwrap();
            let error = file.gap(later).unwrap_err().to_string();
            assert!(error.contains("damaged") && error.contains("watched"), "{error}");
        }
        fs::remove_file(&file.path).unwrap();
        fs::create_dir(&file.path).unwrap();
        assert!(matches!(file.gap(later), Err(WatchedError::State(_))));
    }
}
