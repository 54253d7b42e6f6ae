//! `apiwatch status`: what the daemon is and how it fares.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write as _, stdout};
use std::path::Path;

use anyhow::{Context, bail};

use super::attach::write_line;
use crate::cli::{Exit, StatusArgs};
use crate::control::client::Client;
use crate::control::decode::{Decoder, Message};
use crate::control::status::Status;
use crate::terminal::printable_lines;

/// Status as text for people.
mod table;

/// Prints the status; the exit code says whether all is well.
///
/// # Errors
/// When the daemon cannot be reached, goes away, or says what this version does not
/// understand.
pub fn run(args: &StatusArgs, socket: &Path) -> anyhow::Result<Exit> {
    let line = Client::connect(socket)?.status()?;
    let status = read(&line)?;
    let ailments = ailments(&status);
    let printed = if args.json {
        write_line(line.as_bytes(), &mut stdout())
    } else {
        stdout().write_all(printable_lines(&table::render(&status, &ailments)).as_bytes())
    };
    match printed {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    if ailments.is_empty() {
        return Ok(Exit::Success);
    }
    if args.json {
        for ailment in &ailments {
            let _ = writeln!(io::stderr(), "degraded: {ailment}");
        }
    }
    Ok(Exit::Failure)
}

fn read(line: &str) -> anyhow::Result<Status> {
    let message = Decoder::default().line(line);
    match message.context("the status of the daemon cannot be read")? {
        Message::Status(status) => Ok(*status),
        _ => bail!("the daemon is of a version whose status this one does not understand"),
    }
}

/// What is not as it should be: each what it costs or how it is mended.
fn ailments(status: &Status) -> Vec<String> {
    let mut ailments = Vec::new();
    let lost: u64 = status.stats.lost.values().sum();
    if lost > 0 {
        let mut text = format!("{lost} records were lost");
        let _ = write!(text, ": {}", table::lost(status));
        ailments.push(text);
    }
    for (program, cost) in &status.capture.declined {
        let text = format!("the program {program} is declined: {cost}");
        ailments.push(crate::pipeline::text::clipped(&text, 400).into_owned());
    }
    if status.reload_succeeded == Some(false) {
        ailments.push(
            "the last reload failed, so the configuration before it is in force: run `apiwatch check-config`"
                .to_owned(),
        );
    }
    if status.state_save_succeeded == Some(false) {
        ailments.push(
            "what was learned cannot be saved, and is tried again every 5 seconds: look at the disk of `state.directory`, and at the log for the reason"
                .to_owned(),
        );
    }
    ailments
}

#[cfg(test)]
pub(in crate::daemon) mod tests;
