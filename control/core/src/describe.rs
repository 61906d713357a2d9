//! What a caller may see: its own resources, the services that admit it, the connections to its own
//! services. Anything else does not exist for it. Knows no filters on the wire, no pages and no
//! XML.

mod endpoints;

use std::sync::Arc;

use model::{
    InterfaceId, ListenerId, LoadBalancerId, NotificationId, RouteTableId, SecurityGroupId,
    SecurityGroupRuleId, ServiceId, SubnetId, TargetGroupId, VpcEndpointId, VpcId,
};

use crate::{
    address,
    caller::Caller,
    refusal::Refusal,
    registry::Registry,
    resource::{
        ConnectionNotification, DomainState, EndpointService, Interface, Listener, LoadBalancer,
        Permission, PrivateDns, ResourceId, ResourceKind, RouteTable, SecurityGroup, Subnet,
        Target, TargetGroup, Vpc, VpcEndpoint,
    },
    settings::{Settings, Zone},
    tag::Tags,
};

/// A registry as a caller sees it.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    registry: &'a Registry,
    caller: &'a Caller,
}

/// A connection to one of the caller's services.
#[derive(Clone, Copy, Debug)]
pub struct Connection<'a> {
    /// The caller's service.
    pub service: &'a Arc<EndpointService>,
    /// The endpoint, most often another account's.
    pub endpoint: &'a Arc<VpcEndpoint>,
}

/// An endpoint network interface of the caller. Requester-managed: only its endpoint's commands
/// change it.
#[derive(Clone, Copy, Debug)]
pub struct NetworkInterface<'a> {
    /// Its endpoint.
    pub endpoint: &'a Arc<VpcEndpoint>,
    /// The interface.
    pub interface: &'a Interface,
}

impl Registry {
    /// This registry as a caller sees it.
    pub fn view<'a>(&'a self, caller: &'a Caller) -> View<'a> {
        View { registry: self, caller }
    }
}

/// Defines how a caller's own resources are found and listed.
macro_rules! own {
    ($($kind:ident $one:ident, $all:ident($id:ty) -> $resource:ty;)*) => {
        /// The caller's own resources; another account's is not found.
        impl<'a> View<'a> {
            $(
                /// One of the caller's own.
                pub fn $one(self, id: $id) -> Result<&'a Arc<$resource>, Refusal> {
                    self.registry
                        .$one(id)
                        .filter(|found| found.owner == self.caller.account)
                        .ok_or_else(|| Refusal::NotFound(id.into()))
                }

                /// All of the caller's own, in the order of their ids.
                pub fn $all(self) -> impl Iterator<Item = &'a Arc<$resource>> {
                    self.owned(ResourceKind::$kind).filter_map(move |id| match id {
                        ResourceId::$kind(id) => self.registry.$one(id),
                        _ => None,
                    })
                }
            )*
        }
    };
}

own! {
    Vpc vpc, vpcs(VpcId) -> Vpc;
    Subnet subnet, subnets(SubnetId) -> Subnet;
    LoadBalancer load_balancer, load_balancers(LoadBalancerId) -> LoadBalancer;
    Listener listener, listeners(ListenerId) -> Listener;
    TargetGroup target_group, target_groups(TargetGroupId) -> TargetGroup;
    Service service, services(ServiceId) -> EndpointService;
    SecurityGroup security_group, security_groups(SecurityGroupId) -> SecurityGroup;
    RouteTable route_table, route_tables(RouteTableId) -> RouteTable;
    Endpoint endpoint, endpoints(VpcEndpointId) -> VpcEndpoint;
    Notification notification, notifications(NotificationId) -> ConnectionNotification;
}

