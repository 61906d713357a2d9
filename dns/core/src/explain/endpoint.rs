//! What an endpoint contributes to an answer: which of its addresses, and why not the others.

use std::net::IpAddr;

use model::{
    AddressFamily, ClientRoutingPolicy, Endpoint, Health, Interface, Snapshot, VpcEndpointId,
    VpcId, ZoneId, ZoneTrouble,
};

use super::Asked;
use crate::{
    name::{Name, labels},
    node::Node,
    wire::RecordType,
};

/// What matters of an endpoint for its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointFacts {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Which of its names it is.
    pub name: EndpointName,
    /// The client's zone, if it counts: if the client has the view of the endpoint's network and
    /// an address of one of its subnets, in whose zone the endpoint has an address to give.
    pub client_zone: Option<ClientZone>,
    /// Its interfaces as far as the name is about them.
    pub interfaces: Vec<InterfaceFacts>,
}

/// The zone of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientZone {
    /// The zone.
    pub zone: ZoneId,
    /// How strongly the load balancer that serves the endpoint there keeps clients in it.
    pub policy: ClientRoutingPolicy,
}

/// Which of an endpoint's names a name is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointName {
    /// The one that leads to all healthy zones.
    Regional,
    /// The one that leads to one zone.
    Zonal(ZoneId),
    /// The service's own.
    Private,
}

/// What matters of an interface for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceFacts {
    /// Its zone.
    pub zone: ZoneId,
    /// Whether the zone has what it takes to be answered with.
    pub health: ZoneHealth,
    /// Its addresses, and why each is answered with or not.
    pub addresses: Vec<(IpAddr, Use)>,
}

/// Whether a zone of a load balancer has what it takes to be answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZoneHealth {
    /// It has.
    Healthy,
    /// Not all of the interface's addresses are bound.
    NotBound,
    /// The load balancer is gone.
    NoLoadBalancer,
    /// This is in the way.
    Unhealthy(ZoneTrouble),
}

/// Why an address is in the answer or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It is in the answer.
    Given,
    /// It is in the answer although its zone is unhealthy: all zones are.
    GivenForWantOfBetter,
    /// It is in those answers only that do not keep the client in its own zone, which is another.
    GivenAtTimes,
    /// The client is kept in its own zone, which is another.
    OtherZone,
    /// Its zone is unhealthy, and another is not.
    Unhealthy,
    /// The endpoint's DNS record IP type leaves out its family for this name.
    LeftOutByType,
    /// The question is for another family.
    NotAsked,
}

/// The endpoint of which a name in the endpoints' zone would be, were it there: as long as an
/// endpoint is neither pending nor available, it has no names.
pub fn endpoint_of_name(name: &Name) -> Option<VpcEndpointId> {
    let wire = name.as_wire();
    let label = labels(wire).next()?;
    let text = std::str::from_utf8(label).ok()?;
    text.match_indices('-').nth(1).and_then(|(at, _)| text[..at].parse().ok())
}

/// The endpoint whose private name a node is.
pub(super) fn private_name<'s>(
    snapshot: &'s Snapshot,
    node: &Node,
    vpc: Option<VpcId>,
) -> Option<&'s Endpoint> {
    let own = snapshot.endpoints.values().filter(|endpoint| Some(endpoint.vpc) == vpc);
    let is_named = |endpoint: &&Endpoint| {
        endpoint.private_dns_names.iter().any(|it| Name::from(it).as_wire() == node.name())
    };
    // Of several with one name, which control refuses, the last is the one that is served.
    own.map(|endpoint| &**endpoint).rfind(is_named)
}

/// The endpoint of a Regional or zonal name.
pub(super) fn endpoint_name<'s>(
    snapshot: &'s Snapshot,
    name: &Name,
) -> Option<(&'s Endpoint, EndpointName)> {
    snapshot.endpoints.values().find_map(|endpoint| {
        if Name::from(&endpoint.regional_name) == *name {
            return Some((&**endpoint, EndpointName::Regional));
        }
        let mut interfaces = endpoint.interfaces.iter();
        let interface = interfaces.find(|it| Name::from(&it.zonal_name) == *name)?;
        Some((&**endpoint, EndpointName::Zonal(interface.zone.clone())))
    })
}

