//! Builds the kernel side with the toolchain that `cargo xtask setup` prepared, and
//! leaves the object in `OUT_DIR` for `capture::object`.
//!
//! aya-build does nearly this, but cannot raise the BPF instruction set to version 3,
//! whose atomic additions the kernel side's counters need.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};
use object::build::elf::{Builder, SectionData};
use object::elf::SHT_STRTAB;

const PACKAGE: &str = "monitor-ebpf";
const OBJECT: &str = "apiwatch-bpf";
const TARGET: &str = "bpfel-unknown-none";
const LINKER: &str = "bpf-linker";
/// The toolchain that `cargo xtask setup` links where there is no nightly with sources.
const LINKED_TOOLCHAIN: &str = "apiwatch-bpf";
/// Sources of the standard library, below the system root of a toolchain.
const SOURCES: &str = "lib/rustlib/src/rust/library";
/// Set by `cargo xtask ci`: warnings of the kernel side are errors.
const DENY_WARNINGS: &str = "APIWATCH_DENY_WARNINGS";

/// A change of these makes the object stale. The search path is not among them: it
/// differs between `cargo build` and `cargo xtask`, which must not undo each other.
const INPUTS: [&str; 5] = [
    "../monitor-ebpf",
    "../monitor-common/src",
    "../monitor-common/Cargo.toml",
    "../Cargo.lock",
    "../Cargo.toml",
];

fn main() -> Result<()> {
    for path in INPUTS {
        println!("cargo:rerun-if-changed={path}");
    }
    println!("cargo:rerun-if-env-changed={DENY_WARNINGS}");
    let out_dir = PathBuf::from(std::env::var_os("OUT_DIR").context("OUT_DIR is not set")?);
    let target_dir = target_dir(&out_dir);
    let toolchain = find_toolchain()?;
    let output = cargo_build(&toolchain, &target_dir)?
        .output()
        .context("starting rustup to build the kernel side")?;
    report(&toolchain, &output)?;
    let built = target_dir.join(TARGET).join("release").join(OBJECT);
    let object = std::fs::read(&built).with_context(|| format!("reading {}", built.display()))?;
    let stripped = strip(&object).with_context(|| format!("stripping {}", built.display()))?;
    std::fs::write(out_dir.join(OBJECT), stripped).context("writing the object")
}

/// Without what only debuggers read, which is most of it: the program has the object in
/// itself. Types and lines for the verifier are in sections of their own.
fn strip(object: &[u8]) -> Result<Vec<u8>> {
    let mut builder = Builder::read(object)?;
    for section in &mut builder.sections {
        let name = section.name.as_slice();
        section.delete = [&b".debug_"[..], b".rel.debug_"].iter().any(|it| name.starts_with(it));
    }
    builder.delete_orphans();
    // The linker keeps all names in one table, the builder those of sections in their own.
    let names = builder.sections.add();
    names.name = b".shstrtab".as_slice().into();
    names.sh_type = SHT_STRTAB;
    names.sh_addralign = 1;
    names.data = SectionData::SectionString;
    let mut stripped = Vec::new();
    builder.write(&mut stripped)?;
    Ok(stripped)
}

/// `target/bpf` for an `OUT_DIR` of `target/PROFILE/build/PACKAGE/out`: the object is
/// the same in every profile, and most of the work is `core`.
fn target_dir(out_dir: &Path) -> PathBuf {
    out_dir.ancestors().nth(4).unwrap_or(out_dir).join("bpf")
}

fn cargo_build(toolchain: &str, target_dir: &Path) -> Result<Command> {
    let mut cargo = Command::new("rustup");
    cargo
        .args(["run", toolchain, "cargo", "build", "--package", PACKAGE, "--bins", "--release"])
        .args(["-Z", "build-std=core", "--target", TARGET, "--target-dir"])
        .arg(target_dir)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", rustflags()?.join("\x1f"))
        .env("PATH", search_path()?)
        // Cargo and clippy name the compiler of the user side in these.
        .env_remove("RUSTC")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .env_remove("RUSTDOC");
    Ok(cargo)
}

fn rustflags() -> Result<[String; 5]> {
    let architecture = std::env::var("CARGO_CFG_TARGET_ARCH").context("CARGO_CFG_TARGET_ARCH")?;
    Ok([
        format!("--cfg=bpf_target_arch=\"{architecture}\""),
        "-Cdebuginfo=2".to_owned(),
        "-Ctarget-cpu=v3".to_owned(),
        "-Clink-arg=--btf".to_owned(),
        format!("-Clinker={LINKER}"),
    ])
}

/// Passes warnings on: cargo shows what a build script prints only when it fails.
fn report(toolchain: &str, output: &Output) -> Result<()> {
    let messages = String::from_utf8_lossy(&output.stderr);
    let has_warnings = messages.contains("warning: ");
    if !output.status.success() {
        bail!("building the kernel side with toolchain {toolchain} failed:\n{messages}");
    }
    // Not by a flag of the compiler, which would have `core` compiled again.
    if has_warnings && std::env::var_os(DENY_WARNINGS).is_some() {
        bail!("the kernel side has warnings, and {DENY_WARNINGS} is set:\n{messages}");
    }
    if has_warnings {
        for line in messages.lines() {
            println!("cargo:warning={line}");
        }
    }
    Ok(())
}

/// The linked toolchain, else a nightly that has the sources of `core`.
fn find_toolchain() -> Result<String> {
    let output = Command::new("rustup").args(["toolchain", "list"]).output();
    let list = output.context("starting rustup, which chooses the kernel side's toolchain")?;
    let list = String::from_utf8_lossy(&list.stdout);
    let names = || list.lines().filter_map(|line| line.split_whitespace().next());
    let linked = names().filter(|name| *name == LINKED_TOOLCHAIN);
    let nightly = names().filter(|name| name.starts_with("nightly"));
    match linked.chain(nightly).find(|name| has_sources(name)) {
        Some(name) => Ok(name.to_owned()),
        None => bail!("the toolchain of the kernel side is missing: run `cargo xtask setup`"),
    }
}

fn has_sources(toolchain: &str) -> bool {
    let output =
        Command::new("rustup").args(["run", toolchain, "rustc", "--print", "sysroot"]).output();
    output.is_ok_and(|output| {
        let root = String::from_utf8_lossy(&output.stdout);
        output.status.success() && Path::new(root.trim()).join(SOURCES).is_dir()
    })
}

/// `PATH` with the place where `cargo xtask setup` puts bpf-linker.
fn search_path() -> Result<OsString> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    let cached = cache.map(|cache| cache.join("apiwatch/bpf-linker/bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all: Vec<_> = cached.into_iter().chain(std::env::split_paths(&path)).collect();
    if !all.iter().any(|directory| directory.join(LINKER).is_file()) {
        bail!("{LINKER} is missing: run `cargo xtask setup`");
    }
    std::env::join_paths(all).context("building the search path")
}