impl<'a> View<'a> {
    /// Who looks.
    pub fn caller(self) -> &'a Caller {
        self.caller
    }

    /// All that there is.
    pub(crate) fn registry(self) -> &'a Registry {
        self.registry
    }

    /// The operator's choices.
    pub fn settings(self) -> &'a Settings {
        self.registry.settings()
    }

    /// The zones by the caller's names.
    pub fn zones(self) -> impl Iterator<Item = Zone> + use<'a> {
        self.registry.settings().zones_of(&self.caller.account)
    }

    /// How many IPv4 addresses of a subnet can still be drawn.
    pub fn free_addresses(self, subnet: &Subnet) -> usize {
        let taken = self.registry.addresses_of(subnet.id).filter(|it| it.is_ipv4()).count();
        subnet.cidr.map_or(0, |cidr| address::usable_count(cidr).saturating_sub(taken))
    }

    /// The listeners of a load balancer, in the order of their ids.
    pub fn listeners_of(self, balancer: LoadBalancerId) -> impl Iterator<Item = &'a Arc<Listener>> {
        self.registry.listeners_of(balancer)
    }

    /// The load balancers whose listeners forward to a target group.
    pub fn load_balancers_of(self, group: TargetGroupId) -> Vec<&'a Arc<LoadBalancer>> {
        let mut found = self.registry.balancers_forwarding_to(group);
        found.dedup();
        found.into_iter().filter_map(|id| self.registry.load_balancer(id)).collect()
    }

    /// The targets of one of the caller's target groups, in the order of their addresses.
    pub fn targets(
        self,
        group: TargetGroupId,
    ) -> Result<impl Iterator<Item = &'a Arc<Target>>, Refusal> {
        let group = self.target_group(group)?;
        Ok(self.registry.targets_of(group.id))
    }

    /// The services that the caller may connect to: its own, those that admit it, the catalogue's.
    pub fn visible_services(self) -> impl Iterator<Item = &'a Arc<EndpointService>> {
        self.registry.services().filter(move |service| self.may_use(service))
    }

    /// Whether the caller owns a service or is admitted by one of its permissions; the catalogue is
    /// everybody's.
    pub fn may_use(self, service: &EndpointService) -> bool {
        service.catalog.is_some()
            || service.owner == self.caller.account
            || self.registry.permissions_of(service.id).any(|it| it.principal.admits(self.caller))
    }

    /// The permissions of one of the caller's services, in the order of their ids.
    pub fn permissions(
        self,
        service: ServiceId,
    ) -> Result<impl Iterator<Item = &'a Arc<Permission>>, Refusal> {
        let service = self.service(service)?;
        Ok(self.registry.permissions_of(service.id))
    }

    /// The connections to the caller's services, in the order of services and endpoints.
    pub fn connections(self) -> impl Iterator<Item = Connection<'a>> {
        self.services().flat_map(move |service| {
            let endpoints = self.registry.endpoints_of(service.id);
            endpoints.map(move |endpoint| Connection { service, endpoint })
        })
    }

    /// One connection to one of the caller's services.
    pub fn connection(
        self,
        service: ServiceId,
        endpoint: VpcEndpointId,
    ) -> Result<Connection<'a>, Refusal> {
        let service = self.service(service)?;
        let found = self.registry.endpoint(endpoint).filter(|it| it.service == service.id);
        let endpoint =
            found.ok_or(Refusal::ConnectionNotFound { service: service.id, endpoint })?;
        Ok(Connection { service, endpoint })
    }

    /// The caller's endpoint network interfaces, in the order of endpoints and subnets.
    pub fn network_interfaces(self) -> impl Iterator<Item = NetworkInterface<'a>> {
        self.endpoints().filter(|endpoint| endpoint.has_interfaces()).flat_map(|endpoint| {
            let interfaces = endpoint.interfaces.iter();
            interfaces.map(move |interface| NetworkInterface { endpoint, interface })
        })
    }

    /// One of the caller's endpoint network interfaces.
    pub fn network_interface(self, id: InterfaceId) -> Result<NetworkInterface<'a>, Refusal> {
        self.registry
            .referrers(id, ResourceKind::Endpoint)
            .find_map(|endpoint| match endpoint {
                ResourceId::Endpoint(endpoint) => self.endpoint(endpoint).ok(),
                _ => None,
            })
            .and_then(|endpoint| {
                let interface = endpoint.interfaces.iter().find(|interface| interface.id == id)?;
                Some(NetworkInterface { endpoint, interface })
            })
            .ok_or_else(|| Refusal::NotFound(id.into()))
    }

    /// The caller's security group with a rule of this id.
    pub fn rule_group(self, id: SecurityGroupRuleId) -> Result<&'a Arc<SecurityGroup>, Refusal> {
        let group = self.registry.rule_group(id).ok_or_else(|| Refusal::NotFound(id.into()))?;
        self.security_group(group).map_err(|_| Refusal::NotFound(id.into()))
    }

    /// The tags of everything that the caller owns, kind by kind.
    pub fn tags(self) -> impl Iterator<Item = (ResourceId, &'a Tags)> {
        let network = self.vpcs().map(|it| (it.id.into(), &it.tags));
        let network = network.chain(self.subnets().map(|it| (it.id.into(), &it.tags)));
        let network = network.chain(self.load_balancers().map(|it| (it.id.into(), &it.tags)));
        let network = network.chain(self.listeners().map(|it| (it.id.into(), &it.tags)));
        let network = network.chain(self.target_groups().map(|it| (it.id.into(), &it.tags)));
        let network = network.chain(self.security_groups().flat_map(|group| {
            let rules = group.rules.iter().map(|(id, rule)| ((*id).into(), &rule.tags));
            std::iter::once((group.id.into(), &group.tags)).chain(rules)
        }));
        let network = network.chain(self.route_tables().map(|it| (it.id.into(), &it.tags)));
        let services = self.services().map(|it| (it.id.into(), &it.tags));
        let permissions = self.services().flat_map(move |service| {
            self.registry.permissions_of(service.id).map(|it| (it.id.into(), &it.tags))
        });
        let endpoints = self.endpoints().map(|it| (it.id.into(), &it.tags));
        network.chain(services).chain(permissions).chain(endpoints)
    }

    fn owned(self, kind: ResourceKind) -> impl Iterator<Item = ResourceId> + 'a {
        self.registry.owned(&self.caller.account, kind)
    }
}

