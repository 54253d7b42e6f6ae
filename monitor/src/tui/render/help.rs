//! All keys and the filter language, over everything else.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Widget};

use super::paint::{Look, Text, piece, put_lines, text_width};
use crate::tui::keys;
use crate::tui::layout;
use crate::tui::theme::Tone;

/// Draws the help from its line `top` on.
pub(crate) fn render(frame: &mut Frame<'_>, area: Rect, look: Look, top: usize) {
    let lines = lines(area);
    let place = super::detail::place(top, room(area), lines.len());
    let area = layout::help(area);
    Clear.render(area, frame.buffer_mut());
    frame.buffer_mut().set_style(area, look.theme.base());
    let block = Block::bordered().border_set(look.theme.border()).title(" Help ");
    block.title(Line::from(place).right_aligned()).render(area, frame.buffer_mut());
    put_lines(frame.buffer_mut(), inner(area), look, &lines, top);
}

/// Lines of the help that have room in a terminal of `area`.
pub(crate) fn room(area: Rect) -> usize {
    usize::from(inner(layout::help(area)).height)
}

fn inner(area: Rect) -> Rect {
    area.inner(Margin { horizontal: 2, vertical: 1 })
}

/// Cells of the keys where the filters have room beside them.
const BESIDE: usize = 52;

/// All lines of the help: the filters beside the keys where there is room, else below.
pub(crate) fn lines(area: Rect) -> Vec<Text<'static>> {
    let (keys, filters) = (key_lines(), filter_lines().chain(note_lines()));
    if usize::from(inner(layout::help(area)).width) < BESIDE * 2 {
        return keys.into_iter().chain([Text::new()]).chain(filters).collect();
    }
    let mut filters = filters;
    let beside = |mut line: Text<'static>| {
        let gap = BESIDE.saturating_sub(text_width(&line));
        line.push(piece(" ".repeat(gap), Tone::Plain));
        line.extend(filters.next().unwrap_or_default());
        line
    };
    let mut lines: Vec<_> = keys.into_iter().map(beside).collect();
    lines.extend(filters);
    lines
}

fn key_lines() -> Vec<Text<'static>> {
    let bindings = keys::help().iter().copied().flatten();
    let rows = bindings.filter(|binding| !binding.help.is_empty()).map(|binding| {
        let labels: Vec<_> = binding.keys.iter().take(3).map(|key| key.label()).collect();
        row(&labels.join(" "), binding.help)
    });
    [heading("KEYS")].into_iter().chain(rows).collect()
}

fn filter_lines() -> impl Iterator<Item = Text<'static>> {
    let rows = FILTERS.iter().map(|(filter, meaning)| row(filter, meaning));
    [heading("FILTERS: every term must hold")].into_iter().chain(rows)
}

fn note_lines() -> impl Iterator<Item = Text<'static>> {
    let notes = NOTES.iter().map(|note| vec![piece(*note, Tone::Plain)]);
    [Text::new(), heading("GOOD TO KNOW")].into_iter().chain(notes)
}

fn heading(text: &'static str) -> Text<'static> {
    vec![piece(text, Tone::Title)]
}

fn row(name: &str, meaning: &'static str) -> Text<'static> {
    vec![piece(format!("{name:<19}"), Tone::Accent), piece(meaning, Tone::Plain)]
}

const FILTERS: &[(&str, &str)] = &[
    ("text", "anywhere in the row, any case"),
    ("\"two words\"", "text with spaces or colons"),
    ("-term", "not this"),
    ("method:POST", "also path host protocol auth"),
    ("path:/v1/*", "* is anything; else part of it"),
    ("status:5xx", "or 404"),
    ("status>=400", "also < <= >"),
    ("latency>200ms", "of a destination, its p99"),
    ("ttfb<1s", "time to the first byte"),
    ("bytes>=10kB", "also KiB MB MiB GB"),
    ("client:curl", "also server:, by name or address"),
    ("client:10.0.0.0/8", "network, IPv4 or IPv6"),
    ("encryption:clear", "or tls"),
    ("severity>=high", "or severity:low"),
    ("kind:unencrypted", "kind of finding"),
];

const NOTES: &[&str] = &[
    "y asks the terminal to copy (OSC 52). In tmux that",
    "needs: set -g set-clipboard on",
    "w writes JSON lines to the current directory, for",
    "you alone to read.",
    "While the mouse is on, shift selects text.",
    "\u{fffd} stands for what could steer the terminal or",
    "hide in a text.",
];
