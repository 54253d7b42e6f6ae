//! Bounds and counts: every table stays within its limit, every byte is counted.

use super::Pipeline;
use super::connection::Moved;
use super::input::{LossReason, Record, Stage, UncapturedReason};
use super::table::Slot;

impl Pipeline {
    pub(super) fn make_room(&mut self) {
        while self.connections.len() >= self.settings.limits.connections as usize
            && let Some(victim) = self.connections.victim()
        {
            self.stats.connections_evicted += 1;
            self.count_lost(Stage::Pipeline, LossReason::Evicted, 1);
            self.close(victim, None, self.now);
        }
    }

    /// Gives up every buffer and an eighth of the connections, those idle for long.
    pub(super) fn give_up_memory(&mut self) {
        for (slot, _) in self.connections.all() {
            if let Some(connection) = self.connections.get_mut(slot)
                && connection.buffered() > 0
            {
                connection.shed();
                self.count_lost(Stage::Pipeline, LossReason::TableFull, 1);
            }
        }
        self.stats.buffered_bytes = 0;
        for _ in 0..self.connections.len().div_ceil(8) {
            let Some(victim) = self.connections.victim() else { break };
            self.stats.connections_evicted += 1;
            self.count_lost(Stage::Pipeline, LossReason::Evicted, 1);
            self.close(victim, None, self.now);
        }
    }

    /// Keeps the sum of all buffers within its bound: who goes over it gives up.
    pub(super) fn account_buffer(&mut self, slot: Slot, before: usize, after: usize) {
        let sum = self.stats.buffered_bytes + after as u64;
        self.stats.buffered_bytes = sum.saturating_sub(before as u64);
        if self.stats.buffered_bytes > self.settings.limits.buffered_bytes
            && after > 0
            && let Some(connection) = self.connections.get_mut(slot)
        {
            connection.shed();
            if let Some(is_waiting) = connection.note_waiting() {
                self.rounds.count(is_waiting);
            }
            self.stats.buffered_bytes = self.stats.buffered_bytes.saturating_sub(after as u64);
            self.count_lost(Stage::Pipeline, LossReason::TableFull, 1);
        }
    }

    /// A record of a connection whose open was lost: its bytes are known to have moved.
    pub(super) fn count_orphan(&mut self, record: &Record<'_>) {
        self.stats.moved_bytes += u64::from(record.length);
        *self.stats.uncaptured_bytes.entry(UncapturedReason::Lost).or_default() +=
            u64::from(record.length);
    }

    pub(super) fn count(&mut self, moved: &Moved) {
        self.stats.moved_bytes = self.stats.moved_bytes.saturating_add(moved.bytes);
        self.stats.captured_bytes += moved.captured;
        if !moved.is_all_read() {
            for (reason, bytes) in moved.unread() {
                let sum = self.stats.uncaptured_bytes.entry(reason).or_default();
                *sum = sum.saturating_add(bytes);
            }
        }
    }

    pub(super) fn count_lost(&mut self, stage: Stage, reason: LossReason, count: u64) {
        let sum = self.stats.lost.entry((stage, reason)).or_default();
        *sum = sum.saturating_add(count);
    }
}
