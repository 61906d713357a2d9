//! Attributes of a target group.

use control_core::resource::{TargetGroupAttribute as A, TargetGroupAttributes};
use model::{Algorithm, EndpointField};

use super::{
    Listed, choice, cross_zone, cross_zone_text, fixed, listed, name, threshold, threshold_text,
    unknown, value,
};
use crate::query::Fault;

const DEREGISTRATION_DELAY: &str = "deregistration_delay.timeout_seconds";
const DEREGISTRATION_TERMINATION: &str = "deregistration_delay.connection_termination.enabled";
const PRESERVE_CLIENT_IP: &str = "preserve_client_ip.enabled";
const PROXY_PROTOCOL_V2: &str = "proxy_protocol_v2.enabled";
const STICKINESS: &str = "stickiness.enabled";
const STICKINESS_TYPE: &str = "stickiness.type";
const CROSS_ZONE: &str = "load_balancing.cross_zone.enabled";
const DNS_COUNT: &str = "target_group_health.dns_failover.minimum_healthy_targets.count";
const DNS_PERCENTAGE: &str = "target_group_health.dns_failover.minimum_healthy_targets.percentage";
const ROUTING_COUNT: &str =
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count";
const ROUTING_PERCENTAGE: &str =
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage";
const UNHEALTHY_TERMINATION: &str = "target_health_state.unhealthy.connection_termination.enabled";
const UNHEALTHY_DRAINING: &str = "target_health_state.unhealthy.draining_interval_seconds";
const SLOW_START: &str = "slow_start.duration_seconds";
const ALGORITHM: &str = "load_balancing.algorithm.type";
const OUTLIER_DETECTION: &str = "postern.outlier_detection.enabled";
const PROXY_ENDPOINT_FIELD: &str = "postern.proxy_protocol_v2.endpoint_field";
const PROXY_UNIQUE_ID: &str = "postern.proxy_protocol_v2.unique_id.enabled";
const PROXY_AUTHORITY: &str = "postern.proxy_protocol_v2.authority.enabled";

const ALGORITHMS: [(&str, Algorithm); 2] =
    [("flow_hash", Algorithm::FlowHash), ("least_connections", Algorithm::LeastConnections)];
const ENDPOINT_FIELDS: [(&str, EndpointField); 3] =
    [("aws", EndpointField::Aws), ("azure", EndpointField::Azure), ("gcp", EndpointField::Gcp)];

/// Reads one; none if it is what it always is.
pub(crate) fn read(key: &str, text: &str) -> Result<Option<A>, Fault> {
    Ok(Some(match key {
        DEREGISTRATION_DELAY => A::DeregistrationDelaySeconds(value(key, text)?),
        DEREGISTRATION_TERMINATION => A::DeregistrationConnectionTermination(value(key, text)?),
        PRESERVE_CLIENT_IP => A::PreserveClientIp(value(key, text)?),
        PROXY_PROTOCOL_V2 => A::ProxyProtocolV2(value(key, text)?),
        STICKINESS => A::Stickiness(value(key, text)?),
        STICKINESS_TYPE => return fixed(key, text, "source_ip"),
        CROSS_ZONE => A::CrossZone(cross_zone(key, text)?),
        DNS_COUNT => A::DnsFailoverCount(threshold(key, text)?),
        DNS_PERCENTAGE => A::DnsFailoverPercentage(threshold(key, text)?),
        ROUTING_COUNT => A::RoutingCount(value(key, text)?),
        ROUTING_PERCENTAGE => A::RoutingPercentage(threshold(key, text)?),
        UNHEALTHY_TERMINATION => A::UnhealthyConnectionTermination(value(key, text)?),
        UNHEALTHY_DRAINING => A::UnhealthyDrainingIntervalSeconds(value(key, text)?),
        SLOW_START => A::SlowStartSeconds(value(key, text)?),
        ALGORITHM => A::Algorithm(choice(key, text, &ALGORITHMS)?),
        OUTLIER_DETECTION => A::OutlierDetection(value(key, text)?),
        PROXY_ENDPOINT_FIELD => A::ProxyEndpointField(choice(key, text, &ENDPOINT_FIELDS)?),
        PROXY_UNIQUE_ID => A::ProxyUniqueId(value(key, text)?),
        PROXY_AUTHORITY => A::ProxyAuthority(value(key, text)?),
        _ => return Err(unknown(key)),
    }))
}

/// All of them.
pub(in crate::elb) fn all(of: &TargetGroupAttributes) -> Vec<Listed> {
    vec![
        listed(DEREGISTRATION_DELAY, of.deregistration_delay_s),
        listed(DEREGISTRATION_TERMINATION, of.deregistration_connection_termination),
        listed(PRESERVE_CLIENT_IP, of.preserve_client_ip),
        listed(PROXY_PROTOCOL_V2, of.proxy_protocol_v2),
        listed(STICKINESS, of.stickiness),
        listed(STICKINESS_TYPE, "source_ip"),
        listed(CROSS_ZONE, cross_zone_text(of.cross_zone)),
        listed(DNS_COUNT, threshold_text(of.dns_failover_count)),
        listed(DNS_PERCENTAGE, threshold_text(of.dns_failover_percentage)),
        listed(ROUTING_COUNT, of.routing_count),
        listed(ROUTING_PERCENTAGE, threshold_text(of.routing_percentage)),
        listed(UNHEALTHY_TERMINATION, of.unhealthy_connection_termination),
        listed(UNHEALTHY_DRAINING, of.unhealthy_draining_interval_s),
        listed(SLOW_START, of.slow_start_s),
        listed(ALGORITHM, name(of.algorithm, &ALGORITHMS)),
        listed(OUTLIER_DETECTION, of.outlier_detection),
        listed(PROXY_ENDPOINT_FIELD, name(of.proxy_fields.endpoint, &ENDPOINT_FIELDS)),
        listed(PROXY_UNIQUE_ID, of.proxy_fields.unique_id),
        listed(PROXY_AUTHORITY, of.proxy_fields.authority),
    ]
}

#[cfg(test)]
mod tests {
    use control_core::resource::TargetType;
    use model::Protocol;

    use super::*;

    #[test]
    fn every_attribute_that_is_listed_is_read() {
        for (key, text) in all(&TargetGroupAttributes::of(Protocol::Tcp, TargetType::Ip)) {
            read(key, &text).unwrap();
            assert!(read(key, "nonsense").is_err(), "{key}");
        }
        assert_eq!(read("nonsense", "true").unwrap_err().code, "ValidationError");
    }
}
