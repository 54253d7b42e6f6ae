//! A Node.js whose OpenSSL knows ML-KEM, in the cache: the peers of distributions are older.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use super::say;
use crate::{place, process};

const VERSION: &str = "24.21.0";

/// Installs it unless it is there.
pub(super) fn ensure() -> Result<()> {
    if is_ready() {
        return Ok(());
    }
    let cache = cache()?;
    say(&format!(
        "installing Node.js {VERSION} into {} (a peer of the tests that knows ML-KEM)",
        cache.display()
    ));
    let mut npm = Command::new("npm");
    npm.args(["install", "--global", "--prefix"]).arg(&cache);
    npm.args(["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    process::run_quietly(npm.arg(format!("node-linux-{}@{VERSION}", architecture()?)))
}

/// Where it is.
pub(crate) fn program() -> Result<PathBuf> {
    Ok(cache()?.join("bin/node"))
}

/// An install that was broken off shows here.
fn is_ready() -> bool {
    let version =
        program().and_then(|program| process::output(Command::new(program).arg("--version")));
    version.is_ok_and(|version| version.trim() == format!("v{VERSION}"))
}

/// The name that its packages have for this processor.
fn architecture() -> Result<&'static str> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("x64"),
        "aarch64" => Ok("arm64"),
        other => bail!("there is no Node.js {VERSION} for {other}"),
    }
}

fn cache() -> Result<PathBuf> {
    Ok(place::cache()?.join("node"))
}
