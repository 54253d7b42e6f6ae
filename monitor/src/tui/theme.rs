//! Colours and glyphs. No meaning is by colour alone: marks and modifiers say it too.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::{border, line};

/// What colours there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Palette {
    /// The 16 colours of the terminal, never a background: its own theme holds.
    #[default]
    Ansi,
    /// Light on dark, whatever the terminal has.
    Dark,
    /// Dark on light, whatever the terminal has.
    Light,
    /// White on black, with as much contrast as there is.
    HighContrast,
    /// Bold, underlined and reversed only.
    Mono,
}

/// Which characters draw lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    /// Box drawing characters.
    #[default]
    Unicode,
    /// ASCII alone, for text from outside too.
    Ascii,
}

/// What a piece of text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Muted,
    Strong,
    Title,
    Accent,
    Good,
    Warning,
    Bad,
    Selected,
}

/// How meanings look.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Theme {
    pub(crate) palette: Palette,
    pub(crate) glyphs: Glyphs,
}

/// The colours of a palette.
struct Colors {
    /// Of text and of what is under it.
    base: Option<(Color, Color)>,
    /// Where there is none, muted text is dim.
    muted: Option<Color>,
    accent: Color,
    good: Color,
    warning: Color,
    bad: Color,
}

const ANSI: Colors = Colors {
    base: None,
    muted: None,
    accent: Color::Cyan,
    good: Color::Green,
    warning: Color::Yellow,
    bad: Color::Red,
};

const DARK: Colors = Colors {
    base: Some((Color::Indexed(253), Color::Indexed(234))),
    muted: Some(Color::Indexed(246)),
    accent: Color::Indexed(80),
    good: Color::Indexed(114),
    warning: Color::Indexed(221),
    bad: Color::Indexed(210),
};

const LIGHT: Colors = Colors {
    base: Some((Color::Indexed(235), Color::Indexed(255))),
    muted: Some(Color::Indexed(240)),
    accent: Color::Indexed(24),
    good: Color::Indexed(22),
    warning: Color::Indexed(58),
    bad: Color::Indexed(124),
};

const HIGH_CONTRAST: Colors = Colors {
    base: Some((Color::Indexed(231), Color::Indexed(16))),
    muted: Some(Color::Indexed(252)),
    accent: Color::Indexed(51),
    good: Color::Indexed(120),
    warning: Color::Indexed(226),
    bad: Color::Indexed(217),
};

impl Palette {
    /// All of them, the first where none is asked for.
    pub const ALL: [Self; 5] =
        [Self::Ansi, Self::Dark, Self::Light, Self::HighContrast, Self::Mono];

    /// What a user calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ansi => "terminal",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::HighContrast => "high-contrast",
            Self::Mono => "mono",
        }
    }

    const fn colors(self) -> Option<&'static Colors> {
        match self {
            Self::Ansi => Some(&ANSI),
            Self::Dark => Some(&DARK),
            Self::Light => Some(&LIGHT),
            Self::HighContrast => Some(&HIGH_CONTRAST),
            Self::Mono => None,
        }
    }
}

impl Theme {
    /// The style of the whole screen, under all others.
    pub(crate) fn base(self) -> Style {
        match self.palette.colors().and_then(|colors| colors.base) {
            Some((text, ground)) => Style::new().fg(text).bg(ground),
            None => Style::new(),
        }
    }

    /// The style of a meaning.
    pub(crate) fn style(self, tone: Tone) -> Style {
        let style = Style::new();
        let Some(colors) = self.palette.colors() else { return mono(tone) };
        match tone {
            Tone::Plain => style,
            Tone::Muted => match colors.muted {
                Some(color) => style.fg(color),
                None => style.add_modifier(Modifier::DIM),
            },
            Tone::Strong => style.add_modifier(Modifier::BOLD),
            Tone::Title => style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            Tone::Accent => style.fg(colors.accent).add_modifier(Modifier::BOLD),
            Tone::Good => style.fg(colors.good),
            Tone::Warning => style.fg(colors.warning),
            Tone::Bad => style.fg(colors.bad).add_modifier(Modifier::BOLD),
            Tone::Selected => style.add_modifier(Modifier::REVERSED),
        }
    }

    /// What stands for text that had no room.
    pub(crate) const fn ellipsis(self) -> &'static str {
        self.pick("…", "~")
    }

    /// A horizontal line, one cell of it.
    pub(crate) const fn rule(self) -> &'static str {
        self.pick(line::HORIZONTAL, "-")
    }

    /// Marks the direction of a sort.
    pub(crate) const fn sort_mark(self, direction: super::table::Direction) -> &'static str {
        match direction {
            super::table::Direction::Ascending => self.pick("▲", "^"),
            super::table::Direction::Descending => self.pick("▼", "v"),
        }
    }

    /// A value that is not known.
    pub(crate) const fn none(self) -> &'static str {
        self.pick("—", "-")
    }

    /// A vertical line, one cell of it.
    pub(crate) const fn bar(self) -> &'static str {
        self.pick(line::VERTICAL, "|")
    }

    /// A border around an overlay.
    pub(crate) const fn border(self) -> border::Set<'static> {
        match self.glyphs {
            Glyphs::Unicode => border::PLAIN,
            Glyphs::Ascii => border::Set {
                top_left: "+",
                top_right: "+",
                bottom_left: "+",
                bottom_right: "+",
                vertical_left: "|",
                vertical_right: "|",
                horizontal_top: "-",
                horizontal_bottom: "-",
            },
        }
    }

    /// `unicode`, or `ascii` where only that can be drawn.
    pub(crate) const fn pick(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        match self.glyphs {
            Glyphs::Unicode => unicode,
            Glyphs::Ascii => ascii,
        }
    }
}