/// What matters of an endpoint for one of its names, asked by someone who has the view of `vpc`.
pub(super) fn facts(
    (snapshot, health): (&Snapshot, &Health),
    (asked, vpc): (&Asked<'_>, Option<VpcId>),
    endpoint: &Endpoint,
    name: EndpointName,
) -> EndpointFacts {
    let is_healthy =
        |interface: &Interface| zone_health(snapshot, health, interface) == ZoneHealth::Healthy;
    let any_healthy = endpoint.interfaces.iter().any(is_healthy);
    let is_zonal = matches!(name, EndpointName::Zonal(_));
    let client_zone = (!is_zonal && vpc == Some(endpoint.vpc))
        .then(|| client_zone(snapshot, endpoint, asked.client))
        .flatten()
        .filter(|(interface, _)| !any_healthy || is_healthy(interface))
        .map(|(_, client_zone)| client_zone);
    let is_meant = |interface: &&Interface| match &name {
        EndpointName::Zonal(zone) => interface.zone == *zone,
        EndpointName::Regional | EndpointName::Private => true,
    };
    let fate = |address: &IpAddr, zone: &ZoneId, zone_health: ZoneHealth| {
        let family = if address.is_ipv4() { AddressFamily::Ipv4 } else { AddressFamily::Ipv6 };
        let kind = endpoint.dns_record_ip_type;
        let has = match name {
            EndpointName::Private => kind.private_name_has(family),
            EndpointName::Regional | EndpointName::Zonal(_) => kind.endpoint_names_have(family),
        };
        if !is_asked(asked.rtype, family) {
            return Use::NotAsked;
        }
        let policy = client_zone.as_ref().filter(|own| own.zone != *zone).map(|own| own.policy);
        match (has, zone_health, policy) {
            (false, ..) => Use::LeftOutByType,
            // A zonal name has no other address to give.
            (true, health, _) if health != ZoneHealth::Healthy && any_healthy && !is_zonal => {
                Use::Unhealthy
            }
            (true, _, Some(ClientRoutingPolicy::Affinity)) => Use::OtherZone,
            (true, _, Some(ClientRoutingPolicy::PartialAffinity)) => Use::GivenAtTimes,
            (true, ZoneHealth::Healthy, _) => Use::Given,
            (true, ..) => Use::GivenForWantOfBetter,
        }
    };
    let interfaces = endpoint.interfaces.iter().filter(is_meant).map(|interface| {
        let (zone, health) = (&interface.zone, zone_health(snapshot, health, interface));
        let addresses = interface.addresses().map(|it| (it, fate(&it, zone, health))).collect();
        InterfaceFacts { zone: zone.clone(), health, addresses }
    });
    let interfaces = interfaces.collect();
    EndpointFacts { endpoint: endpoint.clone(), name, client_zone, interfaces }
}

/// The zone of a client in the endpoint's network, and the interface there.
fn client_zone<'e>(
    snapshot: &Snapshot,
    endpoint: &'e Endpoint,
    client: IpAddr,
) -> Option<(&'e Interface, ClientZone)> {
    let client = client.to_canonical();
    let subnets = &snapshot.vpcs.get(&endpoint.vpc)?.subnets;
    let mut subnets = subnets.values();
    let subnet = subnets.find(|it| it.cidrs.iter().any(|cidr| cidr.contains(&client)))?;
    let interface = endpoint.interfaces.iter().find(|it| it.zone == subnet.zone)?;
    let policy = snapshot.load_balancers.get(&interface.load_balancer)?.client_routing_policy;
    Some((interface, ClientZone { zone: subnet.zone.clone(), policy }))
}

/// Whether a question for this type is one for addresses of this family.
fn is_asked(rtype: RecordType, family: AddressFamily) -> bool {
    match rtype {
        RecordType::A => family == AddressFamily::Ipv4,
        RecordType::AAAA => family == AddressFamily::Ipv6,
        _ => rtype == RecordType::ANY,
    }
}

fn zone_health(snapshot: &Snapshot, health: &Health, interface: &Interface) -> ZoneHealth {
    if health.unbound.contains(&interface.id) {
        return ZoneHealth::NotBound;
    }
    let Some(balancer) = snapshot.load_balancers.get(&interface.load_balancer) else {
        return ZoneHealth::NoLoadBalancer;
    };
    let trouble = health.zone_trouble(snapshot, balancer, &interface.zone);
    trouble.map_or(ZoneHealth::Healthy, ZoneHealth::Unhealthy)
}
