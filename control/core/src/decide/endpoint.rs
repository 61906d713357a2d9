//! VPC endpoints, as the consumer: creating, changing, deleting.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use model::{
    ConnectionId, DnsName, DnsRecordIpType, EndpointState, IpAddressType, NameToken,
    SecurityGroupId, SubnetId, VpcEndpointId,
};

use super::{
    Decision, Desk,
    chore::moved,
    interface,
    load_balancer::choose,
    private_dns::{self, check_connectable},
    security_group,
};
use crate::{
    command::{CreateEndpoint, ModifyEndpoint},
    event::EventKind,
    outcome::Outcome,
    quota::Quota,
    refusal::Refusal,
    resource::{EndpointService, Interface, ResourceKind, ServiceType, VpcEndpoint},
    transition::Move,
};

pub(super) fn create(desk: &mut Desk<'_>, create: &CreateEndpoint) -> Result<Decision, Refusal> {
    let vpc = desk.view().vpc(create.vpc)?.id;
    let service = desk.view().service_named(&create.service_name)?;
    if service.service_type() != ServiceType::Interface {
        let (service, service_type) = (create.service_name.clone(), service.service_type());
        return Err(Refusal::ServiceTypeMismatch { service, service_type });
    }
    let ip_address_type = create.ip_address_type;
    if !service.ip_address_types.contains(&ip_address_type) {
        let service = create.service_name.clone();
        return Err(Refusal::ServiceIpAddressType { service, ip_address_type });
    }
    let dns_record_ip_type = record_types(ip_address_type, create.dns_record_ip_type)?;
    create.tags.check()?;
    check_connectable(desk, service)?;
    let private_dns_names = match create.private_dns {
        true => private_dns::of_endpoint(desk, vpc, service, None)?,
        false => Vec::new(),
    };
    let security_groups = security_group::of_endpoint(desk, vpc, &create.security_groups)?;
    let subnets = subnets(desk, create)?;
    let present = desk.registry.referrers(vpc, ResourceKind::Endpoint).count();
    desk.allows(Quota::EndpointsPerVpc, present + 1)?;
    let id = desk.fresh(VpcEndpointId::from_bits, |registry, id| registry.endpoint(id).is_some());
    let token = NameToken::from_bits(desk.draw.bits());
    let base_name = service.base_name(&desk.settings().region);
    let regional_name = DnsName::below(&base_name, id, &token);
    let mut interfaces = Vec::new();
    for subnet in subnets {
        let subnet = interface::subnet(desk, vpc, subnet)?;
        let designated = interface::designated(&create.addresses, subnet.id)?;
        interfaces.push(interface::make(desk, service, &regional_name, subnet, designated)?);
    }
    let waits = service.acceptance_required && !accepts_at_once(desk, service);
    let (state, deadline) = if waits {
        let deadline = desk.now + desk.settings().acceptance_timeout;
        (EndpointState::PendingAcceptance, Some(deadline))
    } else {
        (EndpointState::Pending, None)
    };
    let endpoint = Arc::new(VpcEndpoint {
        id,
        owner: desk.caller.account.clone(),
        vpc,
        service: service.id,
        service_name: create.service_name.clone(),
        connection: ConnectionId::from_bits(desk.draw.wide()),
        state,
        state_since: desk.now,
        deadline,
        last_error: None,
        ip_address_type: create.ip_address_type,
        dns_record_ip_type,
        private_dns_names,
        regional_name,
        security_groups,
        interfaces,
        creator: Some(desk.caller.identity.clone()),
        payer: (!service.payer.is_default()).then_some(service.payer),
        created: desk.now,
        tags: create.tags.clone(),
    });
    let kind = EventKind::EndpointCreated { endpoint: id, service: service.id, state };
    let event = desk.put(kind, Arc::clone(&endpoint));
    Ok(Decision::of(event, Outcome::Endpoint(endpoint)))
}

pub(super) fn modify(desk: &mut Desk<'_>, modify: &ModifyEndpoint) -> Result<Decision, Refusal> {
    let old = desk.view().endpoint(modify.endpoint)?;
    let new = moved(desk.settings(), old, Move::Modify, desk.now)?;
    let service = desk
        .registry
        .service(old.service)
        .ok_or_else(|| Refusal::ServiceNameNotFound(old.service_name.clone()))?;
    let interfaces = changed_interfaces(desk, service, old, modify)?;
    let private_dns_names = match modify.private_dns {
        Some(true) if old.private_dns_names.is_empty() => {
            private_dns::of_endpoint(desk, old.vpc, service, Some(old.id))?
        }
        Some(false) => Vec::new(),
        Some(true) | None => old.private_dns_names.clone(),
    };
    let dns_record_ip_type = match modify.dns_record_ip_type {
        Some(wanted) => record_types(old.ip_address_type, Some(wanted))?,
        None => old.dns_record_ip_type,
    };
    let security_groups = changed_groups(desk, old, modify)?;
    let new =
        VpcEndpoint { interfaces, private_dns_names, dns_record_ip_type, security_groups, ..new };
    if is_same(old, &new) {
        return Ok(Decision::nothing(Outcome::Endpoint(Arc::clone(old))));
    }
    Ok(put_moved(desk, old, new, Move::Modify))
}

pub(super) fn delete(desk: &Desk<'_>, id: VpcEndpointId) -> Result<Decision, Refusal> {
    let old = desk.view().endpoint(id)?;
    match old.state {
        EndpointState::Deleted => Err(Refusal::NotFound(id.into())),
        // Asking twice is no mistake.
        EndpointState::Deleting => Ok(Decision::nothing(Outcome::Endpoint(Arc::clone(old)))),
        EndpointState::PendingAcceptance
        | EndpointState::Pending
        | EndpointState::Available
        | EndpointState::Rejected
        | EndpointState::Expired
        | EndpointState::Failed => {
            let new = moved(desk.settings(), old, Move::Delete, desk.now)?;
            Ok(put_moved(desk, old, new, Move::Delete))
        }
    }
}

