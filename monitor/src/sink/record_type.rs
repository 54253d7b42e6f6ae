//! Which records a consumer wants.

use std::fmt;
use std::str::FromStr;

use crate::pipeline::output::Output;

/// A type of record, as its `type` member says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the output of that name")]
pub enum RecordType {
    Connection,
    Tls,
    Exchange,
    Endpoint,
    Destination,
    Finding,
    Loss,
    CoverageGap,
}

impl RecordType {
    /// Every type.
    pub const ALL: [Self; 8] = [
        Self::Connection,
        Self::Tls,
        Self::Exchange,
        Self::Endpoint,
        Self::Destination,
        Self::Finding,
        Self::Loss,
        Self::CoverageGap,
    ];

    /// The type of an output.
    #[must_use]
    pub const fn of(output: &Output) -> Self {
        match output {
            Output::Connection(_) => Self::Connection,
            Output::Exchange(_) => Self::Exchange,
            Output::Finding(_) => Self::Finding,
            Output::Loss(_) => Self::Loss,
            Output::CoverageGap(_) => Self::CoverageGap,
            Output::Tls(_) => Self::Tls,
            Output::Endpoint(_) => Self::Endpoint,
            Output::Destination(_) => Self::Destination,
        }
    }

    /// The name in records and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Exchange => "exchange",
            Self::Finding => "finding",
            Self::Loss => "loss",
            Self::CoverageGap => "coverage_gap",
            Self::Tls => "tls",
            Self::Endpoint => "endpoint",
            Self::Destination => "destination",
        }
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no record type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no record type has this name; one of: connection, tls, exchange, endpoint, destination, finding, loss, coverage_gap"
)]
pub struct UnknownRecordType;

impl FromStr for RecordType {
    type Err = UnknownRecordType;

    fn from_str(name: &str) -> Result<Self, UnknownRecordType> {
        Self::ALL.into_iter().find(|record| record.name() == name).ok_or(UnknownRecordType)
    }
}

/// A set of record types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordTypes(u8);

impl RecordTypes {
    /// Every type.
    #[must_use]
    pub fn all() -> Self {
        RecordType::ALL.into_iter().collect()
    }

    /// Whether a type is in the set.
    #[must_use]
    pub const fn contains(self, record: RecordType) -> bool {
        self.0 & Self::bit(record) != 0
    }

    /// Whether an output is of a type in the set.
    #[must_use]
    pub const fn wants(self, output: &Output) -> bool {
        self.contains(RecordType::of(output))
    }

    /// Whether no type is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Every type that is in one of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The set as bits, for an atomic.
    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    /// The set of [`Self::bits`].
    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    const fn bit(record: RecordType) -> u8 {
        1 << record as u8
    }
}

impl FromIterator<RecordType> for RecordTypes {
    fn from_iter<I: IntoIterator<Item = RecordType>>(records: I) -> Self {
        Self(records.into_iter().fold(0, |set, record| set | Self::bit(record)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_it_was_made_of() {
        let set = RecordTypes::from_iter([RecordType::Finding, RecordType::Loss]);
        let held: Vec<_> = RecordType::ALL.into_iter().filter(|r| set.contains(*r)).collect();
        assert_eq!(held, [RecordType::Finding, RecordType::Loss]);
        assert!(RecordType::ALL.into_iter().all(|r| RecordTypes::all().contains(r)));
        assert!(!RecordType::ALL.into_iter().any(|r| RecordTypes::default().contains(r)));
    }

    #[test]
    fn names_are_read_back() {
        for record in RecordType::ALL {
            assert_eq!(record.to_string().parse(), Ok(record));
        }
        assert_eq!("findings".parse::<RecordType>(), Err(UnknownRecordType));
    }
}
