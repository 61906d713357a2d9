//! Routes as callers write them: a destination and one of many kinds of targets.

use control_core::resource::{Route, RouteTargetKind};
use ipnet::IpNet;

use crate::query::{Fault, Input};

/// The kinds of targets: how they are asked for, and how they are shown.
const TARGETS: [(RouteTargetKind, &str, &str); 6] = [
    (RouteTargetKind::Gateway, "GatewayId", "gatewayId"),
    (RouteTargetKind::NatGateway, "NatGatewayId", "natGatewayId"),
    (
        RouteTargetKind::EgressOnlyInternetGateway,
        "EgressOnlyInternetGatewayId",
        "egressOnlyInternetGatewayId",
    ),
    (RouteTargetKind::TransitGateway, "TransitGatewayId", "transitGatewayId"),
    (RouteTargetKind::VpcPeeringConnection, "VpcPeeringConnectionId", "vpcPeeringConnectionId"),
    (RouteTargetKind::NetworkInterface, "NetworkInterfaceId", "networkInterfaceId"),
];

/// Longest id of a target that is kept.
const TARGET_BYTES_MAX: usize = 64;

/// Reads a route.
pub(super) fn route(input: &Input<'_>) -> Result<Route, Fault> {
    let destination = destination(input)?;
    let mut given = Vec::new();
    for (kind, name, _) in TARGETS {
        given.extend(input.text(name)?.map(|target| (kind, name, target)));
    }
    match given[..] {
        [(kind, name, target)] => {
            let plain = target.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            if !plain || !(1..=TARGET_BYTES_MAX).contains(&target.len()) {
                return Err(Fault::invalid_value(name, target, "an id"));
            }
            Ok(Route { destination, kind, target: target.to_owned() })
        }
        [] => Err(Fault::missing_parameter("GatewayId")),
        _ => Err(Fault::invalid_combination("A route has exactly one target.")),
    }
}

/// Reads a destination, of either family.
pub(super) fn destination(input: &Input<'_>) -> Result<IpNet, Fault> {
    let ipv4 = input.parse("DestinationCidrBlock", "an IPv4 CIDR block")?.map(IpNet::V4);
    let ipv6 = input.parse("DestinationIpv6CidrBlock", "an IPv6 CIDR block")?.map(IpNet::V6);
    match (ipv4, ipv6) {
        (Some(_), Some(_)) => Err(Fault::invalid_combination("A route has one destination.")),
        (ipv4, ipv6) => {
            ipv4.or(ipv6).ok_or_else(|| Fault::missing_parameter("DestinationCidrBlock"))
        }
    }
}

/// The element that shows a kind of target.
pub(super) fn target_element(kind: RouteTargetKind) -> &'static str {
    TARGETS.iter().find(|(known, ..)| *known == kind).map_or("gatewayId", |(.., element)| element)
}
