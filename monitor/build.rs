//! Builds the kernel side with the toolchain that `cargo xtask setup` prepared, and
//! leaves the object in `OUT_DIR` for `capture::object`.
//!
//! aya-build does nearly this, but cannot raise the BPF instruction set to version 3,
//! whose atomic additions the kernel side's counters need.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

const PACKAGE: &str = "monitor-ebpf";
const OBJECT: &str = "apiwatch-bpf";
const TARGET: &str = "bpfel-unknown-none";
/// The toolchain that `cargo xtask setup` links where there is no nightly with sources.
const LINKED_TOOLCHAIN: &str = "apiwatch-bpf";
const RUSTFLAGS: [&str; 5] = [
    "--cfg=bpf_target_arch=\"x86_64\"",
    "-Cdebuginfo=2",
    "-Ctarget-cpu=v3",
    "-Clink-arg=--btf",
    "-Clinker=bpf-linker",
];

fn main() -> Result<()> {
    for path in ["../monitor-ebpf", "../monitor-common/src", "../Cargo.lock"] {
        println!("cargo:rerun-if-changed={path}");
    }
    println!("cargo:rerun-if-env-changed=PATH");
    let out_dir = PathBuf::from(std::env::var_os("OUT_DIR").context("OUT_DIR is not set")?);
    let toolchain = find_toolchain()?;
    let search_path = search_path()?;
    let target_dir = out_dir.join("bpf");
    let status = Command::new("rustup")
        .args(["run", &toolchain, "cargo", "build", "--package", PACKAGE, "--bins", "--release"])
        .args(["-Z", "build-std=core", "--target", TARGET, "--target-dir"])
        .arg(&target_dir)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", RUSTFLAGS.join("\x1f"))
        .env("PATH", search_path)
        .env_remove("RUSTC")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .env_remove("RUSTDOC")
        .stdout(Stdio::null())
        .status()
        .context("running rustup to build the kernel side")?;
    if !status.success() {
        bail!("building the kernel side with toolchain {toolchain} failed: see the errors above");
    }
    let built = target_dir.join(TARGET).join("release").join(OBJECT);
    std::fs::copy(&built, out_dir.join(OBJECT))
        .with_context(|| format!("copying {}", built.display()))?;
    Ok(())
}

/// The linked toolchain, else a nightly that has the sources of `core`.
fn find_toolchain() -> Result<String> {
    let list = Command::new("rustup").args(["toolchain", "list"]).output();
    let list = list.context("running rustup")?.stdout;
    let list = String::from_utf8_lossy(&list);
    let names: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let nightly = || names.iter().find(|name| name.starts_with("nightly") && has_sources(name));
    match names.iter().find(|name| **name == LINKED_TOOLCHAIN).or_else(nightly) {
        Some(name) => Ok((*name).to_owned()),
        None => bail!("the toolchain for the kernel side is missing: run `cargo xtask setup`"),
    }
}

fn has_sources(toolchain: &str) -> bool {
    let sysroot = Command::new("rustup")
        .args(["run", toolchain, "rustc", "--print", "sysroot"])
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    sysroot.is_ok_and(|sysroot| Path::new(&sysroot).join("lib/rustlib/src/rust/library").is_dir())
}

/// `PATH` with the place where `cargo xtask setup` puts bpf-linker.
fn search_path() -> Result<OsString> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    let cached = cache.map(|cache| cache.join("apiwatch/bpf-linker/bin"));
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let all = cached.into_iter().chain(std::env::split_paths(&paths));
    std::env::join_paths(all).context("building the search path")
}
