use std::ops::Range;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use super::file::FileFault;
use super::source::Source;
use crate::terminal::Color;

/// Most diagnostics shown of one file; the others are counted.
const MOST: usize = 100;

/// Longest piece of a file repeated in a message, in characters.
const LONGEST_QUOTE: usize = 60;

/// A line longer than this is shown in part, in bytes.
const LONGEST_LINE: usize = 400;

/// Bytes of a long line shown to either side of the start of a span.
const WINDOW: usize = 100;

const fn renderer(color: Color) -> Renderer {
    match color {
        Color::Plain => Renderer::plain(),
        Color::Ansi => Renderer::styled(),
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Severity {
    /// The file is refused.
    Error,
    /// It is used, but probably not what was meant.
    Warning,
}

/// An error or warning at a place of a file.
#[derive(Clone, Debug)]
pub(super) struct Diagnostic {
    pub(super) severity: Severity,
    /// Bytes of the text.
    pub(super) span: Range<usize>,
    title: String,
    label: Option<String>,
    help: Option<String>,
}

impl Diagnostic {
    pub(super) fn error(span: Range<usize>, title: impl Into<String>) -> Self {
        let title = title.into();
        Self { severity: Severity::Error, span, title, label: None, help: None }
    }

    pub(super) fn warning(span: Range<usize>, title: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(span, title) }
    }

    /// Adds what stands beside the caret.
    pub(super) fn label(self, label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..self }
    }

    /// Adds what to do about it.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// All that is wrong with a file.
#[derive(Debug)]
pub struct Report {
    source: Source,
    diagnostics: Vec<Diagnostic>,
    omitted: usize,
}

impl Report {
    /// Sorts by place; what is at one place stays in the order given. `omitted` is the
    /// number of diagnostics that are not given.
    pub(super) fn new(source: Source, mut diagnostics: Vec<Diagnostic>, omitted: usize) -> Self {
        diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
        let omitted = omitted + diagnostics.len().saturating_sub(MOST);
        diagnostics.truncate(MOST);
        Self { source, diagnostics, omitted }
    }

    pub(super) const fn source(&self) -> &Source {
        &self.source
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    /// The errors and warnings as shown to a person: each with its place, its line and
    /// a caret; at the end their number. No control characters other than line ends
    /// and, where asked for, colour.
    #[must_use]
    pub fn render(&self, color: Color) -> String {
        let renderer = renderer(color);
        let mut shown: Vec<String> = self
            .diagnostics
            .iter()
            .map(|diagnostic| renderer.render(&[group(&self.source, diagnostic)]))
            .collect();
        if self.omitted > 0 {
            shown.push(format!("... and {} more", self.omitted));
        }
        shown.join("\n\n")
    }
}

/// A fault of a whole file as shown to a person.
pub(super) fn render_fault(path: &str, fault: &FileFault, color: Color) -> String {
    let title = Level::ERROR.primary_title(format!("{path}: {fault}"));
    let help = fault.remedy().map(|remedy| Level::HELP.message(remedy));
    let group = Group::with_title(title).elements(help);
    renderer(color).render(&[group])
}

fn group<'a>(source: &'a Source, diagnostic: &'a Diagnostic) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(diagnostic.title.as_str());
    let help = diagnostic.help.as_deref().map(|help| Level::HELP.message(help));
    Group::with_title(title).elements(excerpt(source, diagnostic)).elements(help)
}

/// The line of a diagnostic with a caret under its span. The renderer is given one
/// clean line only, never the file: that bounds its work, and its spans are in range.
fn excerpt<'a>(source: &'a Source, diagnostic: &'a Diagnostic) -> Vec<Element<'a>> {
    let position = source.position(diagnostic.span.start);
    let line = source.line_text(position.line);
    let span = source.within_line(&diagnostic.span);
    let (shown, span) = Visible::of(line, span);
    let annotation = AnnotationKind::Primary.span(span).label(diagnostic.label.as_deref());
    let snippet = Snippet::source(shown).line_start(position.line).annotation(annotation);
    if line.len() <= LONGEST_LINE {
        return vec![snippet.path(source.name.as_str()).into()];
    }
    let origin =
        Origin::path(source.name.as_str()).line(position.line).char_column(position.column);
    vec![origin.into(), snippet.into()]
}

/// What is shown of a line.
struct Visible;

impl Visible {
    /// The line, cut to a window around the span if it is long, without characters
    /// that a terminal obeys; and the span within that.
    fn of(line: &str, span: Range<usize>) -> (String, Range<usize>) {
        let window = if line.len() <= LONGEST_LINE {
            0..line.len()
        } else {
            let from = line.floor_char_boundary(span.start.saturating_sub(WINDOW));
            from..line.floor_char_boundary(span.start.saturating_add(WINDOW))
        };
        let mut shown = String::new();
        let (mut start, mut end) = (None, None);
        for (offset, letter) in line.char_indices() {
            if !window.contains(&offset) {
                continue;
            }
            if offset >= span.start {
                start = start.or(Some(shown.len()));
            }
            if offset >= span.end {
                end = end.or(Some(shown.len()));
            }
            shown.push(if obeyed(letter) { char::REPLACEMENT_CHARACTER } else { letter });
        }
        let start = start.unwrap_or(shown.len());
        let end = end.unwrap_or(shown.len()).max(start);
        (shown, start..end)
    }
}

/// Whether a terminal may obey a character rather than show it. A tab is shown.
pub(super) fn obeyed(letter: char) -> bool {
    let formats = matches!(letter,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}');
    formats || (letter.is_control() && letter != '\t')
}

/// A text fit for a terminal and for one line: what a terminal may obey is escaped.
pub(super) fn escape(text: &str) -> String {
    text.chars().map(escaped).collect()
}

/// As [`escape`], and shortened to what a message has room for.
pub(super) fn escape_short(text: &str) -> String {
    let mut characters = text.chars();
    let mut short: String = characters.by_ref().take(LONGEST_QUOTE).map(escaped).collect();
    if characters.next().is_some() {
        short.push_str("...");
    }
    short
}

fn escaped(letter: char) -> String {
    if obeyed(letter) || letter == '\t' {
        letter.escape_default().to_string()
    } else {
        letter.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn render(text: &str, span: Range<usize>) -> String {
        let source = Source::new("f.toml", text.to_owned());
        Report::new(source, vec![Diagnostic::error(span, "wrong")], 0).render(Color::Plain)
    }

    #[test]
    fn a_caret_stands_under_the_span() {
        let shown = render("a = 1\nöb = \"x\"\n", 12..15);
        assert!(shown.contains("--> f.toml:2:6\n"), "{shown}");
        assert!(shown.contains("2 | öb = \"x\"\n  |      ^^^"), "{shown}");
    }

    #[test]
    fn a_long_line_is_shown_in_part_with_its_true_column() {
        let line = format!("{}bad{}", "a".repeat(500_000), "b".repeat(500_000));
        let shown = render(&line, 500_000..500_003);
        assert!(shown.contains("f.toml:1:500001"), "{shown}");
        assert!(shown.contains("^^^"), "{shown}");
        assert!(shown.len() < 1000, "{} bytes", shown.len());
    }

    #[test]
    fn the_number_of_diagnostics_is_bounded_and_the_rest_is_counted() {
        let source = Source::new("f.toml", "a\n".repeat(250));
        let each = (0..250).map(|line| Diagnostic::error(line * 2..line * 2 + 1, "wrong"));
        let shown = Report::new(source, each.collect(), 7).render(Color::Plain);
        assert_eq!(shown.matches("error: wrong").count(), MOST);
        assert!(shown.ends_with("... and 157 more"), "{shown}");
    }

    #[test]
    fn what_a_terminal_obeys_is_escaped() {
        assert_eq!(escape("a\x1b[31m\u{9b}\u{202e}\tö"), "a\\u{1b}[31m\\u{9b}\\u{202e}\\tö");
        assert_eq!(escape_short(&"x".repeat(70)), format!("{}...", "x".repeat(60)));
    }

    proptest! {
        #[test]
        fn any_text_and_span_are_shown_without_control(
            text in "(\\PC|\\pC|\n|\r|\t)*",
            start in 0usize..200,
            length in 0usize..200,
        ) {
            let shown = render(&text, start..start + length);
            prop_assert!(shown.chars().all(|letter| letter == '\n' || !obeyed(letter)));
            prop_assert!(!shown.contains('\t'));
        }
    }
}
