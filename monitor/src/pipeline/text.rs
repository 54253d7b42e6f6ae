//! Text from outside, made fit to show: no control character reaches a terminal,
//! a log or a screen, and nothing is longer than it needs to be.

use std::borrow::Cow;

/// The text with each character that could steer a terminal or reorder a line
/// replaced by U+FFFD: C0, DEL, C1, line and paragraph separators and the
/// bidirectional controls (Unicode UAX #9).
///
/// ```
/// use monitor::pipeline::text::printable;
/// assert_eq!(printable("a\u{1b}[2Jb"), "a\u{fffd}[2Jb");
/// ```
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) || !text.contains(is_steering) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace(is_steering, "\u{fffd}"))
}

/// [`printable`], and at most `characters` characters, the last of them `…` where
/// some were cut off.
#[must_use]
pub fn clipped(text: &str, characters: usize) -> Cow<'_, str> {
    if text.len() <= characters {
        return printable(text);
    }
    let Some((cut, _)) = text.char_indices().nth(characters) else {
        return printable(text);
    };
    let kept = text.char_indices().take_while(|(at, _)| *at < cut).map(|(_, c)| c);
    let mut short: String = kept.take(characters.saturating_sub(1)).collect();
    short.push('…');
    Cow::Owned(printable(&short).into_owned())
}

/// A size in bytes with a binary unit and one decimal: `1.5 MiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let unit = (bytes.ilog2() / 10) as usize;
    let scaled = bytes as f64 / (1u64 << (10 * unit)) as f64;
    format!("{scaled:.1} {}", UNITS.get(unit - 1).expect("2^64 is below 1024 EiB"))
}

/// A time in UTC, as RFC 3339 has it: `2026-11-25T22:57:37Z`. Years beyond four digits
/// are clamped.
#[must_use]
pub fn date_time(seconds_since_1970: i64) -> String {
    // 0000-01-01 and 9999-12-31.
    let seconds = seconds_since_1970.clamp(-62_167_219_200, 253_402_300_799);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days since 0000-03-01, in eras of 400 years (146,097 days) that begin in March.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + 400 * era + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Whether a character can steer a terminal, turn the order of what is read, or hide
/// in it (CVE-2021-42574): a control, a bidirectional or an invisible format character,
/// or a line or paragraph separator.
#[must_use]
pub const fn is_steering(character: char) -> bool {
    matches!(
        character,
        '\0'..='\x1f'
            | '\x7f'..='\u{9f}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steering_characters_are_replaced_one_for_one() {
        for (given, shown) in [
            ("", ""),
            ("plain / path?*", "plain / path?*"),
            ("é→漢", "é→漢"),
            ("\x1b]0;x\x07", "\u{fffd}]0;x\u{fffd}"),
            ("a\r\nb\0\x7f", "a\u{fffd}\u{fffd}b\u{fffd}\u{fffd}"),
            ("\u{9b}31m", "\u{fffd}31m"),
            ("a\u{202e}b\u{2066}c\u{200f}d", "a\u{fffd}b\u{fffd}c\u{fffd}d"),
        ] {
            assert_eq!(printable(given), shown, "{given:?}");
        }
        assert!(matches!(printable("é→漢"), Cow::Borrowed(_)));
    }

    #[test]
    fn clipping_counts_characters() {
        for (given, most, shown) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("éèê", 3, "éèê"),
            ("éèêë", 3, "éè…"),
            ("\x1b\x1b\x1b\x1b", 3, "\u{fffd}\u{fffd}…"),
            ("abc", 0, "…"),
        ] {
            assert_eq!(clipped(given, most), shown, "{given:?}");
        }
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, shown) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (1_764_111_457, "2025-11-25T22:57:37Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (i64::MIN, "0000-01-01T00:00:00Z"),
            (i64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(date_time(seconds), shown);
        }
    }

    #[test]
    fn sizes_have_units() {
        for (bytes, shown) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1_572_864, "1.5 MiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(size(bytes), shown);
        }
    }
}
