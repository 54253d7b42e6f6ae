//! Slots of the label sets seen lately, so that an exchange like one before costs
//! no comparison of strings.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::FxHasher;

use super::label::{MethodLabel, StatusLabel, identity};
use super::series::Slot;
use crate::pipeline::output::{Exchange, Protocol};

/// Power of two.
const ENTRIES: usize = 256;

/// What decides the labels of an exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    pub(super) client: Option<&'a Arc<str>>,
    pub(super) service: Option<&'a Arc<str>>,
    pub(super) method: MethodLabel,
    pub(super) status: StatusLabel,
    pub(super) protocol: Protocol,
}

impl<'a> Seen<'a> {
    pub(super) fn of(exchange: &'a Exchange) -> Self {
        let method = exchange.request.as_ref().map(|request| MethodLabel::of(&request.method));
        Self {
            client: identity(&exchange.ends.client),
            service: identity(&exchange.ends.server),
            method: method.unwrap_or(MethodLabel::OTHER),
            status: StatusLabel::of(exchange.response.as_ref()),
            protocol: exchange.protocol,
        }
    }

    /// Where in the cache: from addresses, which only costs hits, never correctness.
    fn index(&self) -> usize {
        let mut hasher = FxHasher::default();
        address(self.client).hash(&mut hasher);
        address(self.service).hash(&mut hasher);
        let code = match self.status {
            StatusLabel::None => 0,
            StatusLabel::Code(code) => code,
            StatusLabel::Other => 1,
        };
        let method = self.method.name().as_ptr().addr();
        (method ^ usize::from(code)).hash(&mut hasher);
        hasher.finish() as usize % ENTRIES
    }
}

/// Children of an exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slots {
    /// None as long as only exchanges without a duration were seen.
    pub(super) duration: Option<Slot>,
    pub(super) request: Slot,
    pub(super) body: Slot,
}

#[derive(Debug)]
struct Entry {
    /// Kept alive, so that its address names it alone.
    client: Option<Arc<str>>,
    service: Option<Arc<str>>,
    method: MethodLabel,
    status: StatusLabel,
    protocol: Protocol,
    slots: Slots,
}

impl Entry {
    fn is_of(&self, seen: &Seen<'_>) -> bool {
        address(self.client.as_ref()) == address(seen.client)
            && address(self.service.as_ref()) == address(seen.service)
            && self.method == seen.method
            && self.status == seen.status
            && self.protocol == seen.protocol
    }
}

fn address(identity: Option<&Arc<str>>) -> usize {
    identity.map_or(0, |identity| identity.as_ptr().addr())
}

/// A direct-mapped cache.
#[derive(Debug)]
pub(super) struct SlotCache(Vec<Option<Entry>>);

impl Default for SlotCache {
    fn default() -> Self {
        Self(std::iter::repeat_with(|| None).take(ENTRIES).collect())
    }
}

impl SlotCache {
    pub(super) fn find(&self, seen: &Seen<'_>) -> Option<Slots> {
        let entry = self.0.get(seen.index())?.as_ref()?;
        entry.is_of(seen).then_some(entry.slots)
    }

    pub(super) fn store(&mut self, seen: &Seen<'_>, slots: Slots) {
        let Seen { method, status, protocol, .. } = *seen;
        let (client, service) = (seen.client.cloned(), seen.service.cloned());
        if let Some(entry) = self.0.get_mut(seen.index()) {
            *entry = Some(Entry { client, service, method, status, protocol, slots });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::output::Method;
    use crate::sink::metrics::series::Series;

    #[test]
    fn an_entry_is_of_nothing_else_than_what_it_was_stored_for() {
        let identities: [Arc<str>; 2] = ["a".into(), "b".into()];
        let [a, b] = [Some(&identities[0]), Some(&identities[1])];
        let (method, status, protocol) =
            (MethodLabel::of(&Method::Get), StatusLabel::Code(200), Protocol::Http11);
        let seen = Seen { client: a, service: b, method, status, protocol };
        let slot = Series::<&str, u64>::new("_other", 1).slot("x");
        let entry = Entry {
            client: a.cloned(),
            service: b.cloned(),
            method,
            status,
            protocol,
            slots: Slots { duration: None, request: slot, body: slot },
        };
        assert!(entry.is_of(&seen));
        for other in [
            Seen { client: b, ..seen },
            Seen { client: None, ..seen },
            Seen { service: a, ..seen },
            Seen { method: MethodLabel::OTHER, ..seen },
            Seen { status: StatusLabel::Other, ..seen },
            Seen { protocol: Protocol::Http10, ..seen },
        ] {
            assert!(!entry.is_of(&other), "{other:?}");
        }
    }
}
