//! `test`: every test, the ones that need the kernel included.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{process, run, setup, vm};

/// Arguments of `test`.
#[derive(Default, clap::Args)]
pub(crate) struct Args {
    /// Only the tests whose names contain this
    pub(crate) filter: Option<String>,

    /// Boot stock kernels in virtual machines instead; the filter is the kernel, as 6.1
    #[arg(long)]
    pub(crate) vm: bool,
}

/// Runs the tests that need no privileges as the calling user, then the live ones.
pub(crate) fn run(args: &Args) -> Result<()> {
    if args.vm {
        return vm::run(args.filter.as_deref());
    }
    setup::ensure(setup::Scope::Test)?;
    let apiwatch = run::build()?;
    let filter = args.filter.as_deref();
    process::run(process::cargo(&["test"]).args(process::USER_SIDE).args(filter))?;

    // Live tests judge the program that users run, and the speed it is run with.
    let environment = [
        format!("APIWATCH={}", apiwatch.display()),
        format!("APIWATCH_PYTHON={}", setup::python::interpreter()?.display()),
        format!("APIWATCH_NODE={}", setup::node::program()?.display()),
        format!("PATH={}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default()),
    ];
    // One at a time: each asks what the kernel holds and what the whole host does.
    let mut live = process::privileged(build_live()?, &environment);
    process::run(live.arg("--test-threads=1").args(filter))
}

/// Builds the live tests as the calling user; the program that runs them.
fn build_live() -> Result<PathBuf> {
    // The same packages as before, so that their features, and what was built, stay.
    let live = ["--features", "apiwatch-tests/live", "--test", "live"];
    let mut build =
        process::cargo(&["test", "--no-run", "--message-format=json-render-diagnostics"]);
    let messages = build.args(process::USER_SIDE).args(live).stderr(Stdio::inherit()).output()?;
    if !messages.status.success() {
        bail!("the live tests could not be built");
    }
    executable_of(&String::from_utf8_lossy(&messages.stdout)).context("cargo named no live test")
}

/// The program of the test target `live`, from cargo's messages.
fn executable_of(messages: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "live")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_the_live_tests_is_found_among_cargos_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"monitor"},"executable":"/t/a"}"#,
            "\nnoise\n",
            r#"{"reason":"compiler-artifact","target":{"name":"live"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"live"},"executable":"/t/live-1"}"#,
            "\n",
        );
        assert_eq!(executable_of(messages), Some(PathBuf::from("/t/live-1")));
        assert_eq!(executable_of(""), None);
    }
}
