//! How branches grow together. What is below them is put in its new place node by node,
//! and each route that ended at one of them folds into the route of its new place.

use super::node::{Folds, Join, Label, Node};
use super::{Branch, Folded, Growth, RouteId, Tree};
use crate::pipeline::route::Evidence;
use crate::pipeline::route::class::Class;
use crate::pipeline::slab::Handle;

impl Tree {
    /// Everything here becomes `{param}`, now and from now on.
    pub(super) fn fold_all(&mut self, at: Handle) {
        let is_one = |label| matches!(label, Label::Word(_) | Label::Value(_));
        self.fold(at, Folds { words: true, refused: true, values: true, verbs: false }, is_one);
    }

    /// Words that were only ever refused become `{param}`.
    pub(super) fn fold_refused(&mut self, at: Handle) {
        let is_one = |label| label == Label::Word(Evidence::Refused);
        self.fold(at, Folds { refused: true, ..Folds::default() }, is_one);
    }

    /// Values of every kind become `{param}`.
    pub(super) fn fold_values(&mut self, at: Handle) {
        let is_one = |label| matches!(label, Label::Value(_));
        self.fold(at, Folds { values: true, ..Folds::default() }, is_one);
    }

    /// Verbs are not told apart.
    pub(super) fn fold_verbs(&mut self, at: Handle) {
        self.fold(at, Folds { verbs: true, ..Folds::default() }, |label| label == Label::Verb);
    }

    fn fold(&mut self, at: Handle, more: Folds, is_one: fn(Label) -> bool) {
        let is_one = |label| is_one(label) && label != Label::Value(Class::Param);
        self.epoch += 1;
        let Some(node) = self.nodes.find_mut(at) else { return };
        node.folds = Folds {
            words: node.folds.words || more.words,
            refused: node.folds.refused || more.refused,
            values: node.folds.values || more.values,
            verbs: node.folds.verbs || more.verbs,
        };
        let branches = std::mem::take(&mut node.branches);
        let (folding, kept) = branches.into_iter().partition(|(_, branch)| {
            self.nodes.find(*branch).is_some_and(|branch| is_one(branch.label))
        });
        let folding: Vec<(u32, Handle)> = folding;
        self.keep(at, kept);
        for (_, branch) in folding {
            let Some(node) = self.take(branch) else { continue };
            let target = match node.label {
                Label::Verb => Some(Branch::To(at)),
                _ => self.value(at, Class::Param, Growth::Replacing),
            };
            self.put(branch, node, at, target);
        }
    }

    fn keep(&mut self, at: Handle, branches: Vec<(u32, Handle)>) {
        let labels: Vec<Label> = branches
            .iter()
            .filter_map(|(_, branch)| Some(self.nodes.find(*branch)?.label))
            .collect();
        let Some(node) = self.nodes.find_mut(at) else { return };
        node.branches = branches;
        (node.served, node.refused, node.values, node.verbs) = (0, 0, 0, 0);
        for label in labels {
            node.count(label);
        }
    }

    /// Takes a node out; what is below it is to be put elsewhere.
    fn take(&mut self, handle: Handle) -> Option<Node> {
        let node = self.nodes.remove(handle)?;
        if let Some(root) = node.root.and_then(|root| self.nodes.find_mut(root)) {
            root.nodes = root.nodes.saturating_sub(1);
            root.routes = root.routes.saturating_sub(u32::from(node.route.is_some()));
        }
        Some(node)
    }

    /// Puts what a node was, and all below it, where a branch of `above` leads.
    fn put(&mut self, handle: Handle, node: Node, above: Handle, branch: Option<Branch>) {
        match branch {
            Some(Branch::To(into)) => self.merge(handle, node, into),
            _ => {
                let known = self.branch(above, Join::Slash, super::REST);
                let rest =
                    known.or_else(|| self.graft(above, Join::Slash, Label::Rest, super::REST));
                self.absorb(handle, node, rest.unwrap_or(above));
            }
        }
    }

    fn merge(&mut self, handle: Handle, node: Node, into: Handle) {
        self.retire(handle, &node, into);
        for (_, branch) in node.branches {
            let Some(below) = self.take(branch) else { continue };
            let target = match below.label {
                Label::Word(evidence) => self.word(into, below.text(), evidence, Growth::Replacing),
                Label::Value(class) => self.value(into, class, Growth::Replacing),
                Label::Verb => self.verb(into, below.text(), Growth::Replacing),
                label => self.same(into, below.join, label, below.text(), Growth::Replacing),
            };
            self.put(branch, below, into, target);
        }
    }

    /// Everything from a node on is no longer told apart.
    fn absorb(&mut self, handle: Handle, node: Node, into: Handle) {
        self.retire(handle, &node, into);
        for (_, branch) in node.branches {
            if let Some(below) = self.take(branch) {
                self.absorb(branch, below, into);
            }
        }
    }

    /// The route that ended at a node that was taken out ends at another.
    fn retire(&mut self, handle: Handle, node: &Node, into: Handle) {
        if node.route.is_none() {
            return;
        }
        let has_route = self.nodes.find(into).is_some_and(|into| into.route.is_some());
        let into = if has_route { into } else { self.make_route(into) };
        self.folded.push(Folded { from: RouteId(handle), into: Some(RouteId(into)) });
    }
}
