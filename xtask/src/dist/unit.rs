//! The systemd unit.

use std::process::Command;

use anyhow::{Context, Result};

use crate::{place, process};

/// The most that `systemd-analyze security` may find, in tenths of its scale from 0 to 10.
const MOST_EXPOSED_TENTHS: u32 = 16;

/// Whether there was a systemd to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    Yes,
    No,
}

/// Fails where the unit leaves the daemon more than it needs.
pub(super) fn check() -> Result<Checked> {
    if process::find_program("systemd-analyze").is_none() {
        return Ok(Checked::No);
    }
    let unit = place::workspace().join("packaging/apiwatch.service");
    let mut analyze = Command::new("systemd-analyze");
    analyze.args(["security", "--no-pager", "--offline=true"]);
    analyze.arg(format!("--threshold={MOST_EXPOSED_TENTHS}")).arg(unit);
    process::run_quietly(&mut analyze).context("the unit is exposed more than it may be")?;
    Ok(Checked::Yes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_exposed_little() {
        check().unwrap();
    }

    /// The last words of @privileged are bpf and capset, so the order is not free.
    #[test]
    fn calls_that_the_daemon_needs_are_allowed_last() {
        let path = place::workspace().join("packaging/apiwatch.service");
        let unit = std::fs::read_to_string(path).unwrap();
        let filters: Vec<_> =
            unit.lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")).collect();
        let expected = [
            "@system-service",
            "~@privileged @resources",
            "bpf capset perf_event_open",
            "landlock_create_ruleset landlock_add_rule landlock_restrict_self",
        ];
        assert_eq!(filters, expected);
    }
}
