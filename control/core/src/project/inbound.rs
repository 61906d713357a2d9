//! What security groups come to: for each endpoint and each load balancer that carries some, the
//! addresses and ports that may open connections.
//!
//! A rule that names a group admits the addresses of the interfaces that carry it. Of a VPC's hosts
//! Postern knows none; on AWS an interface for which nobody names a group carries the VPC's default
//! one, and so every address of the VPC counts as a member of that, and every program on this
//! machine (ADR 8).

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use model::{
    Inbound, InboundRule, InboundRules, LoadBalancerId, SecurityGroupId, Transport, VpcEndpointId,
    VpcId,
};

use crate::{
    registry::Registry,
    resource::{
        Direction, IpProtocol, Peer, ResourceId, ResourceKind, SecurityGroup, Traffic, VpcEndpoint,
    },
    transition::is_served,
};

/// How many neighbours are asked whether their rules can be shared.
const NEIGHBOURS_MAX: usize = 4;

/// Where programs on this machine come from when they dial a loopback address (RFC 1122 3.2.1.3,
/// RFC 4291 2.5.3). No packet from elsewhere has such a source.
const THIS_MACHINE: [IpNet; 2] = [
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8)),
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128)),
];

/// Whose rules to make anew.
#[derive(Debug, Default)]
pub(super) struct Affected {
    endpoints: BTreeSet<VpcEndpointId>,
    load_balancers: BTreeSet<LoadBalancerId>,
}

impl Affected {
    pub(super) fn is_empty(&self) -> bool {
        self.endpoints.is_empty() && self.load_balancers.is_empty()
    }

    pub(super) fn all(registry: &Registry) -> Self {
        Self {
            endpoints: registry.endpoints().map(|it| it.id).collect(),
            load_balancers: registry.load_balancers().map(|it| it.id).collect(),
        }
    }

    /// Whoever carries a group whose rules changed.
    pub(super) fn note_group(&mut self, registry: &Registry, group: SecurityGroupId) {
        self.note_users(registry, group.into());
    }

    /// Everything in a VPC: its addresses are members of its default group.
    pub(super) fn note_vpc(&mut self, registry: &Registry, vpc: VpcId) {
        self.note_users(registry, vpc.into());
    }

    pub(super) fn note_load_balancer(&mut self, id: LoadBalancerId) {
        self.load_balancers.insert(id);
    }

    /// An endpoint, and whoever admits the interfaces of a group that it may have joined or left.
    pub(super) fn note_endpoint(&mut self, registry: &Registry, id: VpcEndpointId) {
        self.endpoints.insert(id);
        let Some(endpoint) = registry.endpoint(id) else { return };
        let groups = registry.security_groups_of(endpoint.vpc);
        let counting: Vec<_> = groups.filter(|it| admits_interfaces(registry, it)).collect();
        for group in counting {
            self.note_group(registry, group.id);
        }
    }

    fn note_users(&mut self, registry: &Registry, of: ResourceId) {
        for kind in [ResourceKind::Endpoint, ResourceKind::LoadBalancer] {
            for user in registry.referrers(of, kind) {
                match user {
                    ResourceId::Endpoint(id) => drop(self.endpoints.insert(id)),
                    ResourceId::LoadBalancer(id) => drop(self.load_balancers.insert(id)),
                    _ => {}
                }
            }
        }
    }

    /// Makes the rules anew; says whether any are different now.
    pub(super) fn refresh(&self, registry: &Registry, inbound: &mut Inbound) -> bool {
        let mut made = BTreeMap::new();
        let mut changed = false;
        for id in &self.endpoints {
            let endpoint = registry.endpoint(*id).filter(|it| is_served(it.state));
            let carrying = endpoint.filter(|it| !it.security_groups.is_empty());
            let new = carrying.map(|it| {
                let groups = &it.security_groups;
                let make = || neighbours(registry, inbound, it);
                Arc::clone(made.entry(groups.clone()).or_insert_with(make))
            });
            changed |= replace(&mut inbound.endpoints, *id, new);
        }
        for id in &self.load_balancers {
            let balancer = registry.load_balancer(*id).filter(|it| it.enforces_groups());
            let new = balancer.map(|it| Arc::new(rules(registry, &it.security_groups)));
            changed |= replace(&mut inbound.load_balancers, *id, new);
        }
        changed
    }
}

