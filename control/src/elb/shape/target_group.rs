//! A target group as ELBv2 shows it.

use control_core::resource::{TargetGroup, TargetType};

use super::super::{arns::Arns, forward::protocol_name, health_check};
use crate::query::Xml;

/// How targets are named, by the words for it.
pub(in crate::elb) const TARGET_TYPES: [(&str, TargetType); 3] =
    [("alb", TargetType::Alb), ("instance", TargetType::Instance), ("ip", TargetType::Ip)];

/// Writes its members.
pub(in crate::elb) fn write(xml: &mut Xml, arns: Arns<'_>, group: &TargetGroup) {
    let check = &group.health_check;
    xml.text("TargetGroupArn", arns.of_target_group(group));
    xml.text("TargetGroupName", &group.name);
    xml.text("Protocol", protocol_name(group.protocol));
    xml.value("Port", group.port);
    xml.value("VpcId", group.vpc);
    xml.text("HealthCheckProtocol", health_check::protocol_name(check.protocol));
    xml.text(
        "HealthCheckPort",
        check.port.map_or_else(|| "traffic-port".to_owned(), |port| port.to_string()),
    );
    xml.value("HealthCheckEnabled", true);
    xml.value("HealthCheckIntervalSeconds", check.interval_s);
    xml.value("HealthCheckTimeoutSeconds", check.timeout_s);
    xml.value("HealthyThresholdCount", check.healthy_threshold);
    xml.value("UnhealthyThresholdCount", check.unhealthy_threshold);
    if let Some(http) = &check.http {
        xml.text("HealthCheckPath", &http.path);
        xml.element("Matcher", |xml| xml.value("HttpCode", &http.matcher));
    }
    let used_by = arns.0.load_balancers_of(group.id);
    let used_by = used_by.into_iter().map(|lb| arns.of_load_balancer(lb));
    xml.values("LoadBalancerArns", "member", used_by);
    let target_type = TARGET_TYPES.iter().find(|(_, it)| *it == group.target_type);
    xml.option("TargetType", target_type.map(|(name, _)| name));
    xml.text("IpAddressType", "ipv4");
}
