//! Names below one name that come and go, with the empty ones in between.
//!
//! Whatever exists has all names above it exist too (RFC 8020 2), so each has to be there as long
//! as something is below it, and to go with the last. Does not know what the names are for.

use std::{collections::HashMap, sync::Arc};

use crate::{
    name::{Name, NameHash, ancestors, is_within},
    node::{Node, Place},
    table::Table,
};

/// The names at and below an apex.
#[derive(Debug)]
pub(crate) struct Tree {
    apex: Name,
    table: Table,
    /// Of names that others are below.
    branches: HashMap<Box<[u8]>, Branch, NameHash>,
}

/// A name that others are below.
#[derive(Debug)]
struct Branch {
    /// How many are right below.
    children: u32,
    /// Whether it exists only because of them.
    is_empty: bool,
}

impl Tree {
    /// The tree of an apex, still without it.
    pub(crate) fn new(apex: Name) -> Self {
        Self { apex, table: Table::default(), branches: HashMap::default() }
    }

    /// The name of the top.
    pub(crate) fn apex(&self) -> &Name {
        &self.apex
    }

    /// All names that exist, as they are now.
    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    /// Makes room for about so many names more.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.table.reserve(self.table.len() + more);
    }

    /// Adds a name, in place of the one of the same. What is not below the apex is left out.
    pub(crate) fn insert(&mut self, node: &Arc<Node>) {
        if !is_within(node.name(), self.apex.as_wire()) {
            return;
        }
        if self.table.get(node.name()).is_none() {
            self.hold(node.name());
        }
        if let Some(branch) = self.branches.get_mut(node.name()) {
            branch.is_empty = false;
        }
        self.table.insert(Arc::clone(node));
    }

    /// Takes a name away that was added, unless another one took its place.
    pub(crate) fn remove(&mut self, node: &Arc<Node>) {
        if !self.table.get(node.name()).is_some_and(|held| Arc::ptr_eq(held, node)) {
            return;
        }
        if let Some(branch) = self.branches.get_mut(node.name()) {
            branch.is_empty = true;
            self.table.insert(Arc::new(Node::empty(node.name(), Place::Inside)));
        } else {
            self.table.remove(node.name());
            self.release(node.name());
        }
    }

    /// Counts a name, new among those right below the next one above, which thereby exists.
    fn hold(&mut self, name: &[u8]) {
        for above in above(name, &self.apex) {
            if let Some(branch) = self.branches.get_mut(above) {
                branch.children += 1;
                return;
            }
            let is_empty = self.table.get(above).is_none();
            self.branches.insert(above.into(), Branch { children: 1, is_empty });
            if !is_empty {
                return;
            }
            self.table.insert(Arc::new(Node::empty(above, Place::Inside)));
        }
    }

    /// No longer counts a name that is gone.
    fn release(&mut self, name: &[u8]) {
        for above in above(name, &self.apex) {
            let Some(branch) = self.branches.get_mut(above) else { return };
            branch.children -= 1;
            if branch.children > 0 {
                return;
            }
            let was_empty = branch.is_empty;
            self.branches.remove(above);
            if !was_empty {
                return;
            }
            self.table.remove(above);
        }
    }
}

/// The names between a name and the apex, from below.
fn above<'n>(name: &'n [u8], apex: &Name) -> impl Iterator<Item = &'n [u8]> {
    let apex_len = apex.as_wire().len();
    ancestors(name).skip(1).take_while(move |above| above.len() > apex_len)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn node(name: &str) -> Arc<Node> {
        let name: Name = name.parse().unwrap();
        Arc::new(Node::new(name, Vec::new()))
    }

    /// A name and those above it up to below the apex, unless it is outside; the apex if held.
    fn exists(apex: &Name, name: &str, held: &[(&str, Arc<Node>)]) -> Vec<Vec<u8>> {
        let name: Name = name.parse().unwrap();
        let is_held = held.iter().any(|(held, _)| *held == "t");
        let all = ancestors(name.as_wire()).filter(|_| is_within(name.as_wire(), apex.as_wire()));
        let least = apex.as_wire().len() + usize::from(!is_held);
        all.filter(|above| above.len() >= least).map(<[u8]>::to_vec).collect()
    }

    proptest! {
        /// Whatever comes and goes, exactly those names exist that are there or above one.
        #[test]
        fn names_above_exist_as_long_as_one_below(
            steps in prop::collection::vec(
                (prop::sample::select(vec![
                    "a.t", "b.t", "x.a.t", "y.a.t", "q.x.a.t", "p.q.x.a.t", "d.c.b.t", "e.c.b.t",
                    "t", "other",
                ]), any::<bool>()),
                0..60,
            ),
        ) {
            let apex: Name = "t".parse().unwrap();
            let mut tree = Tree::new(apex.clone());
            let mut held: Vec<(&str, Arc<Node>)> = Vec::new();
            for (name, is_added) in steps {
                match held.iter().position(|(other, _)| *other == name) {
                    Some(place) if is_added => {
                        let newer = node(name);
                        tree.remove(&std::mem::replace(&mut held[place].1, newer.clone()));
                        tree.insert(&newer);
                    }
                    Some(place) => tree.remove(&held.remove(place).1),
                    None => {
                        held.push((name, node(name)));
                        tree.insert(&held[held.len() - 1].1);
                    }
                }
                let mut expected = BTreeSet::from_iter(exists(&apex, "t", &held));
                for (name, _) in &held {
                    expected.extend(exists(&apex, name, &held));
                }
                prop_assert_eq!(tree.table().len(), expected.len());
                for name in &expected {
                    prop_assert!(tree.table().get(name).is_some());
                }
            }
            for (_, node) in held {
                tree.remove(&node);
            }
            prop_assert_eq!(tree.table().len(), 0);
            prop_assert!(tree.branches.is_empty());
        }
    }
}
