//! The only way of text to the screen: made printable, cut to its room, styled.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::pipeline::detect::Moment;
use crate::pipeline::text::printable;
use crate::tui::state::Privacy;
use crate::tui::table::Align;
use crate::tui::theme::{Theme, Tone};

/// What all drawing depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) theme: Theme,
    pub(crate) privacy: Privacy,
    /// The time that is shown, which stands still while frozen.
    pub(crate) now: Moment,
}

impl Look {
    /// `text`, or what stands for it where that is private.
    pub(crate) fn private<'a>(self, text: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
        match self.privacy {
            Privacy::Open => text.into(),
            Privacy::Hidden => Cow::Borrowed(HIDDEN),
        }
    }

    /// The style of a meaning.
    pub(crate) fn style(self, tone: Tone) -> Style {
        self.theme.style(tone)
    }
}

/// What stands for text that is private.
pub(crate) const HIDDEN: &str = "***";

/// Pieces of text of one meaning each, one after the other.
pub(crate) type Text<'a> = Vec<(Cow<'a, str>, Tone)>;

/// One piece of text.
pub(crate) fn piece<'a>(text: impl Into<Cow<'a, str>>, tone: Tone) -> (Cow<'a, str>, Tone) {
    (text.into(), tone)
}

/// Cells that a text takes once it is printable.
pub(crate) fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { Span::raw(text).width() }
}

/// Cells that pieces take.
pub(crate) fn text_width(text: &Text<'_>) -> usize {
    text.iter().map(|(piece, _)| width(&printable(piece))).sum()
}

/// Draws pieces from the left of `area`'s first line; what has no room is cut.
pub(crate) fn put_text(buffer: &mut Buffer, area: Rect, look: Look, text: &Text<'_>) {
    let mut room = area;
    for (piece, tone) in text {
        let used = put(buffer, room, look, (piece, *tone), Align::Left);
        room.x += used;
        room.width -= used;
    }
}

/// Draws lines from the top of `area`; `top` of them are above it.
pub(crate) fn put_lines(
    buffer: &mut Buffer,
    area: Rect,
    look: Look,
    lines: &[Text<'_>],
    top: usize,
) {
    for (y, line) in (area.y..area.bottom()).zip(lines.iter().skip(top)) {
        put_text(buffer, Rect { y, height: 1, ..area }, look, line);
    }
}

/// Draws a text in `area`'s first line; says how many cells it took.
pub(crate) fn put(
    buffer: &mut Buffer,
    area: Rect,
    look: Look,
    (text, tone): (&str, Tone),
    align: Align,
) -> u16 {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return 0;
    }
    let text = cut(text, usize::from(area.width), align, look.theme);
    let taken = u16::try_from(width(&text)).unwrap_or(area.width).min(area.width);
    let x = if align == Align::Right { area.right() - taken } else { area.x };
    buffer.set_stringn(x, area.y, &text, usize::from(area.width), look.style(tone));
    taken
}

/// The text made printable and cut to `room` cells.
pub(crate) fn cut(text: &str, room: usize, align: Align, theme: Theme) -> Cow<'_, str> {
    let text = without_piles(printable(text));
    if width(&text) <= room {
        return text;
    }
    let room = room.saturating_sub(1);
    Cow::Owned(match align {
        Align::Tail => theme.ellipsis().to_owned() + tail(&text, room),
        Align::Left | Align::Right => head(&text, room).to_owned() + theme.ellipsis(),
    })
}

/// Cuts a printable text into lines of at most `room` cells, at spaces where it can.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
    let text = without_piles(printable(text));
    let mut lines = Vec::new();
    let mut rest = &*text;
    while width(rest) > room && lines.len() < LINES {
        let fitting = head(rest, room.max(2)).len().max(1);
        let space = rest.get(..fitting).and_then(|line| line.rfind(' ')).filter(|at| *at > 0);
        let Some((line, after)) = rest.split_at_checked(space.unwrap_or(fitting)) else { break };
        lines.push(line.to_owned());
        rest = after.trim_start_matches(' ');
    }
    lines.push(rest.to_owned());
    lines
}

/// Lines that one text may take.
const LINES: usize = 64;

/// The longest start of a text that takes at most `room` cells.
fn head(text: &str, room: usize) -> &str {
    let mut used = 0;
    let mut end = 0;
    for grapheme in graphemes(&Span::raw(text)) {
        used += width(grapheme);
        if used > room {
            break;
        }
        end += grapheme.len();
    }
    text.get(..end).unwrap_or_default()
}

/// The longest end of a text that takes at most `room` cells.
fn tail(text: &str, room: usize) -> &str {
    let span = Span::raw(text);
    let graphemes: Vec<_> = graphemes(&span).collect();
    let mut used = 0;
    let mut start = text.len();
    for grapheme in graphemes.iter().rev() {
        used += width(grapheme);
        if used > room {
            break;
        }
        start -= grapheme.len();
    }
    text.get(start..).unwrap_or_default()
}

/// Combining characters without end make one cell cover its neighbours: a grapheme of
/// more characters than any script needs is replaced.
fn without_piles(text: Cow<'_, str>) -> Cow<'_, str> {
    const MOST: usize = 12;
    let is_pile = |grapheme: &str| grapheme.chars().nth(MOST).is_some();
    if text.is_ascii() || !graphemes(&Span::raw(&*text)).any(is_pile) {
        return text;
    }
    let replace = |grapheme| if is_pile(grapheme) { "\u{fffd}" } else { grapheme };
    Cow::Owned(graphemes(&Span::raw(&*text)).map(replace).collect())
}

/// Graphemes of a printable text, in order and without a gap.
fn graphemes<'a>(text: &'a Span<'_>) -> impl Iterator<Item = &'a str> {
    text.styled_graphemes(Style::new()).map(|grapheme| grapheme.symbol)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_by_cells_at_the_right_end() {
        let theme = Theme::default();
        for (text, room, align, cut_to) in [
            ("short", 5, Align::Left, "short"),
            ("longer", 5, Align::Left, "long…"),
            ("/usr/bin/curl", 7, Align::Tail, "…n/curl"),
            ("日本語", 6, Align::Left, "日本語"),
            ("日本語", 5, Align::Left, "日本…"),
            ("日本語", 4, Align::Left, "日…"),
            ("日本語", 4, Align::Tail, "…語"),
            ("e\u{301}e\u{301}e\u{301}", 2, Align::Left, "e\u{301}…"),
            ("x", 0, Align::Left, "…"),
            ("", 0, Align::Left, ""),
            ("a\x1b[31m\u{9b}b\u{202e}", 20, Align::Left, "a\u{fffd}[31m\u{fffd}b\u{fffd}"),
        ] {
            assert_eq!(cut(text, room, align, theme), cut_to, "{text:?} in {room}");
        }
        let pile = format!("a{}b", "\u{301}".repeat(50));
        assert!(
            cut(&pile, 9, Align::Left, theme).starts_with("a\u{301}\u{301}\u{301}\u{301}\u{fffd}")
        );
    }

    #[test]
    fn wraps_at_spaces() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("日本語", 3), ["日", "本", "語"]);
        assert_eq!(wrap("", 3), [""]);
        assert!(wrap(&"x".repeat(100_000), 1).len() <= LINES + 1);
    }
}
