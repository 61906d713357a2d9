//! The Region's zone, `<region>.vpce.amazonaws.com`, made of a snapshot and of health.
//!
//! What one endpoint contributes depends on that endpoint and on which of its interfaces are
//! healthy, so it is kept from build to build and made anew only if either changed; a snapshot
//! shares the endpoints that did not change. Does not know when to build, nor who asks.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use model::{
    AddressFamily, DnsName, ENDPOINT_DOMAIN, Endpoint, Health, Interface, RegionName, Snapshot,
    Vpc, VpcEndpointId, VpcId,
};

use crate::{
    affinity::{Affinity, ZonalAnswer},
    name::Name,
    node::Node,
    own_names::{Names, OwnNames, OwnNamesOfAll},
    record::RrSet,
    reverse,
    tree::Tree,
    wire::RecordType,
    zone::Zone,
    zone_health::{Causes, Standing, ZoneHealth},
};

/// How long an answer may be remembered, in seconds. What a Network Load Balancer's names have
/// (semantics 10); RFC 2181 8 would allow less, and then clients would miss a dead zone sooner, but
/// ask more often.
pub const TTL_S: u32 = 60;
/// How often secondaries would ask, retry and give up, in seconds. There are none; the values only
/// have to look sane to checking tools (RFC 1912 2.2).
const REFRESH_RETRY_EXPIRE_S: [u32; 3] = [7_200, 900, 1_209_600];

/// Makes the zone, remembering what did not change since the last time.
#[derive(Debug, Default)]
pub(crate) struct EndpointZone {
    name_servers: Vec<IpAddr>,
    parts: BTreeMap<VpcEndpointId, Part>,
    /// The names of all parts, as of the last build.
    tree: Option<Tree>,
    own_names: OwnNamesOfAll,
    causes: Causes,
}

/// What one endpoint contributes.
#[derive(Debug)]
struct Part {
    endpoint: Arc<Endpoint>,
    /// Where each interface stands.
    standings: Box<[Standing]>,
    /// Its network, if it matters who in it asks.
    vpc: Option<Arc<Vpc>>,
    nodes: Box<[Arc<Node>]>,
    /// The service's own names, seen in the endpoint's network alone.
    private: Box<[Arc<Node>]>,
    /// The names of its addresses, made when first wanted.
    reverse: OnceCell<Box<[Arc<Node>]>>,
}

/// Who can be told to be of a network.
pub(crate) struct Audience<'a> {
    /// Networks that have addresses.
    pub(crate) told: &'a BTreeSet<VpcId>,
    /// Those of them whose own clients see less than others who ask on their behalf.
    pub(crate) inbound_only: &'a BTreeSet<VpcId>,
}

impl EndpointZone {
    /// A zone that names a server at these addresses.
    pub(crate) fn new(name_servers: Vec<IpAddr>) -> Self {
        Self { name_servers, ..Self::default() }
    }

    /// The zone, and what its networks see beside it.
    pub(crate) fn build(
        &mut self,
        snapshot: &Snapshot,
        health: &Health,
        audience: &Audience<'_>,
    ) -> (Zone, &OwnNamesOfAll) {
        let apex = apex(&snapshot.region);
        let mut tree = match self.tree.take() {
            Some(tree) if *tree.apex() == apex => tree,
            _ => self.start(apex),
        };
        let new_networks = self.own_names.settle(audience.told, audience.inbound_only);
        let (gone, changed) = self.differences(snapshot, health);
        // All go before any come, so that a name may go over from one endpoint to another.
        for id in gone.iter().chain(changed.iter().map(|change| change.id)) {
            if let Some(part) = self.parts.remove(id) {
                part.nodes.iter().for_each(|node| tree.remove(node));
                self.change_own(&part, &new_networks, OwnNames::remove);
            }
        }
        tree.reserve(changed.iter().map(|change| change.standings.len() + 1).sum());
        for Change { id, endpoint, standings } in changed {
            let part = Part::new(endpoint, standings, snapshot);
            part.nodes.iter().for_each(|node| tree.insert(node));
            self.change_own(&part, &new_networks, OwnNames::insert);
            self.parts.insert(*id, part);
        }
        self.fill(&new_networks);
        let zone = finish(&mut tree, snapshot);
        self.tree = Some(tree);
        (zone, &self.own_names)
    }

    /// Starts anew, with the name server alone.
    fn start(&mut self, apex: Name) -> Tree {
        self.parts.clear();
        self.own_names = OwnNamesOfAll::default();
        let server = name_server(&apex);
        let mut tree = Tree::new(apex);
        tree.insert(&Arc::new(Node::new(server, address_rrsets(&self.name_servers))));
        tree
    }

