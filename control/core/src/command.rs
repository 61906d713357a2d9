//! What callers may ask for, as typed values. Knows no parameter names and no HTTP.
//!
//! One command is one transaction: it happens as a whole or not at all. Where the API takes a list
//! and answers with partial success, it submits a command per item.

mod route_table;
mod security_group;

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::NonZeroU16,
    sync::Arc,
};

use ipnet::{IpNet, Ipv4Net};
use model::{
    DnsName, DnsRecordIpType, IpAddressType, ListenerId, LoadBalancerId, Protocol,
    RouteTableAssociationId, RouteTableId, SecurityGroupId, ServiceId, SubnetId, TargetGroupId,
    VpcEndpointId, VpcId, WeightedTargetGroup,
};
use serde::Serialize;

use crate::{
    principal::Principal,
    resource::{
        Direction, HealthCheckProtocol, ListenerAttribute, LoadBalancerAttribute, ResourceId,
        Route, Scheme, ServiceName, TargetGroupAttribute, VpcAttribute,
    },
    settings::ZoneRef,
    tag::{TagSelector, Tags},
};

pub use route_table::CreateRouteTable;
pub use security_group::{CreateSecurityGroup, NewRule, RuleChoice};

/// What a caller asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Makes a VPC. Outcome: `Vpc`.
    CreateVpc(CreateVpc),
    /// Changes one attribute of a VPC. Outcome: `Vpc`.
    ModifyVpcAttribute {
        /// Which.
        vpc: VpcId,
        /// The attribute that changes.
        attribute: VpcAttribute,
    },
    /// Removes a VPC with nothing in it.
    DeleteVpc {
        /// Which.
        vpc: VpcId,
    },
    /// Makes a subnet. Outcome: `Subnet`.
    CreateSubnet(CreateSubnet),
    /// Removes a subnet with nothing in it.
    DeleteSubnet {
        /// Which.
        subnet: SubnetId,
    },
    /// Adds or overwrites tags of several resources.
    CreateTags {
        /// Which resources.
        resources: Vec<ResourceId>,
        /// The tags.
        tags: Tags,
    },
    /// Takes tags away from several resources; tags that are not there are passed over.
    DeleteTags {
        /// Which resources.
        resources: Vec<ResourceId>,
        /// Which tags; none means all.
        tags: Vec<TagSelector>,
    },
    /// Makes a Network Load Balancer. Outcome: `LoadBalancer`.
    CreateLoadBalancer(CreateLoadBalancer),
    /// Changes attributes of a load balancer. Outcome: `LoadBalancer`.
    ModifyLoadBalancerAttributes {
        /// Which.
        load_balancer: LoadBalancerId,
        /// The attributes that change.
        attributes: Vec<LoadBalancerAttribute>,
    },
    /// Removes a load balancer and its listeners.
    DeleteLoadBalancer {
        /// Which.
        load_balancer: LoadBalancerId,
    },
    /// Makes a listener. Outcome: `Listener`.
    CreateListener(CreateListener),
    /// Changes a listener. Outcome: `Listener`.
    ModifyListener(ModifyListener),
    /// Changes attributes of a listener. Outcome: `Listener`.
    ModifyListenerAttributes {
        /// Which.
        listener: ListenerId,
        /// The attributes that change.
        attributes: Vec<ListenerAttribute>,
    },
    /// Removes a listener.
    DeleteListener {
        /// Which.
        listener: ListenerId,
    },
    /// Makes a target group. Outcome: `TargetGroup`.
    CreateTargetGroup(CreateTargetGroup),
    /// Changes a target group's health check. Outcome: `TargetGroup`.
    ModifyTargetGroup {
        /// Which.
        target_group: TargetGroupId,
        /// What changes.
        health_check: HealthCheckChange,
    },
    /// Changes attributes of a target group. Outcome: `TargetGroup`.
    ModifyTargetGroupAttributes {
        /// Which.
        target_group: TargetGroupId,
        /// The attributes that change.
        attributes: Vec<TargetGroupAttribute>,
    },
    /// Removes a target group that no listener forwards to, and its targets.
    DeleteTargetGroup {
        /// Which.
        target_group: TargetGroupId,
    },
    /// Registers targets; one that is draining is taken back.
    RegisterTargets {
        /// With which group.
        target_group: TargetGroupId,
        /// The targets.
        targets: Vec<TargetDescription>,
    },
    /// Deregisters targets: they drain for the group's delay and are then gone. A target that is
    /// not registered is passed over.
    DeregisterTargets {
        /// From which group.
        target_group: TargetGroupId,
        /// The targets; without a port, those with the group's.
        targets: Vec<TargetDescription>,
    },
    /// Makes a route table. Outcome: `RouteTable`.
    CreateRouteTable(CreateRouteTable),
    /// Removes a route table that no subnet uses.
    DeleteRouteTable {
        /// Which.
        table: RouteTableId,
    },
    /// Adds a route. Outcome: `RouteTable`.
    CreateRoute {
        /// To which table.
        table: RouteTableId,
        /// The route.
        route: Route,
    },
    /// Takes a route away. Outcome: `RouteTable`.
    DeleteRoute {
        /// From which table.
        table: RouteTableId,
        /// The route's destination.
        destination: IpNet,
    },
    /// Has a subnet use a route table. Outcome: `RouteTableAssociated`.
    AssociateRouteTable {
        /// Which table.
        table: RouteTableId,
        /// Which subnet.
        subnet: SubnetId,
    },
    /// Has a subnet use its VPC's main route table again. Outcome: `RouteTable`.
    DisassociateRouteTable {
        /// The association.
        association: RouteTableAssociationId,
    },
    /// Makes a security group. Outcome: `SecurityGroup`.
    CreateSecurityGroup(CreateSecurityGroup),
    /// Removes a security group that nothing carries or names.
    DeleteSecurityGroup {
        /// Which.
        group: SecurityGroupId,
    },
    /// Adds rules to a security group. Outcome: `RulesAdded`.
    AuthorizeSecurityGroup {
        /// Which.
        group: SecurityGroupId,
        /// The rules; never empty.
        rules: Vec<NewRule>,
    },
    /// Takes rules from a security group. Outcome: `RulesRevoked`.
    RevokeSecurityGroup {
        /// Which.
        group: SecurityGroupId,
        /// The way that the rules are for.
        direction: Direction,
        /// Which rules; never empty.
        rules: Vec<RuleChoice>,
    },
    /// Makes an endpoint service. Outcome: `Service`.
    CreateService(CreateService),
    /// Changes an endpoint service; even without changes, its zones are read anew. Outcome:
    /// `Service`.
    ModifyService(ModifyService),
    /// Has the domain of a service's private DNS name looked up. Outcome: `Service`.
    StartDomainVerification {
        /// Which service.
        service: ServiceId,
    },
    /// Removes an endpoint service that nobody uses, and its permissions.
    DeleteService {
        /// Which.
        service: ServiceId,
    },
    /// Adds and removes permissions of a service. Outcome: `PermissionsAdded`.
    ModifyServicePermissions {
        /// Of which service.
        service: ServiceId,
        /// Principals to admit; those admitted already are passed over.
        add: Vec<Principal>,
        /// Principals no longer to admit; those not admitted are passed over.
        remove: Vec<Principal>,
    },
    /// Makes an interface endpoint. Outcome: `Endpoint`.
    CreateEndpoint(CreateEndpoint),
    /// Changes an interface endpoint. Outcome: `Endpoint`.
    ModifyEndpoint(ModifyEndpoint),
    /// Removes an endpoint. Outcome: `Endpoint`, deleting.
    DeleteEndpoint {
        /// Which.
        endpoint: VpcEndpointId,
    },
    /// Accepts a connection request, as the provider. Outcome: `Endpoint`.
    AcceptConnection {
        /// Of which service of the caller.
        service: ServiceId,
        /// Which endpoint.
        endpoint: VpcEndpointId,
    },
    /// Rejects a connection, as the provider. Outcome: `Endpoint`.
    RejectConnection {
        /// Of which service of the caller.
        service: ServiceId,
        /// Which endpoint.
        endpoint: VpcEndpointId,
    },
}

