//! Why a line cannot be read. Nothing of the line itself is repeated: it may hold
//! anything.

use serde::Deserialize;
use serde_json::error::Category;
use thiserror::Error;

use super::{LINE_BYTES, place};

/// Why a line of the control socket cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Longer than a line may be.
    #[error(
        "cannot read a record of {bytes} bytes: a line has at most {LINE_BYTES}; is this the \
         control socket of apiwatch?"
    )]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// No JSON, or not all of it.
    #[error("cannot read a record: from byte {byte} on the line is no JSON; was it cut off?")]
    NotJson {
        /// Bytes up to where that showed.
        byte: usize,
    },
    /// No object with a `type`.
    #[error(
        "cannot read a record: the line is no object with the member `type`; is this the \
         control socket of apiwatch?"
    )]
    NoRecord,
    /// A member that is missing or has another form.
    #[error(
        "cannot read a record of type `{record}`: its member `{member}` is missing or has a form \
         that apiwatch {} does not know; use one version of apiwatch on both sides",
        env!("CARGO_PKG_VERSION")
    )]
    Member {
        /// Type of the record.
        record: &'static str,
        /// Names of the member and of those around it, joined with dots.
        member: String,
    },
}

/// Why a record cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is no JSON from this byte on.
    Syntax(usize),
    /// It has a word that this version does not know, and nothing near it is true.
    UnknownWord,
    /// This member is missing or has another form.
    Member(String),
}

impl Fault {
    /// The same, seen from the object that has the one at fault as its member.
    pub(super) fn within(self, member: &'static str) -> Self {
        match self {
            Self::UnknownWord => Self::UnknownWord,
            // That byte is counted from the begin of the member.
            Self::Syntax(_) => Self::Member(member.to_owned()),
            Self::Member(inner) if inner.is_empty() => Self::Member(member.to_owned()),
            Self::Member(inner) => Self::Member(format!("{member}.{inner}")),
        }
    }
}

/// Reads an object.
pub(super) fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|error| match error.classify() {
        Category::Data => Fault::Member(place::member(text, &error)),
        Category::Syntax | Category::Eof | Category::Io => Fault::Syntax(error.column()),
    })
}

/// A word, read with the inverse of what it was written with.
pub(super) fn known<T>(word: Option<T>) -> Result<T, Fault> {
    word.ok_or(Fault::UnknownWord)
}
