//! What a terminal is given: colour where it is wanted, letters that it has, and nothing
//! that steers it.

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::pipeline::text::printable;

/// When text is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set (no-color.org).
    #[default]
    Auto,
    /// Everywhere, whatever `NO_COLOR` says.
    Always,
    /// Nowhere.
    Never,
}

/// Whether text for people is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// Text alone.
    Plain,
    /// With ANSI escape sequences.
    Ansi,
}

/// What text is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A terminal.
    Terminal,
    /// A file, a pipe, a journal.
    Other,
}

impl Target {
    /// What a stream leads to.
    #[must_use]
    pub fn of(stream: &impl IsTerminal) -> Self {
        if stream.is_terminal() { Self::Terminal } else { Self::Other }
    }
}

impl ColorChoice {
    /// What standard error takes.
    #[must_use]
    pub fn on_stderr(self) -> Color {
        self.on(Target::of(&io::stderr()), std::env::var_os("NO_COLOR").as_deref())
    }

    /// What standard output takes.
    #[must_use]
    pub fn on_stdout(self) -> Color {
        self.on(Target::of(&io::stdout()), std::env::var_os("NO_COLOR").as_deref())
    }

    /// The choice before `NO_COLOR`, which counts unless it is empty, before the target.
    fn on(self, target: Target, no_color: Option<&OsStr>) -> Color {
        match (self, no_color, target) {
            (Self::Never, ..) | (Self::Auto, _, Target::Other) => Color::Plain,
            (Self::Auto, Some(value), Target::Terminal) if !value.is_empty() => Color::Plain,
            (Self::Auto, _, Target::Terminal) | (Self::Always, ..) => Color::Ansi,
        }
    }
}

/// Which letters a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letters {
    /// All of Unicode, as UTF-8.
    Utf8,
    /// ASCII: to others, bytes of UTF-8 can be control characters.
    Ascii,
}

impl Letters {
    /// What the locale of the environment says (POSIX.1-2024, 8.2).
    #[must_use]
    pub fn of_environment() -> Self {
        Self::of_locale(["LC_ALL", "LC_CTYPE", "LANG"].map(std::env::var_os))
    }

    /// By the first that is set and not empty; without one the locale is `C`.
    fn of_locale(variables: [Option<OsString>; 3]) -> Self {
        let set = variables.into_iter().flatten().find(|value| !value.is_empty());
        let name = set.unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        if name.contains("utf-8") || name.contains("utf8") { Self::Utf8 } else { Self::Ascii }
    }
}

/// A writer of lines for people. Of control characters only line ends and, where there is
/// colour, the sequences of colour pass.
#[derive(Debug)]
pub struct Printable<W> {
    writer: W,
    color: Color,
}

impl<W: Write> Printable<W> {
    /// In front of a writer.
    #[must_use]
    pub const fn new(writer: W, color: Color) -> Self {
        Self { writer, color }
    }
}

impl<W: Write> Write for Printable<W> {
    /// Takes whole lines, as loggers write them: a character that two calls share is
    /// replaced.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let mut safe = String::with_capacity(text.len());
        push_lines(&text, self.color, &mut safe);
        self.writer.write_all(safe.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Text of more than one line without what steers a terminal but for the line ends.
#[must_use]
pub fn printable_lines(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    push_lines(text, Color::Plain, &mut safe);
    safe
}

fn push_lines(text: &str, color: Color, safe: &mut String) {
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        push_line(line, color, safe);
        safe.push_str(end);
    }
}

/// Standard error; while something else draws on the terminal that it leads to, what is
/// said is held back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Diagnostics;

/// What is held back; none while nothing is.
static HELD: Mutex<Option<Vec<u8>>> = Mutex::new(None);

/// Most bytes that are held back; what comes later is dropped.
const HELD_BYTES: usize = 64 * 1024;

impl Diagnostics {
    /// Holds back what is said from now on, where standard error is a terminal.
    pub fn hold() {
        if io::stderr().is_terminal() {
            held().get_or_insert_default();
        }
    }