/// Puts new rules in the place of the old, unless they are equal; says whether they differ.
fn replace<K: Ord>(
    map: &mut BTreeMap<K, Arc<InboundRules>>,
    key: K,
    new: Option<Arc<InboundRules>>,
) -> bool {
    match new {
        Some(new) if map.get(&key) == Some(&new) => false,
        Some(new) => {
            map.insert(key, new);
            true
        }
        None => map.remove(&key).is_some(),
    }
}

/// The rules of an endpoint: those of a neighbour with the same groups, if they are the same.
fn neighbours(registry: &Registry, inbound: &Inbound, of: &VpcEndpoint) -> Arc<InboundRules> {
    let new = rules(registry, &of.security_groups);
    let group = of.security_groups.first().map(|it| ResourceId::from(*it));
    let users = group.into_iter().flat_map(|it| registry.referrers(it, ResourceKind::Endpoint));
    let mut known = users.take(NEIGHBOURS_MAX).filter_map(|user| match user {
        ResourceId::Endpoint(id) => inbound.endpoints.get(&id),
        _ => None,
    });
    known.find(|it| ***it == new).map_or_else(|| Arc::new(new), Arc::clone)
}

/// What the groups admit, taken together.
fn rules(registry: &Registry, groups: &BTreeSet<SecurityGroupId>) -> InboundRules {
    let groups = groups.iter().filter_map(|id| registry.security_group(*id));
    let traffic = groups.flat_map(|it| it.rules.values()).map(|rule| &rule.traffic);
    let inbound = traffic.filter(|it| it.direction == Direction::Ingress);
    InboundRules::new(inbound.flat_map(|it| admitted(registry, it)))
}

fn admitted(registry: &Registry, traffic: &Traffic) -> Vec<InboundRule> {
    let Some((transport, from_port, to_port)) = ports(traffic) else { return Vec::new() };
    let rule = |source| InboundRule { source, transport, from_port, to_port };
    match traffic.peer {
        Peer::Ipv4(net) => vec![rule(net.into())],
        Peer::Ipv6(net) => vec![rule(net.into())],
        Peer::Group(id) => members(registry, id).into_iter().map(rule).collect(),
    }
}

/// The ports of a rule; none if no listener speaks its protocol.
fn ports(traffic: &Traffic) -> Option<(Transport, u16, u16)> {
    let (from, to) = (u16::try_from(traffic.from_port), u16::try_from(traffic.to_port));
    match traffic.protocol {
        IpProtocol::All => Some((Transport::Any, 0, u16::MAX)),
        IpProtocol::Tcp => Some((Transport::Tcp, from.ok()?, to.ok()?)),
        IpProtocol::Udp => Some((Transport::Udp, from.ok()?, to.ok()?)),
        IpProtocol::Icmp | IpProtocol::Icmpv6 | IpProtocol::Other(_) => None,
    }
}

/// The addresses that carry a group.
fn members(registry: &Registry, id: SecurityGroupId) -> Vec<IpNet> {
    let Some(group) = registry.security_group(id) else { return Vec::new() };
    if group.is_default() {
        let vpc = registry.vpc(group.vpc);
        return vpc.into_iter().flat_map(|vpc| vpc.blocks()).chain(THIS_MACHINE).collect();
    }
    let carrying = registry.referrers(id, ResourceKind::Endpoint).filter_map(|user| match user {
        ResourceId::Endpoint(id) => registry.endpoint(id),
        _ => None,
    });
    let interfaces = carrying.flat_map(|endpoint| &endpoint.interfaces);
    interfaces.flat_map(|interface| interface.addresses()).map(IpNet::from).collect()
}

/// Whether a rule of the group names a group whose members are single interfaces.
fn admits_interfaces(registry: &Registry, group: &SecurityGroup) -> bool {
    group.rules.values().any(|rule| match rule.traffic.peer {
        Peer::Group(id) => registry.security_group(id).is_some_and(|it| !it.is_default()),
        Peer::Ipv4(_) | Peer::Ipv6(_) => false,
    })
}
