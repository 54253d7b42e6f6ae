//! What is wrong with a text, and where.

use crate::pipeline::text::printable;

/// Why a text is not a filter, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    /// Characters before the offending one.
    pub column: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Most characters of a text that are shown before the caret, and as many after it: a
/// line that wraps would have its caret somewhere else.
const MOST_BESIDE: usize = 36;
const CUT: char = '…';

impl FilterError {
    /// The text and, on a line of its own, a caret under the place. Control characters
    /// are shown as marks, and a long text as what is around the place. The message is
    /// not part of it.
    #[must_use]
    pub fn render(&self, text: &str) -> String {
        let column = self.column.min(text.chars().count());
        let skipped = column.saturating_sub(MOST_BESIDE);
        let mut shown: String = if skipped > 0 { CUT.into() } else { String::new() };
        shown.extend(text.chars().skip(skipped).take(column - skipped));
        let shown = printable(&shown);
        let rest: String = text.chars().skip(column).take(MOST_BESIDE).collect();
        let cut = if text.chars().nth(column + MOST_BESIDE).is_some() { "…" } else { "" };
        let indent = shown.chars().map(cells).sum();
        format!("{shown}{}{cut}\n{:indent$}^", printable(&rest), "")
    }
}

/// Cells that a character takes on a terminal, as far as a caret needs to know.
const fn cells(character: char) -> usize {
    match character {
        // Combining marks and variation selectors.
        '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        // Wide by Unicode UAX #11: Hangul, CJK, kana, full-width forms, most emoji.
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_is_under_the_place() {
        let long = "x".repeat(100);
        let beside = "x".repeat(MOST_BESIDE);
        for (text, column, shown) in [
            ("", 0, "\n^".to_owned()),
            ("a:1", 0, "a:1\n^".to_owned()),
            ("latency>", 8, "latency>\n        ^".to_owned()),
            ("é x", 2, "é x\n  ^".to_owned()),
            ("漢 x", 2, "漢 x\n   ^".to_owned()),
            ("e\u{301} x", 3, "e\u{301} x\n  ^".to_owned()),
            ("\x1b[2J\u{202e}x", 5, "\u{fffd}[2J\u{fffd}x\n     ^".to_owned()),
            ("a\nb", 2, "a\u{fffd}b\n  ^".to_owned()),
            ("ab", 9, "ab\n  ^".to_owned()),
            (&long, 0, format!("{beside}…\n^")),
            (&long, 50, format!("…{beside}{beside}…\n{:37}^", "")),
            (&long, 100, format!("…{beside}\n{:37}^", "")),
        ] {
            let error = FilterError { column, message: String::new() };
            assert_eq!(error.render(text), shown, "{text:?} {column}");
        }
    }
}
