//! Who serves: one row for each service.

use std::sync::Arc;

use super::RowId;
use super::shelf::{Entry, Shelf};
use super::traffic::{Step, Traffic};
use crate::pipeline::time::Timestamp;

/// Services by their names.
pub(crate) type Services = Shelf<Arc<str>, Service, LIMIT>;

const LIMIT: usize = 250;

/// What is counted of a service.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    id: RowId,
    /// As the inventory names it; none for the row that sums up the rest.
    pub(crate) name: Option<Arc<str>>,
    pub(crate) traffic: Traffic,
    touched: Timestamp,
}

impl Service {
    /// Counts a step of an exchange.
    pub(crate) fn count(&mut self, step: &Step, now: Timestamp) {
        self.touched = now;
        self.traffic.count(step, now);
    }
}

impl Entry for Service {
    fn new(id: RowId, now: Timestamp) -> Self {
        Self { id, name: None, traffic: Traffic::default(), touched: now }
    }

    fn id(&self) -> RowId {
        self.id
    }

    fn touched(&self) -> Timestamp {
        self.touched
    }

    fn absorb(&mut self, other: &Self) {
        self.traffic.absorb(&other.traffic);
        self.touched = self.touched.max(other.touched);
    }
}
