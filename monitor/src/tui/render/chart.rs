//! Bars over time, with their numbers beside them: nothing is said by a height or a
//! colour alone.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::{Look, Text, piece, put, put_text, text_width};
use crate::tui::table::Align;
use crate::tui::theme::{Glyphs, Tone};

/// A chart.
#[derive(Debug)]
pub(crate) struct Chart {
    /// Its name and numbers.
    pub(crate) heading: Text<'static>,
    /// Oldest first.
    pub(crate) bars: Vec<Bar>,
    /// How all of a bar is drawn.
    pub(crate) whole: Ink,
    /// How the part of it that counts apart is drawn.
    pub(crate) part: Ink,
    /// What the left and the right end are.
    pub(crate) ends: (String, &'static str),
}

/// One bar.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Bar {
    /// All of it.
    pub(crate) whole: f64,
    /// The part from the bottom up that counts apart.
    pub(crate) part: f64,
}

/// How a part of a bar is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ink {
    /// What fills a cell.
    pub(crate) unicode: &'static str,
    pub(crate) ascii: &'static str,
    pub(crate) tone: Tone,
}

/// A line for the ends has room from this height on.
const AXIS: u16 = 5;
/// Steps of one cell.
const STEPS: usize = 8;
const EIGHTHS: [&str; STEPS] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const ASCII: [&str; STEPS] = [".", ".", ":", ":", "-", "-", "=", "#"];
/// Cells of a chart in one line.
const SPARK: u16 = 20;

/// Draws a chart: in one line where there is only one, else under its heading.
pub(crate) fn render(buffer: &mut Buffer, area: Rect, look: Look, chart: &Chart) {
    if area.height < 2 {
        return in_line(buffer, area, look, chart);
    }
    put_text(buffer, Rect { height: 1, ..area }, look, &chart.heading);
    let axis = u16::from(area.height >= AXIS);
    let body = Rect { y: area.y + 1, height: area.height - 1 - axis, ..area };
    draw(buffer, body, look, chart);
    if axis > 0 {
        let line = Rect { y: area.bottom() - 1, height: 1, ..area };
        put(buffer, line, look, (&chart.ends.0, Tone::Muted), Align::Left);
        put(buffer, line, look, (chart.ends.1, Tone::Muted), Align::Right);
    }
}

fn in_line(buffer: &mut Buffer, area: Rect, look: Look, chart: &Chart) {
    if area.is_empty() {
        return;
    }
    put_text(buffer, area, look, &chart.heading);
    let taken = u16::try_from(text_width(&chart.heading)).unwrap_or(u16::MAX).saturating_add(1);
    let left = area.width.saturating_sub(taken);
    let width = left.min(SPARK.max(area.width / 3));
    let body = Rect { x: area.right() - width, width, ..area };
    draw(buffer, body, look, chart);
}

fn draw(buffer: &mut Buffer, area: Rect, look: Look, chart: &Chart) {
    let highest = chart.bars.iter().map(|bar| bar.whole).fold(0.0, f64::max);
    if area.is_empty() || highest <= 0.0 {
        return;
    }
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let steps = |value: f64| {
        let steps = (value / highest * (height * STEPS) as f64).round() as usize;
        if value > 0.0 { steps.clamp(1, height * STEPS) } else { 0 }
    };
    for (x, at) in (area.x..area.right()).zip(0..width) {
        let Some(bar) = chart.bars.get(at * chart.bars.len() / width) else { continue };
        let (whole, part) = (steps(bar.whole), steps(bar.part));
        for (y, from_bottom) in (area.y..area.bottom()).rev().zip(0..height) {
            let below = from_bottom * STEPS;
            if let Some((symbol, tone)) = symbol(chart, whole, part, below, look.theme.glyphs) {
                let cell = Rect { x, y, width: 1, height: 1 };
                put(buffer, cell, look, (symbol, tone), Align::Left);
            }
        }
    }
}

