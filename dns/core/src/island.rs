//! Names that are ours although nothing around them is.
//!
//! A private name shadows exactly itself: its siblings belong to whoever else answers for them. So
//! each such name is a zone of its own, which holds that one name, and what is not found here is
//! looked up elsewhere. Does not know why a name is ours.

use std::{collections::HashSet, sync::Arc};

use crate::{
    name::{NAME_LEN_MAX, NameHash, ancestors, is_within, label_count},
    node::{Entry, Node},
    record::write_data,
    reply::{Reply, Section},
    wire::RecordType,
};

/// A set of such names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Islands {
    nodes: HashSet<Entry, NameHash>,
    /// Bit *n* is set if some wildcard stands right below a name of *n* labels.
    wildcard_depths: u128,
    /// The zone of which no wildcard here takes a name: aliases lead into it.
    kept: Box<[u8]>,
    /// The data of each one's SOA record.
    soa: Box<[u8]>,
    /// How long absence may be remembered, in seconds.
    ttl: u32,
}

impl Islands {
    /// An empty set whose names have this SOA data. Its wildcards leave the zone `kept` alone.
    pub(crate) fn new(kept: &[u8], soa: &[u8], ttl: u32) -> Self {
        Self { kept: kept.into(), soa: soa.into(), ttl, ..Self::default() }
    }

    /// Adds a name.
    pub(crate) fn insert(&mut self, node: Arc<Node>) {
        if node.is_wildcard() {
            self.wildcard_depths |= 1 << (label_count(node.name()) - 1);
        }
        self.nodes.replace(Entry(node));
    }

    /// How many names there are.
    pub(crate) fn name_count(&self) -> usize {
        self.nodes.len()
    }

    /// The node of a name that has this many labels: its own, or else the nearest wildcard above.
    pub(crate) fn find(&self, name: &[u8], label_count: usize) -> Option<&Node> {
        if let Some(entry) = self.nodes.get(name) {
            return Some(&entry.0);
        }
        if self.wildcard_depths == 0 || is_within(name, &self.kept) {
            return None;
        }
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
        self.nodes.get(&name[..end]).map(|entry| &*entry.0)
    }

    /// Says that a name of this set has no such records.
    pub(crate) fn write_absence(&self, reply: &mut Reply<'_>, name: &[u8]) {
        reply.record(Section::Authority, name, RecordType::SOA, self.ttl, |reply| {
            write_data(reply, RecordType::SOA, &self.soa);
        });
    }
}
