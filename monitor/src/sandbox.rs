//! What a running daemon gives up: it needs privileges to load its programs, and none to
//! read what they say.
//!
//! Capabilities and Landlock belong to a thread and to those that it starts, so all of this
//! is done while there is one.

use std::path::PathBuf;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::set_no_new_privs;

use crate::named::named;

/// Rights of the superuser, one by one.
mod capabilities;
/// What may be opened from now on.
mod landlock;

/// What a daemon has given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sandbox {
    /// The capabilities that are left.
    pub capabilities: Kept,
    /// Whether no program that it could start would have more rights.
    pub no_new_privileges: bool,
    /// What holds it to the files and sockets that it needs.
    pub landlock: Landlock,
}

/// The capabilities that are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// None.
    Nothing,
    /// `CAP_BPF`: this kernel lets nobody read counters without it.
    Bpf,
    /// All that there were: they could not be given up.
    Everything,
}

impl Kept {
    named! { Self { Nothing = "none", Bpf = "bpf", Everything = "unchanged" } }
}

/// How much of what was asked of Landlock this kernel enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landlock {
    /// All of it.
    Full,
    /// What it knows of it: it is older.
    Partial,
    /// Nothing: it has no Landlock, or it is turned off.
    Nothing,
}

impl Landlock {
    named! { Self { Full = "full", Partial = "partial", Nothing = "none" } }
}

/// What a running daemon opens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// Files and directories that are read, with all below.
    pub read: Vec<PathBuf>,
    /// Directories in which files are made, replaced and removed.
    pub write: Vec<PathBuf>,
}

/// Keeps memory, which holds payload, out of core files and from other processes of the
/// same user. Done first, before there is any payload.
pub fn protect_memory() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    for (what, result) in [
        ("core files", setrlimit(Resource::Core, none)),
        ("looks of other processes", set_dumpable_behavior(DumpableBehavior::NotDumpable)),
    ] {
        if let Err(error) = result {
            tracing::warn!(%error, "Memory cannot be kept from {what}.");
        }
    }
}

/// Gives up what a running daemon does not need; never fails. `is_capturing` says whether
/// the capture still works, and is asked once the capabilities are out of effect.
pub fn enter(paths: &Paths, is_capturing: impl Fn() -> bool) -> Sandbox {
    let capabilities = capabilities::drop_all(is_capturing).unwrap_or_else(|error| {
        tracing::warn!(%error, "Capabilities cannot be given up.");
        Kept::Everything
    });
    let no_new_privileges = set_no_new_privs(true).is_ok();
    let landlock = landlock::restrict(paths).unwrap_or_else(|error| {
        tracing::warn!(%error, "Landlock cannot be used.");
        Landlock::Nothing
    });
    Sandbox { capabilities, no_new_privileges, landlock }
}