/// Following references, whoever owns what.
impl Registry {
    /// The permissions of a service, in the order of their ids.
    pub fn permissions_of(&self, service: ServiceId) -> impl Iterator<Item = &Arc<Permission>> {
        self.referrers(service, ResourceKind::Permission).filter_map(|id| match id {
            ResourceId::Permission(id) => self.permission(id),
            _ => None,
        })
    }

    /// The endpoints of a service, in the order of their ids.
    pub fn endpoints_of(&self, service: ServiceId) -> impl Iterator<Item = &Arc<VpcEndpoint>> {
        self.referrers(service, ResourceKind::Endpoint).filter_map(|id| match id {
            ResourceId::Endpoint(id) => self.endpoint(id),
            _ => None,
        })
    }

    /// The services whose private DNS name waits for a look-up of its domain that was asked for.
    pub fn unverified_services(
        &self,
    ) -> impl Iterator<Item = (&Arc<EndpointService>, &PrivateDns)> {
        self.services().filter_map(|service| {
            let private = service.private_dns.as_ref()?;
            let waits =
                private.state == DomainState::PendingVerification && private.asked.is_some();
            waits.then_some((service, private))
        })
    }

    /// The notifications about a service or an endpoint, in the order of their ids.
    pub fn notifications_about(
        &self,
        scope: impl Into<ResourceId>,
    ) -> impl Iterator<Item = &Arc<ConnectionNotification>> {
        self.referrers(scope, ResourceKind::Notification).filter_map(|id| match id {
            ResourceId::Notification(id) => self.notification(id),
            _ => None,
        })
    }

    /// The route tables of a VPC, in the order of their ids.
    pub fn route_tables_of(&self, vpc: VpcId) -> impl Iterator<Item = &Arc<RouteTable>> {
        self.referrers(vpc, ResourceKind::RouteTable).filter_map(|id| match id {
            ResourceId::RouteTable(id) => self.route_table(id),
            _ => None,
        })
    }

    /// The security groups of a VPC, in the order of their ids.
    pub fn security_groups_of(&self, vpc: VpcId) -> impl Iterator<Item = &Arc<SecurityGroup>> {
        self.referrers(vpc, ResourceKind::SecurityGroup).filter_map(|id| match id {
            ResourceId::SecurityGroup(id) => self.security_group(id),
            _ => None,
        })
    }

    /// The security group that a rule is part of.
    pub fn rule_group(&self, rule: SecurityGroupRuleId) -> Option<SecurityGroupId> {
        self.referrers(rule, ResourceKind::SecurityGroup).find_map(|id| match id {
            ResourceId::SecurityGroup(id) => Some(id),
            _ => None,
        })
    }

    /// The subnets of a VPC, in the order of their ids.
    pub fn subnets_of(&self, vpc: VpcId) -> impl Iterator<Item = &Arc<Subnet>> {
        self.referrers(vpc, ResourceKind::Subnet).filter_map(|id| match id {
            ResourceId::Subnet(id) => self.subnet(id),
            _ => None,
        })
    }

    /// The listeners of a load balancer, in the order of their ids.
    pub fn listeners_of(&self, balancer: LoadBalancerId) -> impl Iterator<Item = &Arc<Listener>> {
        self.referrers(balancer, ResourceKind::Listener).filter_map(|id| match id {
            ResourceId::Listener(id) => self.listener(id),
            _ => None,
        })
    }

    /// The service that a load balancer belongs to.
    pub fn service_of(&self, balancer: LoadBalancerId) -> Option<ServiceId> {
        self.referrers(balancer, ResourceKind::Service).find_map(|id| match id {
            ResourceId::Service(id) => Some(id),
            _ => None,
        })
    }

    /// The load balancer of each listener that forwards to a target group.
    pub fn balancers_forwarding_to(&self, group: TargetGroupId) -> Vec<LoadBalancerId> {
        self.listeners_forwarding_to(group).map(|it| it.load_balancer).collect()
    }

    /// The listeners that forward to a target group, in the order of their ids.
    pub fn listeners_forwarding_to(
        &self,
        group: TargetGroupId,
    ) -> impl Iterator<Item = &Arc<Listener>> {
        self.referrers(group, ResourceKind::Listener).filter_map(|id| match id {
            ResourceId::Listener(id) => self.listener(id),
            _ => None,
        })
    }
}
