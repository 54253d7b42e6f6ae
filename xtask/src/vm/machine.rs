//! One boot of a machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::setup::emulator;

const LIMIT_SECONDS: &str = "150";
/// Exit status of `timeout` when the time was up.
const TIME_UP: i32 = 124;
/// The emulation, not apiwatch, is at fault for this; seen once in about ten boots
/// under load.
const LOCKUP: &str = "soft lockup";

/// QEMU 7.2 emulates cmpxchg16b with wrong flags, which the kernel uses in its
/// allocator, and two processors crash now and then; one, without that instruction, has
/// not been seen to.
const PROCESSOR: [&str; 6] = ["-accel", "tcg,thread=single", "-cpu", "max,-cx16", "-smp", "1"];

/// Where the two serial ports go.
pub(super) struct Files {
    /// What the kernel and the script say.
    pub(super) console: PathBuf,
    /// What is judged.
    pub(super) results: PathBuf,
}

/// Boots a machine and waits until it is off; what it wrote to the second port.
pub(super) fn boot(kernel: &Path, initramfs: &Path, files: &Files) -> Result<String> {
    match boot_once(kernel, initramfs, files) {
        Err(error) if read(&files.console)?.contains(LOCKUP) => {
            eprintln!("vm: the kernel reported a soft lockup, booting again ({error:#})");
            boot_once(kernel, initramfs, files)
        }
        result => result,
    }
}

fn boot_once(kernel: &Path, initramfs: &Path, files: &Files) -> Result<String> {
    for file in [&files.console, &files.results] {
        fs::write(file, "")?;
    }
    let status = qemu(kernel, initramfs, files)?.status().context("starting the emulator")?;
    let results = read(&files.results)?;
    if status.code() == Some(TIME_UP) {
        bail!("it was not off after {LIMIT_SECONDS} s; see {}", files.console.display());
    }
    if !results.lines().any(|line| line == "## end") {
        bail!("its script did not reach the end; see {}", files.console.display());
    }
    Ok(results)
}

fn qemu(kernel: &Path, initramfs: &Path, files: &Files) -> Result<Command> {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", LIMIT_SECONDS]).args(emulator::words()?);
    command.args(PROCESSOR);
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
    command.arg("-kernel").arg(kernel).arg("-initrd").arg(initramfs);
    command.args(["-append", "console=ttyS0 panic=-1 quiet"]);
    for file in [&files.console, &files.results] {
        command.arg("-serial").arg(format!("file:{}", file.display()));
    }
    command.stdin(Stdio::null());
    Ok(command)
}

/// A serial port ends lines with CR LF, and kernel messages may hold anything.
fn read(file: &Path) -> Result<String> {
    let bytes = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    Ok(String::from_utf8_lossy(&bytes).replace('\r', ""))
}
