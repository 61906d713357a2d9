//! Private DNS names: of services, whose domain has to be proven, and of endpoints.

use std::sync::Arc;

use model::{DnsName, ServiceId, Timestamp, VpcEndpointId, VpcId};

use super::{Decision, Desk};
use crate::{
    event::{Change, Event, EventKind},
    outcome::Outcome,
    refusal::Refusal,
    registry::Registry,
    resource::{
        DomainOutcome, DomainState, DomainToken, EndpointService, PrivateDns, ResourceId,
        ResourceKind,
    },
};

/// Has a service's domain looked up.
pub(super) fn start_verification(desk: &Desk<'_>, id: ServiceId) -> Result<Decision, Refusal> {
    let old = desk.view().service(id)?;
    let private = old.private_dns.as_ref().ok_or(Refusal::PrivateDnsNameMissing(id))?;
    let new = with_private_dns(old, private.asked(desk.now));
    let event = desk.put(verification(&new), Arc::clone(&new));
    Ok(Decision::of(event, Outcome::Service(new)))
}

/// What a look-up changes; nothing if the token is no longer the service's.
pub(super) fn report(
    registry: &Registry,
    service: ServiceId,
    token: &DomainToken,
    outcome: DomainOutcome,
    now: Timestamp,
) -> Option<Event> {
    let old = registry.service(service)?;
    let private = old.private_dns.as_ref().filter(|private| private.token == *token)?;
    let changed = private.after(outcome);
    if changed == *private {
        return None;
    }
    let new = with_private_dns(old, changed);
    let kind = verification(&new);
    Some(Event { at: now, by: None, kind, changes: vec![Change::Put(new.into())] })
}

/// A service's private DNS name: the old one as it stands if it is the same, or else a new one
/// whose proof begins.
pub(super) fn named(desk: &mut Desk<'_>, old: Option<&PrivateDns>, name: &DnsName) -> PrivateDns {
    match old {
        Some(old) if old.name == *name => old.clone(),
        Some(_) | None => PrivateDns::new(name.clone(), DomainToken::from_bits(desk.draw.wide())),
    }
}

/// The private DNS names that an endpoint in a VPC gets, if it may have them (guide: "Private DNS",
/// semantics 3.7).
pub(super) fn of_endpoint(
    desk: &Desk<'_>,
    vpc: VpcId,
    service: &EndpointService,
    endpoint: Option<VpcEndpointId>,
) -> Result<Vec<DnsName>, Refusal> {
    let names = usable_names(desk, service)?;
    if !desk.view().vpc(vpc)?.takes_private_dns() {
        return Err(Refusal::VpcDnsDisabled(vpc));
    }
    let others = desk.registry.referrers(vpc, ResourceKind::Endpoint).filter_map(|id| match id {
        ResourceId::Endpoint(id) if Some(id) != endpoint => desk.registry.endpoint(id),
        _ => None,
    });
    let mut taken = others.flat_map(|other| &other.private_dns_names);
    if let Some(domain) = taken.find(|domain| names.contains(domain)) {
        return Err(Refusal::PrivateDnsConflict { domain: domain.clone(), vpc });
    }
    Ok(names)
}

/// The private DNS names of a service, if it has any that may be used.
fn usable_names(desk: &Desk<'_>, service: &EndpointService) -> Result<Vec<DnsName>, Refusal> {
    let name = || service.name(&desk.settings().region);
    let catalogued = service.catalog.as_ref().map(|entry| &entry.private_dns_names);
    if let Some(names) = catalogued.filter(|names| !names.is_empty()) {
        return Ok(names.clone());
    }
    let private = service.private_dns.as_ref();
    let private = private.ok_or_else(|| Refusal::PrivateDnsUnsupported(name()))?;
    if private.state != DomainState::Verified {
        return Err(Refusal::PrivateDnsUnverified(name()));
    }
    Ok(vec![private.name.clone()])
}

/// Refuses new connection requests to a service whose domain is no longer, or not, the provider's
/// (guide: "If the verification status changes, new connection requests are denied").
pub(super) fn check_connectable(desk: &Desk<'_>, service: &EndpointService) -> Result<(), Refusal> {
    match service.private_dns.as_ref().map(|private| private.state) {
        Some(DomainState::Failed) => {
            Err(Refusal::PrivateDnsUnverified(service.name(&desk.settings().region)))
        }
        Some(DomainState::PendingVerification | DomainState::Verified) | None => Ok(()),
    }
}

fn with_private_dns(old: &EndpointService, private: PrivateDns) -> Arc<EndpointService> {
    Arc::new(EndpointService { private_dns: Some(private), ..old.clone() })
}

fn verification(service: &EndpointService) -> EventKind {
    let private = service.private_dns.as_ref();
    EventKind::DomainVerification {
        service: service.id,
        state: private.map_or(DomainState::PendingVerification, |it| it.state),
        reason: private.map_or("", PrivateDns::reason),
    }
}
