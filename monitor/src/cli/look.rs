use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use crate::terminal::{Color, ColorChoice, Letters};
use crate::tui::{Glyphs, Palette, Zone};

/// How `top` looks.
#[derive(Args, Clone, Debug)]
pub struct LookArgs {
    /// Colours
    #[arg(
        long,
        value_enum,
        value_name = "THEME",
        env = "APIWATCH_THEME",
        hide_env_values = true,
        default_value_t
    )]
    theme: Palette,

    /// Draw with ASCII only [default: where the locale is not UTF-8]
    #[arg(long)]
    ascii: bool,

    /// Show times in UTC instead of local time
    #[arg(long)]
    utc: bool,
}

impl LookArgs {
    /// The theme, as far as colours may be used.
    #[must_use]
    pub fn palette(&self, color: ColorChoice) -> Palette {
        match color.on_stdout() {
            Color::Plain => Palette::Mono,
            Color::Ansi => self.theme,
        }
    }

    /// What can be drawn with.
    #[must_use]
    pub fn glyphs(&self) -> Glyphs {
        match (self.ascii, Letters::of_environment()) {
            (false, Letters::Utf8) => Glyphs::Unicode,
            (true, _) | (_, Letters::Ascii) => Glyphs::Ascii,
        }
    }

    /// What times are shown in; `local` is that of this host.
    #[must_use]
    pub fn zone(&self, local: Zone) -> Zone {
        if self.utc { Zone::UTC } else { local }
    }
}

impl ValueEnum for Palette {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Ansi => "The 16 colours of the terminal, on its own background",
            Self::Dark => "Light on dark, whatever the terminal has",
            Self::Light => "Dark on light, whatever the terminal has",
            Self::HighContrast => "White on black, with as much contrast as there is",
            Self::Mono => "No colours: bold, underlined and reversed",
        };
        Some(PossibleValue::new(self.name()).help(help))
    }
}

impl ValueEnum for ColorChoice {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Auto, Self::Always, Self::Never]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::Auto => ("auto", "On a terminal, unless NO_COLOR is set"),
            Self::Always => ("always", "Everywhere, also where NO_COLOR is set"),
            Self::Never => ("never", "Nowhere"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}
