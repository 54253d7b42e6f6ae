//! One boot of a machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::setup::emulator;

/// Many times what it takes on a host that does nothing else, for hosts that do.
const LIMIT_SECONDS: &str = "1200";
/// Lines of the console that are shown where a machine failed.
const SHOWN_LINES: usize = 30;
/// Boots to the script and what it needs, not to all that a host has: no logins, no timers.
const COMMAND_LINE: &str = "console=ttyS0 panic=-1 quiet rdinit=/lib/systemd/systemd \
                            systemd.unit=apiwatch-vm.service systemd.hostname=vm";
/// Exit status of `timeout` when the time was up.
const TIME_UP: i32 = 124;
/// QEMU 7.2 emulates cmpxchg16b with wrong flags, which the kernel uses in its
/// allocator, and two processors crash now and then; one, without that instruction, has
/// not been seen to.
const PROCESSOR: [&str; 6] = ["-accel", "tcg,thread=single", "-cpu", "max,-cx16", "-smp", "1"];

/// The machine's time is what it computes, a nanosecond for an instruction, and waiting
/// takes none. So its times and timeouts do not depend on what else this host does.
const CLOCK: [&str; 4] = ["-icount", "shift=0,sleep=off", "-rtc", "clock=vm"];

/// Where the two serial ports go.
pub(super) struct Files {
    /// What the kernel and the script say.
    pub(super) console: PathBuf,
    /// What is judged.
    pub(super) results: PathBuf,
}

/// Boots a machine and waits until it is off; what it wrote to the second port.
pub(super) fn boot(kernel: &Path, root: &Path, files: &Files) -> Result<String> {
    for file in [&files.console, &files.results] {
        fs::write(file, "")?;
    }
    let status = qemu(kernel, root, files)?.status().context("starting the emulator")?;
    let results = read(&files.results)?;
    if status.code() == Some(TIME_UP) {
        bail!("it was not off after {LIMIT_SECONDS} s; {}", shown(files)?);
    }
    if !results.lines().any(|line| line == "## end") {
        bail!("its script did not reach the end; {}", shown(files)?);
    }
    Ok(results)
}

/// The end of what the console said, and where all of it is.
fn shown(files: &Files) -> Result<String> {
    let path = files.console.display();
    Ok(format!("its console ({path}) ends with\n{}", last_lines(&read(&files.console)?)))
}

fn last_lines(console: &str) -> String {
    let lines: Vec<&str> = console.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}

fn qemu(kernel: &Path, root: &Path, files: &Files) -> Result<Command> {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", LIMIT_SECONDS]).args(emulator::words()?);
    command.args(PROCESSOR).args(CLOCK);
    command.args([
        "-m",
        "1024",
        "-display",
        "none",
        "-monitor",
        "none",
        "-no-reboot",
        "-nic",
        "none",
    ]);
    command.arg("-kernel").arg(kernel).arg("-initrd").arg(root);
    command.args(["-append", COMMAND_LINE]);
    for file in [&files.console, &files.results] {
        command.arg("-serial").arg(format!("file:{}", file.display()));
    }
    command.stdin(Stdio::null());
    Ok(command)
}

fn read(file: &Path) -> Result<String> {
    let bytes = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    Ok(printable(&String::from_utf8_lossy(&bytes)))
}

/// A serial port ends lines with CR LF, and systemd and apt steer the terminal.
fn printable(text: &str) -> String {
    text.chars()
        .filter(|&character| "\n\t".contains(character) || !character.is_control())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_console_is_shown_without_what_would_steer_a_terminal() {
        let console: String = (0..40).map(|line| format!("\u{1b}[32m{line}\r\n \n")).collect();
        let shown = last_lines(&printable(&console));
        assert!(shown.starts_with("[32m10\n") && shown.ends_with("\n[32m39"), "{shown}");
        assert_eq!(last_lines(""), "");
    }
}