    /// Which endpoints are gone, and which are new or not what they were.
    fn differences<'s>(
        &mut self,
        snapshot: &'s Snapshot,
        health: &'s Health,
    ) -> (Vec<VpcEndpointId>, Vec<Change<'s>>) {
        let (mut gone, mut changed) = (Vec::new(), Vec::new());
        let is_all_as_healthy = !self.causes.renew(snapshot, health);
        let mut zones = ZoneHealth::new(snapshot, health);
        let mut parts = self.parts.iter().peekable();
        for (id, endpoint) in &snapshot.endpoints {
            while let Some((before, _)) = parts.next_if(|(before, _)| *before < id) {
                gone.push(*before);
            }
            let part = parts.next_if(|(before, _)| *before == id).map(|(_, part)| part);
            let is_kept = part.is_some_and(|part| {
                part.is_of(endpoint, snapshot)
                    && (is_all_as_healthy || part.is_as_healthy(&mut zones, endpoint))
            });
            if is_kept {
                continue;
            }
            let standings = endpoint.interfaces.iter().map(|i| zones.standing(i)).collect();
            changed.push(Change { id, endpoint, standings });
        }
        gone.extend(parts.map(|(id, _)| *id));
        (gone, changed)
    }

    /// Changes the names of a part's network, unless they are all to be added later.
    fn change_own(
        &mut self,
        part: &Part,
        later: &BTreeSet<VpcId>,
        change: impl FnOnce(&mut OwnNames, &Names<'_>),
    ) {
        let vpc = part.endpoint.vpc;
        if let Some(own) = self.own_names.get_mut(vpc).filter(|_| !later.contains(&vpc)) {
            change(own, &part.own_names());
        }
    }

    /// Adds all names of these networks.
    fn fill(&mut self, networks: &BTreeSet<VpcId>) {
        if networks.is_empty() {
            return;
        }
        for part in self.parts.values().filter(|part| networks.contains(&part.endpoint.vpc)) {
            if let Some(own) = self.own_names.get_mut(part.endpoint.vpc) {
                own.insert(&part.own_names());
            }
        }
    }
}

/// An endpoint to make anew.
struct Change<'s> {
    id: &'s VpcEndpointId,
    endpoint: &'s Arc<Endpoint>,
    standings: Box<[Standing]>,
}

/// Gives the tree its apex, and makes a zone of it.
fn finish(tree: &mut Tree, snapshot: &Snapshot) -> Zone {
    let apex = tree.apex().clone();
    let server = name_server(&apex);
    let hostmaster = apex.child(b"hostmaster").expect("a Region's zone has room for a mailbox");
    // The zone's serial number is 32 bits that may wrap (RFC 1982).
    let [_, _, _, _, serial @ ..] = snapshot.generation.0.to_be_bytes();
    let mut soa = [server.as_wire(), hostmaster.as_wire(), &serial].concat();
    REFRESH_RETRY_EXPIRE_S.iter().for_each(|number| soa.extend(number.to_be_bytes()));
    soa.extend(TTL_S.to_be_bytes());
    let rrsets = vec![
        RrSet::new(RecordType::SOA, TTL_S, vec![soa.as_slice().into()]),
        RrSet::new(RecordType::NS, TTL_S, vec![server.as_wire().into()]),
    ];
    tree.insert(&Arc::new(Node::new(apex.clone(), rrsets)));
    Zone::plain(apex, (&soa, TTL_S), tree.table().clone())
}

fn name_server(apex: &Name) -> Name {
    apex.child(b"ns1").expect("a Region's zone has room for a name server")
}

/// The name of a Region's zone.
pub(crate) fn apex(region: &RegionName) -> Name {
    let domain = ENDPOINT_DOMAIN
        .split('.')
        .rev()
        .try_fold(Name::root(), |name, label| name.child(label.as_bytes()));
    domain
        .and_then(|domain| domain.child(region.as_str().as_bytes()))
        .expect("a Region's name is one label and the domain is short")
}

impl Part {
    fn new(endpoint: &Arc<Endpoint>, standings: Box<[Standing]>, snapshot: &Snapshot) -> Self {
        // All unhealthy: answer all, as Route 53 does; an address that may work beats none.
        let any = standings.iter().any(|it| it.is_healthy);
        let pairs = endpoint.interfaces.iter().zip(&standings);
        let chosen: Vec<_> = pairs.filter(|(_, it)| !any || it.is_healthy).collect();
        let interfaces = chosen.iter().map(|(interface, _)| *interface);
        let regional = node((&endpoint.regional_name).into(), endpoint, interfaces);
        let vpc = snapshot.vpcs.get(&endpoint.vpc).filter(|_| keeps_any(&standings));
        let affinity = vpc.and_then(|vpc| affinity(endpoint, &chosen, vpc, &regional));
        let mut nodes = Vec::with_capacity(endpoint.interfaces.len() + 1);
        nodes.push(Arc::new(regional.favouring(affinity)));
        for interface in &endpoint.interfaces {
            let name = (&interface.zonal_name).into();
            nodes.push(Arc::new(node(name, endpoint, [interface].into_iter())));
        }
        let names = endpoint.private_dns_names.iter();
        let private = names.map(|name| alias(name, endpoint)).collect();
        let (endpoint, vpc) = (Arc::clone(endpoint), vpc.cloned());
        Self { endpoint, standings, vpc, nodes: nodes.into(), private, reverse: OnceCell::new() }
    }

