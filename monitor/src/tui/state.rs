//! All state of the terminal UI, and how commands change it. Drawing only reads it.

use std::sync::Arc;

use ratatui::layout::Size;

use super::columns::destination::{DestinationColumn, DestinationRow};
use super::columns::exchange::ExchangeColumn;
use super::columns::finding::FindingColumn;
use super::editor::{Edit, Editor};
use super::export::Export;
use super::format::Zone;
use super::model::destinations::Destination;
use super::model::{ExchangeEntry, Model, RowId};
use super::replay::{Pace, Progress};
use super::table::{Motion, View};
use super::theme::Theme;
use crate::filter::{Filter, FilterError};
use crate::pipeline::detect::Moment;
use crate::pipeline::finding::{Finding, FindingId};
use crate::pipeline::time::Timestamp;

/// What each command does.
mod apply;
/// What is said for a moment.
mod message;
/// Where the mouse clicked.
mod pointer;

pub(crate) use message::Message;

/// A screen; each has its tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Screen {
    Overview,
    Exchanges,
    Findings,
    Health,
}

impl Screen {
    /// In the order of their tabs.
    pub(crate) const ALL: [Self; 4] =
        [Self::Overview, Self::Exchanges, Self::Findings, Self::Health];

    fn neighbour(self, distance: usize) -> Self {
        Self::ALL[(self as usize + distance) % Self::ALL.len()]
    }
}

/// What keys are for.
#[derive(Clone, Debug)]
pub(crate) enum Mode {
    /// The screen's list.
    List,
    /// All about one row.
    Detail(Detail),
    /// Typing a filter.
    Filter(FilterEdit),
    /// The keys.
    Help(Help),
}

impl Mode {
    /// Help, and then back to `from`.
    pub(crate) fn help(from: Self) -> Self {
        Self::Help(Help { back: Box::new(from), top: 0 })
    }
}

/// All about one row.
#[derive(Clone, Debug)]
pub(crate) struct Detail {
    /// Which row.
    pub(crate) id: RowId,
    /// The row as it was, for when it is gone from the table.
    pub(crate) kept: Subject,
    /// Lines above the screen.
    pub(crate) top: usize,
}

/// What a detail is about.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Exchange(ExchangeEntry),
    Finding(Arc<Finding>),
    Destination(Box<Destination>),
}

/// A filter that is being typed.
#[derive(Clone, Debug)]
pub(crate) struct FilterEdit {
    /// What is typed.
    pub(crate) editor: Editor,
    /// The filter before.
    before: Filter,
    /// Why what is typed is not a filter; the last one that was stays in force.
    pub(crate) error: Option<FilterError>,
}

/// The keys.
#[derive(Clone, Debug)]
pub(crate) struct Help {
    back: Box<Mode>,
    /// Lines above the screen.
    pub(crate) top: usize,
}

impl Help {
    /// What is under the help, and comes back after it.
    pub(crate) fn back(&self) -> &Mode {
        &self.back
    }
}

/// Whether paths, hosts and addresses are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Privacy {
    Open,
    Hidden,
}

/// Where what is shown comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    /// The feed goes on.
    Live,
    /// The feed ended then; the last of it stays on the screen.
    Ended(Timestamp),
}

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

/// What was shown when it was frozen.
#[derive(Clone, Debug)]
pub(crate) struct Frozen {
    /// A copy.
    pub(crate) model: Model,
    /// When.
    pub(crate) at: Moment,
}

