//! The only way of text to the screen: made printable, cut to its room, styled.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::pipeline::detect::Moment;
use crate::pipeline::text::printable;
use crate::pipeline::time::WallTime;
use crate::tui::format::{self, Zone};
use crate::tui::state::Privacy;
use crate::tui::table::Align;
use crate::tui::theme::{Glyphs, Theme, Tone};

/// What all drawing depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) theme: Theme,
    pub(crate) privacy: Privacy,
    pub(crate) zone: Zone,
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

    /// A time of day.
    pub(crate) fn time_of_day(self, time: WallTime) -> String {
        format::time_of_day(time, self.zone)
    }

    /// A date and time.
    pub(crate) fn date_time(self, time: WallTime) -> String {
        format::date_time(time, self.zone)
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

/// Cells that a text takes.
pub(crate) fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { cells(&drawable(text)) }
}

/// Cells that pieces take.
pub(crate) fn text_width(text: &Text<'_>) -> usize {
    text.iter().map(|(piece, _)| width(piece)).sum()
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
    let taken = u16::try_from(cells(&text)).unwrap_or(area.width).min(area.width);
    let x = if align == Align::Right { area.right() - taken } else { area.x };
    let text = match look.theme.glyphs {
        Glyphs::Ascii if !text.is_ascii() => Cow::Owned(ascii(&text)),
        Glyphs::Unicode | Glyphs::Ascii => text,
    };
    buffer.set_stringn(x, area.y, &text, usize::from(area.width), look.style(tone));
    taken
}

/// The text made drawable and cut to `room` cells.
pub(crate) fn cut(text: &str, room: usize, align: Align, theme: Theme) -> Cow<'_, str> {
    let near = near(text, room, align);
    let is_whole = near.len() == text.len();
    let text = drawable(near);
    if is_whole && !exceeds(&text, room) {
        return text;
    }
    let room = room.saturating_sub(1);
    Cow::Owned(match align {
        Align::Tail => theme.ellipsis().to_owned() + tail(&text, room),
        Align::Left | Align::Right => head(&text, room).to_owned() + theme.ellipsis(),
    })
}

/// Cuts a text into lines of at most `room` cells, at spaces where it can.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
    let text = drawable(near(text, room.max(1) * LINES, Align::Left));
    let mut lines = Vec::new();
    let mut rest = &*text;
    while exceeds(rest, room) && lines.len() < LINES {
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

/// The text without its first `skipped` cells.
pub(crate) fn after_cells(text: &str, skipped: usize) -> String {
    let text = drawable(text);
    let mut before = 0;
    let is_before = |grapheme: &&str| {
        let is_before = before < skipped;
        before += width_of(grapheme);
        is_before
    };
    graphemes(&Span::raw(&*text)).skip_while(is_before).collect()
}

/// The part of a text that can be in its first or last `room` cells: long texts are not
/// looked at to their end for each frame.
fn near(text: &str, room: usize, align: Align) -> &str {
    /// Of one cell, where it is drawable.
    const CHARACTERS: usize = 8;
    let most = (room + 1) * CHARACTERS;
    if text.len() <= most {
        return text;
    }
    match align {
        Align::Tail => {
            let start = text.char_indices().rev().nth(most - 1).map_or(0, |(at, _)| at);
            text.get(start..).unwrap_or_default()
        }
        Align::Left | Align::Right => {
            let end = text.char_indices().nth(most).map_or(text.len(), |(at, _)| at);
            text.get(..end).unwrap_or_default()
        }
    }
}

/// Whether a drawable text takes more than `room` cells.
fn exceeds(text: &str, room: usize) -> bool {
    if text.is_ascii() {
        return text.len() > room;
    }
    let mut used = 0;
    graphemes(&Span::raw(text)).any(|grapheme| {
        used += width_of(grapheme);
        used > room
    })
}

/// The longest start of a drawable text that takes at most `room` cells.
fn head(text: &str, room: usize) -> &str {
    let mut used = 0;
    let mut end = 0;
    for grapheme in graphemes(&Span::raw(text)) {
        used += width_of(grapheme);
        if used > room {
            break;
        }
        end += grapheme.len();
    }
    text.get(..end).unwrap_or_default()
}

/// The longest end of a drawable text that takes at most `room` cells.
fn tail(text: &str, room: usize) -> &str {
    let span = Span::raw(text);
    let graphemes: Vec<_> = graphemes(&span).collect();
    let mut used = 0;
    let mut start = text.len();
    for grapheme in graphemes.iter().rev() {
        used += width_of(grapheme);
        if used > room {
            break;
        }
        start -= grapheme.len();
    }
    text.get(start..).unwrap_or_default()
}

/// The text printable, and each grapheme of it one or two cells wide, whoever counts:
/// what terminals count otherwise than this does would shift the rest of its line.
fn drawable(text: &str) -> Cow<'_, str> {
    let text = printable(text);
    if text.is_ascii() || graphemes(&Span::raw(&*text)).all(is_plain) {
        return text;
    }
    let replace = |grapheme| if is_plain(grapheme) { grapheme } else { "\u{fffd}" };
    Cow::Owned(graphemes(&Span::raw(&*text)).map(replace).collect())
}

