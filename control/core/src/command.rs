//! What callers may ask for, as typed values. Knows no parameter names and no HTTP.
//!
//! One command is one transaction: it happens as a whole or not at all. Where the API takes a list
//! and answers with partial success, it submits a command per item.

mod endpoint;
mod load_balancer;
mod network;
mod notification;
mod route_table;
mod security_group;
mod service;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use ipnet::{IpNet, Ipv6Net};
use model::{
    IpAddressType, ListenerId, LoadBalancerId, NotificationId, RouteTableAssociationId,
    RouteTableId, SecurityGroupId, ServiceId, SubnetCidrAssociationId, SubnetId, TargetGroupId,
    VpcCidrAssociationId, VpcEndpointId, VpcId,
};
use serde::Serialize;

use crate::{
    principal::Principal,
    resource::{
        Direction, ListenerAttribute, LoadBalancerAttribute, Payer, ResourceId, Route,
        TargetGroupAttribute, VpcAttribute, ZonalShiftId,
    },
    settings::ZoneRef,
    tag::{TagSelector, Tags},
};

pub use endpoint::{CreateEndpoint, ModifyEndpoint, SubnetAddresses};
pub use load_balancer::{
    CreateListener, CreateLoadBalancer, CreateTargetGroup, HealthCheckChange, ModifyListener,
    TargetDescription, TargetZone, TlsChange,
};
pub use network::{CreateSubnet, CreateVpc, NewBlock};
pub use notification::{CreateNotification, ModifyNotification};
pub use route_table::CreateRouteTable;
pub use security_group::{CreateSecurityGroup, NewRule, RuleChoice};
pub use service::{CreateService, ModifyService};

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
    /// Gives a VPC another address block. Outcome: `VpcBlock`.
    AssociateVpcBlock {
        /// Which VPC.
        vpc: VpcId,
        /// The block.
        block: NewBlock,
    },
    /// Takes a block from a VPC that no subnet is in. Outcome: `VpcBlock`, as it was.
    DisassociateVpcBlock {
        /// The association.
        association: VpcCidrAssociationId,
    },
    /// Removes a VPC with nothing in it.
    DeleteVpc {
        /// Which.
        vpc: VpcId,
    },
    /// Makes a subnet. Outcome: `Subnet`.
    CreateSubnet(CreateSubnet),
    /// Gives a subnet IPv6 addresses. Outcome: `SubnetBlock`.
    AssociateSubnetBlock {
        /// Which subnet.
        subnet: SubnetId,
        /// The addresses.
        block: Ipv6Net,
    },
    /// Takes a subnet's IPv6 addresses, of which nothing has one. Outcome: `SubnetBlock`, as it
    /// was.
    DisassociateSubnetBlock {
        /// The association.
        association: SubnetCidrAssociationId,
    },
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
    /// Has a load balancer take connections on other addresses. Outcome: `LoadBalancer`.
    SetIpAddressType {
        /// Which.
        load_balancer: LoadBalancerId,
        /// `Ipv4` or `Dualstack`.
        ip_address_type: IpAddressType,
    },
    /// Enables a load balancer in other zones. Outcome: `LoadBalancer`.
    SetSubnets {
        /// Which.
        load_balancer: LoadBalancerId,
        /// Its subnets from now on.
        subnets: Vec<SubnetId>,
        /// Which addresses it takes connections on; none leaves it as it is.
        ip_address_type: Option<IpAddressType>,
    },
    /// Keeps a zone of a load balancer out of DNS for a while. Outcome: `LoadBalancer`.
    StartZonalShift {
        /// Which.
        load_balancer: LoadBalancerId,
        /// The zone.
        zone: ZoneRef,
        /// How long.
        expires_in: Duration,
        /// Why.
        comment: Arc<str>,
    },
    /// Changes a zonal shift that lasts. Outcome: `LoadBalancer`.
    UpdateZonalShift {
        /// Which.
        shift: ZonalShiftId,
        /// How long from now on; none leaves it as it is.
        expires_in: Option<Duration>,
        /// Why; none leaves it as it is.
        comment: Option<Arc<str>>,
    },
    /// Ends a zonal shift. Outcome: `LoadBalancer`.
    CancelZonalShift {
        /// Which.
        shift: ZonalShiftId,
    },
    /// Gives a load balancer other security groups. Outcome: `LoadBalancer`.
    SetSecurityGroups {
        /// Which.
        load_balancer: LoadBalancerId,
        /// Its groups from now on.
        groups: BTreeSet<SecurityGroupId>,
        /// Whether they count for connections through endpoints; none leaves it as it is.
        enforce_on_endpoints: Option<bool>,
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
    /// Adds a certificate to a listener's certificate list. Outcome: `Listener`.
    AddListenerCertificate {
        /// Which listener.
        listener: ListenerId,
        /// The certificate's ARN.
        certificate: Arc<str>,
    },
    /// Takes a certificate from a listener's certificate list; one that is not there is passed
    /// over. Outcome: `Listener`.
    RemoveListenerCertificate {
        /// Which listener.
        listener: ListenerId,
        /// The certificate's ARN.
        certificate: Arc<str>,
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
    /// Has the owner of a service pay for its endpoints; there is no way back. Outcome: `Service`.
    TakeServiceCharges {
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
    /// Changes who pays for an endpoint. Outcome: `Endpoint`.
    ModifyEndpointPayer {
        /// The caller's service that the endpoint is of; none if the endpoint is the caller's.
        service: Option<ServiceId>,
        /// Which endpoint.
        endpoint: VpcEndpointId,
        /// Who pays; the caller can only take it upon itself.
        payer: Payer,
    },
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
    /// Makes a connection notification. Outcome: `Notification`.
    CreateNotification(CreateNotification),
    /// Changes a connection notification. Outcome: `Notification`.
    ModifyNotification(ModifyNotification),
    /// Removes a connection notification; messages that wait are still sent.
    DeleteNotification {
        /// Which.
        notification: NotificationId,
    },
    /// Rejects a connection, as the provider. Outcome: `Endpoint`.
    RejectConnection {
        /// Of which service of the caller.
        service: ServiceId,
        /// Which endpoint.
        endpoint: VpcEndpointId,
    },
}
