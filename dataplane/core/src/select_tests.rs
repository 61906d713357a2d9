//! Tables and properties of selection.

use std::collections::BTreeSet;

use model::{LoadBalancerId, MinimumHealthy, Protocol, Target, TargetGroupId};
use proptest::prelude::*;

use super::*;

fn addr(port: u16) -> TargetAddr {
    TargetAddr(([10, 0, 0, 1], port).into())
}

/// A group of targets written as `a1 b2 *3 a4!`: zone (`*` for none), port, `!` for draining.
fn group(targets: &str) -> TargetGroup {
    let target = |text: &str| {
        let draining = text.ends_with('!');
        let (zone, port) = text.trim_end_matches('!').split_at(1);
        let zone = (zone != "*").then(|| zone.parse().unwrap());
        Target { addr: addr(port.parse().unwrap()), zone, draining }
    };
    TargetGroup {
        targets: targets.split_whitespace().map(target).collect(),
        ..TargetGroup::new(TargetGroupId::from_bits(1), Protocol::Tcp)
    }
}

fn balancer(cross_zone: bool) -> LoadBalancer {
    let zones = ["a", "b"].map(|zone| zone.parse().unwrap());
    LoadBalancer { cross_zone, ..LoadBalancer::new(LoadBalancerId::from_bits(1), zones) }
}

/// What clients of a zone get: the routing, and the candidates' ports.
fn found(group: &TargetGroup, zone: &str, cross_zone: bool, up: &[u16]) -> (Routing, Vec<u16>) {
    let (balancer, zone) = (balancer(cross_zone), zone.parse().unwrap());
    let is_healthy = |target: TargetAddr| up.contains(&target.port());
    let (standing, found) = candidates(group, &balancer, &zone, is_healthy);
    (standing.routing, found.iter().map(|target| target.port()).collect())
}

#[test]
fn candidates_are_the_guides() {
    use Routing::{FailOpen, Healthy};
    // Seen from zone a: targets, the healthy ones, cross-zone?, expected routing and ports.
    for (targets, healthy, cross_zone, routing, expected) in [
        ("a1 a2 b3", &[1, 2, 3][..], false, Healthy, &[1, 2][..]),
        ("a1 a2 b3", &[1, 2, 3], true, Healthy, &[1, 2, 3]),
        ("a1 a2 b3", &[2], false, Healthy, &[2]),
        ("a1 *2 b3", &[2, 3], false, Healthy, &[2]),
        // The zone has none healthy while another has: all of the zone's.
        ("a1 a2 b3", &[3], false, FailOpen, &[1, 2]),
        ("a1 a2 b3", &[3], true, Healthy, &[3]),
        // None is healthy in any zone: all of all zones'.
        ("a1 a2 b3", &[], false, FailOpen, &[1, 2, 3]),
        ("b3", &[], false, FailOpen, &[3]),
        // The zone is empty while another is healthy: its traffic fails.
        ("b3", &[3], false, FailOpen, &[]),
        // Draining targets take nothing, whatever happens.
        ("a1! a2", &[1, 2], false, Healthy, &[2]),
        ("a1! a2", &[1], false, FailOpen, &[2]),
        ("a1!", &[1], false, FailOpen, &[]),
        // Nor do those of zones that the load balancer is not enabled in.
        ("a1 c2", &[], false, FailOpen, &[1]),
        ("a1 c2", &[], true, FailOpen, &[1]),
        ("a1 c2", &[2], true, FailOpen, &[1]),
        ("", &[], true, FailOpen, &[]),
    ] {
        let found = found(&group(targets), "a", cross_zone, healthy);
        assert_eq!(found, (routing, expected.to_vec()), "{targets} {healthy:?} {cross_zone}");
    }
}

#[test]
fn too_few_by_count_or_by_percentage_fail_open() {
    use Routing::{FailOpen, Healthy};
    for (count, percentage, healthy, routing) in [
        (Some(2), None, &[1, 2][..], Healthy),
        (Some(2), None, &[1], FailOpen),
        (Some(1), Some(50), &[1, 2], Healthy),
        (Some(1), Some(51), &[1, 2], FailOpen),
        (Some(3), Some(50), &[1, 2], FailOpen),
        (None, Some(25), &[1], Healthy),
        (None, None, &[1], Healthy),
        // With none there is nothing to choose from, whatever is wanted.
        (None, None, &[5], FailOpen),
    ] {
        let mut group = group("a1 a2 a3 a4 b5");
        group.unhealthy_routing = MinimumHealthy { count, percentage };
        let expected = if routing == Healthy { healthy } else { &[1, 2, 3, 4] };
        let found = found(&group, "a", false, healthy);
        assert_eq!(found, (routing, expected.to_vec()), "{count:?} {percentage:?} {healthy:?}");
    }
}

