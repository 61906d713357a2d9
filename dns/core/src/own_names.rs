//! What single networks see of endpoints that others do not: services' own names, and the names of
//! interface addresses.
//!
//! Kept from build to build, and changed by what an endpoint adds or takes. Does not know which
//! endpoints there are.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use model::VpcId;

use crate::{island::Islands, node::Node};

/// The names of one network.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnNames {
    /// All of them.
    pub(crate) whole: Arc<Islands>,
    /// Those that clients inside see, if they see less.
    pub(crate) inside: Option<Arc<Islands>>,
    /// Whether two endpoints have had one name, so that it is not known who has it now.
    is_contested: bool,
}

/// What one endpoint adds to its network's names.
pub(crate) struct Names<'p> {
    /// The service's own names.
    pub(crate) private: &'p [Arc<Node>],
    /// Those of interface addresses.
    pub(crate) reverse: &'p [Arc<Node>],
}

impl OwnNames {
    /// No names yet, of which those inside see all or not.
    pub(crate) fn new(is_inbound_only: bool) -> Self {
        let inside = is_inbound_only.then(Arc::default);
        Self { inside, ..Self::default() }
    }

    /// Adds an endpoint's names.
    pub(crate) fn insert(&mut self, names: &Names<'_>) {
        let whole = Arc::make_mut(&mut self.whole);
        for node in names.private.iter().chain(names.reverse) {
            self.is_contested |= !whole.insert(node);
        }
        if let Some(inside) = &mut self.inside {
            let inside = Arc::make_mut(inside);
            for node in names.reverse {
                inside.insert(node);
            }
        }
    }

    /// Takes an endpoint's names away.
    pub(crate) fn remove(&mut self, names: &Names<'_>) {
        let whole = Arc::make_mut(&mut self.whole);
        names.private.iter().chain(names.reverse).for_each(|node| whole.remove(node));
        if let Some(inside) = &mut self.inside {
            let inside = Arc::make_mut(inside);
            names.reverse.iter().for_each(|node| inside.remove(node));
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.whole.name_count()
    }
}

/// The names of all networks that clients can be told to be in.
#[derive(Debug, Default)]
pub(crate) struct OwnNamesOfAll {
    of: BTreeMap<VpcId, OwnNames>,
    inbound_only: BTreeSet<VpcId>,
}

impl OwnNamesOfAll {
    /// The names of networks, which may be none.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (VpcId, &OwnNames)> {
        self.of.iter().map(|(vpc, names)| (*vpc, names))
    }

    /// The names of a network, if its clients can be told.
    pub(crate) fn get_mut(&mut self, vpc: VpcId) -> Option<&mut OwnNames> {
        self.of.get_mut(&vpc)
    }

    /// Settles whose clients can be told, and who of them sees less. Gives those networks whose
    /// names have to be added, all of them.
    pub(crate) fn settle(
        &mut self,
        told: &BTreeSet<VpcId>,
        inbound_only: &BTreeSet<VpcId>,
    ) -> BTreeSet<VpcId> {
        if self.inbound_only != *inbound_only {
            self.inbound_only.clone_from(inbound_only);
            self.of.clear();
        }
        self.of.retain(|vpc, names| told.contains(vpc) && !names.is_contested);
        let new: BTreeSet<_> =
            told.iter().filter(|vpc| !self.of.contains_key(vpc)).copied().collect();
        for vpc in &new {
            self.of.insert(*vpc, OwnNames::new(inbound_only.contains(vpc)));
        }
        new
    }
}