/// Parameters of [`Command::CreateVpc`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateVpc {
    /// Its addresses; host bits are dropped, as AWS does.
    pub cidr: Ipv4Net,
    /// Its tags.
    pub tags: Tags,
}

/// Parameters of [`Command::CreateSubnet`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateSubnet {
    /// The VPC it is part of.
    pub vpc: VpcId,
    /// Its addresses; host bits are dropped, as AWS does.
    pub cidr: Ipv4Net,
    /// Its zone; none takes the first.
    pub zone: Option<ZoneRef>,
    /// Its tags.
    pub tags: Tags,
}

/// Parameters of [`Command::CreateLoadBalancer`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateLoadBalancer {
    /// Its name, unique in the account: 1 to 32 letters, digits and hyphens.
    pub name: Arc<str>,
    /// Its subnets, of one VPC and at most one per zone.
    pub subnets: Vec<SubnetId>,
    /// Its scheme.
    pub scheme: Scheme,
    /// Which addresses it takes connections on.
    pub ip_address_type: IpAddressType,
    /// Its tags.
    pub tags: Tags,
}

/// Parameters of [`Command::CreateListener`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateListener {
    /// The load balancer that listens.
    pub load_balancer: LoadBalancerId,
    /// The port.
    pub port: NonZeroU16,
    /// The protocol.
    pub protocol: Protocol,
    /// Where connections go, by weight; never empty.
    pub forward: Vec<WeightedTargetGroup>,
    /// Its tags.
    pub tags: Tags,
}

