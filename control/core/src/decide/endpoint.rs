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
    interface::{self, Wanted},
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
    resource::{EndpointService, Interface, ResourceKind, ServiceName, ServiceType, VpcEndpoint},
    transition::Move,
};

/// Longest policy, white space included (guide: "VPC endpoint quotas"; cannot be raised).
const POLICY_CHARS_MAX: usize = 20_480;

pub(super) fn create(desk: &mut Desk<'_>, create: &CreateEndpoint) -> Result<Decision, Refusal> {
    let vpc = desk.view().vpc(create.vpc)?.id;
    let service = desk.view().service_named(&create.service_name)?;
    if service.service_type() != ServiceType::Interface {
        let (service, service_type) = (create.service_name.clone(), service.service_type());
        return Err(Refusal::ServiceTypeMismatch { service, service_type });
    }
    let ip_address_type = create.ip_address_type;
    check_taken(service, &create.service_name, ip_address_type)?;
    let dns_record_ip_type = record_types(ip_address_type, create.dns_record_ip_type)?;
    create.tags.check()?;
    check_policy(service, create.policy.as_deref(), &create.service_name)?;
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
    let wanted = Wanted { service, regional_name: &regional_name, ip_address_type };
    for subnet in subnets {
        let subnet = interface::subnet(desk, vpc, subnet)?;
        let designated = interface::designated(&create.addresses, subnet.id)?;
        interfaces.push(interface::make(desk, &wanted, subnet, designated)?);
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
        was_available: false,
        last_error: None,
        ip_address_type: create.ip_address_type,
        dns_record_ip_type,
        private_dns_names,
        regional_name,
        security_groups,
        interfaces,
        policy: create.policy.clone(),
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
    let ip_address_type = modify.ip_address_type.unwrap_or(old.ip_address_type);
    if ip_address_type != old.ip_address_type {
        check_taken(service, &old.service_name, ip_address_type)?;
    }
    let wanted = Wanted { service, regional_name: &old.regional_name, ip_address_type };
    let interfaces = changed_interfaces(desk, &wanted, old, modify)?;
    let private_dns_names = match modify.private_dns {
        Some(true) if old.private_dns_names.is_empty() => {
            private_dns::of_endpoint(desk, old.vpc, service, Some(old.id))?
        }
        Some(false) => Vec::new(),
        Some(true) | None => old.private_dns_names.clone(),
    };
    let dns_record_ip_type = match modify.dns_record_ip_type {
        Some(wanted) => record_types(ip_address_type, Some(wanted))?,
        None if ip_address_type != old.ip_address_type => record_types(ip_address_type, None)?,
        None => old.dns_record_ip_type,
    };
    let security_groups = changed_groups(desk, old, modify)?;
    let policy = modify.policy.clone().unwrap_or_else(|| old.policy.clone());
    if policy != old.policy {
        check_policy(service, policy.as_deref(), &old.service_name)?;
    }
    let new = VpcEndpoint {
        interfaces,
        private_dns_names,
        ip_address_type,
        dns_record_ip_type,
        policy,
        security_groups,
        ..new
    };
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

/// Refuses a policy that is too long, or where the service says that it heeds none.
fn check_policy(
    service: &EndpointService,
    policy: Option<&str>,
    name: &ServiceName,
) -> Result<(), Refusal> {
    let Some(policy) = policy else { return Ok(()) };
    if !service.catalog.as_ref().is_some_and(|entry| entry.policy_supported) {
        return Err(Refusal::PolicyUnsupported(name.clone()));
    }
    let is_short = policy.chars().count() <= POLICY_CHARS_MAX;
    if is_short { Ok(()) } else { Err(Refusal::PolicyLength { max: POLICY_CHARS_MAX }) }
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
        && old.ip_address_type == new.ip_address_type
        && old.dns_record_ip_type == new.dns_record_ip_type
        && old.policy == new.policy
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

/// The subnets to have an interface in, at most one per zone. There may be none: such an endpoint
/// has names that lead nowhere until it is given a subnet.
fn subnets(desk: &Desk<'_>, create: &CreateEndpoint) -> Result<BTreeSet<SubnetId>, Refusal> {
    let designated = create.addresses.iter().map(|it| it.subnet);
    let named = create.subnets.iter().copied().chain(designated);
    let mut chosen = BTreeMap::new();
    for id in named {
        choose(&mut chosen, interface::subnet(desk, create.vpc, id)?)?;
    }
    Ok(chosen.into_values().collect())
}

/// Refuses an address type that the service does not take.
fn check_taken(
    service: &EndpointService,
    name: &ServiceName,
    ip_address_type: IpAddressType,
) -> Result<(), Refusal> {
    if service.takes(ip_address_type) {
        return Ok(());
    }
    Err(Refusal::ServiceIpAddressType { service: name.clone(), ip_address_type })
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
    wanted: &Wanted<'_>,
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
    let mut subnets: BTreeSet<SubnetId> = kept.keys().copied().collect();
    subnets.extend(&modify.add_subnets);
    if let Some(stray) = modify.addresses.iter().find(|it| !subnets.contains(&it.subnet)) {
        return Err(not_in(stray.subnet));
    }
    let mut chosen = BTreeMap::new();
    let mut interfaces = Vec::new();
    // Those that are there come first, so that the newcomer is the one refused.
    let added = subnets.iter().copied().filter(|it| !kept.contains_key(it));
    for id in kept.keys().copied().chain(added) {
        choose(&mut chosen, interface::subnet(desk, old.vpc, id)?)?;
    }
    for id in subnets {
        let subnet = interface::subnet(desk, old.vpc, id)?;
        let designated = interface::designated(&modify.addresses, id)?;
        interfaces.push(match kept.get(&id) {
            Some(present) => interface::remake(desk, wanted, subnet, designated, present)?,
            None => interface::make(desk, wanted, subnet, designated)?,
        });
    }
    Ok(interfaces)
}
