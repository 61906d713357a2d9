//! Subnets.

use std::sync::Arc;

use model::{SubnetId, ZoneId};

use super::{Decision, Desk, route_table, vpc::check_size};
use crate::{
    command::CreateSubnet,
    event::{Change, EventKind},
    outcome::Outcome,
    quota::Quota,
    record::Key,
    refusal::Refusal,
    resource::Subnet,
    settings::ZoneRef,
};

pub(super) fn create(desk: &mut Desk<'_>, create: &CreateSubnet) -> Result<Decision, Refusal> {
    let vpc = desk.view().vpc(create.vpc)?;
    let cidr = create.cidr.trunc();
    check_size(cidr)?;
    if !vpc.cidr.contains(&cidr) {
        return Err(Refusal::CidrOutsideVpc { cidr, vpc: vpc.cidr });
    }
    let overlaps = |other: &Subnet| other.cidr.contains(&cidr) || cidr.contains(&other.cidr);
    if let Some(other) = desk.registry.subnets_of(vpc.id).find(|other| overlaps(other)) {
        return Err(Refusal::CidrOverlap { cidr, with: other.id, other: other.cidr });
    }
    let zone = zone(desk, create.zone.as_ref())?;
    create.tags.check()?;
    desk.allows(Quota::SubnetsPerVpc, desk.registry.subnets_of(vpc.id).count() + 1)?;
    let subnet = Arc::new(Subnet {
        id: desk.fresh(SubnetId::from_bits, |registry, id| registry.subnet(id).is_some()),
        owner: desk.caller.account.clone(),
        vpc: vpc.id,
        zone,
        cidr,
        created: desk.now,
        tags: create.tags.clone(),
    });
    let event = desk.put(EventKind::SubnetCreated(subnet.id), Arc::clone(&subnet));
    Ok(Decision::of(event, Outcome::Subnet(subnet)))
}

pub(super) fn delete(desk: &Desk<'_>, id: SubnetId) -> Result<Decision, Refusal> {
    let subnet = desk.view().subnet(id)?;
    desk.check_unused(subnet.id)?;
    let mut changes: Vec<_> = route_table::without(desk, id).into_iter().collect();
    changes.push(Change::Remove(Key::Subnet(id)));
    let event = desk.event(EventKind::SubnetDeleted(id), changes);
    Ok(Decision::of(event, Outcome::Done))
}

fn zone(desk: &Desk<'_>, named: Option<&ZoneRef>) -> Result<ZoneId, Refusal> {
    let zone = match named {
        Some(named) => desk
            .settings()
            .zone_id(&desk.caller.account, named)
            .ok_or_else(|| Refusal::ZoneNotFound(named.clone()))?,
        None => &desk.view().zones().next().ok_or(Refusal::ZoneMissing)?.id,
    };
    Ok(zone.clone())
}
