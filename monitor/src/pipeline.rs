//! The pure core: inputs in, outputs out. No clock, I/O, threads, async,
//! randomness or hash order; the same inputs give byte-identical outputs.
//!
//! ```text
//! Input ─► table ─► connection ─► stream ─► protocol ─► exchange ─► inventory, detect ─► Output
//! ```
//!
//! Contract: `Pipeline::handle_input`, then drain `Pipeline::poll_output`;
//! `Pipeline::next_deadline` says when it wants a tick.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use self::connection::Connection;
use self::coverage::Coverage;
use self::detect::{Detectors, Moment, Observation};
use self::early::{EarlyOwners, Processes};
use self::input::{ConnectionChange, ConnectionEvent, Cookie, Input, Loss, Record};
use self::inventory::Inventory;
use self::lasting::Rounds;
use self::names::Names;
use self::output::{ConnectionEventKind, LossReport, Output};
use self::process::ProcessKey;
use self::protocol::ProtocolExchange;
use self::restore::Refusal;
use self::settings::Settings;
use self::stats::Stats;
use self::table::{ConnectionTable, Slot};
use self::time::{Timestamp, WallOffset};
use self::unended::Unended;

/// Bounds and counts.
mod account;
/// Learned volumes and the form in which they survive a restart.
pub mod baseline;
/// One TCP connection.
mod connection;
/// What was read of each process's traffic.
pub mod coverage;
/// What detectors see and how they report.
pub mod detect;
/// What is known of an end before its connection is.
mod early;
/// Findings and the ledger that keeps them.
pub mod finding;
/// Everything the pipeline needs from outside.
pub mod input;
/// What is in use.
pub mod inventory;
/// Exchanges that go on for long.
mod lasting;
/// Names of addresses, from DNS.
pub(crate) mod names;
/// Names of servers.
mod naming;
/// What the pipeline says.
pub mod output;
/// Whom an identity may talk to.
pub mod policy;
/// Who is at an end of a connection.
pub mod process;
/// From bytes to exchanges.
pub mod protocol;
/// What an earlier run left.
pub mod restore;
/// From paths to routes.
pub mod route;
/// What is said of a connection, and to whom.
mod say;
/// How far away an address is.
pub mod scope;
/// Policy and limits.
pub mod settings;
/// A table with handles.
pub mod slab;
/// All that is known now, for who comes late.
mod snapshot;
/// Counts of the pipeline.
pub mod stats;
/// The envelope of what survives a restart.
pub mod stored;
/// The ordered bytes of one direction.
mod stream;
/// Connections by the cookies of their ends.
mod table;
/// Text from outside, safe to show.
pub mod text;
/// Kernel time and wall time.
pub mod time;
/// Connections whose end was lost.
mod unended;

/// An open is reported at the latest after this long, with what is known then.
const SETTLING: Duration = Duration::from_millis(100);

/// The pure core.
pub struct Pipeline {
    settings: Arc<Settings>,
    now: Timestamp,
    wall_offset: WallOffset,
    connections: ConnectionTable,
    processes: Processes,
    early_owners: EarlyOwners,
    names: Names,
    rounds: Rounds,
    unended: Unended,
    /// Why what an earlier run left is not used.
    refusal: Option<Refusal>,
    detectors: Detectors,
    inventory: Inventory,
    stats: Stats,
    /// Of connections that have ended.
    coverage: Coverage,
    outputs: VecDeque<Output>,
    /// Connections whose open has not been reported, in the order of their age.
    settling: VecDeque<(Timestamp, Slot, Cookie)>,
    /// Connections with traffic that the detectors have not heard of.
    active: Vec<(Slot, Cookie)>,
    /// Exchanges that the record at hand completes.
    completed: Vec<ProtocolExchange>,
}

impl Pipeline {
    /// A pipeline with these settings that has seen nothing.
    #[must_use]
    pub fn new(settings: Arc<Settings>) -> Self {
        Self {
            detectors: Detectors::new(Arc::clone(&settings)),
            inventory: Inventory::new(&settings),
            processes: Processes::new(),
            early_owners: EarlyOwners::new(),
            names: Names::new(),
            rounds: Rounds::default(),
            unended: Unended::default(),
            refusal: None,
            settings,
            now: Timestamp::default(),
            wall_offset: WallOffset::default(),
            connections: ConnectionTable::new(),
            stats: Stats::default(),
            coverage: Coverage::default(),
            outputs: VecDeque::new(),
            settling: VecDeque::new(),
            active: Vec::new(),
            completed: Vec::new(),
        }
    }

