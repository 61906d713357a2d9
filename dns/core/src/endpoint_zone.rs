//! The Region's zone, `<region>.vpce.amazonaws.com`, made of a snapshot and of health.
//!
//! What one endpoint contributes depends on that endpoint and on which of its interfaces are
//! healthy, so it is kept from build to build and made anew only if either changed; a snapshot
//! shares the endpoints that did not change. Does not know when to build, nor who asks.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet, HashMap},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use model::{
    AddressFamily, DnsName, ENDPOINT_DOMAIN, Endpoint, Health, Interface, LoadBalancerId,
    RegionName, Snapshot, VpcEndpointId, VpcId, ZoneId,
};

use crate::{
    name::{Name, is_within},
    node::Node,
    record::RrSet,
    reverse,
    wire::RecordType,
    zone::Zone,
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
}

/// Names that one network sees.
#[derive(Debug, Default)]
pub(crate) struct OwnNames {
    /// Services' own names.
    pub(crate) private: Vec<Arc<Node>>,
    /// Those of interface addresses.
    pub(crate) reverse: Vec<Arc<Node>>,
}

/// What one endpoint contributes.
#[derive(Debug)]
struct Part {
    endpoint: Arc<Endpoint>,
    /// Whether each interface is healthy.
    healthy: Vec<bool>,
    nodes: Vec<Arc<Node>>,
    /// The service's own names, seen in the endpoint's network alone.
    private: Vec<Arc<Node>>,
    /// The names of its addresses, made when first wanted.
    reverse: OnceCell<Vec<Arc<Node>>>,
}

impl EndpointZone {
    /// A zone that names a server at these addresses.
    pub(crate) fn new(name_servers: Vec<IpAddr>) -> Self {
        Self { name_servers, ..Self::default() }
    }

    /// The zone, and the data of its SOA record.
    pub(crate) fn build(&mut self, snapshot: &Snapshot, health: &Health) -> (Zone, Vec<u8>) {
        let mut before = std::mem::take(&mut self.parts);
        let mut zones = ZoneHealth::new(snapshot, health);
        for (id, endpoint) in &snapshot.endpoints {
            let healthy: Vec<_> = endpoint.interfaces.iter().map(|i| zones.is_healthy(i)).collect();
            let part = match before.remove(id) {
                Some(part) if part.is_made_of(endpoint, &healthy) => part,
                _ => Part::new(endpoint, healthy),
            };
            self.parts.insert(*id, part);
        }
        self.assemble(snapshot)
    }

    /// What only these networks see, as of the last build.
    pub(crate) fn names_within(&self, vpcs: &BTreeSet<VpcId>) -> BTreeMap<VpcId, OwnNames> {
        let mut names = BTreeMap::<VpcId, OwnNames>::new();
        for part in self.parts.values().filter(|part| vpcs.contains(&part.endpoint.vpc)) {
            let nodes = part.reverse.get_or_init(|| reverse::nodes(&part.endpoint));
            let own = names.entry(part.endpoint.vpc).or_default();
            own.reverse.extend(nodes.iter().cloned());
            own.private.extend(part.private.iter().cloned());
        }
        names
    }

    fn assemble(&self, snapshot: &Snapshot) -> (Zone, Vec<u8>) {
        let apex = apex(&snapshot.region);
        let ns = apex.child(b"ns1").expect("a Region's zone has room for a name server");
        let hostmaster = apex.child(b"hostmaster").expect("a Region's zone has room for a mailbox");
        // The zone's serial number is 32 bits that may wrap (RFC 1982).
        let [_, _, _, _, serial @ ..] = snapshot.generation.0.to_be_bytes();
        let mut soa = [ns.as_wire(), hostmaster.as_wire(), &serial].concat();
        REFRESH_RETRY_EXPIRE_S.iter().for_each(|number| soa.extend(number.to_be_bytes()));
        soa.extend(TTL_S.to_be_bytes());
        let apex_rrsets = vec![
            RrSet::new(RecordType::SOA, TTL_S, vec![soa.as_slice().into()]),
            RrSet::new(RecordType::NS, TTL_S, vec![ns.as_wire().into()]),
        ];
        let own = [
            Arc::new(Node::new(apex.clone(), apex_rrsets)),
            Arc::new(Node::new(ns, address_rrsets(&self.name_servers))),
        ];
        let count = self.parts.values().map(|part| part.nodes.len()).sum();
        let nodes = self.parts.values().flat_map(|part| part.nodes.iter().cloned());
        let nodes = nodes.filter(|node| is_within(node.name(), apex.as_wire()));
        let nodes = own.into_iter().chain(nodes);
        let zone = Zone::assemble(apex.clone(), (&soa, TTL_S), count, nodes);
        (zone, soa)
    }
}

