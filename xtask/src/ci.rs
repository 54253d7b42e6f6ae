//! `ci`: everything that must hold before a change lands, the quickest first.

use std::process::Command;

use anyhow::Result;

use crate::{alerts, deny, fuzz, generate, process, setup, soak, test, tidy, vm};

/// Seconds of fuzzing for each parser: enough to see that the targets work.
const SMOKE_SECONDS: u32 = 5;

/// Checks everything, and stops at the first failure.
pub(crate) fn run() -> Result<()> {
    step("format", || process::run(&mut process::cargo(&["fmt", "--all", "--check"])))?;
    step("tidy", tidy::run)?;
    step("setup", || setup::ensure(setup::Scope::Test))?;
    step("lints", || process::run(&mut lints()))?;
    step("documentation", || process::run(&mut documentation()))?;
    step("dependencies", deny::run)?;
    step("alerts", alerts::run)?;
    step("generated files", generate::check_packaging)?;
    step("virtual machines", || vm::run(None))?;
    step("tests", || test::run(&test::Args::default()))?;
    step("soak", || soak::run(&soak::Args::brief()))?;
    step("fuzzing", || fuzz::smoke(SMOKE_SECONDS))
}

fn step(name: &str, check: impl FnOnce() -> Result<()>) -> Result<()> {
    eprintln!("ci: {name}");
    check()
}

fn lints() -> Command {
    let mut clippy = process::cargo(&["clippy", "--quiet"]);
    clippy.args(process::USER_SIDE).args(["--all-targets", "--features", "apiwatch-tests/live"]);
    clippy.args(["--", "-D", "warnings"]);
    // The kernel side has a compiler of its own: monitor/build.rs.
    clippy.env("APIWATCH_DENY_WARNINGS", "1");
    clippy
}

fn documentation() -> Command {
    let mut doc = process::cargo(&["doc", "--quiet", "--no-deps"]);
    doc.args(process::USER_SIDE).env("RUSTDOCFLAGS", "-D warnings");
    doc
}
