//! What clients ask for, and what is said beside records.

use serde::{Deserialize, Serialize};

/// Version of the protocol: it rises when a member changes its meaning or goes away.
pub const VERSION: u32 = 1;

/// What a client wants; one line, the first and only one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Records as they come, until the client hangs up.
    Subscribe(Subscription),
    /// One [`super::status::Status`], then the end.
    Status,
    /// Read the configuration again, as SIGHUP does; for root only. Answered when done.
    Reload,
}

/// Which records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Types of records, and `status`; none for all.
    #[serde(default)]
    pub topics: Vec<String>,
    /// Only records that this filter lets through.
    #[serde(default)]
    pub filter: String,
    /// At most so many exchanges a second; those above are counted and said.
    #[serde(default)]
    pub rate: Option<u32>,
    /// Whether all that is known now comes first.
    #[serde(default)]
    pub snapshot: bool,
}

/// What is said beside records; `type` is the name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Notice {
    /// All that was known has been said; what follows is new.
    SnapshotEnd,
    /// Records that this client did not get since this was said last.
    Dropped {
        /// How many.
        records: u64,
        /// Why.
        reason: DropReason,
    },
    /// The request cannot be met.
    Error {
        /// What is wrong and what would be right.
        message: String,
        /// Characters of the filter before the offending one, where it is the filter.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        column: Option<usize>,
    },
    /// What was asked for is done.
    Done {
        /// Keys of the configuration that take a restart to be followed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        restart: Vec<String>,
    },
}

impl Notice {
    /// An error that is none of the filter.
    #[must_use]
    pub fn error(message: &str) -> Self {
        Self::Error { message: message.to_owned(), column: None }
    }
}

/// Why a client did not get a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// It read more slowly than records came.
    Slow,
    /// It asked for fewer.
    Rate,
}
