//! The grammar of the command line. Standard output is data, standard error is
//! diagnostics.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use tracing::level_filters::LevelFilter;

use crate::capture::status::Tier;
use crate::config;
use crate::sink::record_type::RecordType;
use crate::terminal::ColorChoice;
use crate::tui::Speed;

/// Arguments of the commands that talk to a running daemon.
mod attach;
/// The commands `check-config`, `completions` and `man`.
mod commands;
/// Examples of each command.
mod examples;
/// The grammar as a whole: what is declared here, and what follows from it.
mod grammar;
/// How `top` looks.
mod look;
/// Manual pages.
mod manual;

pub use attach::{ReloadArgs, SocketArgs, StatusArgs, TailArgs, Topic};
pub use commands::{check_config, completions, load_config, man, write_stdout};
pub use grammar::{grammar, parse};
pub use look::LookArgs;

/// See what every process of this host says over the network, from inside the kernel.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "apiwatch",
    version,
    disable_help_subcommand = true,
    arg_required_else_help = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// Configuration file [default: /etc/apiwatch/config.toml if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Say more on standard error; twice for still more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// Say less on standard error; twice for errors only
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "verbose")]
    pub quiet: u8,

    /// When to colour what people read; before `NO_COLOR`
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    pub color: ColorChoice,
}

impl Cli {
    /// The least severe messages to log.
    #[must_use]
    pub const fn log_level(&self) -> LevelFilter {
        match (self.verbose, self.quiet) {
            (0, 0) => LevelFilter::INFO,
            (0, 1) => LevelFilter::WARN,
            (0, _) => LevelFilter::ERROR,
            (1, _) => LevelFilter::DEBUG,
            (_, _) => LevelFilter::TRACE,
        }
    }
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Watch this host in the foreground; findings go to standard output as JSON lines
    Daemon(DaemonArgs),
    /// Show the traffic in the terminal
    Top(TopArgs),
    /// Print what the daemon sees as JSON lines, as it comes
    Tail(TailArgs),
    /// Say how the daemon fares; the exit code is 0 where all is well
    Status(StatusArgs),
    /// Have the daemon read its configuration again; for root
    Reload(ReloadArgs),
    /// Write what the kernel sees to a trace file, to be replayed later
    Record(RecordArgs),
    /// Read a trace, pcap or pcapng file as if it happened now; needs no privileges
    Replay(ReplayArgs),
    /// Say every error of a configuration file, each with its place
    CheckConfig(CheckConfigArgs),
    /// Say what this kernel and these privileges allow, and what each lack costs
    Doctor(DoctorArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Print a manual page in roff, for `man -l -`
    Man(ManArgs),
}

/// Arguments of `daemon`.
#[derive(Args, Clone, Debug)]
pub struct DaemonArgs {
    /// How to capture.
    #[command(flatten)]
    pub capture: CaptureArgs,

    /// Records to print as JSON lines, separated by commas
    #[arg(
        long,
        value_name = "TYPES",
        value_delimiter = ',',
        default_value = "finding,coverage_gap"
    )]
    pub print: Vec<RecordType>,
}

/// Arguments of `top`. Without `standalone` and `replay` the traffic comes from the daemon.
#[derive(Args, Clone, Debug)]
#[group(id = "traffic", multiple = false, args = ["standalone", "replay", "socket"])]
pub struct TopArgs {
    /// Capture in this process; needs the privileges of the daemon
    #[arg(long)]
    standalone: bool,

    /// Show a trace, pcap or pcapng file instead of live traffic
    #[arg(long, value_name = "FILE", conflicts_with = "tier")]
    replay: Option<PathBuf>,

    /// Speed of a replay: a factor of real time, as 0.5, 1 or 10, or max
    #[arg(
        long,
        value_name = "N|max",
        requires = "replay",
        conflicts_with_all = ["standalone", "socket"],
        default_value_t
    )]
    pub speed: Speed,

    /// Where the daemon is.
    #[command(flatten)]
    pub daemon: SocketArgs,

    /// How it looks.
    #[command(flatten)]
    pub look: LookArgs,

    /// How to capture.
    #[command(flatten)]
    pub capture: CaptureArgs,
}

