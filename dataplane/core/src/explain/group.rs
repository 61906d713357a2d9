//! What a target group has for a connection: its candidates, and why each other target is none.

use std::time::Duration;

use model::{
    Algorithm, Health, HealthCheck, Listener, LoadBalancer, MinimumHealthy, Target, TargetAddr,
    TargetGroup, TargetGroupId, TargetHealth, WeightedTargetGroup, ZoneId,
};

use super::step::{Found, Step, Stop, Way};
use crate::{
    reason::Refusal,
    select::{Routing, Standing, candidates},
};

/// What matters of a target group for a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupFacts {
    /// Its id.
    pub id: TargetGroupId,
    /// Its weight; with 0 no connection goes there.
    pub weight: u16,
    /// The sum of all weights.
    pub of: u64,
    /// Whether the targets of all zones are within reach.
    pub is_cross_zone: bool,
    /// Whether connections begin with a PROXY protocol header, version 2.
    pub proxy_protocol_v2: bool,
    /// How its targets are checked.
    pub health_check: HealthCheck,
    /// Whether all flows of one client address go to one candidate.
    pub is_sticky: bool,
    /// How a candidate is chosen otherwise.
    pub algorithm: Algorithm,
    /// How long a target that turns healthy takes less than its share.
    pub slow_start: Duration,
    /// Whether clients' connections that fail speak against a target.
    pub outlier_detection: bool,
    /// Whether candidates are so for their health.
    pub routing: Routing,
    /// How many of the targets that serve the zone are healthy.
    pub healthy: usize,
    /// How many there are.
    pub serving: usize,
    /// How many healthy ones are enough to leave out the others.
    pub enough: MinimumHealthy,
    /// Its targets.
    pub targets: Vec<TargetFacts>,
}

impl GroupFacts {
    /// The targets one of which would take the connection.
    pub fn candidates(&self) -> impl Iterator<Item = &TargetFacts> {
        self.targets.iter().filter(|target| target.is == Use::Candidate)
    }
}

/// What matters of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetFacts {
    /// Where it listens.
    pub addr: TargetAddr,
    /// Its zone; none means every zone.
    pub zone: Option<ZoneId>,
    /// How it stands; none if nothing is known yet.
    pub health: Option<TargetHealth>,
    /// What it is to the connection.
    pub is: Use,
}

/// What a target is to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It may take the connection.
    Candidate,
    /// It was deregistered.
    Draining,
    /// It is in a zone that the load balancer is not enabled in.
    NotInUse,
    /// It is in another zone, and zones keep to themselves.
    OtherZone,
    /// It is not healthy, and another one is.
    Unhealthy,
}

/// What each target group of a listener has.
pub(super) fn groups(way: &Way<'_>, balancer: &LoadBalancer, listener: &Listener) -> Vec<Step> {
    let of = listener.forward.iter().map(|group| u64::from(group.weight)).sum();
    let step = |forward: &WeightedTargetGroup| {
        let group = way.snapshot.target_groups.get(&forward.group);
        let mut facts = match group {
            Some(group) => facts(way, balancer, group, (forward.weight, of)),
            None => unknown(*forward, of),
        };
        facts.proxy_protocol_v2 = listener.proxy_protocol_v2.unwrap_or(facts.proxy_protocol_v2);
        let has_none = facts.candidates().next().is_none();
        let stop = (forward.weight > 0 && has_none).then_some(Stop::Refused(Refusal::NoTarget));
        Step { found: Found::Group(facts), stop }
    };
    listener.forward.iter().map(step).collect()
}

fn facts(
    way: &Way<'_>,
    balancer: &LoadBalancer,
    group: &TargetGroup,
    (weight, of): (u16, u64),
) -> GroupFacts {
    let zone = &way.interface.zone;
    let is_cross_zone = group.is_cross_zone(balancer);
    let health: &Health = way.health;
    let (standing, chosen) =
        candidates(group, balancer, zone, |addr| health.is_healthy(group.id, addr));
    let is_enabled =
        |target: &Target| target.zone.as_ref().is_none_or(|zone| balancer.zones.contains(zone));
    let fate = |target: &Target| match () {
        () if target.draining => Use::Draining,
        () if !is_enabled(target) => Use::NotInUse,
        () if chosen.contains(&target.addr) => Use::Candidate,
        () if !is_cross_zone && !target.serves(zone) => Use::OtherZone,
        () => Use::Unhealthy,
    };
    let Standing { routing, healthy, targets: serving } = standing;
    let targets = group.targets.iter().map(|target| TargetFacts {
        addr: target.addr,
        zone: target.zone.clone(),
        health: health.targets.get(&(group.id, target.addr)).copied(),
        is: fate(target),
    });
    GroupFacts {
        id: group.id,
        weight,
        of,
        is_cross_zone,
        proxy_protocol_v2: group.proxy_protocol_v2 && way.has_header,
        health_check: group.health_check.clone(),
        is_sticky: group.is_sticky,
        algorithm: group.algorithm,
        slow_start: group.slow_start,
        outlier_detection: group.detects_outliers(),
        routing,
        healthy,
        serving,
        enough: group.unhealthy_routing,
        targets: targets.collect(),
    }
}

/// A group that the snapshot does not have has no targets.
fn unknown(forward: WeightedTargetGroup, of: u64) -> GroupFacts {
    GroupFacts {
        id: forward.group,
        weight: forward.weight,
        of,
        is_cross_zone: false,
        proxy_protocol_v2: false,
        health_check: HealthCheck::default(),
        is_sticky: false,
        algorithm: Algorithm::FlowHash,
        slow_start: Duration::ZERO,
        outlier_detection: false,
        routing: Routing::FailOpen,
        healthy: 0,
        serving: 0,
        enough: MinimumHealthy::one(),
        targets: Vec::new(),
    }
}
