//! From paths to routes: templates in which nothing identifies anybody.
//!
//! ```text
//! /v1/accounts/DE89370400440532013000/transactions ─► /v1/accounts/{id}/transactions
//! ```
//!
//! Each segment is read for what it looks like (`class`): words stay, values become a
//! placeholder. What only many of them show to be values, names say, is found out
//! by counting: the paths of a service make a tree, and a place of it that has had
//! more than `segment_values` different words becomes `{param}`; the branches below
//! them grow together. Patterns of the configuration come before all that.
//!
//! | path | route |
//! |---|---|
//! | too deep, or too long | its beginning, and `/**` |
//! | of a service that has all the routes it may have | `_other` |
//! | `*` of OPTIONS (RFC 9112 section 3.2.4) | `*` |
//! | none: CONNECT has an authority only | `{authority}` |
//!
//! Words that the server only ever refused are on probation: a scanner that tries a
//! thousand words must not make parameters of the places of a whole service. A few of
//! them stand in the tree, more become `{param}` while the others stay.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::output::UNKNOWN_PATH;
use super::settings::{Limits, RouteSettings};
use super::slab::{Handle, Slab};
use super::time::Timestamp;
use pattern::Patterns;
pub use pattern::{PatternFault, check_pattern};
use segment::{Reading, Tail, read, segments};
use tree::{Branch, Growth, Tree};

/// What a segment looks like.
mod class;
/// Templates of the configuration.
mod pattern;
/// A path in its segments.
mod segment;
/// The paths of all services as trees.
mod tree;

/// The route of what a service has no room for.
pub const OTHER: &str = "_other";
/// The route of CONNECT.
const AUTHORITY: &str = "{authority}";
/// The route of requests for the server as a whole.
const ASTERISK: &str = "*";

/// A service whose routes are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId(Handle);

impl ServiceId {
    /// A number for hashing.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0.number()
    }
}

/// A route of a service; never used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(Handle);

/// What the answer to a request says of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The server knows the path, or there is no answer.
    Served,
    /// It may not exist: 400, 401, 403 or 404.
    Refused,
}

impl Evidence {
    /// What a status says.
    #[must_use]
    pub const fn of(status: Option<u16>) -> Self {
        match status {
            Some(400 | 401 | 403 | 404) => Self::Refused,
            _ => Self::Served,
        }
    }
}

/// A route that is one no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Folded {
    /// What it was.
    pub from: RouteId,
    /// What its paths are now; none where its service was forgotten.
    pub into: Option<RouteId>,
}

/// The routes of all services; bounded.
#[derive(Debug)]
pub struct Routes {
    patterns: Patterns,
    tree: Tree,
    services: Slab<Service>,
    places: BTreeMap<Arc<str>, Handle>,
    limit: usize,
}

#[derive(Debug)]
struct Service {
    name: Arc<str>,
    root: Handle,
    last_use: Timestamp,
}

impl Routes {
    /// Routes of services that were not seen yet.
    #[must_use]
    pub fn new(settings: &RouteSettings, limits: &Limits) -> Self {
        Self {
            patterns: Patterns::new(&settings.patterns),
            tree: Tree::new(settings, limits),
            services: Slab::default(),
            places: BTreeMap::new(),
            limit: limit_of(limits),
        }
    }

    /// New patterns and limits; what was learned stays.
    pub fn apply_settings(&mut self, settings: &RouteSettings, limits: &Limits) {
        self.patterns = Patterns::new(&settings.patterns);
        self.tree.apply_settings(settings, limits);
        self.limit = limit_of(limits);
        while self.services.len() > self.limit {
            self.forget_oldest(None);
        }
    }

    /// The service of a name.
    pub fn service(&mut self, name: &Arc<str>, now: Timestamp) -> ServiceId {
        if let Some(handle) = self.places.get(name) {
            return ServiceId(*handle);
        }
        while self.services.len() >= self.limit {
            self.forget_oldest(None);
        }
        let service = Service { name: Arc::clone(name), root: self.tree.plant(), last_use: now };
        let handle = self.services.insert(service);
        self.places.insert(Arc::clone(name), handle);
        ServiceId(handle)
    }

