use std::ops::Range;

use super::diagnostic::{Diagnostic, Report, escape};

/// A text with its name and its lines.
#[derive(Debug)]
pub(super) struct Source {
    /// Path of its file, fit for a terminal.
    pub(super) name: String,
    /// All of it.
    pub(super) text: String,
    /// Byte offset of each line; never empty.
    line_starts: Vec<usize>,
}

/// A place in a text. Both count from one; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Source {
    pub(super) fn new(name: &str, text: String) -> Self {
        let after_newline = text.match_indices('\n').map(|(offset, _)| offset + 1);
        let line_starts = std::iter::once(0).chain(after_newline).collect();
        Self { name: escape(name), text, line_starts }
    }

    /// The text of a file; if it is not UTF-8, a report of that.
    pub(super) fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Self, Report> {
        let error = match String::from_utf8(bytes) {
            Ok(text) => return Ok(Self::new(name, text)),
            Err(error) => error,
        };
        let valid = error.utf8_error().valid_up_to();
        let bad = error.as_bytes().get(valid).copied().unwrap_or_default();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let end = valid + char::REPLACEMENT_CHARACTER.len_utf8();
        let problem = Diagnostic::error(valid..end, "the file is not UTF-8")
            .label(format!("byte 0x{bad:02x} at offset {valid}"))
            .help("save the file as UTF-8");
        Err(Report::new(Self::new(name, text), vec![problem], 0))
    }

    /// The number of the line that holds a byte offset, from one.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|&start| start <= offset)
    }

    /// The byte offset at which a line begins; beyond the last line it is the start.
    pub(super) fn line_start(&self, line: usize) -> usize {
        self.line_range(line).start
    }

    /// The position of a byte offset; beyond the end it is the end.
    pub(super) fn position(&self, offset: usize) -> Position {
        let offset = self.floor(offset);
        let line = self.line(offset);
        let start = self.line_start(line);
        let before = self.text.get(start..offset).unwrap_or_default();
        Position { line, column: before.chars().count() + 1 }
    }

    /// A line without its end.
    pub(super) fn line_text(&self, line: usize) -> &str {
        let text = self.text.get(self.line_range(line)).unwrap_or_default();
        text.trim_end_matches(['\r', '\n'])
    }

    /// The part of a span on its first line, relative to that line, on character
    /// boundaries.
    pub(super) fn within_line(&self, span: &Range<usize>) -> Range<usize> {
        let start = self.floor(span.start);
        let line = self.line(start);
        let base = self.line_start(line);
        let length = self.line_text(line).len();
        let from = start.saturating_sub(base).min(length);
        let to = self.floor(span.end).saturating_sub(base).min(length);
        from..to.max(from)
    }

    fn line_range(&self, line: usize) -> Range<usize> {
        let start = self.line_starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let end = self.line_starts.get(line).copied().unwrap_or(self.text.len());
        start..end
    }

    fn floor(&self, offset: usize) -> usize {
        self.text.floor_char_boundary(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let source = Source::new("f", "a\nöb = 1\r\n\nlast".to_owned());
        let cases = [
            (0, 1, 1, "a"),
            (2, 2, 1, "öb = 1"),
            (3, 2, 1, "öb = 1"),
            (4, 2, 2, "öb = 1"),
            (11, 3, 1, ""),
            (12, 4, 1, "last"),
            (999, 4, 5, "last"),
        ];
        for (offset, line, column, text) in cases {
            assert_eq!(source.position(offset), Position { line, column }, "offset {offset}");
            assert_eq!(source.line_text(line), text);
        }
    }

    #[test]
    fn a_span_is_cut_to_its_first_line() {
        let source = Source::new("f", "ab = [\n1]\n".to_owned());
        assert_eq!(source.within_line(&(5..9)), 5..6);
        assert_eq!(source.within_line(&(7..8)), 0..1);
        assert_eq!(source.within_line(&(400..900)), 0..0);
    }
}
