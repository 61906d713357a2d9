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
    /// Probes were answered with another code than asked for, last with this one:
    /// `Target.ResponseCodeMismatch`.
    ResponseCodeMismatch(u16),
    /// Clients' connections to it failed, whatever probes say: `Target.FailedHealthChecks`.
    FailedConnections,
}

/// Why DNS does not answer with a load balancer's zone while it has another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZoneTrouble {
    /// A zonal shift keeps it out.
    Shifted,
    /// The load balancer has no listener that forwards anywhere.
    NoTargetGroup,
    /// This target group has fewer healthy targets there than it wants.
    TooFewHealthy {
        /// The group.
        group: TargetGroupId,
        /// How many of the targets that serve the zone are healthy.
        healthy: usize,
        /// How many there are.
        targets: usize,
    },
}

impl Health {
    /// Whether the target takes connections by its probes.
    pub fn is_healthy(&self, group: TargetGroupId, target: TargetAddr) -> bool {
        self.targets.get(&(group, target)) == Some(&TargetHealth::Healthy)
    }

    /// Whether a zone of a load balancer stays in DNS while others do.
    pub fn is_zone_healthy(
        &self,
        snapshot: &Snapshot,
        load_balancer: &LoadBalancer,
        zone: &ZoneId,
    ) -> bool {
        self.zone_trouble(snapshot, load_balancer, zone).is_none()
    }

    /// What takes a zone of a load balancer out of DNS, if anything does: a zonal shift, or a
    /// target group with fewer healthy targets there than `dns_failover` wants (semantics 1.3,
    /// 1.6). A zone without any target is never healthy, whatever the threshold; a group without
    /// weight takes no connection, so its health counts for nothing.
    pub fn zone_trouble(
        &self,
        snapshot: &Snapshot,
        load_balancer: &LoadBalancer,
        zone: &ZoneId,
    ) -> Option<ZoneTrouble> {
        if load_balancer.shifted_zones.contains(zone) {
            return Some(ZoneTrouble::Shifted);
        }
        let listeners = load_balancer.listeners.iter();
        let mut groups = listeners
            .flat_map(|listener| &listener.forward)
            .filter(|forward| forward.weight > 0)
            .filter_map(|forward| snapshot.target_groups.get(&forward.group))
            .peekable();
        if groups.peek().is_none() {
            return Some(ZoneTrouble::NoTargetGroup);
        }
        groups.find_map(|group| {
            let (healthy, targets) = self.count(load_balancer, group, zone);
            let is_enough = targets > 0 && group.dns_failover.is_met_by(healthy, targets);
            (!is_enough).then_some(ZoneTrouble::TooFewHealthy { group: group.id, healthy, targets })
        })
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

    /// How many of a group's targets that serve a zone are healthy, and how many there are.
    fn count(&self, lb: &LoadBalancer, group: &TargetGroup, zone: &ZoneId) -> (usize, usize) {
        group.serving(lb, zone).fold((0, 0), |(healthy, targets), target| {
            (healthy + usize::from(self.is_healthy(group.id, target.addr)), targets + 1)
        })
    }
}

#[cfg(test)]
mod tests;
