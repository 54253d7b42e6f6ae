//! A message of DNS (RFC 1035 section 4), as far as it names addresses.
//!
//! The published parsers build every record of a message before the first can be looked
//! at, and reserve memory for as many as it claims: 12 bytes ask for 9 MB, and one
//! record that is cut or odd hides all others. Names are all that is wanted here, so this
//! walks over the message in place, within fixed bounds.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::host::is_host_name;
use super::wire::{Name, Reader, Stop};

/// Bytes of the header.
const HEADER_BYTES: usize = 12;
/// Records of a message that are looked at.
const RECORDS: u16 = 256;
/// Aliases that are followed.
const ALIASES: usize = 16;
/// Addresses that a message names.
const ADDRESSES: usize = 64;

const TYPE_A: u16 = 1;
const TYPE_CNAME: u16 = 5;
const TYPE_AAAA: u16 = 28;
const CLASS_IN: u16 = 1;

/// Addresses of a name, as a message answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The name that was asked for, in lower case and without its final dot.
    pub(crate) name: Arc<str>,
    /// The addresses, and for how long they are valid.
    pub(crate) addresses: Vec<(IpAddr, Duration)>,
}

/// Why a message names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ignored {
    /// It is a question, an error, or an answer without an address: most are.
    NoAddress,
    /// It is no message of DNS.
    Malformed,
    /// The name that was asked for is no host name.
    InvalidName,
}

/// Reads a response. Only addresses that the aliases lead to from the name that was
/// asked for count; a message that is cut names what came before the cut.
pub(crate) fn parse(message: &[u8]) -> Result<Answer, Ignored> {
    let (header, _) = message.split_first_chunk::<HEADER_BYTES>().ok_or(Ignored::Malformed)?;
    let [_, _, flags, code, _, questions, answers_high, answers_low, ..] = *header;
    let answers = u16::from_be_bytes([answers_high, answers_low]);
    // RFC 1035 section 4.1.1: a response to a standard query, without an error.
    if flags & 0xf8 != 0x80 || code & 0x0f != 0 || questions != 1 || answers == 0 {
        return Err(Ignored::NoAddress);
    }
    let mut reader = Reader::new(message, HEADER_BYTES);
    let (asked, _, class) = question(&mut reader).map_err(|_| Ignored::Malformed)?;
    if class != CLASS_IN {
        return Err(Ignored::NoAddress);
    }
    let records = Records { reader, left: answers.min(RECORDS) };
    let (name, lifetime) = follow(records, asked)?;
    let addresses = addresses(records, &name, lifetime)?;
    if addresses.is_empty() {
        return Err(Ignored::NoAddress);
    }
    let text = asked.text().filter(|text| is_host_name(text)).ok_or(Ignored::InvalidName)?;
    Ok(Answer { name: text.into(), addresses })
}

/// A name with its type and class.
fn question(reader: &mut Reader<'_>) -> Result<(Name, u16, u16), Stop> {
    Ok((reader.name()?, reader.number()?, reader.number()?))
}

/// A record of the answer section.
struct Record<'a> {
    owner: Name,
    kind: u16,
    lifetime: Duration,
    content: &'a [u8],
    /// The content, to read a name that may point out of it.
    reader: Reader<'a>,
}

/// The records of the answer section, up to where the message is cut.
#[derive(Clone, Copy)]
struct Records<'a> {
    reader: Reader<'a>,
    left: u16,
}

impl<'a> Records<'a> {
    /// The next record, of whatever class: only that of the internet has these types.
    fn record(&mut self) -> Result<Record<'a>, Stop> {
        let (owner, kind, class) = question(&mut self.reader)?;
        let kind = if class == CLASS_IN { kind } else { 0 };
        let seconds = self.reader.long_number()?;
        // RFC 2181 section 8: with the top bit set it is 0.
        let seconds = if seconds > u32::MAX >> 1 { 0 } else { seconds };
        let length = self.reader.number()?;
        let reader = self.reader;
        let content = self.reader.bytes(usize::from(length))?;
        let lifetime = Duration::from_secs(u64::from(seconds));
        Ok(Record { owner, kind, lifetime, content, reader })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Ignored>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        match self.record() {
            Ok(record) => Some(Ok(record)),
            Err(Stop::Cut) => None,
            Err(Stop::Malformed) => Some(Err(Ignored::Malformed)),
        }
    }
}

/// Where the aliases lead from a name (RFC 1034 section 3.6.2), in whatever order they
/// stand, and for how long they all are valid.
fn follow(records: Records<'_>, asked: Name) -> Result<(Name, Duration), Ignored> {
    let mut aliases = Vec::new();
    for record in records {
        let mut record = record?;
        if record.kind == TYPE_CNAME && aliases.len() < ALIASES {
            let end = record.reader.at() + record.content.len();
            match record.reader.name() {
                Ok(target) if record.reader.at() == end => {
                    aliases.push((record.owner, target, record.lifetime));
                }
                _ => return Err(Ignored::Malformed),
            }
        }
    }
    let mut found = (asked, Duration::MAX);
    for _ in 0..aliases.len() {
        let Some((_, target, lifetime)) = aliases.iter().find(|(owner, ..)| *owner == found.0)
        else {
            break;
        };
        found = (*target, found.1.min(*lifetime));
    }
    Ok(found)
}

fn addresses(
    records: Records<'_>,
    name: &Name,
    lifetime: Duration,
) -> Result<Vec<(IpAddr, Duration)>, Ignored> {
    let mut addresses = Vec::new();
    for record in records {
        let record = record?;
        if record.owner == *name
            && addresses.len() < ADDRESSES
            && let Some(address) = address_of(&record)
            && is_somewhere(address)
        {
            addresses.push((address, record.lifetime.min(lifetime)));
        }
    }
    Ok(addresses)
}

fn address_of(record: &Record<'_>) -> Option<IpAddr> {
    let address = match record.kind {
        TYPE_A => IpAddr::from(<[u8; 4]>::try_from(record.content).ok()?),
        TYPE_AAAA => IpAddr::from(<[u8; 16]>::try_from(record.content).ok()?),
        _ => return None,
    };
    Some(address.to_canonical())
}

/// Whether an address is one host's on a network. Whatever DNS says, loopback is every
/// program of this host, and filters answer with the unspecified address.
fn is_somewhere(address: IpAddr) -> bool {
    !address.is_loopback() && !address.is_unspecified() && !address.is_multicast()
}
