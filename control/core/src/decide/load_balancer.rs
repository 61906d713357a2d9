//! Network Load Balancers.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use model::{IpAddressType, LoadBalancerId, SecurityGroupId, SubnetId, VpcId, ZoneId};

use super::{Decision, Desk, security_group, zonal_shift::ended};
use crate::{
    command::CreateLoadBalancer,
    event::{Change, EventKind},
    outcome::Outcome,
    quota::Quota,
    record::Key,
    refusal::{Refusal, Setting},
    resource::{
        LoadBalancer, LoadBalancerAttribute, LoadBalancerAttributes, ResourceId, ResourceKind,
        Subnet, ZonalShiftStatus, load_balancer::SECONDARY_ADDRESSES_MAX,
    },
};

pub(super) fn create(
    desk: &mut Desk<'_>,
    create: &CreateLoadBalancer,
) -> Result<Decision, Refusal> {
    check_name(&create.name)?;
    create.tags.check()?;
    let (vpc, subnets) = place(desk, &create.subnets)?;
    check_ip_address_type(desk, create.ip_address_type, subnets.values().copied())?;
    security_group::check_named(desk, vpc, &create.security_groups)?;
    if let Some(same) = same_name(desk, create, &subnets)? {
        return Ok(Decision::nothing(Outcome::LoadBalancer(same)));
    }
    desk.check_owned(ResourceKind::LoadBalancer, Quota::LoadBalancersPerAccount)?;
    let load_balancer = Arc::new(LoadBalancer {
        id: desk
            .fresh(LoadBalancerId::from_bits, |registry, id| registry.load_balancer(id).is_some()),
        owner: desk.caller.account.clone(),
        name: Arc::clone(&create.name),
        vpc,
        subnets,
        scheme: create.scheme,
        ip_address_type: create.ip_address_type,
        security_groups: create.security_groups.clone(),
        enforces_on_endpoints: true,
        attributes: LoadBalancerAttributes::of(create.scheme),
        zonal_shift: None,
        created: desk.now,
        tags: create.tags.clone(),
    });
    let kind = EventKind::LoadBalancerCreated(load_balancer.id);
    let event = desk.put(kind, Arc::clone(&load_balancer));
    Ok(Decision::of(event, Outcome::LoadBalancer(load_balancer)))
}

pub(super) fn modify(
    desk: &Desk<'_>,
    id: LoadBalancerId,
    attributes: &[LoadBalancerAttribute],
) -> Result<Decision, Refusal> {
    let old = desk.view().load_balancer(id)?;
    let mut new = LoadBalancer::clone(old);
    for attribute in attributes {
        check_attribute(&old.attributes, *attribute)?;
        new.attributes.set(*attribute);
    }
    // What is no longer allowed does not go on.
    if let Some(shift) = old.zonal_shift.as_ref().filter(|it| it.is_active())
        && !new.attributes.zonal_shift
    {
        new.zonal_shift = Some(ended(shift, ZonalShiftStatus::Canceled, desk.now));
    }
    Ok(modified(desk, old, new))
}

/// Gives a load balancer IPv6 addresses, or takes them from it unless its service promises them.
pub(super) fn set_ip_address_type(
    desk: &Desk<'_>,
    id: LoadBalancerId,
    ip_address_type: IpAddressType,
) -> Result<Decision, Refusal> {
    let old = desk.view().load_balancer(id)?;
    check_ip_address_type(desk, ip_address_type, old.subnets.values().copied())?;
    if old.ip_address_type == ip_address_type {
        return Ok(Decision::nothing(Outcome::LoadBalancer(Arc::clone(old))));
    }
    let service = desk.registry.service_of(id).and_then(|id| desk.registry.service(id));
    if ip_address_type == IpAddressType::Ipv4
        && service.is_some_and(|service| service.takes(IpAddressType::Ipv6))
    {
        return Err(Refusal::LoadBalancerIpAddressType(id));
    }
    Ok(modified(desk, old, LoadBalancer { ip_address_type, ..LoadBalancer::clone(old) }))
}

