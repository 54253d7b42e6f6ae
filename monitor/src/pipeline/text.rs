//! Text from outside, made fit to show: no control character reaches a terminal,
//! a log or a screen, and nothing is longer than it needs to be.

use std::borrow::Cow;

/// The text with each character that could steer a terminal, reorder a line or hide
/// in it replaced by U+FFFD: what [`is_steering`] names, what Unicode gives no shape, and
/// what is piled on one character beyond what any script needs.
///
/// ```
/// use monitor::pipeline::text::printable;
/// assert_eq!(printable("a\u{1b}[2Jb"), "a\u{fffd}[2Jb");
/// ```
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
        return Cow::Borrowed(text);
    }
    let mut pile = Pile::default();
    let Some((first, _)) = text.char_indices().find(|(_, c)| !pile.takes(*c)) else {
        return Cow::Borrowed(text);
    };
    let (kept, rest) = text.split_at(first);
    let mut shown = String::with_capacity(text.len());
    shown.push_str(kept);
    shown.push(char::REPLACEMENT_CHARACTER);
    let after = rest.chars().skip(1);
    shown.extend(after.map(|c| if pile.takes(c) { c } else { char::REPLACEMENT_CHARACTER }));
    Cow::Owned(shown)
}

/// Characters that combine with the one before them.
#[derive(Clone, Copy, Default)]
struct Pile {
    /// None at the start of a text and after a mark, where there is nothing to combine with.
    height: Option<u8>,
}

impl Pile {
    /// More than this no script puts on one character.
    const MOST: u8 = 4;

    /// Whether a character can be shown where it stands.
    fn takes(&mut self, character: char) -> bool {
        self.height = match shape(character) {
            Shape::Alone => Some(0),
            Shape::Combining => {
                self.height.filter(|height| *height < Self::MOST).map(|height| height + 1)
            }
            Shape::Missing => None,
        };
        self.height.is_some()
    }
}

/// How a character is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Alone,
    /// On the character before it.
    Combining,
    /// Not at all, or not as itself.
    Missing,
}

/// The tables of Unicode are those of `escape_debug`: it escapes what has no shape, and
/// at the start of a text what combines.
fn shape(character: char) -> Shape {
    if matches!(character, ' '..='~') {
        return Shape::Alone;
    }
    if is_steering(character) {
        return Shape::Missing;
    }
    if character.escape_debug().len() == 1 {
        return Shape::Alone;
    }
    let mut text = String::from('.');
    text.push(character);
    if text.escape_debug().count() == 2 { Shape::Combining } else { Shape::Missing }
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
/// in it (CVE-2021-42574): a control, a bidirectional or an invisible format character, a
/// filler, a selector of variants, a tag, a line or paragraph separator, or one whose
/// shape is a private matter.
#[must_use]
pub const fn is_steering(character: char) -> bool {
    matches!(
        character,
        '\0'..='\x1f'
            | '\x7f'..='\u{9f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{fdd0}'..='\u{fdef}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
            | '\u{f0000}'..
    ) || character as u32 & 0xfffe == 0xfffe
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
            ("pay\u{ad}pal\u{2060}.com", "pay\u{fffd}pal\u{fffd}.com"),
            ("a\u{a0}b\u{3000}c", "a\u{fffd}b\u{fffd}c"),
            ("\u{2764}\u{fe0f}\u{e0067}", "\u{2764}\u{fffd}\u{fffd}"),
            ("\u{378}\u{e000}\u{10fffe}", "\u{fffd}\u{fffd}\u{fffd}"),
            ("\u{301}e\u{301}", "\u{fffd}e\u{301}"),
            ("\x1b\u{301}\u{302}", "\u{fffd}\u{fffd}\u{fffd}"),
            (
                "a\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}b",
                "a\u{300}\u{301}\u{302}\u{303}\u{fffd}\u{fffd}b",
            ),
            ("\u{915}\u{94d}\u{937}\u{940}", "\u{915}\u{94d}\u{937}\u{940}"),
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
