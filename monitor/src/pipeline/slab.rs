//! A table whose places are found again without a search, and never confused with
//! what stood there before.

/// A place in a [`Slab`]; it means nothing any more once its value was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle {
    index: u32,
    generation: u32,
}

impl Handle {
    /// A number for hashing: values that are there at the same time differ in it.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.index
    }
}

/// Values at handles. Freed places are used again, last freed first.
#[derive(Debug)]
pub struct Slab<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    /// The value at a handle, where it is still there.
    #[must_use]
    pub fn find(&self, handle: Handle) -> Option<&T> {
        let slot = self.slots.get(handle.index as usize)?;
        slot.value.as_ref().filter(|_| slot.generation == handle.generation)
    }

    /// The value at a handle, to change it.
    pub fn find_mut(&mut self, handle: Handle) -> Option<&mut T> {
        let slot = self.slots.get_mut(handle.index as usize)?;
        slot.value.as_mut().filter(|_| slot.generation == handle.generation)
    }

    /// Puts a value in a free place.
    ///
    /// # Panics
    ///
    /// With 2^32 values, which the limits of the tables exclude.
    pub fn insert(&mut self, value: T) -> Handle {
        if let Some(index) = self.free.pop() {
            let slot = self.slots.get_mut(index as usize).expect("a freed place exists");
            slot.value = Some(value);
            return Handle { index, generation: slot.generation };
        }
        let index = u32::try_from(self.slots.len()).expect("tables hold fewer than 2^32 values");
        self.slots.push(Slot { generation: 0, value: Some(value) });
        Handle { index, generation: 0 }
    }

    /// Takes a value out; its handle finds nothing from now on.
    pub fn remove(&mut self, handle: Handle) -> Option<T> {
        let slot = self.slots.get_mut(handle.index as usize)?;
        if slot.generation != handle.generation {
            return None;
        }
        let value = slot.value.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(handle.index);
        Some(value)
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every value with its handle, in order of place.
    pub fn iter(&self) -> impl Iterator<Item = (Handle, &T)> {
        self.slots.iter().zip(0u32..).filter_map(|(slot, index)| {
            let handle = Handle { index, generation: slot.generation };
            slot.value.as_ref().map(|value| (handle, value))
        })
    }

    /// The handles whose values come first in the order given: a sixteenth of the
    /// table, at least one. Making room in batches keeps a flood of new values
    /// from costing a search of the whole table each.
    #[must_use]
    pub fn first_by<K: Ord>(&self, order: impl Fn(&T) -> K) -> Vec<Handle> {
        let batch = (self.len() / 16).max(1);
        let mut ordered: Vec<_> =
            self.iter().map(|(handle, value)| (order(value), handle)).collect();
        if batch < ordered.len() {
            ordered.select_nth_unstable(batch);
            ordered.truncate(batch);
        }
        ordered.sort_unstable();
        ordered.into_iter().map(|(_, handle)| handle).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_never_finds_what_came_after() {
        let mut slab = Slab::default();
        let first = slab.insert("first");
        assert_eq!(slab.remove(first), Some("first"));
        let second = slab.insert("second");
        assert_eq!(first.index, second.index);
        assert_eq!(slab.find(first), None);
        assert_eq!(slab.remove(first), None);
        assert_eq!(slab.find(second), Some(&"second"));
        assert_eq!(slab.len(), 1);
    }

    #[test]
    fn room_is_made_in_order() {
        let mut slab = Slab::default();
        for value in (0..40u32).rev() {
            slab.insert(value);
        }
        let first = slab.first_by(|value| *value);
        let values: Vec<_> = first.iter().filter_map(|handle| slab.find(*handle)).collect();
        assert_eq!(values, [&0, &1]);
        assert!(Slab::<u32>::default().first_by(|value| *value).is_empty());
    }
}
