//! The `apiwatch` command.

use std::process::ExitCode;

use clap::Parser;
use monitor::capture::memory::give_back_large_allocations;
use monitor::cli::{Cli, Command, Exit};
use monitor::config::Color;
use monitor::{cli, daemon};

fn main() -> ExitCode {
    give_back_large_allocations();
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_max_level(cli.log_level())
        .with_writer(std::io::stderr)
        .with_ansi(Color::for_stderr() == Color::Ansi)
        .with_target(false)
        .init();
    dispatch(&cli)
        .unwrap_or_else(|error| {
            eprintln!("apiwatch: {error:#}");
            daemon::exit_of(&error)
        })
        .into()
}

fn dispatch(cli: &Cli) -> anyhow::Result<Exit> {
    let path = cli.config.as_deref();
    match &cli.command {
        Command::CheckConfig(args) => return Ok(cli::check_config(args, path)),
        Command::Completions(args) => return Ok(cli::completions(args)),
        Command::Man(args) => return Ok(cli::man(args)),
        Command::Doctor(args) => return daemon::doctor::run(args),
        Command::Daemon(_) | Command::Top(_) | Command::Record(_) | Command::Replay(_) => {}
    }
    let config = match cli::load_config(path) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    // A trace carries the settings it was recorded under; only a file that is named
    // takes their place.
    let named = path.map(|_| config.pipeline.clone());
    match &cli.command {
        Command::Daemon(args) => daemon::run(args, &config, path),
        Command::Top(args) => daemon::top::run(args, &config, named),
        Command::Record(args) => daemon::record::run(args, &config),
        Command::Replay(args) => daemon::replay::run(args, named),
        Command::CheckConfig(_)
        | Command::Completions(_)
        | Command::Man(_)
        | Command::Doctor(_) => unreachable!("dispatched above"),
    }
}
