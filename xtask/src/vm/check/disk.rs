//! What the service says of a disk that takes no state, and that it goes on.

use anyhow::{Result, ensure};

use super::super::results::Results;

const AILMENT: &str = "degraded: what was learned cannot be saved";

/// What it says once in the journal, in this order.
const MESSAGES: [&str; 2] = [
    "What was learned cannot be saved; it is tried again.",
    "What was learned can be saved again.",
];

/// Judges it; a word about it.
pub(super) fn judge(results: &Results) -> Result<String> {
    let (full, good) = (results.section("full disk status")?, results.section("good disk status")?);
    ensure!(full.contains(AILMENT), "where the disk is full its status says\n{full}");
    ensure!(!good.contains(AILMENT), "where the disk is good again its status says\n{good}");
    let mut journal = results.section("journal")?;
    for message in MESSAGES {
        let after = journal.split_once(message).map(|(_, after)| after);
        ensure!(after.is_some(), "the journal does not say {message:?} in its turn");
        journal = after.unwrap_or_default();
    }
    Ok("a full and a read-only disk outlived".to_owned())
}
