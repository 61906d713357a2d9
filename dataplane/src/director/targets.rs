//! Targets: which are probed, how they stand, and whose connections end with them.
//!
//! A target that is registered anew, or comes back from draining, starts from the beginning. Does
//! not know how a probe is made, nor how flows are spread.

mod evidence;

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use dataplane_core::{health::Checks, reason::End, select::Share};
use model::{LoadBalancer, Snapshot, TargetAddr, TargetGroup, TargetGroupId, TargetHealth};

use super::forward::changed;
use crate::{
    metrics,
    probe::{Prober, Probes, Settings},
    route::{Change, Target},
};

pub(super) use evidence::Recorded;

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

/// All registered targets.
#[derive(Debug)]
pub(super) struct Targets {
    prober: Prober,
    now: Instant,
    entries: BTreeMap<TargetKey, Entry>,
    report: BTreeMap<TargetKey, TargetHealth>,
    /// Those that change with time alone, and when next.
    waiting: BTreeMap<TargetKey, Instant>,
}

impl Targets {
    pub(super) fn new(prober: Prober, now: Instant) -> Self {
        Self {
            prober,
            now,
            entries: BTreeMap::new(),
            report: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }
    }

    /// What follows happens at this time.
    pub(super) fn set_time(&mut self, now: Instant) {
        self.now = now;
    }

    /// When time alone changes something next.
    pub(super) fn next_change(&self) -> Option<Instant> {
        self.waiting.values().min().copied()
    }

    /// How much of its share of new flows a target takes.
    pub(super) fn share(&self, group: &TargetGroup, addr: TargetAddr) -> Share {
        let entry = self.entries.get(&(group.id, addr));
        let checked = entry.and_then(|entry| entry.checked.as_ref());
        checked.map_or(Share::FULL, |it| it.checks.share(group.slow_start, self.now))
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
            self.waiting.remove(&key);
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
            target: Arc::new(Target::new(target.addr, group.id, self.prober.outcomes.clone())),
            checked: None,
        });
        let in_zone =
            |lb: &&LoadBalancer| target.zone.as_ref().is_none_or(|zone| lb.zones.contains(zone));
        let idle = if target.draining {
            Some(TargetHealth::Draining)
        } else {
            (!users.iter().any(in_zone)).then_some(TargetHealth::Unused)
        };
        if let Some(health) = idle {
            entry.checked = None;
            entry.target.watch(false, 0);
            self.waiting.remove(&key);
            self.report.insert(key, health);
        } else {
            let settings = Settings::new(group, target, users);
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
            self.settle(key, group);
        }
    }

    /// Makes known how a target stands that is checked.
    fn settle(&mut self, key: TargetKey, group: &TargetGroup) {
        let Some(entry) = self.entries.get(&key) else { return };
        let Some(Checked { checks, .. }) = &entry.checked else { return };
        let health = checks.health();
        // One that is not healthy is left to its probes.
        let is_healthy = health == TargetHealth::Healthy;
        let is_watched = is_healthy && group.detects_outliers();
        let failures_max = u32::from(group.health_check.unhealthy_threshold.max(1));
        entry.target.watch(is_healthy, if is_watched { failures_max } else { 0 });
        match checks.next_change(group.slow_start, self.now) {
            Some(at) => self.waiting.insert(key, at),
            None => self.waiting.remove(&key),
        };
        self.report.insert(key, health);
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
