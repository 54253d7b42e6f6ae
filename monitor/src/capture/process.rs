//! Who a process is: from its exec event or the iterator, from its parent where it
//! was only forked, and from /proc where nothing was seen.

use std::sync::Arc;

use monitor_common::limits::COMM_BYTES;
use monitor_common::record::{ExecRecord, Kind, ProcessRecord};
use rustc_hash::FxHashMap;

use super::cgroup;
use super::passwd::Passwd;
use crate::clock::WallClock;
use crate::pipeline::process::{Process, ProcessKey, identity_label};
use crate::pipeline::time::Timestamp;

/// Exited processes are known for this long, so that bytes read late find them.
const KEPT_AFTER_EXIT_NS: u64 = 30_000_000_000;
/// Processes known at most; the oldest that have exited go first.
const MAXIMUM: usize = 65_536;

/// Every process that lives, or has lived a moment ago, by process id.
pub(crate) struct ProcessTable {
    processes: FxHashMap<u32, Known>,
    users: Passwd,
    /// Of the time since boot, which the kernel tells of starts.
    wall: WallClock,
    /// Exits in the order of time, for forgetting.
    exited: std::collections::VecDeque<(u64, u32, u64)>,
}

#[derive(Clone)]
struct Known {
    start: u64,
    exe: Option<Arc<str>>,
    cgroup: Option<Arc<str>>,
    /// What was said of it to the pipeline.
    announced: Option<Arc<Process>>,
}

impl ProcessTable {
    pub(crate) fn new() -> Self {
        Self {
            processes: FxHashMap::default(),
            users: Passwd::new(),
            wall: WallClock::default(),
            exited: std::collections::VecDeque::new(),
        }
    }

    /// A program was executed, or a process was found.
    pub(crate) fn executed(&mut self, record: &ExecRecord) {
        let known = Known {
            start: record.process.start,
            exe: joined(record.exe.get(..record.exe_length as usize)).map(Arc::from),
            cgroup: joined(record.cgroup.get(..record.cgroup_length as usize)).map(Arc::from),
            announced: None,
        };
        self.insert(record.process.pid, known);
    }

    /// A process was forked or has exited.
    pub(crate) fn changed(&mut self, record: &ProcessRecord) {
        match Kind::from_byte(record.kind) {
            Some(Kind::Fork) => {
                if let Some(parent) = self.processes.get(&record.parent) {
                    let child = Known { start: record.start, announced: None, ..parent.clone() };
                    self.insert(record.pid, child);
                }
            }
            Some(Kind::Exit) => {
                self.exited.push_back((record.time, record.pid, record.start));
                self.forget(record.time);
            }
            _ => {}
        }
    }

    /// The process of an owner record, and whether it is new to the pipeline.
    pub(crate) fn owner(&mut self, record: &ProcessRecord) -> (Arc<Process>, bool) {
        let unknown = self.processes.get(&record.pid).is_none_or(|it| it.start != record.start);
        if unknown {
            let known = Known {
                start: record.start,
                exe: std::fs::read_link(format!("/proc/{}/exe", record.pid))
                    .ok()
                    .and_then(|path| path.to_str().map(Arc::from)),
                cgroup: None,
                announced: None,
            };
            self.insert(record.pid, known);
        }
        let comm = comm(&record.comm);
        let known = self.processes.get(&record.pid).cloned();
        let announced = known.as_ref().and_then(|it| it.announced.clone());
        if let Some(process) = announced
            && process.comm.as_ref() == comm
            && process.uid == record.uid
        {
            return (process, false);
        }
        let process = Arc::new(self.describe(record, comm, known.as_ref()));
        if let Some(known) = self.processes.get_mut(&record.pid) {
            known.announced = Some(Arc::clone(&process));
        }
        (process, true)
    }

    fn describe(&mut self, record: &ProcessRecord, comm: String, known: Option<&Known>) -> Process {
        self.wall.look_since_boot();
        let exe = known.and_then(|it| it.exe.as_deref());
        let cgroup = known.and_then(|it| it.cgroup.as_deref()).filter(|path| *path != "/");
        // The version 2 hierarchy says nothing on hosts whose units live in version 1.
        let from_proc = if cgroup.is_none() { cgroup::path_of_process(record.pid) } else { None };
        let identity = cgroup::identity_of(cgroup.or(from_proc.as_deref()).unwrap_or("/"));
        Process {
            key: ProcessKey { pid: record.pid, start: record.start },
            start_time: self.wall.offset().wall(Timestamp(record.start)),
            identity: identity_label(
                identity.unit.as_deref(),
                identity.container.as_deref(),
                exe,
                &comm,
            ),
            comm: comm.into(),
            exe: exe.map(Into::into),
            unit: identity.unit,
            container: identity.container,
            uid: record.uid,
            user: self.users.name_of(record.uid).map(Into::into),
        }
    }

