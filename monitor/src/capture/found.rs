//! Connections and processes that are older than the watch, read from the
//! iterators once at start.

use std::collections::BTreeSet;
use std::io::Read;

use monitor_common::record::{ConnectionRecord, ExecRecord, role};

use super::decode::{self, Control};
use super::process::ProcessTable;
use crate::pipeline::input::{Input, Role};

/// What the iterators said.
#[derive(Default)]
pub(crate) struct Found {
    processes: Vec<ExecRecord>,
    connections: Vec<ConnectionRecord>,
    listeners: Vec<ConnectionRecord>,
}

impl Found {
    /// Reads an iterator to its end.
    pub(crate) fn read(&mut self, mut iterator: impl Read) -> std::io::Result<()> {
        let mut bytes = Vec::new();
        iterator.read_to_end(&mut bytes)?;
        let mut rest = bytes.as_slice();
        while let Some((record, size)) = Control::parse(rest) {
            match record {
                Control::Exec(record) => self.processes.push(*record),
                Control::Connection(record) if record.role == role::LISTENER => {
                    self.listeners.push(record);
                }
                Control::Connection(record) => self.connections.push(record),
                Control::Process(_) => {}
            }
            rest = rest.get(size..).unwrap_or_default();
        }
        Ok(())
    }

    /// `file->f_op` of a socket, as seen on a listener of process `pid`.
    pub(crate) fn socket_file_op(&self, pid: u32) -> Option<u64> {
        self.listeners.iter().find(|it| it.pid == pid).map(|it| it.file_op)
    }

    /// Hands everything over: who lives, and which connections they hold.
    pub(crate) fn hand_over(self, processes: &mut ProcessTable, handle: &mut dyn FnMut(Input<'_>)) {
        for record in &self.processes {
            processes.executed(record);
        }
        let started: std::collections::BTreeMap<u32, &ExecRecord> =
            self.processes.iter().map(|it| (it.process.pid, it)).collect();
        let listening: BTreeSet<(u32, u16)> =
            self.listeners.iter().map(|it| (it.netns, it.local_port)).collect();
        for record in &self.connections {
            if let Some(process) = started.get(&record.pid) {
                let mut owner = process.process;
                owner.cookie = record.cookie;
                let (process, new) = processes.owner(&owner);
                let key = process.key;
                if new {
                    handle(Input::Process(process));
                }
                handle(Input::Owner {
                    cookie: crate::pipeline::input::Cookie(record.cookie),
                    process: key,
                });
            }
            if let Some(mut event) = decode::connection(record) {
                // Who listens on its own port was connected to.
                let serves = listening.contains(&(record.netns, record.local_port));
                event.role.get_or_insert(if serves { Role::Server } else { Role::Client });
                handle(Input::Connection(event));
            }
        }
    }
}
