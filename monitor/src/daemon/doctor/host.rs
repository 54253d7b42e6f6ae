//! What the probes look at. Everything is below a root directory, so that tests can make
//! a host of their own.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::check::Found;
use crate::capture::CaptureError;
use crate::capture::status::{CaptureStatus, Tier};
use crate::config::Config;
use crate::pipeline::time::WallTime;

/// Bytes of a file of the kernel that are read: a list of mounts can be long.
const LONGEST: u64 = 1024 * 1024;

/// What loading and attaching a tier came to.
pub(super) type Tried = Result<CaptureStatus, CaptureError>;

/// A host to look at.
pub(super) struct Host {
    /// Where its file system begins.
    pub(super) root: PathBuf,
    /// What is configured, and of which file; or what is wrong with that.
    pub(super) config: Result<(Config, String), String>,
    /// Each tier, tried.
    pub(super) tiers: Vec<(Tier, Tried)>,
    /// Wall time now.
    pub(super) now: WallTime,
}

impl Host {
    /// Where a path of the host is for this process.
    pub(super) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// A file of the kernel, without white space at its ends.
    pub(super) fn read(&self, path: &str) -> io::Result<String> {
        let mut bytes = Vec::new();
        File::open(self.path(path))?.take(LONGEST).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    }

    /// Whether there is something at a path, as far as can be seen.
    pub(super) fn has(&self, path: impl AsRef<Path>) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// Where a symbolic link leads.
    pub(super) fn link(&self, path: &str) -> io::Result<String> {
        Ok(std::fs::read_link(self.path(path))?.to_string_lossy().into_owned())
    }

    /// What is configured, or the defaults where that is wrong.
    pub(super) fn configured(&self) -> Config {
        self.config.as_ref().map(|(config, _)| config.clone()).unwrap_or_default()
    }

    /// A line of the kernel's description of this process.
    pub(super) fn own_status(&self, name: &str) -> Option<String> {
        let status = self.read("/proc/self/status").ok()?;
        let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some(value.trim().to_owned())
    }

    /// Whether this process holds a capability; nothing where the kernel does not say.
    pub(super) fn holds(&self, capability: Capability) -> Option<bool> {
        let effective = u64::from_str_radix(&self.own_status("CapEff")?, 16).ok()?;
        Some(effective & (1 << capability as u32) != 0)
    }

    /// The status of the first tier that loads.
    pub(super) fn loaded(&self) -> Option<&CaptureStatus> {
        self.tiers.iter().find_map(|(_, tried)| tried.as_ref().ok())
    }

    /// Why the kernel refused to load anything, where that was for lack of privilege.
    pub(super) fn refusal(&self) -> Option<&str> {
        self.tiers.iter().find_map(|(_, tried)| match tried {
            Err(CaptureError::Privilege(why)) => Some(why.as_str()),
            _ => None,
        })
    }
}

/// Capabilities that are looked at, by their numbers (linux/capability.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Capability {
    SysPtrace = 19,
    SysAdmin = 21,
    SysResource = 24,
    Perfmon = 38,
    Bpf = 39,
}

/// That a file could not be looked at.
pub(super) fn unreadable(path: &str, error: &io::Error) -> Found {
    let detail = format!("{path} cannot be read: {error}");
    match error.kind() {
        io::ErrorKind::PermissionDenied => Found::Hidden(detail),
        _ => Found::Unknown(detail),
    }
}

/// The release of a kernel: its first two numbers.
pub(super) fn release_of(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split(|letter: char| !letter.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}
