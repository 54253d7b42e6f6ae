//! The project's own commands: `cargo xtask run` and `cargo xtask test` are all that a
//! newcomer needs.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// `alerts`: the rules, dashboards and runbook that are shipped.
mod alerts;
/// `bench`: what watching costs, beside peers.
mod bench;
/// `ci`: everything that must hold before a change lands.
mod ci;
/// Licences, sources and bans of the dependencies.
mod deny;
/// `dist`: packages for Debian, Ubuntu and the RPM distributions.
mod dist;
/// `fuzz`: hostile bytes into every parser.
mod fuzz;
/// `generate`: the files that are written from the code.
mod generate;
/// Where the workspace and the cache of built tools are.
mod place;
/// Child processes: cargo, commands as root, output on failure only.
mod process;
/// `run`: build and start apiwatch.
mod run;
/// `setup`: install what is missing.
mod setup;
/// `soak`: a daemon under a million connections keeps nothing of them.
mod soak;
/// `test`: every test, the ones that need the kernel included.
mod test;
/// `tidy`: the rules of this repository that no other tool knows.
mod tidy;
/// `test --vm`: apiwatch under stock kernels, in virtual machines.
mod vm;

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build and start apiwatch: its terminal UI, or the daemon where there is no terminal
    Run(run::Args),
    /// Run every test, the live kernel tests included
    Test(test::Args),
    /// Make the packages for Debian, Ubuntu and the RPM distributions
    Dist(dist::Args),
    /// Install what the build needs and say what it is; other commands do it by themselves
    Setup(setup::Args),
    /// Measure what watching costs, beside tcpdump and tshark
    Bench(bench::Args),
    /// Watch a daemon under many short connections: it must not grow, nor lose anything
    Soak(soak::Args),
    /// Check everything that must hold before a change lands
    Ci,
    /// Check the rules of this repository that no other tool knows
    Tidy,
    /// Check the alert rules, dashboards and runbook that are shipped
    Alerts,
    /// Feed hostile bytes to every parser, or to one, for as long as asked
    Fuzz(fuzz::Args),
    /// Write the manual pages and shell completions that packages carry
    Generate(generate::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Dist(args) => dist::run(&args),
        Command::Setup(args) => setup::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Soak(args) => soak::run(&args),
        Command::Ci => ci::run(),
        Command::Tidy => tidy::run(),
        Command::Alerts => alerts::run(),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Generate(args) => generate::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
