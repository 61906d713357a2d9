//! A target group as ELBv2 shows it.

use std::collections::BTreeSet;

use control_core::{
    Caller, Registry,
    resource::{HealthCheckProtocol, ResourceId, ResourceKind, TargetGroup},
};
use model::{LoadBalancerId, TargetGroupId};

use super::listener::protocol;
use crate::{elb::arn::Arns, query::Xml};

/// `TargetGroups`.
pub(in crate::elb) fn write_all<'r>(
    xml: &mut Xml,
    registry: &Registry,
    caller: &Caller,
    groups: impl IntoIterator<Item = &'r TargetGroup>,
) {
    let arns = Arns::new(registry, &caller.account);
    xml.list("TargetGroups", "member", groups, |xml, group| {
        let check = &group.health_check;
        xml.text("TargetGroupArn", arns.of_target_group(group));
        xml.text("TargetGroupName", &group.name);
        xml.text("Protocol", protocol(group.protocol));
        xml.value("Port", group.port);
        xml.value("VpcId", group.vpc);
        xml.text("HealthCheckProtocol", probe_protocol(check.protocol));
        let port = check.port.map_or_else(|| "traffic-port".to_owned(), |port| port.to_string());
        xml.text("HealthCheckPort", port);
        xml.value("HealthCheckEnabled", true);
        xml.value("HealthCheckIntervalSeconds", check.interval_s);
        xml.value("HealthCheckTimeoutSeconds", check.timeout_s);
        xml.value("HealthyThresholdCount", check.healthy_threshold);
        xml.value("UnhealthyThresholdCount", check.unhealthy_threshold);
        let load_balancers = load_balancers_of(registry, group.id);
        let load_balancers = load_balancers.iter().filter_map(|id| registry.load_balancer(*id));
        xml.values(
            "LoadBalancerArns",
            "member",
            load_balancers.map(|lb| arns.of_load_balancer(lb)),
        );
        xml.text("TargetType", "ip");
        xml.text("IpAddressType", "ipv4");
    });
}

/// The load balancers with a listener that forwards to the group.
pub(in crate::elb) fn load_balancers_of(
    registry: &Registry,
    group: TargetGroupId,
) -> BTreeSet<LoadBalancerId> {
    registry
        .referrers(group, ResourceKind::Listener)
        .filter_map(|listener| match listener {
            ResourceId::Listener(id) => registry.listener(id),
            _ => None,
        })
        .map(|listener| listener.load_balancer)
        .collect()
}

fn probe_protocol(protocol: HealthCheckProtocol) -> &'static str {
    match protocol {
        HealthCheckProtocol::Tcp => "TCP",
    }
}
