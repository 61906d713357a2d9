//! Every stopping place, from one endpoint at which nothing stops.

use std::collections::BTreeSet;

use model::{
    BindFailure, BindFailureReason, DnsRecordIpType, EndpointLimits, EndpointState, InboundRule,
    InboundRules, InterfaceId, Listener, ListenerId, LoadBalancer, Protocol, ServiceId, SubnetId,
    Target, TargetAddr, TargetGroup, TargetGroupId, TargetHealth, Transport, UnhealthyReason,
    VpcId, WeightedTargetGroup,
};

use super::*;
use crate::reason::Refusal;

const UNHEALTHY: TargetHealth = TargetHealth::Unhealthy(UnhealthyReason::Timeout);

struct World {
    snapshot: Snapshot,
    health: Health,
    asked: Asked,
}

fn endpoint_id() -> VpcEndpointId {
    VpcEndpointId::from_bits(1)
}

fn balancer_id() -> LoadBalancerId {
    LoadBalancerId::from_bits(1)
}

fn group_id(bits: u128) -> TargetGroupId {
    TargetGroupId::from_bits(bits)
}

fn addr(port: u16) -> TargetAddr {
    TargetAddr(([10, 2, 0, 1], port).into())
}

fn interface(bits: u8) -> Interface {
    let zone: ZoneId = format!("use1-az{bits}").parse().unwrap();
    Interface {
        id: InterfaceId::from_bits(bits.into()),
        subnet: SubnetId::from_bits(bits.into()),
        zonal_name: "zonal.test".parse().unwrap(),
        zone,
        ipv4: Some([10, 1, bits, 4].into()),
        ipv6: (bits == 2).then(|| "2001:db8::4".parse().unwrap()),
        load_balancer: balancer_id(),
    }
}

fn group(bits: u128, targets: &[(u16, Option<u8>)]) -> TargetGroup {
    let target = |(port, zone): &(u16, Option<u8>)| Target {
        addr: addr(*port),
        zone: zone.map(|zone| format!("use1-az{zone}").parse().unwrap()),
        draining: false,
    };
    TargetGroup {
        proxy_protocol_v2: true,
        targets: targets.iter().map(target).collect(),
        ..TargetGroup::new(group_id(bits), Protocol::Tcp)
    }
}

/// Two zones; port 443 to a group with a target in zone 1, two in zone 2 and none for all; all
/// healthy. The client 10.1.9.9 asks about zone 1.
fn world() -> World {
    let mut snapshot = Snapshot::empty("us-east-1".parse().unwrap());
    snapshot.generation = Generation(7);
    let endpoint = Endpoint {
        id: endpoint_id(),
        owner: "222222222222".parse().unwrap(),
        vpc: VpcId::from_bits(1),
        service: ServiceId::from_bits(1),
        state: EndpointState::Available,
        regional_name: "regional.test".parse().unwrap(),
        private_dns_names: Vec::new(),
        dns_record_ip_type: DnsRecordIpType::Ipv4,
        limits: EndpointLimits::default(),
        interfaces: vec![interface(1), interface(2)],
    };
    snapshot.endpoints.insert(endpoint_id(), Arc::new(endpoint));
    let port = 443.try_into().unwrap();
    let balancer = LoadBalancer {
        listeners: vec![Listener::new(ListenerId::from_bits(1), port, group_id(1))],
        ..LoadBalancer::new(balancer_id(), endpoint_zones())
    };
    snapshot.load_balancers.insert(balancer_id(), Arc::new(balancer));
    let targets = group(1, &[(1, Some(1)), (2, Some(2)), (3, Some(2))]);
    snapshot.target_groups.insert(group_id(1), Arc::new(targets));
    let mut health = Health { generation: Generation(7), ..Health::default() };
    health.bindings.insert(endpoint_id(), model::Binding::Bound);
    for port in 1..=3 {
        health.targets.insert((group_id(1), addr(port)), TargetHealth::Healthy);
    }
    let asked = Asked {
        endpoint: endpoint_id(),
        place: Place::Zone("use1-az1".parse().unwrap()),
        client: Some([10, 1, 9, 9].into()),
        port: Some(443),
        connections_max: 100,
        open: 2,
        certificates: BTreeSet::new(),
        udp: Datagrams { flows_max: 50, has_header: false },
    };
    World { snapshot, health, asked }
}

fn endpoint_zones() -> BTreeSet<ZoneId> {
    [1, 2].map(|bits| interface(bits).zone).into()
}

impl World {
    fn balancer(&mut self) -> &mut LoadBalancer {
        Arc::make_mut(self.snapshot.load_balancers.get_mut(&balancer_id()).unwrap())
    }

    fn group(&mut self) -> &mut TargetGroup {
        Arc::make_mut(self.snapshot.target_groups.get_mut(&group_id(1)).unwrap())
    }

