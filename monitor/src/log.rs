//! What the program says of itself: lines on standard error or, where that is the journal
//! of systemd, entries with fields. A message that repeats is said once a second, with a
//! count. No value can steer a terminal or begin a line of its own.

use std::io::Write as _;
use std::sync::Mutex;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, registry};

use crate::clock;
use crate::terminal::{Color, Diagnostics};

/// Entries of the journal.
mod journal;
/// Lines of text.
mod text;
/// Messages that repeat.
mod throttle;

use journal::Journal;
use throttle::{Said, Throttle};

/// Bytes of a value at most; what is longer is cut.
const VALUE_BYTES: usize = 16 * 1024;

/// Says what is at least this severe, from now on.
pub fn start(level: LevelFilter, color: Color) {
    let to = Journal::of_stderr().map_or(Destination::Text(color), Destination::Journal);
    registry().with(Log { to, throttle: Mutex::default() }.with_filter(level)).init();
}

enum Destination {
    Text(Color),
    Journal(Journal),
}

struct Log {
    to: Destination,
    throttle: Mutex<Throttle>,
}

/// One message with its fields, fit to be shown.
#[derive(Debug)]
struct Entry {
    level: Level,
    target: &'static str,
    message: String,
    fields: Vec<Value>,
}

/// A field of a message.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Value {
    name: &'static str,
    text: String,
    form: Form,
}

/// How a value stands in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Form {
    /// A text is quoted.
    Quoted,
    /// Anything else shows where it ends, or is the last.
    Bare,
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut entry = Entry::of(event);
        let Ok(mut throttle) = self.throttle.lock() else { return };
        let callsite = event.metadata().callsite();
        match throttle.judge(callsite, &entry, clock::monotonic()) {
            Said::Not => return,
            Said::After(0) => {}
            Said::After(count) => entry.add("repeated", count.to_string(), Form::Bare),
        }
        drop(throttle);
        match &self.to {
            Destination::Journal(journal) if journal.send(&entry).is_ok() => {}
            Destination::Journal(_) => {
                write_stderr(&text::line(&entry, clock::wall(), Color::Plain));
            }
            Destination::Text(color) => write_stderr(&text::line(&entry, clock::wall(), *color)),
        }
    }
}

/// There is nowhere to complain if nobody listens.
fn write_stderr(line: &str) {
    let _ = Diagnostics.write_all(line.as_bytes());
}

impl Entry {
    fn of(event: &Event<'_>) -> Self {
        let metadata = event.metadata();
        let mut entry = Self {
            level: *metadata.level(),
            target: metadata.target(),
            message: String::new(),
            fields: Vec::new(),
        };
        event.record(&mut entry);
        entry
    }

    fn add(&mut self, name: &'static str, text: String, form: Form) {
        match name {
            "message" => self.message = text,
            name => self.fields.push(Value { name, text, form }),
        }
    }
}

impl Visit for Entry {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.add(field.name(), escaped(&format!("{value:?}")), Form::Bare);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field.name(), escaped(value), Form::Quoted);
    }
}

/// What could steer a terminal or end the line comes out escaped, as `\u{1b}` and `\n`.
fn escaped(text: &str) -> String {
    use crate::pipeline::text::is_steering;
    let mut shown = String::new();
    for character in text.chars() {
        if is_steering(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
        if shown.len() >= VALUE_BYTES {
            shown.push('…');
            break;
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers() {
        let long = "x".repeat(VALUE_BYTES + 10);
        for (given, shown) in [
            ("plain é", "plain é"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{1b}[2J\u{9b}\u{202e}\0", "\\u{1b}[2J\\u{9b}\\u{202e}\\u{0}"),
            (&long, &format!("{}…", "x".repeat(VALUE_BYTES))),
        ] {
            assert_eq!(escaped(given), shown);
        }
    }
}
