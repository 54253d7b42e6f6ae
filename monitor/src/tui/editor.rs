//! One line of text that is being typed.

/// A line and the place in it. Control characters do not get in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Editor {
    characters: Vec<char>,
    cursor: usize,
}

/// A change of the line or of the place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    Insert(char),
    Backspace,
    Delete,
    EraseWord,
    EraseToStart,
    Left,
    Right,
    Start,
    End,
}

/// Longest line.
const LIMIT: usize = 256;

impl Editor {
    /// At the end of `text`.
    pub(crate) fn new(text: &str) -> Self {
        let characters: Vec<char> = text.chars().take(LIMIT).collect();
        Self { cursor: characters.len(), characters }
    }

    /// The line.
    pub(crate) fn text(&self) -> String {
        self.characters.iter().collect()
    }

    /// Characters before the place.
    pub(crate) fn cursor(&self) -> usize {
        self.cursor
    }

    /// Makes one change.
    pub(crate) fn apply(&mut self, edit: Edit) {
        match edit {
            Edit::Insert(character) => self.insert(character),
            Edit::Backspace => self.erase_from(self.cursor.saturating_sub(1)),
            Edit::Delete if self.cursor < self.characters.len() => {
                self.characters.remove(self.cursor);
            }
            Edit::Delete => {}
            Edit::EraseWord => self.erase_from(self.word_start()),
            Edit::EraseToStart => self.erase_from(0),
            Edit::Left => self.cursor = self.cursor.saturating_sub(1),
            Edit::Right => self.cursor = (self.cursor + 1).min(self.characters.len()),
            Edit::Start => self.cursor = 0,
            Edit::End => self.cursor = self.characters.len(),
        }
    }

    fn insert(&mut self, character: char) {
        if !character.is_control() && self.characters.len() < LIMIT {
            self.characters.insert(self.cursor, character);
            self.cursor += 1;
        }
    }

    fn erase_from(&mut self, start: usize) {
        self.characters.drain(start..self.cursor);
        self.cursor = start;
    }

    fn word_start(&self) -> usize {
        let before = self.characters.get(..self.cursor).unwrap_or_default();
        let end = before.iter().rposition(|c| *c != ' ').map_or(0, |at| at + 1);
        let word = before.get(..end).unwrap_or_default();
        word.iter().rposition(|c| *c == ' ').map_or(0, |at| at + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits() {
        use Edit::{Backspace, Delete, End, EraseToStart, EraseWord, Insert, Left, Right, Start};
        for (from, edits, text, cursor) in [
            ("", &[Insert('a'), Insert('é'), Insert('\x1b')][..], "aé", 2),
            ("ab", &[Backspace, Backspace, Backspace], "", 0),
            ("ab", &[Left, Insert('x'), Right, Right, Insert('y')], "axby", 4),
            ("ab cd  ", &[EraseWord], "ab ", 3),
            ("ab", &[EraseWord, EraseWord], "", 0),
            ("ab cd", &[Left, EraseToStart], "d", 0),
            ("ab", &[Delete, Start, Delete, End], "b", 1),
            ("ab", &[Start, Left, Backspace], "ab", 0),
        ] {
            let mut editor = Editor::new(from);
            for edit in edits {
                editor.apply(*edit);
            }
            assert_eq!(
                (editor.text().as_str(), editor.cursor()),
                (text, cursor),
                "{from} {edits:?}"
            );
        }
    }
}
