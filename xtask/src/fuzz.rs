//! `fuzz`: hostile bytes into every parser, for as long as is asked.
//!
//! libFuzzer drives the targets of `fuzz/`; the instrumentation is that of the compiler
//! itself, so the toolchain of the workspace serves. Corpora that are worth keeping live
//! in `fuzz/corpus`, and the tests replay them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::{place, process, setup};

/// Bytes of one input at most.
const LONGEST_INPUT: u32 = 65_536;
/// Seconds that one input may take.
const LONGEST_TIME: u32 = 1;
/// Megabytes that a target may use.
const MOST_MEMORY: u32 = 512;

/// Coverage for libFuzzer, as `cargo fuzz` asks for it.
const INSTRUMENTATION: &str = "--cfg fuzzing -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Arguments of `fuzz`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Which parser; every one by default
    target: Option<String>,
    /// Seconds for each
    #[arg(long = "for", value_name = "SECONDS", default_value_t = 600)]
    seconds: u32,
    /// Put what was found worth keeping into fuzz/corpus
    #[arg(long)]
    keep: bool,
}

/// Fuzzes one parser, or each in turn.
pub(crate) fn run(args: &Args) -> Result<()> {
    setup::ensure(setup::Scope::Build)?;
    let all = targets()?;
    let chosen: Vec<&String> = match &args.target {
        Some(name) => all.iter().filter(|target| *target == name).collect(),
        None => all.iter().collect(),
    };
    ensure!(!chosen.is_empty(), "there is no such target; the targets are {}", all.join(", "));
    build()?;
    seed()?;
    let mut failures = Vec::new();
    for target in chosen {
        match fuzz(target, args.seconds) {
            Ok(()) if args.keep => keep(target)?,
            Ok(()) => {}
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    ensure!(failures.is_empty(), "{}", failures.join("\n\n"));
    Ok(())
}

/// Every target briefly, for `ci`.
pub(crate) fn smoke(seconds: u32) -> Result<()> {
    run(&Args { target: None, seconds, keep: false })
}

/// The targets, by the names of their files.
fn targets() -> Result<Vec<String>> {
    let folder = crate_root().join("fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))? {
        let path = entry?.path();
        if let Some(name) = path.file_stem().and_then(|name| name.to_str()) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn build() -> Result<()> {
    let mut cargo = process::cargo(&["build", "--release", "--bins", "--quiet"]);
    cargo.arg("--manifest-path").arg(crate_root().join("Cargo.toml"));
    cargo.args(["--target", TARGET]).arg("--target-dir").arg(place::target().join("fuzz"));
    process::run(cargo.env("RUSTFLAGS", INSTRUMENTATION))
}

/// Writes the samples of the tests to where the targets start from.
fn seed() -> Result<()> {
    let mut test = process::cargo(&["test", "--quiet", "--package", "monitor", "--lib"]);
    test.args(["--", "fuzz::tests::every_sample_holds"]);
    process::run_quietly(test.env("APIWATCH_SEEDS", place::target().join("fuzz/work")))
}

fn fuzz(target: &str, seconds: u32) -> Result<()> {
    let work = work_folder(target);
    let corpus = work.join("corpus");
    fs::create_dir_all(&corpus).with_context(|| format!("making {}", corpus.display()))?;
    let log = work.join("log");
    let output = fs::File::create(&log).with_context(|| format!("making {}", log.display()))?;
    let mut fuzzer = Command::new(program(target));
    fuzzer.arg(&corpus).args(kept(target));
    fuzzer.arg(format!("-artifact_prefix={}/", work.display()));
    fuzzer.arg(format!("-max_total_time={seconds}"));
    fuzzer.arg(format!("-max_len={LONGEST_INPUT}"));
    fuzzer.arg(format!("-timeout={LONGEST_TIME}"));
    fuzzer.arg(format!("-rss_limit_mb={MOST_MEMORY}"));
    fuzzer.args(["-print_final_stats=1", "-detect_leaks=0"]);
    let status = fuzzer.stdout(output.try_clone()?).stderr(output).status();
    let status = status.with_context(|| format!("starting {target}"))?;
    let said = fs::read_to_string(&log).unwrap_or_default();
    if !status.success() {
        let tail: Vec<&str> = said.lines().rev().take(30).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        bail!("{target} failed; its input is in {}:\n{}", work.display(), tail.join("\n"));
    }
    let figure = |name: &str| {
        let line = said.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().last().map(str::to_owned)
    };
    let executions = figure("stat::number_of_executed_units:").unwrap_or_default();
    let memory = figure("stat::peak_rss_mb:").unwrap_or_default();
    eprintln!("fuzz: {target}: {executions} executions in {seconds} s, at most {memory} MiB");
    Ok(())
}

/// Merges what covers something new into the corpus that is committed.
fn keep(target: &str) -> Result<()> {
    let kept = crate_root().join("corpus").join(target);
    fs::create_dir_all(&kept).with_context(|| format!("making {}", kept.display()))?;
    let mut merge = Command::new(program(target));
    merge.args(["-merge=1", "-max_len=4096"]).arg(&kept).arg(work_folder(target).join("corpus"));
    process::run_quietly(&mut merge)
}

fn kept(target: &str) -> Option<PathBuf> {
    Some(crate_root().join("corpus").join(target)).filter(|path| path.is_dir())
}

fn program(target: &str) -> PathBuf {
    place::target().join("fuzz").join(TARGET).join("release").join(target)
}

fn work_folder(target: &str) -> PathBuf {
    place::target().join("fuzz/work").join(target)
}

fn crate_root() -> PathBuf {
    Path::new(place::workspace()).join("fuzz")
}
