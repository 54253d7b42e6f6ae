//! What is in use: endpoints (service × method × route) and destinations (identity ×
//! destination of clients on this host), with what was counted of each.
//!
//! A service is the identity of its process where that lives here, else its name, else
//! its address and port. An entry that changed is said at most once a minute, and all
//! that did at the end. Both tables are bounded; who was not seen for longest goes
//! first, and is said once more. When an entry was seen is kept in kernel time: a clock on
//! the wall that was wrong for a while leaves nothing that was seen in the future.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::detect::Moment;
use super::detect::memo::Memo;
use super::detect::naming::shown_address;
use super::output::tls::Posture;
use super::output::{
    ConnectionId, Encryption, Ends, Exchange, Method, Observed, Output, PerDirection, TlsReport,
};
use super::route::{Evidence, OTHER, RouteId, Routes, ServiceId};
use super::settings::{Limits, Settings};
use super::slab::Handle;
use super::time::Timestamp;
use destination::{Destination, DestinationKey};
use endpoint::Endpoint;
use kinds::MethodId;
use latency::Bucket;
use recent::{Key, Recent};
use shelf::Shelf;

/// An identity and one of its destinations.
mod destination;
/// A service, a method and a route.
mod endpoint;
/// Closed choices as sets.
mod kinds;
/// How long exchanges took.
mod latency;
/// Endpoints of the paths seen lately.
mod recent;
/// Who makes room.
mod room;
/// Entries that are said again in good measure.
mod shelf;

/// Entries said in one tick at most.
const SAID_AT_ONCE: usize = 256;

/// Endpoints and destinations in use, and the routes of services.
pub struct Inventory {
    limits: Limits,
    routes: Routes,
    endpoints: Shelf<Endpoint>,
    endpoint_places: FxHashMap<(RouteId, MethodId), Handle>,
    destinations: Shelf<Destination>,
    destination_places: BTreeMap<DestinationKey, Handle>,
    /// By connection.
    memo: Memo<Place>,
    recent: Recent,
    outbox: VecDeque<Output>,
    evicted: u64,
}

/// The method of an endpoint by its name; `_OTHER` where it is not one of those in use.
#[must_use]
pub fn method_of(name: &str) -> &'static str {
    MethodId::from_name(name).name()
}

/// What the ends of a connection are in the inventory.
#[derive(Clone, Copy)]
struct Place {
    service: ServiceId,
    /// None where the client does not live here.
    destination: Option<Handle>,
}

/// What the inventory was told of a connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    /// Bytes.
    pub bytes: PerDirection<u64>,
    /// Where the connection is counted.
    destination: Option<Handle>,
}

/// What a connection has moved so far.
#[derive(Clone, Copy, Debug)]
pub struct Traffic<'a> {
    /// Which connection.
    pub connection: ConnectionId,
    /// Who.
    pub ends: &'a Arc<Ends>,
    /// Which ends live here.
    pub observed: Observed,
    /// How it is protected.
    pub encryption: Encryption,
    /// Bytes since it was seen first.
    pub bytes: PerDirection<u64>,
}

