//! Tables and properties of selection.

use std::collections::BTreeSet;

use model::{Protocol, Target, TargetGroupId};
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
        ("", &[], true, FailOpen, &[]),
    ] {
        let zone = "a".parse().unwrap();
        let reach = if cross_zone { Reach::AllZones } else { Reach::Zone(&zone) };
        let group = group(targets);
        let found = candidates(&group, reach, |target| healthy.contains(&target.port()));
        let expected: Vec<_> = expected.iter().map(|port| addr(*port)).collect();
        assert_eq!(found, (routing, expected), "{targets} {healthy:?} {cross_zone}");
    }
}

#[test]
fn an_unhealthy_target_may_be_the_last() {
    let zone = "a".parse().unwrap();
    for (targets, healthy, reach, expected) in [
        ("a1 a2", &[2][..], Reach::Zone(&zone), true),
        ("a1 b2", &[2], Reach::Zone(&zone), false),
        ("a1 *2", &[2], Reach::Zone(&zone), true),
        ("a1 b2", &[2], Reach::AllZones, true),
        ("a1 a2!", &[2], Reach::AllZones, false),
        ("a1", &[1], Reach::AllZones, false),
    ] {
        let left =
            leaves_healthy_peers(&group(targets), addr(1), reach, |t| healthy.contains(&t.port()));
        assert_eq!(left, expected, "{targets}");
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

proptest! {
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
