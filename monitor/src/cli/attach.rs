//! Arguments of the commands that talk to a running daemon.

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use crate::sink::record_type::RecordType;

/// Arguments of `tail`.
#[derive(Args, Clone, Debug)]
pub struct TailArgs {
    /// Only records that this filter lets through, as `method:POST status:5xx latency>200ms`
    #[arg(long, value_name = "EXPRESSION", default_value = "", hide_default_value = true)]
    pub filter: String,

    /// Records to print, separated by commas [default: all but status]
    #[arg(long = "type", value_name = "TYPES", value_delimiter = ',')]
    pub topics: Vec<Topic>,

    /// At most so many exchanges a second; those above are counted and said
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: Option<u32>,

    /// Begin with what is known now: open connections, the inventory, open findings
    #[arg(long)]
    pub snapshot: bool,

    /// Where the daemon is.
    #[command(flatten)]
    pub daemon: SocketArgs,
}

/// Arguments of `status`.
#[derive(Args, Clone, Debug)]
pub struct StatusArgs {
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,

    /// Where the daemon is.
    #[command(flatten)]
    pub daemon: SocketArgs,
}

/// Arguments of `reload`.
#[derive(Args, Clone, Debug)]
pub struct ReloadArgs {
    /// Where the daemon is.
    #[command(flatten)]
    pub daemon: SocketArgs,
}

/// Where the daemon is.
#[derive(Args, Clone, Debug)]
pub struct SocketArgs {
    /// Control socket of the daemon [default: control.socket of the configuration]
    #[arg(long, value_name = "SOCKET")]
    pub socket: Option<PathBuf>,
}

/// What `tail` can print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Records of a type.
    Record(RecordType),
    /// What the daemon is and how it fares, each second.
    Status,
}

impl Topic {
    const ALL: [Self; 9] = [
        Self::Record(RecordType::Connection),
        Self::Record(RecordType::Tls),
        Self::Record(RecordType::Exchange),
        Self::Record(RecordType::Endpoint),
        Self::Record(RecordType::Destination),
        Self::Record(RecordType::Finding),
        Self::Record(RecordType::Loss),
        Self::Record(RecordType::CoverageGap),
        Self::Status,
    ];

    /// The name on the command line and in requests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Record(record) => record.name(),
            Self::Status => "status",
        }
    }
}

impl ValueEnum for Topic {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Record(record) => record.to_possible_value(),
            Self::Status => Some(
                PossibleValue::new("status")
                    .help("What the daemon is and how it fares, each second"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_record_is_a_topic() {
        let topics = Topic::ALL.iter().filter_map(|topic| match topic {
            Topic::Record(record) => Some(*record),
            Topic::Status => None,
        });
        assert!(topics.eq(RecordType::ALL));
    }
}