/// Whether a permission of the service has the caller's requests accepted at once.
fn accepts_at_once(desk: &Desk<'_>, service: &EndpointService) -> bool {
    let mut permissions = desk.registry.permissions_of(service.id);
    permissions.any(|it| it.accepts_at_once() && it.principal.admits(desk.caller))
}

/// Whether nothing that a consumer can change differs.
fn is_same(old: &VpcEndpoint, new: &VpcEndpoint) -> bool {
    old.interfaces == new.interfaces
        && old.private_dns_names == new.private_dns_names
        && old.dns_record_ip_type == new.dns_record_ip_type
        && old.security_groups == new.security_groups
}

/// The security groups after a change: at least one, if there was one.
fn changed_groups(
    desk: &Desk<'_>,
    old: &VpcEndpoint,
    modify: &ModifyEndpoint,
) -> Result<BTreeSet<SecurityGroupId>, Refusal> {
    let (add, remove) = (&modify.add_security_groups, &modify.remove_security_groups);
    if let Some(stray) = remove.difference(&old.security_groups).next() {
        return Err(Refusal::GroupNotInEndpoint { group: *stray, endpoint: old.id });
    }
    if add.is_empty() && remove.is_empty() {
        return Ok(old.security_groups.clone());
    }
    let kept = &old.security_groups - remove;
    let wanted = &kept | add;
    if wanted.is_empty() {
        return Err(Refusal::GroupMissing(old.id));
    }
    security_group::of_endpoint(desk, old.vpc, &wanted)
}

/// The decision that an endpoint moves.
pub(super) fn put_moved(
    desk: &Desk<'_>,
    old: &VpcEndpoint,
    new: VpcEndpoint,
    on: Move,
) -> Decision {
    let kind = EventKind::EndpointMoved {
        endpoint: old.id,
        service: old.service,
        on,
        from: old.state,
        to: new.state,
    };
    let new = Arc::new(new);
    Decision::of(desk.put(kind, Arc::clone(&new)), Outcome::Endpoint(new))
}

/// The subnets to have an interface in: at least one, and at most one per zone.
fn subnets(desk: &Desk<'_>, create: &CreateEndpoint) -> Result<BTreeSet<SubnetId>, Refusal> {
    let designated = create.addresses.iter().map(|it| it.subnet);
    let named = create.subnets.iter().copied().chain(designated);
    let mut chosen = BTreeMap::new();
    for id in named {
        choose(&mut chosen, interface::subnet(desk, create.vpc, id)?)?;
    }
    if chosen.is_empty() { Err(Refusal::SubnetMissing) } else { Ok(chosen.into_values().collect()) }
}

/// Which records the endpoint's names have, if address types and records go together (guide: "DNS
/// record IP type").
fn record_types(
    ip_address_type: IpAddressType,
    wanted: Option<DnsRecordIpType>,
) -> Result<DnsRecordIpType, Refusal> {
    let own = match ip_address_type {
        IpAddressType::Ipv4 => DnsRecordIpType::Ipv4,
        IpAddressType::Ipv6 => DnsRecordIpType::Ipv6,
        IpAddressType::Dualstack => DnsRecordIpType::Dualstack,
    };
    let wanted = wanted.unwrap_or(own);
    if wanted == own || ip_address_type == IpAddressType::Dualstack {
        Ok(wanted)
    } else {
        Err(Refusal::DnsRecordIpType { dns_record_ip_type: wanted, ip_address_type })
    }
}

/// The interfaces after a change. Those that stay are the same; one whose address is to be another
/// is replaced.
fn changed_interfaces(
    desk: &mut Desk<'_>,
    service: &EndpointService,
    old: &VpcEndpoint,
    modify: &ModifyEndpoint,
) -> Result<Vec<Interface>, Refusal> {
    let not_in = |subnet| Refusal::SubnetNotInEndpoint { subnet, endpoint: old.id };
    let mut kept: BTreeMap<SubnetId, &Interface> =
        old.interfaces.iter().map(|interface| (interface.subnet, interface)).collect();
    for id in &modify.remove_subnets {
        old.interface_in(*id).ok_or_else(|| not_in(*id))?;
        kept.remove(id);
    }
    let mut wanted: BTreeSet<SubnetId> = kept.keys().copied().collect();
    wanted.extend(&modify.add_subnets);
    if let Some(stray) = modify.addresses.iter().find(|it| !wanted.contains(&it.subnet)) {
        return Err(not_in(stray.subnet));
    }
    if wanted.is_empty() {
        return Err(Refusal::SubnetMissing);
    }
    let mut chosen = BTreeMap::new();
    let mut interfaces = Vec::new();
    // Those that are there come first, so that the newcomer is the one refused.
    for id in kept.keys().copied().chain(wanted.iter().copied().filter(|it| !kept.contains_key(it)))
    {
        choose(&mut chosen, interface::subnet(desk, old.vpc, id)?)?;
    }
    for id in wanted {
        let subnet = interface::subnet(desk, old.vpc, id)?;
        let designated = interface::designated(&modify.addresses, id)?;
        let present = kept.get(&id);
        let stays = present.filter(|it| designated.is_none() || designated == it.ipv4);
        interfaces.push(match stays {
            Some(interface) => (*interface).clone(),
            None => interface::make(desk, service, &old.regional_name, subnet, designated)?,
        });
    }
    Ok(interfaces)
}
