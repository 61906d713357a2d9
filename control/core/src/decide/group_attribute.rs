//! Attributes of a target group: ranges, and what does not go together (semantics 1.3).

use model::{Algorithm, Protocol};

use crate::{
    quota::Quota,
    refusal::{Refusal, Setting},
    resource::{
        TargetGroup, TargetGroupAttribute, TargetGroupAttributes, Threshold,
        target_group::{DEREGISTRATION_DELAY_S, DRAINING_INTERVAL_S, SLOW_START_S},
    },
};

/// Refuses a value beyond the attribute's range.
pub(super) fn check(attribute: TargetGroupAttribute) -> Result<(), Refusal> {
    use TargetGroupAttribute as A;
    // A group has no more targets than this, so a larger count could never be met.
    let counts =
        1..=u32::try_from(Quota::TargetsPerTargetGroup.default_limit()).unwrap_or(u32::MAX);
    let percentages = 1..=100;
    let within = |setting: Setting, threshold, range| match threshold {
        Threshold::Off => Ok(()),
        Threshold::AtLeast(least) => setting.check(least, range),
    };
    match attribute {
        A::DeregistrationDelaySeconds(seconds) => {
            Setting::DeregistrationDelay.check(seconds, &DEREGISTRATION_DELAY_S)
        }
        A::UnhealthyDrainingIntervalSeconds(seconds) => {
            Setting::UnhealthyDrainingInterval.check(seconds, &DRAINING_INTERVAL_S)
        }
        A::DnsFailoverCount(count) => within(Setting::DnsFailoverCount, count, &counts),
        A::DnsFailoverPercentage(share) => {
            within(Setting::DnsFailoverPercentage, share, &percentages)
        }
        A::RoutingCount(count) => Setting::RoutingCount.check(count, &counts),
        A::RoutingPercentage(share) => within(Setting::RoutingPercentage, share, &percentages),
        A::SlowStartSeconds(0)
        | A::DeregistrationConnectionTermination(_)
        | A::PreserveClientIp(_)
        | A::ProxyProtocolV2(_)
        | A::Stickiness(_)
        | A::CrossZone(_)
        | A::UnhealthyConnectionTermination(_)
        | A::Algorithm(_)
        | A::OutlierDetection(_)
        | A::ProxyEndpointField(_)
        | A::ProxyUniqueId(_)
        | A::ProxyAuthority(_) => Ok(()),
        A::SlowStartSeconds(seconds) => Setting::SlowStart.check(seconds, &SLOW_START_S),
    }
}

/// Refuses attributes that do not go with the group's protocol, or with each other. `used_by` are
/// the protocols of the listeners that forward to the group.
pub(super) fn check_all(
    group: &TargetGroup,
    used_by: impl IntoIterator<Item = Protocol>,
) -> Result<(), Refusal> {
    let TargetGroup { protocol, attributes, .. } = group;
    if protocol.is_over_udp() {
        check_udp(attributes)?;
    }
    if attributes.stickiness && used_by.into_iter().any(|listener| listener == Protocol::Tls) {
        return Err(conflict(Setting::Stickiness, Setting::Protocol));
    }
    // "Can only be configured when" the termination is off (ELBv2 API).
    if attributes.unhealthy_draining_interval_s != 0 && attributes.unhealthy_connection_termination
    {
        let (setting, with) =
            (Setting::UnhealthyDrainingInterval, Setting::UnhealthyConnectionTermination);
        return Err(conflict(setting, with));
    }
    check_choice(attributes)?;
    check_thresholds(attributes)
}

fn check_udp(attributes: &TargetGroupAttributes) -> Result<(), Refusal> {
    if !attributes.preserve_client_ip {
        return Err(conflict(Setting::PreserveClientIp, Setting::Protocol));
    }
    if attributes.unhealthy_connection_termination {
        return Err(conflict(Setting::UnhealthyConnectionTermination, Setting::Protocol));
    }
    // What datagrams come to cannot be seen.
    if attributes.outlier_detection {
        return Err(conflict(Setting::OutlierDetection, Setting::Protocol));
    }
    Ok(())
}

/// One address, one target: neither the fewest connections nor a growing share can be had then, and
/// a target that fails keeps its clients (semantics 1.3, 1.6).
fn check_choice(attributes: &TargetGroupAttributes) -> Result<(), Refusal> {
    if !attributes.stickiness {
        return Ok(());
    }
    if attributes.algorithm != Algorithm::FlowHash {
        return Err(conflict(Setting::Algorithm, Setting::Stickiness));
    }
    if attributes.slow_start_s != 0 {
        return Err(conflict(Setting::SlowStart, Setting::Stickiness));
    }
    if attributes.outlier_detection {
        return Err(conflict(Setting::OutlierDetection, Setting::Stickiness));
    }
    Ok(())
}

/// A zone must leave DNS no later than its traffic goes to unhealthy targets (NLB guide, "Target
/// group health": "the DNS threshold must be greater than or equal to the routing threshold").
fn check_thresholds(attributes: &TargetGroupAttributes) -> Result<(), Refusal> {
    let below = |dns, routing| match (dns, routing) {
        (Threshold::AtLeast(dns), Threshold::AtLeast(routing)) => dns < routing,
        (Threshold::Off, _) | (_, Threshold::Off) => false,
    };
    if below(attributes.dns_failover_count, Threshold::AtLeast(attributes.routing_count)) {
        return Err(conflict(Setting::DnsFailoverCount, Setting::RoutingCount));
    }
    if below(attributes.dns_failover_percentage, attributes.routing_percentage) {
        return Err(conflict(Setting::DnsFailoverPercentage, Setting::RoutingPercentage));
    }
    Ok(())
}

fn conflict(setting: Setting, with: Setting) -> Refusal {
    Refusal::Conflicting { setting, with }
}