/// The example of the guide: ten targets per zone, half must be healthy, six of zone b fail.
#[test]
fn the_guides_worked_example() {
    let targets: Vec<_> =
        (1..=20).map(|n| format!("{}{n}", if n <= 10 { 'a' } else { 'b' })).collect();
    let mut group = group(&targets.join(" "));
    group.unhealthy_routing = MinimumHealthy { count: Some(1), percentage: Some(50) };
    let healthy: Vec<u16> = (1..=14).collect();
    let ports = |ports: std::ops::RangeInclusive<u16>| ports.collect::<Vec<_>>();
    // Cross-zone off: zone a uses its own, zone b all of its own although six are unhealthy.
    assert_eq!(found(&group, "a", false, &healthy), (Routing::Healthy, ports(1..=10)));
    assert_eq!(found(&group, "b", false, &healthy), (Routing::FailOpen, ports(11..=20)));
    // Cross-zone on: 70 % are enough, both use the 14.
    for zone in ["a", "b"] {
        assert_eq!(found(&group, zone, true, &healthy), (Routing::Healthy, ports(1..=14)));
    }
}

fn seeds(ports: impl IntoIterator<Item = u16>) -> Vec<Seed> {
    ports.into_iter().map(|port| Seed::of(addr(port))).collect()
}

