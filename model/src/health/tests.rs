//! When a zone leaves DNS.

use std::{num::NonZeroU16, sync::Arc};

use super::*;
use crate::{Listener, ListenerId, LoadBalancerId, MinimumHealthy, Protocol, Target};

const GROUP: TargetGroupId = TargetGroupId::from_bits(1);

fn addr(port: u16) -> TargetAddr {
    TargetAddr(([127, 0, 0, 1], port).into())
}

/// A target written as `a1`, `*2` for no zone, `b3!` for a draining one.
fn target(text: &str) -> Target {
    let draining = text.ends_with('!');
    let (zone, port) = text.trim_end_matches('!').split_at(1);
    let zone = (zone != "*").then(|| zone.parse().unwrap());
    Target { addr: addr(port.parse().unwrap()), zone, draining }
}

/// A load balancer in zones a and b that forwards to one group.
fn world(targets: &str) -> (Snapshot, LoadBalancer) {
    let zones = ["a", "b"].map(|z| z.parse().unwrap());
    let lb = LoadBalancer {
        listeners: vec![Listener::new(ListenerId::from_bits(1), NonZeroU16::MIN, GROUP)],
        ..LoadBalancer::new(LoadBalancerId::from_bits(1), zones)
    };
    let mut snapshot = Snapshot::empty("us-east-1".parse().unwrap());
    let targets = targets.split_whitespace().map(target).collect();
    let group = TargetGroup { targets, ..TargetGroup::new(GROUP, Protocol::Tcp) };
    snapshot.target_groups.insert(GROUP, Arc::new(group));
    (snapshot, lb)
}

fn healthy(ports: impl IntoIterator<Item = u16>) -> Health {
    let targets = ports.into_iter().map(|port| ((GROUP, addr(port)), TargetHealth::Healthy));
    Health { targets: targets.collect(), ..Health::default() }
}

fn group(snapshot: &mut Snapshot) -> &mut TargetGroup {
    Arc::make_mut(snapshot.target_groups.get_mut(&GROUP).unwrap())
}

/// Which of the zones a and b stay in DNS.
fn zones((snapshot, lb): &(Snapshot, LoadBalancer), health: &Health) -> String {
    let is_healthy = |zone: &&str| health.is_zone_healthy(snapshot, lb, &zone.parse().unwrap());
    ["a", "b"].into_iter().filter(is_healthy).collect()
}

#[test]
fn a_zone_stays_by_its_own_targets_or_with_cross_zone_by_all() {
    for (targets, up, alone, together) in [
        ("a1 b2", &[1, 2][..], "ab", "ab"),
        ("a1 b2", &[1], "a", "ab"),
        ("a1 b2", &[], "", ""),
        ("*1", &[1], "ab", "ab"),
        // An empty zone is unhealthy, and so is one with draining targets only.
        ("a1", &[1], "a", "ab"),
        ("a1 b2!", &[1, 2], "a", "ab"),
        ("", &[], "", ""),
        // The load balancer is not enabled in zone c.
        ("a1 c2", &[2], "", ""),
    ] {
        for (cross_zone, expected) in [(false, alone), (true, together)] {
            let mut world = world(targets);
            world.1.cross_zone = cross_zone;
            let health = healthy(up.iter().copied());
            assert_eq!(zones(&world, &health), expected, "{targets} {up:?} {cross_zone}");
        }
    }
}

#[test]
fn missing_the_count_or_the_percentage_is_too_few() {
    let four = "a1 a2 a3 a4 b5";
    for (count, percentage, up, expected) in [
        (Some(1), None, 1, "a"),
        (Some(3), None, 2, ""),
        (Some(3), None, 3, "a"),
        // More than there are is never reached.
        (Some(5), None, 4, ""),
        (None, Some(50), 1, ""),
        (None, Some(50), 2, "a"),
        (None, Some(51), 2, ""),
        (None, Some(100), 4, "a"),
        (Some(3), Some(50), 2, ""),
        (Some(1), Some(75), 2, ""),
        (Some(1), Some(75), 3, "a"),
        // Both off: no health takes a zone out.
        (None, None, 0, "ab"),
    ] {
        let mut world = world(four);
        group(&mut world.0).dns_failover = MinimumHealthy { count, percentage };
        let found = zones(&world, &healthy(1..=up));
        assert_eq!(found, expected, "{count:?} {percentage:?} {up}");
    }
    // Even so, an empty zone has nothing to offer.
    let mut empty = world("a1");
    group(&mut empty.0).dns_failover = MinimumHealthy { count: None, percentage: None };
    assert_eq!(zones(&empty, &healthy([])), "a");
}

/// The example of the guide: ten targets per zone, half must be healthy, six of zone b fail.
#[test]
fn the_guides_worked_example() {
    let targets: Vec<_> =
        (1..=20).map(|n| format!("{}{n}", if n <= 10 { 'a' } else { 'b' })).collect();
    let mut world = world(&targets.join(" "));
    group(&mut world.0).dns_failover = MinimumHealthy { count: Some(1), percentage: Some(50) };
    let health = healthy((1..=20).filter(|n| *n <= 14));
    assert_eq!(zones(&world, &health), "a", "zone b has 40 %");
    world.1.cross_zone = true;
    assert_eq!(zones(&world, &health), "ab", "both have 70 %");
}

#[test]
fn what_takes_a_zone_out_is_told() {
    let zone = "a".parse().unwrap();
    let (mut snapshot, mut lb) = world("a1 a2");
    let trouble =
        |snapshot: &Snapshot, lb: &LoadBalancer| healthy([1]).zone_trouble(snapshot, lb, &zone);
    assert_eq!(trouble(&snapshot, &lb), None);
    group(&mut snapshot).dns_failover = MinimumHealthy { count: Some(2), percentage: None };
    let few = ZoneTrouble::TooFewHealthy { group: GROUP, healthy: 1, targets: 2 };
    assert_eq!(trouble(&snapshot, &lb), Some(few));
    lb.listeners[0].forward[0].weight = 0;
    assert_eq!(trouble(&snapshot, &lb), Some(ZoneTrouble::NoTargetGroup));
    lb.listeners.clear();
    assert_eq!(trouble(&snapshot, &lb), Some(ZoneTrouble::NoTargetGroup));
    lb.shifted_zones.insert(zone.clone());
    assert_eq!(trouble(&snapshot, &lb), Some(ZoneTrouble::Shifted));
}

#[test]
fn a_shifted_zone_counts_as_unhealthy_and_a_group_without_weight_for_nothing() {
    let mut world = world("a1 b2");
    world.1.shifted_zones.insert("a".parse().unwrap());
    assert_eq!(zones(&world, &healthy([1, 2])), "b");
    // Then no zone is healthy, and DNS answers with all of them, the shifted one included.
    assert_eq!(zones(&world, &healthy([1])), "");
    world.1.shifted_zones.clear();
    let empty = TargetGroupId::from_bits(2);
    let unweighted = crate::WeightedTargetGroup { group: empty, weight: 0 };
    world.1.listeners[0].forward.push(unweighted);
    let group = Arc::new(TargetGroup::new(empty, Protocol::Tcp));
    world.0.target_groups.insert(empty, group);
    assert_eq!(zones(&world, &healthy([1, 2])), "ab");
    world.1.listeners[0].forward[1].weight = 1;
    assert_eq!(zones(&world, &healthy([1, 2])), "");
}
