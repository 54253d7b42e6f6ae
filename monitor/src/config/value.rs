use std::time::Duration;

/// A duration or size that cannot be read. The message says what is expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// No number where one is needed.
    #[error("expected a number followed by a unit")]
    Number,
    /// A number without a unit.
    #[error("the unit is missing: one of {units}")]
    MissingUnit {
        /// The units there are.
        units: String,
    },
    /// A unit that there is not.
    #[error("unknown unit `{unit}`: one of {units}")]
    UnknownUnit {
        /// As written, shortened, without control characters.
        unit: String,
        /// The units there are.
        units: String,
    },
    /// More than 64 bits hold.
    #[error("too large")]
    TooLarge,
}

/// A unit and how many of the smallest one it is.
type Unit = (&'static str, u64);

const DURATIONS: &[Unit] = &[
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

const SIZES: &[Unit] =
    &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

/// A duration: whole numbers with units, as `250ms`, `60s`, `24h` or `1h30m`.
///
/// # Errors
///
/// Returns [`ValueError`] if a number or unit is missing, a unit is unknown, or the
/// sum is more than 584 years.
pub fn parse_duration(text: &str) -> Result<Duration, ValueError> {
    let mut rest = text;
    let mut nanoseconds = 0u64;
    loop {
        let (amount, after) = quantity(rest, DURATIONS)?;
        nanoseconds = nanoseconds.checked_add(amount).ok_or(ValueError::TooLarge)?;
        rest = after;
        if rest.is_empty() {
            return Ok(Duration::from_nanos(nanoseconds));
        }
    }
}

/// A size in bytes: a whole number with a unit, as `64KiB` or `8MiB`.
pub(super) fn parse_size(text: &str) -> Result<u64, ValueError> {
    match quantity(text, SIZES)? {
        (bytes, "") => Ok(bytes),
        _ => Err(ValueError::Number),
    }
}

/// The shortest exact way to write a duration of at most 584 years.
pub(super) fn format_duration(duration: Duration) -> String {
    let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let (amount, unit) = largest_unit(nanoseconds, DURATIONS);
    format!("{amount}{unit}")
}

/// The shortest exact way to write bytes as a size.
pub(super) fn format_size(bytes: u64) -> String {
    let (amount, unit) = largest_unit(bytes, SIZES);
    format!("{amount}{unit}")
}

fn largest_unit(value: u64, units: &[Unit]) -> (u64, &'static str) {
    units
        .iter()
        .rev()
        .find(|(_, factor)| value >= *factor && value.is_multiple_of(*factor))
        .or(units.first())
        .map_or((value, ""), |(unit, factor)| (value / factor, unit))
}

/// Reads one number with its unit; returns it in the smallest unit, and what follows.
fn quantity<'a>(text: &'a str, units: &[Unit]) -> Result<(u64, &'a str), ValueError> {
    let (number, rest) = split_while(text, |c| c.is_ascii_digit());
    if number.is_empty() {
        return Err(ValueError::Number);
    }
    let number: u64 = number.parse().map_err(|_| ValueError::TooLarge)?;
    let (unit, rest) = split_while(rest, |c| !c.is_ascii_digit());
    let (_, factor) =
        units.iter().find(|(name, _)| *name == unit).ok_or_else(|| unit_error(unit, units))?;
    Ok((number.checked_mul(*factor).ok_or(ValueError::TooLarge)?, rest))
}

fn unit_error(unit: &str, units: &[Unit]) -> ValueError {
    let known: Vec<&str> = units.iter().map(|(name, _)| *name).collect();
    let units = known.join(", ");
    if unit.is_empty() {
        return ValueError::MissingUnit { units };
    }
    ValueError::UnknownUnit { unit: super::diagnostic::escape_short(unit), units }
}

fn split_while(text: &str, keep: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !keep(c)).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations() {
        let cases = [
            ("0s", Some(0)),
            ("250ms", Some(250_000_000)),
            ("60s", Some(60_000_000_000)),
            ("24h", Some(86_400_000_000_000)),
            ("1h30m", Some(5_400_000_000_000)),
            ("7d", Some(604_800_000_000_000)),
            ("", None),
            ("5", None),
            ("s", None),
            ("-5s", None),
            ("1.5h", None),
            ("5 s", None),
            ("5S", None),
            ("5sec", None),
            ("5s ", None),
            ("1h30", None),
            ("٣s", None),
            ("99999999999999999999s", None),
            ("18446744073709551615d", None),
            ("200000d200000d", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_duration(text).ok(), expected.map(Duration::from_nanos), "{text:?}");
        }
    }

    #[test]
    fn sizes() {
        let cases = [
            ("0B", Some(0)),
            ("64KiB", Some(65_536)),
            ("8MiB", Some(8 << 20)),
            ("1GiB", Some(1 << 30)),
            ("64", None),
            ("64K", None),
            ("64MB", None),
            ("1MiB1KiB", None),
            ("18446744073709551615GiB", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_size(text).ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn shortest_exact_forms() {
        assert_eq!(format_duration(Duration::ZERO), "0ns");
        assert_eq!(format_duration(Duration::from_secs(90)), "90s");
        assert_eq!(format_duration(Duration::from_secs(86_400)), "1d");
        assert_eq!(format_size(0), "0B");
        assert_eq!(format_size(1000), "1000B");
        assert_eq!(format_size(256 << 20), "256MiB");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(value: u64) {
            let duration = Duration::from_nanos(value);
            prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
            prop_assert_eq!(parse_size(&format_size(value)), Ok(value));
        }

        #[test]
        fn any_text_is_answered(text in "\\PC*") {
            let _ = parse_duration(&text);
            let _ = parse_size(&text);
        }
    }
}
