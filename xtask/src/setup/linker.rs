//! bpf-linker, built once into the cache. It must be linked with the LLVM of the
//! compiler whose bitcode it reads.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::toolchain::Toolchain;
use super::{packages, say};
use crate::{place, process};

const VERSION: &str = "0.13.0";
/// The LLVMs that this version of bpf-linker knows.
const LLVMS: std::ops::RangeInclusive<u32> = 21..=23;

/// Builds bpf-linker unless it is there.
pub(super) fn ensure(toolchain: &Toolchain) -> Result<()> {
    if is_ready(toolchain) {
        return Ok(());
    }
    let llvm = toolchain.llvm;
    if !LLVMS.contains(&llvm) {
        bail!(
            "toolchain {} has LLVM {llvm}, and bpf-linker {VERSION} knows {LLVMS:?} only",
            toolchain.name
        );
    }
    let prefix = llvm_prefix(llvm)?;
    let root = root()?;
    say(&format!("building bpf-linker {VERSION} with LLVM {llvm} into {}", root.display()));
    let mut cargo = process::cargo(&["install", "bpf-linker", "--version", VERSION, "--force"]);
    cargo.args(["--quiet", "--no-default-features", "--features", &format!("llvm-{llvm}")]);
    // Not the workspace: its folder and settings have nothing to do with this build.
    cargo.arg("--root").arg(&root).current_dir(std::env::temp_dir()).env("LLVM_PREFIX", prefix);
    process::run_quietly(&mut cargo)
}

/// Whether the cache has this version, linked with this LLVM, and it starts.
pub(super) fn is_ready(toolchain: &Toolchain) -> bool {
    root().is_ok_and(|root| {
        let record = std::fs::read_to_string(root.join(".crates2.json")).unwrap_or_default();
        is_installed(&record, toolchain.llvm) && starts(&root)
    })
}

/// Where LLVM's headers and libraries are, installed if need be.
fn llvm_prefix(llvm: u32) -> Result<PathBuf> {
    let prefix = PathBuf::from(format!("/usr/lib/llvm-{llvm}"));
    let is_there = || prefix.join("bin/llvm-config").exists();
    if !is_there() && packages::has_apt() {
        let package = format!("llvm-{llvm}-dev");
        packages::ensure("LLVM, for the linker of the kernel side", &[&package])?;
    }
    if is_there() {
        return Ok(prefix);
    }
    std::env::var_os("LLVM_PREFIX").map(PathBuf::from).with_context(|| {
        format!("LLVM {llvm} with its headers is needed: install it and name it in LLVM_PREFIX")
    })
}

/// Whether cargo's record of installed programs has this version with this LLVM.
fn is_installed(record: &str, llvm: u32) -> bool {
    let record: Value = serde_json::from_str(record).unwrap_or_default();
    let feature = format!("llvm-{llvm}");
    record["installs"].as_object().is_some_and(|installs| {
        installs.iter().any(|(name, details)| {
            name.starts_with(&format!("bpf-linker {VERSION} "))
                && details["features"]
                    .as_array()
                    .is_some_and(|all| all.contains(&feature.as_str().into()))
        })
    })
}

/// A removed or replaced library of LLVM shows here.
fn starts(root: &Path) -> bool {
    process::run_quietly(Command::new(root.join("bin/bpf-linker")).arg("--version")).is_ok()
}

fn root() -> Result<PathBuf> {
    Ok(place::cache()?.join("bpf-linker"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_or_another_llvm_is_not_installed() {
        let record =
            |name: &str| format!(r#"{{"installs":{{"{name}":{{"features":["llvm-22"]}}}}}}"#);
        let installed = record("bpf-linker 0.13.0 (registry+x)");
        assert!(is_installed(&installed, 22));
        assert!(!is_installed(&installed, 23));
        assert!(!is_installed(&record("bpf-linker 0.13.01 (registry+x)"), 22));
        assert!(!is_installed(&record("other 0.13.0 (registry+x)"), 22));
        assert!(!is_installed("", 22));
        assert!(!is_installed("{\"installs\":[]}", 22));
    }
}
