//! `apiwatch doctor`: what this kernel and these privileges allow, and what each lack
//! costs. Nothing is guessed from versions where it can be tried. Without privileges it
//! says what it cannot look at.
//!
//! ```text
//! Host ─► probes (kernel, privileges, hooks, memory, view, service) ─► checks ─► report
//! ```

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;

use self::check::{Check, Group, Need, Probe, State};
use self::host::Host;
use crate::cli::{self, DoctorArgs, Exit};
use crate::clock;
use crate::config::{self, Config, DEFAULT_PATH};
use crate::terminal::{Color, printable_lines};

/// What a look is, and what it found.
mod check;
/// What loads into the kernel.
mod hooks;
/// What the probes look at.
mod host;
/// What the running kernel is.
mod kernel;
/// What fits into memory.
mod memory;
/// What this process may do.
mod privileges;
/// What was found, for people.
mod report;
/// What the daemon needs of the host.
mod service;
/// What can be known of processes and times.
mod view;

/// Version of the JSON: it rises when a member changes its meaning or goes away.
const SCHEMA: u32 = 1;

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    exit: u8,
    checks: &'a [Check],
}

/// Looks at everything and prints what was found.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(args: &DoctorArgs, config_path: Option<&Path>) -> anyhow::Result<Exit> {
    let host = Host {
        root: PathBuf::from("/"),
        config: configured(config_path),
        tiers: hooks::try_all(),
        now: clock::wall(),
    };
    let checks = look(&host);
    let exit = exit_of(&checks);
    let text = if args.json {
        let report = Report { schema: SCHEMA, exit: exit as u8, checks: &checks };
        serde_json::to_string(&report)? + "\n"
    } else {
        printable_lines(&report::table(&checks, exit))
    };
    cli::write_stdout(text.as_bytes()).context("cannot write to standard output")?;
    Ok(exit)
}

/// What is configured and where, or what is wrong with that in one line.
fn configured(path: Option<&Path>) -> Result<(Config, String), String> {
    match config::load(path) {
        Ok(effective) => {
            let none = || format!("there is no {DEFAULT_PATH}; the built-in defaults are used");
            let source = effective.file().map_or_else(none, |file| format!("{file} is fine"));
            Ok((effective.config, source))
        }
        Err(error) => {
            let text = error.render(Color::Plain);
            let name = path.unwrap_or(Path::new(DEFAULT_PATH)).display().to_string();
            let line = text.lines().next().unwrap_or("it is wrong");
            Err(if line.contains(&name) { line.to_owned() } else { format!("{name}: {line}") })
        }
    }
}

fn look(host: &Host) -> Vec<Check> {
    let probe = |group: Group, probes: &'static [Probe]| {
        probes.iter().map(move |probe| probe.check(group, host))
    };
    probe(Group::Kernel, kernel::PROBES)
        .chain(probe(Group::Privileges, privileges::PROBES))
        .chain(hooks::checks(host))
        .chain(probe(Group::Memory, memory::PROBES))
        .chain(probe(Group::View, view::PROBES))
        .chain(probe(Group::Service, service::PROBES))
        .collect()
}

/// What keeps the daemon from starting counts most; if that is only privileges, whoever
/// has them may start it.
fn exit_of(checks: &[Check]) -> Exit {
    let is_fatal = |check: &&Check| check.need == Need::Required && check.state == State::Missing;
    let mut fatal = checks.iter().filter(is_fatal).peekable();
    if fatal.peek().is_some() {
        let is_privilege = fatal.all(|check| check.group == Group::Privileges);
        return if is_privilege { Exit::Privilege } else { Exit::Unavailable };
    }
    let lacks = |check: &Check| matches!(check.state, State::Degraded | State::Missing);
    if checks.iter().any(lacks) { Exit::Failure } else { Exit::Success }
}

#[cfg(test)]
mod tests;
