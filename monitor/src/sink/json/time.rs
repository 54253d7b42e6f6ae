//! Times (RFC 3339) and durations, exact to the nanosecond.

use std::time::Duration;

use super::object::{write_decimal, write_padded};
use crate::pipeline::time::WallTime;

const NANOSECONDS: u64 = 1_000_000_000;
const SECONDS_OF_DAY: u64 = 86_400;

/// Appends a time in UTC with nanoseconds: `2026-03-01T12:00:00.000000001Z`.
pub(super) fn write_time(time: WallTime, to: &mut Vec<u8>) {
    write_date_time(time.0 / NANOSECONDS, to);
    to.push(b'.');
    write_padded::<9>(time.0 % NANOSECONDS, to);
    to.push(b'Z');
}

/// Appends date and time of so many seconds since 1970: `2026-03-01T12:00:00`.
pub(super) fn write_date_time(seconds: u64, to: &mut Vec<u8>) {
    let (year, month, day) = civil_from_days(seconds / SECONDS_OF_DAY);
    let of_day = seconds % SECONDS_OF_DAY;
    write_padded::<4>(year, to);
    for (before, value) in [
        (b'-', month),
        (b'-', day),
        (b'T', of_day / 3600),
        (b':', of_day / 60 % 60),
        (b':', of_day % 60),
    ] {
        to.push(before);
        write_padded::<2>(value, to);
    }
}

/// Appends a duration in seconds with nine decimals.
pub(super) fn write_seconds(duration: Duration, to: &mut Vec<u8>) {
    write_decimal(duration.as_secs(), to);
    to.push(b'.');
    write_padded::<9>(duration.subsec_nanos().into(), to);
}

/// Year, month and day of the proleptic Gregorian calendar, from days since
/// 1970-01-01. Years are counted from March, so that the leap day is the last.
const fn civil_from_days(days: u64) -> (u64, u64, u64) {
    const DAYS_OF_ERA: u64 = 146_097;
    // 0000-03-01 is this many days before 1970-01-01.
    let shifted = days + 719_468;
    let of_era = shifted % DAYS_OF_ERA;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = shifted / DAYS_OF_ERA * 400 + year_of_era + (month <= 2) as u64;
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_the_known_ones() {
        for (nanoseconds, text) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (1, "1970-01-01T00:00:00.000000001Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"),
            (951_868_800_000_000_000, "2000-03-01T00:00:00.000000000Z"),
            (1_234_567_890_123_456_789, "2009-02-13T23:31:30.123456789Z"),
            (1_709_251_199_999_999_999, "2024-02-29T23:59:59.999999999Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000000Z"),
            (u64::MAX, "2554-07-21T23:34:33.709551615Z"),
        ] {
            let mut written = Vec::new();
            write_time(WallTime(nanoseconds), &mut written);
            assert_eq!(String::from_utf8(written).unwrap(), text);
        }
    }

    #[test]
    fn days_follow_each_other_without_a_gap() {
        let leap = |year: u64| {
            year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400)
        };
        let length = |year, month| match month {
            2 if leap(year) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let mut expected = (1970, 1, 1);
        for days in 0..200_000 {
            assert_eq!(civil_from_days(days), expected);
            let (year, month, day) = expected;
            expected = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                (month, day) if day == length(year, month) => (year, month + 1, 1),
                (month, day) => (year, month, day + 1),
            };
        }
    }

    #[test]
    fn durations_are_exact() {
        for (nanoseconds, text) in [
            (0, "0.000000000"),
            (123_456, "0.000123456"),
            (1_000_000_000, "1.000000000"),
            (u64::MAX, "18446744073.709551615"),
        ] {
            let mut written = Vec::new();
            write_seconds(Duration::from_nanos(nanoseconds), &mut written);
            assert_eq!(String::from_utf8(written).unwrap(), text);
        }
    }
}
