//! Exchanges that go on for long: each tick looks at a part of the connections, so that
//! each is looked at in time and no tick costs more than its share.

use std::time::Duration;

use super::Pipeline;
use super::protocol::OPEN_AFTER;
use super::time::Timestamp;

/// A round takes as long as an exchange may go on unsaid.
const ROUND: Duration = OPEN_AFTER;
/// A tick is wanted this often while there is something to say.
const STEP: Duration = Duration::from_secs(1);
/// Places that are looked at in any tick.
const LEAST_PLACES: usize = 64;

/// Walks round and round over the connections, as fast as time passes.
#[derive(Default)]
pub(super) struct Rounds {
    /// The next place to look at.
    next: usize,
    /// The time up to which places were looked at.
    walked: Timestamp,
    /// Connections that have an exchange that goes on.
    waiting: usize,
}

impl Rounds {
    /// When the next part is to be looked at; none where nothing goes on.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        (self.waiting > 0).then(|| self.walked.plus(STEP))
    }

    /// A connection began to have an exchange that goes on, or has none any more.
    pub(super) fn count(&mut self, is_waiting: bool) {
        self.waiting = if is_waiting { self.waiting + 1 } else { self.waiting.saturating_sub(1) };
    }

    /// The first place that is due and how many are: as many of all `places` as the time
    /// since the last ones is of a round, and a few at least.
    fn walk(&mut self, now: Timestamp, places: usize) -> (usize, usize) {
        let passed = now.since(self.walked).min(ROUND);
        self.walked = now;
        if self.waiting == 0 || places == 0 {
            return (0, 0);
        }
        let share = (places as u128 * passed.as_nanos()).div_ceil(ROUND.as_nanos());
        let due = usize::try_from(share).unwrap_or(places).max(LEAST_PLACES).min(places);
        let first = self.next % places;
        self.next = (first + due) % places;
        (first, due)
    }
}

impl Pipeline {
    /// Says what goes on for long among the connections whose turn it is.
    pub(super) fn say_lasting(&mut self) {
        let places = self.connections.places();
        let (first, due) = self.rounds.walk(self.now, places);
        for place in first..first + due {
            let slot = self.connections.slot_at(place % places);
            let Some(connection) = self.connections.get_mut(slot) else { continue };
            let cookie = connection.reader();
            connection.say_open(self.now, &mut self.completed);
            if !self.completed.is_empty() {
                self.note_active(slot, cookie);
                self.say_exchanges(slot);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(number: u64) -> Timestamp {
        Timestamp(number * 1_000_000_000)
    }

    #[test]
    fn each_place_is_looked_at_once_a_round_and_a_tick_takes_its_share() {
        let mut rounds = Rounds::default();
        assert_eq!((rounds.walk(second(100), 1000), rounds.next_deadline()), ((0, 0), None));
        rounds.count(true);
        assert_eq!(rounds.next_deadline(), Some(second(101)));
        let mut seen = vec![0; 1000];
        for tick in 0..20 {
            let (first, due) =
                rounds.walk(Timestamp(second(100).0 + (tick + 1) * 250_000_000), 1000);
            assert!(due <= LEAST_PLACES, "{due}");
            (first..first + due).for_each(|place| seen[place % 1000] += 1);
        }
        assert!(seen.iter().all(|times| (1..=2).contains(times)), "{seen:?}");
        assert_eq!(rounds.walk(second(106), 50_000).1, 10_000, "a fifth in a second");
        assert_eq!(rounds.walk(second(900), 50_000).1, 50_000, "all after a pause");
        assert_eq!(rounds.walk(second(900), 3).1, 3, "few are all looked at");
        rounds.count(false);
        assert_eq!((rounds.walk(second(901), 3), rounds.next_deadline()), ((0, 0), None));
    }
}
