//! `soak`: a daemon under many short connections. Whatever it keeps of one that is over
//! shows after a million: memory, descriptors, entries of tables. Nothing may be lost, and
//! each exchange has to be reported.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use self::report::Soak;
use self::watched::Watched;
use crate::bench::child::{Child, Cpu, command};
use crate::bench::clock;
use crate::{process, run, setup};

/// One server, one client, and a connection for each exchange.
mod load;
/// What is judged, and the table.
mod report;
/// The daemon, and what it holds at a time.
mod watched;

/// Time between two looks at the daemon, at least and at most.
const LOOKS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];
/// Looks in a run, where that allows it.
const LOOKS_IN_A_RUN: u32 = 60;
/// How long the daemon may take to forget the last connections.
const FORGETTING: Duration = Duration::from_secs(60);

/// What the daemon is watched with.
const PROGRAMS: [(&str, &str); 3] =
    [("bpftool", "bpftool"), ("setpriv", "util-linux"), ("kill", "procps")];

/// Arguments of `soak`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How long connections are made, as 90s, 10m or 8h
    #[arg(long = "for", value_name = "DURATION", default_value = "10m", value_parser = duration)]
    period: Duration,
    /// Connections a second, where the host is quick enough
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// Hooks that read payload
    #[arg(long, value_name = "TIER", default_value = "a", value_parser = ["a", "b"])]
    tier: String,
    /// A process of the run itself
    #[arg(long, hide = true, num_args = 1.., value_name = "WORD")]
    part: Vec<String>,
}

impl Args {
    /// A minute: enough to see a leak of a few bytes for each connection.
    pub(crate) fn brief() -> Self {
        let period = Duration::from_secs(60);
        Self { period, rate: 2000, tier: "a".to_owned(), part: Vec::new() }
    }

    /// The options again, for a process of the run.
    fn options(&self) -> [String; 3] {
        [
            format!("--for={}s", self.period.as_secs()),
            format!("--rate={}", self.rate),
            format!("--tier={}", self.tier),
        ]
    }
}

/// Builds as the calling user, watches as root, and fails where something is kept or lost.
pub(crate) fn run(args: &Args) -> Result<()> {
    let words: Vec<&str> = args.part.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => orchestrate(args),
        ["watch", apiwatch] => in_a_directory(|directory| watch(args, apiwatch, directory)),
        ["load", status] => {
            let status = status.parse().context("a status")?;
            say(&load::run(status, args.rate, args.period)?.to_string())
        }
        _ => bail!("there is no such part"),
    }
}

fn orchestrate(args: &Args) -> Result<()> {
    setup::ensure_programs("the soak", &PROGRAMS)?;
    let apiwatch = run::program()?;
    let path = format!("PATH={}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let mut watch = process::privileged(std::env::current_exe()?, &[path]);
    watch.arg("soak").args(args.options()).args(["--part", "watch"]).arg(apiwatch);
    process::run(&mut watch)
}

fn watch(args: &Args, apiwatch: &str, directory: &Path) -> Result<()> {
    let status = status_of(std::process::id());
    let mut watched = Watched::start(Path::new(apiwatch), &args.tier, status, directory)?;
    let before = watched.look()?;
    let output = directory.join("load");
    let mut load = command(std::env::current_exe()?, Cpu::Any);
    load.arg("soak").args(args.options()).args(["--part", "load", &status.to_string()]);
    let mut load = Child::start(load.stdout(fs::File::create(&output)?))?;
    let gap = (args.period / LOOKS_IN_A_RUN).clamp(LOOKS[0], LOOKS[1]);
    let mut during = Vec::new();
    while clock::wait_for(gap, || load.has_ended().then_some(())).is_none() {
        during.push(watched.look()?);
    }
    let made = fs::read_to_string(&output)?;
    let made = made.trim().parse().context("the load did not come to its end")?;
    let is_over = || watched.look().ok().filter(|it| it.reported >= made && it.is_as(&before));
    let after = clock::wait_for(FORGETTING, is_over).map_or_else(|| watched.look(), Ok)?;
    watched.stop()?;
    let soak = Soak { before, during, after, made };
    say(&soak.table())?;
    match soak.faults().as_slice() {
        [] => Ok(()),
        faults => bail!("{}", faults.join("; ")),
    }
}

/// A status that is not assigned, and hardly that of another run: metrics tell the exchanges
/// of a run by it from all others, under whatever identity this process runs.
fn status_of(pid: u32) -> u16 {
    let offset = u16::try_from(pid % 70).expect("less than 70");
    230 + offset
}

/// Does something in a new directory, which is removed afterwards.
fn in_a_directory(act: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let name = format!("apiwatch-soak-{}", std::process::id());
    let directory: PathBuf = std::env::temp_dir().join(name);
    // It must be new: this runs as root, and others may write to its parent.
    fs::create_dir(&directory).with_context(|| format!("making {}", directory.display()))?;
    let outcome = act(&directory);
    let _ = fs::remove_dir_all(&directory);
    outcome
}

fn say(text: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{text}").context("writing to standard output")
}

/// A number of seconds, minutes or hours.
fn duration(text: &str) -> Result<Duration, String> {
    let units = [('s', 1), ('m', 60), ('h', 3600)];
    let parse = || {
        let (unit, seconds) = units.into_iter().find(|(unit, _)| text.ends_with(*unit))?;
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(seconds).filter(|seconds| (10..=604_800).contains(seconds))
    };
    parse().map(Duration::from_secs).ok_or_else(|| "give 10s to 168h, as 90s or 10m".to_owned())
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
    fn durations_have_a_unit() {
        for (text, seconds) in
            [("10m", Some(600)), ("90s", Some(90)), ("8h", Some(28_800))].into_iter().chain(
                ["10", "m", "1d", "-1m", "9s", "0m", "99999999999999999999h", "169h", ""]
                    .map(|it| (it, None)),
            )
        {
            assert_eq!(duration(text).ok(), seconds.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn parts_are_given_the_options() {
        let line = ["x", "--for=2h", "--rate=7", "--tier=b"];
        let args = Line::parse_from(line).args;
        assert_eq!(args.options(), ["--for=7200s", "--rate=7", "--tier=b"]);
        assert_eq!(Args::brief().options(), Line::parse_from(["x", "--for=1m"]).args.options());
    }
}
