//! What was found, for people: a table in groups, and what it comes to.

use std::fmt::Write;

use super::check::{Check, Group, State};
use crate::cli::Exit;

/// Width of the state, and of the widest name that is still lined up.
const STATE_WIDTH: usize = 8;
const NAME_WIDTH: usize = 28;

/// One line for each check that is in order, three for each that is not: what was found,
/// what it costs, how to mend it.
pub(super) fn table(checks: &[Check], exit: Exit) -> String {
    let mut text = String::new();
    let mut group: Option<Group> = None;
    for check in checks {
        if group != Some(check.group) {
            let gap = if group.is_some() { "\n" } else { "" };
            let _ = writeln!(text, "{gap}{}", check.group.title());
            group = Some(check.group);
        }
        let (state, name) = (check.state.word(), &check.name);
        let _ = writeln!(text, "  {state:<STATE_WIDTH$}  {name:<NAME_WIDTH$}  {}", check.detail);
        let costs = if check.state == State::Unknown { "may cost" } else { "costs" };
        for (label, lack) in [(costs, &check.costs), ("remedy", &check.remedy)] {
            if let Some(lack) = lack {
                let _ = writeln!(text, "  {:<STATE_WIDTH$}    {label:<8}  {lack}", "");
            }
        }
    }
    let _ = writeln!(text, "\n{}", verdict(checks, exit));
    text
}

/// What the checks come to, in one line.
fn verdict(checks: &[Check], exit: Exit) -> String {
    let count = |state| checks.iter().filter(|check| check.state == state).count();
    let counts = format!(
        "{} ok, {} degraded, {} missing, {} unknown",
        count(State::Ok),
        count(State::Degraded),
        count(State::Missing),
        count(State::Unknown)
    );
    let sentence = match exit {
        Exit::Success => "apiwatch can watch this host, and lacks nothing",
        Exit::Privilege => "apiwatch cannot watch this host as this user: privileges lack",
        Exit::Unavailable => "apiwatch cannot watch this host as it is",
        _ => "apiwatch can watch this host, but for what is named above",
    };
    format!("{sentence} ({counts}).")
}
