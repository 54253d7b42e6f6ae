//! `bench`: what watching costs, in one run, in turns with and without apiwatch, and
//! beside tcpdump and tshark. It asserts nothing: figures are for people to judge.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use self::plan::Plan;
use self::resident::{Limit, limit_of_files};
use self::site::Site;
use crate::{place, process, setup};

/// What a system call costs a process that has no socket.
mod calls;
/// A child process that is measured.
pub(crate) mod child;
/// The clock of the measurements.
pub(crate) mod clock;
/// wrk at saturation.
mod load;
/// Everything that is measured, in its order.
mod measure;
/// What apiwatch says of itself at /metrics.
pub(crate) mod metrics;
/// The pipeline alone, on a recorded trace.
mod offline;
/// How long and how often everything is measured.
mod plan;
/// The figures as a table and as JSON.
mod report;
/// Memory: idle, and for each connection.
pub(crate) mod resident;
/// The same measurement with and without each tool, in turns.
mod rounds;
/// Measured values of one figure.
mod samples;
/// Where everything is measured.
pub(crate) mod site;
/// From start to first exchange.
mod startup;
/// Latency at a fixed rate.
mod steady;
/// What watches while something is measured.
mod tool;

/// Arguments of `bench`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Measure briefly, to see that it works; the figures mean little
    #[arg(long)]
    quick: bool,
    /// Rounds of all tools at saturation [default: 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: Option<u32>,
    /// Measure only the pipeline on a recorded trace
    #[arg(long)]
    pipeline_only: bool,
    /// Leave tcpdump and tshark out
    #[arg(long)]
    skip_peers: bool,
    /// A process of the benchmark itself
    #[arg(long, hide = true, num_args = 1.., value_name = "WORD")]
    part: Vec<String>,
}

/// Builds as the calling user, measures as root, and writes what was found.
pub(crate) fn run(args: &Args) -> Result<()> {
    let words: Vec<&str> = args.part.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => orchestrate(args),
        ["measure", apiwatch, pipeline] => {
            let site = Site::open(apiwatch.into(), pipeline.into())?;
            let report = measure::run(&site, &args.plan())?;
            let (json, table) = (report.json(), report.markdown());
            print(&serde_json::json!({ "json": json, "table": table }))
        }
        ["client", server, seconds] => print(&steady::client(server, seconds)?),
        ["holder", connections] => resident::holder(connections),
        ["caller"] => print(&calls::caller()?),
        _ => bail!("there is no such part"),
    }
}

fn orchestrate(args: &Args) -> Result<()> {
    setup::ensure(setup::Scope::Test)?;
    let apiwatch = build("bin", "apiwatch")?;
    let pipeline = build("example", "pipeline_bench")?;
    let measured = measure_as_root(args, &apiwatch, &pipeline)?;
    let table = measured["table"].as_str().context("no table was measured")?;
    let directory = place::target().join("bench");
    fs::create_dir_all(&directory).with_context(|| format!("making {}", directory.display()))?;
    let json = serde_json::to_string_pretty(&measured["json"])?;
    fs::write(directory.join("bench.json"), json + "\n").context("writing bench.json")?;
    fs::write(directory.join("bench.md"), table).context("writing bench.md")?;
    eprintln!("bench: written to {}", directory.display());
    #[expect(clippy::print_stdout, reason = "the table is what the command is for")]
    {
        print!("{table}");
    }
    Ok(())
}

/// Builds one target as it is released; its path.
fn build(kind: &str, name: &str) -> Result<PathBuf> {
    let target = format!("--{kind}");
    process::run(&mut process::cargo(&[
        "build",
        "--release",
        "--package",
        "monitor",
        &target,
        name,
    ]))?;
    let release = place::target().join("release");
    Ok(if kind == "example" { release.join("examples").join(name) } else { release.join(name) })
}

fn measure_as_root(args: &Args, apiwatch: &Path, pipeline: &Path) -> Result<Value> {
    let path = format!("PATH={}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    // What else the host does is to weigh less; where that is refused, it weighs more.
    let mut command = process::privileged("nice", &[path]);
    command.args(["-n", "-10", "prlimit"]);
    // It holds both ends of every idle connection; few hosts let so many without asking.
    let open_files = format!("--nofile={}:", limit_of_files(Limit::Hard)?.min(65_536));
    command.arg(open_files).arg(std::env::current_exe()?).arg("bench").args(args.options());
    command.args(["--part", "measure"]).arg(apiwatch).arg(pipeline);
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("measuring failed ({})", output.status);
    }
    serde_json::from_slice(&output.stdout).context("reading what was measured")
}

impl Args {
    fn plan(&self) -> Plan {
        let plan = if self.quick { Plan::QUICK } else { Plan::FULL };
        let rounds = self.rounds.unwrap_or(plan.rounds);
        Plan { rounds, pipeline_only: self.pipeline_only, skip_peers: self.skip_peers, ..plan }
    }

    /// The options again, for the process that measures.
    fn options(&self) -> Vec<String> {
        let flags = [
            ("--quick", self.quick),
            ("--pipeline-only", self.pipeline_only),
            ("--skip-peers", self.skip_peers),
        ];
        let set = flags.into_iter().filter(|(_, set)| *set).map(|(flag, _)| flag.to_owned());
        set.chain(self.rounds.map(|rounds| format!("--rounds={rounds}"))).collect()
    }
}

/// What a part hands to the process that started it.
#[expect(clippy::print_stdout, reason = "a part answers on its standard output")]
fn print(value: &Value) -> Result<()> {
    println!("{value}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn the_measuring_process_is_given_the_options() {
        for options in [
            &["--quick", "--rounds=2"][..],
            &["--pipeline-only", "--skip-peers"],
            &[],
            &["--quick"],
        ] {
            let parse = |options: &[String]| {
                Line::parse_from([String::from("x")].iter().chain(options)).args
            };
            let given: Vec<String> = options.iter().map(|it| (*it).to_owned()).collect();
            let args = parse(&given);
            assert_eq!(parse(&args.options()).plan(), args.plan());
            assert_eq!(args.options().len(), options.len());
        }
    }
}
