use super::{Link, Screen};
use crate::tui::editor::Edit;
use crate::tui::export::Export;
use crate::tui::replay::Pace;
use crate::tui::table::Motion;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Quit,
    Redraw,
    Help,
    Back,
    Show(Screen),
    NextScreen,
    PreviousScreen,
    Move(Motion),
    OpenDetail,
    /// The row after or before, in a detail.
    Neighbour(Motion),
    EditFilter,
    AcceptFilter,
    Edit(Edit),
    SortColumn,
    SortDirection,
    LongerWindow,
    ShorterWindow,
    NextWindow,
    /// From a detail to what it is about.
    Follow(Link),
    Freeze,
    Privacy,
    /// Local time or UTC.
    Zone,
    /// Without filter, in the first order, from the first row.
    ResetView,
    /// The selected row to the clipboard.
    Copy,
    /// The rows of the screen to a file.
    Export,
    Mouse,
    /// Selects what is there.
    Click {
        x: u16,
        y: u16,
    },
    Pace(Pace),
    Suspend,
}

/// What the loop has to do after a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// Draw.
    Draw,
    /// Clear, then draw.
    Redraw,
    /// Give the terminal back and stop until the shell continues.
    Suspend,
    /// Turn the mouse on or off.
    Mouse,
    /// Put a row into the clipboard.
    Copy(Vec<u8>),
    /// Write rows to a file.
    Export(Box<Export>),
    /// Change the pace of the replay.
    Pace(Pace),
    /// End.
    Quit,
}
