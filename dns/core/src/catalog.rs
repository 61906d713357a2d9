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
use model::{Generation, Health, Snapshot, Vpc, VpcId};

use crate::{
    endpoint_zone::{Audience, EndpointZone},
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
    networks: Arc<Networks<Place>>,
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

    /// What networks see, each as a whole.
    pub(crate) fn whole_views(&self) -> impl Iterator<Item = (VpcId, &View)> {
        self.views.iter().map(|(vpc, views)| (*vpc, &views.whole))
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
    /// The static zones that all see, and those of networks.
    static_zones: Arc<ZoneSet>,
    static_zones_of: BTreeMap<VpcId, Arc<ZoneSet>>,
    networks: Vec<(VpcId, Vec<IpNet>)>,
    told: Option<Told>,
    forward: Option<ForwardPlan>,
    forward_of: BTreeMap<VpcId, ForwardPlan>,
    inbound_only: BTreeSet<VpcId>,
    numbers: BTreeMap<VpcId, usize>,
}

/// How clients are told to be in networks, and what that was made of.
#[derive(Debug)]
struct Told {
    vpcs: BTreeMap<VpcId, Arc<Vpc>>,
    /// The networks that see something of their own.
    seeing: Vec<VpcId>,
    networks: Arc<Networks<Place>>,
}

impl CatalogBuilder {
    /// A builder whose zones name a server at these addresses.
    pub fn new(name_servers: Vec<IpAddr>) -> Self {
        Self { endpoints: EndpointZone::new(name_servers), ..Self::default() }
    }

    /// Serves these zones from the next build on, in place of the last ones so set.
    pub fn set_static_zones(&mut self, zones: Vec<StaticZone>) {
        let mut of = BTreeMap::<VpcId, ZoneSet>::new();
        let mut shared = ZoneSet::default();
        for StaticZone { zone, vpcs } in zones {
            for vpc in &vpcs {
                of.entry(*vpc).or_default().insert(Arc::clone(&zone));
            }
            if vpcs.is_empty() {
                shared.insert(zone);
            }
        }
        self.static_zones = Arc::new(shared);
        self.static_zones_of = of.into_iter().map(|(vpc, zones)| (vpc, zones.into())).collect();
    }

    /// Tells networks by these client addresses too from the next build on. Whose a prefix given
    /// here is does not depend on whose it is in the snapshot.
    pub fn set_networks(&mut self, networks: Vec<(VpcId, Vec<IpNet>)>) {
        self.networks = networks;
        self.told = None;
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
        let settled = self.networks.iter().map(|(vpc, _)| vpc);
        let told = snapshot.vpcs.keys().chain(settled).copied().collect();
        let audience = Audience { told: &told, inbound_only: &self.inbound_only };
        let (region, own_names) = self.endpoints.build(snapshot, health, &audience);
        let own_names: BTreeMap<_, _> =
            own_names.iter().filter(|(_, names)| names.len() > 0).collect();
        let mut name_count = region.name_count() + self.static_zones.name_count();
        let public =
            View::new(Arc::new(region), Arc::clone(&self.static_zones)).forwarding(self.forward);
        let seeing =
            self.static_zones_of.keys().chain(own_names.keys()).chain(self.forward_of.keys());
        let seeing: BTreeSet<VpcId> = seeing.copied().collect();
        let mut views = BTreeMap::new();
        for vpc in &seeing {
            let zones = self.static_zones_of.get(vpc).cloned().unwrap_or_default();
            let forward = self.forward_of.get(vpc).copied().or(self.forward);
            let owner = Owner { vpc: Some(*vpc), number: number(&mut self.numbers, *vpc) };
            let view = |islands: Arc<Islands>| {
                public.with(Arc::clone(&zones), islands).forwarding(forward).owned_by(owner)
            };
            let names = own_names.get(vpc);
            let whole = view(names.map(|names| Arc::clone(&names.whole)).unwrap_or_default());
            let inside = names.and_then(|names| names.inside.clone()).map(view);
            name_count += whole.own_name_count();
            views.insert(*vpc, Views { whole, inside });
        }
        let networks = told_by(&mut self.told, &self.networks, snapshot, seeing);
        Catalog { generation: snapshot.generation, public, views, networks, name_count }
    }
}

/// How clients are told to be in networks; made anew only if that changed. A network that sees
/// nothing of its own makes nobody's clients doubtful.
fn told_by(
    last: &mut Option<Told>,
    settled: &[(VpcId, Vec<IpNet>)],
    snapshot: &Snapshot,
    seeing: BTreeSet<VpcId>,
) -> Arc<Networks<Place>> {
    if let Some(told) = last
        && told.vpcs == snapshot.vpcs
        && told.seeing.iter().eq(&seeing)
    {
        return Arc::clone(&told.networks);
    }
    let vpcs = snapshot.vpcs.values().filter(|vpc| seeing.contains(&vpc.id));
    let prefixes = vpcs.flat_map(|vpc| {
        let place = Place { vpc: vpc.id, is_inside: true };
        vpc.cidrs.iter().map(move |prefix| (*prefix, place))
    });
    let settled = settled.iter().flat_map(|(vpc, prefixes)| {
        let place = Place { vpc: *vpc, is_inside: false };
        prefixes.iter().map(move |prefix| (*prefix, place))
    });
    let networks = Arc::new(Networks::new(prefixes, settled));
    let (vpcs, seeing) = (snapshot.vpcs.clone(), seeing.into_iter().collect());
    *last = Some(Told { vpcs, seeing, networks: Arc::clone(&networks) });
    networks
}

/// The number that stands for a network from now on.
fn number(numbers: &mut BTreeMap<VpcId, usize>, vpc: VpcId) -> usize {
    let next = Owner::OTHERS + 1 + numbers.len();
    if next >= Owner::NUMBERS_MAX {
        return numbers.get(&vpc).copied().unwrap_or(Owner::OTHERS);
    }
    *numbers.entry(vpc).or_insert(next)
}
