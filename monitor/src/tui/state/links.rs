//! From a detail to what it is about: exchanges, a connection, a destination; and back.

use super::trail::Crumb;
use super::{Detail, Link, Mode, Origin, Screen, State, Subject};
use crate::pipeline::detect::Moment;
use crate::pipeline::output::{ConnectionId, Ends};
use crate::tui::columns::destination::DestinationRow;
use crate::tui::model::RowId;
use crate::tui::model::party::{Pair, Parties};
use crate::tui::model::shelf::Entry;
use crate::tui::scope::Scope;
use crate::tui::table::{Cursor, Selection};

impl Subject {
    /// What it is, as headings and the way back have it.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Exchange(_) => "Exchange",
            Self::Connection(_) => "Connection",
            Self::Destination(_) => "Destination",
            Self::Endpoint(_) => "Endpoint",
            Self::Finding(_) => "Finding",
        }
    }

    /// The exchanges that belong to it.
    fn scope(&self) -> Option<Scope> {
        Some(match self {
            Self::Exchange(entry) => Scope::Connection(entry.exchange.connection),
            Self::Connection(facts) => Scope::Connection(facts.id),
            Self::Destination(row) => Scope::Pair(row.pair.clone()?),
            Self::Endpoint(endpoint) => Scope::Endpoint(endpoint.key.clone()?),
            Self::Finding(finding) => Scope::Parties(Parties::of(&finding.subject)?),
        })
    }
}

impl State {
    /// Goes where a link of the detail leads; where that is gone, nowhere.
    pub(super) fn follow(&mut self, link: Link, now: Moment) {
        let Mode::Detail(detail) = &self.mode else { return };
        let subject = self.subject(detail, now);
        match link {
            Link::Exchanges => {
                if let Some(scope) = subject.scope() {
                    self.go((Screen::Exchanges, narrowed(scope)), Mode::List);
                }
            }
            Link::Connection => self.show_connection(&subject, now),
            Link::Destination => self.show_destination(&subject, now),
        }
    }

    /// From a service of the overview to what it serves.
    pub(super) fn open_service(&mut self, now: Moment) {
        let rows = self.service_rows(now);
        let row = self.services.position(&rows).and_then(|place| rows.get(place));
        let Some(row) = row.copied() else { return };
        let Some(service) = row.service.name.clone() else { return };
        self.services.selection.cursor = Cursor::At(row.service.id());
        self.go((Screen::Endpoints, narrowed(Scope::Service(service))), Mode::List);
    }

    fn show_connection(&mut self, subject: &Subject, now: Moment) {
        let Subject::Exchange(entry) = subject else { return };
        let id = entry.exchange.connection;
        let Some(facts) = self.shown(now).0.connection_facts(id) else {
            // It is forgotten; its exchanges are what is left of it.
            return self.go((Screen::Exchanges, narrowed(Scope::Connection(id))), Mode::List);
        };
        let kept = Subject::Connection(Box::new(facts));
        let selection =
            Selection { cursor: Cursor::At(entry.id), ..narrowed(Scope::Connection(id)) };
        self.go((Screen::Exchanges, selection), linked(RowId(id.0), kept));
    }

    fn show_destination(&mut self, subject: &Subject, now: Moment) {
        let model = self.shown(now).0;
        let observed = |id: ConnectionId| model.observed(id);
        let pair = |ends: &Ends, id| Some(Pair::of(ends, observed(id)));
        let found = match subject {
            Subject::Exchange(entry) => pair(&entry.exchange.ends, entry.exchange.connection),
            Subject::Connection(facts) => pair(&facts.ends, facts.id),
            Subject::Finding(finding) => {
                let parties = Parties::of(&finding.subject);
                parties.and_then(|parties| model.pair_of(&parties)).cloned()
            }
            Subject::Destination(_) | Subject::Endpoint(_) => None,
        };
        let Some(pair) = found else { return };
        let Some(row) = model.destinations.known(&pair) else { return };
        let id = row.id();
        let facts = DestinationRow::new((Some(&pair), row), model, self.span(now)).facts();
        let kept = Subject::Destination(facts);
        let selection = Selection { cursor: Cursor::At(id), ..Selection::default() };
        self.go((Screen::Destinations, selection), linked(id, kept));
    }

    /// Shows something else, and keeps the way back.
    fn go(&mut self, (screen, selection): (Screen, Selection), mode: Mode) {
        let Some(view) = self.view_mut(screen) else { return };
        let before = std::mem::replace(view.selection_mut(), selection);
        let mode = std::mem::replace(&mut self.mode, mode);
        let crumb = Crumb { screen: self.screen, mode, target: (screen, before) };
        let forgotten = self.trail.push(crumb);
        self.screen = screen;
        if let Some((screen, selection)) = forgotten
            && let Some(view) = self.view_mut(screen)
        {
            *view.selection_mut() = selection;
        }
    }

    /// One step back; says whether there was one.
    pub(super) fn walk_back(&mut self) -> bool {
        let Some(crumb) = self.trail.pop() else { return false };
        let (screen, selection) = crumb.target;
        if let Some(view) = self.view_mut(screen) {
            *view.selection_mut() = selection;
        }
        self.screen = crumb.screen;
        self.mode = crumb.mode;
        true
    }
}

fn narrowed(scope: Scope) -> Selection {
    Selection { scope: Some(scope), ..Selection::default() }
}

fn linked(id: RowId, kept: Subject) -> Mode {
    Mode::Detail(Detail { id, kept, top: 0, origin: Origin::Link })
}
