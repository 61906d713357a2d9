//! What is seen of targets, and what time does: states change, and connections end with them.

use std::{collections::BTreeSet, sync::Arc};

use dataplane_core::{
    reason::End,
    select::{Routing, Standing},
};
use model::{LoadBalancer, Snapshot, TargetGroupId};

use super::{TargetKey, Targets, users};
use crate::{
    metrics,
    probe::{Evidence, Outcome},
    route::{Change, Target},
};

/// What came of evidence, or of time.
#[derive(Debug, Default)]
pub(in crate::director) struct Recorded {
    /// Groups in which a target's health or share changed.
    pub(in crate::director) groups: BTreeSet<TargetGroupId>,
    /// Connections that end with it.
    pub(in crate::director) resets: Vec<Change>,
}

/// A target whose health changed.
#[derive(Clone, Copy, Debug)]
struct Turned {
    /// Probes found it unhealthy, and had not before.
    is_failed: bool,
}

impl Targets {
    /// Ends what is over by now.
    pub(in crate::director) fn pass_time(&mut self, snapshot: &Snapshot) -> Recorded {
        let mut recorded = Recorded::default();
        let due = self.waiting.iter().filter(|(_, at)| **at <= self.now);
        let due: Vec<TargetKey> = due.map(|(key, _)| *key).collect();
        for key in due {
            self.waiting.remove(&key);
            let Some(group) = snapshot.target_groups.get(&key.0) else { continue };
            let checked = self.entries.get_mut(&key).and_then(|entry| entry.checked.as_mut());
            if let Some(checked) = checked
                && checked.checks.pass_time(self.now)
            {
                let health = checked.checks.health();
                tracing::info!(group = %key.0, target = %key.1, ?health, "target health");
            }
            self.settle(key, group);
            recorded.groups.insert(key.0);
        }
        recorded.groups.iter().for_each(|group| self.show_group(*group));
        recorded
    }

    /// Takes evidence.
    pub(in crate::director) fn record(
        &mut self,
        outcomes: &[Outcome],
        snapshot: &Snapshot,
    ) -> Recorded {
        let mut recorded = Recorded::default();
        let mut failed = Vec::new();
        for Outcome { target, evidence } in outcomes {
            let Some(turn) = self.record_one(target, *evidence, snapshot) else { continue };
            recorded.groups.insert(target.group);
            if turn.is_failed {
                failed.push(target);
            }
        }
        // Only now: whether peers are left is decided by all results together.
        for target in failed {
            if self.ends_connections(target, snapshot) {
                let target = Arc::clone(target);
                recorded.resets.push(Change::ResetTarget(target, End::TargetUnhealthy));
            }
        }
        for group in &recorded.groups {
            self.show_group(*group);
        }
        recorded
    }

    /// Records what was seen of a target, and tells if its health changed.
    fn record_one(
        &mut self,
        target: &Arc<Target>,
        evidence: Evidence,
        snapshot: &Snapshot,
    ) -> Option<Turned> {
        let key = (target.group, target.addr);
        let group = snapshot.target_groups.get(&target.group)?;
        let entry = self.entries.get_mut(&key).filter(|e| Arc::ptr_eq(&e.target, target))?;
        let checked = entry.checked.as_mut()?;
        let was_failed = checked.checks.is_failed_by_probes();
        let has_changed = match evidence {
            Evidence::Probe(result) => checked.checks.record(result, group, self.now),
            Evidence::FailedConnections => checked.checks.eject(group, self.now),
        };
        if !has_changed {
            return None;
        }
        if let Evidence::FailedConnections = evidence {
            metrics::count_ejection(target.group);
        }
        let is_failed = checked.checks.is_failed_by_probes() && !was_failed;
        let health = checked.checks.health();
        tracing::info!(group = %target.group, target = %target.addr, ?health, "target health");
        self.settle(key, group);
        Some(Turned { is_failed })
    }

    /// Whether connections to a target that turned unhealthy are to end. Not if those who lose them
    /// would fail open: then it would be for nothing.
    fn ends_connections(&self, target: &Target, snapshot: &Snapshot) -> bool {
        let Some(group) = snapshot.target_groups.get(&target.group) else { return false };
        let Some(target) = group.targets.iter().find(|it| it.addr == target.addr) else {
            return false;
        };
        let is_healthy = |addr| self.is_healthy(group.id, addr);
        let is_enough = |balancer: &&LoadBalancer| {
            let is_cross_zone = group.is_cross_zone(balancer);
            let mut zones =
                balancer.zones.iter().filter(|zone| is_cross_zone || target.serves(zone));
            zones.all(|zone| {
                Standing::of(group, balancer, zone, is_healthy).routing == Routing::Healthy
            })
        };
        group.unhealthy_connection_termination && users(group.id, snapshot).iter().all(is_enough)
    }
}