    /// The name of a service; none where it was forgotten. It counts as used.
    pub fn touch(&mut self, service: ServiceId, now: Timestamp) -> Option<&Arc<str>> {
        let service = self.services.find_mut(service.0)?;
        service.last_use = service.last_use.max(now);
        Some(&service.name)
    }

    /// The route of a path; none where the path is not known, or the service was
    /// forgotten. The route of a route is itself.
    pub fn route(&mut self, service: ServiceId, path: &str, evidence: Evidence) -> Option<RouteId> {
        let root = self.services.find(service.0)?.root;
        if self.tree.is_full() {
            self.forget_oldest(Some(service));
        }
        let found = match path {
            UNKNOWN_PATH => return None,
            "" | AUTHORITY => self.tree.fixed(root, AUTHORITY),
            ASTERISK => self.tree.fixed(root, ASTERISK),
            OTHER => None,
            _ => match self.patterns.find(path) {
                Some(pattern) => self.tree.fixed(root, pattern),
                None => self.walk(root, path, evidence),
            },
        };
        Some(RouteId(found.unwrap_or_else(|| self.tree.other(root))))
    }

    /// A number that changes where a path may have another route than before, but for
    /// those whose route was [`OTHER`].
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.tree.epoch
    }

    /// The text of a route; none where it is one no more.
    #[must_use]
    pub fn text(&self, route: RouteId) -> Option<&Arc<str>> {
        self.tree.text(route.0)
    }

    /// Whether [`Self::take_folded`] has something to tell.
    #[must_use]
    pub fn has_folded(&self) -> bool {
        !self.tree.folded.is_empty()
    }

    /// The routes that ceased to be since this was asked last, in order. A route may be
    /// in what an earlier one folded into.
    pub fn take_folded(&mut self) -> Vec<Folded> {
        std::mem::take(&mut self.tree.folded)
    }

    /// Routes of a service.
    #[must_use]
    pub fn count(&self, service: ServiceId) -> usize {
        self.services.find(service.0).map_or(0, |service| self.tree.routes_below(service.root))
    }

    /// The place of a path in the tree; none where there is no room for it.
    fn walk(&mut self, root: Handle, path: &str, evidence: Evidence) -> Option<Handle> {
        let mut at = root;
        for segment in segments(path) {
            // What begins with a digit is a value nearly always: that is looked at first.
            let begins_with_digit = segment.as_bytes().first().is_some_and(u8::is_ascii_digit);
            let known =
                (!begins_with_digit).then(|| self.tree.known_word(at, segment, evidence)).flatten();
            if let Some(known) = known {
                at = known;
                continue;
            }
            if segment == "**" {
                return self.tree.rest(at);
            }
            match self.step(at, read(segment), evidence)? {
                Branch::To(next) => at = next,
                Branch::Rest => return self.tree.rest(at),
            }
        }
        self.tree.route_at(at)
    }

    fn step(&mut self, at: Handle, reading: Reading<'_>, evidence: Evidence) -> Option<Branch> {
        let head = self.tree.segment(at, reading.class, reading.head, evidence)?;
        match (head, reading.tail) {
            (Branch::To(head), Tail::Verb(verb)) => self.tree.verb(head, verb, Growth::Bounded),
            (Branch::To(head), Tail::Suffix(suffix)) => self.tree.suffix(head, suffix),
            _ => Some(head),
        }
    }

    /// Forgets the services that were not used for longest, but for one.
    fn forget_oldest(&mut self, but: Option<ServiceId>) {
        let kept = but.map(|service| service.0);
        for handle in self.services.first_by(|service| service.last_use) {
            if Some(handle) == kept {
                continue;
            }
            if let Some(service) = self.services.remove(handle) {
                self.places.remove(&service.name);
                self.tree.fell(service.root);
            }
        }
    }
}

fn limit_of(limits: &Limits) -> usize {
    (limits.endpoints as usize).max(1)
}

#[cfg(test)]
mod tests;
