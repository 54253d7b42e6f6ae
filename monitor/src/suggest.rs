//! What was meant by a name that is not known.

/// Names longer than this are not compared.
const LONGEST: usize = 64;

/// The known name that was most likely meant: the nearest one, if it is near.
pub(crate) fn nearest<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if written.len() > LONGEST {
        return None;
    }
    known
        .into_iter()
        .map(|name| (distance(written, name), name))
        .filter(|&(distance, name)| distance <= tolerated(name))
        .min()
        .map(|(_, name)| name)
}

/// A third of the letters may differ.
fn tolerated(name: &str) -> usize {
    name.len() / 3
}

/// Edits (insert, delete, replace, swap of neighbours) from one word to another,
/// letter case and `-` for `_` aside.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = folded(to).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=to.len()).collect();
    let mut last = None;
    for (i, a) in folded(from).enumerate() {
        let mut row = vec![i + 1];
        let mut neighbour = None;
        for (j, &b) in to.iter().enumerate() {
            let insert_or_delete = at(&previous, j + 1).min(at(&row, j)) + 1;
            let replace = at(&previous, j) + usize::from(a != b);
            let swap = match j.checked_sub(1) {
                Some(k) if last == Some(b) && neighbour == Some(a) => at(&before, k) + 1,
                _ => usize::MAX,
            };
            row.push(insert_or_delete.min(replace).min(swap));
            neighbour = Some(b);
        }
        before = std::mem::replace(&mut previous, row);
        last = Some(a);
    }
    at(&previous, to.len())
}

fn at(row: &[usize], column: usize) -> usize {
    *row.get(column).expect("a row has one column more than the word has letters")
}

fn folded(word: &str) -> impl Iterator<Item = char> {
    word.chars().map(|letter| if letter == '-' { '_' } else { letter.to_ascii_lowercase() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        let cases = [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("listen", "listen", 0),
            ("lisen", "listen", 1),
            ("lsiten", "listen", 1),
            ("Max-Series", "max_series", 0),
            ("kitten", "sitting", 3),
        ];
        for (from, to, expected) in cases {
            assert_eq!(distance(from, to), expected, "{from:?} to {to:?}");
        }
    }

    #[test]
    fn only_near_names_are_suggested() {
        let known = ["listen", "max_series", "unit"];
        assert_eq!(nearest("lisen", known), Some("listen"));
        assert_eq!(nearest("MAX-SERIES", known), Some("max_series"));
        assert_eq!(nearest("units", known), Some("unit"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("c", ["a", "b"]), None);
        assert_eq!(nearest(&"x".repeat(100_000), known), None);
    }
}
