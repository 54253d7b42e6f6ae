//! `gen`: the files that are written from the code. They are made when a package is
//! built and are not kept in the repository, where they would only grow stale.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{place, process, run};

/// Shell, and the name of its file of completions.
const SHELLS: [(&str, &str); 3] =
    [("bash", "apiwatch.bash"), ("fish", "apiwatch.fish"), ("zsh", "_apiwatch")];

/// Arguments of `gen`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder to write to [default: `gen` where cargo puts what it builds]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Writes the manual pages and the completions, as apiwatch itself prints them.
pub(crate) fn run(args: &Args) -> Result<()> {
    let apiwatch = run::build()?;
    let out = args.out.clone().unwrap_or_else(|| place::target().join("gen"));
    write(&out.join("man/apiwatch.1"), &printed(&apiwatch, &["man"])?)?;
    for command in commands_of(&printed(&apiwatch, &["--help"])?) {
        let page = printed(&apiwatch, &["man", &command])?;
        write(&out.join(format!("man/apiwatch-{command}.1")), &page)?;
    }
    for (shell, file) in SHELLS {
        let text = printed(&apiwatch, &["completions", shell])?;
        write(&out.join("completions").join(file), &text)?;
    }
    eprintln!("written to {}", out.display());
    Ok(())
}

fn printed(apiwatch: &Path, arguments: &[&str]) -> Result<String> {
    let text = process::output(Command::new(apiwatch).args(arguments))?;
    if text.is_empty() {
        bail!("apiwatch {} printed nothing", arguments.join(" "));
    }
    Ok(text)
}

/// The commands that `--help` lists.
fn commands_of(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    // Descriptions that were folded stand further in.
    let first = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    first.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn write(path: &Path, text: &str) -> Result<()> {
    let parent = path.parent().expect("the file is in a folder");
    std::fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
    std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))
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
}
