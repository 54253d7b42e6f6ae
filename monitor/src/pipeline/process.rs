//! Who is at an end of a connection. Resolved outside the pipeline, once per process.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::time::WallTime;

/// A process for good: a process id is used again, its start time is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProcessKey {
    /// Process (thread group) id in the initial namespace.
    pub pid: u32,
    /// Nanoseconds from boot to the start of the process.
    pub start: u64,
}

/// What is known of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Which process.
    pub key: ProcessKey,
    /// When it started.
    pub start_time: WallTime,
    /// Its name (`task->comm`), which it may have chosen itself.
    pub comm: Box<str>,
    /// Absolute path of its executable, where known.
    pub exe: Option<Box<str>>,
    /// systemd service unit, where it runs in one.
    pub unit: Option<Box<str>>,
    /// Container id, where it runs in one.
    pub container: Option<Box<str>>,
    /// Effective user id.
    pub uid: u32,
    /// Name of that user, where known.
    pub user: Option<Box<str>>,
    /// What policy and baselines know it by: see [`identity_label`].
    pub identity: Arc<str>,
}

/// The label of an identity that outlives a process: the unit where there is one,
/// else the executable, else the name in brackets; a container is marked, not
/// named, since its id changes at each start.
#[must_use]
pub fn identity_label(
    unit: Option<&str>,
    container: Option<&str>,
    exe: Option<&str>,
    comm: &str,
) -> Arc<str> {
    let base = match (unit, exe) {
        (Some(unit), _) => unit.to_owned(),
        (None, Some(exe)) => exe.to_owned(),
        (None, None) => format!("[{comm}]"),
    };
    match container {
        Some(_) if unit.is_none() => format!("container:{base}").into(),
        _ => base.into(),
    }
}