/// Whether the cells of a grapheme are those of its characters, which is how many
/// terminals count, and one or two.
fn is_plain(grapheme: &str) -> bool {
    let each = grapheme.chars().map(|c| width_of(c.encode_utf8(&mut [0; 4])));
    let cells = width_of(grapheme);
    (1..=2).contains(&cells) && each.sum::<usize>() == cells
}

/// ASCII of as many cells as a drawable text.
fn ascii(text: &str) -> String {
    let span = Span::raw(text);
    let replace = |grapheme| match grapheme {
        ascii if str::is_ascii(ascii) => ascii.to_owned(),
        "…" => "~".to_owned(),
        "→" | "▶" => ">".to_owned(),
        "←" | "◀" => "<".to_owned(),
        "—" | "–" => "-".to_owned(),
        "×" => "x".to_owned(),
        "·" => ".".to_owned(),
        other => "?".repeat(width_of(other)),
    };
    graphemes(&span).map(replace).collect()
}

/// Cells of a drawable text, each grapheme for itself, as the buffer places them.
fn cells(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { graphemes(&Span::raw(text)).map(width_of).sum() }
}

fn width_of(grapheme: &str) -> usize {
    Span::raw(grapheme).width()
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
    }

    /// A cell that a terminal takes for wider or narrower shifts all after it.
    #[test]
    fn what_terminals_measure_differently_is_a_mark() {
        let pile = format!("a{}b", "\u{301}".repeat(50));
        let mark = "\u{fffd}";
        for (text, drawn, cells) in [
            ("a\u{301}b", "a\u{301}b", 2),
            ("日本", "日本", 4),
            ("\u{1f600}", "\u{1f600}", 2),
            ("\u{1f1e9}\u{1f1ea}", "\u{1f1e9}\u{1f1ea}", 2),
            ("\u{1f44d}\u{1f3fd}x", "\u{fffd}x", 2),
            ("\u{1f469}\u{200d}\u{1f4bb}", "\u{1f469}\u{fffd}\u{1f4bb}", 5),
            ("\u{644}\u{627}", "\u{644}\u{627}", 2),
            ("\u{1100}\u{1100}\u{1100}x", "\u{fffd}x", 2),
            ("\u{1161}x", "\u{fffd}x", 2),
        ] {
            assert_eq!((&*drawable(text), width(text)), (drawn, cells), "{text:?}");
        }
        assert!(cut(&pile, 80, Align::Left, Theme::default()).contains(mark));
        assert_eq!(width(&pile), 48, "one for each too many");
    }

    #[test]
    fn ascii_takes_as_many_cells() {
        for (text, shown) in [
            ("plain", "plain"),
            ("a → b…", "a > b~"),
            ("日本e\u{301}", "?????"),
            ("\u{fffd}[31m", "?[31m"),
        ] {
            assert_eq!(ascii(text), shown);
            assert_eq!(cells(text), shown.len());
        }
    }

    #[test]
    fn skips_cells() {
        assert_eq!(after_cells("abcdef", 2), "cdef");
        assert_eq!(after_cells("日本語", 3), "語");
        assert_eq!(after_cells("e\u{301}x", 1), "x");
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