/// Parameters of [`Command::ModifyListener`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModifyListener {
    /// Which.
    pub listener: ListenerId,
    /// Another port.
    pub port: Option<NonZeroU16>,
    /// Another protocol.
    pub protocol: Option<Protocol>,
    /// Another place for connections to go.
    pub forward: Option<Vec<WeightedTargetGroup>>,
}

/// Parameters of [`Command::CreateTargetGroup`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateTargetGroup {
    /// Its name, unique in the account: 1 to 32 letters, digits and hyphens.
    pub name: Arc<str>,
    /// What the targets speak.
    pub protocol: Protocol,
    /// The port of targets that do not name their own.
    pub port: NonZeroU16,
    /// The VPC of the targets.
    pub vpc: VpcId,
    /// What differs from the default health check.
    pub health_check: HealthCheckChange,
    /// Its tags.
    pub tags: Tags,
}

/// What to change about a health check; none leaves a setting as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HealthCheckChange {
    /// What a probe speaks.
    pub protocol: Option<HealthCheckProtocol>,
    /// The port probed; `Some(None)` is `traffic-port`.
    pub port: Option<Option<NonZeroU16>>,
    /// Seconds from one probe's start to the next.
    pub interval_s: Option<u32>,
    /// How many seconds a probe may take.
    pub timeout_s: Option<u32>,
    /// Successes in a row that make an unhealthy target healthy.
    pub healthy_threshold: Option<u8>,
    /// Failures in a row that make a healthy target unhealthy.
    pub unhealthy_threshold: Option<u8>,
}

/// A target as a caller names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TargetDescription {
    /// Its address.
    pub ip: IpAddr,
    /// Its port; none means the group's.
    pub port: Option<NonZeroU16>,
    /// Its zone; none takes that of the subnet with the address.
    pub zone: Option<TargetZone>,
}

/// Which zone a target serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetZone {
    /// Every zone: `all`.
    All,
    /// One.
    One(ZoneRef),
}

/// Parameters of [`Command::CreateService`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateService {
    /// Its load balancers; never empty.
    pub load_balancers: BTreeSet<LoadBalancerId>,
    /// Whether connection requests wait for the provider; AWS's default is yes.
    pub acceptance_required: bool,
    /// Which endpoints it takes; empty means IPv4.
    pub ip_address_types: BTreeSet<IpAddressType>,
    /// The name that consumers may reach it by instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_dns_name: Option<DnsName>,
    /// Its tags.
    pub tags: Tags,
    /// Makes a repetition harmless.
    #[serde(skip)]
    pub client_token: Option<Arc<str>>,
}

