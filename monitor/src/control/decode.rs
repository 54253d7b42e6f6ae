//! Lines of the control socket, read back into what they were written from.
//!
//! The inverse of [`crate::sink::json`]: what a record says comes back, what it does not
//! say is filled with the least. Members that this version does not know are passed over.
//! A word that it does not know becomes the nearest one that is true all the same, as
//! [`Encryption::Unknown`](crate::pipeline::output::Encryption); where there is none, the
//! whole line is `Message::Unknown`. Texts come back as they were said: who shows them
//! minds what is in them.

use serde::Deserialize;

use super::protocol::{DropReason, Notice};
use super::status::Status;
use crate::pipeline::output::Output;
use fault::Fault;
use shared::Shared;
use value::Text;

/// Connections.
mod connection;
/// The ends of connections, and processes.
mod ends;
/// Exchanges.
mod exchange;
/// Why a line cannot be read.
mod fault;
/// Findings, loss and gaps.
mod finding;
/// What is in use.
mod inventory;
/// Where in a line something is wrong.
mod place;
/// What lines have in common, kept once.
mod shared;
/// The state of the daemon.
mod status;
/// TLS handshakes.
mod tls;
/// Texts, times and numbers.
mod value;

pub use fault::DecodeError;

/// Bytes that a line has at most.
pub const LINE_BYTES: usize = 1 << 20;

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// What follows, and who says it.
    Header(Header),
    /// A record.
    Output(Box<Output>),
    /// How the daemon fares.
    Status(Box<Status>),
    /// What is said beside records.
    Notice(Notice),
    /// Something that this version does not know.
    Unknown,
}

/// The first line of a stream of records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Version of the records: see [`crate::sink::json::SCHEMA`].
    pub schema: u32,
    /// Who says it.
    pub product: String,
    /// Its version.
    pub version: String,
}

/// Reads lines. Keeps what they have in common, within bounds, so that the outputs of a
/// connection share their ends as they did where they were written.
#[derive(Debug, Default)]
pub struct Decoder {
    shared: Shared,
}

impl Decoder {
    /// What a line says; its line feed may be there or not.
    ///
    /// # Errors
    /// Where it is longer than [`LINE_BYTES`], is no JSON, or lacks a member that its type
    /// has or has another form of it.
    pub fn line(&mut self, text: &str) -> Result<Message, DecodeError> {
        if text.len() > LINE_BYTES {
            return Err(DecodeError::TooLong { bytes: text.len() });
        }
        let kind = kind(text)?;
        let known = READERS.iter().find(|reader| reader.kind == kind.as_str());
        let reader = known.unwrap_or(&UNKNOWN);
        (reader.read)(text, &mut self.shared).or_else(|fault| match fault {
            Fault::UnknownWord => Ok(Message::Unknown),
            Fault::Syntax(byte) => Err(DecodeError::NotJson { byte }),
            Fault::Member(member) => Err(DecodeError::Member { record: reader.kind, member }),
        })
    }
}

/// How lines of a type are read.
struct Reader {
    kind: &'static str,
    read: fn(&str, &mut Shared) -> Result<Message, Fault>,
}

const fn reader(
    kind: &'static str,
    read: fn(&str, &mut Shared) -> Result<Message, Fault>,
) -> Reader {
    Reader { kind, read }
}

const READERS: [Reader; 14] = [
    reader("exchange", |text, shared| exchange::read(text, shared).map(output)),
    reader("connection", |text, shared| connection::read(text, shared).map(output)),
    reader("tls", |text, shared| tls::read(text, shared).map(output)),
    reader("endpoint", |text, shared| inventory::read_endpoint(text, shared).map(output)),
    reader("destination", |text, shared| inventory::read_destination(text, shared).map(output)),
    reader("finding", |text, _| finding::read(text).map(output)),
    reader("loss", |text, _| finding::read_loss(text).map(output)),
    reader("coverage_gap", |text, _| finding::read_gap(text).map(output)),
    reader("status", |text, shared| {
        status::read(text, shared).map(|status| Message::Status(Box::new(status)))
    }),
    reader("header", |text, _| read_header(text).map(Message::Header)),
    reader("snapshot_end", |text, _| read_bare(text, Message::Notice(Notice::SnapshotEnd))),
    reader("dropped", |text, _| read_dropped(text).map(Message::Notice)),
    reader("error", |text, _| read_error(text).map(Message::Notice)),
    reader("done", |text, _| read_done(text).map(Message::Notice)),
];

/// How lines of all other types are read.
const UNKNOWN: Reader = reader("(other)", |text, _| read_bare(text, Message::Unknown));

fn output(output: Output) -> Message {
    Message::Output(Box::new(output))
}

/// The type of a line. Those who write it write it first, so that it is read for itself
/// only in lines of others.
fn kind(text: &str) -> Result<Text<'_>, DecodeError> {
    let first = text.strip_prefix(r#"{"type":""#).and_then(|rest| rest.split_once('"'));
    if let Some((kind, _)) = first.filter(|(kind, _)| !kind.contains('\\')) {
        return Ok(Text::from(kind));
    }
    match fault::read::<Typed<'_>>(text) {
        Ok(typed) => Ok(typed.kind),
        Err(Fault::Syntax(byte)) => Err(DecodeError::NotJson { byte }),
        Err(_) => Err(DecodeError::NoRecord),
    }
}

#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

/// A line that says no more than its type.
fn read_bare(text: &str, message: Message) -> Result<Message, Fault> {
    fault::read::<serde::de::IgnoredAny>(text).map(|_| message)
}

fn read_done(text: &str) -> Result<Notice, Fault> {
    #[derive(Deserialize)]
    struct Mirror {
        #[serde(default)]
        restart: Vec<String>,
    }
    fault::read(text).map(|Mirror { restart }| Notice::Done { restart })
}

fn read_header(text: &str) -> Result<Header, Fault> {
    #[derive(Deserialize)]
    struct Mirror {
        schema: u32,
        product: String,
        version: String,
    }
    let Mirror { schema, product, version } = fault::read(text)?;
    Ok(Header { schema, product, version })
}

fn read_dropped(text: &str) -> Result<Notice, Fault> {
    #[derive(Deserialize)]
    struct Mirror<'a> {
        records: u64,
        #[serde(borrow)]
        reason: Text<'a>,
    }
    let Mirror { records, reason } = fault::read(text)?;
    let reason = match reason.as_str() {
        "slow" => DropReason::Slow,
        "rate" => DropReason::Rate,
        _ => return Err(Fault::UnknownWord),
    };
    Ok(Notice::Dropped { records, reason })
}

fn read_error(text: &str) -> Result<Notice, Fault> {
    #[derive(Deserialize)]
    struct Mirror {
        message: String,
        column: Option<usize>,
    }
    let Mirror { message, column } = fault::read(text)?;
    Ok(Notice::Error { message, column })
}

#[cfg(test)]
pub(crate) mod tests;