    fn is_of(&self, endpoint: &Arc<Endpoint>, snapshot: &Snapshot) -> bool {
        (Arc::ptr_eq(&self.endpoint, endpoint) || self.endpoint == *endpoint)
            && (!keeps_any(&self.standings)
                || self.vpc.as_ref() == snapshot.vpcs.get(&endpoint.vpc))
    }

    fn is_as_healthy<'s>(&self, zones: &mut ZoneHealth<'s>, endpoint: &'s Endpoint) -> bool {
        let mut pairs = endpoint.interfaces.iter().zip(&self.standings);
        pairs.all(|(interface, standing)| zones.standing(interface) == *standing)
    }

    /// What only the endpoint's network sees.
    fn own_names(&self) -> Names<'_> {
        let reverse = self.reverse.get_or_init(|| reverse::nodes(&self.endpoint).into());
        Names { private: &self.private, reverse }
    }
}

/// A service's own name, which leads to the Regional name and so to its healthy zones. Where it has
/// no AAAA records although the Regional name has, it has no alias either for whoever asks for
/// them: one would lead there.
fn alias(name: &DnsName, endpoint: &Endpoint) -> Arc<Node> {
    let target = Name::from(&endpoint.regional_name);
    let alias = RrSet::new(RecordType::CNAME, TTL_S, vec![target.as_wire().into()]);
    let kind = endpoint.dns_record_ip_type;
    let family = AddressFamily::Ipv6;
    let is_less = kind.endpoint_names_have(family) && !kind.private_name_has(family);
    let node = Node::new(name.into(), vec![alias]);
    Arc::new(node.hiding(is_less.then_some(RecordType::AAAA)))
}

/// A name of an endpoint, with the addresses that its DNS record IP type lets be seen.
fn node<'i>(
    name: Name,
    endpoint: &Endpoint,
    interfaces: impl Iterator<Item = &'i Interface>,
) -> Node {
    Node::new(name, rrsets(endpoint, interfaces))
}

/// The records of interfaces that an endpoint's DNS record IP type lets be seen.
fn rrsets<'i>(endpoint: &Endpoint, interfaces: impl Iterator<Item = &'i Interface>) -> Vec<RrSet> {
    let kind = endpoint.dns_record_ip_type;
    let addresses: Vec<_> = interfaces
        .flat_map(Interface::addresses)
        .filter(|address| kind.endpoint_names_have(family(address)))
        .collect();
    address_rrsets(&addresses)
}

/// Whether any interface's zone keeps its clients.
fn keeps_any(standings: &[Standing]) -> bool {
    standings.iter().any(|standing| !standing.policy.is_any_zone())
}

/// What the Regional name says to clients in those zones that keep their clients, by the subnets of
/// the endpoint's network. Only zones that are answered at all are: so a client whose own zone is
/// not healthy goes to another, and one stays in its own when none is.
fn affinity(
    endpoint: &Endpoint,
    chosen: &[(&Interface, &Standing)],
    vpc: &Vpc,
    regional: &Node,
) -> Option<Affinity> {
    let keeping = chosen.iter().filter(|(_, standing)| !standing.policy.is_any_zone());
    let answers = keeping.filter_map(|(interface, standing)| {
        let rrsets = rrsets(endpoint, [*interface].into_iter());
        let subnets = vpc.subnets.values().filter(|subnet| subnet.zone == interface.zone);
        let answer = ZonalAnswer { policy: standing.policy, rrsets: rrsets.into() };
        // A type of record that the zone lacks and another has is not kept from its clients.
        let is_whole = answer.rrsets.len() == regional.rrsets().len();
        is_whole.then(|| (subnets.flat_map(|subnet| &subnet.cidrs).collect(), answer))
    });
    Affinity::new(endpoint.vpc, answers)
}

fn family(address: &IpAddr) -> AddressFamily {
    if address.is_ipv4() { AddressFamily::Ipv4 } else { AddressFamily::Ipv6 }
}

/// The A and AAAA records of addresses; no RRset is empty.
fn address_rrsets(addresses: &[IpAddr]) -> Vec<RrSet> {
    let (mut ipv4, mut ipv6) = (Vec::new(), Vec::new());
    for address in addresses {
        match address {
            IpAddr::V4(address) => ipv4.push(address.octets()),
            IpAddr::V6(address) => ipv6.push(address.octets()),
        }
    }
    let mut rrsets =
        Vec::with_capacity(usize::from(!ipv4.is_empty()) + usize::from(!ipv6.is_empty()));
    if !ipv4.is_empty() {
        rrsets.push(RrSet::addresses(RecordType::A, TTL_S, &ipv4));
    }
    if !ipv6.is_empty() {
        rrsets.push(RrSet::addresses(RecordType::AAAA, TTL_S, &ipv6));
    }
    rrsets
}
