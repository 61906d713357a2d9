//! Which interfaces are healthy, worked out no more often than needed.
//!
//! Interfaces share load balancers' zones, so each of these is worked out once in a build; and
//! what it all depends on seldom changes, so mostly nothing has to be. Does not know what is done
//! about an interface that is not healthy.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use model::{
    Health, Interface, LoadBalancer, LoadBalancerId, Snapshot, TargetAddr, TargetGroup,
    TargetGroupId, TargetHealth, ZoneId,
};

use crate::name::NameHash;

/// All that the health of interfaces depends on, as of some build.
#[derive(Debug, Default)]
pub(crate) struct Causes {
    load_balancers: BTreeMap<LoadBalancerId, Arc<LoadBalancer>>,
    target_groups: BTreeMap<TargetGroupId, Arc<TargetGroup>>,
    targets: BTreeMap<(TargetGroupId, TargetAddr), TargetHealth>,
}

impl Causes {
    /// Takes what is so now; whether anything is otherwise than it was.
    pub(crate) fn renew(&mut self, snapshot: &Snapshot, health: &Health) -> bool {
        let is_same = self.load_balancers == snapshot.load_balancers
            && self.target_groups == snapshot.target_groups
            && self.targets == health.targets;
        if !is_same {
            self.load_balancers.clone_from(&snapshot.load_balancers);
            self.target_groups.clone_from(&snapshot.target_groups);
            self.targets.clone_from(&health.targets);
        }
        !is_same
    }
}

/// The health of load balancers' zones, worked out once for all the interfaces that share one.
pub(crate) struct ZoneHealth<'s> {
    snapshot: &'s Snapshot,
    health: &'s Health,
    known: HashMap<(LoadBalancerId, &'s ZoneId), bool, NameHash>,
}

impl<'s> ZoneHealth<'s> {
    pub(crate) fn new(snapshot: &'s Snapshot, health: &'s Health) -> Self {
        Self { snapshot, health, known: HashMap::default() }
    }

    /// Whether an interface is healthy.
    pub(crate) fn is_healthy(&mut self, interface: &'s Interface) -> bool {
        let key = (interface.load_balancer, &interface.zone);
        let (snapshot, health) = (self.snapshot, self.health);
        let work_out = || health.is_interface_healthy(snapshot, interface);
        *self.known.entry(key).or_insert_with(work_out)
    }
}
