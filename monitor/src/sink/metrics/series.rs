//! A bounded table of label sets. Once it is full, new label sets share one child;
//! those already there keep counting.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The child of a label set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(usize);

/// The child that takes what has no child of its own.
const OTHER: Slot = Slot(0);

/// Children of one metric.
#[derive(Debug)]
pub(super) struct Series<Labels, Value> {
    slots: BTreeMap<Arc<Labels>, Slot>,
    children: Vec<(Arc<Labels>, Value)>,
    capacity: usize,
    overflow: u64,
}

impl<Labels: Ord, Value: Default> Series<Labels, Value> {
    /// At most `capacity` children, the one for the others included.
    pub(super) fn new(other: Labels, capacity: usize) -> Self {
        let children = vec![(Arc::new(other), Value::default())];
        Self { slots: BTreeMap::new(), children, capacity, overflow: 0 }
    }

    /// The child of a label set, made where there is room.
    pub(super) fn slot(&mut self, labels: Labels) -> Slot {
        if let Some(slot) = self.slots.get(&labels) {
            return *slot;
        }
        if self.children.len() >= self.capacity {
            return OTHER;
        }
        let slot = Slot(self.children.len());
        let labels = Arc::new(labels);
        self.slots.insert(Arc::clone(&labels), slot);
        self.children.push((labels, Value::default()));
        slot
    }

    /// The value of a child, to be added to.
    pub(super) fn at(&mut self, slot: Slot) -> &mut Value {
        self.overflow += u64::from(slot == OTHER);
        let (_, value) = self.children.get_mut(slot.0).expect("children are never removed");
        value
    }
}

/// The numbers of a [`Series`], without its index.
#[derive(Clone, Debug)]
pub(super) struct Numbers<Labels, Value> {
    children: Vec<(Arc<Labels>, Value)>,
    /// Values added to the child for the others.
    pub(super) overflow: u64,
}

impl<Labels: Ord, Value: Clone> Series<Labels, Value> {
    pub(super) fn numbers(&self) -> Numbers<Labels, Value> {
        Numbers { children: self.children.clone(), overflow: self.overflow }
    }
}

impl<Labels: Ord, Value> Numbers<Labels, Value> {
    /// Children that were added to, in the order of their labels.
    pub(super) fn sorted(&self) -> Vec<&(Arc<Labels>, Value)> {
        let unused = usize::from(self.overflow == 0);
        let mut children: Vec<_> = self.children.iter().skip(unused).collect();
        children.sort_by(|(a, _), (b, _)| a.cmp(b));
        children
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(series: &Series<&'static str, u64>) -> Vec<(&'static str, u64)> {
        series.numbers().sorted().into_iter().map(|(labels, value)| (**labels, *value)).collect()
    }

    #[test]
    fn a_full_table_counts_the_rest_together() {
        let mut series = Series::new("_other", 3);
        for labels in ["b", "a", "c", "d", "b", "a", "c"] {
            let slot = series.slot(labels);
            *series.at(slot) += 1;
        }
        assert_eq!(listed(&series), [("_other", 3), ("a", 2), ("b", 2)]);
        assert_eq!(series.numbers().overflow, 3);
    }

    #[test]
    fn the_shared_child_is_not_shown_before_it_is_needed() {
        let mut series: Series<_, u64> = Series::new("_other", 3);
        let slot = series.slot("a");
        *series.at(slot) += 1;
        assert_eq!(listed(&series), [("a", 1)]);
    }
}
