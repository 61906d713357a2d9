//! Target groups: their health check and attributes.

use std::sync::Arc;

use model::{Protocol, TargetGroupId};

use super::{Decision, Desk, group_attribute, health_check, load_balancer::check_name};
use crate::{
    command::{CreateTargetGroup, HealthCheckChange},
    event::{Change, EventKind},
    outcome::Outcome,
    quota::Quota,
    record::Key,
    refusal::{Refusal, Setting},
    resource::{
        HealthCheck, ResourceId, ResourceKind, TargetGroup, TargetGroupAttribute,
        TargetGroupAttributes, TargetType,
    },
};

pub(super) fn create(desk: &mut Desk<'_>, create: &CreateTargetGroup) -> Result<Decision, Refusal> {
    check_name(&create.name)?;
    create.tags.check()?;
    let vpc = desk.view().vpc(create.vpc)?.id;
    let health_check = health_check::of(create.target_type, &create.health_check)?;
    check_type(create.target_type, create.protocol, &health_check)?;
    if let Some(same) = same_name(desk, create, &health_check)? {
        return Ok(Decision::nothing(Outcome::TargetGroup(same)));
    }
    desk.check_owned(ResourceKind::TargetGroup, Quota::TargetGroupsPerAccount)?;
    let group = Arc::new(TargetGroup {
        id: desk
            .fresh(TargetGroupId::from_bits, |registry, id| registry.target_group(id).is_some()),
        owner: desk.caller.account.clone(),
        name: Arc::clone(&create.name),
        target_type: create.target_type,
        protocol: create.protocol,
        port: create.port,
        vpc,
        health_check,
        attributes: TargetGroupAttributes::of(create.protocol, create.target_type),
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
    let health_check = health_check::changed(old.health_check.clone(), change)?;
    check_type(old.target_type, old.protocol, &health_check)?;
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
        group_attribute::check(*attribute)?;
        new.attributes.set(*attribute);
    }
    if old.target_type == TargetType::Alb && new != **old {
        return Err(Refusal::TargetGroupFixed(id));
    }
    let check = |group| {
        let listeners = desk.registry.listeners_forwarding_to(id);
        group_attribute::check_all(group, listeners.map(|listener| listener.protocol))
    };
    // What an earlier version let in does not keep other attributes from being changed.
    check(&new).or_else(
        |refusal| if check(old) == Err(refusal.clone()) { Ok(()) } else { Err(refusal) },
    )?;
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

/// A load balancer elsewhere takes TCP, and is asked over HTTP (semantics 1.2).
fn check_type(
    target_type: TargetType,
    protocol: Protocol,
    check: &HealthCheck,
) -> Result<(), Refusal> {
    let with = Setting::TargetType;
    match target_type {
        TargetType::Ip | TargetType::Instance => Ok(()),
        TargetType::Alb if protocol != Protocol::Tcp => {
            Err(Refusal::Conflicting { setting: Setting::Protocol, with })
        }
        TargetType::Alb if check.http.is_none() => {
            Err(Refusal::Conflicting { setting: Setting::HealthCheckProtocol, with })
        }
        TargetType::Alb => Ok(()),
    }
}

/// The target group that a repeated create made the first time (ELBv2 API: "this operation is
/// idempotent"), unless it differs.
fn same_name(
    desk: &Desk<'_>,
    create: &CreateTargetGroup,
    health_check: &HealthCheck,
) -> Result<Option<Arc<TargetGroup>>, Refusal> {
    let kind = ResourceKind::TargetGroup;
    let Some(by) = desk.registry.named(&desk.caller.account, kind, &create.name) else {
        return Ok(None);
    };
    let same = match by {
        ResourceId::TargetGroup(id) => desk.registry.target_group(id).filter(|old| {
            (old.protocol, old.port, old.vpc) == (create.protocol, create.port, create.vpc)
                && old.target_type == create.target_type
                && old.health_check == *health_check
                && old.tags == create.tags
        }),
        _ => None,
    };
    same.map(|old| Some(Arc::clone(old)))
        .ok_or_else(|| Refusal::NameTaken { name: create.name.to_string(), by })
}