/// Flows as the hash gives them: well spread.
fn flow(i: u64) -> u64 {
    mix(i.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

#[test]
fn shares_are_even_within_two_percent() {
    for targets in [2_u16, 3, 7, 16] {
        let seeds = seeds(1..=targets);
        let flows = 160_000 * u64::from(targets);
        let mut counts = vec![0_u32; usize::from(targets)];
        for i in 0..flows {
            counts[usize::from(choose(&seeds, flow(i), &[]).unwrap())] += 1;
        }
        let most = f64::from(*counts.iter().max().unwrap());
        assert!(most / 160_000.0 <= 1.02, "{targets}: {counts:?}");
    }
}

#[test]
fn groups_share_by_weight() {
    let weigh = |weights: &[u16]| -> Vec<WeightedTargetGroup> {
        let group = TargetGroupId::from_bits(1);
        weights.iter().map(|weight| WeightedTargetGroup { group, weight: *weight }).collect()
    };
    assert_eq!(choose_group(&[], 5), None);
    assert_eq!(choose_group(&weigh(&[0, 0]), 5), None);
    for i in 0..100 {
        assert_eq!(choose_group(&weigh(&[0, 1, 0]), flow(i)), Some(1));
    }
    let forward = weigh(&[90, 10]);
    let second = (0..100_000).filter(|i| choose_group(&forward, flow(*i)) == Some(1)).count();
    assert!((9_700..10_300).contains(&second), "{second}");
}

/// The port of the candidate that takes a flow, with shares in steps and connections by port.
fn weighed(targets: &[(u16, u64, u32)], flow: u64, tried: &[u16]) -> Option<u16> {
    let seeds = seeds(targets.iter().map(|(port, ..)| *port));
    let second = std::time::Duration::from_secs(1);
    let shares: Vec<_> = targets
        .iter()
        .map(|(_, step, _)| Share::after(second * step_s(*step), second * 32))
        .collect();
    let open = |place: usize| targets[place].2;
    let place = choose_weighed(&seeds, flow, tried, Some(&shares), open)?;
    Some(targets[usize::from(place)].0)
}

fn step_s(step: u64) -> u32 {
    u32::try_from(step - 1).unwrap()
}

#[test]
fn a_target_that_starts_slowly_takes_its_part_of_a_share() {
    const FLOWS: u64 = 60_000;
    for step in [1_u32, 8, 16, 32] {
        let targets = [(1, 32, 0), (2, 32, 0), (3, u64::from(step), 0)];
        let taken = (0..FLOWS).filter(|i| weighed(&targets, flow(*i), &[]) == Some(3)).count();
        let expected = usize::try_from(FLOWS).unwrap() / 3 * usize::try_from(step).unwrap() / 32;
        assert!(taken.abs_diff(expected) < expected / 10 + 50, "{step}: {taken} of {expected}");
    }
    // All start together, as after the start of the process: none waits for the others.
    let targets = [1, 2, 3].map(|port| (port, 1, 0));
    for i in 0..1_000 {
        assert!(weighed(&targets, flow(i), &[]).is_some());
    }
    let taken = (0..FLOWS).filter(|i| weighed(&targets, flow(*i), &[]) == Some(1)).count();
    assert!((19_000..21_000).contains(&taken), "{taken}");
}

#[test]
fn least_connections_keep_targets_level_and_use_ties_for_flows() {
    let mut open = [0_u32; 7];
    let seeds = seeds(1..=7);
    for i in 0..7_000 {
        let place = choose_weighed(&seeds, flow(i), &[], None, |place| open[place]).unwrap();
        open[usize::from(place)] += 1;
        let (fewest, most) = (open.iter().min().unwrap(), open.iter().max().unwrap());
        assert!(most - fewest <= 1, "{open:?}");
    }
    // Level, the first flow is anyone's.
    let first = |i| choose_weighed(&seeds, flow(i), &[], None, |_| 5);
    let chosen: BTreeSet<_> = (0..100).map(first).collect();
    assert_eq!(chosen.len(), 7);
    assert_eq!(first(3), choose(&seeds, flow(3), &[]));
    // A target whose connections ended takes the next ones.
    open[2] = 10;
    for i in 0..900 {
        let place = choose_weighed(&seeds, flow(i), &[], None, |place| open[place]).unwrap();
        assert_eq!(place, 2);
        open[2] += 1;
    }
}

proptest! {
    #[test]
    fn what_a_share_gains_moves_to_it_and_nothing_else_moves(
        ports in proptest::collection::btree_set(any::<u16>(), 2..20),
        steps in proptest::collection::vec(1_u64..=32, 20),
        who in any::<proptest::sample::Index>(),
        flows in proptest::collection::vec(any::<u64>(), 50),
    ) {
        let mut targets: Vec<_> =
            ports.into_iter().zip(steps).map(|(port, step)| (port, step, 0)).collect();
        let who = who.index(targets.len());
        let before: Vec<_> = flows.iter().map(|flow| weighed(&targets, *flow, &[])).collect();
        targets[who].1 = (targets[who].1 + 1).min(32);
        for (flow, old) in flows.iter().zip(before) {
            let new = weighed(&targets, *flow, &[]);
            prop_assert!(new == old || new == Some(targets[who].0));
        }
    }

    #[test]
    fn retries_go_to_each_candidate_once_whatever_weighs(
        targets in proptest::collection::vec((any::<u16>(), 1_u64..=32, 0_u32..3), 1..10),
        flow: u64,
    ) {
        let mut tried = Vec::new();
        let seeds = seeds(targets.iter().map(|(port, ..)| *port));
        let open = |place: usize| targets[place].2;
        while let Some(next) = choose_weighed(&seeds, flow, &tried, None, open) {
            prop_assert!(!tried.contains(&next));
            let fewest = (0..).zip(&targets).filter(|(at, _)| !tried.contains(at));
            let fewest = fewest.map(|(_, target)| target.2).min().unwrap();
            prop_assert_eq!(targets[usize::from(next)].2, fewest);
            tried.push(next);
        }
        prop_assert_eq!(tried.len(), targets.len());
    }

    #[test]
    fn only_the_flows_of_a_removed_target_move(
        ports in proptest::collection::btree_set(any::<u16>(), 2..80),
        gone in any::<proptest::sample::Index>(),
        flows in proptest::collection::vec(any::<u64>(), 100),
    ) {
        let before: Vec<u16> = ports.iter().copied().collect();
        let gone = gone.index(before.len());
        let mut after = before.clone();
        after.remove(gone);
        for flow in flows {
            let old = before[usize::from(choose(&seeds(before.clone()), flow, &[]).unwrap())];
            let new = after[usize::from(choose(&seeds(after.clone()), flow, &[]).unwrap())];
            prop_assert!(old == new || old == before[gone]);
            prop_assert!(old != before[gone] || new != old);
        }
    }

    #[test]
    fn the_order_of_targets_does_not_matter(
        ports in proptest::collection::btree_set(any::<u16>(), 1..40),
        flow: u64,
    ) {
        let forth: Vec<u16> = ports.iter().copied().collect();
        let back: Vec<u16> = ports.iter().rev().copied().collect();
        let chosen = |order: &[u16]| {
            order[usize::from(choose(&seeds(order.iter().copied()), flow, &[]).unwrap())]
        };
        prop_assert_eq!(chosen(&forth), chosen(&back));
    }

    #[test]
    fn each_retry_is_another_target_until_none_is_left(count in 1_u16..10, flow: u64) {
        let seeds = seeds(1..=count);
        let mut tried = Vec::new();
        while let Some(next) = choose(&seeds, flow, &tried) {
            prop_assert!(!tried.contains(&next));
            tried.push(next);
        }
        prop_assert_eq!(tried.iter().copied().collect::<BTreeSet<_>>().len(), seeds.len());
    }
}
