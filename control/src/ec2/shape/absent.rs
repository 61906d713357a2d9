//! Resources that AWS always has around a VPC and that do not exist here, in the shape of empty
//! lists: infrastructure tools look for them while they handle VPCs and take none for an answer,
//! but not an unknown operation.

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
}
