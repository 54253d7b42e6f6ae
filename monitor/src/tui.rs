//! The terminal UI: what the outputs say, live. It reads a `Feed` and knows nothing
//! of where that comes from.
//!
//! ```text
//! Feed ─► model ─► state ─► render          keys ─► Command ─► state
//! ```

/// The columns of each table.
mod columns;
/// A line that is being typed.
mod editor;
/// Rows for the clipboard and for files.
mod export;
/// From the capture loop to the UI.
mod feed;
/// Numbers, times and names as shown.
mod format;
/// Which key does what.
mod keys;
/// Where each region of the screen is.
mod layout;
/// What the UI knows.
mod model;
/// The screen, from the state.
mod render;
/// The pace of a replay.
mod replay;
/// The terminal loop.
mod run;
/// What lists are narrowed to.
mod scope;
/// Signals as flags.
mod signals;
/// All state, and the commands that change it.
mod state;
/// Sorting, selecting and fitting of tables.
mod table;
/// Colours and glyphs.
mod theme;
/// The terminal, taken and given back.
mod tty;

#[cfg(test)]
pub(crate) use feed::Next;
pub use feed::{Daemon, Feed, TuiSink, channel};
pub use format::Zone;
pub use replay::{Playback, Speed, Turn};
pub use run::{AtEnd, Options, run};
pub use theme::{Glyphs, Palette};
pub use tty::ensure_terminal;

/// Made-up traffic.
#[cfg(test)]
mod fixture;
/// Text from outside on every screen.
#[cfg(test)]
mod hostile;
/// Looks and handling.
#[cfg(test)]
mod looks;
/// Screens, drawn and compared.
#[cfg(test)]
mod tests;
