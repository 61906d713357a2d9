//! Permissions of a service. Taking one away ends no connection that it admitted (guide: "Manage
//! permissions").

use std::{collections::BTreeSet, sync::Arc};

use model::{PermissionId, ServiceId};

use super::{Decision, Desk};
use crate::{
    event::{Change, EventKind},
    outcome::Outcome,
    principal::Principal,
    quota::Quota,
    record::Key,
    refusal::Refusal,
    resource::Permission,
    tag::Tags,
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
    let mut kept = BTreeSet::new();
    for permission in desk.registry.permissions_of(service.id) {
        if remove.contains(&permission.principal) {
            changes.push(Change::Remove(Key::Permission(permission.id)));
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
    Quota::PermissionsPerService.allows(kept.len())?;
    changes.extend(added.iter().map(|it| Change::Put(Arc::clone(it).into())));
    if changes.is_empty() {
        return Ok(Decision::nothing(Outcome::PermissionsAdded(added)));
    }
    let event = desk.event(EventKind::PermissionsChanged(service.id), changes);
    Ok(Decision::of(event, Outcome::PermissionsAdded(added)))
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
