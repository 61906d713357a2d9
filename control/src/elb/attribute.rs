//! Attributes by name (ELBv2 API, `LoadBalancerAttribute`, `TargetGroupAttribute`,
//! `ListenerAttribute`): read from `Attributes.member.N`, written in the documented order.

use std::str::FromStr;

use control_core::resource::{
    ClientRoutingPolicy, CrossZone, Listener, ListenerAttribute, LoadBalancerAttribute,
    LoadBalancerAttributes, TargetGroupAttribute, TargetGroupAttributes, Threshold,
};

use crate::query::{Fault, Input, Xml, fault::quoted};

/// A key and its value as they travel.
type Pair = (&'static str, String);

const DNS_COUNT: &str = "target_group_health.dns_failover.minimum_healthy_targets.count";
const DNS_PERCENTAGE: &str = "target_group_health.dns_failover.minimum_healthy_targets.percentage";
const ROUTING_COUNT: &str =
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count";
const ROUTING_PERCENTAGE: &str =
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage";
const UNHEALTHY_TERMINATION: &str = "target_health_state.unhealthy.connection_termination.enabled";
const UNHEALTHY_DRAINING: &str = "target_health_state.unhealthy.draining_interval_seconds";
const DELAY: &str = "deregistration_delay.timeout_seconds";
const DELAY_TERMINATION: &str = "deregistration_delay.connection_termination.enabled";
const CROSS_ZONE: &str = "load_balancing.cross_zone.enabled";
const ROUTING_POLICY: &str = "dns_record.client_routing_policy";
const SECONDARY: &str = "secondary_ips.auto_assigned.per_subnet";

const POLICIES: [(&str, ClientRoutingPolicy); 3] = [
    ("any_availability_zone", ClientRoutingPolicy::AnyZone),
    ("partial_availability_zone_affinity", ClientRoutingPolicy::PartialAffinity),
    ("availability_zone_affinity", ClientRoutingPolicy::Affinity),
];
const CROSS_ZONES: [(&str, CrossZone); 3] = [
    ("true", CrossZone::On),
    ("false", CrossZone::Off),
    ("use_load_balancer_configuration", CrossZone::LoadBalancer),
];

/// Reads `Attributes.member.N`, each by its key; none at all is refused.
pub(super) fn read<A>(
    input: &Input<'_>,
    parse: impl Fn(&str, &str) -> Result<Option<A>, Fault>,
) -> Result<Vec<A>, Fault> {
    let members = input.structures("Attributes");
    if members.is_empty() {
        return Err(Fault::missing_parameter("Attributes"));
    }
    let mut attributes = Vec::new();
    for member in members {
        let key = member.required_text("Key")?;
        let value = member.text("Value")?.unwrap_or_default();
        attributes.extend(parse(key, value)?);
    }
    Ok(attributes)
}

/// Writes attributes as an answer has them.
pub(super) fn write(xml: &mut Xml, pairs: impl IntoIterator<Item = Pair>) {
    xml.list("Attributes", "member", pairs, |xml, (key, value)| {
        xml.text("Key", key);
        xml.text("Value", value);
    });
}

/// A load balancer's attribute.
pub(super) fn of_load_balancer(
    key: &str,
    value: &str,
) -> Result<Option<LoadBalancerAttribute>, Fault> {
    use LoadBalancerAttribute as A;
    let attribute = match key {
        CROSS_ZONE => A::CrossZone(parsed(key, value)?),
        "deletion_protection.enabled" => A::DeletionProtection(parsed(key, value)?),
        ROUTING_POLICY => A::ClientRoutingPolicy(chosen(key, value, &POLICIES)?),
        "zonal_shift.config.enabled" => A::ZonalShift(parsed(key, value)?),
        SECONDARY => A::SecondaryAddresses(parsed(key, value)?),
        "ipv6.deny_all_igw_traffic" => A::DenyInternetGateway(parsed(key, value)?),
        _ => return Err(unknown(key)),
    };
    match attribute {
        A::ClientRoutingPolicy(ClientRoutingPolicy::AnyZone)
        | A::ZonalShift(false)
        | A::SecondaryAddresses(0)
        | A::CrossZone(_)
        | A::DeletionProtection(_)
        | A::DenyInternetGateway(_) => Ok(Some(attribute)),
        A::ClientRoutingPolicy(_) | A::ZonalShift(_) | A::SecondaryAddresses(_) => {
            Err(without_effect(key, value))
        }
    }
}

/// All of a load balancer's attributes.
pub(super) fn load_balancer_pairs(attributes: &LoadBalancerAttributes) -> Vec<Pair> {
    vec![
        ("deletion_protection.enabled", attributes.deletion_protection.to_string()),
        (CROSS_ZONE, attributes.cross_zone.to_string()),
        (ROUTING_POLICY, named(attributes.client_routing_policy, &POLICIES)),
        ("zonal_shift.config.enabled", attributes.zonal_shift.to_string()),
        (SECONDARY, attributes.secondary_addresses.to_string()),
        ("ipv6.deny_all_igw_traffic", attributes.deny_internet_gateway.to_string()),
    ]
}

/// A target group's attribute; none if it says nothing.
pub(super) fn of_target_group(
    key: &str,
    value: &str,
) -> Result<Option<TargetGroupAttribute>, Fault> {
    use TargetGroupAttribute as A;
    let attribute = match key {
        DELAY => A::DeregistrationDelaySeconds(parsed(key, value)?),
        DELAY_TERMINATION => A::DeregistrationConnectionTermination(parsed(key, value)?),
        "preserve_client_ip.enabled" => A::PreserveClientIp(parsed(key, value)?),
        "proxy_protocol_v2.enabled" => A::ProxyProtocolV2(parsed(key, value)?),
        "stickiness.enabled" => A::Stickiness(parsed(key, value)?),
        // The only type of a TCP group says nothing that `stickiness.enabled` does not.
        "stickiness.type" if value == "source_ip" => return Ok(None),
        "stickiness.type" => return Err(invalid(key, value, "source_ip")),
        CROSS_ZONE => A::CrossZone(chosen(key, value, &CROSS_ZONES)?),
        DNS_COUNT => A::DnsFailoverCount(threshold(key, value)?),
        DNS_PERCENTAGE => A::DnsFailoverPercentage(threshold(key, value)?),
        ROUTING_COUNT => A::RoutingCount(parsed(key, value)?),
        ROUTING_PERCENTAGE => A::RoutingPercentage(threshold(key, value)?),
        UNHEALTHY_TERMINATION => A::UnhealthyConnectionTermination(parsed(key, value)?),
        UNHEALTHY_DRAINING => A::UnhealthyDrainingIntervalSeconds(parsed(key, value)?),
        _ => return Err(unknown(key)),
    };
    match attribute {
        A::Stickiness(false)
        | A::DnsFailoverCount(Threshold::AtLeast(1))
        | A::DnsFailoverPercentage(Threshold::Off)
        | A::RoutingCount(1)
        | A::RoutingPercentage(Threshold::Off)
        | A::UnhealthyDrainingIntervalSeconds(0)
        | A::DeregistrationDelaySeconds(_)
        | A::DeregistrationConnectionTermination(_)
        | A::PreserveClientIp(_)
        | A::ProxyProtocolV2(_)
        | A::CrossZone(_)
        | A::UnhealthyConnectionTermination(_) => Ok(Some(attribute)),
        A::Stickiness(_)
        | A::DnsFailoverCount(_)
        | A::DnsFailoverPercentage(_)
        | A::RoutingCount(_)
        | A::RoutingPercentage(_)
        | A::UnhealthyDrainingIntervalSeconds(_) => Err(without_effect(key, value)),
    }
}

/// All of a target group's attributes.
pub(super) fn target_group_pairs(attributes: &TargetGroupAttributes) -> Vec<Pair> {
    vec![
        (DELAY, attributes.deregistration_delay_s.to_string()),
        (DELAY_TERMINATION, attributes.deregistration_connection_termination.to_string()),
        ("preserve_client_ip.enabled", attributes.preserve_client_ip.to_string()),
        ("proxy_protocol_v2.enabled", attributes.proxy_protocol_v2.to_string()),
        ("stickiness.enabled", attributes.stickiness.to_string()),
        ("stickiness.type", "source_ip".to_owned()),
        (CROSS_ZONE, named(attributes.cross_zone, &CROSS_ZONES)),
        (DNS_COUNT, threshold_text(attributes.dns_failover_count)),
        (DNS_PERCENTAGE, threshold_text(attributes.dns_failover_percentage)),
        (ROUTING_COUNT, attributes.routing_count.to_string()),
        (ROUTING_PERCENTAGE, threshold_text(attributes.routing_percentage)),
        (UNHEALTHY_TERMINATION, attributes.unhealthy_connection_termination.to_string()),
        (UNHEALTHY_DRAINING, attributes.unhealthy_draining_interval_s.to_string()),
    ]
}

/// A listener's attribute.
pub(super) fn of_listener(key: &str, value: &str) -> Result<Option<ListenerAttribute>, Fault> {
    match key {
        "tcp.idle_timeout.seconds" => {
            Ok(Some(ListenerAttribute::IdleTimeoutSeconds(parsed(key, value)?)))
        }
        _ => Err(unknown(key)),
    }
}

/// All of a listener's attributes.
pub(super) fn listener_pairs(listener: &Listener) -> Vec<Pair> {
    vec![("tcp.idle_timeout.seconds", listener.idle_timeout_s.to_string())]
}

/// A value that can be read from its text.
fn parsed<T: Attribute>(key: &str, value: &str) -> Result<T, Fault> {
    value.parse().map_err(|_| invalid(key, value, T::EXPECTED))
}

/// The types of values, with what to say of a value that is none.
trait Attribute: FromStr {
    const EXPECTED: &str;
}

impl Attribute for bool {
    const EXPECTED: &str = "true or false";
}

impl Attribute for u8 {
    const EXPECTED: &str = "a number up to 255";
}

impl Attribute for u32 {
    const EXPECTED: &str = "a number";
}

fn chosen<T: Copy>(key: &str, value: &str, choices: &[(&str, T)]) -> Result<T, Fault> {
    match choices.iter().find(|(name, _)| *name == value) {
        Some((_, choice)) => Ok(*choice),
        None => {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            Err(invalid(key, value, &names.join(", ")))
        }
    }
}

fn named<T: Copy + PartialEq>(choice: T, choices: &[(&str, T)]) -> String {
    let found = choices.iter().find(|(_, known)| *known == choice);
    found.map_or("", |(name, _)| name).to_owned()
}

fn threshold(key: &str, value: &str) -> Result<Threshold, Fault> {
    if value == "off" { Ok(Threshold::Off) } else { parsed(key, value).map(Threshold::AtLeast) }
}

fn threshold_text(threshold: Threshold) -> String {
    match threshold {
        Threshold::Off => "off".to_owned(),
        Threshold::AtLeast(least) => least.to_string(),
    }
}

fn unknown(key: &str) -> Fault {
    let key = quoted(key);
    Fault::new("ValidationError", format!("The attribute key '{key}' is not recognized"))
}

/// Better refused than taken and not done.
fn without_effect(key: &str, value: &str) -> Fault {
    let value = quoted(value);
    Fault::new(
        "InvalidConfigurationRequest",
        format!("The attribute '{key}' cannot be '{value}' here: it would have no effect."),
    )
}

fn invalid(key: &str, value: &str, expected: &str) -> Fault {
    let value = quoted(value);
    Fault::new(
        "ValidationError",
        format!("The value '{value}' of the attribute '{key}' is invalid. Expected {expected}."),
    )
}
