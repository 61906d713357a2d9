//! The operations of EC2 that are served, one file each.

use crate::{
    api::Call,
    query::{Fault, Xml},
};

/// Defines the operations: their names on the wire, and the modules that do them.
macro_rules! actions {
    ($($name:ident => $module:ident,)*) => {
        $(mod $module;)*

        /// The names of the operations.
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name),)*];

        /// Runs the operation that the request names; nothing if there is no such one.
        pub(super) async fn run(
            call: &Call<'_>,
        ) -> Option<(&'static str, Result<Xml, Fault>)> {
            Some(match call.action() {
                $(stringify!($name) => (stringify!($name), $module::run(call).await),)*
                _ => return None,
            })
        }
    };
}

actions! {
    AcceptVpcEndpointConnections => accept_vpc_endpoint_connections,
    AssociateRouteTable => associate_route_table,
    AuthorizeSecurityGroupEgress => authorize_security_group_egress,
    AuthorizeSecurityGroupIngress => authorize_security_group_ingress,
    CreateRoute => create_route,
    CreateRouteTable => create_route_table,
    CreateSecurityGroup => create_security_group,
    CreateSubnet => create_subnet,
    CreateTags => create_tags,
    CreateVpc => create_vpc,
    CreateVpcEndpoint => create_vpc_endpoint,
    CreateVpcEndpointServiceConfiguration => create_vpc_endpoint_service_configuration,
    DeleteRoute => delete_route,
    DeleteRouteTable => delete_route_table,
    DeleteSecurityGroup => delete_security_group,
    DeleteSubnet => delete_subnet,
    DeleteTags => delete_tags,
    DeleteVpc => delete_vpc,
    DeleteVpcEndpoints => delete_vpc_endpoints,
    DeleteVpcEndpointServiceConfigurations => delete_vpc_endpoint_service_configurations,
    DescribeAvailabilityZones => describe_availability_zones,
    DescribeNetworkInterfaces => describe_network_interfaces,
    DescribePrefixLists => describe_prefix_lists,
    DescribeRegions => describe_regions,
    DescribeRouteTables => describe_route_tables,
    DescribeSecurityGroupRules => describe_security_group_rules,
    DescribeSecurityGroups => describe_security_groups,
    DescribeSubnets => describe_subnets,
    DescribeTags => describe_tags,
    DescribeVpcAttribute => describe_vpc_attribute,
    DescribeVpcEndpointAssociations => describe_vpc_endpoint_associations,
    DescribeVpcEndpointConnections => describe_vpc_endpoint_connections,
    DescribeVpcEndpoints => describe_vpc_endpoints,
    DescribeVpcEndpointServiceConfigurations => describe_vpc_endpoint_service_configurations,
    DescribeVpcEndpointServicePermissions => describe_vpc_endpoint_service_permissions,
    DescribeVpcEndpointServices => describe_vpc_endpoint_services,
    DescribeVpcs => describe_vpcs,
    DisassociateRouteTable => disassociate_route_table,
    ModifyVpcAttribute => modify_vpc_attribute,
    ModifyVpcEndpoint => modify_vpc_endpoint,
    ModifyVpcEndpointServiceConfiguration => modify_vpc_endpoint_service_configuration,
    ModifyVpcEndpointServicePermissions => modify_vpc_endpoint_service_permissions,
    RejectVpcEndpointConnections => reject_vpc_endpoint_connections,
    RevokeSecurityGroupEgress => revoke_security_group_egress,
    RevokeSecurityGroupIngress => revoke_security_group_ingress,
    StartVpcEndpointServicePrivateDnsVerification =>
        start_vpc_endpoint_service_private_dns_verification,
}
