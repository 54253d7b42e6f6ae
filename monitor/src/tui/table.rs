//! Tables without their drawing: columns, sorting, filtering, and where the cursor is.

use std::cmp::Ordering;

use super::model::RowId;
use super::scope::Scope;
use crate::filter::{Filter, Record};

/// The columns of a table.
pub(crate) trait Column: Copy + Eq + 'static {
    /// What a row shows.
    type Row<'a>: Record;
    /// All columns, left to right; `s` goes through them in this order.
    const ALL: &'static [Self];
    /// Where the table is sorted at first.
    const FIRST: Sort<Self>;
    /// Which end of the table new rows of interest come to.
    const EDGE: Edge;
    /// Its heading.
    fn title(self) -> &'static str;
    /// Its place.
    fn shape(self) -> Shape;
    /// The order of two rows by this column alone.
    fn compare(self, left: &Self::Row<'_>, right: &Self::Row<'_>) -> Ordering;
    /// What names a row.
    fn id(row: &Self::Row<'_>) -> RowId;
    /// Whether a row is inside of a scope; tables that are never narrowed have all.
    fn is_inside(_row: &Self::Row<'_>, _scope: &Scope) -> bool {
        true
    }
}

/// The place of a column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Cells that it needs.
    pub(crate) width: u16,
    /// Its part of the room that is left over.
    pub(crate) share: u16,
    /// Columns of higher rank go first where there is no room; rank 0 stays.
    pub(crate) rank: u8,
    /// How its text stands.
    pub(crate) align: Align,
}

/// How text stands in its column, and where it is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// Left, cut at its end.
    Left,
    /// Left, cut at its start: for paths of executables.
    Tail,
    /// Right.
    Right,
}

/// An end of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// Its first row.
    Top,
    /// Its last row.
    Bottom,
}

/// Which row is selected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// Whichever is at the edge.
    #[default]
    Follow,
    /// This one, wherever it goes.
    At(RowId),
}

/// A column to sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sort<C> {
    pub(crate) column: C,
    pub(crate) direction: Direction,
}

/// From small to large or from large to small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

impl Direction {
    /// The other one.
    pub(crate) const fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// A step through a table or a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Motion {
    Up,
    Down,
    HalfPageUp,
    HalfPageDown,
    PageUp,
    PageDown,
    First,
    Last,
}

impl Motion {
    /// Where the step ends, from `index` of `length`, with `page` on the screen.
    pub(crate) fn apply(self, index: usize, length: usize, page: usize) -> usize {
        let page = page.max(2);
        let last = length.saturating_sub(1);
        match self {
            Self::Up => index.saturating_sub(1),
            Self::Down => (index + 1).min(last),
            Self::HalfPageUp => index.saturating_sub(page / 2),
            Self::HalfPageDown => (index + page / 2).min(last),
            Self::PageUp => index.saturating_sub(page),
            Self::PageDown => (index + page).min(last),
            Self::First => 0,
            Self::Last => last,
        }
    }
}

/// What of a table is looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    /// What was typed.
    pub(crate) filter: Filter,
    /// What a step from a detail narrowed it to.
    pub(crate) scope: Option<Scope>,
    pub(crate) cursor: Cursor,
}

/// What all tables have, whatever their columns are.
pub(crate) trait AnyView {
    /// What of it is looked at.
    fn selection(&self) -> &Selection;
    /// To be changed.
    fn selection_mut(&mut self) -> &mut Selection;
    /// Without filter, in the first order, from the first row; what a step from a detail
    /// narrowed stays narrow.
    fn reset(&mut self);
    /// Sorts by the next column.
    fn next_sort(&mut self);
    /// Sorts the other way round.
    fn reverse_sort(&mut self);
}

/// How a table is looked at.
#[derive(Clone, Debug)]
pub(crate) struct View<C> {
    pub(crate) selection: Selection,
    pub(crate) sort: Sort<C>,
}

impl<C: Column> Default for View<C> {
    fn default() -> Self {
        Self { selection: Selection::default(), sort: C::FIRST }
    }
}

impl<C: Column> AnyView for View<C> {
    fn selection(&self) -> &Selection {
        &self.selection
    }

    fn selection_mut(&mut self) -> &mut Selection {
        &mut self.selection
    }

    fn reset(&mut self) {
        let scope = self.selection.scope.take();
        let selection = Selection { scope, ..Selection::default() };
        *self = Self { selection, ..Self::default() };
    }

