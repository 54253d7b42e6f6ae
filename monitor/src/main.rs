//! The `apiwatch` command.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use monitor::capture::memory::give_back_large_allocations;
use monitor::cli::{Cli, Command, Exit, SocketArgs};
use monitor::config::Config;
use monitor::pipeline::settings::Settings;
use monitor::terminal::{Color, Printable};
use monitor::{cli, daemon, log};

fn main() -> ExitCode {
    give_back_large_allocations();
    let cli = cli::parse();
    log::start(cli.log_level(), cli.color.on_stderr());
    dispatch(&cli)
        .unwrap_or_else(|error| {
            // There is nowhere to complain if nobody listens.
            let mut lines = Printable::new(io::stderr(), Color::Plain);
            let _ = writeln!(lines, "apiwatch: {}", sentence_of(&error));
            daemon::exit_of(&error)
        })
        .into()
}

/// An error with its causes, those left out that the error before them already names.
fn sentence_of(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |sentence, cause| {
        match sentence.as_str() {
            "" => cause,
            named if named.contains(&cause) => sentence,
            _ => format!("{sentence}: {cause}"),
        }
    })
}

fn dispatch(cli: &Cli) -> anyhow::Result<Exit> {
    let (path, color) = (cli.config.as_deref(), cli.color.on_stderr());
    match &cli.command {
        Command::CheckConfig(args) => Ok(cli::check_config(args, path, color)),
        Command::Completions(args) => Ok(cli::completions(args)),
        Command::Man(args) => Ok(cli::man(args)),
        Command::Doctor(args) => daemon::doctor::run(args, path),
        Command::Daemon(args) => {
            configured(path, color, |config, _| daemon::run(args, config, path))
        }
        Command::Top(args) => daemon::top::run(args, cli.color, path),
        Command::Tail(args) => {
            attached((&args.daemon, color), path, |socket| daemon::tail::run(args, socket))
        }
        Command::Status(args) => {
            attached((&args.daemon, color), path, |socket| daemon::status::run(args, socket))
        }
        Command::Reload(args) => attached((&args.daemon, color), path, daemon::reload::run),
        Command::Record(args) => {
            configured(path, color, |config, _| daemon::record::run(args, config))
        }
        Command::Replay(args) => {
            configured(path, color, |_, named| daemon::replay::run(args, named))
        }
    }
}

/// Runs a command with the control socket of a running daemon.
fn attached(
    (args, color): (&SocketArgs, Color),
    path: Option<&Path>,
    command: impl FnOnce(&Path) -> anyhow::Result<Exit>,
) -> anyhow::Result<Exit> {
    match daemon::attach::socket_of(args, path, color) {
        Ok(socket) => command(&socket),
        Err(exit) => Ok(exit),
    }
}

/// Runs a command with the configuration, and with its pipeline settings where a file was
/// named: a trace carries the settings it was recorded under, and only a file that is
/// named takes their place.
fn configured(
    path: Option<&Path>,
    color: Color,
    command: impl FnOnce(&Config, Option<Settings>) -> anyhow::Result<Exit>,
) -> anyhow::Result<Exit> {
    match cli::load_config(path, color) {
        Ok(config) => command(&config, path.map(|_| config.pipeline.clone())),
        Err(exit) => Ok(exit),
    }
}
