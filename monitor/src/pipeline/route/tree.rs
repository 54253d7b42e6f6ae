//! The paths of all services as trees. A node is a place in a path; the branches below
//! it are the segments that were seen there.

use std::hash::Hasher;
use std::sync::Arc;

use rustc_hash::FxHasher;

use super::class::Class;
use super::{Evidence, Folded, OTHER, RouteId};
use crate::pipeline::settings::{Limits, RouteSettings};
use crate::pipeline::slab::{Handle, Slab};
use node::{Join, Label, Node};

/// How branches grow together.
mod fold;
/// A place in a path.
mod node;

/// Segments of a route; a deeper path ends in `/**`.
const DEPTH: u8 = 16;
/// Bytes of a route; a longer path ends in `/**`.
const ROUTE_BYTES: usize = 256;
/// Words of a place that the server only ever refused.
const PROBATION: u16 = 10;
/// Kinds of values of a place; with more, they are one kind: `{param}`.
const VALUE_KINDS: u8 = 2;
/// Verbs of a place.
const VERBS: u8 = 16;
/// Nodes for each route that a service may have.
const NODES_PER_ROUTE: usize = 4;
/// What stands for the rest of a path.
const REST: &str = "**";

/// The trees of all services; bounded.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Slab<Node>,
    segment_values: u16,
    /// Routes of one tree.
    routes: usize,
    /// Nodes of all trees.
    limit: usize,
    /// Changes where a path may lead elsewhere than before.
    pub(super) epoch: u64,
    pub(super) folded: Vec<Folded>,
}

/// Where a segment leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Branch {
    To(Handle),
    /// Too deep or too long: the rest is not told apart.
    Rest,
}

/// Whether growing keeps to the bounds. It need not where it only replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Growth {
    Bounded,
    Replacing,
}

impl Tree {
    pub(super) fn new(settings: &RouteSettings, limits: &Limits) -> Self {
        let mut tree = Self {
            nodes: Slab::default(),
            segment_values: 0,
            routes: 0,
            limit: 0,
            epoch: 0,
            folded: Vec::new(),
        };
        tree.apply_settings(settings, limits);
        tree
    }

    pub(super) fn apply_settings(&mut self, settings: &RouteSettings, limits: &Limits) {
        self.epoch += 1;
        self.segment_values = settings.segment_values.max(1);
        self.routes = (settings.routes as usize).max(1);
        self.limit = (limits.endpoints as usize).saturating_mul(2).max(64);
    }

    /// A tree without branches.
    pub(super) fn plant(&mut self) -> Handle {
        self.nodes.insert(Node::root())
    }

    /// Whether no tree may grow.
    pub(super) fn is_full(&self) -> bool {
        self.nodes.len() >= self.limit
    }

