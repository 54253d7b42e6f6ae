use std::collections::BTreeSet;

use toml::de::{DeTable, Error};

use super::diagnostic::{Diagnostic, escape};
use super::source::Source;

/// Most errors of syntax looked for.
const MOST: usize = 100;

/// Most bytes parsed in that search, so that a large file does not take long.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The one error that leaves the rest of the text as it is.
const DUPLICATE: &str = "duplicate key";

/// Finds the errors of syntax, and gives the text without what they spoil, every other
/// byte in its place. So the rest of the text can be judged in the same run; the
/// parser's own recovery loses what follows some errors. The text is empty where
/// nothing can be said of the rest.
pub(super) fn repair(source: &Source) -> (String, Vec<Diagnostic>) {
    let mut text = source.text.clone();
    let mut found = Vec::new();
    let passes = (MOST_BYTES / text.len().max(1)).clamp(1, MOST);
    for _ in 0..passes {
        let faults = faults(&text);
        let first = faults.iter().filter(|fault| fault.message() != DUPLICATE);
        let Some(first) = first.min_by_key(|fault| start(fault)) else {
            found.extend(duplicates(&faults));
            return (text, found);
        };
        found.push(diagnostic(first));
        if !blank(&mut text, source, source.line(start(first))) {
            break;
        }
    }
    (String::new(), found)
}

fn faults(text: &str) -> Vec<Error> {
    DeTable::parse_recoverable(text).1
}

fn duplicates(faults: &[Error]) -> Vec<Diagnostic> {
    let mut seen = BTreeSet::new();
    faults.iter().filter(|fault| seen.insert(start(fault))).map(diagnostic).collect()
}

fn diagnostic(fault: &Error) -> Diagnostic {
    Diagnostic::error(fault.span().unwrap_or(0..0), escape(fault.message()))
}

fn start(fault: &Error) -> usize {
    fault.span().map_or(0, |span| span.start)
}

/// Blanks a line; if it is the header of a table, the keys of that table too. Says
/// whether there was anything to blank.
fn blank(text: &mut String, source: &Source, line: usize) -> bool {
    let is_header = |line: usize| source.line_text(line).trim_start().starts_with('[');
    let lines = 1..=source.line(source.text.len());
    let after = lines.skip(line).find(|&next| !is_header(line) || is_header(next));
    let range = source.line_start(line)..after.map_or(text.len(), |next| source.line_start(next));
    let Some(spoilt) = text.get(range.clone()) else { return false };
    if spoilt.trim().is_empty() {
        return false;
    }
    let blanks: String =
        spoilt.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
    text.replace_range(range, &blanks);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text after repair with blanks removed, and the lines with errors.
    fn repaired(text: &str) -> (String, Vec<usize>) {
        let source = Source::new("f", text.to_owned());
        let (left, found) = repair(&source);
        assert!(left.is_empty() || left.len() == text.len());
        let left: Vec<&str> = left.split_whitespace().collect();
        (left.join(" "), found.iter().map(|found| source.line(found.span.start)).collect())
    }

    #[test]
    fn what_follows_an_error_is_kept() {
        let cases = [
            ("a=1\n[m]\nb=2\n", "a=1 [m] b=2", vec![]),
            ("a 1\nb=2\nc 3\nd=4", "b=2 d=4", vec![1, 3]),
            ("a=\nb=2", "b=2", vec![1]),
            ("a=\"x\nb=2", "b=2", vec![1]),
            ("[m\na=1\n[n]\nb=2", "[n] b=2", vec![1]),
            ("[m]]\na=1\n [n]\nb=2", "[n] b=2", vec![1]),
            ("a=[1\n[m]\nb=2\n[n]", "", vec![2, 4, 1]),
            ("a=\"\"\"x\nb=1\n", "", vec![3]),
            ("a=1\na=2\nb 3\n[m]\n[m]\n", "a=1 a=2 [m] [m]", vec![3, 2, 5]),
            ("ö\u{1}=1\r\nb=2\r\n", "b=2", vec![1]),
        ];
        for (text, left, lines) in cases {
            assert_eq!(repaired(text), (left.to_owned(), lines), "{text:?}");
        }
    }
}
