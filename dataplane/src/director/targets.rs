//! Targets: which are probed, how they stand, and whose connections end with them.
//!
//! A target that is registered anew, or comes back from draining, starts from the beginning. Does
//! not know how a probe is made, nor how flows are spread.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use dataplane_core::{
    health::{Checks, ProbeResult},
    reason::End,
    select::{Reach, leaves_healthy_peers},
};
use model::{LoadBalancer, Snapshot, TargetAddr, TargetGroup, TargetGroupId, TargetHealth};

use super::forward::changed;
use crate::{
    metrics,
    probe::{Outcome, Prober, Probes, Settings},
    route::{Change, Target},
};

type TargetKey = (TargetGroupId, TargetAddr);

#[derive(Debug)]
struct Entry {
    target: Arc<Target>,
    /// None while draining or unused.
    checked: Option<Checked>,
}

#[derive(Debug)]
struct Checked {
    checks: Checks,
    settings: Settings,
    #[expect(dead_code, reason = "probing ends when this is dropped")]
    probes: Probes,
}

/// What came of probe results.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    /// Groups in which a target's health changed.
    pub(super) groups: BTreeSet<TargetGroupId>,
    /// Connections that end with it.
    pub(super) resets: Vec<Change>,
}

/// All registered targets.
#[derive(Debug)]
pub(super) struct Targets {
    prober: Prober,
    entries: BTreeMap<TargetKey, Entry>,
    report: BTreeMap<TargetKey, TargetHealth>,
}

impl Targets {
    pub(super) fn new(prober: Prober) -> Self {
        Self { prober, entries: BTreeMap::new(), report: BTreeMap::new() }
    }

    /// How each target stands, as others see it.
    pub(super) fn report(&self) -> &BTreeMap<TargetKey, TargetHealth> {
        &self.report
    }

    pub(super) fn is_healthy(&self, group: TargetGroupId, addr: TargetAddr) -> bool {
        self.report.get(&(group, addr)) == Some(&TargetHealth::Healthy)
    }

    pub(super) fn get(&self, group: TargetGroupId, addr: TargetAddr) -> Option<Arc<Target>> {
        self.entries.get(&(group, addr)).map(|entry| Arc::clone(&entry.target))
    }

    /// Takes a snapshot's targets. Returns the resets of those whose time is over.
    pub(super) fn follow(&mut self, before: Option<&Snapshot>, snapshot: &Snapshot) -> Vec<Change> {
        let groups = match before {
            None => snapshot.target_groups.keys().copied().collect(),
            Some(before) => {
                let mut groups = changed(&before.target_groups, &snapshot.target_groups);
                // A load balancer decides which groups and zones are in use.
                for id in changed(&before.load_balancers, &snapshot.load_balancers) {
                    let both = [before, snapshot].map(|s| s.load_balancers.get(&id));
                    groups.extend(both.into_iter().flatten().flat_map(|lb| forwarded(lb)));
                }
                groups
            }
        };
        groups.into_iter().flat_map(|id| self.follow_group(id, snapshot)).collect()
    }

    fn follow_group(&mut self, id: TargetGroupId, snapshot: &Snapshot) -> Vec<Change> {
        let group = snapshot.target_groups.get(&id).map(Arc::as_ref);
        let gone: Vec<TargetKey> = self
            .keys_of(id)
            .filter(|(_, addr)| {
                group.is_none_or(|group| group.targets.iter().all(|target| target.addr != *addr))
            })
            .collect();
        let mut resets = Vec::new();
        for key in gone {
            self.report.remove(&key);
            let entry = self.entries.remove(&key);
            if let Some(entry) = entry
                && group.is_some_and(|group| group.deregistration_connection_termination)
            {
                resets.push(Change::ResetTarget(entry.target, End::TargetDeregistered));
            }
        }
        if let Some(group) = group {
            let users = users(id, snapshot);
            for target in &group.targets {
                self.follow_target(group, target, &users);
            }
        }
        self.show_group(id);
        resets
    }

