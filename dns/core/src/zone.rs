//! A zone: every name that exists in it, and how a name is looked up (RFC 1034 4.3.2, RFC 4592).
//!
//! One table holds all names, also those that exist only because something exists below them
//! (empty non-terminals), so a name exists if and only if the table has it, and the closest
//! encloser of any name is found by walking down from the apex. An exact name costs one look-up.
//! Immutable once built. Does not know who asks or what else is served.

use std::sync::Arc;

use crate::{
    name::{NAME_LEN_MAX, Name, ancestors, is_within, label_count},
    negative::Negative,
    node::{Node, Place},
    table::Table,
};

/// What a zone says about a name.
pub(crate) enum Lookup<'z> {
    /// It exists, perhaps without records.
    Exact(&'z Node),
    /// It does not exist, and this wildcard stands for it.
    Wildcard(&'z Node),
    /// It is, or is below, a name that the zone delegates.
    Delegated(&'z Node),
    /// It is below a name whose names are all redirected.
    Renamed(&'z Node),
    /// It does not exist.
    Absent,
}

/// All names of one zone.
#[derive(Debug)]
pub(crate) struct Zone {
    apex: Name,
    /// How many labels that has.
    depth: usize,
    nodes: Table,
    negative: Negative,
    has_wildcards: bool,
    has_cuts: bool,
    has_renames: bool,
}

impl Zone {
    /// Makes a zone of its nodes, adding those in between. `soa` is the data of the apex's SOA
    /// record and its TTL. The apex itself is among the nodes, and a cut comes before the nodes
    /// below it. `capacity` is about how many there are.
    pub(crate) fn assemble(
        apex: Name,
        soa: (&[u8], u32),
        capacity: usize,
        nodes: impl Iterator<Item = Arc<Node>>,
    ) -> Self {
        let mut zone = Self {
            nodes: Table::with_capacity(capacity),
            negative: Negative::new(&apex, soa.0, soa.1),
            depth: label_count(apex.as_wire()),
            apex,
            has_wildcards: false,
            has_cuts: false,
            has_renames: false,
        };
        nodes.for_each(|node| zone.insert(node));
        zone
    }

    /// Makes a zone of all its names. None of them is a wildcard, a cut or redirected.
    pub(crate) fn plain(apex: Name, soa: (&[u8], u32), nodes: Table) -> Self {
        Self {
            negative: Negative::new(&apex, soa.0, soa.1),
            depth: label_count(apex.as_wire()),
            apex,
            nodes,
            has_wildcards: false,
            has_cuts: false,
            has_renames: false,
        }
    }

    fn insert(&mut self, node: Arc<Node>) {
        self.has_wildcards |= node.is_wildcard();
        self.has_cuts |= node.place() != Place::Inside;
        self.has_renames |= node.renames();
        self.insert_parents(&node);
        self.nodes.insert(node);
    }

    /// Adds the empty nodes between a node and the apex.
    fn insert_parents(&mut self, node: &Node) {
        let place = if node.place() == Place::Below { Place::Below } else { Place::Inside };
        for name in ancestors(node.name()).skip(1) {
            if name.len() <= self.apex.as_wire().len() || self.nodes.get(name).is_some() {
                break;
            }
            let empty = Node::empty(name, place);
            // One without records stands for other names too: they exist, without records.
            self.has_wildcards |= empty.is_wildcard();
            self.nodes.insert(Arc::new(empty));
        }
    }

    /// The name of the zone.
    pub(crate) fn apex(&self) -> &Name {
        &self.apex
    }

    /// How many labels that has.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// How many names exist.
    pub(crate) fn name_count(&self) -> usize {
        self.nodes.len()
    }

    /// The node of exactly this name, wherever it stands.
    pub(crate) fn node(&self, name: &[u8]) -> Option<&Node> {
        self.nodes.get(name).map(|node| &**node)
    }

    /// What the zone says about a name at or below its apex.
    pub(crate) fn lookup(&self, name: &[u8]) -> Lookup<'_> {
        match self.node(name) {
            Some(node) if node.place() == Place::Inside => Lookup::Exact(node),
            Some(node) if node.place() == Place::Cut => Lookup::Delegated(node),
            _ if self.has_cuts || self.has_wildcards || self.has_renames => self.descend(name),
            _ => Lookup::Absent,
        }
    }

    /// Walks down from the apex to the closest encloser. A name that is absent near the apex
    /// costs no more than one near it, however long it is.
    fn descend(&self, name: &[u8]) -> Lookup<'_> {
        let mut starts = [0u8; NAME_LEN_MAX / 2 + 1];
        let mut count = 0;
        for rest in ancestors(name).take_while(|rest| rest.len() > self.apex.as_wire().len()) {
            starts[count] = u8::try_from(name.len() - rest.len()).unwrap_or(0);
            count += 1;
        }
        let mut encloser = self.apex.as_wire();
        let renames = |node: &&Node| self.has_renames && node.renames();
        if let Some(node) = self.node(encloser).filter(renames) {
            return Lookup::Renamed(node);
        }
        for start in starts[..count].iter().rev() {
            let below = &name[usize::from(*start)..];
            match self.node(below) {
                Some(node) if node.place() == Place::Cut => return Lookup::Delegated(node),
                Some(node) if renames(&node) => return Lookup::Renamed(node),
                Some(_) => encloser = below,
                None => break,
            }
        }
        self.wildcard_of(encloser).map_or(Lookup::Absent, Lookup::Wildcard)
    }

    /// The wildcard that stands for a name, which may be anyone's.
    pub(crate) fn wildcard_for(&self, name: &[u8]) -> Option<&Node> {
        let is_possible = self.has_wildcards && is_within(name, self.apex.as_wire());
        match is_possible.then(|| self.lookup(name)) {
            Some(Lookup::Wildcard(node)) => Some(node),
            _ => None,
        }
    }

    /// The wildcard right below a name (RFC 4592 2.1.1).
    fn wildcard_of(&self, encloser: &[u8]) -> Option<&Node> {
        if !self.has_wildcards {
            return None;
        }
        let mut name = [0; NAME_LEN_MAX];
        let end = 2 + encloser.len();
        name.get_mut(2..end)?.copy_from_slice(encloser);
        name[..2].copy_from_slice(b"\x01*");
        self.node(&name[..end]).filter(|node| node.place() == Place::Inside)
    }

    /// What accompanies an answer that something does not exist.
    pub(crate) fn negative(&self) -> &Negative {
        &self.negative
    }
}
