//! States of the service, from start to stop.

use anyhow::{Context, Result, ensure};

use super::super::results::{Results, State};

/// What the service may take until it is ready: this kernel is emulated.
const READY_SECONDS: f64 = 30.0;

/// Properties, by the names of systemd.
const PROPERTIES: [&str; 4] = ["ActiveState", "Result", "ExecMainStatus", "NRestarts"];

/// A step, and the values of the properties after it.
const STATES: [(&str, [&str; 4]); 13] = [
    ("start", ["active", "success", "0", "0"]),
    ("good reload", ["active", "success", "0", "0"]),
    ("bad reload", ["active", "success", "0", "0"]),
    ("restart", ["active", "success", "0", "0"]),
    ("kill", ["active", "success", "0", "1"]),
    ("stop", ["inactive", "success", "0", "1"]),
    // Another start would end the same, so there is none.
    ("refused", ["failed", "exit-code", "78", "0"]),
    ("small disk", ["active", "success", "0", "0"]),
    ("good disk", ["active", "success", "0", "0"]),
    ("hang", ["active", "success", "0", "1"]),
    ("before upgrade", ["active", "success", "0", "0"]),
    ("upgrade", ["active", "success", "0", "0"]),
    ("rpm", ["active", "success", "0", "0"]),
];

/// A step, the one before it, and whether the process stayed.
const PROCESSES: [(&str, &str, Process); 7] = [
    ("start", "good reload", Process::Same),
    ("good reload", "bad reload", Process::Same),
    ("bad reload", "restart", Process::Another),
    ("restart", "kill", Process::Another),
    ("small disk", "good disk", Process::Same),
    ("good disk", "hang", Process::Another),
    ("before upgrade", "upgrade", Process::Another),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Process {
    Same,
    Another,
}

/// After a start on a kernel that cannot be watched. Another start would end the same.
const DECLINED: [&str; 4] = ["failed", "exit-code", "69", "0"];

/// Judges the state after such a start.
pub(super) fn judge_declined(results: &Results) -> Result<()> {
    judge_properties(&results.state("start")?, DECLINED)
}

/// Judges them; how long the first start took.
pub(super) fn judge(results: &Results) -> Result<String> {
    for (step, expected) in STATES {
        judge_properties(&results.state(step)?, expected).with_context(|| step.to_owned())?;
    }
    for (before, after, expected) in PROCESSES {
        let [before_pid, after_pid] = [
            results.state(before)?.property("MainPID")?,
            results.state(after)?.property("MainPID")?,
        ];
        let found = if before_pid == after_pid { Process::Same } else { Process::Another };
        ensure!(
            found == expected,
            "the process {before_pid} after {before} became {after_pid} after {after}"
        );
    }
    let seconds = results.state("start")?.seconds_to_ready()?;
    ensure!((0.0..READY_SECONDS).contains(&seconds), "it was ready after {seconds:.1} s");
    Ok(format!("ready in {seconds:.1} s"))
}

fn judge_properties(state: &State, expected: [&str; 4]) -> Result<()> {
    for (property, expected) in PROPERTIES.into_iter().zip(expected) {
        let found = state.property(property)?;
        ensure!(found == expected, "{property} is {found}, not {expected}");
    }
    Ok(())
}