/// Enables a load balancer in other zones. A zone stays as long as it belongs to a service, which
/// has promised it to its endpoints.
pub(super) fn set_subnets(
    desk: &Desk<'_>,
    id: LoadBalancerId,
    subnets: &[SubnetId],
    ip_address_type: Option<IpAddressType>,
) -> Result<Decision, Refusal> {
    let old = desk.view().load_balancer(id)?;
    let (vpc, subnets) = place(desk, subnets)?;
    if let Some(subnet) = subnets.values().next().filter(|_| vpc != old.vpc) {
        return Err(Refusal::SubnetOutsideVpc { subnet: *subnet, vpc: old.vpc });
    }
    let ip_address_type = ip_address_type.unwrap_or(old.ip_address_type);
    check_ip_address_type(desk, ip_address_type, subnets.values().copied())?;
    let is_left = |zone: &ZoneId| old.subnets.contains_key(zone) && !subnets.contains_key(zone);
    let service = desk.registry.service_of(id).and_then(|id| desk.registry.service(id));
    if let Some(service) = service {
        if old.subnets.keys().any(is_left) {
            return Err(Refusal::InUse { resource: id.into(), by: service.id.into() });
        }
        if ip_address_type == IpAddressType::Ipv4 && service.takes(IpAddressType::Ipv6) {
            return Err(Refusal::LoadBalancerIpAddressType(id));
        }
    }
    let mut new =
        LoadBalancer { subnets: subnets.clone(), ip_address_type, ..LoadBalancer::clone(old) };
    if let Some(shift) = old.zonal_shift.as_ref().filter(|it| it.is_active() && is_left(&it.zone)) {
        new.zonal_shift = Some(ended(shift, ZonalShiftStatus::Canceled, desk.now));
    }
    Ok(modified(desk, old, new))
}

/// Only a load balancer made with groups can have others, and always has one (NLB guide, "Update
/// the security groups").
pub(super) fn set_groups(
    desk: &Desk<'_>,
    id: LoadBalancerId,
    groups: &BTreeSet<SecurityGroupId>,
    enforce: Option<bool>,
) -> Result<Decision, Refusal> {
    let old = desk.view().load_balancer(id)?;
    if old.security_groups.is_empty() {
        return Err(Refusal::LoadBalancerUngrouped(id));
    }
    if groups.is_empty() {
        return Err(Refusal::LoadBalancerGroupMissing(id));
    }
    security_group::check_named(desk, old.vpc, groups)?;
    let new = LoadBalancer {
        security_groups: groups.clone(),
        enforces_on_endpoints: enforce.unwrap_or(old.enforces_on_endpoints),
        ..LoadBalancer::clone(old)
    };
    Ok(modified(desk, old, new))
}

/// A load balancer as it is from now on; nothing happens if it stays as it was.
pub(super) fn modified(desk: &Desk<'_>, old: &Arc<LoadBalancer>, new: LoadBalancer) -> Decision {
    if new == **old {
        return Decision::nothing(Outcome::LoadBalancer(Arc::clone(old)));
    }
    let new = Arc::new(new);
    let event = desk.put(EventKind::LoadBalancerModified(new.id), Arc::clone(&new));
    Decision::of(event, Outcome::LoadBalancer(new))
}

pub(super) fn delete(desk: &Desk<'_>, id: LoadBalancerId) -> Result<Decision, Refusal> {
    let load_balancer = desk.view().load_balancer(id)?;
    if load_balancer.attributes.deletion_protection {
        return Err(Refusal::DeletionProtected(id));
    }
    if let Some(by) = desk.registry.service_of(id) {
        return Err(Refusal::InUse { resource: id.into(), by: by.into() });
    }
    let listeners = desk.registry.listeners_of(id);
    let mut changes: Vec<_> = listeners.map(|it| Change::Remove(Key::Listener(it.id))).collect();
    changes.push(Change::Remove(Key::LoadBalancer(id)));
    let event = desk.event(EventKind::LoadBalancerDeleted(id), changes);
    Ok(Decision::of(event, Outcome::Done))
}

