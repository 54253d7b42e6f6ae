use std::fmt::Write as _;

use tracing::Level;

use super::{Entry, Form, Value};
use crate::pipeline::text::date_time;
use crate::pipeline::time::WallTime;
use crate::terminal::Color;

/// A line with its end: `2026-03-01T12:00:00.000001Z  INFO Message. name=value`.
pub(super) fn line(entry: &Entry, time: WallTime, color: Color) -> String {
    let seconds = date_time((time.0 / 1_000_000_000).cast_signed());
    let time = format!("{}.{:06}Z", seconds.trim_end_matches('Z'), time.0 % 1_000_000_000 / 1000);
    let level = entry.level;
    let mut line = match color {
        Color::Plain => format!("{time} {level:>5} {}", entry.message),
        // ECMA-48: faint, then the colour of the level.
        Color::Ansi => {
            let code = code(level);
            format!("\x1b[2m{time}\x1b[0m \x1b[{code}m{level:>5}\x1b[0m {}", entry.message)
        }
    };
    for Value { name, text, form } in &entry.fields {
        let quote = if *form == Form::Quoted { "\"" } else { "" };
        let value = format_args!("{quote}{text}{quote}");
        let separator = if entry.message.is_empty() && line.ends_with(' ') { "" } else { " " };
        let _ = match color {
            Color::Plain => write!(line, "{separator}{name}={value}"),
            Color::Ansi => write!(line, "{separator}\x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m{value}"),
        };
    }
    line.push('\n');
    line
}

fn code(level: Level) -> u8 {
    match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        Level::DEBUG => 34,
        Level::TRACE => 35,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_time_level_message_and_fields() {
        let mut entry = Entry {
            level: Level::WARN,
            target: "monitor",
            message: "It rains.".to_owned(),
            fields: vec![
                Value { name: "place", text: "over there".to_owned(), form: Form::Quoted },
                Value { name: "mm", text: "7".to_owned(), form: Form::Bare },
            ],
        };
        let time = WallTime(1_764_111_457_000_042_999);
        let plain = "2025-11-25T22:57:37.000042Z  WARN It rains. place=\"over there\" mm=7\n";
        assert_eq!(line(&entry, time, Color::Plain), plain);
        let colored = line(&entry, time, Color::Ansi);
        assert!(colored.contains("\x1b[33m WARN\x1b[0m It rains."), "{colored:?}");
        entry.message.clear();
        assert!(line(&entry, time, Color::Plain).ends_with("  WARN place=\"over there\" mm=7\n"));
    }
}