    fn bind_failure(&mut self, addr: &str, reason: BindFailureReason) {
        let failure = BindFailure { addr: EndpointAddr(addr.parse().unwrap()), reason };
        self.health.bindings.insert(endpoint_id(), model::Binding::Failed(failure));
        self.health.unbound.insert(InterfaceId::from_bits(1));
    }

    fn admit_at_endpoint(&mut self, source: &str, port: u16) {
        self.snapshot.inbound.endpoints.insert(endpoint_id(), rule(source, port));
    }

    fn admit_at_balancer(&mut self, source: &str, port: u16) {
        self.snapshot.inbound.load_balancers.insert(balancer_id(), rule(source, port));
    }

    fn set_health(&mut self, ports: &[u16], health: TargetHealth) {
        for port in ports {
            self.health.targets.insert((group_id(1), addr(*port)), health);
        }
    }

    /// What becomes of it in a line: the stop of all, or the one path's verdict and its stops.
    fn told(&self) -> String {
        let explanation = explain(&self.snapshot, &self.health, &self.asked);
        if let Some(stop) = explanation.stop {
            return stop.name().to_owned();
        }
        let [path] = &explanation.paths[..] else { panic!("{} paths", explanation.paths.len()) };
        let stops: Vec<_> = path.stops().map(Stop::name).collect();
        match path.verdict() {
            Verdict::Passes(Routing::Healthy) => "passes".to_owned(),
            Verdict::Passes(Routing::FailOpen) => "fails open".to_owned(),
            Verdict::Depends { stop, weight, of } => format!("{} {weight}/{of}", stop.name()),
            Verdict::Stops(stop) => {
                assert_eq!(stops[0], stop.name(), "the first one counts");
                stops.join(" ")
            }
        }
    }
}

fn rule(source: &str, port: u16) -> Arc<InboundRules> {
    let source = source.parse().unwrap();
    let rule = InboundRule { source, transport: Transport::Tcp, from_port: port, to_port: port };
    Arc::new(InboundRules::new([rule]))
}

type Case = (&'static str, fn(&mut World), &'static str);

fn check(cases: &[Case]) {
    for (name, change, expected) in cases {
        let mut world = world();
        change(&mut world);
        assert_eq!(world.told(), *expected, "{name}");
    }
}

#[test]
fn where_it_stops_before_the_data_plane_hears_of_it() {
    check(&[
        ("nothing is in the way", |_| {}, "passes"),
        ("another endpoint", |it| it.asked.endpoint = VpcEndpointId::from_bits(2), {
            "endpoint_not_served"
        }),
        ("another zone", |it| it.asked.place = Place::Zone("x".parse().unwrap()), "no_address"),
        ("its family", |it| it.asked.client = Some("2001:db8::9".parse().unwrap()), "no_address"),
        ("another address", |it| it.asked.place = Place::Address([10, 1, 1, 5].into()), {
            "no_address"
        }),
        ("a mapped client", |it| it.asked.client = Some("::ffff:10.1.9.9".parse().unwrap()), {
            "passes"
        }),
        ("never tried", |it| it.health.bindings.clear(), "not_bound_yet"),
        (
            "the address and port are taken",
            |it| it.bind_failure("10.1.1.4:443", BindFailureReason::AddressInUse),
            "not_bound",
        ),
        (
            "the address is not there, on no port",
            |it| it.bind_failure("10.1.1.4:80", BindFailureReason::AddressNotAvailable),
            "not_bound",
        ),
        (
            "another port is taken",
            |it| it.bind_failure("10.1.1.4:80", BindFailureReason::AddressInUse),
            "passes",
        ),
        ("no listener on the port", |it| it.asked.port = Some(80), "no_listener"),
        ("no listener at all", |it| it.balancer().listeners.clear(), "no_listener"),
        ("no load balancer", |it| it.snapshot.load_balancers.clear(), "no_listener"),
    ]);
}

#[test]
fn whom_security_groups_refuse() {
    check(&[
        (
            "admitted by both",
            |it| {
                it.admit_at_endpoint("10.1.0.0/16", 443);
                it.admit_at_balancer("10.1.9.9/32", 443);
            },
            "passes",
        ),
        ("another source", |it| it.admit_at_endpoint("10.1.9.8/32", 443), "security_group"),
        ("another port", |it| it.admit_at_endpoint("0.0.0.0/0", 80), "security_group"),
        (
            "no rule",
            |it| {
                let none = Arc::new(InboundRules::default());
                it.snapshot.inbound.endpoints.insert(endpoint_id(), none);
            },
            "security_group",
        ),
        ("the load balancer's", |it| it.admit_at_balancer("10.1.9.8/32", 443), {
            "load_balancer_security_group"
        }),
        (
            "several things at once",
            |it| {
                it.admit_at_endpoint("10.1.9.8/32", 443);
                it.admit_at_balancer("10.1.9.8/32", 443);
                it.group().targets.clear();
            },
            "security_group load_balancer_security_group no_target",
        ),
    ]);
}

