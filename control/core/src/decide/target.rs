//! Targets: registering, deregistering, and which zone one serves.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use model::{TargetAddr, TargetGroupId, ZoneId};

use super::{Decision, Desk};
use crate::{
    command::{TargetDescription, TargetZone},
    event::{Change, Event, EventKind},
    outcome::Outcome,
    quota::Quota,
    record::Key,
    refusal::Refusal,
    resource::{Target, TargetGroup, TargetKey, TargetState},
};

pub(super) fn register(
    desk: &Desk<'_>,
    group: TargetGroupId,
    targets: &[TargetDescription],
) -> Result<Decision, Refusal> {
    let group = desk.view().target_group(group)?;
    check_count(targets)?;
    let mut wanted = BTreeMap::new();
    for target in targets {
        check_address(target.ip)?;
        let addr = addr_of(group, target);
        wanted.insert(addr, zone_of(desk, group, addr, target.zone.as_ref())?);
    }
    let mut events = Vec::new();
    let mut count = desk.registry.targets_of(group.id).count();
    for (addr, zone) in wanted {
        let old = desk.registry.target(TargetKey { group: group.id, addr });
        count += usize::from(old.is_none());
        events.extend(registered(desk, group, addr, zone, old));
    }
    desk.allows(Quota::TargetsPerTargetGroup, count)?;
    Ok(Decision { events, outcome: Outcome::Done })
}

pub(super) fn deregister(
    desk: &Desk<'_>,
    group: TargetGroupId,
    targets: &[TargetDescription],
) -> Result<Decision, Refusal> {
    let group = desk.view().target_group(group)?;
    check_count(targets)?;
    let mut addrs: Vec<_> = targets.iter().map(|target| addr_of(group, target)).collect();
    addrs.sort_unstable();
    addrs.dedup();
    let found = addrs.into_iter().filter_map(|addr| {
        desk.registry.target(TargetKey { group: group.id, addr }).filter(|it| !it.is_draining())
    });
    let events = found.map(|target| deregistered(desk, group, target)).collect();
    Ok(Decision { events, outcome: Outcome::Done })
}

fn registered(
    desk: &Desk<'_>,
    group: &TargetGroup,
    addr: TargetAddr,
    zone: Option<ZoneId>,
    old: Option<&Arc<Target>>,
) -> Option<Event> {
    let created = old.map_or(desk.now, |old| old.created);
    let state = TargetState::Registered;
    let new = Arc::new(Target { group: group.id, addr, zone, state, created });
    let kind = EventKind::TargetRegistered(group.id, addr);
    (old != Some(&new)).then(|| desk.put(kind, new))
}

fn deregistered(desk: &Desk<'_>, group: &TargetGroup, target: &Target) -> Event {
    let delay = group.attributes.deregistration_delay();
    if delay.is_zero() {
        let kind = EventKind::TargetRemoved(group.id, target.addr);
        return desk.event(kind, vec![Change::Remove(Key::Target(target.key()))]);
    }
    let state = TargetState::Draining { until: desk.now + delay };
    let kind = EventKind::TargetDraining(group.id, target.addr);
    desk.put(kind, Arc::new(Target { state, ..target.clone() }))
}

fn addr_of(group: &TargetGroup, target: &TargetDescription) -> TargetAddr {
    TargetAddr(SocketAddr::new(target.ip, target.port.unwrap_or(group.port).get()))
}

fn check_count(targets: &[TargetDescription]) -> Result<(), Refusal> {
    match targets.len() {
        0 => Err(Refusal::TargetMissing),
        count => Quota::ItemsPerCommand.allows(count),
    }
}

/// AWS refuses public addresses as well; which networks a gateway reaches is its operator's
/// business.
fn check_address(ip: IpAddr) -> Result<(), Refusal> {
    let broadcast = match ip {
        IpAddr::V4(ip) => ip.is_broadcast(),
        IpAddr::V6(_) => false,
    };
    if ip.is_unspecified() || ip.is_multicast() || broadcast {
        Err(Refusal::TargetAddress(ip))
    } else {
        Ok(())
    }
}

/// The zone that a target serves; none is every zone. Inside the VPC it is the subnet's. Outside it
/// must be named (ELBv2 API, `TargetDescription`): `all`, or, beyond AWS, a zone.
fn zone_of(
    desk: &Desk<'_>,
    group: &TargetGroup,
    target: TargetAddr,
    named: Option<&TargetZone>,
) -> Result<Option<ZoneId>, Refusal> {
    let subnet = desk.registry.subnets_of(group.vpc).find(|subnet| subnet.contains(target.ip()));
    let named = match named {
        Some(TargetZone::All) => return Ok(None),
        Some(TargetZone::One(zone)) => {
            let known = desk.settings().zone_id(&desk.caller.account, zone);
            Some(known.ok_or_else(|| Refusal::ZoneNotFound(zone.clone()))?)
        }
        None => None,
    };
    match (named, subnet.map(|subnet| &subnet.zone)) {
        (Some(named), Some(zone)) if named != zone => {
            Err(Refusal::TargetZone { target, zone: zone.clone() })
        }
        (Some(zone), _) | (None, Some(zone)) => Ok(Some(zone.clone())),
        (None, None) => Err(Refusal::TargetZoneMissing(target)),
    }
}