/// The name of a Region's zone.
fn apex(region: &RegionName) -> Name {
    let domain = ENDPOINT_DOMAIN
        .split('.')
        .rev()
        .try_fold(Name::root(), |name, label| name.child(label.as_bytes()));
    domain
        .and_then(|domain| domain.child(region.as_str().as_bytes()))
        .expect("a Region's name is one label and the domain is short")
}

impl Part {
    fn new(endpoint: &Arc<Endpoint>, healthy: Vec<bool>) -> Self {
        // All unhealthy: answer all, as Route 53 does; an address that may work beats none.
        let any = healthy.contains(&true);
        let chosen = endpoint.interfaces.iter().zip(&healthy).filter(|(_, up)| !any || **up);
        let regional = node((&endpoint.regional_name).into(), endpoint, chosen.map(|(i, _)| i));
        let mut nodes = vec![regional];
        for interface in &endpoint.interfaces {
            nodes.push(node((&interface.zonal_name).into(), endpoint, [interface].into_iter()));
        }
        let names = endpoint.private_dns_names.iter();
        let private = names.map(|name| alias(name, endpoint)).collect();
        Self { endpoint: Arc::clone(endpoint), healthy, nodes, private, reverse: OnceCell::new() }
    }

    fn is_made_of(&self, endpoint: &Arc<Endpoint>, healthy: &[bool]) -> bool {
        let same = Arc::ptr_eq(&self.endpoint, endpoint) || self.endpoint == *endpoint;
        same && self.healthy == healthy
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
) -> Arc<Node> {
    let kind = endpoint.dns_record_ip_type;
    let addresses: Vec<_> = interfaces
        .flat_map(Interface::addresses)
        .filter(|address| kind.endpoint_names_have(family(address)))
        .collect();
    Arc::new(Node::new(name, address_rrsets(&addresses)))
}

fn family(address: &IpAddr) -> AddressFamily {
    if address.is_ipv4() { AddressFamily::Ipv4 } else { AddressFamily::Ipv6 }
}

/// The A and AAAA records of addresses; no RRset is empty.
fn address_rrsets(addresses: &[IpAddr]) -> Vec<RrSet> {
    let mut ipv4 = Vec::<Ipv4Addr>::new();
    let mut ipv6 = Vec::<Ipv6Addr>::new();
    for address in addresses {
        match address {
            IpAddr::V4(address) => ipv4.push(*address),
            IpAddr::V6(address) => ipv6.push(*address),
        }
    }
    let mut rrsets = Vec::with_capacity(2);
    if !ipv4.is_empty() {
        rrsets.push(RrSet::ipv4(TTL_S, &ipv4));
    }
    if !ipv6.is_empty() {
        rrsets.push(RrSet::ipv6(TTL_S, &ipv6));
    }
    rrsets
}

/// The health of load balancers' zones, worked out once for all the interfaces that share one.
struct ZoneHealth<'s> {
    snapshot: &'s Snapshot,
    health: &'s Health,
    known: HashMap<(LoadBalancerId, &'s ZoneId), bool>,
}

impl<'s> ZoneHealth<'s> {
    fn new(snapshot: &'s Snapshot, health: &'s Health) -> Self {
        Self { snapshot, health, known: HashMap::new() }
    }

    fn is_healthy(&mut self, interface: &'s Interface) -> bool {
        let key = (interface.load_balancer, &interface.zone);
        let (snapshot, health) = (self.snapshot, self.health);
        let work_out = || health.is_interface_healthy(snapshot, interface);
        *self.known.entry(key).or_insert_with(work_out)
    }
}