    fn insert(&mut self, pid: u32, known: Known) {
        if self.processes.len() >= MAXIMUM
            && let Some((_, oldest, start)) = self.exited.pop_front()
        {
            self.remove(oldest, start);
        }
        self.processes.insert(pid, known);
    }

    fn forget(&mut self, now: u64) {
        while let Some(&(time, pid, start)) = self.exited.front() {
            if now.saturating_sub(time) < KEPT_AFTER_EXIT_NS && self.exited.len() < MAXIMUM / 2 {
                break;
            }
            self.exited.pop_front();
            self.remove(pid, start);
        }
    }

    /// Removes a process unless its id has been taken by a later one.
    fn remove(&mut self, pid: u32, start: u64) {
        if self.processes.get(&pid).is_some_and(|it| it.start == start) {
            self.processes.remove(&pid);
        }
    }
}

/// A path from its components, last first, each ended by NUL.
fn joined(components: Option<&[u8]>) -> Option<String> {
    let components = components?;
    let mut parts: Vec<&[u8]> =
        components.split(|&byte| byte == 0).filter(|part| !part.is_empty()).collect();
    parts.reverse();
    let mut path = String::new();
    for part in &parts {
        path.push('/');
        path.push_str(&String::from_utf8_lossy(part));
    }
    if path.is_empty() { None } else { Some(path) }
}

fn comm(bytes: &[u8; COMM_BYTES]) -> String {
    let length = bytes.iter().position(|&byte| byte == 0).unwrap_or(COMM_BYTES);
    String::from_utf8_lossy(bytes.get(..length).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_join_from_the_root() {
        assert_eq!(joined(Some(b"curl\0bin\0usr\0")).as_deref(), Some("/usr/bin/curl"));
        assert_eq!(joined(Some(b"")), None);
        assert_eq!(joined(None), None);
    }

    #[test]
    fn a_forked_process_inherits_and_a_reused_id_does_not() {
        let mut table = ProcessTable::new();
        let mut exec = exec_record(100, 1);
        exec.exe[..14].copy_from_slice(b"nginx\0bin\0usr\0");
        exec.exe_length = 14;
        table.executed(&exec);
        let mut fork = record(Kind::Fork, 101, 2);
        fork.parent = 100;
        table.changed(&fork);
        let (child, new) = table.owner(&record(Kind::Owner, 101, 2));
        assert!(new);
        assert_eq!(child.exe.as_deref(), Some("/usr/bin/nginx"));
        assert!(!table.owner(&record(Kind::Owner, 101, 2)).1, "said once");
        let (other, new) = table.owner(&record(Kind::Owner, 101, 3));
        assert!(new);
        assert_ne!(other.exe.as_deref(), Some("/usr/bin/nginx"));
    }

    #[test]
    fn an_exited_process_is_known_for_a_while() {
        let mut table = ProcessTable::new();
        table.executed(&exec_record(100, 1));
        let mut exit = record(Kind::Exit, 100, 1);
        exit.time = 1_000;
        table.changed(&exit);
        assert!(table.processes.contains_key(&100));
        exit.pid = 7;
        exit.time = 1_000 + KEPT_AFTER_EXIT_NS;
        table.changed(&exit);
        assert!(!table.processes.contains_key(&100));
    }

    fn record(kind: Kind, pid: u32, start: u64) -> ProcessRecord {
        ProcessRecord {
            kind: kind as u8,
            padding: [0; 3],
            pid,
            time: 0,
            cookie: 0,
            start,
            parent: 0,
            uid: 0,
            comm: *b"nginx\0\0\0\0\0\0\0\0\0\0\0",
        }
    }

    fn exec_record(pid: u32, start: u64) -> ExecRecord {
        ExecRecord {
            process: record(Kind::Exec, pid, start),
            exe_length: 0,
            cgroup_length: 0,
            exe: [0; monitor_common::limits::PATH_BYTES],
            cgroup: [0; monitor_common::limits::PATH_BYTES],
        }
    }
}