/// The cell of a bar that begins `below` steps above the bottom.
fn symbol(
    chart: &Chart,
    whole: usize,
    part: usize,
    below: usize,
    glyphs: Glyphs,
) -> Option<(&'static str, Tone)> {
    let filled = whole.saturating_sub(below).min(STEPS);
    let of_part = part.saturating_sub(below);
    let ink =
        if of_part > 0 && (of_part * 2 >= filled || below == 0) { chart.part } else { chart.whole };
    let (full, partial) = match glyphs {
        Glyphs::Unicode => (ink.unicode, EIGHTHS),
        Glyphs::Ascii => (ink.ascii, ASCII),
    };
    let symbol = if filled == STEPS { full } else { partial.get(filled.checked_sub(1)?)? };
    Some((symbol, ink.tone))
}

/// The name of a chart, before its numbers.
pub(crate) fn heading(name: &'static str) -> Text<'static> {
    vec![piece(name, Tone::Title)]
}

/// One more number of a chart, with its name.
pub(crate) fn number(heading: &mut Text<'static>, name: &str, value: String, tone: Tone) {
    heading.push(piece(format!("  {name}"), Tone::Plain));
    heading.push(piece(value, tone));
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Cell;

    use super::*;
    use crate::pipeline::detect::Moment;
    use crate::pipeline::time::{Timestamp, WallOffset};
    use crate::tui::format::Zone;
    use crate::tui::state::Privacy;
    use crate::tui::theme::Theme;

    fn drawn(glyphs: Glyphs, (width, height): (u16, u16), bars: &[(f64, f64)]) -> Vec<String> {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        let now = Moment { time: Timestamp(0), wall_offset: WallOffset(0) };
        let theme = Theme { glyphs, ..Theme::default() };
        let look = Look { theme, privacy: Privacy::Open, zone: Zone::UTC, now };
        let chart = Chart {
            heading: Text::new(),
            bars: bars.iter().map(|(whole, part)| Bar { whole: *whole, part: *part }).collect(),
            whole: Ink { unicode: "█", ascii: "#", tone: Tone::Plain },
            part: Ink { unicode: "▒", ascii: "!", tone: Tone::Bad },
            ends: (String::new(), ""),
        };
        draw(&mut buffer, area, look, &chart);
        let line = |cells: &[Cell]| cells.iter().map(Cell::symbol).collect();
        buffer.content().chunks(usize::from(width.max(1))).map(line).collect()
    }

    #[test]
    fn bars_are_as_high_as_they_should_be() {
        let steps = [(0.0, 0.0), (1.0, 0.0), (4.0, 0.0), (8.0, 0.0)];
        assert_eq!(drawn(Glyphs::Unicode, (4, 1), &steps), [" ▁▄█"]);
        assert_eq!(
            drawn(Glyphs::Unicode, (8, 1), &steps),
            ["  ▁▁▄▄██"],
            "as wide as there is room"
        );
        assert_eq!(drawn(Glyphs::Unicode, (4, 2), &steps), ["   █", " ▂██"]);
        assert_eq!(drawn(Glyphs::Ascii, (4, 2), &steps), ["   #", " .##"]);
        let parts = [(8.0, 8.0), (8.0, 4.0), (8.0, 0.0), (0.01, 0.0)];
        assert_eq!(drawn(Glyphs::Unicode, (4, 2), &parts), ["▒██ ", "▒▒█▁"], "the least shows");
        assert_eq!(drawn(Glyphs::Ascii, (4, 2), &parts), ["!## ", "!!#."]);
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        for bars in [&[][..], &[(0.0, 0.0)], &[(f64::NAN, 0.0)]] {
            assert_eq!(drawn(Glyphs::Unicode, (2, 1), bars), ["  "]);
        }
        assert!(drawn(Glyphs::Unicode, (0, 3), &[(1.0, 1.0)]).is_empty());
    }
}
