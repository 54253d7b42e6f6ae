//! The rows of each screen, and the selected one.

use std::sync::Arc;

use super::{Screen, State, Subject};
use crate::pipeline::detect::Moment;
use crate::pipeline::finding::Finding;
use crate::tui::columns::destination::DestinationRow;
use crate::tui::columns::endpoint::EndpointRow;
use crate::tui::columns::service::ServiceRow;
use crate::tui::model::shelf::Entry;
use crate::tui::model::{ExchangeEntry, RowId};
use crate::tui::table::{Cursor, Motion};

impl State {
    /// Rows of the overview.
    pub(crate) fn service_rows(&self, now: Moment) -> Vec<ServiceRow<'_>> {
        let (model, span) = (self.shown(now).0, self.span(now));
        self.services.select(model.services.iter().map(|(_, row)| ServiceRow::new(row, span)))
    }

    /// Rows of the exchanges.
    pub(crate) fn exchange_rows(&self, now: Moment) -> Vec<&ExchangeEntry> {
        self.exchanges.select(self.shown(now).0.exchanges.iter())
    }

    /// Rows of the destinations.
    pub(crate) fn destination_rows(&self, now: Moment) -> Vec<DestinationRow<'_>> {
        let (model, span) = (self.shown(now).0, self.span(now));
        let row = |row| DestinationRow::new(row, model, span);
        self.destinations.select(model.destinations.iter().map(row))
    }

    /// Rows of the endpoints.
    pub(crate) fn endpoint_rows(&self, now: Moment) -> Vec<EndpointRow<'_>> {
        let (model, span) = (self.shown(now).0, self.span(now));
        self.endpoints.select(model.endpoints.iter().map(|(_, row)| EndpointRow::new(row, span)))
    }

    /// Rows of the findings.
    pub(crate) fn finding_rows(&self, now: Moment) -> Vec<&Arc<Finding>> {
        self.findings.select(self.shown(now).0.findings.iter())
    }

    /// Where a step takes the cursor of the screen's table.
    pub(super) fn stepped(&self, motion: Motion, page: usize, now: Moment) -> Option<Cursor> {
        Some(match self.screen {
            Screen::Overview => self.services.stepped(&self.service_rows(now), motion, page),
            Screen::Exchanges => self.exchanges.stepped(&self.exchange_rows(now), motion, page),
            Screen::Destinations => {
                self.destinations.stepped(&self.destination_rows(now), motion, page)
            }
            Screen::Endpoints => self.endpoints.stepped(&self.endpoint_rows(now), motion, page),
            Screen::Findings => self.findings.stepped(&self.finding_rows(now), motion, page),
            Screen::Health => return None,
        })
    }

    /// The selected row, and what its detail is about. A service has no detail.
    pub(crate) fn selected(&self, now: Moment) -> Option<(RowId, Subject)> {
        match self.screen {
            Screen::Exchanges => {
                let rows = self.exchange_rows(now);
                let row = *rows.get(self.exchanges.position(&rows)?)?;
                Some((row.id, Subject::Exchange(row.clone())))
            }
            Screen::Destinations => {
                let rows = self.destination_rows(now);
                let row = rows.get(self.destinations.position(&rows)?)?;
                Some((row.destination.id(), Subject::Destination(row.facts())))
            }
            Screen::Endpoints => {
                let rows = self.endpoint_rows(now);
                let endpoint = rows.get(self.endpoints.position(&rows)?)?.endpoint;
                Some((endpoint.id(), Subject::Endpoint(Box::new(endpoint.clone()))))
            }
            Screen::Findings => {
                let rows = self.finding_rows(now);
                let row = *rows.get(self.findings.position(&rows)?)?;
                Some((RowId(row.id.0), Subject::Finding(Arc::clone(row))))
            }
            Screen::Overview | Screen::Health => None,
        }
    }
}
