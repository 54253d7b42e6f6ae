//! The way back: what was shown before each step from a detail.

use super::{Mode, Screen};
use crate::tui::table::Selection;

/// The last steps, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail {
    crumbs: Vec<Crumb>,
}

/// Steps that can be walked back.
const LIMIT: usize = 8;

/// What was shown before a step.
#[derive(Clone, Debug)]
pub(crate) struct Crumb {
    pub(super) screen: Screen,
    pub(super) mode: Mode,
    /// Where the step led, and what was looked at there before.
    pub(super) target: (Screen, Selection),
}

impl Trail {
    /// Puts a step down. Beyond the limit the oldest is forgotten; what its target
    /// looked like before it is given back, where no later step has the same one.
    pub(super) fn push(&mut self, crumb: Crumb) -> Option<(Screen, Selection)> {
        self.crumbs.push(crumb);
        if self.crumbs.len() <= LIMIT {
            return None;
        }
        let oldest = self.crumbs.remove(0).target;
        match self.crumbs.iter_mut().find(|crumb| crumb.target.0 == oldest.0) {
            Some(next) => {
                next.target = oldest;
                None
            }
            None => Some(oldest),
        }
    }

    /// Takes the last step back.
    pub(super) fn pop(&mut self) -> Option<Crumb> {
        self.crumbs.pop()
    }

    /// What each step came from, oldest first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.crumbs.iter().map(|crumb| match &crumb.mode {
            Mode::Detail(detail) => detail.kept.name(),
            _ => crumb.screen.name(),
        })
    }

    /// Whether there is no way back.
    pub(crate) fn is_empty(&self) -> bool {
        self.crumbs.is_empty()
    }
}
