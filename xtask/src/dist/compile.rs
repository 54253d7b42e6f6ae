//! Builds the program that is packed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::program::Architecture;
use crate::{place, process, setup};

/// Builds the release for a target, else for this host; its path.
pub(super) fn release(triple: Option<&str>) -> Result<PathBuf> {
    let architecture = triple.map(architecture_of).transpose()?;
    let foreign = architecture.filter(|architecture| !architecture.is_native());
    if let Some(architecture) = foreign {
        find_cross_toolchain(architecture)?;
    }
    setup::ensure(setup::Scope::Build)?;
    let mut cargo = process::cargo(&["build", "--release", "--locked", "--package", "monitor"]);
    cargo.args(["--bin", "apiwatch"]).env("CARGO_ENCODED_RUSTFLAGS", rustflags());
    let Some(architecture) = foreign else {
        process::run(&mut cargo)?;
        return Ok(place::target().join("release/apiwatch"));
    };
    let triple = architecture.triple();
    cargo.args(["--target", triple]).env(linker_variable(triple), linker(architecture));
    process::run(&mut cargo)?;
    Ok(place::target().join(triple).join("release/apiwatch"))
}

fn architecture_of(triple: &str) -> Result<Architecture> {
    let known = Architecture::ALL.into_iter().find(|known| known.triple() == triple);
    known.with_context(|| {
        let all = Architecture::ALL.map(Architecture::triple).join(" and ");
        format!("no packages are made for {triple}, but for {all}")
    })
}

/// A compiler without the target's libraries fails late and says little.
fn find_cross_toolchain(architecture: Architecture) -> Result<()> {
    let triple = architecture.triple();
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let libraries = process::output(rustc.args(["--print", "target-libdir", "--target", triple]))?;
    if !Path::new(libraries.trim()).is_dir() {
        bail!("Rust's library for {triple} is missing: run `rustup target add {triple}`");
    }
    let linker = linker(architecture);
    if process::find_program(&linker).is_none() {
        bail!("{linker} is missing, which links for {triple}: install gcc-{}", architecture.gnu());
    }
    Ok(())
}

fn linker(architecture: Architecture) -> String {
    format!("{}-gcc", architecture.gnu())
}

fn linker_variable(triple: &str) -> String {
    format!("CARGO_TARGET_{}_LINKER", triple.to_uppercase().replace('-', "_"))
}

/// Messages of panics name source files: not by where they are on the host that builds.
fn rustflags() -> String {
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    let cargo = std::env::var_os("CARGO_HOME").map(PathBuf::from).or(home);
    let remapped = cargo.map(|cargo| (cargo, "cargo"));
    let remapped = remapped.into_iter().chain([(place::workspace().to_owned(), "apiwatch")]);
    let flags =
        remapped.map(|(path, name)| format!("--remap-path-prefix={}={name}", path.display()));
    flags.collect::<Vec<_>>().join("\x1f")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_packed_for_is_named() {
        assert_eq!(architecture_of("aarch64-unknown-linux-gnu").unwrap(), Architecture::Arm64);
        let error = architecture_of("riscv64gc-unknown-linux-gnu").unwrap_err().to_string();
        let expected = "no packages are made for riscv64gc-unknown-linux-gnu, but for \
                        x86_64-unknown-linux-gnu and aarch64-unknown-linux-gnu";
        assert_eq!(error, expected);
    }

    #[test]
    fn cargo_is_told_the_linker() {
        let variable = linker_variable(Architecture::Arm64.triple());
        assert_eq!(variable, "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER");
        assert_eq!(linker(Architecture::Arm64), "aarch64-linux-gnu-gcc");
    }
}
