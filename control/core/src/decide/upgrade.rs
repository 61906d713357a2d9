//! What resources of an earlier version lack: the default security group and the main route table
//! of a VPC, the security group of an endpoint.
//!
//! Identifiers are drawn from the VPC's own, so that two nodes that start at once make the same.

use std::{
    collections::{BTreeSet, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
    sync::Arc,
};

use model::Timestamp;

use super::{Desk, route_table, security_group, target};
use crate::{
    caller::{Caller, Identity},
    draw::Draw,
    event::{Change, Event, EventKind},
    registry::Registry,
    resource::{ResourceId, ResourceKind, Vpc, VpcEndpoint},
};

/// Completes that many VPCs, and then moves as many targets to where they are now; no events when
/// all is well.
pub(super) fn upgrade(registry: &Registry, vpcs_max: usize, now: Timestamp) -> Vec<Event> {
    let vpcs = registry.vpcs().filter_map(|vpc| complete(registry, vpc, now));
    let events: Vec<_> = vpcs.take(vpcs_max).collect();
    if !events.is_empty() {
        return events;
    }
    target::follow(registry, vpcs_max, now).into_iter().collect()
}

fn complete(registry: &Registry, vpc: &Vpc, now: Timestamp) -> Option<Event> {
    let known = registry.security_groups_of(vpc.id).find(|it| it.is_default()).map(|it| it.id);
    let has_table = registry.route_tables_of(vpc.id).any(|it| it.main.is_some());
    let ungrouped: Vec<_> = ungrouped(registry, vpc).collect();
    if known.is_some() && has_table && ungrouped.is_empty() {
        return None;
    }
    let owner = Caller { account: vpc.owner.clone(), identity: Identity::Root };
    let mut draw = Derived::of(vpc);
    let drawn = BTreeSet::new();
    let mut desk = Desk { registry, caller: &owner, draw: &mut draw, now, drawn };
    let mut changes = Vec::new();
    let group = known.unwrap_or_else(|| {
        let made = security_group::default_of(&mut desk, vpc.id);
        let id = made.id;
        changes.push(Change::Put(made.into()));
        id
    });
    if !has_table {
        changes.push(Change::Put(route_table::main_of(&mut desk, vpc.id).into()));
    }
    changes.extend(ungrouped.into_iter().map(|endpoint| {
        let security_groups = [group].into();
        Change::Put(Arc::new(VpcEndpoint { security_groups, ..endpoint.clone() }).into())
    }));
    Some(Event { at: now, by: None, kind: EventKind::VpcModified(vpc.id), changes })
}

/// The endpoints of a VPC that carry no group.
fn ungrouped<'a>(
    registry: &'a Registry,
    vpc: &Vpc,
) -> impl Iterator<Item = &'a VpcEndpoint> + use<'a> {
    let endpoints = registry.referrers(vpc.id, ResourceKind::Endpoint).filter_map(|id| match id {
        ResourceId::Endpoint(id) => registry.endpoint(id).map(AsRef::as_ref),
        _ => None,
    });
    endpoints.filter(|it: &&VpcEndpoint| it.security_groups.is_empty())
}

/// Numbers that follow from a VPC's identifier.
struct Derived {
    seed: u64,
    drawn: u64,
}

impl Derived {
    fn of(vpc: &Vpc) -> Self {
        let mut hasher = DefaultHasher::new();
        vpc.id.hash(&mut hasher);
        Self { seed: hasher.finish(), drawn: 0 }
    }
}

impl Draw for Derived {
    fn bits(&mut self) -> u64 {
        self.drawn += 1;
        let mut hasher = DefaultHasher::new();
        (self.seed, self.drawn).hash(&mut hasher);
        hasher.finish()
    }
}
