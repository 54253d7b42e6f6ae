//! The connections of a capture, bounded in number and idle time.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::flow::{Context, Flow, GRACE, Outcome, State};
use super::segment::Segment;
use crate::pipeline::input::{Cookie, SocketAddress};
use crate::pipeline::settings::Limits;
use crate::pipeline::time::Timestamp;

/// How long a connection is kept that is not open: a SYN may be answered, and after the
/// end segments may come late.
const BRIEF: Duration = Duration::from_secs(60);
/// Open connections that are passed over, since they were active, to evict another.
const SECOND_CHANCES: usize = 16;

/// The connections of a capture, by their two ends.
pub(super) struct Flows {
    places: HashMap<Key, u32>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Those that are open, and the others, by when they were last seen to be active.
    open: VecDeque<Age>,
    brief: VecDeque<Age>,
    /// Those on which bytes wait, by when to look at them.
    blocked: VecDeque<Age>,
    opened: u64,
    limit: usize,
    idle_timeout: Duration,
}

/// The two ends, the lower one first.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key(SocketAddress, SocketAddress);

/// A place of the table, used again under another generation.
#[derive(Default)]
struct Slot {
    generation: u32,
    flow: Option<(Key, Box<Flow>)>,
}

/// A connection at a time.
#[derive(Clone, Copy)]
struct Age {
    time: Timestamp,
    place: u32,
    generation: u32,
}

impl Key {
    fn of(segment: &Segment<'_>) -> Self {
        let (from, to) = (segment.from, segment.to);
        if from <= to { Self(from, to) } else { Self(to, from) }
    }
}

