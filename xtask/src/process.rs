//! Child processes: cargo, commands as root, output on failure only.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::place;

/// Every package but the kernel side, which compiles for its own target only.
pub(crate) const USER_SIDE: [&str; 3] = ["--workspace", "--exclude", "monitor-ebpf"];

/// Cargo in the workspace, of the toolchain that runs this program.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // `cargo run` lends its library path to xtask; other programs are not to inherit it.
    command.args(arguments).current_dir(place::workspace()).env_remove("LD_LIBRARY_PATH");
    command
}

/// A command as root: through sudo unless this is root. What it needs of the
/// environment is given as `NAME=VALUE`, since sudo clears it.
pub(crate) fn privileged(program: impl AsRef<OsStr>, environment: &[String]) -> Command {
    let mut command = Command::new(if is_root() { "env" } else { "sudo" });
    if !is_root() {
        command.arg("env");
    }
    command.args(environment).arg(program).env_remove("LD_LIBRARY_PATH");
    command
}

/// Runs a command whose output is for the user.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("starting {}", name_of(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", line_of(command));
    }
    Ok(())
}

/// Runs a command whose output matters only when it fails.
pub(crate) fn run_quietly(command: &mut Command) -> Result<()> {
    output(command).map(drop)
}

/// Runs a command; what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("starting {}", name_of(command)))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("{} failed ({}):\n{text}{errors}", line_of(command), output.status);
    }
    Ok(text)
}

/// Where a program of the search path is.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Users' search paths often lack the folders of servers and of disk tools.
    let everywhere = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    everywhere.map(|directory| directory.join(name)).find(|path| path.is_file())
}

/// Whether this process may do what needs root.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

fn name_of(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_and_shows_what_it_printed() {
        let mut command = Command::new("sh");
        let error = output(command.args(["-c", "echo out; echo err >&2; exit 3"])).unwrap_err();
        let text = format!("{error:#}");
        assert!(text.starts_with("sh -c"), "{text}");
        assert!(text.contains("exit status: 3") && text.ends_with("out\nerr\n"), "{text}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(&mut Command::new("no-such-program")).unwrap_err();
        assert!(format!("{error:#}").starts_with("starting no-such-program: "));
        assert_eq!(find_program("no-such-program"), None);
        assert!(find_program("sh").is_some());
    }
}
