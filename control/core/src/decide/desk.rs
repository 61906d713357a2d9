//! What every decision has at hand.

use std::collections::BTreeSet;

use model::{IpAddressType, Timestamp};

use crate::{
    caller::Caller,
    describe::View,
    draw::Draw,
    event::{Change, Event, EventKind},
    quota::Quota,
    record::Record,
    refusal::Refusal,
    registry::Registry,
    resource::{ResourceId, ResourceKind},
    settings::Settings,
};

/// What every decision has at hand: the state, who asks, numbers and the time.
pub(super) struct Desk<'a> {
    pub(super) registry: &'a Registry,
    pub(super) caller: &'a Caller,
    pub(super) draw: &'a mut dyn Draw,
    pub(super) now: Timestamp,
    /// Identifiers drawn for this command, which the registry does not know yet.
    pub(super) drawn: BTreeSet<ResourceId>,
}

impl<'a> Desk<'a> {
    /// The state as the caller sees it.
    pub(super) fn view(&self) -> View<'a> {
        self.registry.view(self.caller)
    }

    pub(super) fn settings(&self) -> &'a Settings {
        self.registry.settings()
    }

    /// An event of the caller's.
    pub(super) fn event(&self, kind: EventKind, changes: Vec<Change>) -> Event {
        Event { at: self.now, by: Some(self.caller.account.clone()), kind, changes }
    }

    /// An event of the caller's that puts one record.
    pub(super) fn put(&self, kind: EventKind, record: impl Into<Record>) -> Event {
        self.event(kind, vec![Change::Put(record.into())])
    }

    /// Draws an identifier that nothing has.
    pub(super) fn fresh<T: Copy + Into<ResourceId>>(
        &mut self,
        make: fn(u128) -> T,
        is_taken: impl Fn(&Registry, T) -> bool,
    ) -> T {
        let mut bits = self.draw.wide();
        // Ends, as there are more numbers than resources.
        while is_taken(self.registry, make(bits)) || !self.drawn.insert(make(bits).into()) {
            bits = bits.wrapping_add(1);
        }
        make(bits)
    }

    /// Refuses `count` of something if the caller's account may not have so many.
    pub(super) fn allows(&self, quota: Quota, count: usize) -> Result<(), Refusal> {
        quota.check(count, self.settings().quotas.limit(&self.caller.account, quota))
    }

    /// Refuses one more resource of a kind than the account may have.
    pub(super) fn check_owned(&self, kind: ResourceKind, quota: Quota) -> Result<(), Refusal> {
        self.allows(quota, self.registry.owned(&self.caller.account, kind).count() + 1)
    }

    /// Whether a user of a resource does not keep it: what came with a VPC goes with it, and a
    /// route table loses a subnet that goes.
    fn goes_along(&self, resource: ResourceId, user: ResourceId) -> bool {
        match user {
            ResourceId::RouteTable(id) => {
                let table = self.registry.route_table(id);
                let is_main = table.is_some_and(|table| table.main.is_some());
                is_main || resource.kind() == ResourceKind::Subnet
            }
            ResourceId::SecurityGroup(id) => {
                let group = self.registry.security_group(id);
                resource.kind() == ResourceKind::Vpc && group.is_some_and(|it| it.is_default())
            }
            _ => false,
        }
    }

    /// Whether a resource is a load balancer with IPv6 addresses.
    pub(super) fn is_dualstack(&self, resource: ResourceId) -> bool {
        match resource {
            ResourceId::LoadBalancer(id) => self
                .registry
                .load_balancer(id)
                .is_some_and(|it| it.ip_address_type == IpAddressType::Dualstack),
            _ => false,
        }
    }

    /// Refuses to remove what something else refers to.
    pub(super) fn check_unused(&self, id: impl Into<ResourceId>) -> Result<(), Refusal> {
        let resource = id.into();
        let mut users = ResourceKind::ALL
            .iter()
            .flat_map(|kind| self.registry.referrers(resource, *kind))
            .filter(|user| !self.goes_along(resource, *user));
        users.next().map_or(Ok(()), |by| Err(Refusal::InUse { resource, by }))
    }
}
