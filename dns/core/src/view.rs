//! What one client sees: the zones that all see, those of its network, and single names.
//!
//! Single names come first, since they shadow exactly themselves; then the nearest zone, its
//! network's before everyone's. Does not know who the client is.

use std::{collections::HashMap, sync::Arc};

use model::VpcId;

use crate::{
    island::Islands,
    name::{NameHash, ancestors, is_within, label_count},
    negative::Negative,
    node::Node,
    zone::Zone,
};

/// Zones by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct ZoneSet {
    zones: HashMap<Box<[u8]>, Arc<Zone>, NameHash>,
    /// Bit *n* is set if some zone's name has *n* labels: a question is looked up at those only.
    depths: u128,
}

impl ZoneSet {
    /// Adds a zone, in place of one of the same name.
    pub(crate) fn insert(&mut self, zone: Arc<Zone>) {
        let apex = zone.apex().as_wire();
        self.depths |= 1 << label_count(apex);
        self.zones.insert(apex.into(), zone);
    }

    /// How many names exist.
    pub(crate) fn name_count(&self) -> usize {
        self.zones.values().map(|zone| zone.name_count()).sum()
    }
}

/// What a client sees.
#[derive(Clone, Debug)]
pub struct View {
    /// The endpoints' zone.
    region: Arc<Zone>,
    shared: Arc<ZoneSet>,
    own: Arc<ZoneSet>,
    islands: Arc<Islands>,
    forward: Option<ForwardPlan>,
    owner: Owner,
}

/// Whose a view is: a network's, or everyone's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// The network.
    pub vpc: Option<VpcId>,
    /// A small number that stands for it, the same in all catalogs of one builder: 0 for everyone,
    /// [`Self::OTHERS`] for networks beyond [`Self::NUMBERS_MAX`].
    pub number: usize,
}

impl Owner {
    /// The number of all networks that have none of their own.
    pub const OTHERS: usize = 1;
    /// Numbers that there are: what is counted per view stays small.
    pub const NUMBERS_MAX: usize = 4096;
}

/// Where questions about names that are not ours go, by a number that whoever asks there knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForwardPlan(pub usize);

impl View {
    /// What everyone sees: the endpoints' zone, and others.
    pub(crate) fn new(region: Arc<Zone>, shared: Arc<ZoneSet>) -> Self {
        let (own, islands) = (Arc::default(), Arc::default());
        Self { region, shared, own, islands, forward: None, owner: Owner::default() }
    }

    /// The view, and beside it zones and single names of one network's own.
    pub(crate) fn with(&self, own: Arc<ZoneSet>, islands: Arc<Islands>) -> Self {
        Self { own, islands, ..self.clone() }
    }

    /// The view, with a plan for what is not ours.
    pub(crate) fn forwarding(self, forward: Option<ForwardPlan>) -> Self {
        Self { forward, ..self }
    }

    /// The view, as this one's.
    pub(crate) fn owned_by(self, owner: Owner) -> Self {
        Self { owner, ..self }
    }

    /// Whose it is.
    pub fn owner(&self) -> Owner {
        self.owner
    }

    /// Where questions about names that are not ours go; nowhere if there is no plan.
    pub fn forward_plan(&self) -> Option<ForwardPlan> {
        self.forward
    }

    /// The single name that a name is. Wildcards among those leave the endpoints' zone alone, since
    /// aliases lead into it.
    pub(crate) fn island(&self, name: &[u8], label_count: usize) -> Option<&Node> {
        let islands = &*self.islands;
        let node = islands.find(name);
        if node.is_some() || !islands.has_wildcards() {
            return node;
        }
        let is_kept = is_within(name, self.region.apex().as_wire());
        if is_kept { None } else { islands.find_wildcard(name, label_count) }
    }

    /// What is said when a single name has no such records: it is a zone of its own, like the
    /// endpoints' zone in all but its name.
    pub(crate) fn island_absence(&self) -> &Negative {
        self.region.negative()
    }

    /// The zone nearest above a name that has this many labels. No master file stands in for the
    /// endpoints' names, but for one of the network's own.
    pub(crate) fn zone_of(&self, name: &[u8], label_count: usize) -> Option<&Zone> {
        self.zone_and_whose(name, label_count).map(|(zone, _)| zone)
    }

    /// The same, and whether it is the network's own.
    pub(crate) fn zone_and_whose(&self, name: &[u8], label_count: usize) -> Option<(&Zone, bool)> {
        let region = self.region.apex().as_wire();
        let depths = self.shared.depths | self.own.depths | 1 << self.region.depth();
        let at_most = (0..=label_count).rev();
        ancestors(name).zip(at_most).filter(|(_, depth)| depths >> depth & 1 == 1).find_map(
            |(apex, depth)| {
                let is_own = self.own.depths >> depth & 1 == 1;
                let own = is_own.then(|| self.own.zones.get(apex)).flatten();
                if let Some(zone) = own {
                    return Some((&**zone, true));
                }
                let region = (apex == region).then_some(&self.region);
                region.or_else(|| self.shared.zones.get(apex)).map(|zone| (&**zone, false))
            },
        )
    }

    /// How many names only this network sees.
    pub(crate) fn own_name_count(&self) -> usize {
        self.own.name_count() + self.islands.name_count()
    }
}
