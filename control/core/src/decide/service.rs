//! Endpoint services.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use model::{IpAddressType, LoadBalancerId, ServiceId, ServiceState, ZoneId};

use super::{Decision, Desk, notification, private_dns::named, region};
use crate::{
    command::{CreateService, ModifyService},
    event::{Change, EventKind},
    outcome::Outcome,
    quota::Quota,
    record::Key,
    refusal::Refusal,
    resource::{
        CatalogEntry, EndpointService, Payer, ResourceKind, ServiceType, VpcEndpoint,
        endpoint_limits, permission::PERMISSION_REMOVAL_WORDS,
    },
    tag::PERMISSION_REMOVAL,
    transition::holds_service,
};

pub(super) fn create(desk: &mut Desk<'_>, create: &CreateService) -> Result<Decision, Refusal> {
    create.tags.check()?;
    create.tags.check_word(PERMISSION_REMOVAL, PERMISSION_REMOVAL_WORDS)?;
    endpoint_limits::check(&create.tags)?;
    let may_lack = is_listed_only(create.catalog.as_ref());
    let load_balancers = zones(desk, None, &create.load_balancers, may_lack)?;
    let mut ip_address_types = create.ip_address_types.clone();
    if ip_address_types.is_empty() {
        ip_address_types.insert(IpAddressType::Ipv4);
    }
    check_ip_address_types(desk, &ip_address_types, &create.load_balancers)?;
    let private_dns = create.private_dns_name.as_ref().map(|name| named(desk, None, name));
    let other_regions = region::changed(desk, None, &create.supported_regions, &BTreeSet::new())?;
    desk.check_owned(ResourceKind::Service, Quota::ServicesPerAccount)?;
    let service = EndpointService {
        id: desk.fresh(ServiceId::from_bits, |registry, id| registry.service(id).is_some()),
        owner: desk.caller.account.clone(),
        acceptance_required: create.acceptance_required,
        state: ServiceState::Available,
        load_balancers,
        ip_address_types,
        private_dns,
        other_regions,
        payer: Payer::default(),
        catalog: create.catalog.clone(),
        created: desk.now,
        tags: create.tags.clone(),
    };
    region::check(desk, &service)?;
    check_entry(desk, &service)?;
    let service = Arc::new(service);
    let event = desk.put(EventKind::ServiceCreated(service.id), Arc::clone(&service));
    Ok(Decision::of(event, Outcome::Service(service)))
}

pub(super) fn modify(desk: &mut Desk<'_>, modify: &ModifyService) -> Result<Decision, Refusal> {
    let old = desk.view().service(modify.service)?;
    if old.catalog.is_some() && modify.catalog.is_none() {
        return Err(Refusal::ServiceCatalogued(old.id));
    }
    let catalog = modify.catalog.clone().unwrap_or_default();
    // One that was listed only has none when it leaves the catalogue.
    let may_lack = is_listed_only(catalog.as_ref()) || is_listed_only(old.catalog.as_ref());
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
        load_balancers: zones(desk, Some(old.id), &balancers, may_lack)?,
        ip_address_types,
        private_dns,
        other_regions: region::changed(
            desk,
            Some(old),
            &modify.add_regions,
            &modify.remove_regions,
        )?,
        catalog,
        ..EndpointService::clone(old)
    };
    region::check(desk, &new)?;
    check_entry(desk, &new)?;
    if new == **old {
        return Ok(Decision::nothing(Outcome::Service(Arc::clone(old))));
    }
    let new = Arc::new(new);
    let event = desk.put(EventKind::ServiceModified(new.id), Arc::clone(&new));
    Ok(Decision::of(event, Outcome::Service(new)))
}

pub(super) fn delete(desk: &Desk<'_>, id: ServiceId) -> Result<Decision, Refusal> {
    let service = desk.view().service(id)?;
    if service.catalog.is_some() {
        return Err(Refusal::ServiceCatalogued(id));
    }
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
    may_lack: bool,
) -> Result<BTreeMap<LoadBalancerId, BTreeSet<ZoneId>>, Refusal> {
    if balancers.is_empty() && !may_lack {
        return Err(Refusal::LoadBalancerMissing);
    }
    desk.allows(Quota::LoadBalancersPerService, balancers.len())?;
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

fn is_listed_only(catalog: Option<&CatalogEntry>) -> bool {
    catalog.is_some_and(|entry| entry.service_type == ServiceType::Gateway)
}

/// Refuses an entry of the catalogue that cannot be, or that another service has.
fn check_entry(desk: &Desk<'_>, service: &EndpointService) -> Result<(), Refusal> {
    let Some(entry) = &service.catalog else { return Ok(()) };
    entry.check(&desk.settings().region)?;
    let same = |it: &EndpointService| it.service_type() == entry.service_type;
    let mut others = desk.registry.catalogued(&entry.name).filter(|it| it.id != service.id);
    others.find(|it| same(it)).map_or(Ok(()), |by| {
        Err(Refusal::CatalogEntryTaken { name: entry.name.clone(), by: by.id })
    })
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