impl Inventory {
    /// An inventory of nothing.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            limits: settings.limits.clone(),
            routes: Routes::new(&settings.routes, &settings.limits),
            endpoints: Shelf::new(),
            endpoint_places: FxHashMap::default(),
            destinations: Shelf::new(),
            destination_places: BTreeMap::new(),
            memo: Memo::new(),
            recent: Recent::new(),
            outbox: VecDeque::new(),
            evicted: 0,
        }
    }

    /// New patterns and limits. Endpoints keep the routes that they have.
    pub fn apply_settings(&mut self, settings: &Settings, at: Moment) {
        self.limits = settings.limits.clone();
        self.routes.apply_settings(&settings.routes, &settings.limits);
        self.refold(at);
        self.make_room(at);
    }

    /// Gives an exchange its route, and counts it.
    pub fn observe_exchange(&mut self, exchange: &mut Exchange, observed: Observed, at: Moment) {
        let place = self.place(exchange.connection, &exchange.ends, observed, at);
        let duration = exchange.duration.filter(|_| exchange.progress.is_last());
        let bucket = duration.map(Bucket::of);
        self.count_endpoint(place.service, exchange, bucket, at);
        if let Some(destination) = place.destination
            && let Some(destination) = self.destinations.change(destination, at.time)
        {
            destination.see(&exchange.ends.server, at.time);
            destination.count(exchange, bucket);
        }
    }

    /// Counts what a connection moved since this was `told` last, and the connection
    /// where it was not counted yet: once it has traffic, when its names are known.
    pub fn observe_traffic(&mut self, told: &mut Told, traffic: &Traffic<'_>, at: Moment) {
        let moved = PerDirection {
            to_server: traffic.bytes.to_server.saturating_sub(told.bytes.to_server),
            to_client: traffic.bytes.to_client.saturating_sub(told.bytes.to_client),
        };
        told.bytes = traffic.bytes;
        let place = self.place(traffic.connection, traffic.ends, traffic.observed, at);
        if place.destination != told.destination {
            self.move_connection(told.destination, place.destination, at);
            told.destination = place.destination;
        }
        let Some(handle) = place.destination else { return };
        if let Some(destination) = self.destinations.change(handle, at.time) {
            destination.see(&traffic.ends.server, at.time);
            destination.in_clear |= traffic.encryption == Encryption::Clear;
            destination.add_bytes(moved);
        }
    }

    /// Notes how well a handshake protects.
    pub fn observe_tls(&mut self, report: &TlsReport, observed: Observed, at: Moment) {
        let (Some(version), Some(cipher)) = (report.handshake.version, report.handshake.cipher)
        else {
            return;
        };
        let place = self.place(report.connection, &report.ends, observed, at);
        if let Some(destination) = place.destination
            && let Some(destination) = self.destinations.change(destination, at.time)
        {
            destination.see(&report.ends.server, at.wall_offset.kernel(report.time));
            let group = report.handshake.group;
            destination.posture = Some(Posture { version, cipher, group });
        }
    }

    /// Time has passed: says what is due, a part of it where it is much.
    pub fn tick(&mut self, at: Moment) {
        for _ in 0..SAID_AT_ONCE {
            let endpoint = self.endpoints.take_due(at.time).map(|it| it.report(at));
            if let Some(report) = endpoint {
                self.outbox.push_back(Output::Endpoint(Box::new(report)));
                continue;
            }
            let destination = self.destinations.take_due(at.time).map(|it| it.report(at));
            let Some(report) = destination else { return };
            self.outbox.push_back(Output::Destination(Box::new(report)));
        }
    }

    /// Says everything that has changed since it was said, in the order of names.
    pub fn finish(&mut self, at: Moment) {
        let mut reports: Vec<_> = self.endpoints.changed();
        reports.sort_by_cached_key(|handle| self.endpoints.find(*handle).map(Endpoint::order));
        for handle in reports {
            if let Some(endpoint) = self.endpoints.take_changed(handle, at.time) {
                self.outbox.push_back(Output::Endpoint(Box::new(endpoint.report(at))));
            }
        }
        for handle in self.destination_places.values() {
            if let Some(destination) = self.destinations.take_changed(*handle, at.time) {
                self.outbox.push_back(Output::Destination(Box::new(destination.report(at))));
            }
        }
    }

    /// Everything that is known, as if it were said now.
    pub fn snapshot(&self, at: Moment) -> impl Iterator<Item = Output> {
        let endpoints = self.endpoints.iter().map(move |it| Output::Endpoint(it.report(at).into()));
        let destinations = self.destinations.iter();
        endpoints.chain(destinations.map(move |it| Output::Destination(it.report(at).into())))
    }

    /// The next thing to say.
    pub fn poll(&mut self) -> Option<Output> {
        self.outbox.pop_front()
    }

    /// When [`Self::tick`] is wanted.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let each = [self.endpoints.next_deadline(), self.destinations.next_deadline()];
        each.into_iter().flatten().min()
    }

    /// Entries that had to make room so far.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    fn count_endpoint(
        &mut self,
        service: ServiceId,
        exchange: &mut Exchange,
        bucket: Option<Bucket>,
        at: Moment,
    ) {
        let Some(request) = &exchange.request else { return };
        let status = exchange.response.as_ref().and_then(|response| response.status);
        let key = Key {
            epoch: self.routes.epoch(),
            service,
            method: MethodId::of(&request.method),
            evidence: Evidence::of(status),
        };
        let (recent, missed) = self.recent.find(key, &request.path);
        if let Some((route, handle)) = recent
            && let Some(endpoint) = self.endpoints.change(handle, at.time)
        {
            endpoint.count(exchange, bucket, at);
            exchange.route = Some(Arc::clone(route));
            return;
        }
        let route = self.routes.route(service, &request.path, key.evidence);
        self.refold(at);
        let Some(route) = route else { return };
        let Some(text) = self.routes.text(route).cloned() else { return };
        let began = at.wall_offset.kernel(exchange.time);
        let known = self.endpoint_places.get(&(route, key.method)).copied();
        let handle = known.or_else(|| self.new_endpoint(key, route, Arc::clone(&text), began, at));
        if let Some(handle) = handle
            && let Some(endpoint) = self.endpoints.change(handle, at.time)
        {
            endpoint.count(exchange, bucket, at);
            if *text != *OTHER {
                let key = Key { epoch: self.routes.epoch(), ..key };
                self.recent.keep(missed, key, &request.path, &text, handle);
            }
        }
        exchange.route = Some(text);
    }

    fn new_endpoint(
        &mut self,
        key: Key,
        route: RouteId,
        text: Arc<str>,
        first_seen: Timestamp,
        at: Moment,
    ) -> Option<Handle> {
        let service = Arc::clone(self.routes.touch(key.service, at.time)?);
        self.keep_endpoints(limit_of(self.limits.endpoints) - 1, at);
        let endpoint = Endpoint::new(service, key.method, route, text, first_seen);
        let handle = self.endpoints.insert(endpoint, at.time);
        self.endpoint_places.insert((route, key.method), handle);
        Some(handle)
    }

    /// What the ends of a connection are here, new where it has to be.
    fn place(
        &mut self,
        connection: ConnectionId,
        ends: &Arc<Ends>,
        observed: Observed,
        at: Moment,
    ) -> Place {
        let has_destination = observed != Observed::Server;
        if let Some(place) = self.memo.find(connection.0, ends)
            && place.destination.is_some() == has_destination
            && place.destination.is_none_or(|it| self.destinations.find(it).is_some())
            && self.routes.touch(place.service, at.time).is_some()
        {
            return *place;
        }
        let service = self.routes.service(&service_name(ends), at.time);
        self.routes.touch(service, at.time);
        self.refold(at);
        let destination = has_destination.then(|| self.destination(ends, at));
        let place = Place { service, destination };
        self.memo.keep(connection.0, ends, place);
        place
    }

    fn destination(&mut self, ends: &Ends, at: Moment) -> Handle {
        let key = DestinationKey::of(ends);
        if let Some(handle) = self.destination_places.get(&key) {
            return *handle;
        }
        self.keep_destinations(limit_of(self.limits.destinations) - 1, at);
        let destination = Destination::new(key.clone(), &ends.server, at.time);
        let handle = self.destinations.insert(destination, at.time);
        self.destination_places.insert(key, handle);
        handle
    }

    /// A connection whose destination turns out to be another one, or that is new.
    fn move_connection(&mut self, from: Option<Handle>, into: Option<Handle>, at: Moment) {
        if let Some(from) = from
            && let Some(old) = self.destinations.change(from, at.time)
        {
            old.connections = old.connections.saturating_sub(1);
            if old.is_empty()
                && let Some((old, _)) = self.destinations.remove(from)
            {
                self.destination_places.remove(&old.key);
            }
        }
        if let Some(into) = into
            && let Some(new) = self.destinations.change(into, at.time)
        {
            new.connections += 1;
        }
    }
}

/// The method as endpoints have it: any text can be sent as one, so few are kept apart.
pub(crate) fn method_name(method: &Method) -> &'static str {
    MethodId::of(method).name()
}

fn limit_of(limit: u32) -> usize {
    (limit as usize).max(1)
}

/// What serves the server's end of a connection.
pub(crate) fn service_name(ends: &Ends) -> Arc<str> {
    match (&ends.server.process, &ends.server.name) {
        (Some(process), _) => Arc::clone(&process.identity),
        (None, Some(name)) => Arc::clone(&name.text),
        (None, None) => shown_address(ends.server.address).into(),
    }
}

#[cfg(test)]
mod tests;
