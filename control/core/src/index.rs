//! What can be found quickly: one ordered set of entries, derived from the records and never
//! stored.
//!
//! Every question that would otherwise walk all records is a range of this set. What an entry is
//! derived from lies in the record itself, so putting a record replaces exactly its own entries.

use std::{net::IpAddr, sync::Arc};

use model::{AccountId, InterfaceId, SubnetId, Timestamp, VpcEndpointId};

use crate::{
    record::{Key, Record},
    resource::{
        ConnectionNotification, LoadBalancer, MessageId, NotificationScope, ResourceId,
        ResourceKind, RouteTable, SecurityGroup, ServiceName, TargetState, VpcEndpoint,
    },
    transition::ends_by_itself,
};

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Entry {
    /// An account owns a resource.
    Owned(AccountId, ResourceId),
    /// The second resource refers to the first.
    Referrer(ResourceId, ResourceId),
    /// A resource of an account has a name, unique among its kind.
    Named(AccountId, ResourceKind, Arc<str>, ResourceId),
    /// An interface has an address of a subnet.
    Address(SubnetId, IpAddr, InterfaceId),
    /// A record's time is over then.
    Due(Timestamp, Key),
    /// An endpoint waits for a report of the data plane.
    Awaiting(ResourceId),
    /// A service is one of the catalogue, under this name.
    Catalogued(ServiceName, ResourceId),
    /// An account's endpoint is in a VPC, or of a service, in whatever state.
    Endpoint(AccountId, ResourceId, VpcEndpointId),
    /// A message of an account waits to be sent.
    Waiting(AccountId, MessageId),
}

impl Entry {
    /// All resources of a kind that an account owns.
    pub(crate) fn owned(account: &AccountId, kind: ResourceKind) -> (Self, Self) {
        let (first, last) = kind.bounds();
        (Self::Owned(account.clone(), first), Self::Owned(account.clone(), last))
    }

    /// All resources of a kind that refer to one.
    pub(crate) fn referrers(to: ResourceId, kind: ResourceKind) -> (Self, Self) {
        let (first, last) = kind.bounds();
        (Self::Referrer(to, first), Self::Referrer(to, last))
    }

    /// The entries of a record.
    pub(crate) fn of(record: &Record) -> Vec<Self> {
        match record {
            Record::Vpc(vpc) => vec![Self::Owned(vpc.owner.clone(), vpc.id.into())],
            Record::Subnet(subnet) => vec![
                Self::Owned(subnet.owner.clone(), subnet.id.into()),
                Self::Referrer(subnet.vpc.into(), subnet.id.into()),
            ],
            Record::LoadBalancer(lb) => Self::of_load_balancer(lb),
            Record::Listener(listener) => {
                let id = ResourceId::from(listener.id);
                let mut entries = vec![
                    Self::Owned(listener.owner.clone(), id),
                    Self::Referrer(listener.load_balancer.into(), id),
                ];
                let groups = listener.forward.iter().map(|forward| forward.group);
                entries.extend(groups.map(|group| Self::Referrer(group.into(), id)));
                entries
            }
            Record::TargetGroup(group) => {
                let id = ResourceId::from(group.id);
                let kind = ResourceKind::TargetGroup;
                vec![
                    Self::Owned(group.owner.clone(), id),
                    Self::Named(group.owner.clone(), kind, group.name.clone(), id),
                    Self::Referrer(group.vpc.into(), id),
                ]
            }
            Record::Target(target) => match target.state {
                TargetState::Registered => Vec::new(),
                TargetState::Draining { until } => {
                    vec![Self::Due(until, record.key())]
                }
            },
            Record::Service(service) => {
                let id = ResourceId::from(service.id);
                let mut entries = vec![Self::Owned(service.owner.clone(), id)];
                let balancers = service.load_balancers.keys();
                entries.extend(balancers.map(|lb| Self::Referrer((*lb).into(), id)));
                let catalog = service.catalog.iter();
                entries.extend(catalog.map(|entry| Self::Catalogued(entry.name.clone(), id)));
                entries
            }
            Record::Permission(permission) => {
                vec![Self::Referrer(permission.service.into(), permission.id.into())]
            }
            Record::Endpoint(endpoint) => Self::of_endpoint(endpoint),
            Record::Notification(it) => Self::of_notification(it),
            Record::Message(message) => vec![
                Self::Due(message.expires, record.key()),
                Self::Waiting(message.owner.clone(), message.id),
            ],
            Record::SecurityGroup(group) => Self::of_security_group(group),
            Record::RouteTable(table) => Self::of_route_table(table),
            Record::ClientToken(token) => vec![Self::Due(token.expires, record.key())],
        }
    }