    /// Takes one input.
    pub fn handle_input(&mut self, input: Input<'_>) {
        match input {
            Input::Record(record) => self.handle_record(&record),
            Input::Connection(event) => self.handle_connection(&event),
            Input::Owner { cookie, process } => self.handle_owner(cookie, process),
            Input::Process(process) => {
                self.processes.insert(process, self.settings.limits.processes);
            }
            Input::Loss(loss) => self.handle_loss(loss),
            Input::Settings(settings) => {
                self.settings = Arc::clone(&settings);
                self.inventory.apply_settings(&settings, self.moment());
                self.detectors.apply_settings(settings);
            }
            Input::Baseline(bytes) => self.restore_baseline(&bytes),
            Input::Findings(bytes) => self.restore_findings(&bytes),
            Input::MemoryShort => self.give_up_memory(),
            Input::Tick { time, wall_offset } => self.handle_tick(time, wall_offset),
            Input::Datagram(datagram) => self.handle_datagram(&datagram),
        }
        self.collect();
    }

    /// The next output, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When it wants the next tick, at the latest; none where nothing waits.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let settling = self.settling.front().map(|(opened, _, _)| opened.plus(SETTLING));
        let others = [
            self.rounds.next_deadline(),
            self.detectors.next_deadline(),
            self.inventory.next_deadline(),
        ];
        settling.into_iter().chain(others.into_iter().flatten()).min()
    }

    /// Takes all outputs at once, for those who want them as a slice: `into` is cleared,
    /// and its room is used again.
    pub fn take_outputs(&mut self, into: &mut VecDeque<Output>) {
        into.clear();
        std::mem::swap(&mut self.outputs, into);
    }

    /// The counts so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            connections_tracked: self.connections.len() as u64,
            names_known: self.names.len() as u64,
            names_evicted: self.names.evicted(),
            detector_evictions: self.detectors.evicted(),
            inventory_evictions: self.inventory.evicted(),
            findings_open: self.detectors.open_findings(),
            ..self.stats.clone()
        }
    }

    /// Ends every connection as if the watch on it ended now, so that what is held back
    /// is said: at the end of a trace, or when the daemon stops.
    pub fn finish(&mut self) {
        for (slot, _) in self.connections.all() {
            self.close(slot, None, self.now);
        }
        let moment = self.moment();
        self.detectors.observe(Observation::End, moment);
        self.inventory.finish(moment);
        self.collect();
    }

    fn handle_record(&mut self, record: &Record<'_>) {
        self.now = self.now.max(record.time);
        self.stats.records += 1;
        let slot = self.connections.find(record.cookie);
        let Some(connection) = slot.and_then(|slot| self.connections.get_mut(slot)) else {
            return self.count_orphan(record);
        };
        if connection.reader() != record.cookie {
            return; // the silent end of a pair, from before it was silent
        }
        let before = connection.buffered();
        let moved = connection.take(&self.settings.limits, record, &mut self.completed);
        let after = connection.buffered();
        if let Some(is_waiting) = connection.note_waiting() {
            self.rounds.count(is_waiting);
        }
        let (has_answer, has_news) = (connection.has_answer(), connection.has_news());
        if let Some(slot) = slot {
            if has_answer {
                self.learn_answers(slot);
            }
            if has_news {
                self.say_handshake(slot);
            }
            self.account_buffer(slot, before, after);
            self.note_active(slot, record.cookie);
            self.count(&moved);
            self.say_exchanges(slot);
        }
    }

    fn handle_connection(&mut self, event: &ConnectionEvent) {
        self.now = self.now.max(event.time);
        match event.change {
            ConnectionChange::Open | ConnectionChange::Found => self.open(event),
            // Bytes may still be read after CLOSE.
            ConnectionChange::Close => {
                if let Some(slot) = self.connections.find(event.cookie)
                    && let Some(connection) = self.connections.get_mut(slot)
                {
                    connection.close(event);
                }
            }
            ConnectionChange::Conflict => {
                if let Some(slot) = self.connections.find(event.cookie)
                    && let Some(connection) = self.connections.get_mut(slot)
                {
                    connection.note_conflict(event.time);
                }
            }
            ConnectionChange::Destroy => {
                self.early_owners.remove(event.cookie);
                if let Some(slot) = self.connections.find(event.cookie)
                    && self.connections.get(slot).is_some_and(|it| it.reader() == event.cookie)
                {
                    self.close(slot, Some(event), event.time);
                }
            }
        }
    }

    fn open(&mut self, event: &ConnectionEvent) {
        if self.connections.find(event.cookie).is_some() {
            return;
        }
        let joined = event.peer.and_then(|peer| self.connections.find(peer));
        let slot = if let Some(slot) = joined {
            self.connections.alias(event.cookie, slot);
            if let Some(connection) = self.connections.get_mut(slot) {
                connection.join(event.cookie);
            }
            slot
        } else {
            self.make_room();
            self.stats.connections_opened += 1;
            let slot = self.connections.insert(event.cookie, Connection::open(event));
            self.settling.push_back((event.time, slot, event.cookie));
            self.name_server(slot);
            slot
        };
        if let Some(process) = self.early_owners.remove(event.cookie) {
            self.set_owner(slot, event.cookie, process);
        }
    }

    fn handle_owner(&mut self, cookie: Cookie, process: ProcessKey) {
        match self.connections.find(cookie) {
            Some(slot) => self.set_owner(slot, cookie, process),
            None => self.early_owners.insert(cookie, process, self.settings.limits.connections),
        }
    }

    fn set_owner(&mut self, slot: Slot, cookie: Cookie, process: ProcessKey) {
        if let (Some(process), Some(connection)) =
            (self.processes.get(process), self.connections.get_mut(slot))
        {
            connection.set_owner(cookie, process);
            if connection.is_settled() {
                self.say_open(slot, self.now);
            }
        }
    }

    fn handle_loss(&mut self, loss: Loss) {
        self.now = self.now.max(loss.time);
        self.count_lost(loss.stage, loss.reason, loss.count);
        self.unended.note(loss);
        self.outputs.push_back(Output::Loss(LossReport {
            loss,
            since: self.wall_offset.wall(loss.since),
            time: self.wall_offset.wall(loss.time),
        }));
    }

    fn handle_tick(&mut self, time: Timestamp, wall_offset: WallOffset) {
        self.now = self.now.max(time);
        self.wall_offset = wall_offset;
        while let Some(&(opened, slot, cookie)) = self.settling.front()
            && opened.plus(SETTLING) <= self.now
        {
            self.settling.pop_front();
            if self.connections.get(slot).is_some_and(|it| it.reader() == cookie) {
                self.say_open(slot, self.now);
            }
        }
        self.say_lasting();
        self.end_unended();
        for (slot, cookie) in std::mem::take(&mut self.active) {
            self.say_traffic(slot, cookie);
        }
        let moment = self.moment();
        self.detectors.observe(Observation::Tick, moment);
        self.inventory.tick(moment);
    }

    /// Says what is left of a connection, and forgets it.
    fn close(&mut self, slot: Slot, event: Option<&ConnectionEvent>, time: Timestamp) {
        let Some(connection) = self.connections.get_mut(slot) else { return };
        let cookie = connection.reader();
        let before = connection.buffered();
        let moved = connection.end(&self.settings.limits, event, time, &mut self.completed);
        self.stats.buffered_bytes = self.stats.buffered_bytes.saturating_sub(before as u64);
        self.count(&moved);
        self.say_open(slot, time);
        self.say_exchanges(slot);
        self.say_traffic(slot, cookie);
        let time = self.wall_offset.wall(time);
        if let Some(connection) = self.connections.remove(slot) {
            if connection.is_waiting {
                self.rounds.count(false);
            }
            self.stats.connections_closed += 1;
            let report = connection.report(ConnectionEventKind::Close, time);
            self.coverage.close(&report);
            self.outputs.push_back(Output::Connection(report));
        }
    }

    fn collect(&mut self) {
        while let Some(finding) = self.detectors.poll_finding() {
            self.outputs.push_back(Output::Finding(finding));
        }
        while let Some(output) = self.inventory.poll() {
            self.outputs.push_back(output);
        }
    }

    /// What time it is: that of the newest input.
    #[must_use]
    pub const fn moment(&self) -> Moment {
        Moment { time: self.now, wall_offset: self.wall_offset }
    }
}

#[cfg(test)]
mod tests;
