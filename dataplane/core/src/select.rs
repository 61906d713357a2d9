//! Selection: which targets are candidates, and which one takes a flow.
//!
//! Candidates are a Network Load Balancer's (semantics 1.1, 1.3, 1.6): the healthy targets of the
//! interface's zone, or of all zones with cross-zone on; with fewer healthy ones than the group
//! wants, all of them (fail open). Among candidates the flow's highest-ranking one wins (rendezvous
//! hashing): shares are equal, and when one of N leaves, its flows and no others move, whatever N
//! is. A lookup table (Maglev) would be quicker from some hundred targets on, but is only nearly as
//! even, moves other flows too, and has to be built anew at every change of health; ranking 1,000
//! targets takes 2 µs, once per connection. A group that is sticky ranks by the client's address
//! alone; one with least connections takes the rank only to break ties. Does not know sockets, nor
//! how health is found.

mod share;

use model::{LoadBalancer, TargetAddr, TargetGroup, WeightedTargetGroup, ZoneId};

pub use share::Share;

/// Whether candidates are taken for their health or for want of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routing {
    /// They are healthy, and enough.
    Healthy,
    /// Too few are, so all are candidates.
    FailOpen,
}

/// How a group stands for the clients of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether health counts.
    pub routing: Routing,
    /// How many of the targets that serve the zone are healthy.
    pub healthy: usize,
    /// How many there are.
    pub targets: usize,
}

impl Standing {
    /// How a group behind a load balancer stands for the clients of a zone.
    pub fn of(
        group: &TargetGroup,
        load_balancer: &LoadBalancer,
        zone: &ZoneId,
        is_healthy: impl Fn(TargetAddr) -> bool,
    ) -> Self {
        let (mut healthy, mut targets) = (0, 0);
        for target in group.serving(load_balancer, zone) {
            targets += 1;
            healthy += usize::from(is_healthy(target.addr));
        }
        let is_enough = healthy > 0 && group.unhealthy_routing.is_met_by(healthy, targets);
        let routing = if is_enough { Routing::Healthy } else { Routing::FailOpen };
        Self { routing, healthy, targets }
    }
}

/// The targets that may take a new flow of a zone, and why these.
pub fn candidates(
    group: &TargetGroup,
    load_balancer: &LoadBalancer,
    zone: &ZoneId,
    is_healthy: impl Fn(TargetAddr) -> bool,
) -> (Standing, Vec<TargetAddr>) {
    let standing = Standing::of(group, load_balancer, zone, &is_healthy);
    let serving = group.serving(load_balancer, zone).map(|target| target.addr);
    let chosen = match standing.routing {
        Routing::Healthy => serving.filter(|addr| is_healthy(*addr)).collect(),
        // Some zone is healthy: this one keeps to itself all the same.
        Routing::FailOpen if group.in_use(load_balancer).any(|it| is_healthy(it.addr)) => {
            serving.collect()
        }
        Routing::FailOpen => group.in_use(load_balancer).map(|target| target.addr).collect(),
    };
    (standing, chosen)
}

/// A target's fixed part in every ranking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(u64);

impl Seed {
    /// The seed of a target; the same address has the same one everywhere.
    pub fn of(target: TargetAddr) -> Self {
        let ip = match target.ip().to_canonical() {
            std::net::IpAddr::V4(ip) => u128::from(u32::from(ip)) | 1 << 127,
            std::net::IpAddr::V6(ip) => u128::from(ip),
        };
        let [high, low] = [ip >> 64, ip & u128::from(u64::MAX)]
            .map(|half| u64::try_from(half).expect("a half of 128 bits has 64"));
        Self(mix(mix(high).wrapping_add(low)).wrapping_add(mix(u64::from(target.port()))))
    }

    const fn rank(self, flow: u64) -> u64 {
        mix(self.0 ^ flow)
    }
}

/// A bijection of which each output bit depends on each input bit (the finalizer of SplitMix64).
const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// The place of the candidate that takes the flow, leaving out those already tried.
pub fn choose(seeds: &[Seed], flow: u64, tried: &[u16]) -> Option<u16> {
    let mut best: Option<(u64, u16)> = None;
    for (at, seed) in (0..=u16::MAX).zip(seeds) {
        let rank = seed.rank(flow);
        if best.is_none_or(|(highest, _)| rank > highest) && !tried.contains(&at) {
            best = Some((rank, at));
        }
    }
    best.map(|(_, at)| at)
}

/// The place of the candidate that takes the flow when candidates differ in more than rank, leaving
/// out those already tried: the one with the fewest connections (`open`, by place; the same for all
/// if they do not count), and of several the one that ranks highest.
///
/// A target that has just turned healthy takes only flows within its share, unless no other is
/// left. As the share grows, those that it gains move to it, and no others move.
pub fn choose_weighed(
    seeds: &[Seed],
    flow: u64,
    tried: &[u16],
    shares: Option<&[Share]>,
    open: impl Fn(usize) -> u32,
) -> Option<u16> {
    let weighed = (0..=u16::MAX).zip(0..).zip(seeds).filter(|((at, _), _)| !tried.contains(at));
    let key = |((at, place), seed): ((u16, usize), &Seed)| {
        let rank = seed.rank(flow);
        // Independent of the rank, or who wins a flow would also be who may take it.
        let is_within = |share: &Share| share.takes(mix(rank));
        let is_held_back = shares.and_then(|it| it.get(place)).is_some_and(|it| !is_within(it));
        (is_held_back, open(place), u64::MAX - rank, at)
    };
    weighed.map(key).min().map(|(.., at)| at)
}

/// The place of the target group that takes the flow: each gets its weight's share.
pub fn choose_group(forward: &[WeightedTargetGroup], flow: u64) -> Option<usize> {
    let sum: u64 = forward.iter().map(|group| u64::from(group.weight)).sum();
    let mut ticket = flow.checked_rem(sum)?;
    forward.iter().position(|group| {
        let weight = u64::from(group.weight);
        let wins = ticket < weight;
        ticket = ticket.saturating_sub(weight);
        wins
    })
}

#[cfg(test)]
#[path = "select_tests.rs"]
mod tests;
