//! Who makes room, and what folds into what.

use std::sync::Arc;

use super::kinds::MethodId;
use super::shelf::Changed;
use super::{Inventory, limit_of};
use crate::pipeline::detect::Moment;
use crate::pipeline::output::Output;
use crate::pipeline::route::{Folded, RouteId};
use crate::pipeline::slab::Handle;

impl Inventory {
    /// Follows routes that folded into others, or whose service was forgotten.
    pub(super) fn refold(&mut self, at: Moment) {
        if !self.routes.has_folded() {
            return;
        }
        for Folded { from, into } in self.routes.take_folded() {
            for method in MethodId::all() {
                let Some(handle) = self.endpoint_places.remove(&(from, method)) else { continue };
                match into {
                    Some(into) => self.move_endpoint(handle, into, at),
                    None => self.drop_endpoint(handle, at),
                }
            }
        }
    }

    fn move_endpoint(&mut self, handle: Handle, into: RouteId, at: Moment) {
        let Some(method) = self.endpoints.find(handle).map(|endpoint| endpoint.method) else {
            return;
        };
        if let Some(heir) = self.endpoint_places.get(&(into, method)).copied() {
            if let Some((old, _)) = self.endpoints.remove(handle)
                && let Some(heir) = self.endpoints.change(heir, at.time)
            {
                heir.absorb(&old);
            }
            return;
        }
        let text = self.routes.text(into).cloned();
        if let Some(endpoint) = self.endpoints.change(handle, at.time) {
            endpoint.route = into;
            // Where it has none, it has folded again, which is told of next.
            endpoint.text = text.unwrap_or_else(|| Arc::clone(&endpoint.text));
            self.endpoint_places.insert((into, method), handle);
        }
    }

    pub(super) fn make_room(&mut self, at: Moment) {
        self.keep_endpoints(limit_of(self.limits.endpoints), at);
        self.keep_destinations(limit_of(self.limits.destinations), at);
    }

    pub(super) fn keep_endpoints(&mut self, most: usize, at: Moment) {
        while self.endpoints.len() > most {
            for handle in self.endpoints.oldest() {
                self.drop_endpoint(handle, at);
            }
        }
    }

    pub(super) fn keep_destinations(&mut self, most: usize, at: Moment) {
        while self.destinations.len() > most {
            for handle in self.destinations.oldest() {
                self.drop_destination(handle, at);
            }
        }
    }

    fn drop_endpoint(&mut self, handle: Handle, at: Moment) {
        let Some((endpoint, changed)) = self.endpoints.remove(handle) else { return };
        self.endpoint_places.remove(&(endpoint.route, endpoint.method));
        self.evicted += 1;
        if changed == Changed::Yes {
            let report = endpoint.report(at);
            self.outbox.push_back(Output::Endpoint(Box::new(report)));
        }
    }

    fn drop_destination(&mut self, handle: Handle, at: Moment) {
        let Some((destination, changed)) = self.destinations.remove(handle) else { return };
        self.destination_places.remove(&destination.key);
        self.evicted += 1;
        if changed == Changed::Yes {
            let report = destination.report(at);
            self.outbox.push_back(Output::Destination(Box::new(report)));
        }
    }
}