/// Names of load balancers and target groups (ELBv2 API): at most 32 letters, digits and hyphens,
/// no hyphen at either end.
pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let bare = !name.starts_with('-') && !name.ends_with('-');
    if plain && bare && (1..=32).contains(&name.len()) {
        Ok(())
    } else {
        Err(Refusal::NameMalformed { name: name.into() })
    }
}

/// Refuses a type that load balancers do not have, or their subnets no addresses of.
fn check_ip_address_type(
    desk: &Desk<'_>,
    ip_address_type: IpAddressType,
    mut subnets: impl Iterator<Item = SubnetId>,
) -> Result<(), Refusal> {
    if ip_address_type == IpAddressType::Ipv6 {
        return Err(Refusal::IpAddressTypeUnsupported(ip_address_type));
    }
    let lacking = subnets
        .find(|id| !desk.registry.subnet(*id).is_some_and(|subnet| subnet.fits(ip_address_type)));
    match lacking {
        Some(subnet) => Err(Refusal::SubnetIpAddressType { subnet, ip_address_type }),
        None => Ok(()),
    }
}

/// Adds a subnet to those chosen so far, at most one per zone.
pub(super) fn choose(
    chosen: &mut BTreeMap<ZoneId, SubnetId>,
    subnet: &Subnet,
) -> Result<(), Refusal> {
    match chosen.insert(subnet.zone.clone(), subnet.id) {
        Some(first) if first != subnet.id => {
            Err(Refusal::SubnetsInSameZone { first, second: subnet.id, zone: subnet.zone.clone() })
        }
        Some(_) | None => Ok(()),
    }
}

/// The VPC that the subnets are all of, and the one subnet of each zone.
fn place(
    desk: &Desk<'_>,
    subnets: &[SubnetId],
) -> Result<(VpcId, BTreeMap<ZoneId, SubnetId>), Refusal> {
    Quota::ItemsPerCommand.allows(subnets.len())?;
    let first = subnets.first().ok_or(Refusal::SubnetMissing)?;
    let vpc = desk.view().subnet(*first)?.vpc;
    let mut chosen = BTreeMap::new();
    for id in subnets {
        let subnet = desk.view().subnet(*id)?;
        if subnet.vpc != vpc {
            return Err(Refusal::SubnetOutsideVpc { subnet: *id, vpc });
        }
        choose(&mut chosen, subnet)?;
    }
    Ok((vpc, chosen))
}

/// The load balancer that a repeated create made the first time (ELBv2 API: "this operation is
/// idempotent"), unless it differs.
fn same_name(
    desk: &Desk<'_>,
    create: &CreateLoadBalancer,
    subnets: &BTreeMap<ZoneId, SubnetId>,
) -> Result<Option<Arc<LoadBalancer>>, Refusal> {
    let kind = ResourceKind::LoadBalancer;
    let Some(by) = desk.registry.named(&desk.caller.account, kind, &create.name) else {
        return Ok(None);
    };
    let same = match by {
        ResourceId::LoadBalancer(id) => desk.registry.load_balancer(id).filter(|old| {
            old.subnets == *subnets
                && old.scheme == create.scheme
                && old.ip_address_type == create.ip_address_type
                && old.security_groups == create.security_groups
                && old.tags == create.tags
        }),
        _ => None,
    };
    same.map(|old| Some(Arc::clone(old)))
        .ok_or_else(|| Refusal::NameTaken { name: create.name.to_string(), by })
}

fn check_attribute(
    old: &LoadBalancerAttributes,
    attribute: LoadBalancerAttribute,
) -> Result<(), Refusal> {
    match attribute {
        // "After you set this value, you can't decrease it" (ELBv2 API).
        LoadBalancerAttribute::SecondaryAddresses(count) => {
            let range = old.secondary_addresses.into()..=SECONDARY_ADDRESSES_MAX.into();
            Setting::SecondaryAddresses.check(count.into(), &range)
        }
        LoadBalancerAttribute::CrossZone(_)
        | LoadBalancerAttribute::DeletionProtection(_)
        | LoadBalancerAttribute::ClientRoutingPolicy(_)
        | LoadBalancerAttribute::ZonalShift(_)
        | LoadBalancerAttribute::DenyInternetGateway(_) => Ok(()),
    }
}
