//! Texts to look for.

/// Lower-case texts that must follow each other, where `*` stood between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// Anywhere in a text.
    Contains(String),
    /// The whole text.
    Glob(Vec<String>),
}

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        if lower.contains('*') {
            Self::Glob(lower.split('*').map(str::to_owned).collect())
        } else {
            Self::Contains(lower)
        }
    }

    /// Whether it is found, letter case aside.
    pub(super) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Contains(part) => find(text.as_bytes(), part.as_bytes()).is_some(),
            Self::Glob(parts) => glob(text.as_bytes(), parts),
        }
    }

    /// Whether it can be found in an address with its port. Most cannot, and then no
    /// address needs to be written out.
    pub(super) fn fits_address(&self) -> bool {
        let fits = |part: &str| {
            part.bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'.' | b':' | b'[' | b']'))
        };
        match self {
            Self::Contains(part) => fits(part),
            Self::Glob(parts) => parts.iter().all(|part| fits(part)),
        }
    }
}

/// Whether the parts follow each other in `text`, the first at its start and the last
/// at its end. Taking each part at its first place is enough: no backtracking.
fn glob(text: &[u8], parts: &[String]) -> bool {
    let [first, middle @ .., last] = parts else { return false };
    let Some((start, mut rest)) = text.split_at_checked(first.len()) else { return false };
    if !start.eq_ignore_ascii_case(first.as_bytes()) {
        return false;
    }
    for part in middle {
        let Some(at) = find(rest, part.as_bytes()) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    let end = rest.len().checked_sub(last.len()).and_then(|at| rest.get(at..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(last.as_bytes()))
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    if part.is_empty() {
        return Some(0);
    }
    text.windows(part.len()).position(|window| window.eq_ignore_ascii_case(part))
}