#[test]
fn where_no_target_takes_it() {
    check(&[
        ("no group", |it| it.balancer().listeners[0].forward.clear(), "no_target_group"),
        ("no weight", |it| it.balancer().listeners[0].forward[0].weight = 0, "no_target_group"),
        ("no such group", |it| it.snapshot.target_groups.clear(), "no_target"),
        ("no target", |it| it.group().targets.clear(), "no_target"),
        (
            "all are draining",
            |it| {
                it.group().targets.iter_mut().for_each(|target| target.draining = true);
            },
            "no_target",
        ),
        ("none in the zone", |it| drop(it.group().targets.remove(0)), "no_target"),
        (
            "none in the zone, but cross-zone",
            |it| {
                it.group().targets.remove(0);
                it.group().cross_zone = Some(true);
            },
            "passes",
        ),
        (
            "one of two groups has none",
            |it| {
                let empty = WeightedTargetGroup { group: group_id(2), weight: 3 };
                it.balancer().listeners[0].forward.push(empty);
                it.snapshot.target_groups.insert(group_id(2), Arc::new(group(2, &[])));
            },
            "no_target 3/4",
        ),
        (
            "a group without weight needs none",
            |it| {
                let empty = WeightedTargetGroup { group: group_id(2), weight: 0 };
                it.balancer().listeners[0].forward.push(empty);
            },
            "passes",
        ),
        ("the zone's is unhealthy", |it| it.set_health(&[1], UNHEALTHY), "fails open"),
        (
            "fewer are healthy than wanted",
            |it| {
                it.asked.place = Place::Address([10, 1, 2, 4].into());
                it.set_health(&[2], UNHEALTHY);
                it.group().unhealthy_routing.percentage = Some(60);
            },
            "fails open",
        ),
        ("all are unhealthy", |it| it.set_health(&[1, 2, 3], UNHEALTHY), "fails open"),
        ("not checked yet", |it| it.health.targets.clear(), "fails open"),
    ]);
}

#[test]
fn each_target_is_a_candidate_or_says_why_not() {
    use Use::{Candidate, Draining, NotInUse, OtherZone, Unhealthy};
    for (change, routing, expected) in [
        ((|_| {}) as fn(&mut World), Routing::Healthy, [OtherZone, Candidate, Candidate]),
        (|it| it.set_health(&[2], UNHEALTHY), Routing::Healthy, [OtherZone, Unhealthy, Candidate]),
        (|it| it.group().targets[2].draining = true, Routing::Healthy, {
            [OtherZone, Candidate, Draining]
        }),
        (|it| it.set_health(&[2, 3], UNHEALTHY), Routing::FailOpen, {
            [OtherZone, Candidate, Candidate]
        }),
        (|it| it.set_health(&[1, 2, 3], UNHEALTHY), Routing::FailOpen, [Candidate; 3]),
        (|it| it.balancer().cross_zone = true, Routing::Healthy, [Candidate; 3]),
        (
            |it| {
                it.set_health(&[2, 3], UNHEALTHY);
                it.group().targets[1].zone = Some("use1-az3".parse().unwrap());
            },
            Routing::FailOpen,
            [OtherZone, NotInUse, Candidate],
        ),
        (
            |it| {
                it.set_health(&[3], UNHEALTHY);
                it.group().unhealthy_routing.count = Some(2);
            },
            Routing::FailOpen,
            [OtherZone, Candidate, Candidate],
        ),
    ] {
        let mut world = world();
        world.asked.place = Place::Address([10, 1, 2, 4].into());
        change(&mut world);
        let explanation = explain(&world.snapshot, &world.health, &world.asked);
        let steps = &explanation.paths[0].steps;
        let Found::Group(group) = &steps.last().unwrap().found else { panic!("no group") };
        let found: Vec<_> = group.targets.iter().map(|target| target.is).collect();
        assert_eq!((group.routing, &found[..]), (routing, &expected[..]));
    }
}