/// Without colours: what is bad is underlined, and the worse the bolder.
fn mono(tone: Tone) -> Style {
    Style::new().add_modifier(match tone {
        Tone::Plain | Tone::Good => Modifier::empty(),
        Tone::Muted => Modifier::DIM,
        Tone::Strong | Tone::Accent => Modifier::BOLD,
        Tone::Warning => Modifier::UNDERLINED,
        Tone::Title | Tone::Bad => Modifier::BOLD | Modifier::UNDERLINED,
        Tone::Selected => Modifier::REVERSED,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::finding::Severity;
    use crate::tui::format;

    const TONES: [Tone; 9] = [
        Tone::Plain,
        Tone::Muted,
        Tone::Strong,
        Tone::Title,
        Tone::Accent,
        Tone::Good,
        Tone::Warning,
        Tone::Bad,
        Tone::Selected,
    ];

    /// Red, green and blue of a colour of the 256 that terminals agree on.
    fn rgb(color: Color) -> [f64; 3] {
        let Color::Indexed(index @ 16..) = color else { panic!("{color:?} is the terminal's own") };
        let level = |step: u8| f64::from(if step == 0 { 0 } else { 55 + 40 * u16::from(step) });
        match index - 16 {
            cube @ 0..216 => [cube / 36, cube / 6 % 6, cube % 6].map(level),
            gray => [f64::from(8 + 10 * (gray - 216)); 3],
        }
    }

    /// WCAG 2.2, "contrast ratio".
    fn contrast(left: Color, right: Color) -> f64 {
        let luminance = |color| {
            let linear = |part: f64| match part / 255.0 {
                part if part <= 0.04045 => part / 12.92,
                part => ((part + 0.055) / 1.055).powf(2.4),
            };
            let [red, green, blue] = rgb(color).map(linear);
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        };
        let (left, right) = (luminance(left) + 0.05, luminance(right) + 0.05);
        (left / right).max(right / left)
    }

    #[test]
    fn text_can_be_read_where_the_ground_is_known() {
        for (palette, least) in
            [(Palette::Dark, 5.5), (Palette::Light, 5.5), (Palette::HighContrast, 10.0)]
        {
            let theme = Theme { palette, glyphs: Glyphs::Unicode };
            let ground = theme.base().bg.expect("the ground is known");
            for tone in TONES {
                let style = theme.base().patch(theme.style(tone));
                let contrast = contrast(style.fg.expect("the base has one"), ground);
                assert!(contrast >= least, "{palette:?} {tone:?}: {contrast:.1}");
                assert_eq!(style.bg, Some(ground), "one ground for all");
            }
        }
    }

    #[test]
    fn the_terminal_keeps_its_ground_and_mono_has_no_colour() {
        for palette in [Palette::Ansi, Palette::Mono] {
            let theme = Theme { palette, glyphs: Glyphs::Unicode };
            assert_eq!(theme.base(), Style::new());
            for tone in TONES {
                let style = theme.style(tone);
                assert_eq!(style.bg, None);
                assert!(palette == Palette::Ansi || style.fg.is_none(), "{tone:?}");
            }
        }
    }

    /// In every theme, and on the selected row too.
    #[test]
    fn how_bad_it_is_shows_without_colour() {
        let severities = [
            Severity::Informational,
            Severity::Low,
            Severity::Medium,
            Severity::High,
            Severity::Critical,
        ];
        let marks = severities.map(|severity| format::severity(severity).split_once(' '));
        let marks = marks.map(|mark| mark.expect("a mark comes first").0);
        for (index, mark) in marks.iter().enumerate() {
            assert!(!marks[..index].contains(mark), "{mark}");
        }
        for palette in Palette::ALL {
            let theme = Theme { palette, glyphs: Glyphs::Unicode };
            let levels = [Tone::Plain, Tone::Warning, Tone::Bad].map(|tone| theme.style(tone));
            for (index, level) in levels.iter().enumerate() {
                let selected = level.patch(theme.style(Tone::Selected));
                assert!(selected.add_modifier.contains(Modifier::REVERSED), "{palette:?}");
                assert_ne!(selected, *level, "{palette:?}: the selection shows");
                for other in &levels[..index] {
                    assert_ne!(level, other, "{palette:?}");
                    assert_ne!(selected, other.patch(theme.style(Tone::Selected)), "{palette:?}");
                }
            }
        }
    }
}
