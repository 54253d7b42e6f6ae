//! `run`: build and start apiwatch.

use std::io::IsTerminal;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use anyhow::{Context, Result};

use crate::{place, process, setup};

const PROFILE: &str = "fast";

/// Arguments of `run`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Arguments of apiwatch [default: `top --standalone` on a terminal, else `daemon`]
    #[arg(last = true, value_name = "ARGS")]
    arguments: Vec<String>,
}

/// Builds apiwatch as the calling user, and becomes it, as root.
pub(crate) fn run(args: &Args) -> Result<()> {
    let program = build()?;
    let arguments = if !args.arguments.is_empty() {
        args.arguments.clone()
    } else if std::io::stdout().is_terminal() {
        vec!["top".to_owned(), "--standalone".to_owned()]
    } else {
        vec!["daemon".to_owned()]
    };
    let mut command = process::privileged(&program, &[]);
    Err(command.args(arguments).exec()).with_context(|| format!("starting {}", program.display()))
}

/// The program to use: the one that `APIWATCH` names, or what is built.
pub(crate) fn program() -> Result<PathBuf> {
    std::env::var_os("APIWATCH").map_or_else(build, |path| Ok(path.into()))
}

/// Sets up, and builds apiwatch as it is run; its path.
pub(crate) fn build() -> Result<PathBuf> {
    let dependencies = setup::is_needed().then(build_dependencies).transpose()?;
    let ready = setup::ensure(setup::Scope::Build);
    if let Some(mut build) = dependencies {
        // Two cargos would only wait for each other's lock.
        let _ = build.wait();
    }
    ready?;
    process::run(&mut process::cargo(&[
        "build",
        "--profile",
        PROFILE,
        "--package",
        "monitor",
        "--bin",
        "apiwatch",
    ]))?;
    Ok(place::target().join(PROFILE).join("apiwatch"))
}

/// Builds the libraries while packages are installed. It fails at the end, where the
/// toolchain of the kernel side is missing, and is not listened to.
fn build_dependencies() -> Result<Child> {
    process::cargo(&["build", "--keep-going", "--profile", PROFILE, "--package", "monitor"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("starting cargo")
}
