//! Targets: registering, deregistering, and which zone one serves.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use model::{TargetAddr, TargetGroupId, Timestamp, ZoneId};

use super::{Decision, Desk};
use crate::{
    command::{TargetDescription, TargetZone},
    event::{Change, Event, EventKind},
    outcome::Outcome,
    quota::Quota,
    record::Key,
    refusal::Refusal,
    registry::Registry,
    resource::{Instance, Target, TargetGroup, TargetKey, TargetName, TargetState, TargetType},
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
        let place = place(desk, group, target)?;
        wanted.insert(place.addr, place);
    }
    let mut events = Vec::new();
    let present = desk.registry.targets_of(group.id);
    let mut count = match group.target_type {
        TargetType::Ip | TargetType::Instance => present.count(),
        // One that drains makes room for another.
        TargetType::Alb => present.filter(|it| !it.is_draining()).count(),
    };
    for (addr, place) in wanted {
        let old = desk.registry.target(TargetKey { group: group.id, addr });
        let is_alb = group.target_type == TargetType::Alb;
        count += usize::from(old.is_none_or(|old| is_alb && old.is_draining()));
        events.extend(registered(desk, group, place, old));
    }
    if group.target_type == TargetType::Alb {
        Quota::TargetsPerTargetGroup.check(count, 1)?;
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
    let wanted: BTreeSet<_> =
        targets.iter().map(|it| (it.id.clone(), it.port.unwrap_or(group.port).get())).collect();
    let found = desk
        .registry
        .targets_of(group.id)
        .filter(|it| !it.is_draining() && wanted.contains(&(it.id(), it.addr.port())));
    let events = found.map(|target| deregistered(desk, group, target)).collect();
    Ok(Decision { events, outcome: Outcome::Done })
}

fn registered(
    desk: &Desk<'_>,
    group: &TargetGroup,
    place: Place,
    old: Option<&Arc<Target>>,
) -> Option<Event> {
    let created = old.map_or(desk.now, |old| old.created);
    let state = TargetState::Registered;
    let Place { addr, name, zone } = place;
    let new = Arc::new(Target { group: group.id, addr, name, zone, state, created });
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

/// Where a target is.
struct Place {
    addr: TargetAddr,
    name: Option<Arc<str>>,
    zone: Option<ZoneId>,
}

/// Where a target is that a caller names.
fn place(
    desk: &Desk<'_>,
    group: &TargetGroup,
    target: &TargetDescription,
) -> Result<Place, Refusal> {
    let (target_type, id) = (group.target_type, &target.id);
    let addr_of = |ip| TargetAddr(SocketAddr::new(ip, target.port.unwrap_or(group.port).get()));
    if target_type == TargetType::Alb && target.port.is_some_and(|port| port != group.port) {
        return Err(Refusal::TargetPortFixed(id.clone()));
    }
    if target_type != TargetType::Ip && target.zone.is_some() {
        return Err(Refusal::TargetZoneFixed(id.clone()));
    }
    match (target_type, id) {
        (TargetType::Ip, TargetName::Ip(ip)) => {
            check_address(*ip)?;
            let addr = addr_of(*ip);
            let zone = zone_of(desk, group, addr, target.zone.as_ref())?;
            Ok(Place { addr, name: None, zone })
        }
        (TargetType::Alb, TargetName::Ip(ip)) => {
            check_address(*ip)?;
            Ok(Place { addr: addr_of(*ip), name: None, zone: None })
        }
        (TargetType::Instance | TargetType::Alb, TargetName::Named(name)) => {
            let known = desk.settings().instance(&desk.caller.account, name);
            let known = known.ok_or_else(|| Refusal::TargetUnknown(id.clone()))?;
            let zone = instance_zone(desk.registry, group, known);
            let (addr, name) = (addr_of(known.address), Some(Arc::clone(name)));
            Ok(Place { addr, name, zone: zone.cloned() })
        }
        (TargetType::Ip, TargetName::Named(_)) | (TargetType::Instance, TargetName::Ip(_)) => {
            Err(Refusal::TargetNameMalformed(id.clone()))
        }
    }
}

/// The zone of the subnet that has an address.
fn subnet_zone<'a>(registry: &'a Registry, group: &TargetGroup, ip: IpAddr) -> Option<&'a ZoneId> {
    registry.subnets_of(group.vpc).find(|subnet| subnet.contains(ip)).map(|subnet| &subnet.zone)
}

/// Moves the targets that were registered by a name to where the operator says that they are now:
/// at most so many. All leave before one arrives, as they may have changed places.
pub(super) fn follow(registry: &Registry, targets_max: usize, now: Timestamp) -> Option<Event> {
    let moved = registry.targets().filter_map(|old| Some((old.key(), moved(registry, old)?)));
    let moved: Vec<_> = moved.take(targets_max).collect();
    let kind = EventKind::TargetsMoved(moved.len());
    let mut changes: Vec<_> =
        moved.iter().map(|(from, _)| Change::Remove(Key::Target(*from))).collect();
    changes.extend(moved.into_iter().map(|(_, new)| Change::Put(Arc::new(new).into())));
    (!changes.is_empty()).then_some(Event { at: now, by: None, kind, changes })
}

/// A target where it is now; none if it is there already, or nobody knows.
fn moved(registry: &Registry, old: &Target) -> Option<Target> {
    let instance = registry.settings().instances.get(old.name.as_ref()?)?;
    let group = registry.target_group(old.group)?;
    let addr = TargetAddr(SocketAddr::new(instance.address, old.addr.port()));
    let zone = instance_zone(registry, group, instance).cloned();
    let new = Target { addr, zone, ..old.clone() };
    (new != *old).then_some(new)
}

/// The zone that an instance serves; none is every zone.
fn instance_zone<'a>(
    registry: &'a Registry,
    group: &TargetGroup,
    instance: &'a Instance,
) -> Option<&'a ZoneId> {
    match group.target_type {
        TargetType::Alb => None,
        TargetType::Ip | TargetType::Instance => {
            subnet_zone(registry, group, instance.address).or(instance.zone.as_ref())
        }
    }
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
    let subnet_zone = subnet_zone(desk.registry, group, target.ip());
    let named = match named {
        Some(TargetZone::All) => return Ok(None),
        Some(TargetZone::One(zone)) => {
            let known = desk.settings().zone_id(&desk.caller.account, zone);
            Some(known.ok_or_else(|| Refusal::ZoneNotFound(zone.clone()))?)
        }
        None => None,
    };
    match (named, subnet_zone) {
        (Some(named), Some(zone)) if named != zone => {
            Err(Refusal::TargetZone(target, zone.clone()))
        }
        (Some(zone), _) | (None, Some(zone)) => Ok(Some(zone.clone())),
        (None, None) => Err(Refusal::TargetZoneMissing(target)),
    }
}
