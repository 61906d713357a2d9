//! Permissions of a service. Taking one away ends no connection that it admitted (guide: "Manage
//! permissions"), unless the service or the operator wants it so.

use std::{collections::BTreeSet, sync::Arc};

use model::{PermissionId, ServiceId};

use super::{Decision, Desk, chore::moved, endpoint::put_moved};
use crate::{
    event::{Change, Event, EventKind},
    outcome::Outcome,
    principal::Principal,
    quota::Quota,
    record::Key,
    refusal::Refusal,
    resource::{EndpointService, Permission, PermissionRemoval, VpcEndpoint},
    tag::Tags,
    transition::Move,
};

pub(super) fn modify(
    desk: &mut Desk<'_>,
    service: ServiceId,
    add: &[Principal],
    remove: &[Principal],
) -> Result<Decision, Refusal> {
    let service = desk.view().service(service)?;
    Quota::ItemsPerCommand.allows(add.len() + remove.len())?;
    let mut changes = Vec::new();
    let (mut kept, mut gone) = (BTreeSet::new(), BTreeSet::new());
    for permission in desk.registry.permissions_of(service.id) {
        if remove.contains(&permission.principal) {
            changes.push(Change::Remove(Key::Permission(permission.id)));
            gone.insert(&permission.principal);
        } else {
            kept.insert(&permission.principal);
        }
    }
    let mut added = Vec::new();
    for principal in add {
        if kept.insert(principal) {
            added.push(Arc::new(permission(desk, service.id, principal)));
        }
    }
    desk.allows(Quota::PermissionsPerService, kept.len())?;
    changes.extend(added.iter().map(|it| Change::Put(Arc::clone(it).into())));
    if changes.is_empty() {
        return Ok(Decision::nothing(Outcome::PermissionsAdded(added)));
    }
    let event = desk.event(EventKind::PermissionsChanged(service.id), changes);
    let mut decision = Decision::of(event, Outcome::PermissionsAdded(added));
    if service.permission_removal(desk.settings().permission_removal) == PermissionRemoval::Reject {
        decision.events.extend(rejections(desk, service, &gone, &kept)?);
    }
    Ok(decision)
}

/// Rejects the endpoints that a principal that is gone had admitted and none that is kept does.
fn rejections(
    desk: &Desk<'_>,
    service: &EndpointService,
    gone: &BTreeSet<&Principal>,
    kept: &BTreeSet<&Principal>,
) -> Result<Vec<Event>, Refusal> {
    let admit = |principals: &BTreeSet<&Principal>, endpoint: &VpcEndpoint| {
        let creator = endpoint.creator.as_ref();
        principals.iter().any(|it| it.admitted(&endpoint.owner, creator))
    };
    let mut events = Vec::new();
    for endpoint in desk.registry.endpoints_of(service.id) {
        let is_own = endpoint.owner == service.owner;
        if is_own || !admit(gone, endpoint) || admit(kept, endpoint) {
            continue;
        }
        // Whatever cannot be rejected has no connection that could end.
        if let Ok(new) = moved(desk.settings(), endpoint, Move::Reject, desk.now) {
            events.extend(put_moved(desk, endpoint, new, Move::Reject).events);
            Quota::ItemsPerCommand.allows(events.len())?;
        }
    }
    Ok(events)
}

fn permission(desk: &mut Desk<'_>, service: ServiceId, principal: &Principal) -> Permission {
    Permission {
        id: desk.fresh(PermissionId::from_bits, |registry, id| registry.permission(id).is_some()),
        service,
        principal: principal.clone(),
        created: desk.now,
        tags: Tags::none(),
    }
}