    fn of_load_balancer(lb: &LoadBalancer) -> Vec<Self> {
        let id = ResourceId::from(lb.id);
        let kind = ResourceKind::LoadBalancer;
        let mut entries = vec![
            Self::Owned(lb.owner.clone(), id),
            Self::Named(lb.owner.clone(), kind, lb.name.clone(), id),
            Self::Referrer(lb.vpc.into(), id),
        ];
        let shift = lb.zonal_shift.iter().filter(|shift| shift.is_active());
        entries.extend(shift.map(|shift| Self::Due(shift.expires, Key::LoadBalancer(lb.id))));
        let groups = lb.security_groups.iter();
        entries.extend(groups.map(|group| Self::Referrer((*group).into(), id)));
        let subnets = lb.subnets.values();
        entries.extend(subnets.map(|subnet| Self::Referrer((*subnet).into(), id)));
        entries
    }

    fn of_notification(it: &ConnectionNotification) -> Vec<Self> {
        let scope = match it.scope {
            NotificationScope::Service(id) => id.into(),
            NotificationScope::Endpoint(id) => id.into(),
        };
        vec![Self::Owned(it.owner.clone(), it.id.into()), Self::Referrer(scope, it.id.into())]
    }

    fn of_route_table(table: &RouteTable) -> Vec<Self> {
        let id = ResourceId::from(table.id);
        let mut entries =
            vec![Self::Owned(table.owner.clone(), id), Self::Referrer(table.vpc.into(), id)];
        let subnets = table.associations.values();
        entries.extend(subnets.map(|subnet| Self::Referrer((*subnet).into(), id)));
        entries
    }

    /// A VPC's default group does not keep it from being removed, but is found by it all the same.
    fn of_security_group(group: &SecurityGroup) -> Vec<Self> {
        let id = ResourceId::from(group.id);
        let mut entries =
            vec![Self::Owned(group.owner.clone(), id), Self::Referrer(group.vpc.into(), id)];
        entries.extend(group.rules.keys().map(|rule| Self::Referrer((*rule).into(), id)));
        entries.extend(group.referenced().map(|other| Self::Referrer(other.into(), id)));
        entries
    }

    /// A deleted endpoint is still listed by its owner and its service's, but holds nothing.
    fn of_endpoint(endpoint: &VpcEndpoint) -> Vec<Self> {
        let id = ResourceId::from(endpoint.id);
        let mut entries = vec![
            Self::Owned(endpoint.owner.clone(), id),
            Self::Referrer(endpoint.service.into(), id),
            Self::Endpoint(endpoint.owner.clone(), endpoint.service.into(), endpoint.id),
            Self::Endpoint(endpoint.owner.clone(), endpoint.vpc.into(), endpoint.id),
        ];
        if ends_by_itself(endpoint.state) {
            entries.extend(endpoint.deadline.map(|at| Self::Due(at, Key::Endpoint(endpoint.id))));
        }
        if endpoint.awaits_data_plane() {
            entries.push(Self::Awaiting(id));
        }
        if endpoint.has_interfaces() {
            entries.push(Self::Referrer(endpoint.vpc.into(), id));
            let groups = endpoint.security_groups.iter();
            entries.extend(groups.map(|group| Self::Referrer((*group).into(), id)));
            for interface in &endpoint.interfaces {
                let (eni, subnet) = (ResourceId::from(interface.id), interface.subnet);
                entries.push(Self::Referrer(subnet.into(), eni));
                entries.push(Self::Referrer(eni, id));
                let addresses = interface.addresses();
                entries.extend(addresses.map(|ip| Self::Address(subnet, ip, interface.id)));
            }
        }
        entries
    }
}
