//! Connections whose destination may still be given a name.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::pipeline::input::SocketAddress;
use crate::pipeline::output::Ends;
use crate::pipeline::time::Timestamp;

/// A client that sends nothing for this long is judged without a name.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// Connections that wait at a time. More come by the thousand only in a flood; of these
/// the oldest are judged without a name.
const MOST: usize = 16_384;

/// A table of connections, in the order in which they began to wait.
#[derive(Default)]
pub(super) struct Waiting {
    ends: BTreeMap<Route, Arc<Ends>>,
    /// Each of `ends` is here, and some that do not wait any more.
    order: VecDeque<(Timestamp, Arc<Ends>)>,
}

type Route = (SocketAddress, SocketAddress);

fn route(ends: &Ends) -> Route {
    (ends.client.address, ends.server.address)
}

impl Waiting {
    /// Makes a connection wait. Gives back one that has to be judged now, if any: an
    /// earlier one with the same addresses, or the oldest where there are too many.
    pub(super) fn add(&mut self, ends: &Arc<Ends>, now: Timestamp) -> Option<Arc<Ends>> {
        let earlier = self.ends.insert(route(ends), Arc::clone(ends));
        self.order.push_back((now, Arc::clone(ends)));
        earlier.or_else(|| (self.ends.len() > MOST).then(|| self.pop()).flatten())
    }

    /// Takes the connection with these addresses out, where it waits.
    pub(super) fn take(&mut self, ends: &Ends) -> bool {
        let was_waiting = self.ends.remove(&route(ends)).is_some();
        if was_waiting {
            self.drop_stale();
        }
        was_waiting
    }

    /// Takes out the oldest, where it has waited long enough.
    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<Arc<Ends>> {
        let (since, _) = self.order.front()?;
        if since.plus(PATIENCE) > now { None } else { self.pop() }
    }

    /// Takes out the oldest.
    pub(super) fn pop(&mut self) -> Option<Arc<Ends>> {
        self.drop_stale();
        let (_, ends) = self.order.pop_front()?;
        self.ends.remove(&route(&ends));
        self.drop_stale();
        Some(ends)
    }

    /// When the oldest has waited long enough.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.order.front().map(|(since, _)| since.plus(PATIENCE))
    }

    /// Forgets those in front that do not wait any more.
    fn drop_stale(&mut self) {
        while let Some((_, front)) = self.order.front()
            && !self.ends.get(&route(front)).is_some_and(|ends| Arc::ptr_eq(ends, front))
        {
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::outbound;
    use super::*;

    fn second(seconds: u64) -> Timestamp {
        Timestamp(seconds * 1_000_000_000)
    }

    #[test]
    fn each_is_taken_once_by_traffic_or_by_time() {
        let ends = [80, 81, 82].map(|port| outbound("/x", &format!("203.0.113.7:{port}")));
        let mut waiting = Waiting::default();
        for (ends, at) in ends.iter().zip(0..) {
            assert_eq!(waiting.add(ends, second(at)), None);
        }
        assert_eq!(waiting.deadline(), Some(second(2)));
        assert!(waiting.take(&ends[0]));
        assert!(!waiting.take(&ends[0]));
        assert_eq!(waiting.deadline(), Some(second(3)));
        assert!(waiting.take(&ends[2]));
        assert_eq!(waiting.pop_due(second(2)), None);
        assert_eq!(waiting.pop_due(second(3)), Some(Arc::clone(&ends[1])));
        assert_eq!((waiting.pop(), waiting.deadline()), (None, None));
        assert!(waiting.order.is_empty());
    }

    #[test]
    fn the_same_addresses_wait_once_and_a_flood_is_bounded() {
        let mut waiting = Waiting::default();
        let [first, second_one] = [(); 2].map(|()| outbound("/x", "203.0.113.7:443"));
        assert_eq!(waiting.add(&first, second(0)), None);
        let earlier = waiting.add(&second_one, second(1));
        assert!(Arc::ptr_eq(&earlier.unwrap(), &first));
        assert!(Arc::ptr_eq(&waiting.pop().unwrap(), &second_one));

        let mut judged = 0;
        for n in 0..3 * MOST {
            let [a, b, ..] = n.to_le_bytes();
            let [c, d, ..] = (n >> 16).to_le_bytes();
            let ends = outbound("/x", &format!("203.{c}.{b}.{a}:{}", 1000 + u16::from(d)));
            judged += usize::from(waiting.add(&ends, second(5)).is_some());
            assert!(waiting.ends.len() <= MOST && waiting.order.len() <= MOST + 1);
        }
        assert_eq!(judged, 2 * MOST);
    }
}