    /// Says what was held back, and whatever comes.
    pub fn release() {
        if let Some(text) = held().take() {
            // There is nowhere to complain where nobody listens.
            let _ = io::stderr().write_all(&text);
        }
    }
}

impl Write for Diagnostics {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *held() {
            Some(held) if held.len() + bytes.len() > HELD_BYTES => Ok(bytes.len()),
            Some(held) => held.write(bytes),
            None => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

fn held() -> MutexGuard<'static, Option<Vec<u8>>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn push_line(line: &str, color: Color, safe: &mut String) {
    let mut pieces = line.split('\x1b');
    safe.push_str(&printable(pieces.next().unwrap_or_default()));
    for piece in pieces {
        match coloring(piece).filter(|_| color == Color::Ansi) {
            Some((sequence, text)) => {
                safe.push('\x1b');
                safe.push_str(sequence);
                safe.push_str(&printable(text));
            }
            None => {
                safe.push(char::REPLACEMENT_CHARACTER);
                safe.push_str(&printable(piece));
            }
        }
    }
}

/// The sequence of colour (ECMA-48 SGR) that the text after an escape begins with, and
/// the rest.
fn coloring(text: &str) -> Option<(&str, &str)> {
    let parameters = text.strip_prefix('[')?;
    let end = parameters.find(|c: char| !matches!(c, '0'..='9' | ';'))?;
    parameters.get(end..)?.starts_with('m').then(|| text.split_at(end + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_counts_before_the_environment_before_the_target() {
        use ColorChoice::{Always, Auto, Never};
        use Target::{Other, Terminal};
        for (choice, no_color, target, color) in [
            (Auto, None, Terminal, Color::Ansi),
            (Auto, None, Other, Color::Plain),
            (Auto, Some(""), Terminal, Color::Ansi),
            (Auto, Some("1"), Terminal, Color::Plain),
            (Auto, Some("0"), Terminal, Color::Plain),
            (Always, Some("1"), Terminal, Color::Ansi),
            (Always, None, Other, Color::Ansi),
            (Never, None, Terminal, Color::Plain),
            (Never, Some(""), Other, Color::Plain),
        ] {
            let found = choice.on(target, no_color.map(OsStr::new));
            assert_eq!(found, color, "{choice:?} {no_color:?} {target:?}");
        }
    }

    #[test]
    fn letters_are_those_of_the_locale() {
        for (all, ctype, lang, letters) in [
            ("", "", "", Letters::Ascii),
            ("", "", "C", Letters::Ascii),
            ("", "", "C.UTF-8", Letters::Utf8),
            ("", "", "de_DE.utf8", Letters::Utf8),
            ("", "", "de_DE@euro", Letters::Ascii),
            ("", "C.UTF-8", "C", Letters::Utf8),
            ("POSIX", "C.UTF-8", "C.UTF-8", Letters::Ascii),
            ("en_US.UTF-8", "C", "C", Letters::Utf8),
        ] {
            let variables = [all, ctype, lang].map(|value| Some(value.into()));
            assert_eq!(Letters::of_locale(variables), letters, "{all} {ctype} {lang}");
        }
        assert_eq!(Letters::of_locale([None, None, None]), Letters::Ascii);
    }

    #[test]
    fn only_colour_and_line_ends_pass() {
        for (given, plain, coloured) in [
            ("all is well\n", "all is well\n", "all is well\n"),
            (
                "\x1b[33mWARN\x1b[0m x\n",
                "\u{fffd}[33mWARN\u{fffd}[0m x\n",
                "\x1b[33mWARN\x1b[0m x\n",
            ),
            ("a\x1b[2Jb", "a\u{fffd}[2Jb", "a\u{fffd}[2Jb"),
            ("a\x1b]52;c;eA==\x07", "a\u{fffd}]52;c;eA==\u{fffd}", "a\u{fffd}]52;c;eA==\u{fffd}"),
            (
                "a\u{9b}31mb\rc\td",
                "a\u{fffd}31mb\u{fffd}c\u{fffd}d",
                "a\u{fffd}31mb\u{fffd}c\u{fffd}d",
            ),
            ("\u{202e}x\u{200b}\x1b", "\u{fffd}x\u{fffd}\u{fffd}", "\u{fffd}x\u{fffd}\u{fffd}"),
            ("\x1b[1;31", "\u{fffd}[1;31", "\u{fffd}[1;31"),
        ] {
            for (color, expected) in [(Color::Plain, plain), (Color::Ansi, coloured)] {
                let mut written = Vec::new();
                let count = Printable::new(&mut written, color).write(given.as_bytes()).unwrap();
                assert_eq!(count, given.len());
                assert_eq!(String::from_utf8(written).unwrap(), expected, "{given:?}");
            }
        }
    }
}
