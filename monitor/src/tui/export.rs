//! Rows for elsewhere: one to the clipboard, all of a view to a file.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use super::format;
use super::render::grid::Cells;
use super::render::paint::Look;
use super::state::{Privacy, Screen, State};
use super::table::View;
use super::theme::Theme;
use crate::pipeline::detect::Moment;
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
    /// The selected row as one line without its end; none where there is none.
    pub(crate) fn row_line(&self, now: Moment) -> Option<Vec<u8>> {
        let lines = match self.screen {
            Screen::Overview => {
                let rows = self.destination_rows(now);
                let row = rows.get(self.overview.position(&rows)?)?;
                cells(&self.overview, std::slice::from_ref(row), self.plain_look(now))
            }
            Screen::Exchanges => {
                let rows = self.exchange_rows(now);
                let row = rows.get(self.exchanges.position(&rows)?)?;
                outputs([Output::Exchange((*row.exchange).clone())])
            }
            Screen::Findings => {
                let rows = self.finding_rows(now);
                let row = rows.get(self.findings.position(&rows)?)?;
                outputs([Output::Finding((***row).clone())])
            }
            Screen::Health => return None,
        };
        Some(lines.trim_ascii_end().to_owned())
    }

    /// The rows of the screen as they are filtered and sorted; none where it has none.
    pub(crate) fn export(&self, now: Moment) -> Option<Export> {
        let (name, count, rows) = match self.screen {
            Screen::Overview => {
                let rows = self.destination_rows(now);
                ("overview", rows.len(), cells(&self.overview, &rows, self.plain_look(now)))
            }
            Screen::Exchanges => {
                let rows = self.exchange_rows(now);
                let each = rows.iter().map(|row| Output::Exchange((*row.exchange).clone()));
                ("exchanges", rows.len(), outputs(each))
            }
            Screen::Findings => {
                let rows = self.finding_rows(now);
                let each = rows.iter().map(|row| Output::Finding((***row).clone()));
                ("findings", rows.len(), outputs(each))
            }
            Screen::Health => return None,
        };
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

fn outputs(outputs: impl IntoIterator<Item = Output>) -> Vec<u8> {
    let mut lines = Vec::new();
    for output in outputs {
        json::write_line(&output, &mut lines);
    }
    lines
}

/// Rows that are no records: what their columns show, by their headings.
fn cells<C: Cells>(_: &View<C>, rows: &[C::Row<'_>], look: Look) -> Vec<u8> {
    const ROOM: u16 = 512;
    let mut lines = Vec::new();
    for row in rows {
        let shown = C::ALL.iter().map(|column| {
            let text = column.cell(row, look, ROOM).0;
            (column.title().to_lowercase(), printable(&text).into_owned().into())
        });
        let object: serde_json::Map<String, serde_json::Value> = shown.collect();
        lines.extend(serde_json::Value::Object(object).to_string().into_bytes());
        lines.push(b'\n');
    }
    lines
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
