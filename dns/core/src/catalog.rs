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
    endpoint_zone::{EndpointZone, OwnNames},
    island::Islands,
    master::StaticZone,
    network::Networks,
    view::{ForwardPlan, Owner, View, ZoneSet},
};

/// All that is served at one moment.
#[derive(Clone, Debug)]
pub struct Catalog {
    generation: Generation,
    public: View,
    /// Of the networks that see more than the public.
    views: BTreeMap<VpcId, Views>,
    networks: Networks<Place>,
    name_count: usize,
}

/// What clients of one network see.
#[derive(Clone, Debug)]
struct Views {
    /// Everyone's.
    whole: View,
    /// Of those inside, if they see less.
    inside: Option<View>,
}

/// Where a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The network.
    pub vpc: VpcId,
    /// Whether it has an address of the network itself, and does not only ask on its behalf.
    pub is_inside: bool,
}

impl Catalog {
    /// The snapshot that it was made from.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// What a client at this address sees: the view of its network, or else what everyone sees.
    pub fn view_of(&self, client: IpAddr) -> &View {
        match self.networks.owner_of(client) {
            Some(place) => self.view_at(place),
            None => &self.public,
        }
    }

    /// What a client at this address sees that asks at a listener in this network.
    pub fn view_in(&self, vpc: VpcId, client: IpAddr) -> &View {
        match self.views.get(&vpc) {
            None => &self.public,
            Some(Views { whole, inside: None }) => whole,
            Some(Views { whole, inside: Some(inside) }) => {
                let is_inside = self.networks.owner_of(client);
                if is_inside == Some(Place { vpc, is_inside: true }) { inside } else { whole }
            }
        }
    }

    /// The longest known prefix that holds an address, and whose network it is: nobody's if it is
    /// more than one's.
    pub fn network_of(&self, client: IpAddr) -> Option<(IpNet, Option<Place>)> {
        self.networks.prefix_of(client)
    }

    fn view_at(&self, place: Place) -> &View {
        match self.views.get(&place.vpc) {
            None => &self.public,
            Some(Views { inside: Some(inside), .. }) if place.is_inside => inside,
            Some(Views { whole, .. }) => whole,
        }
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
    inbound_only: BTreeSet<VpcId>,
    numbers: BTreeMap<VpcId, usize>,
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

    /// Hides private names of these networks from clients inside them, from the next build on:
    /// only those see them who ask from elsewhere on the network's behalf, by the addresses of
    /// [`Self::set_networks`] or at a listener in the network.
    pub fn set_inbound_only(&mut self, networks: BTreeSet<VpcId>) {
        self.inbound_only = networks;
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
        let own_names: usize = views.values().map(|it| it.whole.own_name_count()).sum();
        // A network that sees nothing of its own makes nobody's clients doubtful.
        let told = snapshot.vpcs.values().filter(|vpc| views.contains_key(&vpc.id));
        let told = told.flat_map(|vpc| {
            let place = Place { vpc: vpc.id, is_inside: true };
            vpc.cidrs.iter().map(move |prefix| (*prefix, place))
        });
        let settled = self.networks.iter().flat_map(|(vpc, prefixes)| {
            let place = Place { vpc: *vpc, is_inside: false };
            prefixes.iter().map(move |prefix| (*prefix, place))
        });
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
        &mut self,
        snapshot: &Snapshot,
        shared: &Arc<ZoneSet>,
        islands: &Islands,
    ) -> BTreeMap<VpcId, Views> {
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
        let mut views = BTreeMap::new();
        for vpc in vpcs {
            let own = zones.remove(&vpc).unwrap_or_default();
            let OwnNames { private, reverse } = names.remove(&vpc).unwrap_or_default();
            let forward = self.forward_of.get(&vpc).copied().or(self.forward);
            let owner = Owner { vpc: Some(vpc), number: self.number(vpc) };
            let view = |own, islands| {
                View::new(Arc::clone(shared), own, islands).forwarding(forward).owned_by(owner)
            };
            let mut islands = islands.clone();
            reverse.into_iter().for_each(|node| islands.insert(node));
            let inside =
                self.inbound_only.contains(&vpc).then(|| view(own.clone(), islands.clone()));
            private.into_iter().for_each(|node| islands.insert(node));
            views.insert(vpc, Views { whole: view(own, islands), inside });
        }
        views
    }

    /// The number that stands for a network from now on.
    fn number(&mut self, vpc: VpcId) -> usize {
        let next = Owner::OTHERS + 1 + self.numbers.len();
        if next >= Owner::NUMBERS_MAX {
            return self.numbers.get(&vpc).copied().unwrap_or(Owner::OTHERS);
        }
        *self.numbers.entry(vpc).or_insert(next)
    }
}
