//! Selection: which targets are candidates, and which one takes a flow.
//!
//! Candidates are a Network Load Balancer's (semantics 1.1, 1.3, 1.6): the healthy targets of the
//! interface's zone, or of all zones with cross-zone on; with none healthy, all of them (fail
//! open). Among candidates the flow's highest-ranking one wins (rendezvous hashing): shares are
//! equal, and when one of N leaves, its flows and no others move, whatever N is. A lookup table
//! (Maglev) would be quicker from some hundred targets on, but is only nearly as even, moves other
//! flows too, and has to be built anew at every change of health; ranking 1,000 targets takes 2 µs,
//! once per connection. Does not know sockets, nor how health is found.

use model::{LoadBalancer, TargetAddr, TargetGroup, WeightedTargetGroup, ZoneId};

/// Whether candidates are taken for their health or for want of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routing {
    /// They are healthy.
    Healthy,
    /// None is, so all are candidates.
    FailOpen,
}

/// How far a zone's clients may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach<'a> {
    /// To targets of this zone and of no zone.
    Zone(&'a ZoneId),
    /// To all targets.
    AllZones,
}

impl<'a> Reach<'a> {
    /// How far clients of a zone go to a group behind a load balancer.
    pub fn of(group: &TargetGroup, load_balancer: &LoadBalancer, zone: &'a ZoneId) -> Self {
        if group.is_cross_zone(load_balancer) { Self::AllZones } else { Self::Zone(zone) }
    }
}

/// The targets that may take a new flow, and why these.
pub fn candidates(
    group: &TargetGroup,
    reach: Reach<'_>,
    is_healthy: impl Fn(TargetAddr) -> bool,
) -> (Routing, Vec<TargetAddr>) {
    let takes_flows = || group.targets.iter().filter(|target| !target.draining);
    let in_reach = || {
        takes_flows().filter(|target| match reach {
            Reach::Zone(zone) => target.serves(zone),
            Reach::AllZones => true,
        })
    };
    let healthy: Vec<_> = in_reach().map(|t| t.addr).filter(|addr| is_healthy(*addr)).collect();
    if !healthy.is_empty() {
        return (Routing::Healthy, healthy);
    }
    let some_zone_is_healthy = takes_flows().any(|target| is_healthy(target.addr));
    let all = if some_zone_is_healthy {
        in_reach().map(|t| t.addr).collect()
    } else {
        takes_flows().map(|t| t.addr).collect()
    };
    (Routing::FailOpen, all)
}

/// Whether a target that turned unhealthy leaves healthy ones to those whom it served. If not,
/// ending its connections would be for nothing: new ones fail open.
pub fn leaves_healthy_peers(
    group: &TargetGroup,
    gone: TargetAddr,
    reach: Reach<'_>,
    is_healthy: impl Fn(TargetAddr) -> bool,
) -> bool {
    group.targets.iter().any(|target| {
        let shares = match reach {
            Reach::Zone(zone) => target.serves(zone),
            Reach::AllZones => true,
        };
        shares && !target.draining && target.addr != gone && is_healthy(target.addr)
    })
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
