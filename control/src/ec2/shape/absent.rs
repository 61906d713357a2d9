//! Resources that AWS has around VPCs and endpoints and that do not exist here, in the shape of
//! empty lists: infrastructure tools look for them while they handle the others and take none for
//! an answer, but not an unknown operation.

use control_core::describe::View;

use super::super::describe::Listed;
use crate::query::{Subject, Xml};

/// Defines kinds of resources that there are none of: list element and filters.
macro_rules! absent {
    ($($(#[$about:meta])* $name:ident, $set:literal, $filters:expr;)*) => {$(
        $(#[$about])*
        pub(in crate::ec2) enum $name {}

        impl Subject for $name {
            fn values(&self, _: &str) -> Vec<String> {
                match *self {}
            }

            fn tags(&self) -> Vec<(&str, &str)> {
                match *self {}
            }
        }

        impl Listed for $name {
            const FILTERS: &[&str] = $filters;
            const SET: &str = $set;

            fn key(&self) -> String {
                match *self {}
            }

            fn all(_: View<'_>) -> Vec<Self> {
                Vec::new()
            }

            fn write(&self, _: &mut Xml) {
                match *self {}
            }
        }
    )*};
}

absent! {
    /// An association of an endpoint with a resource of another account: only resource and service
    /// network endpoints have any.
    AssociationView, "vpcEndpointAssociationSet", &[
        "associated-resource-accessibility",
        "associated-resource-id",
        "association-id",
        "resource-configuration-group-arn",
        "service-network-arn",
        "vpc-endpoint-id",
    ];
    /// A gateway to the internet: networks here have none.
    InternetGatewayView, "internetGatewaySet", &[
        "attachment.state",
        "attachment.vpc-id",
        "internet-gateway-id",
        "owner-id",
        "tag-key",
    ];
    /// A network ACL: subnets here have none.
    NetworkAclView, "networkAclSet", &[
        "association.association-id",
        "association.network-acl-id",
        "association.subnet-id",
        "default",
        "entry.cidr",
        "entry.icmp.code",
        "entry.icmp.type",
        "entry.ipv6-cidr",
        "entry.port-range.from",
        "entry.port-range.to",
        "entry.protocol",
        "entry.rule-action",
        "entry.rule-number",
        "network-acl-id",
        "owner-id",
        "tag-key",
        "vpc-id",
    ];
    /// A prefix list: AWS has one for each service with gateway endpoints.
    PrefixListView, "prefixListSet", &["prefix-list-id", "prefix-list-name"];
}
