//! What each operation needs a permission for: the resources it touches, and where the request
//! names them (Service Authorization Reference, "Actions, resources, and condition keys" of EC2 and
//! of ELBv2; guide: "Identity-based policies for PrivateLink").
//!
//! Every operation has a row, which a test checks. An operation without one is permitted on `*`
//! alone.

use crate::api::Service;

/// What an operation needs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Needs {
    /// Nothing: everybody may ask.
    Nothing,
    /// A permission on all of what it touches; on `*` if that is nothing in particular.
    Permission(&'static [Touch]),
}

/// One kind of resource that an operation touches. Member names are those of the wire; a member may
/// be a single text or a list.
#[derive(Clone, Copy, Debug)]
pub(super) enum Touch {
    /// A resource of EC2 that is being made: `vpc/*`.
    New(&'static str),
    /// Resources of EC2 of one type, by their ids in a member.
    Ids(&'static str, &'static str),
    /// The same, by the ids that the structures of a list have.
    IdsWithin(&'static str, &'static str, &'static str),
    /// Resources of EC2 of any type that can have tags, by their ids in a member.
    Tagged(&'static str),
    /// A resource of ELBv2 that is being made: `targetgroup/NAME/*`.
    NewNamed(&'static str),
    /// Resources of ELBv2, by their ARNs in a member.
    Arns(&'static str),
    /// A listener that is being made for the load balancer whose ARN a member has; only its tags
    /// need a permission of their own.
    NewListener(&'static str),
}

/// What an operation of a service needs; none if it has no row.
pub(super) fn needs(service: Service, operation: &str) -> Option<Needs> {
    let rows = match service {
        Service::Ec2 => EC2,
        Service::Elb => ELB,
        Service::Sts => STS,
        Service::ZonalShift => ZONAL_SHIFT,
    };
    rows.iter().find(|(name, _)| *name == operation).map(|(_, needs)| *needs)
}

/// The rows of one service.
type Rows = &'static [(&'static str, Needs)];

/// Lists and descriptions have no resource in EC2, and none in ELBv2.
const LIST: Needs = Needs::Permission(&[]);

const fn on(touches: &'static [Touch]) -> Needs {
    Needs::Permission(touches)
}

use Touch::{Arns, Ids, IdsWithin, New, NewListener, NewNamed, Tagged};

const VPC: &str = "vpc";
const SUBNET: &str = "subnet";
const ENDPOINT: &str = "vpc-endpoint";
const SERVICE: &str = "vpc-endpoint-service";
const NOTIFIED: Needs = on(&[Ids(SERVICE, "ServiceId"), Ids(ENDPOINT, "VpcEndpointId")]);
const GROUP: &str = "security-group";
const INTERFACE: &str = "network-interface";
const ROUTES: &str = "route-table";

pub(super) const EC2: Rows = &[
    ("AcceptVpcEndpointConnections", on(&[Ids(SERVICE, "ServiceId")])),
    ("AssociateRouteTable", on(&[Ids(ROUTES, "RouteTableId"), Ids(SUBNET, "SubnetId")])),
    ("AssociateSubnetCidrBlock", on(&[Ids(SUBNET, "SubnetId")])),
    ("AssociateVpcCidrBlock", on(&[Ids(VPC, "VpcId")])),
    ("AuthorizeSecurityGroupEgress", on(&[Ids(GROUP, "GroupId")])),
    ("AuthorizeSecurityGroupIngress", on(&[Ids(GROUP, "GroupId")])),
    ("CreateRoute", on(&[Ids(ROUTES, "RouteTableId")])),
    ("CreateRouteTable", on(&[New(ROUTES), Ids(VPC, "VpcId")])),
    ("CreateSecurityGroup", on(&[New(GROUP), Ids(VPC, "VpcId")])),
    ("CreateSubnet", on(&[New(SUBNET), Ids(VPC, "VpcId")])),
    ("CreateTags", on(&[Tagged("ResourceId")])),
    ("CreateVpc", on(&[New(VPC)])),
    (
        "CreateVpcEndpoint",
        on(&[
            Ids(VPC, "VpcId"),
            Ids(SUBNET, "SubnetId"),
            IdsWithin(SUBNET, "SubnetConfiguration", "SubnetId"),
            Ids(GROUP, "SecurityGroupId"),
            Ids(ROUTES, "RouteTableId"),
            New(ENDPOINT),
        ]),
    ),
    ("CreateVpcEndpointConnectionNotification", NOTIFIED),
    ("CreateVpcEndpointServiceConfiguration", on(&[New(SERVICE)])),
    ("DeleteNetworkInterface", on(&[Ids(INTERFACE, "NetworkInterfaceId")])),
    ("DeleteRoute", on(&[Ids(ROUTES, "RouteTableId")])),
    ("DeleteRouteTable", on(&[Ids(ROUTES, "RouteTableId")])),
    ("DeleteSecurityGroup", on(&[Ids(GROUP, "GroupId")])),
    ("DeleteSubnet", on(&[Ids(SUBNET, "SubnetId")])),
    ("DeleteTags", on(&[Tagged("ResourceId")])),
    ("DeleteVpc", on(&[Ids(VPC, "VpcId")])),
    ("DeleteVpcEndpointConnectionNotifications", LIST),
    ("DeleteVpcEndpoints", on(&[Ids(ENDPOINT, "VpcEndpointId")])),
    ("DeleteVpcEndpointServiceConfigurations", on(&[Ids(SERVICE, "ServiceId")])),
    ("DescribeAccountAttributes", LIST),
    ("DescribeAvailabilityZones", LIST),
    ("DescribeInternetGateways", LIST),
    ("DescribeNetworkAcls", LIST),
    ("DescribeNetworkInterfaces", LIST),
    ("DescribePrefixLists", LIST),
    ("DescribeRegions", LIST),
    ("DescribeRouteTables", LIST),
    ("DescribeSecurityGroupRules", LIST),
    ("DescribeSecurityGroups", LIST),
    ("DescribeSubnets", LIST),
    ("DescribeTags", LIST),
    ("DescribeVpcAttribute", on(&[Ids(VPC, "VpcId")])),
    ("DescribeVpcEndpointAssociations", LIST),
    ("DescribeVpcEndpointConnectionNotifications", LIST),
    ("DescribeVpcEndpointConnections", LIST),
    ("DescribeVpcEndpoints", LIST),
    ("DescribeVpcEndpointServiceConfigurations", LIST),
    ("DescribeVpcEndpointServicePermissions", LIST),
    ("DescribeVpcEndpointServices", LIST),
    ("DescribeVpcs", LIST),
    ("DisassociateRouteTable", LIST),
    ("DisassociateSubnetCidrBlock", LIST),
    ("DisassociateVpcCidrBlock", LIST),
    ("ModifyNetworkInterfaceAttribute", on(&[Ids(INTERFACE, "NetworkInterfaceId")])),
    ("ModifyVpcAttribute", on(&[Ids(VPC, "VpcId")])),
    (
        "ModifyVpcEndpoint",
        on(&[
            Ids(ENDPOINT, "VpcEndpointId"),
            Ids(SUBNET, "AddSubnetId"),
            Ids(SUBNET, "RemoveSubnetId"),
            IdsWithin(SUBNET, "SubnetConfiguration", "SubnetId"),
            Ids(GROUP, "AddSecurityGroupId"),
            Ids(GROUP, "RemoveSecurityGroupId"),
            Ids(ROUTES, "AddRouteTableId"),
            Ids(ROUTES, "RemoveRouteTableId"),
        ]),
    ),
    ("ModifyVpcEndpointConnectionNotification", LIST),
    ("ModifyVpcEndpointPayerResponsibility", NOTIFIED),
    ("ModifyVpcEndpointServiceConfiguration", on(&[Ids(SERVICE, "ServiceId")])),
    ("ModifyVpcEndpointServicePayerResponsibility", on(&[Ids(SERVICE, "ServiceId")])),
    ("ModifyVpcEndpointServicePermissions", on(&[Ids(SERVICE, "ServiceId")])),
    ("RejectVpcEndpointConnections", on(&[Ids(SERVICE, "ServiceId")])),
    ("RevokeSecurityGroupEgress", on(&[Ids(GROUP, "GroupId")])),
    ("RevokeSecurityGroupIngress", on(&[Ids(GROUP, "GroupId")])),
    ("StartVpcEndpointServicePrivateDnsVerification", on(&[Ids(SERVICE, "ServiceId")])),
];

pub(super) const ELB: Rows = &[
    ("AddListenerCertificates", on(&[Arns("ListenerArn")])),
    ("AddTags", on(&[Arns("ResourceArns")])),
    ("CreateListener", on(&[Arns("LoadBalancerArn"), NewListener("LoadBalancerArn")])),
    ("CreateLoadBalancer", on(&[NewNamed("loadbalancer/net")])),
    ("CreateTargetGroup", on(&[NewNamed("targetgroup")])),
    ("DeleteListener", on(&[Arns("ListenerArn")])),
    ("DeleteLoadBalancer", on(&[Arns("LoadBalancerArn")])),
    ("DeleteTargetGroup", on(&[Arns("TargetGroupArn")])),
    ("DeregisterTargets", on(&[Arns("TargetGroupArn")])),
    ("DescribeAccountLimits", LIST),
    ("DescribeCapacityReservation", LIST),
    ("DescribeListenerAttributes", LIST),
    ("DescribeListenerCertificates", LIST),
    ("DescribeListeners", LIST),
    ("DescribeLoadBalancerAttributes", LIST),
    ("DescribeLoadBalancers", LIST),
    ("DescribeSSLPolicies", LIST),
    ("DescribeTags", LIST),
    ("DescribeTargetGroupAttributes", LIST),
    ("DescribeTargetGroups", LIST),
    ("DescribeTargetHealth", LIST),
    ("ModifyCapacityReservation", on(&[Arns("LoadBalancerArn")])),
    ("ModifyListener", on(&[Arns("ListenerArn")])),
    ("ModifyListenerAttributes", on(&[Arns("ListenerArn")])),
    ("ModifyLoadBalancerAttributes", on(&[Arns("LoadBalancerArn")])),
    ("ModifyTargetGroup", on(&[Arns("TargetGroupArn")])),
    ("ModifyTargetGroupAttributes", on(&[Arns("TargetGroupArn")])),
    ("RegisterTargets", on(&[Arns("TargetGroupArn")])),
    ("RemoveListenerCertificates", on(&[Arns("ListenerArn")])),
    ("RemoveTags", on(&[Arns("ResourceArns")])),
    ("SetIpAddressType", on(&[Arns("LoadBalancerArn")])),
    ("SetSecurityGroups", on(&[Arns("LoadBalancerArn")])),
    ("SetSubnets", on(&[Arns("LoadBalancerArn")])),
];

pub(super) const ZONAL_SHIFT: Rows = &[
    // The zonal shift's load balancer is known only once it is looked for.
    ("CancelZonalShift", LIST),
    ("GetManagedResource", on(&[Arns("resourceIdentifier")])),
    ("ListManagedResources", LIST),
    ("ListZonalShifts", LIST),
    ("StartZonalShift", on(&[Arns("resourceIdentifier")])),
    ("UpdateZonalShift", LIST),
];

pub(super) const STS: Rows = &[
    // The trust policy of the role decides, which only the operation knows.
    ("AssumeRole", Needs::Nothing),
    // "No permissions are required to perform this operation", not even against a Deny.
    ("GetCallerIdentity", Needs::Nothing),
    ("GetSessionToken", Needs::Nothing),
];