    fn next_sort(&mut self) {
        let at = C::ALL.iter().position(|column| *column == self.sort.column).unwrap_or(0);
        self.sort.column = C::ALL[(at + 1) % C::ALL.len()];
    }

    fn reverse_sort(&mut self) {
        self.sort.direction = self.sort.direction.reversed();
    }
}

impl<C: Column> View<C> {
    /// The rows that the filter lets through, sorted. Rows come in a fixed order, and
    /// equal ones keep it.
    pub(crate) fn select<'a>(&self, rows: impl Iterator<Item = C::Row<'a>>) -> Vec<C::Row<'a>> {
        let Selection { filter, scope, .. } = &self.selection;
        let inside = |row: &C::Row<'a>| scope.as_ref().is_none_or(|it| C::is_inside(row, it));
        let mut rows: Vec<_> = rows.filter(|row| inside(row) && filter.matches(row)).collect();
        rows.sort_by(|left, right| match self.sort.direction {
            Direction::Ascending => self.sort.column.compare(left, right),
            Direction::Descending => self.sort.column.compare(right, left),
        });
        rows
    }

    /// The selected row. Where it is gone: the next newer one where rows arrive in the
    /// order of their ids, else the one at the edge.
    pub(crate) fn position(&self, rows: &[C::Row<'_>]) -> Option<usize> {
        let last = rows.len().checked_sub(1)?;
        let next_newer = |id| rows.iter().position(|row| C::id(row) > id);
        let held = |id| rows.iter().position(|row| C::id(row) == id);
        match (self.selection.cursor, C::EDGE) {
            (Cursor::Follow, Edge::Top) => Some(0),
            (Cursor::Follow, Edge::Bottom) => Some(last),
            (Cursor::At(id), Edge::Top) => Some(held(id).unwrap_or(0)),
            (Cursor::At(id), Edge::Bottom) => held(id).or_else(|| next_newer(id)).or(Some(last)),
        }
    }

    /// Where a step takes the cursor; at the edge it follows.
    pub(crate) fn stepped(&self, rows: &[C::Row<'_>], motion: Motion, page: usize) -> Cursor {
        let Some(from) = self.position(rows) else { return self.selection.cursor };
        let to = motion.apply(from, rows.len(), page);
        let follows = match C::EDGE {
            Edge::Top => motion == Motion::First,
            Edge::Bottom => motion == Motion::Last,
        };
        match rows.get(to) {
            Some(row) if !follows => Cursor::At(C::id(row)),
            _ => Cursor::Follow,
        }
    }
}

/// Cells between two columns.
const GAP: u16 = 1;

/// The columns that have room in `width`, each with its cells.
pub(crate) fn fit<C: Column>(width: u16) -> Vec<(C, u16)> {
    let mut columns: Vec<C> = C::ALL.to_vec();
    while needed(&columns) > width {
        let Some(worst) = columns.iter().map(|column| column.shape().rank).max() else { break };
        let Some(at) = columns.iter().rposition(|c| c.shape().rank == worst && worst > 0) else {
            break;
        };
        columns.remove(at);
    }
    let mut spare = width.saturating_sub(needed(&columns));
    let mut shares: u16 = columns.iter().map(|column| column.shape().share).sum();
    let widen = |column: &C| {
        let shape = column.shape();
        let extra = (spare * shape.share).checked_div(shares).unwrap_or(0);
        spare -= extra;
        shares -= shape.share;
        (*column, shape.width + extra)
    };
    columns.iter().map(widen).collect()
}

fn needed<C: Column>(columns: &[C]) -> u16 {
    columns.iter().map(|column| column.shape().width + GAP).sum::<u16>().saturating_sub(GAP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn motions_stay_inside() {
        for (motion, from, to) in [
            (Motion::Up, 0, 0),
            (Motion::Up, 5, 4),
            (Motion::Down, 9, 9),
            (Motion::Down, 8, 9),
            (Motion::HalfPageUp, 3, 1),
            (Motion::HalfPageDown, 8, 9),
            (Motion::PageUp, 3, 0),
            (Motion::PageDown, 3, 7),
            (Motion::First, 7, 0),
            (Motion::Last, 2, 9),
        ] {
            assert_eq!(motion.apply(from, 10, 4), to, "{motion:?} from {from}");
            assert_eq!(motion.apply(0, 0, 0), 0, "{motion:?} in nothing");
        }
    }
}
