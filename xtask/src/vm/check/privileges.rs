//! What the service may do: next to nothing, once it watches.

use anyhow::{Result, ensure};

use super::super::results::Results;

/// `CAP_PERFMON` and `CAP_BPF`, which the unit grants and the daemon gives up.
const GRANTED: &str = "000000c000000000";
const NONE: &str = "0000000000000000";

/// What the kernel says of each thread.
const LINES: [(&str, &str); 6] = [
    ("CapPrm", NONE),
    ("CapEff", NONE),
    ("CapAmb", NONE),
    ("CapBnd", GRANTED),
    ("NoNewPrivs", "1"),
    // A filter of system calls.
    ("Seccomp", "2"),
];

/// Judges what the kernel says, and that the daemon says the same; a word about it.
pub(super) fn judge(results: &Results) -> Result<String> {
    let text = results.section("start privileges")?;
    let threads: Vec<&str> = text.split("Name:\t").skip(1).collect();
    ensure!(!threads.is_empty(), "the service has no thread");
    for thread in &threads {
        judge_thread(thread)?;
    }
    let status = results.object("status")?;
    let sandbox = &status["sandbox"];
    ensure!(sandbox["capabilities"] == "none", "its status says {sandbox}");
    ensure!(sandbox["no_new_privileges"] == true, "its status says {sandbox}");
    // Both kernels have it, so the unit must let the daemon use it.
    let is_confined = sandbox["landlock"] == "full" || sandbox["landlock"] == "partial";
    ensure!(is_confined, "Landlock does not confine it: {sandbox}");
    Ok(format!("{} threads without capabilities", threads.len()))
}

fn judge_thread(thread: &str) -> Result<()> {
    let name = thread.lines().next().unwrap_or_default();
    let value = |wanted: &str| {
        thread.lines().find_map(|line| line.strip_prefix(wanted)?.strip_prefix(":\t"))
    };
    for (line, expected) in LINES {
        let found = value(line).unwrap_or("nothing");
        ensure!(found == expected, "{line} of the thread {name} is {found}, not {expected}");
    }
    let users = value("Uid").unwrap_or_default();
    let is_nobody_special = !users.is_empty() && users.split('\t').all(|user| user != "0");
    ensure!(is_nobody_special, "the thread {name} has the users {users:?}");
    Ok(())
}