impl Flows {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            places: HashMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            open: VecDeque::new(),
            brief: VecDeque::new(),
            blocked: VecDeque::new(),
            opened: 0,
            limit: (limits.connections as usize).max(1),
            idle_timeout: limits.idle_timeout,
        }
    }

    /// Takes a segment to its connection.
    pub(super) fn take(&mut self, segment: &Segment<'_>, context: &mut Context<'_, '_>) {
        let key = Key::of(segment);
        let Some(&place) = self.places.get(&key) else {
            return self.begin(key, segment, context);
        };
        match self.step(place, segment, context) {
            Some(Outcome::Taken) => {}
            Some(Outcome::Stray) => context.counts.strays += 1,
            Some(Outcome::Refused) => self.end(place, context),
            Some(Outcome::Anew) | None => {
                self.end(place, context);
                self.begin(key, segment, context);
            }
        }
    }

    /// Ends what has been idle for too long, and gives up what has waited for too long.
    pub(super) fn tick(&mut self, context: &mut Context<'_, '_>) {
        self.expire(State::Open, self.idle_timeout, context);
        self.expire(State::Closed, BRIEF, context);
        while let Some(age) = self.blocked.pop_front_if(|age| age.time <= context.now) {
            let Some(flow) = self.flow_of(age) else { continue };
            flow.settle_later(context);
            flow.is_watched = false;
            self.watch(age.place, context.now);
        }
    }

    /// Ends everything: the capture is over.
    pub(super) fn end_all(&mut self, context: &mut Context<'_, '_>) {
        for place in 0..self.slots.len() {
            self.end(place as u32, context);
        }
    }

    /// A segment between ends without a connection.
    fn begin(&mut self, key: Key, segment: &Segment<'_>, context: &mut Context<'_, '_>) {
        // An acknowledgement alone may be the last of a connection that is over.
        let begins = segment.flags.syn() || segment.length > 0;
        if segment.flags.rst() || !begins {
            context.counts.strays += 1;
            return;
        }
        self.make_room(context);
        self.opened += 1;
        let flow = Box::new(Flow::new(Cookie(self.opened), segment));
        let place = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() as u32 - 1
        });
        if let Some(slot) = self.slots.get_mut(place as usize) {
            slot.flow = Some((key, flow));
        }
        self.places.insert(key, place);
        self.queue(place, State::Opening, context.now);
        match self.step(place, segment, context) {
            Some(Outcome::Taken) => {}
            _ => self.end(place, context),
        }
    }

    fn step(
        &mut self,
        place: u32,
        segment: &Segment<'_>,
        context: &mut Context<'_, '_>,
    ) -> Option<Outcome> {
        let (_, flow) = self.slots.get_mut(place as usize)?.flow.as_mut()?;
        let before = flow.state();
        let outcome = flow.take(segment, context);
        let (after, is_blocked) = (flow.state(), flow.is_blocked());
        if after != before {
            self.queue(place, after, context.now);
        }
        if is_blocked {
            self.watch(place, context.now);
        }
        Some(outcome)
    }

    fn watch(&mut self, place: u32, now: Timestamp) {
        if let Some(Slot { generation, flow: Some((_, flow)) }) = self.slots.get_mut(place as usize)
            && flow.is_blocked()
            && !std::mem::replace(&mut flow.is_watched, true)
        {
            let generation = *generation;
            self.blocked.push_back(Age { time: now.plus(GRACE), place, generation });
        }
    }

    /// Notes that a connection was active in a state.
    fn queue(&mut self, place: u32, state: State, time: Timestamp) {
        let generation = self.slots.get(place as usize).map_or(0, |slot| slot.generation);
        let most = 4 * self.limit + 1024;
        let slots = &self.slots;
        let queue = if state == State::Open { &mut self.open } else { &mut self.brief };
        queue.push_back(Age { time, place, generation });
        if queue.len() > most {
            queue.retain(|age| is_of(slots, *age, state));
        }
    }

    fn expire(&mut self, state: State, after: Duration, context: &mut Context<'_, '_>) {
        while let Some(age) = self.next_of(state, |age| age.time.plus(after) <= context.now) {
            let last = self.flow_of(age).map_or(age.time, |flow| flow.last);
            if last.plus(after) <= context.now {
                self.end(age.place, context);
            } else {
                self.queue(age.place, state, last);
            }
        }
    }

    /// Makes room for one more: one that is not open, else one that was not active lately.
    fn make_room(&mut self, context: &mut Context<'_, '_>) {
        while self.places.len() >= self.limit {
            if let Some(age) = self.next_of(State::Closed, |_| true) {
                self.end(age.place, context);
                continue;
            }
            let Some(age) = self.least_active() else { return };
            context.counts.evicted += 1;
            self.end(age.place, context);
        }
    }

    fn least_active(&mut self) -> Option<Age> {
        for _ in 0..SECOND_CHANCES {
            let age = self.next_of(State::Open, |_| true)?;
            match self.flow_of(age).map(|flow| flow.last) {
                Some(last) if last > age.time => self.queue(age.place, State::Open, last),
                _ => return Some(age),
            }
        }
        self.next_of(State::Open, |_| true)
    }

    /// The next entry of a queue that is still true, where `is_due`; all that are not
    /// open share one queue.
    fn next_of(&mut self, state: State, is_due: impl Fn(&Age) -> bool) -> Option<Age> {
        let queue = if state == State::Open { &mut self.open } else { &mut self.brief };
        loop {
            let age = queue.pop_front_if(|age| is_due(age))?;
            if is_of(&self.slots, age, state) {
                return Some(age);
            }
        }
    }

    fn flow_of(&mut self, age: Age) -> Option<&mut Flow> {
        let slot = self.slots.get_mut(age.place as usize)?;
        let (_, flow) = slot.flow.as_mut().filter(|_| slot.generation == age.generation)?;
        Some(flow)
    }

    /// Ends a connection and forgets it.
    fn end(&mut self, place: u32, context: &mut Context<'_, '_>) {
        let Some(slot) = self.slots.get_mut(place as usize) else { return };
        let Some((key, mut flow)) = slot.flow.take() else { return };
        slot.generation = slot.generation.wrapping_add(1);
        self.places.remove(&key);
        self.free.push(place);
        let before = flow.cost();
        flow.close(context);
        context.room.used = context.room.used.saturating_sub(before);
    }
}

/// Whether an entry is true: the connection is there, and open or not as the state is.
fn is_of(slots: &[Slot], age: Age, state: State) -> bool {
    let slot = slots.get(age.place as usize).filter(|slot| slot.generation == age.generation);
    let flow = slot.and_then(|slot| slot.flow.as_ref());
    flow.is_some_and(|(_, flow)| (flow.state() == State::Open) == (state == State::Open))
}
