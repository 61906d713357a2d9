//! What a command that was done has to show.

use std::sync::Arc;

use ipnet::Ipv6Net;
use model::{
    RouteTableAssociationId, SecurityGroupId, SecurityGroupRuleId, SubnetCidrAssociationId,
    SubnetId, VpcCidrAssociationId, VpcId,
};

use crate::resource::{
    ConnectionNotification, EndpointService, Listener, LoadBalancer, Permission, RouteTable,
    SecurityGroup, SecurityGroupRule, Subnet, TargetGroup, Vpc, VpcBlock, VpcEndpoint,
};

/// What a command that was done has to show; [`crate::Command`] says which variant it gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// The VPC as it is now.
    Vpc(Arc<Vpc>),
    /// A block that a VPC got or lost.
    VpcBlock {
        /// The VPC.
        vpc: VpcId,
        /// The block's association.
        association: VpcCidrAssociationId,
        /// The block.
        block: VpcBlock,
    },
    /// The subnet as it is now.
    Subnet(Arc<Subnet>),
    /// IPv6 addresses that a subnet got or lost.
    SubnetBlock {
        /// The subnet.
        subnet: SubnetId,
        /// Their association.
        association: SubnetCidrAssociationId,
        /// The addresses.
        block: Ipv6Net,
    },
    /// The load balancer as it is now.
    LoadBalancer(Arc<LoadBalancer>),
    /// The listener as it is now.
    Listener(Arc<Listener>),
    /// The target group as it is now.
    TargetGroup(Arc<TargetGroup>),
    /// The endpoint service as it is now.
    Service(Arc<EndpointService>),
    /// The permissions that were added.
    PermissionsAdded(Vec<Arc<Permission>>),
    /// The connection notification as it is now.
    Notification(Arc<ConnectionNotification>),
    /// The security group as it is now.
    SecurityGroup(Arc<SecurityGroup>),
    /// The rules that were added to a security group.
    RulesAdded {
        /// The group as it is now.
        group: Arc<SecurityGroup>,
        /// Which of its rules are new.
        rules: Vec<SecurityGroupRuleId>,
    },
    /// The rules that were taken from a security group.
    RulesRevoked {
        /// The group.
        group: SecurityGroupId,
        /// The rules as they were.
        rules: Vec<(SecurityGroupRuleId, SecurityGroupRule)>,
    },
    /// The route table as it is now.
    RouteTable(Arc<RouteTable>),
    /// The association of a route table with a subnet.
    RouteTableAssociated(RouteTableAssociationId),
    /// The endpoint as it is now.
    Endpoint(Arc<VpcEndpoint>),
}