impl TopArgs {
    /// Where the traffic comes from.
    #[must_use]
    pub fn traffic(&self) -> Traffic<'_> {
        match &self.replay {
            Some(file) => Traffic::Trace(file),
            None if self.standalone => Traffic::Live,
            None => Traffic::Daemon,
        }
    }
}

/// Where traffic comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic<'a> {
    /// The daemon of this host.
    Daemon,
    /// A capture in this process.
    Live,
    /// A trace, or a capture of another program.
    Trace(&'a Path),
}

/// Arguments of `record`.
#[derive(Args, Clone, Debug)]
pub struct RecordArgs {
    /// Trace file to write
    #[arg(short, long, value_name = "FILE")]
    pub out: PathBuf,

    /// Stop after this time, as 250ms, 10s or 1h30m [default: when interrupted]
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub duration: Option<Duration>,

    /// How to capture.
    #[command(flatten)]
    pub capture: CaptureArgs,

    /// What to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `replay`.
#[derive(Args, Clone, Debug)]
pub struct ReplayArgs {
    /// Trace, pcap or pcapng file to read
    #[arg(value_name = "FILE")]
    pub trace: PathBuf,

    /// File to write the records to, for its owner only; - is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-", hide_default_value = true)]
    pub out: PathBuf,

    /// Do not say on a terminal how far a large file has been read
    #[arg(long)]
    pub no_progress: bool,

    /// What to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `check-config`.
#[derive(Args, Clone, Debug)]
pub struct CheckConfigArgs {
    /// File to check [default: the one that the daemon would use]
    #[arg(value_name = "FILE", conflicts_with = "config")]
    pub file: Option<PathBuf>,

    /// Print the merged result as TOML, with what set each value
    #[arg(long)]
    pub print_effective: bool,
}

/// Arguments of `doctor`.
#[derive(Args, Clone, Debug)]
pub struct DoctorArgs {
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `completions`.
#[derive(Args, Clone, Debug)]
pub struct CompletionsArgs {
    /// Shell to print them for
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Args, Clone, Debug)]
pub struct ManArgs {
    /// Command to describe [default: all of apiwatch]
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// How to capture.
#[derive(Args, Clone, Debug)]
pub struct CaptureArgs {
    /// Hooks to read payload with [default: capture.tier of the configuration]
    #[arg(long, value_enum, value_name = "TIER")]
    pub tier: Option<Tier>,
}

/// What to print of a recording.
#[derive(Args, Clone, Debug)]
pub struct OutputArgs {
    /// Records to print as JSON lines, separated by commas
    #[arg(
        long,
        value_name = "TYPES",
        value_delimiter = ',',
        default_value = "connection,tls,exchange,endpoint,destination,finding,loss,coverage_gap"
    )]
    pub print: Vec<RecordType>,
}

impl ValueEnum for Tier {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::A, Self::B]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::A => ("a", "sock_send_length and sock_recv_length"),
            Self::B => ("b", "sys_exit"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

impl ValueEnum for RecordType {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Connection => "The open and the close of a connection",
            Self::Tls => "A TLS handshake: what was offered and what was agreed on",
            Self::Exchange => "A request with its response",
            Self::Endpoint => "What is known of a service, method and route so far",
            Self::Destination => "What is known of an identity and a destination of it so far",
            Self::Finding => "Something to act on: opened, updated or resolved",
            Self::Loss => "What could not be delivered",
            Self::CoverageGap => "A span in which no daemon watched, said when the next one starts",
        };
        Some(PossibleValue::new(self.name()).help(help))
    }
}

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Fine.
    Success = 0,
    /// A failure or a violation.
    Failure = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The daemon, or what a command needs to be of use, cannot be had (`EX_UNAVAILABLE`).
    Unavailable = 69,
    /// A privilege is missing (`EX_NOPERM`).
    Privilege = 77,
    /// The configuration is wrong (`EX_CONFIG`).
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    match config::parse_duration(text) {
        Ok(Duration::ZERO) => Err("it must be longer than nothing".to_owned()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
