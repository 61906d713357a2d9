//! Nodes by name, in parts that catalogs share.
//!
//! A table is copied for each catalog, and changed for the next one: what is copied is a list of
//! parts, and a change copies the part that it is in, if another table has it too. So a change
//! costs the same however many names there are. Does not know which names there should be.

use std::{hash::BuildHasher as _, sync::Arc};

use hashbrown::HashTable;

use crate::{name::NameHash, node::Node};

/// About how many names share a part: a change copies so many, and a table so many times fewer.
const PART_LEN: usize = 64;
/// How many times as many a part may have before there are more parts.
const CROWDED: usize = 4;

/// Nodes by name.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// As many as a power of two says.
    parts: Box<[Arc<HashTable<Arc<Node>>>]>,
    len: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl Table {
    /// A table that about so many names will fit into.
    pub(crate) fn with_capacity(len: usize) -> Self {
        let count = (len / PART_LEN).max(1).next_power_of_two();
        let capacity = if len < PART_LEN { len } else { PART_LEN };
        let part = || Arc::new(HashTable::with_capacity(capacity));
        Self { parts: std::iter::repeat_with(part).take(count).collect(), len: 0 }
    }

    /// How many names there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The node of a name.
    pub(crate) fn get(&self, name: &[u8]) -> Option<&Arc<Node>> {
        let hash = hash_of(name);
        self.parts[self.index(hash)].find(hash, |node| node.name() == name)
    }

    /// Adds a node, in place of the one of its name.
    pub(crate) fn insert(&mut self, node: Arc<Node>) {
        if self.len >= self.parts.len() * PART_LEN * CROWDED {
            self.reserve(self.len * CROWDED);
        }
        let hash = hash_of(node.name());
        let index = self.index(hash);
        let part = Arc::make_mut(&mut self.parts[index]);
        match part.find_mut(hash, |other| other.name() == node.name()) {
            Some(other) => *other = node,
            None => {
                part.insert_unique(hash, node, |node| hash_of(node.name()));
                self.len += 1;
            }
        }
    }

    /// Takes the node of a name away.
    pub(crate) fn remove(&mut self, name: &[u8]) {
        let hash = hash_of(name);
        let index = self.index(hash);
        let part = &mut self.parts[index];
        if part.find(hash, |node| node.name() == name).is_none() {
            return;
        }
        if let Ok(entry) = Arc::make_mut(part).find_entry(hash, |node| node.name() == name) {
            entry.remove();
            self.len -= 1;
        }
    }

    /// Makes room for about so many names in all.
    pub(crate) fn reserve(&mut self, len: usize) {
        if len <= self.parts.len() * PART_LEN * CROWDED {
            return;
        }
        let before = std::mem::replace(self, Self::with_capacity(len));
        for node in before.parts.iter().flat_map(|part| part.iter()) {
            self.insert(Arc::clone(node));
        }
    }

    /// Where a name's part is. The parts themselves use the lowest and the highest bits.
    fn index(&self, hash: u64) -> usize {
        usize::try_from(hash >> 24 & 0xFF_FFFF).unwrap_or(0) & (self.parts.len() - 1)
    }
}

fn hash_of(name: &[u8]) -> u64 {
    NameHash::default().hash_one(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{name::Name, node::Place};

    fn name(n: u32) -> Name {
        Name::root().child(n.to_string().as_bytes()).unwrap()
    }

    fn node(n: u32) -> Arc<Node> {
        Arc::new(Node::empty(name(n).as_wire(), Place::Inside))
    }

    #[test]
    fn a_copy_stays_as_it_was() {
        let mut table = Table::default();
        (0..5000).for_each(|n| table.insert(node(n)));
        let copy = table.clone();
        let newer = node(7);
        table.insert(Arc::clone(&newer));
        (1000..5000).for_each(|n| table.remove(name(n).as_wire()));
        table.remove(name(9999).as_wire());
        assert_eq!((table.len(), copy.len()), (1000, 5000));
        for n in 0..5000 {
            assert_eq!(table.get(name(n).as_wire()).is_some(), n < 1000, "{n}");
            assert!(copy.get(name(n).as_wire()).is_some(), "{n}");
        }
        let is_newer = |table: &Table| Arc::ptr_eq(table.get(name(7).as_wire()).unwrap(), &newer);
        assert!(is_newer(&table) && !is_newer(&copy));
    }

    #[test]
    fn a_change_copies_one_part() {
        let mut table = Table::default();
        (0..5000).for_each(|n| table.insert(node(n)));
        let copy = table.clone();
        table.insert(node(5000));
        let pairs = table.parts.iter().zip(&copy.parts);
        assert_eq!(pairs.filter(|(one, other)| !Arc::ptr_eq(one, other)).count(), 1);
        let most = table.parts.iter().map(|part| part.len()).max().unwrap();
        assert!(most < 2 * PART_LEN * CROWDED, "{most} names in one part");
    }
}
