//! Endpoint services.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use model::{IpAddressType, LoadBalancerId, ServiceId, ServiceState, ZoneId};

use super::{Decision, Desk, notification, private_dns::named};
use crate::{
    command::{CreateService, ModifyService},
    event::{Change, EventKind},
    outcome::Outcome,
    quota::Quota,
    record::Key,
    refusal::Refusal,
    resource::{EndpointService, ResourceKind, VpcEndpoint},
    transition::holds_service,
};

pub(super) fn create(desk: &mut Desk<'_>, create: &CreateService) -> Result<Decision, Refusal> {
    create.tags.check()?;
    let load_balancers = zones(desk, None, &create.load_balancers)?;
    let mut ip_address_types = create.ip_address_types.clone();
    if ip_address_types.is_empty() {
        ip_address_types.insert(IpAddressType::Ipv4);
    }
    check_ip_address_types(desk, &ip_address_types, &create.load_balancers)?;
    let private_dns = create.private_dns_name.as_ref().map(|name| named(desk, None, name));
    desk.check_owned(ResourceKind::Service, Quota::ServicesPerAccount)?;
    let service = Arc::new(EndpointService {
        id: desk.fresh(ServiceId::from_bits, |registry, id| registry.service(id).is_some()),
        owner: desk.caller.account.clone(),
        acceptance_required: create.acceptance_required,
        state: ServiceState::Available,
        load_balancers,
        ip_address_types,
        private_dns,
        created: desk.now,
        tags: create.tags.clone(),
    });
    let event = desk.put(EventKind::ServiceCreated(service.id), Arc::clone(&service));
    Ok(Decision::of(event, Outcome::Service(service)))
}

pub(super) fn modify(desk: &mut Desk<'_>, modify: &ModifyService) -> Result<Decision, Refusal> {
    let old = desk.view().service(modify.service)?;
    let mut balancers: BTreeSet<_> = old.load_balancers.keys().copied().collect();
    for id in &modify.remove_load_balancers {
        check_removable(desk, old, *id)?;
        balancers.remove(id);
    }
    balancers.extend(&modify.add_load_balancers);
    let mut ip_address_types = &old.ip_address_types - &modify.remove_ip_address_types;
    ip_address_types.extend(&modify.add_ip_address_types);
    check_ip_address_types(desk, &ip_address_types, &balancers)?;
    let private_dns = match &modify.private_dns_name {
        Some(Some(name)) => Some(named(desk, old.private_dns.as_ref(), name)),
        Some(None) => None,
        None => old.private_dns.clone(),
    };
    let new = EndpointService {
        acceptance_required: modify.acceptance_required.unwrap_or(old.acceptance_required),
        load_balancers: zones(desk, Some(old.id), &balancers)?,
        ip_address_types,
        private_dns,
        ..EndpointService::clone(old)
    };
    if new == **old {
        return Ok(Decision::nothing(Outcome::Service(Arc::clone(old))));
    }
    let new = Arc::new(new);
    let event = desk.put(EventKind::ServiceModified(new.id), Arc::clone(&new));
    Ok(Decision::of(event, Outcome::Service(new)))
}

pub(super) fn delete(desk: &Desk<'_>, id: ServiceId) -> Result<Decision, Refusal> {
    let service = desk.view().service(id)?;
    check_unconnected(desk, service, |_| true)?;
    let permissions = desk.registry.permissions_of(id);
    let mut changes: Vec<_> =
        permissions.map(|it| Change::Remove(Key::Permission(it.id))).collect();
    changes.extend(notification::removals(desk.registry, id));
    changes.push(Change::Remove(Key::Service(id)));
    Ok(Decision::of(desk.event(EventKind::ServiceDeleted(id), changes), Outcome::Done))
}

/// The zones of load balancers as they are now.
fn zones(
    desk: &Desk<'_>,
    service: Option<ServiceId>,
    balancers: &BTreeSet<LoadBalancerId>,
) -> Result<BTreeMap<LoadBalancerId, BTreeSet<ZoneId>>, Refusal> {
    if balancers.is_empty() {
        return Err(Refusal::LoadBalancerMissing);
    }
    Quota::LoadBalancersPerService.allows(balancers.len())?;
    let mut zones = BTreeMap::new();
    for id in balancers {
        let load_balancer = desk.view().load_balancer(*id)?;
        if let Some(by) = desk.registry.service_of(*id).filter(|by| Some(*by) != service) {
            return Err(Refusal::LoadBalancerTaken { load_balancer: *id, by });
        }
        zones.insert(*id, load_balancer.subnets.keys().cloned().collect());
    }
    Ok(zones)
}

/// Refuses types that are none of a service's, and IPv6 through load balancers without it.
fn check_ip_address_types(
    desk: &Desk<'_>,
    types: &BTreeSet<IpAddressType>,
    balancers: &BTreeSet<LoadBalancerId>,
) -> Result<(), Refusal> {
    if types.is_empty() {
        return Err(Refusal::IpAddressTypeMissing);
    }
    if types.contains(&IpAddressType::Dualstack) {
        return Err(Refusal::IpAddressTypeUnsupported(IpAddressType::Dualstack));
    }
    let mut lacking = balancers.iter().filter(|id| !desk.is_dualstack((**id).into()));
    match lacking.next() {
        Some(id) if types.contains(&IpAddressType::Ipv6) => {
            Err(Refusal::LoadBalancerIpAddressType(*id))
        }
        Some(_) | None => Ok(()),
    }
}

fn check_removable(
    desk: &Desk<'_>,
    service: &EndpointService,
    load_balancer: LoadBalancerId,
) -> Result<(), Refusal> {
    if !service.load_balancers.contains_key(&load_balancer) {
        return Err(Refusal::LoadBalancerNotInService { load_balancer, service: service.id });
    }
    check_unconnected(desk, service, |endpoint| {
        endpoint.interfaces.iter().any(|interface| interface.load_balancer == load_balancer)
    })
}

/// Refuses to take away what a connection of the service uses.
fn check_unconnected(
    desk: &Desk<'_>,
    service: &EndpointService,
    uses: impl Fn(&VpcEndpoint) -> bool,
) -> Result<(), Refusal> {
    let mut endpoints = desk.registry.endpoints_of(service.id);
    endpoints
        .find(|endpoint| holds_service(endpoint.state) && uses(endpoint))
        .map_or(Ok(()), |endpoint| {
            Err(Refusal::ConnectionsExist { service: service.id, endpoint: endpoint.id })
        })
}