#[test]
fn without_more_every_address_and_port_is_told_as_this_machine_dials_it() {
    let mut world = world();
    let mut other = world.balancer().listeners[0].clone();
    other.port = 80.try_into().unwrap();
    world.balancer().listeners.push(other);
    let asked = world.asked.clone();
    world.asked = Asked { place: Place::Anywhere, client: None, port: None, ..asked };
    let found = explain(&world.snapshot, &world.health, &world.asked);
    let told: Vec<_> =
        found.paths.iter().map(|it| format!("{} {}", it.client, it.address)).collect();
    assert_eq!(
        told,
        [
            "10.1.1.4 10.1.1.4:443",
            "10.1.1.4 10.1.1.4:80",
            "10.1.2.4 10.1.2.4:443",
            "10.1.2.4 10.1.2.4:80",
            "2001:db8::4 [2001:db8::4]:443",
            "2001:db8::4 [2001:db8::4]:80",
        ]
    );
    assert_eq!(this_machine([127, 9, 8, 7].into()), IpAddr::from([127, 0, 0, 1]));
}

#[test]
fn the_rules_that_admit_are_told_and_else_those_that_admit_others() {
    let rules_of = |world: &World| {
        let path = explain(&world.snapshot, &world.health, &world.asked).paths.remove(0);
        let rules = path.steps.into_iter().find_map(|step| match step.found {
            Found::EndpointRules(rules) => Some(rules),
            _ => None,
        });
        rules.unwrap()
    };
    let mut world = world();
    assert_eq!(rules_of(&world), Rules::Everybody);
    world.admit_at_endpoint("10.1.0.0/16", 443);
    assert!(matches!(rules_of(&world), Rules::Admit(rules) if rules.len() == 1));
    world.admit_at_endpoint("10.7.0.0/16", 443);
    assert!(matches!(rules_of(&world), Rules::AdmitOthers(rules) if rules.len() == 1));
    world.admit_at_endpoint("10.7.0.0/16", 444);
    assert!(matches!(rules_of(&world), Rules::AdmitOthers(rules) if rules.is_empty()));
}

#[test]
fn a_stop_has_the_name_of_its_refusal_and_none_has_two_meanings() {
    let own =
        [Stop::NotServed, Stop::NoAddress, Stop::NotBoundYet, Stop::NotBound, Stop::NoListener];
    let all: Vec<_> = own.into_iter().chain(Refusal::ALL.map(Stop::Refused)).collect();
    let names: BTreeSet<_> = all.iter().map(|stop| stop.name()).collect();
    assert_eq!(names.len(), all.len());
    for refusal in Refusal::ALL {
        assert_eq!(Stop::Refused(refusal).name(), refusal.name());
    }
}

#[test]
fn a_port_is_explained_for_each_wire_that_it_is_listened_on() {
    let mut world = world();
    world.balancer().listeners[0].protocol = Protocol::TcpUdp;
    let rule = |transport| InboundRule {
        source: "10.1.0.0/16".parse().unwrap(),
        transport,
        from_port: 443,
        to_port: 443,
    };
    let rules = Arc::new(InboundRules::new([rule(Transport::Tcp)]));
    world.snapshot.inbound.endpoints.insert(endpoint_id(), rules);
    let found = explain(&world.snapshot, &world.health, &world.asked);
    let [tcp, udp] = &found.paths[..] else { panic!("{:?}", found.paths) };
    assert_eq!((tcp.wire, udp.wire), (Wire::Tcp, Wire::Udp));
    assert_eq!(tcp.verdict(), Verdict::Passes(Routing::Healthy));
    assert_eq!(udp.verdict(), Verdict::Stops(Stop::Refused(Refusal::SecurityGroup)));
    let idle = |path: &Path| {
        path.steps.iter().find_map(|step| match step.found {
            Found::Listener { listener, .. } => listener.map(|it| it.idle_timeout.as_secs()),
            _ => None,
        })
    };
    assert_eq!((idle(tcp), idle(udp)), (Some(350), Some(120)));
    let limits =
        |path: &Path| path.steps.iter().any(|it| it.found == Found::FlowLimit { flows_max: 50 });
    assert!(limits(udp) && !limits(tcp));
    // Another listener on the same port, for the other wire.
    world.balancer().listeners[0].protocol = Protocol::Udp;
    let found = explain(&world.snapshot, &world.health, &world.asked);
    assert_eq!(found.paths.iter().map(|it| it.wire).collect::<Vec<_>>(), [Wire::Udp]);
}

#[test]
fn an_endpoint_stops_those_on_top_of_its_limit() {
    for (most, stop) in [
        (None, None),
        (Some(3), None),
        (Some(2), Some(Stop::Refused(Refusal::EndpointConnections))),
        (Some(1), Some(Stop::Refused(Refusal::EndpointConnections))),
    ] {
        let mut world = world();
        let endpoint = world.snapshot.endpoints.get_mut(&endpoint_id()).unwrap();
        Arc::make_mut(endpoint).limits =
            EndpointLimits { connections: most, ..EndpointLimits::default() };
        let found = explain(&world.snapshot, &world.health, &world.asked);
        assert_eq!(found.paths[0].stops().next(), stop, "{most:?}");
    }
}
