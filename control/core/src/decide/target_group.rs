//! Target groups: their health check and attributes.

use std::sync::Arc;

use model::TargetGroupId;

use super::{Decision, Desk, load_balancer::check_name};
use crate::{
    command::{CreateTargetGroup, HealthCheckChange},
    event::{Change, EventKind},
    outcome::Outcome,
    quota::Quota,
    record::Key,
    refusal::{Refusal, Setting},
    resource::{
        HealthCheck, ResourceId, ResourceKind, TargetGroup, TargetGroupAttribute,
        TargetGroupAttributes, Threshold,
        target_group::{
            DEREGISTRATION_DELAY_S, DRAINING_INTERVAL_S, INTERVAL_S, THRESHOLD, TIMEOUT_S,
        },
    },
};

pub(super) fn create(desk: &mut Desk<'_>, create: &CreateTargetGroup) -> Result<Decision, Refusal> {
    check_name(&create.name)?;
    create.tags.check()?;
    let vpc = desk.view().vpc(create.vpc)?.id;
    let health_check = changed(HealthCheck::default(), &create.health_check)?;
    if let Some(same) = same_name(desk, create, health_check)? {
        return Ok(Decision::nothing(Outcome::TargetGroup(same)));
    }
    desk.check_owned(ResourceKind::TargetGroup, Quota::TargetGroupsPerAccount)?;
    let group = Arc::new(TargetGroup {
        id: desk
            .fresh(TargetGroupId::from_bits, |registry, id| registry.target_group(id).is_some()),
        owner: desk.caller.account.clone(),
        name: Arc::clone(&create.name),
        protocol: create.protocol,
        port: create.port,
        vpc,
        health_check,
        attributes: TargetGroupAttributes::default(),
        created: desk.now,
        tags: create.tags.clone(),
    });
    let event = desk.put(EventKind::TargetGroupCreated(group.id), Arc::clone(&group));
    Ok(Decision::of(event, Outcome::TargetGroup(group)))
}

pub(super) fn modify(
    desk: &Desk<'_>,
    id: TargetGroupId,
    change: &HealthCheckChange,
) -> Result<Decision, Refusal> {
    let old = desk.view().target_group(id)?;
    let health_check = changed(old.health_check, change)?;
    Ok(replaced(desk, old, TargetGroup { health_check, ..TargetGroup::clone(old) }))
}

pub(super) fn modify_attributes(
    desk: &Desk<'_>,
    id: TargetGroupId,
    attributes: &[TargetGroupAttribute],
) -> Result<Decision, Refusal> {
    let old = desk.view().target_group(id)?;
    let mut new = TargetGroup::clone(old);
    for attribute in attributes {
        check_attribute(*attribute)?;
        new.attributes.set(*attribute);
    }
    check_thresholds(&new.attributes)?;
    Ok(replaced(desk, old, new))
}

pub(super) fn delete(desk: &Desk<'_>, id: TargetGroupId) -> Result<Decision, Refusal> {
    let group = desk.view().target_group(id)?;
    desk.check_unused(group.id)?;
    let targets = desk.registry.targets_of(id);
    let mut changes: Vec<_> = targets.map(|it| Change::Remove(Key::Target(it.key()))).collect();
    changes.push(Change::Remove(Key::TargetGroup(id)));
    Ok(Decision::of(desk.event(EventKind::TargetGroupDeleted(id), changes), Outcome::Done))
}

fn replaced(desk: &Desk<'_>, old: &Arc<TargetGroup>, new: TargetGroup) -> Decision {
    if new == **old {
        return Decision::nothing(Outcome::TargetGroup(Arc::clone(old)));
    }
    let new = Arc::new(new);
    let event = desk.put(EventKind::TargetGroupModified(new.id), Arc::clone(&new));
    Decision::of(event, Outcome::TargetGroup(new))
}

/// A health check with some settings changed. A default timeout gives way to a shorter interval;
/// one that was asked for does not.
fn changed(old: HealthCheck, change: &HealthCheckChange) -> Result<HealthCheck, Refusal> {
    let interval_s = change.interval_s.unwrap_or(old.interval_s);
    let check = HealthCheck {
        protocol: change.protocol.unwrap_or(old.protocol),
        port: change.port.unwrap_or(old.port),
        interval_s,
        timeout_s: change.timeout_s.unwrap_or_else(|| old.timeout_s.min(interval_s)),
        healthy_threshold: change.healthy_threshold.unwrap_or(old.healthy_threshold),
        unhealthy_threshold: change.unhealthy_threshold.unwrap_or(old.unhealthy_threshold),
    };
    let threshold = u32::from(*THRESHOLD.start())..=u32::from(*THRESHOLD.end());
    Setting::HealthCheckInterval.check(check.interval_s, &INTERVAL_S)?;
    Setting::HealthCheckTimeout.check(check.timeout_s, &TIMEOUT_S)?;
    Setting::HealthyThreshold.check(check.healthy_threshold.into(), &threshold)?;
    Setting::UnhealthyThreshold.check(check.unhealthy_threshold.into(), &threshold)?;
    if check.timeout_s > check.interval_s {
        return Err(Refusal::Conflicting {
            setting: Setting::HealthCheckTimeout,
            with: Setting::HealthCheckInterval,
        });
    }
    Ok(check)
}

/// The target group that a repeated create made the first time (ELBv2 API: "this operation is
/// idempotent"), unless it differs.
fn same_name(
    desk: &Desk<'_>,
    create: &CreateTargetGroup,
    health_check: HealthCheck,
) -> Result<Option<Arc<TargetGroup>>, Refusal> {
    let kind = ResourceKind::TargetGroup;
    let Some(by) = desk.registry.named(&desk.caller.account, kind, &create.name) else {
        return Ok(None);
    };
    let same = match by {
        ResourceId::TargetGroup(id) => desk.registry.target_group(id).filter(|old| {
            (old.protocol, old.port, old.vpc) == (create.protocol, create.port, create.vpc)
                && old.health_check == health_check
                && old.tags == create.tags
        }),
        _ => None,
    };
    same.map(|old| Some(Arc::clone(old)))
        .ok_or_else(|| Refusal::NameTaken { name: create.name.to_string(), by })
}

fn check_attribute(attribute: TargetGroupAttribute) -> Result<(), Refusal> {
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
        A::DeregistrationConnectionTermination(_)
        | A::PreserveClientIp(_)
        | A::ProxyProtocolV2(_)
        | A::Stickiness(_)
        | A::CrossZone(_)
        | A::UnhealthyConnectionTermination(_) => Ok(()),
    }
}

/// A zone must leave DNS no later than its traffic goes to unhealthy targets (NLB guide, "Target
/// group health": "the DNS threshold must be greater than or equal to the routing threshold").
fn check_thresholds(attributes: &TargetGroupAttributes) -> Result<(), Refusal> {
    let below = |dns, routing| match (dns, routing) {
        (Threshold::AtLeast(dns), Threshold::AtLeast(routing)) => dns < routing,
        (Threshold::Off, _) | (_, Threshold::Off) => false,
    };
    if below(attributes.dns_failover_count, Threshold::AtLeast(attributes.routing_count)) {
        let (setting, with) = (Setting::DnsFailoverCount, Setting::RoutingCount);
        return Err(Refusal::Conflicting { setting, with });
    }
    if below(attributes.dns_failover_percentage, attributes.routing_percentage) {
        let (setting, with) = (Setting::DnsFailoverPercentage, Setting::RoutingPercentage);
        return Err(Refusal::Conflicting { setting, with });
    }
    Ok(())
}
