//! Everything that is served at one moment, and how it is made.
//!
//! A [`Catalog`] is immutable: whoever answers takes one, answers from it, and takes the next one
//! for the next question, so no answer mixes two. Unchanged zones are shared between catalogs.
//! Does not know sockets, nor when to build.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use ipnet::IpNet;
use model::{Generation, Health, Snapshot, VpcId};

use crate::{
    endpoint_zone::EndpointZone,
    island::Islands,
    master::StaticZone,
    network::Networks,
    view::{ForwardPlan, View, ZoneSet},
};

/// All that is served at one moment.
#[derive(Clone, Debug)]
pub struct Catalog {
    generation: Generation,
    public: View,
    /// Of the networks that see more than the public.
    views: BTreeMap<VpcId, View>,
    networks: Networks<VpcId>,
    name_count: usize,
}

impl Catalog {
    /// The snapshot that it was made from.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// What a client at this address sees: the view of its network, or else what everyone sees.
    pub fn view_of(&self, client: IpAddr) -> &View {
        match self.networks.owner_of(client) {
            Some(vpc) => self.view_in(vpc),
            None => &self.public,
        }
    }

    /// What clients in this network see, for listeners that are in it.
    pub fn view_in(&self, vpc: VpcId) -> &View {
        self.views.get(&vpc).unwrap_or(&self.public)
    }

    /// How many names exist.
    pub fn name_count(&self) -> usize {
        self.name_count
    }
}

/// Makes catalogs, remembering what did not change since the last.
#[derive(Debug, Default)]
pub struct CatalogBuilder {
    endpoints: EndpointZone,
    static_zones: Vec<StaticZone>,
    networks: Vec<(VpcId, Vec<IpNet>)>,
    forward: Option<ForwardPlan>,
    forward_of: BTreeMap<VpcId, ForwardPlan>,
}

impl CatalogBuilder {
    /// A builder whose zones name a server at these addresses.
    pub fn new(name_servers: Vec<IpAddr>) -> Self {
        Self { endpoints: EndpointZone::new(name_servers), ..Self::default() }
    }

    /// Serves these zones from the next build on, in place of the last ones so set.
    pub fn set_static_zones(&mut self, zones: Vec<StaticZone>) {
        self.static_zones = zones;
    }

    /// Tells networks by these client addresses too from the next build on. Whose a prefix given
    /// here is does not depend on whose it is in the snapshot.
    pub fn set_networks(&mut self, networks: Vec<(VpcId, Vec<IpNet>)>) {
        self.networks = networks;
    }

    /// Plans for names that are not ours, from the next build on: of networks, and of all others.
    pub fn set_forwarding(
        &mut self,
        others: Option<ForwardPlan>,
        networks: BTreeMap<VpcId, ForwardPlan>,
    ) {
        (self.forward, self.forward_of) = (others, networks);
    }

    /// Makes the catalog of a snapshot, leaving out what is not healthy.
    pub fn build(&mut self, snapshot: &Snapshot, health: &Health) -> Catalog {
        let (endpoint_zone, soa) = self.endpoints.build(snapshot, health);
        let mut shared = ZoneSet::default();
        for zone in self.static_zones.iter().filter(|zone| zone.is_for_all()) {
            shared.insert(Arc::clone(&zone.zone));
        }
        let islands = Islands::new(endpoint_zone.apex().as_wire(), &soa, crate::TTL_S);
        // Last, so that no master file stands in for the endpoints' names.
        shared.insert(Arc::new(endpoint_zone));
        let shared = Arc::new(shared);
        let public = View::new(Arc::clone(&shared), ZoneSet::default(), islands.clone())
            .forwarding(self.forward);
        let views = self.views(snapshot, &shared, &islands);
        let own_names: usize = views.values().map(View::own_name_count).sum();
        // A network that sees nothing of its own makes nobody's clients doubtful.
        let told = snapshot.vpcs.values().filter(|vpc| views.contains_key(&vpc.id));
        let told = told.flat_map(|vpc| vpc.cidrs.iter().map(|prefix| (*prefix, vpc.id)));
        let settled = self
            .networks
            .iter()
            .flat_map(|(vpc, prefixes)| prefixes.iter().map(|prefix| (*prefix, *vpc)));
        let networks = Networks::new(told, settled);
        Catalog {
            generation: snapshot.generation,
            name_count: shared.name_count() + own_names,
            public,
            views,
            networks,
        }
    }

    /// The views of networks that see something of their own.
    fn views(
        &self,
        snapshot: &Snapshot,
        shared: &Arc<ZoneSet>,
        islands: &Islands,
    ) -> BTreeMap<VpcId, View> {
        let mut zones = BTreeMap::<VpcId, ZoneSet>::new();
        for zone in &self.static_zones {
            for vpc in &zone.vpcs {
                zones.entry(*vpc).or_default().insert(Arc::clone(&zone.zone));
            }
        }
        let settled = self.networks.iter().map(|(vpc, _)| vpc);
        let known: BTreeSet<VpcId> = snapshot.vpcs.keys().chain(settled).copied().collect();
        let mut names = self.endpoints.names_within(&known);
        let forwarding = self.forward_of.keys();
        let vpcs: BTreeSet<VpcId> =
            zones.keys().chain(names.keys()).chain(forwarding).copied().collect();
        let view = |vpc| {
            let own = zones.remove(&vpc).unwrap_or_default();
            let mut islands = islands.clone();
            for node in names.remove(&vpc).unwrap_or_default() {
                islands.insert(node);
            }
            let forward = self.forward_of.get(&vpc).copied().or(self.forward);
            (vpc, View::new(Arc::clone(shared), own, islands).forwarding(forward))
        };
        vpcs.into_iter().map(view).collect()
    }
}