    fn follow_target(
        &mut self,
        group: &TargetGroup,
        target: &model::Target,
        users: &[&LoadBalancer],
    ) {
        let key = (group.id, target.addr);
        let entry = self.entries.entry(key).or_insert_with(|| Entry {
            target: Arc::new(Target { addr: target.addr, group: group.id }),
            checked: None,
        });
        let in_zone =
            |lb: &&LoadBalancer| target.zone.as_ref().is_none_or(|zone| lb.zones.contains(zone));
        let health = if target.draining {
            entry.checked = None;
            TargetHealth::Draining
        } else if !users.iter().any(in_zone) {
            entry.checked = None;
            TargetHealth::Unused
        } else {
            let settings = Settings::new(group, target);
            let checks = match entry.checked.take() {
                Some(checked) if checked.settings == settings => {
                    entry.checked = Some(checked);
                    None
                }
                Some(checked) => Some(checked.checks),
                None => Some(Checks::default()),
            };
            if let Some(checks) = checks {
                let probes = self.prober.start(Arc::clone(&entry.target), settings.clone());
                entry.checked = Some(Checked { checks, settings, probes });
            }
            let checked = entry.checked.as_ref();
            checked.map_or(TargetHealth::Unused, |checked| checked.checks.health())
        };
        self.report.insert(key, health);
    }

    /// Takes probe results.
    pub(super) fn record(&mut self, outcomes: &[Outcome], snapshot: &Snapshot) -> Recorded {
        let mut recorded = Recorded::default();
        let mut failed = Vec::new();
        for Outcome { target, result } in outcomes {
            if let Some(health) = self.record_one(target, *result, snapshot) {
                recorded.groups.insert(target.group);
                if matches!(health, TargetHealth::Unhealthy(_)) {
                    failed.push(target);
                }
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

    /// Records one result, and returns the target's health if it changed.
    fn record_one(
        &mut self,
        target: &Arc<Target>,
        result: ProbeResult,
        snapshot: &Snapshot,
    ) -> Option<TargetHealth> {
        let key = (target.group, target.addr);
        let group = snapshot.target_groups.get(&target.group)?;
        let entry = self.entries.get_mut(&key).filter(|e| Arc::ptr_eq(&e.target, target))?;
        let checked = entry.checked.as_mut()?;
        if !checked.checks.record(result, &group.health_check) {
            return None;
        }
        let health = checked.checks.health();
        tracing::info!(group = %target.group, target = %target.addr, ?health, "target health");
        self.report.insert(key, health);
        Some(health)
    }

    /// Whether connections to a target that turned unhealthy are to end.
    fn ends_connections(&self, target: &Target, snapshot: &Snapshot) -> bool {
        let Some(group) = snapshot.target_groups.get(&target.group) else { return false };
        let zone = group.targets.iter().find(|t| t.addr == target.addr).map(|t| &t.zone);
        let is_cross_zone =
            users(group.id, snapshot).iter().any(|balancer| group.is_cross_zone(balancer));
        let reach = match zone {
            Some(Some(zone)) if !is_cross_zone => Reach::Zone(zone),
            _ => Reach::AllZones,
        };
        let is_healthy = |addr| self.is_healthy(group.id, addr);
        group.unhealthy_connection_termination
            && leaves_healthy_peers(group, target.addr, reach, is_healthy)
    }

    fn keys_of(&self, group: TargetGroupId) -> impl Iterator<Item = TargetKey> + '_ {
        let first = (group, TargetAddr(([0, 0, 0, 0], 0).into()));
        self.entries.range(first..).map(|(key, _)| *key).take_while(move |key| key.0 == group)
    }

    fn show_group(&self, group: TargetGroupId) {
        let mut counts = [0; 6];
        for key in self.keys_of(group) {
            if let Some(health) = self.report.get(&key) {
                counts[metrics::state_place(*health)] += 1;
            }
        }
        metrics::count_targets(group, counts);
    }
}

fn forwarded(balancer: &LoadBalancer) -> impl Iterator<Item = TargetGroupId> + '_ {
    balancer.listeners.iter().flat_map(|listener| &listener.forward).map(|forward| forward.group)
}

/// The load balancers that forward to a group.
fn users(group: TargetGroupId, snapshot: &Snapshot) -> Vec<&LoadBalancer> {
    let uses = |lb: &&LoadBalancer| forwarded(lb).any(|forwarded| forwarded == group);
    snapshot.load_balancers.values().map(Arc::as_ref).filter(uses).collect()
}