/// Parameters of [`Command::ModifyService`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModifyService {
    /// Which.
    pub service: ServiceId,
    /// Whether later connection requests wait for the provider.
    pub acceptance_required: Option<bool>,
    /// Load balancers to add.
    pub add_load_balancers: BTreeSet<LoadBalancerId>,
    /// Load balancers to remove; no endpoint may use them.
    pub remove_load_balancers: BTreeSet<LoadBalancerId>,
    /// Address types to add.
    pub add_ip_address_types: BTreeSet<IpAddressType>,
    /// Address types to remove.
    pub remove_ip_address_types: BTreeSet<IpAddressType>,
    /// Another private DNS name; `Some(None)` takes it away.
    pub private_dns_name: Option<Option<DnsName>>,
}

impl ModifyService {
    /// No change to a service.
    pub fn of(service: ServiceId) -> Self {
        Self {
            service,
            acceptance_required: None,
            add_load_balancers: BTreeSet::new(),
            remove_load_balancers: BTreeSet::new(),
            add_ip_address_types: BTreeSet::new(),
            remove_ip_address_types: BTreeSet::new(),
            private_dns_name: None,
        }
    }
}

/// Parameters of [`Command::CreateEndpoint`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateEndpoint {
    /// The consumer's network.
    pub vpc: VpcId,
    /// The service.
    pub service_name: ServiceName,
    /// The subnets to have an interface in; those of `addresses` count as well.
    pub subnets: Vec<SubnetId>,
    /// Designated addresses.
    pub addresses: Vec<SubnetAddresses>,
    /// Which addresses the interfaces have.
    pub ip_address_type: IpAddressType,
    /// Which record types its names have; none takes those of its addresses.
    pub dns_record_ip_type: Option<DnsRecordIpType>,
    /// Whether the service's private DNS name resolves to it.
    pub private_dns: bool,
    /// The security groups of its interfaces; none takes the VPC's default one.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub security_groups: BTreeSet<SecurityGroupId>,
    /// Its tags.
    pub tags: Tags,
    /// Makes a repetition harmless.
    #[serde(skip)]
    pub client_token: Option<Arc<str>>,
}

/// The addresses that an interface is to have (`SubnetConfiguration`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SubnetAddresses {
    /// The interface's subnet.
    pub subnet: SubnetId,
    /// Its IPv4 address; none draws one.
    pub ipv4: Option<Ipv4Addr>,
    /// Its IPv6 address; none draws one.
    pub ipv6: Option<Ipv6Addr>,
}

/// Parameters of [`Command::ModifyEndpoint`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModifyEndpoint {
    /// Which.
    pub endpoint: VpcEndpointId,
    /// Subnets to add an interface in.
    pub add_subnets: Vec<SubnetId>,
    /// Subnets whose interface goes.
    pub remove_subnets: Vec<SubnetId>,
    /// Designated addresses, of added subnets or of present ones. The interface of a present one is
    /// replaced, as an interface's address never changes.
    pub addresses: Vec<SubnetAddresses>,
    /// Whether the service's private DNS name resolves to it.
    pub private_dns: Option<bool>,
    /// Other record types of its names.
    pub dns_record_ip_type: Option<DnsRecordIpType>,
    /// Security groups that its interfaces are to carry too.
    pub add_security_groups: BTreeSet<SecurityGroupId>,
    /// Security groups that its interfaces are no longer to carry.
    pub remove_security_groups: BTreeSet<SecurityGroupId>,
}

impl ModifyEndpoint {
    /// No change to an endpoint.
    pub fn of(endpoint: VpcEndpointId) -> Self {
        Self {
            endpoint,
            add_subnets: Vec::new(),
            remove_subnets: Vec::new(),
            addresses: Vec::new(),
            private_dns: None,
            dns_record_ip_type: None,
            add_security_groups: BTreeSet::new(),
            remove_security_groups: BTreeSet::new(),
        }
    }
}
