//! Clients that are kept in their own zone, as their load balancer's client routing policy says.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use dns_core::{
    CatalogBuilder, RecordType, Terms, Transport, UDP_LEN_MAX, View, answer_on,
    explain::{Asked, ClientZone, Use, explain},
};
use hickory_proto::op::Message;
use model::{
    ClientRoutingPolicy, DnsRecordIpType, LoadBalancer, LoadBalancerId, Snapshot, Subnet, SubnetId,
    Vpc, VpcId,
};

use crate::rig::{ask, endpoint, health, name, snapshot};

use ClientRoutingPolicy::{Affinity, AnyZone, PartialAffinity};

const A: u16 = 1;
const AAAA: u16 = 28;
const ANY: u16 = 255;
const VPC: VpcId = VpcId::from_bits(1);

/// Endpoint 1, whose interfaces in zones 0 to 2 are served by load balancers of these policies, in
/// a network with a subnet in each zone: 10.ZONE.0.0/16 and fd00:ZONE::/32.
fn world(policies: [ClientRoutingPolicy; 3]) -> Snapshot {
    let mut endpoint = endpoint(1, DnsRecordIpType::Dualstack);
    endpoint.private_dns_names = vec!["api.example.test".parse().unwrap()];
    let mut vpc = Vpc::new(VPC, vec!["10.0.0.0/8".parse().unwrap(), "fd00::/16".parse().unwrap()]);
    let mut balancers = Vec::new();
    for ((zone, policy), interface) in (0..3u8).zip(policies).zip(&mut endpoint.interfaces) {
        interface.load_balancer = LoadBalancerId::from_bits(u128::from(zone) + 1);
        balancers.push((interface.load_balancer, policy));
        let cidrs = [format!("10.{zone}.0.0/16"), format!("fd00:{zone}::/32")];
        let cidrs = cidrs.map(|cidr| cidr.parse().unwrap()).into();
        let subnet = Subnet { zone: interface.zone.clone(), cidrs };
        vpc.subnets.insert(SubnetId::from_bits(zone.into()), subnet);
    }
    let mut world = snapshot(7, [endpoint]);
    let template = world.load_balancers.pop_first().unwrap().1;
    for (id, client_routing_policy) in balancers {
        let balancer = LoadBalancer { id, client_routing_policy, ..LoadBalancer::clone(&template) };
        world.load_balancers.insert(id, Arc::new(balancer));
    }
    world.vpcs.insert(VPC, Arc::new(vpc));
    world
}

/// How often of 100 each set of addresses is answered, in turns that are spread evenly.
fn answers(view: &View, client: &str, name: &str, qtype: u16) -> BTreeMap<Vec<String>, u32> {
    let question = ask(name, qtype).bytes();
    let (turns, mut seen) = (10_000u32, BTreeMap::<_, u32>::new());
    for n in 0..turns {
        // Like dice: both halves of the number take all values.
        let turn = n.wrapping_mul(2_654_435_761);
        let client: IpAddr = client.parse().unwrap();
        let terms = Terms { client, ..Terms::plain(Transport::Udp, turn) };
        let mut buffer = [0; UDP_LEN_MAX];
        let len = answer_on(&terms, view, &question, &mut buffer).len;
        let message = Message::from_vec(&buffer[..len]).unwrap();
        let records = message.answers.iter();
        let addresses = records.filter(|record| record.data.ip_addr().is_some());
        let mut addresses: Vec<_> = addresses.map(|record| record.data.to_string()).collect();
        addresses.sort_unstable();
        *seen.entry(addresses).or_default() += 1;
    }
    let percent = |count: u32| (count * 100 + turns / 2) / turns;
    seen.into_iter().map(|(addresses, count)| (addresses, percent(count))).collect()
}

/// The addresses of these zones, with how often they are answered.
fn of(expected: &[(&[u8], u32)]) -> BTreeMap<Vec<String>, u32> {
    let address = |zone: &u8| format!("10.{zone}.0.1");
    let addresses = |zones: &[u8]| zones.iter().map(address).collect();
    expected.iter().map(|(zones, percent)| (addresses(zones), *percent)).collect()
}

