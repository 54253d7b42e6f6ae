//! A Rust file as the rules look at it.

use std::ops::Range;

/// A Rust file.
pub(super) struct Source {
    /// Path below the root of the workspace, with `/`.
    pub(super) path: String,
    /// The lines as they are.
    pub(super) lines: Vec<String>,
    /// The lines with comments and the contents of literals blanked out.
    pub(super) code: Vec<String>,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let lines = |text: &str| text.lines().map(str::to_owned).collect();
        Self { path: path.to_owned(), lines: lines(text), code: lines(&blank(text)) }
    }

    /// How many lines come before the unit tests, which are last in a file.
    pub(super) fn product_lines(&self) -> usize {
        if self.path.ends_with("/tests.rs") || self.path.contains("/tests/") {
            return 0;
        }
        let tests = self.code.windows(2).position(|pair| {
            pair[0].trim() == "#[cfg(test)]" && pair[1].trim_start().starts_with("mod tests")
        });
        tests.unwrap_or(self.code.len())
    }

    /// Name and lines of each function outside the unit tests.
    pub(super) fn functions(&self) -> Vec<(&str, Range<usize>)> {
        let starts = (0..self.product_lines()).filter_map(|start| {
            let name = function_name(&self.code[start])?;
            Some((name, start..self.end_of_block(start)?))
        });
        starts.collect()
    }

    /// The line after the block that opens at or after a line; nothing where a
    /// declaration without a body comes first.
    fn end_of_block(&self, start: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for (index, line) in self.code.iter().enumerate().skip(start) {
            for character in line.chars() {
                match character {
                    '{' => depth += 1,
                    '}' if depth == 1 => return Some(index + 1),
                    '}' => depth = depth.checked_sub(1)?,
                    _ => {}
                }
            }
            if depth == 0 && line.trim_end().ends_with(';') {
                return None;
            }
        }
        None
    }
}

/// The name of the function whose definition begins on this line.
fn function_name(line: &str) -> Option<&str> {
    let at = line.find("fn ")?;
    let words = line[..at].split_whitespace();
    let only_qualifiers = words.into_iter().all(|word| {
        word.starts_with("pub")
            || word.starts_with("in ")
            || word.ends_with(')')
            || ["const", "async", "unsafe", "extern", "\"\""].contains(&word)
    });
    let name = line[at + 3..].split(['(', '<']).next()?.trim();
    (only_qualifiers && !name.is_empty()).then_some(name)
}

/// Blanks out comments and the contents of string and character literals, and keeps
/// the lines.
fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = token_length(rest);
        let (token, after) = rest.split_at(length);
        if length == first.len_utf8() {
            out.push(first);
        } else {
            let hidden = if first == '/' { ' ' } else { '"' };
            out.push(hidden);
            out.extend(token.chars().filter(|character| *character == '\n'));
            out.push(hidden);
        }
        rest = after;
    }
    out
}

/// The length of the comment or literal that `text` begins with, else of its first
/// character.
fn token_length(text: &str) -> usize {
    let one = text.chars().next().map_or(0, char::len_utf8);
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if let Some(hashes) = raw_string(text) {
        let end = format!("\"{}", "#".repeat(hashes));
        let body = hashes + 2;
        return text[body..].find(&end).map_or(text.len(), |at| body + at + end.len());
    }
    match text.as_bytes() {
        [b'/', b'*', ..] => text.find("*/").map_or(text.len(), |at| at + 2),
        [b'"', ..] => quoted(text, '"').unwrap_or(text.len()),
        [b'\'', b'\\', ..] => quoted(text, '\'').unwrap_or(one),
        // A lifetime has no closing quote after one character.
        [b'\'', ..] => {
            let character = text[1..].chars().next().map_or(0, char::len_utf8);
            if text[1 + character..].starts_with('\'') { character + 2 } else { one }
        }
        _ => one,
    }
}

/// How many `#` a raw string has that begins here.
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix('r')?;
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    after[hashes..].starts_with('"').then_some(hashes)
}

fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked() {
        let cases = [
            ("a // todo\nb", "a   \nb"),
            ("a /* x\ny */ b", "a  \n  b"),
            ("f(\"a\\\"}\")", "f(\"\")"),
            ("r#\"a\"b\"# c", "\"\" c"),
            ("br\"{\" c", "b\"\" c"),
            ("'{' 'a", "\"\" 'a"),
            ("'\\'' x", "\"\" x"),
            ("for r in 'é'", "for r in \"\""),
            ("\"open", "\"\""),
        ];
        for (text, expected) in cases {
            assert_eq!(blank(text), expected, "{text}");
        }
    }

    #[test]
    fn functions_end_where_their_block_does() {
        let text = "trait T {\n    fn a();\n}\npub(crate) const fn b<T>() -> [u8; 2] {\n    {\n    }\n}\n\
                    let f: fn (u8) = x;\n#[cfg(test)]\nmod tests {\n    fn c() {}\n}\n";
        let source = Source::new("a.rs", text);
        assert_eq!(source.functions(), [("b", 3..7)]);
        assert_eq!(source.product_lines(), 8);
        assert_eq!(Source::new("a/tests.rs", text).product_lines(), 0);
    }
}
