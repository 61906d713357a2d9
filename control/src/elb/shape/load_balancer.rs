//! A load balancer as ELBv2 shows it.

use control_core::resource::{LoadBalancer, Scheme};
use model::IpAddressType;

use super::super::{arns::Arns, group};
use crate::query::Xml;

/// The hosted zone of load balancers' names. There are no such names here, and so one id will do
/// for clients that insist on one; it is that of us-east-1.
const HOSTED_ZONE: &str = "Z26RNL4JYFTOTI";

/// The schemes by their names.
pub(in crate::elb) const SCHEMES: [(&str, Scheme); 2] =
    [("internal", Scheme::Internal), ("internet-facing", Scheme::InternetFacing)];

/// The address types by their names.
pub(in crate::elb) const IP_ADDRESS_TYPES: [(&str, IpAddressType); 2] =
    [("ipv4", IpAddressType::Ipv4), ("dualstack", IpAddressType::Dualstack)];

/// The name of its address type.
pub(in crate::elb) fn ip_address_type(lb: &LoadBalancer) -> &'static str {
    match lb.ip_address_type {
        IpAddressType::Ipv4 => "ipv4",
        IpAddressType::Ipv6 => "ipv6",
        IpAddressType::Dualstack => "dualstack",
    }
}

/// Says whether the groups count for connections through endpoints, if there are any.
pub(in crate::elb) fn write_enforcement(xml: &mut Xml, lb: &LoadBalancer) {
    if !lb.security_groups.is_empty() {
        xml.text(group::ENFORCEMENT, if lb.enforces_on_endpoints { "on" } else { "off" });
    }
}

/// Writes its zones and its subnets there.
pub(in crate::elb) fn write_zones(xml: &mut Xml, arns: Arns<'_>, lb: &LoadBalancer) {
    xml.list("AvailabilityZones", "member", &lb.subnets, |xml, (zone, subnet)| {
        let name = arns.0.settings().zone_name(&lb.owner, zone);
        xml.text("ZoneName", name.map_or(zone.as_str(), |name| name.as_str()));
        xml.value("SubnetId", subnet);
        xml.values("LoadBalancerAddresses", "member", [""; 0]);
    });
}

/// Writes its members.
pub(in crate::elb) fn write(xml: &mut Xml, arns: Arns<'_>, lb: &LoadBalancer) {
    let settings = arns.0.settings();
    xml.text("LoadBalancerArn", arns.of_load_balancer(lb));
    let (name, id, region) = (&lb.name, lb.id, &settings.region);
    xml.text("DNSName", format!("{name}-{id}.elb.{region}.amazonaws.com"));
    xml.text("CanonicalHostedZoneId", HOSTED_ZONE);
    xml.time("CreatedTime", lb.created);
    xml.text("LoadBalancerName", name);
    xml.text(
        "Scheme",
        match lb.scheme {
            Scheme::Internal => "internal",
            Scheme::InternetFacing => "internet-facing",
        },
    );
    xml.value("VpcId", lb.vpc);
    xml.element("State", |xml| xml.text("Code", "active"));
    xml.text("Type", "network");
    write_zones(xml, arns, lb);
    if !lb.security_groups.is_empty() {
        xml.values("SecurityGroups", "member", &lb.security_groups);
    }
    write_enforcement(xml, lb);
    xml.text("IpAddressType", ip_address_type(lb));
}
