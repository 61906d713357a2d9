//! Which interfaces are healthy, worked out no more often than needed.
//!
//! Interfaces share load balancers' zones, so each of these is worked out once in a build; and
//! what it all depends on seldom changes, so mostly nothing has to be. Does not know what is done
//! about an interface that is not healthy.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use model::{
    ClientRoutingPolicy, Health, Interface, InterfaceId, LoadBalancer, LoadBalancerId, Snapshot,
    TargetAddr, TargetGroup, TargetGroupId, TargetHealth, ZoneId,
};

use crate::name::NameHash;

/// All that the health of interfaces depends on, as of some build.
#[derive(Debug, Default)]
pub(crate) struct Causes {
    load_balancers: BTreeMap<LoadBalancerId, Arc<LoadBalancer>>,
    target_groups: BTreeMap<TargetGroupId, Arc<TargetGroup>>,
    targets: BTreeMap<(TargetGroupId, TargetAddr), TargetHealth>,
    unbound: BTreeSet<InterfaceId>,
}

impl Causes {
    /// Takes what is so now; whether anything is otherwise than it was.
    pub(crate) fn renew(&mut self, snapshot: &Snapshot, health: &Health) -> bool {
        let is_same = self.load_balancers == snapshot.load_balancers
            && self.target_groups == snapshot.target_groups
            && self.targets == health.targets
            && self.unbound == health.unbound;
        if !is_same {
            self.load_balancers.clone_from(&snapshot.load_balancers);
            self.target_groups.clone_from(&snapshot.target_groups);
            self.targets.clone_from(&health.targets);
            self.unbound.clone_from(&health.unbound);
        }
        !is_same
    }
}

/// What counts of an interface for answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Whether its addresses are answered while another's are too.
    pub(crate) is_healthy: bool,
    /// How strongly clients of its zone are kept there.
    pub(crate) policy: ClientRoutingPolicy,
}

/// The standing of load balancers' zones, worked out once for all the interfaces that share one.
pub(crate) struct ZoneHealth<'s> {
    snapshot: &'s Snapshot,
    health: &'s Health,
    known: HashMap<(LoadBalancerId, &'s ZoneId), Standing, NameHash>,
}

impl<'s> ZoneHealth<'s> {
    pub(crate) fn new(snapshot: &'s Snapshot, health: &'s Health) -> Self {
        Self { snapshot, health, known: HashMap::default() }
    }

    /// Where an interface stands: with its zone, unless its own addresses are not bound.
    pub(crate) fn standing(&mut self, interface: &'s Interface) -> Standing {
        if self.health.unbound.contains(&interface.id) {
            return self.work_out(interface);
        }
        let key = (interface.load_balancer, &interface.zone);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let standing = self.work_out(interface);
        self.known.insert(key, standing);
        standing
    }

    fn work_out(&self, interface: &Interface) -> Standing {
        let balancer = self.snapshot.load_balancers.get(&interface.load_balancer);
        Standing {
            is_healthy: self.health.is_interface_healthy(self.snapshot, interface),
            policy: balancer.map(|it| it.client_routing_policy).unwrap_or_default(),
        }
    }
}
