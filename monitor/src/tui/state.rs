//! All state of the terminal UI, and how commands change it. Drawing only reads it.

use std::sync::Arc;

use ratatui::layout::Size;

use self::trail::Trail;
use super::columns::destination::{DestinationColumn, DestinationFacts, DestinationRow};
use super::columns::endpoint::EndpointColumn;
use super::columns::exchange::ExchangeColumn;
use super::columns::finding::FindingColumn;
use super::columns::service::ServiceColumn;
use super::editor::Editor;
use super::feed::Daemon;
use super::format::Zone;
use super::model::connections::ConnectionFacts;
use super::model::endpoints::Endpoint;
use super::model::window::{Span, Window};
use super::model::{ExchangeEntry, Model, RowId};
use super::replay::Progress;
use super::table::{AnyView, View};
use super::theme::Theme;
use crate::filter::{Filter, FilterError};
use crate::pipeline::detect::Moment;
use crate::pipeline::finding::{Finding, FindingId};
use crate::pipeline::output::ConnectionId;
use crate::pipeline::time::Timestamp;

/// What each command does.
mod apply;
/// What keys ask for.
mod command;
/// From details to what they are about, and back.
mod links;
/// What is said for a moment.
mod message;
/// Where the mouse clicked.
mod pointer;
/// The rows of each screen.
mod rows;
/// The way back.
pub(crate) mod trail;

pub(crate) use command::{Command, Reaction};
pub(crate) use message::Message;

/// A screen; each has its tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Screen {
    Overview,
    Exchanges,
    Destinations,
    Endpoints,
    Findings,
    Health,
}

impl Screen {
    /// In the order of their tabs.
    pub(crate) const ALL: [Self; 6] = [
        Self::Overview,
        Self::Exchanges,
        Self::Destinations,
        Self::Endpoints,
        Self::Findings,
        Self::Health,
    ];

    /// As its tab has it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Exchanges => "Exchanges",
            Self::Destinations => "Destinations",
            Self::Endpoints => "Endpoints",
            Self::Findings => "Findings",
            Self::Health => "Health",
        }
    }

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
    /// What opened it.
    pub(crate) origin: Origin,
}

/// What opened a detail, and where the way back leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The list of the screen.
    List,
    /// A step from another detail.
    Link,
}

/// What a detail is about.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Exchange(ExchangeEntry),
    Connection(Box<ConnectionFacts>),
    Destination(Box<DestinationFacts>),
    Endpoint(Box<Endpoint>),
    Finding(Arc<Finding>),
}

/// Where a step from a detail leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// All kept exchanges of what is shown.
    Exchanges,
    /// The connection of an exchange.
    Connection,
    /// The identity × destination row.
    Destination,
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
    /// The daemon tells what it knows; what is new comes after that.
    Loading,
    /// The daemon went away then; the last of it stays on the screen until one is back.
    Gone(Timestamp),
    /// The feed ended then; the last of it stays on the screen.
    Ended(Timestamp),
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
    /// The daemon, where there is one and it has told of itself.
    pub(crate) daemon: Option<Daemon>,
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
    pub(crate) services: View<ServiceColumn>,
    pub(crate) exchanges: View<ExchangeColumn>,
    pub(crate) destinations: View<DestinationColumn>,
    pub(crate) endpoints: View<EndpointColumn>,
    pub(crate) findings: View<FindingColumn>,
    /// What charts and rates are about.
    pub(crate) window: Window,
    /// The way back.
    pub(crate) trail: Trail,
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
            daemon: None,
            screen: Screen::Overview,
            mode: Mode::List,
            privacy: Privacy::Open,
            connection: Connection::Live,
            replay: None,
            message: None,
            zones: [Zone::UTC; 2],
            live: Model::new(now.time),
            frozen: None,
            services: View::default(),
            exchanges: View::default(),
            destinations: View::default(),
            endpoints: View::default(),
            findings: View::default(),
            window: Window::default(),
            trail: Trail::default(),
            health_top: 0,
            size: Size::new(80, 24),
        }
    }

    /// A daemon is there, and tells all that it knows: what was said before is over. What
    /// is looked at, and a frozen view, stay.
    pub(crate) fn attach(&mut self, now: Timestamp) {
        self.live = self.live.restarted(now);
        self.connection = Connection::Loading;
    }

    /// Which daemon it is.
    pub(crate) fn meet(&mut self, daemon: Daemon) {
        self.host.clone_from(&daemon.host);
        self.daemon = Some(daemon);
    }

    /// What is shown, and the time it is shown as of.
    pub(crate) fn shown(&self, now: Moment) -> (&Model, Moment) {
        match &self.frozen {
            Some(frozen) => (&frozen.model, frozen.at),
            None => (&self.live, now),
        }
    }

    /// The window that is looked at.
    pub(crate) fn span(&self, now: Moment) -> Span {
        let (model, now) = self.shown(now);
        Span { window: self.window, started: model.started, now: now.time }
    }

    /// The table of the screen; none where there is none.
    pub(crate) fn view(&self) -> Option<&dyn AnyView> {
        match self.screen {
            Screen::Overview => Some(&self.services),
            Screen::Exchanges => Some(&self.exchanges),
            Screen::Destinations => Some(&self.destinations),
            Screen::Endpoints => Some(&self.endpoints),
            Screen::Findings => Some(&self.findings),
            Screen::Health => None,
        }
    }

    /// The table of a screen, to be changed.
    pub(crate) fn view_mut(&mut self, screen: Screen) -> Option<&mut (dyn AnyView + 'static)> {
        match screen {
            Screen::Overview => Some(&mut self.services),
            Screen::Exchanges => Some(&mut self.exchanges),
            Screen::Destinations => Some(&mut self.destinations),
            Screen::Endpoints => Some(&mut self.endpoints),
            Screen::Findings => Some(&mut self.findings),
            Screen::Health => None,
        }
    }

    /// The filter of the screen; none where nothing can be filtered.
    pub(crate) fn filter(&self) -> Option<&Filter> {
        self.view().map(|view| &view.selection().filter)
    }

    /// What the detail is about: as it is now, or as it was where it is gone.
    pub(crate) fn subject(&self, detail: &Detail, now: Moment) -> Subject {
        let model = self.shown(now).0;
        let found = match detail.kept {
            // It may have been said again since.
            Subject::Exchange(_) => {
                let place = model.exchanges.binary_search_by_key(&detail.id, |entry| entry.id);
                let entry = place.ok().and_then(|place| model.exchanges.get(place)).cloned();
                entry.map(Subject::Exchange)
            }
            Subject::Connection(_) => {
                let facts = model.connection_facts(ConnectionId(detail.id.0));
                facts.map(|facts| Subject::Connection(Box::new(facts)))
            }
            Subject::Destination(_) => model.destinations.find(detail.id).map(|row| {
                let row = DestinationRow::new(row, model, self.span(now));
                Subject::Destination(row.facts())
            }),
            Subject::Endpoint(_) => {
                let found = model.endpoints.find(detail.id);
                found.map(|(_, endpoint)| Subject::Endpoint(Box::new(endpoint.clone())))
            }
            Subject::Finding(_) => {
                model.findings.find(FindingId(detail.id.0)).cloned().map(Subject::Finding)
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
