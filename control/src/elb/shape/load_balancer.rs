//! A load balancer as ELBv2 shows it.

use control_core::{
    Caller, Registry,
    resource::{LoadBalancer, Scheme},
};

use crate::{elb::arn::Arns, query::Xml};

/// The hosted zone of Network Load Balancers in us-east-1. AWS has one for each Region; clients
/// copy it into alias records and nothing more.
const HOSTED_ZONE: &str = "Z26RNL4JYFTOTI";

/// `LoadBalancers`.
pub(in crate::elb) fn write_all<'r>(
    xml: &mut Xml,
    registry: &Registry,
    caller: &Caller,
    load_balancers: impl IntoIterator<Item = &'r LoadBalancer>,
) {
    let arns = Arns::new(registry, &caller.account);
    xml.list("LoadBalancers", "member", load_balancers, |xml, lb| {
        let settings = registry.settings();
        xml.text("LoadBalancerArn", arns.of_load_balancer(lb));
        xml.text("DNSName", format!("{}-{}.elb.{}.amazonaws.com", lb.name, lb.id, settings.region));
        xml.text("CanonicalHostedZoneId", HOSTED_ZONE);
        xml.time("CreatedTime", lb.created);
        xml.text("LoadBalancerName", &lb.name);
        xml.text("Scheme", scheme(lb.scheme));
        xml.value("VpcId", lb.vpc);
        xml.element("State", |xml| xml.text("Code", "active"));
        xml.text("Type", "network");
        xml.list("AvailabilityZones", "member", &lb.subnets, |xml, (zone, subnet)| {
            xml.option("ZoneName", settings.zone_name(&lb.owner, zone));
            xml.value("SubnetId", subnet);
            xml.values("LoadBalancerAddresses", "member", Vec::<String>::new());
        });
        xml.values("SecurityGroups", "member", Vec::<String>::new());
        xml.text("IpAddressType", crate::elb::code::ip_address_type(lb.ip_address_type));
    });
}

fn scheme(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Internal => "internal",
        Scheme::InternetFacing => "internet-facing",
    }
}
