//! What must have come out of a machine: the life of the service, from its installation to
//! its removal, with what it saw meanwhile, under each tier.

use anyhow::{Context, Result, ensure};

use super::kernel::Kernel;
use super::results::Results;

/// What the clock on the wall changes where it is set.
mod clock;
/// A kernel that cannot be watched: it is told, and nothing is left.
mod declined;
/// What the service says of a disk that takes no state.
mod disk;
/// What `apiwatch doctor` says of the kernel.
mod doctor;
/// What the service says of the traffic.
mod exchange;
/// What the service leaves in the kernel and on the disk.
mod leftovers;
/// What the service may do.
mod privileges;
/// States of the service, from start to stop.
mod state;
#[cfg(test)]
mod tests;
/// A newer package, and the package of another family.
mod upgrade;

/// How each command must have ended.
const EXITS: [(&str, &str); 45] = [
    ("install", "0"),
    ("start", "0"),
    ("group", "0"),
    ("top", "0"),
    ("good reload", "0"),
    ("good reload done", "0"),
    ("bad reload", "0"),
    ("bad reload done", "0"),
    ("restart", "0"),
    ("kill", "0"),
    ("stop", "0"),
    ("refused", "1"),
    ("small disk", "0"),
    ("clock tail begins", "0"),
    ("clock steady", "0"),
    ("clock steady told", "0"),
    ("clock hour-ahead", "0"),
    ("clock hour-ahead told", "0"),
    ("clock hour-back", "0"),
    ("clock hour-back told", "0"),
    ("clock years-ahead", "0"),
    ("clock years-ahead told", "0"),
    ("clock years-back", "0"),
    ("clock years-back told", "0"),
    ("clock known", "0"),
    ("full disk", "0"),
    ("full disk status", "1"),
    ("read-only disk", "0"),
    ("good disk", "0"),
    ("good disk failures", "0"),
    ("good disk saved", "0"),
    ("hang", "0"),
    ("stop after hang", "0"),
    ("before upgrade", "0"),
    ("upgrade", "0"),
    ("upgrade configuration", "0"),
    ("stop after upgrade", "0"),
    ("start again", "0"),
    ("remove", "0"),
    ("kept", "0"),
    ("purge", "0"),
    ("rpm install", "0"),
    ("rpm start", "0"),
    ("rpm stop", "0"),
    ("rpm erase", "0"),
];

/// What says with its exit code whether all is well, where nothing but the tier ails.
const HEALTH: [&str; 3] = ["status", "user status", "good disk status"];

/// Steps that take less are not worth a word.
const TOLD_SECONDS: f64 = 1.0;

/// Judges the results of a machine; a sentence about them.
pub(super) fn judge(kernel: &Kernel, text: &str) -> Result<String> {
    let results = Results::parse(text);
    let release = results.section("kernel")?.trim();
    let expected = format!("{}.", kernel.release);
    ensure!(release.starts_with(&expected), "the kernel is {release}");
    let told = match kernel.tier {
        Some(tier) => judge_watched(tier, &results)?,
        None => declined::judge(&results)?,
    };
    Ok(format!("Linux {release}, {told}\n  by the machine's clock: {}", times(&results)?))
}

fn judge_watched(tier: &str, results: &Results) -> Result<String> {
    judge_exits(tier, results)?;
    let ready = state::judge(results).context("the states of the service")?;
    let sandbox = privileges::judge(results).context("the privileges of the service")?;
    let doctor = doctor::judge(tier, results).context("apiwatch doctor")?;
    let exchange = exchange::judge(tier, results)?;
    leftovers::judge(results)?;
    judge_forced(tier, results).context("a recording with tier a forced")?;
    judge_journal(results).context("the journal of the service")?;
    let clock = clock::judge(results).context("the clock on the wall")?;
    let disk = disk::judge(results).context("the disk of the state")?;
    let upgrade = upgrade::judge(results).context("the packages")?;
    let outlived = format!("{clock}, {disk}, {upgrade}");
    let tiers = format!("tier {tier} chosen, tier b forced");
    Ok(format!("{ready}, {exchange}, {sandbox}, {doctor}, {tiers}, {outlived}"))
}

fn judge_exits(tier: &str, results: &Results) -> Result<()> {
    // What costs every system call is no good health.
    let health = if tier == "a" { "0" } else { "1" };
    for (step, expected) in EXITS.into_iter().chain(HEALTH.map(|step| (step, health))) {
        let (exit, said) = (results.exit(step)?, results.section(step)?);
        ensure!(exit == expected, "{step} ended with {exit}, not {expected}, and said\n{said}");
    }
    Ok(())
}

/// Where the kernel has no tier A, who forces it is told so: exit code 69, and the hook.
fn judge_forced(tier: &str, results: &Results) -> Result<()> {
    let (exit, said) = (results.exit("forced tier")?, results.section("forced tier")?);
    let expected = if tier == "a" { "0" } else { "69" };
    ensure!(exit == expected, "it ended with {exit}, not {expected}: {said}");
    let is_named = tier == "a" || said.contains("sock_send_length");
    ensure!(is_named, "what is lacking is not named: {said}");
    Ok(())
}

/// Findings are there, and nothing that no start should have.
fn judge_journal(results: &Results) -> Result<()> {
    let records = results.records("journal")?;
    let is_expected = |record: &serde_json::Value| {
        record["type"] == "finding"
            && record["kind"] == "unknown_destination"
            && record["subject"] == "apiwatch-vm.service → 127.0.0.1:8080"
    };
    ensure!(records.iter().any(is_expected), "the finding of the client is not there");
    let is_watched = results.section("journal")?.contains("Watchdog timeout");
    ensure!(is_watched, "the watchdog did not end a process that hung");
    for sign in ["panicked", "cannot be given"] {
        let line = results.section("journal")?.lines().find(|line| line.contains(sign));
        ensure!(line.is_none(), "it has {line:?}");
    }
    Ok(())
}

fn times(results: &Results) -> Result<String> {
    let told = results.seconds()?.into_iter().filter(|(_, seconds)| *seconds >= TOLD_SECONDS);
    Ok(told.map(|(step, seconds)| format!("{step} {seconds:.1} s")).collect::<Vec<_>>().join(", "))
}