/// All state.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) theme: Theme,
    /// Name of the watched host.
    pub(crate) host: String,
    pub(crate) screen: Screen,
    pub(crate) mode: Mode,
    pub(crate) privacy: Privacy,
    pub(crate) connection: Connection,
    /// Where the replay is; none where what is shown happens now.
    pub(crate) replay: Option<Progress>,
    /// What is said for a moment.
    pub(crate) message: Option<Message>,
    /// What times are shown in, and what else they can be.
    pub(crate) zones: [Zone; 2],
    /// What the feed brought; goes on while frozen.
    pub(crate) live: Model,
    pub(crate) frozen: Option<Box<Frozen>>,
    pub(crate) overview: View<DestinationColumn>,
    pub(crate) exchanges: View<ExchangeColumn>,
    pub(crate) findings: View<FindingColumn>,
    /// Lines of the health screen above the screen.
    pub(crate) health_top: usize,
    /// Of the terminal.
    pub(crate) size: Size,
}

impl State {
    /// Nothing was seen yet.
    pub(crate) fn new(theme: Theme, host: String, now: Moment) -> Self {
        Self {
            theme,
            host,
            screen: Screen::Overview,
            mode: Mode::List,
            privacy: Privacy::Open,
            connection: Connection::Live,
            replay: None,
            message: None,
            zones: [Zone::UTC; 2],
            live: Model::new(now.time),
            frozen: None,
            overview: View::default(),
            exchanges: View::default(),
            findings: View::default(),
            health_top: 0,
            size: Size::new(80, 24),
        }
    }

    /// What is shown, and the time it is shown as of.
    pub(crate) fn shown(&self, now: Moment) -> (&Model, Moment) {
        match &self.frozen {
            Some(frozen) => (&frozen.model, frozen.at),
            None => (&self.live, now),
        }
    }

    /// Rows of the overview.
    pub(crate) fn destination_rows(&self, now: Moment) -> Vec<DestinationRow<'_>> {
        let (model, now) = self.shown(now);
        let row = |destination| DestinationRow::new(destination, model.started, now.time);
        self.overview.select(model.destinations.iter().map(row))
    }

    /// Rows of the exchanges.
    pub(crate) fn exchange_rows(&self, now: Moment) -> Vec<&ExchangeEntry> {
        self.exchanges.select(self.shown(now).0.exchanges.iter())
    }

    /// Rows of the findings.
    pub(crate) fn finding_rows(&self, now: Moment) -> Vec<&Arc<Finding>> {
        self.findings.select(self.shown(now).0.findings.iter())
    }

    /// The filter of the screen; none where nothing can be filtered.
    pub(crate) fn filter(&self) -> Option<&Filter> {
        match self.screen {
            Screen::Overview => Some(&self.overview.filter),
            Screen::Exchanges => Some(&self.exchanges.filter),
            Screen::Findings => Some(&self.findings.filter),
            Screen::Health => None,
        }
    }

    /// What the detail is about: as it is now, or as it was where it is gone.
    pub(crate) fn subject(&self, detail: &Detail, now: Moment) -> Subject {
        let model = self.shown(now).0;
        let found = match detail.kept {
            Subject::Exchange(_) => None,
            Subject::Finding(_) => {
                model.findings.find(FindingId(detail.id.0)).cloned().map(Subject::Finding)
            }
            Subject::Destination(_) => {
                let found = model.destinations.find(detail.id).cloned();
                found.map(|found| Subject::Destination(Box::new(found)))
            }
        };
        found.unwrap_or_else(|| detail.kept.clone())
    }

    /// What times are shown in.
    pub(crate) const fn zone(&self) -> Zone {
        self.zones[0]
    }

    /// Changes whenever time alone changes what is shown: each second while anything
    /// was seen in the last minute, the view is frozen or the feed is gone, else each
    /// minute.
    pub(crate) fn pulse(&self, now: Moment) -> (u64, u64) {
        let seconds = now.time.since(self.live.started).as_secs();
        let is_quiet = now.time.since(self.live.last_change()).as_secs() > 60;
        let is_gone = self.connection != Connection::Live && self.replay.is_none();
        let ticks = self.frozen.is_some() || is_gone || !is_quiet;
        (seconds / 60, if ticks { seconds } else { 0 })
    }
}

#[cfg(test)]
mod tests;
