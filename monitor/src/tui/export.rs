//! Rows for elsewhere: one to the clipboard, all of a view to a file.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use super::format;
use super::model::ExchangeEntry;
use super::render::detail;
use super::render::grid::Cells;
use super::render::paint::Look;
use super::state::{Mode, Privacy, Screen, State, Subject};
use super::table::View;
use super::theme::Theme;
use crate::pipeline::detect::Moment;
use crate::pipeline::finding::Finding;
use crate::pipeline::output::Output;
use crate::pipeline::text::printable;
use crate::sink::json;

/// Rows as JSON lines, and the file that they are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Export {
    /// In the current directory.
    pub(crate) name: String,
    pub(crate) lines: Vec<u8>,
    pub(crate) count: usize,
}

/// A file of rows could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}; w writes to the current directory", path.display())]
pub(crate) struct ExportError {
    path: PathBuf,
    source: std::io::Error,
}

/// Most bytes that are copied, as they are sent: terminals drop longer sequences.
const CLIPBOARD_BYTES: usize = 64 * 1024;

/// The sequence that puts a text into the clipboard of the terminal (xterm, OSC 52);
/// none where it would be too long.
pub(crate) fn clipboard(text: &[u8]) -> Option<Vec<u8>> {
    let encoded = base64(text);
    (encoded.len() <= CLIPBOARD_BYTES).then(|| [b"\x1b]52;c;", &*encoded, b"\x07"].concat())
}

/// Writes rows to their file, which must be new; only its owner can read it.
pub(crate) fn write(export: &Export) -> Result<PathBuf, ExportError> {
    let path = std::env::current_dir().unwrap_or_default().join(&export.name);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    match file.and_then(|mut file| file.write_all(&export.lines)) {
        Ok(()) => Ok(path),
        Err(source) => Err(ExportError { path, source }),
    }
}

impl State {
    /// What is looked at as one line without its end: the subject of the detail, or the
    /// selected row; none where there is none.
    pub(crate) fn row_line(&self, now: Moment) -> Option<Vec<u8>> {
        let look = self.plain_look(now);
        let lines = match &self.mode {
            Mode::Detail(detail) => subject_line(&self.subject(detail, now), look),
            _ => match self.screen {
                Screen::Overview => selected(&self.services, &self.service_rows(now), look)?,
                _ => subject_line(&self.selected(now)?.1, look),
            },
        };
        Some(lines.trim_ascii_end().to_owned())
    }

    /// The rows of the screen as they are filtered and sorted; none where it has none.
    pub(crate) fn export(&self, now: Moment) -> Option<Export> {
        let look = self.plain_look(now);
        let (count, rows) = match self.screen {
            Screen::Overview => cells(&self.services, &self.service_rows(now), look),
            Screen::Exchanges => outputs(&self.exchange_rows(now), exchange),
            Screen::Destinations => cells(&self.destinations, &self.destination_rows(now), look),
            Screen::Endpoints => cells(&self.endpoints, &self.endpoint_rows(now), look),
            Screen::Findings => outputs(&self.finding_rows(now), finding),
            Screen::Health => return None,
        };
        let name = self.screen.name().to_lowercase();
        let time = format::file_time(now.wall_offset.wall(now.time));
        let mut lines = Vec::new();
        json::write_header(&mut lines);
        lines.extend(rows);
        Some(Export { name: format!("apiwatch-{name}-{time}.jsonl"), lines, count })
    }

    fn plain_look(&self, now: Moment) -> Look {
        let theme = Theme::default();
        let shown_at = self.shown(now).1;
        Look { theme, privacy: Privacy::Open, zone: self.zone(), now: shown_at }
    }
}

fn exchange(row: &ExchangeEntry) -> Output {
    Output::Exchange((*row.exchange).clone())
}

fn finding(row: &Arc<Finding>) -> Output {
    Output::Finding((**row).clone())
}

fn outputs<R>(rows: &[&R], output: impl Fn(&R) -> Output) -> (usize, Vec<u8>) {
    let mut lines = Vec::new();
    for row in rows {
        json::write_line(&output(row), &mut lines);
    }
    (rows.len(), lines)
}

/// Rows that are no records: what their columns show, by their headings.
fn cells<C: Cells>(_: &View<C>, rows: &[C::Row<'_>], look: Look) -> (usize, Vec<u8>) {
    const ROOM: u16 = 512;
    let mut lines = Vec::new();
    for row in rows {
        let shown = C::ALL.iter().map(|column| {
            let text = column.cell(row, look, ROOM).0;
            (column.title().to_lowercase(), text.into_owned())
        });
        write_object(shown, &mut lines);
    }
    (rows.len(), lines)
}

fn selected<C: Cells>(view: &View<C>, rows: &[C::Row<'_>], look: Look) -> Option<Vec<u8>> {
    let row = rows.get(view.position(rows)?)?;
    Some(cells(view, std::slice::from_ref(row), look).1)
}

/// A record where there is one of the subject, else what its detail shows.
fn subject_line(subject: &Subject, look: Look) -> Vec<u8> {
    let mut line = Vec::new();
    match subject {
        Subject::Exchange(row) => json::write_line(&exchange(row), &mut line),
        Subject::Finding(row) => json::write_line(&finding(row), &mut line),
        Subject::Connection(_) | Subject::Destination(_) | Subject::Endpoint(_) => {
            let fields = detail::fields(subject, look);
            let kind = ("detail".to_owned(), subject.name().to_lowercase());
            let shown = fields.into_iter().map(|(name, (text, _))| (name.to_owned(), text.into()));
            write_object(std::iter::once(kind).chain(shown), &mut line);
        }
    }
    line
}

/// Writes texts by their names; one without a name goes on with the one before it.
fn write_object(texts: impl Iterator<Item = (String, String)>, to: &mut Vec<u8>) {
    let mut object = serde_json::Map::new();
    let mut last = String::new();
    for (name, text) in texts {
        if !name.is_empty() {
            last = name;
        }
        let text = printable(&text).into_owned();
        match object.get_mut(&last) {
            Some(serde_json::Value::String(before)) => *before += &format!("; {text}"),
            _ => {
                object.insert(last.clone(), text.into());
            }
        }
    }
    to.extend(serde_json::Value::Object(object).to_string().into_bytes());
    to.push(b'\n');
}

/// RFC 4648 section 4.
fn base64(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let part = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let group = part(0) << 16 | part(1) << 8 | part(2);
        for digit in 0..4 {
            let value = (group >> (18 - 6 * digit)) & 63;
            text.push(if digit <= chunk.len() { DIGITS[value as usize] } else { b'=' });
        }
    }
    text
}

#[cfg(test)]
mod tests;
