//! Names that are ours although nothing around them is.
//!
//! A private name shadows exactly itself: its siblings belong to whoever else answers for them. So
//! each such name is a zone of its own, which holds that one name, and what is not found here is
//! looked up elsewhere. Does not know why a name is ours.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    name::{NAME_LEN_MAX, ancestors, label_count},
    node::Node,
    table::Table,
};

/// A set of such names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Islands {
    nodes: Table,
    /// How many wildcards stand right below names of so many labels.
    wildcards: BTreeMap<usize, u32>,
    /// Bit *n* is set if some wildcard stands right below a name of *n* labels.
    wildcard_depths: u128,
}

impl Islands {
    /// Adds a name; whether it was not there.
    pub(crate) fn insert(&mut self, node: &Arc<Node>) -> bool {
        let is_new = self.nodes.get(node.name()).is_none();
        if node.is_wildcard() && is_new {
            let depth = label_count(node.name()) - 1;
            *self.wildcards.entry(depth).or_default() += 1;
            self.wildcard_depths |= 1 << depth;
        }
        self.nodes.insert(Arc::clone(node));
        is_new
    }

    /// Takes a name away that is there.
    pub(crate) fn remove(&mut self, node: &Node) {
        if self.nodes.get(node.name()).is_none() {
            return;
        }
        self.nodes.remove(node.name());
        if !node.is_wildcard() {
            return;
        }
        let depth = label_count(node.name()) - 1;
        if let Some(count) = self.wildcards.get_mut(&depth) {
            *count -= 1;
            if *count == 0 {
                self.wildcards.remove(&depth);
                self.wildcard_depths &= !(1 << depth);
            }
        }
    }

    /// How many names there are.
    pub(crate) fn name_count(&self) -> usize {
        self.nodes.len()
    }

    /// The node of exactly this name.
    pub(crate) fn find(&self, name: &[u8]) -> Option<&Node> {
        if self.nodes.len() == 0 {
            return None;
        }
        self.nodes.get(name).map(|node| &**node)
    }

    /// Whether any name here stands for others.
    pub(crate) fn has_wildcards(&self) -> bool {
        self.wildcard_depths != 0
    }

    /// The nearest wildcard above a name that has this many labels.
    pub(crate) fn find_wildcard(&self, name: &[u8], label_count: usize) -> Option<&Node> {
        let depths = (0..label_count).rev();
        ancestors(name)
            .skip(1)
            .zip(depths)
            .filter(|(_, depth)| self.wildcard_depths >> depth & 1 == 1)
            .find_map(|(above, _)| self.wildcard_below(above))
    }

    fn wildcard_below(&self, above: &[u8]) -> Option<&Node> {
        let mut name = [0; NAME_LEN_MAX];
        let end = 2 + above.len();
        name.get_mut(2..end)?.copy_from_slice(above);
        name[..2].copy_from_slice(b"\x01*");
        self.nodes.get(&name[..end]).map(|node| &**node)
    }
}
