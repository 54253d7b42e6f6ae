//! Licences, sources and bans of the dependencies, with cargo-deny.

use anyhow::Result;

use crate::{place, process};

const VERSION: &str = "0.20.2";

/// Checks the dependencies against deny.toml.
pub(crate) fn run() -> Result<()> {
    let root = place::cache()?.join(format!("cargo-deny-{VERSION}"));
    let program = root.join("bin/cargo-deny");
    if !program.exists() {
        eprintln!("building cargo-deny {VERSION} into {}", root.display());
        let mut install = process::cargo(&["install", "cargo-deny", "--version", VERSION]);
        // Unoptimised it is built in half the time, and checks in a second all the same.
        install.args(["--locked", "--debug", "--quiet", "--root"]).arg(&root);
        install.env("CARGO_PROFILE_DEV_DEBUG", "0").current_dir(std::env::temp_dir());
        process::run_quietly(&mut install)?;
    }
    // The database of advisories is not to be had without a network.
    let mut check = process::cargo(&["deny", "--log-level", "error", "check"]);
    let search_path = std::env::var("PATH").unwrap_or_default();
    check.env("PATH", format!("{}:{search_path}", root.join("bin").display()));
    process::run_quietly(check.args(["bans", "licenses", "sources"]))
}
