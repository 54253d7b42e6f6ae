//! Colours and glyphs. Only the 16 ANSI colours, never a background, so that the
//! terminal's own theme holds; and no meaning by colour alone.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::{border, line};

/// Whether colours may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Palette {
    /// The 16 colours of the terminal.
    #[default]
    Ansi,
    /// Bold, underline and reverse only.
    Mono,
}

impl Palette {
    /// What `NO_COLOR` asks for: any value but an empty one means no colour.
    #[must_use]
    pub fn from_environment() -> Self {
        match std::env::var_os("NO_COLOR") {
            Some(value) if !value.is_empty() => Self::Mono,
            _ => Self::Ansi,
        }
    }
}

/// Which characters draw lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    /// Box drawing characters.
    #[default]
    Unicode,
    /// `+`, `-` and `|`.
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

impl Theme {
    /// The style of a meaning.
    pub(crate) fn style(self, tone: Tone) -> Style {
        let style = Style::new();
        match tone {
            Tone::Plain => style,
            Tone::Muted => style.add_modifier(Modifier::DIM),
            Tone::Strong => style.add_modifier(Modifier::BOLD),
            Tone::Title => style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            Tone::Accent => self.coloured(Color::Cyan).add_modifier(Modifier::BOLD),
            Tone::Good => self.coloured(Color::Green),
            Tone::Warning => self.coloured(Color::Yellow),
            Tone::Bad => self.coloured(Color::Red).add_modifier(Modifier::BOLD),
            Tone::Selected => style.add_modifier(Modifier::REVERSED),
        }
    }

    fn coloured(self, color: Color) -> Style {
        match self.palette {
            Palette::Ansi => Style::new().fg(color),
            Palette::Mono => Style::new(),
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
