//! Times (RFC 3339) and durations, exact to the nanosecond.

use std::time::Duration;

use crate::pipeline::time::WallTime;

const NANOSECONDS: u64 = 1_000_000_000;
const SECONDS_OF_DAY: u64 = 86_400;
/// What 1970-01-01 is in days since 0000-03-01.
const EPOCH_DAYS: u64 = 719_468;

/// `2026-03-01T12:00:00.000000001Z`.
pub(super) fn parse(text: &str) -> Option<WallTime> {
    let (date_time, fraction) = text.strip_suffix('Z')?.split_once('.')?;
    let seconds = parse_date_time(date_time)?.checked_mul(NANOSECONDS)?;
    seconds.checked_add(parse_fraction(fraction)?).map(WallTime)
}

/// `2026-03-01T12:00:00` in seconds since 1970.
pub(super) fn parse_date_time(text: &str) -> Option<u64> {
    let (date, time) = text.split_once('T')?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let is_date = (1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day);
    let is_time = hour < 24 && minute < 60 && second < 60;
    if !is_date || !is_time {
        return None;
    }
    let days = days_from_civil(year, month, day).checked_sub(EPOCH_DAYS)?;
    Some(days * SECONDS_OF_DAY + hour * 3600 + minute * 60 + second)
}

/// `1.234567890`: seconds.
pub(super) fn parse_seconds(text: &str) -> Option<Duration> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let nanoseconds = u32::try_from(parse_fraction(fraction)?).ok()?;
    Some(Duration::new(digits(seconds)?, nanoseconds))
}

/// Decimals, nine at most, in nanoseconds.
fn parse_fraction(text: &str) -> Option<u64> {
    let missing = 9_usize.checked_sub(text.len())?;
    Some(digits(text)? * 10_u64.pow(u32::try_from(missing).ok()?))
}

/// Three numbers of so many digits.
fn numbers(text: &str, separator: char, lengths: [usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for (number, length) in numbers.iter_mut().zip(lengths) {
        *number = digits(parts.next().filter(|part| part.len() == length)?)?;
    }
    parts.next().is_none().then_some(numbers)
}

/// A number of digits alone: no sign, and at least one.
fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

const fn days_of(year: u64, month: u64) -> u64 {
    let is_leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of the proleptic Gregorian calendar since 0000-03-01. Years are counted from
/// March, so that the leap day is the last.
const fn days_from_civil(year: u64, month: u64, day: u64) -> u64 {
    // A year of 0 has its January and February before the first day: they count as that
    // day, which is before 1970 all the same.
    let year = if month <= 2 { year.saturating_sub(1) } else { year };
    let month_from_march = (month + 9) % 12;
    let of_year = (153 * month_from_march + 2) / 5 + day - 1;
    365 * year + year / 4 - year / 100 + year / 400 + of_year
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_the_known_ones() {
        for (text, nanoseconds) in [
            ("1970-01-01T00:00:00.000000000Z", Some(0)),
            ("1970-01-01T00:00:00.000000001Z", Some(1)),
            ("1970-01-01T00:00:00.5Z", Some(500_000_000)),
            ("2000-02-29T00:00:00.000000000Z", Some(951_782_400_000_000_000)),
            ("2009-02-13T23:31:30.123456789Z", Some(1_234_567_890_123_456_789)),
            ("2100-03-01T00:00:00.000000000Z", Some(4_107_542_400_000_000_000)),
            ("2554-07-21T23:34:33.709551615Z", Some(u64::MAX)),
            ("2554-07-21T23:34:33.709551616Z", None),
            ("9999-12-31T23:59:59.999999999Z", None),
            ("1969-12-31T23:59:59.999999999Z", None),
            ("0000-01-01T00:00:00.000000000Z", None),
            ("2100-02-29T00:00:00.000000000Z", None),
            ("2009-13-13T23:31:30.123456789Z", None),
            ("2009-00-13T23:31:30.123456789Z", None),
            ("2009-02-00T23:31:30.123456789Z", None),
            ("2009-02-13T24:31:30.123456789Z", None),
            ("2009-02-13T23:60:30.123456789Z", None),
            ("2009-02-13T23:31:60.123456789Z", None),
            ("2009-02-13T23:31:30.1234567890Z", None),
            ("2009-02-13T23:31:30.Z", None),
            ("2009-02-13T23:31:30Z", None),
            ("2009-02-13T23:31:30.1+01:00", None),
            ("+009-02-13T23:31:30.1Z", None),
            ("2009-02-13-01T23:31:30.1Z", None),
            ("é", None),
            ("", None),
        ] {
            assert_eq!(parse(text), nanoseconds.map(WallTime), "{text}");
        }
    }

    #[test]
    fn dates_are_told_to_the_end_of_what_four_digits_hold() {
        for (text, seconds) in [
            ("9999-12-31T23:59:59", Some(253_402_300_799)),
            ("1970-01-01T00:00:00", Some(0)),
            ("1969-12-31T23:59:59", None),
        ] {
            assert_eq!(parse_date_time(text), seconds, "{text}");
        }
    }

    #[test]
    fn durations_are_exact() {
        for (text, seconds, nanoseconds) in [
            ("0.000000000", 0, 0),
            ("0.000123456", 0, 123_456),
            ("18446744073.709551615", 18_446_744_073, 709_551_615),
            ("18446744073709551615.999999999", u64::MAX, 999_999_999),
            ("2", 2, 0),
            ("2.5", 2, 500_000_000),
        ] {
            assert_eq!(parse_seconds(text), Some(Duration::new(seconds, nanoseconds)), "{text}");
        }
        for text in ["", "-1", "1e3", "1.0e3", "1.", ".5", "1.0000000000", "\"1\"", "null"] {
            assert_eq!(parse_seconds(text), None, "{text}");
        }
        assert_eq!(parse_seconds("18446744073709551616"), None);
    }
}
