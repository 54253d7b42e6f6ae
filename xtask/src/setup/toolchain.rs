//! The toolchain of the kernel side. It needs the sources of `core`, which stable Rust
//! does not build for BPF: a nightly with `rust-src`, or else Debian's packages of Rust,
//! linked into rustup under a name of ours. `monitor/build.rs` looks for the same two.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{packages, say};
use crate::process;

/// The name under which the distribution's toolchain is linked.
const LINKED: &str = "apiwatch-bpf";
const LINKED_PREFIX: &str = "/usr";
const PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];
/// Sources of the standard library, below the system root of a toolchain.
const SOURCES: &str = "lib/rustlib/src/rust/library";
/// Oldest release that builds the workspace (`rust-version` in Cargo.toml).
const OLDEST: (u32, u32) = (1, 95);

/// A toolchain that can build the kernel side.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Toolchain {
    /// Name in rustup.
    pub(super) name: String,
    /// Major version of its LLVM, which bpf-linker has to match.
    pub(super) llvm: u32,
}

/// Finds the toolchain, or installs it.
pub(super) fn ensure() -> Result<Toolchain> {
    if let Some(found) = find()? {
        return Ok(found);
    }
    if !packages::has_apt() {
        bail!(
            "the kernel side needs a nightly Rust with the sources of core; install it with\n    \
             rustup toolchain install nightly --profile minimal --component rust-src"
        );
    }
    packages::ensure("the Rust toolchain with the sources of core, for the kernel side", &PACKAGES)
        .context(
            "the kernel side needs a Rust toolchain with the sources of core, and the \
             distribution's packages cannot be installed; where rustup can, run\n    \
             rustup toolchain install nightly --profile minimal --component rust-src",
        )?;
    say(&format!("linking {LINKED_PREFIX} as rustup's toolchain {LINKED}"));
    process::run_quietly(rustup().args(["toolchain", "link", LINKED, LINKED_PREFIX]))?;
    find()?.with_context(|| {
        format!("the distribution's Rust is older than {}.{}, which is needed", OLDEST.0, OLDEST.1)
    })
}

/// The linked toolchain, else a nightly with sources.
pub(super) fn find() -> Result<Option<Toolchain>> {
    if process::find_program("rustup").is_none() {
        bail!("rustup is missing, which chooses between two toolchains: see https://rustup.rs");
    }
    let list = process::output(rustup().args(["toolchain", "list"]))?;
    let names: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let linked = names.iter().filter(|name| **name == LINKED);
    let nightly = names.iter().filter(|name| name.starts_with("nightly"));
    Ok(linked.chain(nightly).find_map(|name| usable(name)))
}

/// The toolchain of that name, if it is whole, new enough and has sources.
fn usable(name: &str) -> Option<Toolchain> {
    let run = |program: &str, argument: &str| {
        process::output(rustup().args(["run", name, program]).args(argument.split(' '))).ok()
    };
    let root = run("rustc", "--print sysroot")?;
    if !Path::new(root.trim()).join(SOURCES).is_dir() {
        return None;
    }
    run("cargo", "-V")?;
    let (release, llvm) = versions_of(&run("rustc", "-vV")?)?;
    (release >= OLDEST).then(|| Toolchain { name: name.to_owned(), llvm })
}

/// Release and major version of LLVM, from `rustc -vV`.
fn versions_of(text: &str) -> Option<((u32, u32), u32)> {
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
    let mut release = value("release: ")?.split('.').map_while(|part| part.parse().ok());
    let llvm = value("LLVM version: ")?.split('.').next()?.parse().ok()?;
    Some(((release.next()?, release.next()?), llvm))
}

fn rustup() -> Command {
    Command::new("rustup")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_what_rustc_says() {
        let stable = "rustc 1.96.0\nbinary: rustc\nrelease: 1.96.0\nLLVM version: 22.1.8\n";
        assert_eq!(versions_of(stable), Some(((1, 96), 22)));
        let nightly = "release: 1.97.0-nightly\nLLVM version: 23.0\n";
        assert_eq!(versions_of(nightly), Some(((1, 97), 23)));
        assert_eq!(versions_of("release: 1.96.0\n"), None);
        assert_eq!(versions_of(""), None);
    }
}
