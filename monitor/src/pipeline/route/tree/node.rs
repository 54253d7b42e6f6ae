//! A place in a path.

use std::sync::Arc;

use crate::pipeline::route::Evidence;
use crate::pipeline::route::class::Class;
use crate::pipeline::slab::Handle;

/// A place in a path, and what is known of the segments below it.
#[derive(Debug)]
pub(super) struct Node {
    /// None of the root itself.
    pub(super) root: Option<Handle>,
    pub(super) parent: Option<Handle>,
    pub(super) join: Join,
    pub(super) label: Label,
    word: Box<str>,
    /// Ordered by the hash of their text.
    pub(super) branches: Vec<(u32, Handle)>,
    /// The text of the route that ends here.
    pub(super) route: Option<Arc<str>>,
    /// Bytes of the path to here.
    pub(super) length: u16,
    /// Segments of it.
    pub(super) depth: u8,
    /// Branches that are words, by what the server says of them.
    pub(super) served: u16,
    pub(super) refused: u16,
    /// Branches that are placeholders, but for `{param}`.
    pub(super) values: u8,
    /// Branches that are verbs.
    pub(super) verbs: u8,
    pub(super) folds: Folds,
    /// Of the root: routes and nodes of the tree.
    pub(super) routes: u32,
    pub(super) nodes: u32,
}

/// What becomes `{param}` here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Folds {
    /// Everything.
    pub(super) words: bool,
    /// Words that the server refuses and that are not known.
    pub(super) refused: bool,
    /// Every kind of value.
    pub(super) values: bool,
    /// Nothing, but verbs are left out.
    pub(super) verbs: bool,
}

/// What stands between a node and the one above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Join {
    Slash,
    Colon,
    None,
}

impl Join {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Slash => "/",
            Self::Colon => ":",
            Self::None => "",
        }
    }
}

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// A word, and the best that the server said of it.
    Word(Evidence),
    /// Values of a class.
    Value(Class),
    /// What is done, at the end of a segment.
    Verb,
    /// Another end of a segment.
    Suffix,
    /// Whatever follows.
    Rest,
    /// A route that is not found by its segments; also the root.
    Fixed,
}

impl Node {
    pub(super) fn root() -> Self {
        Self {
            root: None,
            parent: None,
            join: Join::None,
            label: Label::Fixed,
            word: Box::default(),
            branches: Vec::new(),
            route: None,
            length: 0,
            depth: 0,
            served: 0,
            refused: 0,
            values: 0,
            verbs: 0,
            folds: Folds::default(),
            routes: 0,
            nodes: 0,
        }
    }

    pub(super) fn below(
        parent: &Self,
        place: Handle,
        root: Handle,
        join: Join,
        label: Label,
        text: &str,
    ) -> Self {
        let length = parent.length as usize + join.text().len() + text.len();
        Self {
            root: Some(root),
            parent: Some(place),
            join,
            label,
            word: if matches!(label, Label::Value(_)) { Box::default() } else { text.into() },
            length: u16::try_from(length).unwrap_or(u16::MAX),
            depth: parent.depth.saturating_add(u8::from(join == Join::Slash)),
            ..Self::root()
        }
    }

    pub(super) fn text(&self) -> &str {
        match self.label {
            Label::Value(class) => class.placeholder(),
            _ => &self.word,
        }
    }

    /// Counts a new branch.
    pub(super) const fn count(&mut self, label: Label) {
        match label {
            Label::Word(Evidence::Served) => self.served = self.served.saturating_add(1),
            Label::Word(Evidence::Refused) => self.refused = self.refused.saturating_add(1),
            Label::Value(class) if !matches!(class, Class::Param) => {
                self.values = self.values.saturating_add(1);
            }
            Label::Verb => self.verbs = self.verbs.saturating_add(1),
            _ => {}
        }
    }
}
