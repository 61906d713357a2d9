//! The rows of security groups, route tables and what else is around a consumer's subnets.

use super::{
    Given,
    form::{Form, Other, Owner},
};
use crate::workflow::World;

/// A rule that a new group does not have.
const RULE: &str = "&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=443\
     &IpPermissions.1.ToPort=443&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8";
/// The rule that a new group has.
const FIRST_RULE: &str =
    "&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0";
/// The association of a subnet that nobody has.
const NO_BLOCK: &str = "subnet-cidr-assoc-00000000000000001";
const NEW_ROUTE: &str = "&DestinationCidrBlock=10.8.0.0/16&GatewayId=igw-00000000000000001";

pub(super) fn network(world: &World, given: &Given, operation: &str) -> Option<Form> {
    let World { consumer_vpc: vpc, consumer_subnets: [subnet, _], .. } = world;
    let Given { group, table, association, interface, .. } = given;
    let first_block = vpc.replace("vpc-", "vpc-cidr-assoc-");
    let of = |text: String, code| Form::of(Owner::Consumer, text, Other::Code(code));
    let in_vpc = |more: &str| of(format!("&VpcId={vpc}{more}"), "InvalidVpcID.NotFound");
    let of_group = |more: &str| of(format!("&GroupId={group}{more}"), "InvalidGroup.NotFound");
    let of_table =
        |more: &str| of(format!("&RouteTableId={table}{more}"), "InvalidRouteTableID.NotFound");
    let of_interface =
        || of(format!("&NetworkInterfaceId={interface}"), "InvalidNetworkInterfaceID.NotFound");
    let list = |needle: &str| {
        let other = Other::Hidden(needle.to_owned());
        Form::of(Owner::Consumer, String::new(), other)
    };
    Some(match operation {
        "AssociateSubnetCidrBlock" => of(
            format!("&SubnetId={subnet}&Ipv6CidrBlock=2001:db8::/64"),
            "InvalidSubnetID.NotFound",
        )
        .getting("InvalidSubnet.Range"),
        "AssociateVpcCidrBlock" => in_vpc("&CidrBlock=10.77.0.0/16"),
        "AssociateRouteTable" => of_table(&format!("&SubnetId={subnet}")),
        "AuthorizeSecurityGroupEgress" | "AuthorizeSecurityGroupIngress" => of_group(RULE),
        "CreateRoute" => of_table(NEW_ROUTE),
        "CreateRouteTable" => in_vpc(""),
        "CreateSecurityGroup" => in_vpc("&GroupName=another&GroupDescription=d"),
        "DeleteNetworkInterface" => of_interface().getting("InvalidParameterValue"),
        "DeleteRoute" => of_table("&DestinationCidrBlock=10.9.0.0/16"),
        "DeleteRouteTable" => of_table("").getting("DependencyViolation"),
        "DeleteSecurityGroup" => of_group(""),
        "DescribeAccountAttributes"
        | "DescribeInternetGateways"
        | "DescribeNetworkAcls"
        | "DescribePrefixLists" => Form::of(Owner::Consumer, String::new(), Other::Same),
        "DescribeRouteTables" => list(table),
        "DescribeSecurityGroupRules" | "DescribeSecurityGroups" => list(group),
        "DescribeVpcEndpointAssociations" => Form::of(Owner::Consumer, String::new(), Other::Same),
        "DisassociateRouteTable" => {
            of(format!("&AssociationId={association}"), "InvalidAssociationID.NotFound")
        }
        "DisassociateSubnetCidrBlock" => {
            let code = "InvalidSubnetCidrBlockAssociationID.NotFound";
            of(format!("&AssociationId={NO_BLOCK}"), code).getting(code)
        }
        "DisassociateVpcCidrBlock" => {
            of(format!("&AssociationId={first_block}"), "InvalidVpcCidrBlockAssociationID.NotFound")
                .getting("OperationNotPermitted")
        }
        "ModifyNetworkInterfaceAttribute" => of_interface().getting("AuthFailure"),
        "RevokeSecurityGroupEgress" => of_group(FIRST_RULE),
        "RevokeSecurityGroupIngress" => of_group(RULE).getting("InvalidPermission.NotFound"),
        _ => return None,
    })
}