    /// Nodes of all trees.
    #[cfg(test)]
    pub(super) fn nodes_in_use(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn text(&self, route: Handle) -> Option<&Arc<str>> {
        self.nodes.find(route)?.route.as_ref()
    }

    pub(super) fn routes_below(&self, root: Handle) -> usize {
        self.nodes.find(root).map_or(0, |root| root.routes as usize)
    }

    /// The branch of a word that is known, where nothing is to be learned from it.
    pub(super) fn known_word(&self, at: Handle, word: &str, evidence: Evidence) -> Option<Handle> {
        let branch = self.branch(at, Join::Slash, word)?;
        let known = match self.nodes.find(branch)?.label {
            Label::Word(proof) => proof == Evidence::Served || evidence == Evidence::Refused,
            _ => false,
        };
        known.then_some(branch)
    }

    /// The branch of a segment; none where there is no room for it.
    pub(super) fn segment(
        &mut self,
        at: Handle,
        class: Class,
        word: &str,
        evidence: Evidence,
    ) -> Option<Branch> {
        match class {
            Class::Word => self.word(at, word, evidence, Growth::Bounded),
            value => self.value(at, value, Growth::Bounded),
        }
    }

    /// The branch of a verb within a segment; where there were many, they are not told
    /// apart.
    pub(super) fn verb(&mut self, at: Handle, verb: &str, growth: Growth) -> Option<Branch> {
        let node = self.nodes.find(at)?;
        let (folds, verbs) = (node.folds.verbs, node.verbs);
        if !folds && verbs >= VERBS && self.branch(at, Join::Colon, verb).is_none() {
            self.fold_verbs(at);
        } else if !folds {
            return self.same(at, Join::Colon, Label::Verb, verb, growth);
        }
        Some(Branch::To(at))
    }

    /// The branch of one of the few ends that segments can have.
    pub(super) fn suffix(&mut self, at: Handle, suffix: &str) -> Option<Branch> {
        self.same(at, Join::None, Label::Suffix, suffix, Growth::Bounded)
    }

    /// The route of all that is too deep or too long below a place.
    pub(super) fn rest(&mut self, at: Handle) -> Option<Handle> {
        let rest = match self.branch(at, Join::Slash, REST) {
            Some(rest) => rest,
            None if self.has_room(at) => self.graft(at, Join::Slash, Label::Rest, REST)?,
            None => return None,
        };
        self.route_at(rest)
    }

    /// A route that is not found by its segments.
    pub(super) fn fixed(&mut self, root: Handle, text: &str) -> Option<Handle> {
        if let Some(known) = self.branch(root, Join::None, text) {
            return Some(known);
        }
        if self.is_full() {
            return None;
        }
        self.graft_fixed(root, text)
    }

    /// The route of what has no room; there is always room for it.
    pub(super) fn other(&mut self, root: Handle) -> Handle {
        let known = self.branch(root, Join::None, OTHER);
        known.or_else(|| self.graft_fixed(root, OTHER)).unwrap_or(root)
    }

    /// The route that ends here; none where there is no room for one more.
    pub(super) fn route_at(&mut self, at: Handle) -> Option<Handle> {
        let node = self.nodes.find(at)?;
        if node.route.is_some() {
            return Some(at);
        }
        let root = node.root.unwrap_or(at);
        (self.routes_below(root) < self.routes).then(|| self.make_route(at))
    }

    /// Takes a tree out.
    pub(super) fn fell(&mut self, root: Handle) {
        self.epoch += 1;
        let mut left = vec![root];
        while let Some(handle) = left.pop() {
            let Some(node) = self.nodes.remove(handle) else { continue };
            left.extend(node.branches.iter().rev().map(|(_, branch)| *branch));
            if node.route.is_some() {
                self.folded.push(Folded { from: RouteId(handle), into: None });
            }
        }
    }

    fn word(
        &mut self,
        at: Handle,
        word: &str,
        evidence: Evidence,
        growth: Growth,
    ) -> Option<Branch> {
        let node = self.nodes.find(at)?;
        if node.folds.words {
            return self.value(at, Class::Param, growth);
        }
        let (served, refused, folds) = (node.served, node.refused, node.folds);
        let known = self.branch(at, Join::Slash, word);
        let is_proof = evidence == Evidence::Served;
        let is_proven = known.is_some_and(|branch| self.is_proven(branch));
        match known {
            Some(branch) if is_proven || !is_proof => return Some(Branch::To(branch)),
            _ if is_proof && served >= self.segment_values => self.fold_all(at),
            Some(branch) => {
                self.prove(at, branch);
                return Some(Branch::To(branch));
            }
            None if !is_proof && folds.refused => {}
            None if !is_proof && refused >= PROBATION => self.fold_refused(at),
            None => return self.same(at, Join::Slash, Label::Word(evidence), word, growth),
        }
        self.value(at, Class::Param, growth)
    }

    fn value(&mut self, at: Handle, class: Class, growth: Growth) -> Option<Branch> {
        let node = self.nodes.find(at)?;
        let (folds, values) = (node.folds, node.values);
        let mut class = if folds.words || folds.values { Class::Param } else { class };
        if let Some(known) = self.branch(at, Join::Slash, class.placeholder()) {
            return Some(Branch::To(known));
        }
        if class != Class::Param && values >= VALUE_KINDS {
            self.fold_values(at);
            class = Class::Param;
        }
        self.same(at, Join::Slash, Label::Value(class), class.placeholder(), growth)
    }

    /// The branch with this very text, new where it has to be.
    fn same(
        &mut self,
        at: Handle,
        join: Join,
        label: Label,
        text: &str,
        growth: Growth,
    ) -> Option<Branch> {
        if let Some(known) = self.branch(at, join, text) {
            return Some(Branch::To(known));
        }
        let node = self.nodes.find(at)?;
        let is_deep = join == Join::Slash && node.depth >= DEPTH;
        let length = node.length as usize + join.text().len() + text.len();
        if is_deep || length + "/**".len() > ROUTE_BYTES {
            return Some(Branch::Rest);
        }
        if growth == Growth::Bounded && !self.has_room(at) {
            return None;
        }
        self.graft(at, join, label, text).map(Branch::To)
    }

    /// The branch that has this text.
    fn branch(&self, at: Handle, join: Join, text: &str) -> Option<Handle> {
        let hash = hash_of(text);
        let branches = &self.nodes.find(at)?.branches;
        let first = branches.partition_point(|(other, _)| *other < hash);
        let alike = branches.iter().skip(first).take_while(|(other, _)| *other == hash);
        let is_it = |branch: &Handle| {
            self.nodes.find(*branch).is_some_and(|it| it.join == join && it.text() == text)
        };
        alike.map(|(_, branch)| *branch).find(is_it)
    }

    fn has_room(&self, at: Handle) -> bool {
        let root = self.nodes.find(at).and_then(|node| node.root).unwrap_or(at);
        !self.is_full()
            && self.nodes.find(root).is_some_and(|root| {
                (root.routes as usize) < self.routes
                    && (root.nodes as usize) < NODES_PER_ROUTE * self.routes
            })
    }

    fn graft(&mut self, at: Handle, join: Join, label: Label, text: &str) -> Option<Handle> {
        let parent = self.nodes.find(at)?;
        let root = parent.root.unwrap_or(at);
        let node = Node::below(parent, at, root, join, label, text);
        let branch = self.nodes.insert(node);
        let hash = hash_of(text);
        let parent = self.nodes.find_mut(at)?;
        let place = parent.branches.partition_point(|(other, _)| *other <= hash);
        parent.branches.insert(place, (hash, branch));
        parent.count(label);
        // A word of its own now was one of many before.
        self.epoch += u64::from(parent.folds.refused);
        self.nodes.find_mut(root)?.nodes += 1;
        Some(branch)
    }

    fn graft_fixed(&mut self, root: Handle, text: &str) -> Option<Handle> {
        let fixed = self.graft(root, Join::None, Label::Fixed, text)?;
        Some(self.make_route(fixed))
    }

    fn make_route(&mut self, at: Handle) -> Handle {
        let text = self.path_to(at);
        let mut root = at;
        if let Some(node) = self.nodes.find_mut(at) {
            node.route = Some(text);
            root = node.root.unwrap_or(at);
        }
        if let Some(root) = self.nodes.find_mut(root) {
            root.routes += 1;
        }
        at
    }

    fn path_to(&self, at: Handle) -> Arc<str> {
        let nodes = std::iter::successors(self.nodes.find(at), |node| {
            node.parent.and_then(|parent| self.nodes.find(parent))
        });
        let mut parts: Vec<&str> = nodes.flat_map(|node| [node.text(), node.join.text()]).collect();
        parts.reverse();
        let path = parts.concat();
        if path.is_empty() { "/".into() } else { path.into() }
    }

    fn is_proven(&self, branch: Handle) -> bool {
        let label = self.nodes.find(branch).map(|node| node.label);
        label == Some(Label::Word(Evidence::Served))
    }

    fn prove(&mut self, at: Handle, branch: Handle) {
        if let Some(branch) = self.nodes.find_mut(branch) {
            branch.label = Label::Word(Evidence::Served);
        }
        if let Some(node) = self.nodes.find_mut(at) {
            node.refused = node.refused.saturating_sub(1);
            node.served = node.served.saturating_add(1);
        }
    }
}

/// Only finds branches sooner: what has the same hash is told apart by its text.
fn hash_of(text: &str) -> u32 {
    let mut hasher = FxHasher::default();
    hasher.write(text.as_bytes());
    (hasher.finish() >> 32) as u32
}
