//! Where in a line something is wrong, by the names of members. Messages of `serde_json`
//! are not shown, since they repeat what is in the line.

/// Levels of objects and lists that are looked into: records have fewer.
const MOST_LEVELS: usize = 8;
/// Longest name that is repeated.
const MOST_NAME: usize = 32;
/// Stands for a name that is not like those of records.
const OTHER: &str = "(other)";

/// The member at which an error showed, and those around it, joined with dots.
pub(super) fn member(text: &str, error: &serde_json::Error) -> String {
    let before = if error.line() == 1 { text.get(..error.column()) } else { None };
    let mut path = path(before.unwrap_or_default());
    let message = error.to_string();
    if let Some(missing) = missing(&message) {
        path.push(missing);
    }
    path.join(".")
}

/// The member that is missing. Its name is one of this program's.
fn missing(message: &str) -> Option<&str> {
    let (name, _) = message.strip_prefix("missing field `")?.split_once('`')?;
    Some(name)
}

/// Names of the members that are open at the end of the beginning of a line.
fn path(before: &str) -> Vec<&str> {
    let mut path: Vec<&str> = Vec::new();
    // Levels that are open, lists included: how long the path was when each began.
    let mut levels: Vec<Level> = Vec::new();
    let mut rest = before;
    while let Some(at) = rest.find(['"', '{', '[', '}', ']', ',']) {
        let (mark, after) = rest.split_at(at).1.split_at(1);
        rest = after;
        match mark {
            "\"" => {
                let (text, after) = split_string(after);
                rest = after;
                if levels.last().is_some_and(|level| level.expects_name) {
                    levels.last_mut().expect("there is one").expects_name = false;
                    path.push(if is_name(text) { text } else { OTHER });
                }
            }
            "{" | "[" if levels.len() == MOST_LEVELS => break,
            "{" | "[" => levels.push(Level { names: path.len(), expects_name: mark == "{" }),
            _ => {
                let Some(level) = levels.last_mut() else { break };
                let is_object = path.len() > level.names;
                if mark == "," && is_object {
                    path.truncate(level.names);
                    level.expects_name = true;
                } else if mark != "," {
                    path.truncate(level.names);
                    levels.pop();
                }
            }
        }
    }
    path
}

struct Level {
    names: usize,
    expects_name: bool,
}

/// A string and what is behind it, from behind its first quote.
fn split_string(text: &str) -> (&str, &str) {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    let (string, rest) = text.split_at(end.unwrap_or(text.len()));
    (string, rest.get(1..).unwrap_or_default())
}

/// Whether it looks like a name of this program, so that it may be shown.
pub(super) fn is_name(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !text.is_empty() && text.len() <= MOST_NAME && text.bytes().all(is_letter)
}
