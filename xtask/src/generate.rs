//! `generate`: the files that are written from the code: manual pages and completions, as
//! packages carry them. `ci` says where they are not what the code would write.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{place, process, run};

/// Folders that hold nothing but what is generated.
const FOLDERS: [&str; 2] = ["completions", "man"];
/// Shell, and the name of its file of completions.
const SHELLS: [(&str, &str); 3] =
    [("bash", "apiwatch.bash"), ("fish", "apiwatch.fish"), ("zsh", "_apiwatch")];

/// Arguments of `generate`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder to write to [default: packaging]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Write nothing, and fail where a file is not what would be written
    #[arg(long)]
    check: bool,
}

/// Text of files, by their path below the folder to write to.
type Files = BTreeMap<PathBuf, String>;

/// Writes the manual pages and the completions, as apiwatch itself prints them.
pub(crate) fn run(args: &Args) -> Result<()> {
    let out = args.out.clone().unwrap_or_else(|| place::workspace().join("packaging"));
    if args.check { check(&out) } else { write(&out) }
}

/// Fails where the files of packages are not what the code would write.
pub(crate) fn check_packaging() -> Result<()> {
    check(&place::workspace().join("packaging"))
}

fn check(out: &Path) -> Result<()> {
    let drift = drift(&generated()?, &found(out)?);
    for line in &drift {
        eprintln!("{line}");
    }
    match drift.len() {
        0 => Ok(()),
        count => bail!("{count} generated files are stale: run `cargo xtask generate`"),
    }
}

fn write(out: &Path) -> Result<()> {
    let generated = generated()?;
    for path in found(out)?.keys().filter(|path| !generated.contains_key(*path)) {
        let path = out.join(path);
        std::fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
    }
    for (path, text) in &generated {
        let path = out.join(path);
        let parent = path.parent().expect("the file is in a folder");
        std::fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    eprintln!("{} files are written to {}", generated.len(), out.display());
    Ok(())
}

/// What the code writes.
fn generated() -> Result<Files> {
    let apiwatch = run::program()?;
    let mut files = Files::new();
    files.insert("man/apiwatch.1".into(), printed(&apiwatch, &["man"])?);
    for command in commands_of(&printed(&apiwatch, &["--help"])?) {
        let page = printed(&apiwatch, &["man", &command])?;
        files.insert(format!("man/apiwatch-{command}.1").into(), page);
    }
    for (shell, file) in SHELLS {
        let text = printed(&apiwatch, &["completions", shell])?;
        files.insert(Path::new("completions").join(file), text);
    }
    Ok(files)
}

/// What is there.
fn found(out: &Path) -> Result<Files> {
    let mut files = Files::new();
    for folder in FOLDERS {
        let Ok(entries) = std::fs::read_dir(out.join(folder)) else { continue };
        for entry in entries {
            let name = entry?.file_name();
            let path = Path::new(folder).join(name);
            let text = std::fs::read_to_string(out.join(&path))
                .with_context(|| format!("reading {}", out.join(&path).display()))?;
            files.insert(path, text);
        }
    }
    Ok(files)
}

/// How what is there differs from what the code writes, a line for each file.
fn drift(generated: &Files, found: &Files) -> Vec<String> {
    let missing_or_stale = generated.iter().filter_map(|(path, text)| match found.get(path) {
        None => Some(format!("{}: it is missing", path.display())),
        Some(found) if found != text => Some(format!("{}: it is stale", path.display())),
        Some(_) => None,
    });
    let surplus = found.keys().filter(|path| !generated.contains_key(*path));
    let surplus = surplus.map(|path| format!("{}: nothing writes it", path.display()));
    missing_or_stale.chain(surplus).collect()
}

/// What apiwatch prints.
pub(crate) fn printed(apiwatch: &Path, arguments: &[&str]) -> Result<String> {
    let text = process::output(Command::new(apiwatch).args(arguments))?;
    if text.is_empty() {
        bail!("apiwatch {} printed nothing", arguments.join(" "));
    }
    Ok(text)
}

/// The commands that `--help` lists.
pub(crate) fn commands_of(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    // Descriptions that were folded stand further in.
    let first = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    first.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_from_the_help() {
        let help = "See.\n\nUsage: x\n\nCommands:\n  daemon        Watch\n                and tell\n  \
                    check-config  Say\n\nOptions:\n  -v  More\n";
        assert_eq!(commands_of(help), ["daemon", "check-config"]);
        assert_eq!(commands_of("Usage: x\n"), Vec::<String>::new());
    }

    #[test]
    fn each_drift_is_a_line() {
        let files = |files: &[(&str, &str)]| -> Files {
            files.iter().map(|(path, text)| (path.into(), (*text).to_owned())).collect()
        };
        let generated = files(&[("man/a.1", "a"), ("man/b.1", "b"), ("man/c.1", "c")]);
        let found = files(&[("man/a.1", "a"), ("man/b.1", "old"), ("man/d.1", "d")]);
        let expected =
            ["man/b.1: it is stale", "man/c.1: it is missing", "man/d.1: nothing writes it"];
        assert_eq!(drift(&generated, &found), expected);
        assert!(drift(&generated, &generated).is_empty());
    }

    fn completions(name: &str) -> PathBuf {
        place::workspace().join("packaging/completions").join(name)
    }

    #[test]
    fn bash_completes() {
        const SCRIPT: &str = r#"
            source "$1"; shift
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
            _apiwatch apiwatch "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
            printf '%s\n' "${COMPREPLY[@]}""#;
        for (line, expected) in [
            ("apiwatch re", &["record", "replay"][..]),
            ("apiwatch che", &["check-config"]),
            ("apiwatch record --ti", &["--tier"]),
            ("apiwatch record --tier b", &["b"]),
            ("apiwatch replay f --no-p", &["--no-progress"]),
            ("apiwatch man do", &["doctor"]),
            ("apiwatch completions z", &["zsh"]),
            ("apiwatch replay f --x", &[]),
        ] {
            let mut bash = Command::new("bash");
            bash.args(["--norc", "-c", SCRIPT, "bash"]).arg(completions("apiwatch.bash"));
            let printed = process::output(bash.args(line.split(' '))).unwrap();
            let found: Vec<&str> = printed.lines().filter(|word| !word.is_empty()).collect();
            for word in expected {
                assert!(found.contains(word), "{line}: {found:?}");
            }
            assert_eq!(found.is_empty(), expected.is_empty(), "{line}: {found:?}");
        }
    }

    #[test]
    fn other_shells_that_are_here_can_read_theirs() {
        for (shell, file) in SHELLS {
            if process::find_program(shell).is_some() {
                process::output(Command::new(shell).arg("-n").arg(completions(file))).unwrap();
            }
        }
    }
}