/// Policies of the zones' load balancers, healthy zones, client, what it is answered how often.
type Row = ([ClientRoutingPolicy; 3], &'static [usize], &'static str, &'static [Share]);
type Share = (&'static [u8], u32);

#[test]
fn clients_are_kept_in_their_zone_as_the_policy_says() {
    const ALL: &[u8] = &[0, 1, 2];
    let rows: [Row; 15] = [
        ([AnyZone; 3], &[0, 1, 2], "10.1.0.77", &[(ALL, 100)]),
        ([Affinity; 3], &[0, 1, 2], "10.1.0.77", &[(&[1], 100)]),
        ([Affinity; 3], &[0, 1, 2], "10.2.255.9", &[(&[2], 100)]),
        ([Affinity; 3], &[0, 1, 2], "::ffff:10.2.255.9", &[(&[2], 100)]),
        ([Affinity; 3], &[0, 1, 2], "fd00:2::9", &[(&[2], 100)]),
        ([PartialAffinity; 3], &[0, 1, 2], "10.1.0.77", &[(&[1], 85), (ALL, 15)]),
        ([PartialAffinity; 3], &[0, 1], "10.1.0.77", &[(&[1], 85), (&[0, 1], 15)]),
        // To other zones only when the own one has nothing healthy to give.
        ([Affinity; 3], &[0, 2], "10.1.0.77", &[(&[0, 2], 100)]),
        ([PartialAffinity; 3], &[0, 2], "10.1.0.77", &[(&[0, 2], 100)]),
        // In the own one also when none is healthy.
        ([Affinity; 3], &[], "10.1.0.77", &[(&[1], 100)]),
        ([PartialAffinity; 3], &[], "10.1.0.77", &[(&[1], 85), (ALL, 15)]),
        // An address of the network in no subnet, and one of nowhere.
        ([Affinity; 3], &[0, 1, 2], "10.9.0.77", &[(ALL, 100)]),
        ([Affinity; 3], &[0, 1, 2], "192.0.2.1", &[(ALL, 100)]),
        // The policy is that of the load balancer that serves the client's zone.
        ([AnyZone, Affinity, AnyZone], &[0, 1, 2], "10.1.0.77", &[(&[1], 100)]),
        ([AnyZone, Affinity, AnyZone], &[0, 1, 2], "10.0.0.77", &[(ALL, 100)]),
    ];
    // One builder for all: what it remembers of a row must not be in the next.
    let mut builder = CatalogBuilder::default();
    for (policies, healthy, client, expected) in rows {
        let catalog = builder.build(&world(policies), &health(healthy));
        let view = catalog.view_of(client.parse().unwrap());
        for name in [name(1, None), "api.example.test".to_owned()] {
            if client == "192.0.2.1" && name.starts_with("api") {
                continue;
            }
            let seen = answers(view, client, &name, A);
            assert_eq!(seen, of(expected), "{policies:?} {healthy:?} {client} {name}");
        }
        // A zonal name is about its zone, whoever asks.
        assert_eq!(answers(view, client, &name(1, Some(0)), A), of(&[(&[0], 100)]));
    }
}

#[test]
fn affinity_is_for_all_types_of_addresses() {
    let catalog = CatalogBuilder::default().build(&world([Affinity; 3]), &health(&[0, 1, 2]));
    let view = catalog.view_of("10.1.0.77".parse().unwrap());
    let own = BTreeMap::from([(vec!["fd00:1::1".to_owned()], 100)]);
    assert_eq!(answers(view, "10.1.0.77", &name(1, None), AAAA), own);
    assert_eq!(answers(view, "10.1.0.77", &name(1, None), ANY), of(&[(&[1], 100)]));
}

#[test]
fn a_zone_without_a_type_of_record_keeps_nobody_from_it() {
    let mut world = world([Affinity; 3]);
    let endpoint = world.endpoints.values_mut().next().unwrap();
    Arc::make_mut(endpoint).interfaces[1].ipv6 = None;
    let catalog = CatalogBuilder::default().build(&world, &health(&[0, 1, 2]));
    let view = catalog.view_of("10.1.0.77".parse().unwrap());
    let others = ["fd00:2::1", "fd00::1"].map(str::to_owned).to_vec();
    let seen = answers(view, "10.1.0.77", &name(1, None), AAAA);
    assert_eq!(seen, BTreeMap::from([(others, 100)]));
}

#[test]
fn the_same_address_in_another_network_is_in_no_zone_of_this_one() {
    let (mut world, other) = (world([Affinity; 3]), VpcId::from_bits(2));
    let mut elsewhere = endpoint(2, DnsRecordIpType::Dualstack);
    elsewhere.vpc = other;
    world.endpoints.insert(elsewhere.id, Arc::new(elsewhere));
    world.vpcs.insert(other, Arc::new(Vpc::new(other, vec!["10.0.0.0/8".parse().unwrap()])));
    let catalog = CatalogBuilder::default().build(&world, &health(&[0, 1, 2]));
    let client = "10.1.0.77";
    // Told by the address alone, it is in either network; at a listener it is in that one.
    let address = client.parse().unwrap();
    for (view, expected) in [
        (catalog.view_of(address), of(&[(&[0, 1, 2], 100)])),
        (catalog.view_in(other, address), of(&[(&[0, 1, 2], 100)])),
        (catalog.view_in(VPC, address), of(&[(&[1], 100)])),
    ] {
        assert_eq!(answers(view, client, &name(1, None), A), expected);
    }
}

#[test]
fn another_subnet_or_policy_counts_from_the_next_build_on() {
    let (mut world, health) = (world([Affinity; 3]), health(&[0, 1, 2]));
    let mut builder = CatalogBuilder::default();
    let mut seen = |world: &Snapshot| {
        let catalog = builder.build(world, &health);
        let view = catalog.view_of("10.1.0.77".parse().unwrap());
        answers(view, "10.1.0.77", &name(1, None), A)
    };
    assert_eq!(seen(&world), of(&[(&[1], 100)]));
    let vpc = Arc::make_mut(world.vpcs.get_mut(&VPC).unwrap());
    let subnet = vpc.subnets.remove(&SubnetId::from_bits(1)).unwrap();
    assert_eq!(seen(&world), of(&[(&[0, 1, 2], 100)]));
    Arc::make_mut(world.vpcs.get_mut(&VPC).unwrap()).subnets.insert(SubnetId::from_bits(9), subnet);
    assert_eq!(seen(&world), of(&[(&[1], 100)]));
    for balancer in world.load_balancers.values_mut() {
        Arc::make_mut(balancer).client_routing_policy = AnyZone;
    }
    assert_eq!(seen(&world), of(&[(&[0, 1, 2], 100)]));
}

#[test]
fn interfaces_that_are_not_bound_are_left_out_although_their_zone_is_healthy() {
    let (world, mut health) = (world([AnyZone; 3]), health(&[0, 1, 2]));
    let mut builder = CatalogBuilder::default();
    let (name, client) = (name(1, None), "10.1.0.77");
    let interface = world.endpoints.values().next().unwrap().interfaces[1].id;
    for (is_bound, zones) in [(true, &[0, 1, 2][..]), (false, &[0, 2]), (true, &[0, 1, 2])] {
        health.unbound = (!is_bound).then_some(interface).into_iter().collect();
        let catalog = builder.build(&world, &health);
        let view = catalog.view_of(client.parse().unwrap());
        assert_eq!(answers(view, client, &name, A), of(&[(zones, 100)]), "{is_bound}");
    }
}

#[test]
fn an_explanation_tells_the_clients_zone_and_what_it_leaves_out() {
    use Use::{Given, GivenAtTimes, GivenForWantOfBetter, OtherZone, Unhealthy};
    let rows: [(_, &[usize], _, _, _); 7] = [
        (Affinity, &[0, 1, 2], "10.1.0.77", true, [OtherZone, Given, OtherZone]),
        (PartialAffinity, &[0, 1], "10.1.0.77", true, [GivenAtTimes, Given, Unhealthy]),
        (AnyZone, &[0, 1, 2], "10.1.0.77", true, [Given; 3]),
        (Affinity, &[0, 2], "10.1.0.77", false, [Given, Unhealthy, Given]),
        (Affinity, &[], "10.1.0.77", true, [OtherZone, GivenForWantOfBetter, OtherZone]),
        (Affinity, &[0, 1, 2], "10.9.0.77", false, [Given; 3]),
        (Affinity, &[0, 1, 2], "192.0.2.1", false, [Given; 3]),
    ];
    for (policy, healthy, client, is_known, expected) in rows {
        let (world, health) = (world([policy; 3]), health(healthy));
        let catalog = CatalogBuilder::default().build(&world, &health);
        let (name, client) = (name(1, None).parse().unwrap(), client.parse().unwrap());
        let asked = Asked { name: &name, rtype: RecordType::A, client, listener: None };
        let explanation = explain(&catalog, (&world, &health), &asked);
        let facts = explanation.steps[0].endpoint.as_ref().unwrap();
        let uses: Vec<_> = facts.interfaces.iter().map(|it| it.addresses[0].1).collect();
        assert_eq!(uses, expected, "{policy:?} {healthy:?} {client}");
        let zone = ClientZone { zone: "use1-az2".parse().unwrap(), policy };
        assert_eq!(facts.client_zone, is_known.then_some(zone), "{policy:?} {healthy:?} {client}");
    }
}
