//! `Health`: what is alive, as one immutable value made by the data plane.
//!
//! Control reads it to end `pending` and to answer `DescribeTargetHealth`; DNS reads it to leave
//! out zones. Does not know how any of it was found out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use crate::{
    EndpointAddr, Generation, Interface, InterfaceId, LoadBalancer, Snapshot, TargetAddr,
    TargetGroup, TargetGroupId, VpcEndpointId, ZoneId,
};

/// What the data plane knows to be alive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// The last snapshot whose listeners were all tried. A binding says something about an endpoint
    /// as of this generation, not about a later one.
    pub generation: Generation,
    /// Whether each endpoint's addresses are bound. An endpoint of the snapshot that is missing
    /// here was not tried yet.
    pub bindings: BTreeMap<VpcEndpointId, Binding>,
    /// The interfaces of which an address is not bound.
    pub unbound: BTreeSet<InterfaceId>,
    /// The state of each target in use.
    pub targets: BTreeMap<(TargetGroupId, TargetAddr), TargetHealth>,
}

/// Whether an endpoint's addresses are bound and listening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// All of them are.
    Bound,
    /// At least this one is not.
    Failed(BindFailure),
}

/// Why an endpoint address could not be bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BindFailure {
    /// The address; port 0 if the service has no listener to bind.
    pub addr: EndpointAddr,
    /// The reason.
    pub reason: BindFailureReason,
}

/// Why binding failed, as far as an operator can act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BindFailureReason {
    /// No interface of the machine has the address (EADDRNOTAVAIL).
    AddressNotAvailable,
    /// Another socket or another endpoint has the address and port (EADDRINUSE).
    AddressInUse,
    /// The process may not bind it, for example a port below 1024 (EACCES).
    PermissionDenied,
    /// No more file descriptors or memory.
    ResourcesExhausted,
    /// Any other errno.
    Other(i32),
}

impl fmt::Display for BindFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot bind endpoint address {}: ", self.addr)?;
        match self.reason {
            BindFailureReason::AddressNotAvailable => {
                f.write_str("no network interface of this machine has it")
            }
            BindFailureReason::AddressInUse => {
                f.write_str("it is in use by another socket or another endpoint")
            }
            BindFailureReason::PermissionDenied => {
                f.write_str("permission denied (ports below 1024 need CAP_NET_BIND_SERVICE)")
            }
            BindFailureReason::ResourcesExhausted => {
                f.write_str("out of file descriptors or memory")
            }
            BindFailureReason::Other(errno) => write!(f, "system error {errno}"),
        }
    }
}

/// A target's state with its reason code (semantics 1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetHealth {
    /// Registered, no probe has ended yet.
    Initial,
    /// Takes new connections.
    Healthy,
    /// Takes none, unless too few are healthy.
    Unhealthy(UnhealthyReason),
    /// Has just turned unhealthy, takes none and keeps its connections for a while.
    UnhealthyDraining(UnhealthyReason),
    /// Deregistered; keeps its connections for a while.
    Draining,
    /// No listener forwards to its group, or its zone is not enabled.
    Unused,
}

/// Why a target is unhealthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnhealthyReason {
    /// Probes ran into their timeout: `Target.Timeout`.
    Timeout,
    /// Probes were refused or broken off: `Target.FailedHealthChecks`.
    FailedHealthChecks,
    /// Probes were answered with another code than asked for: `Target.ResponseCodeMismatch`.
    ResponseCodeMismatch,
}

impl Health {
    /// Whether the target takes connections by its probes.
    pub fn is_healthy(&self, group: TargetGroupId, target: TargetAddr) -> bool {
        self.targets.get(&(group, target)) == Some(&TargetHealth::Healthy)
    }

    /// Whether a zone of a load balancer stays in DNS: each of its target groups has a healthy
    /// target that serves the zone (`dns_failover.minimum_healthy_targets.count` = 1; semantics
    /// 1.3, 1.6). A zone without any target counts as unhealthy, and so does a zone whose load
    /// balancer has no listener at all.
    pub fn is_zone_healthy(
        &self,
        snapshot: &Snapshot,
        load_balancer: &LoadBalancer,
        zone: &ZoneId,
    ) -> bool {
        let mut groups = load_balancer
            .listeners
            .iter()
            .flat_map(|listener| &listener.forward)
            .filter_map(|forward| snapshot.target_groups.get(&forward.group))
            .peekable();
        groups.peek().is_some()
            && groups.all(|group| self.has_healthy_target(load_balancer, group, zone))
    }

    /// Whether DNS should answer with this interface's addresses while another zone is healthy: its
    /// zone is, and all its addresses are bound.
    pub fn is_interface_healthy(&self, snapshot: &Snapshot, interface: &Interface) -> bool {
        if self.unbound.contains(&interface.id) {
            return false;
        }
        snapshot
            .load_balancers
            .get(&interface.load_balancer)
            .is_some_and(|lb| self.is_zone_healthy(snapshot, lb, &interface.zone))
    }

    fn has_healthy_target(&self, lb: &LoadBalancer, group: &TargetGroup, zone: &ZoneId) -> bool {
        let cross_zone = group.is_cross_zone(lb);
        group.targets.iter().any(|target| {
            !target.draining
                && (cross_zone || target.serves(zone))
                && self.is_healthy(group.id, target.addr)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU16, sync::Arc};

    use super::*;
    use crate::{Listener, ListenerId, LoadBalancerId, Protocol, Target};

    fn target(addr: &str, zone: Option<&str>) -> Target {
        Target {
            addr: TargetAddr(addr.parse().unwrap()),
            zone: zone.map(|z| z.parse().unwrap()),
            draining: false,
        }
    }

    /// One load balancer in zones a and b, one group, two targets.
    fn world(cross_zone: bool) -> (Snapshot, LoadBalancer) {
        let group = TargetGroupId::from_bits(1);
        let zones = ["a", "b"].map(|z| z.parse().unwrap());
        let lb = LoadBalancer {
            cross_zone,
            listeners: vec![Listener::new(ListenerId::from_bits(1), NonZeroU16::MIN, group)],
            ..LoadBalancer::new(LoadBalancerId::from_bits(1), zones)
        };
        let mut snapshot = Snapshot::empty("us-east-1".parse().unwrap());
        let targets = vec![target("127.0.0.1:1", Some("a")), target("127.0.0.1:2", Some("b"))];
        snapshot.target_groups.insert(
            group,
            Arc::new(TargetGroup { targets, ..TargetGroup::new(group, Protocol::Tcp) }),
        );
        (snapshot, lb)
    }

    #[test]
    fn a_zone_is_healthy_by_its_own_targets_unless_cross_zone() {
        let mut health = Health::default();
        let healthy = TargetAddr("127.0.0.1:1".parse().unwrap());
        health.targets.insert((TargetGroupId::from_bits(1), healthy), TargetHealth::Healthy);
        for (cross_zone, zone, expected) in
            [(false, "a", true), (false, "b", false), (true, "a", true), (true, "b", true)]
        {
            let (snapshot, lb) = world(cross_zone);
            let zone = zone.parse().unwrap();
            assert_eq!(
                health.is_zone_healthy(&snapshot, &lb, &zone),
                expected,
                "{cross_zone} {zone}"
            );
        }
    }

    #[test]
    fn a_zone_without_listener_or_target_is_unhealthy() {
        let (snapshot, mut lb) = world(true);
        lb.listeners.clear();
        assert!(!Health::default().is_zone_healthy(&snapshot, &lb, &"a".parse().unwrap()));
    }
}
