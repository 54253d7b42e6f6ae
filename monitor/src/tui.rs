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
/// The terminal loop.
mod run;
/// What lists are narrowed to.
mod scope;
/// All state, and the commands that change it.
mod state;
/// Sorting, selecting and fitting of tables.
mod table;
/// Colours and glyphs.
mod theme;

pub use feed::{Feed, TuiSink, channel};
pub use run::{AtEnd, Options, run};
pub use theme::{Glyphs, Palette};

/// Made-up traffic.
#[cfg(test)]
mod fixture;
/// Screens, drawn and compared.
#[cfg(test)]
mod tests;
