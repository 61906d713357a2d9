//! Properties of any sequence of commands and chores, from several accounts at once.
#![expect(clippy::unwrap_used, reason = "what cannot be read back is a failed test")]

#[path = "properties/step.rs"]
mod step;

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use control_core::{
    Change, Draw, Event, EventKind, Key, Record, Registry, Settings, Zone,
    address::{is_reserved, is_reserved_6},
    decide, decide_chore,
    project::{project, project_changes},
    resource::{ResourceId, ResourceKind, VpcEndpoint},
    transition::{Move, after, holds_service},
};
use model::{AddressFamily, EndpointState, Generation, Snapshot, Timestamp, VpcEndpointId};
use proptest::prelude::*;
use step::Step;

/// Draws from a small range, so that addresses and load balancers meet.
struct Scarce(u64);

impl Draw for Scarce {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % 97
    }
}

struct World {
    registry: Registry,
    snapshot: Snapshot,
    draw: Scarce,
    now: Timestamp,
}

impl World {
    fn new(seed: u64) -> Self {
        let zone = |name: &str| Zone { name: name.parse().unwrap(), id: name.parse().unwrap() };
        let zones = ["za", "zb"].map(zone).into();
        let settings = Settings::new("us-east-1".parse().unwrap(), zones);
        let registry = Registry::new(Arc::new(settings));
        let snapshot = project(&registry, Generation(0));
        let mut world = Self { registry, snapshot, draw: Scarce(seed), now: Timestamp(0) };
        for owner in 0..2 {
            let begin = |world: &Self, at| step::beginning(&world.registry, owner, at);
            for at in 0.. {
                let Some(command) = begin(&world, at) else { break };
                let (draw, now) = (&mut world.draw, world.now);
                let decided = decide(&world.registry, &step::caller(owner), &command, draw, now);
                let events = decided.unwrap().events;
                events.iter().for_each(|event| world.registry.apply(event));
            }
        }
        world.snapshot = project(&world.registry, Generation(0));
        world
    }

    fn take(&mut self, step: Step) -> Vec<Event> {
        let events = match step.resolve(&self.registry, &mut self.now) {
            step::Resolved::Command(caller, command) => {
                let decided = decide(&self.registry, &caller, &command, &mut self.draw, self.now);
                decided.map_or_else(|_| Vec::new(), |decision| decision.events)
            }
            step::Resolved::Chore(chore) => decide_chore(&self.registry, &chore, self.now),
        };
        for event in &events {
            self.registry.apply(event);
        }
        events
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_happens_the_state_stays_sound(
        seed: u64,
        steps in prop::collection::vec(any::<[u8; 6]>().prop_map(Step), 1..120),
    ) {
        let mut world = World::new(seed);
        for step in steps {
            let before = world.registry.clone();
            let events = world.take(step);
            legal(&before, &events, &world.registry);
            addresses_are_given_once(&world.registry);
            references_hold(&world.registry);
            snapshot_follows(&mut world, &events);
        }
        reloads(&world.registry);
        listings_agree(&world.registry);
    }
}

/// Every change of a state is a row of the table, and every move says the truth.
fn legal(before: &Registry, events: &[Event], now: &Registry) {
    for event in events {
        if let EventKind::EndpointMoved { on, from, to, .. } = event.kind {
            assert_eq!(after(from, on), Some(to), "{event:?}");
        }
    }
    for endpoint in now.endpoints() {
        let was = before.endpoint(endpoint.id).map(|it| it.state);
        let first = [EndpointState::PendingAcceptance, EndpointState::Pending];
        let is_legal = match was {
            None => first.contains(&endpoint.state),
            Some(was) => {
                was == endpoint.state
                    || Move::ALL.iter().any(|on| after(was, *on) == Some(endpoint.state))
            }
        };
        assert!(is_legal, "{was:?} -> {}", endpoint.state);
    }
    for gone in before.endpoints().filter(|it| now.endpoint(it.id).is_none()) {
        assert_eq!(gone.state, EndpointState::Deleted, "only the deleted are forgotten");
    }
}

fn addresses_are_given_once(registry: &Registry) {
    let mut given = BTreeSet::new();
    let mut interfaces = BTreeSet::new();
    for endpoint in registry.endpoints().filter(|it| it.has_interfaces()) {
        let mut zones = BTreeSet::new();
        for interface in &endpoint.interfaces {
            let subnet = registry.subnet(interface.subnet).unwrap();
            for (family, has) in [
                (AddressFamily::Ipv4, interface.ipv4.is_some()),
                (AddressFamily::Ipv6, interface.ipv6.is_some()),
            ] {
                assert_eq!(endpoint.ip_address_type.has(family), has, "{family:?}");
            }
            for ip in interface.addresses() {
                let is_reserved = match ip {
                    IpAddr::V4(ip) => is_reserved(subnet.cidr.unwrap(), ip),
                    IpAddr::V6(ip) => is_reserved_6(subnet.ipv6.unwrap().block, ip),
                };
                assert!(subnet.contains(ip) && !is_reserved, "{ip} of {subnet:?}");
                assert!(given.insert((subnet.id, ip)), "{ip} of {} is given twice", subnet.id);
                assert_eq!(registry.holder_of(subnet.id, ip), Some(interface.id));
            }
            assert!(interfaces.insert(interface.id), "{} is there twice", interface.id);
            assert!(zones.insert(&interface.zone), "two interfaces in {}", interface.zone);
        }
    }
}

fn references_hold(registry: &Registry) {
    for subnet in registry.subnets() {
        assert!(registry.vpc(subnet.vpc).is_some());
    }
    for balancer in registry.load_balancers() {
        assert!(balancer.subnets.values().all(|it| registry.subnet(*it).is_some()));
        assert!(registry.referrers(balancer.id, ResourceKind::Service).count() <= 1);
    }
    for listener in registry.listeners() {
        assert!(registry.load_balancer(listener.load_balancer).is_some());
        assert!(listener.forward.iter().all(|it| registry.target_group(it.group).is_some()));
    }
    for target in registry.targets() {
        assert!(registry.target_group(target.group).is_some());
    }
    for permission in registry.permissions() {
        assert!(registry.service(permission.service).is_some());
    }
    for endpoint in registry.endpoints().filter(|it| holds_service(it.state)) {
        let service = registry.service(endpoint.service).unwrap();
        let in_service = |id| service.load_balancers.contains_key(&id);
        assert!(endpoint.interfaces.iter().all(|it| in_service(it.load_balancer)));
        assert!(
            endpoint.interfaces.iter().all(|it| registry.load_balancer(it.load_balancer).is_some())
        );
    }
    for vpc in registry.vpcs() {
        let groups = registry.security_groups_of(vpc.id);
        assert_eq!(groups.filter(|it| it.is_default()).count(), 1);
    }
    for group in registry.security_groups() {
        assert!(registry.vpc(group.vpc).is_some());
        assert!(group.referenced().all(|it| registry.security_group(it).is_some()));
    }
    for endpoint in registry.endpoints().filter(|it| it.has_interfaces()) {
        let groups = endpoint.security_groups.iter().map(|it| registry.security_group(*it));
        assert!(groups.into_iter().all(|it| it.is_some_and(|it| it.vpc == endpoint.vpc)));
    }
    for service in registry.services() {
        assert!(!service.load_balancers.is_empty());
        assert!(service.load_balancers.keys().all(|it| registry.load_balancer(*it).is_some()));
    }
}

/// Made of changes or made anew, the snapshot is the same, and what did not change is shared.
fn snapshot_follows(world: &mut World, events: &[Event]) {
    let changed: Vec<Key> = events.iter().flat_map(|it| &it.changes).map(Change::key).collect();
    let generation = Generation(world.snapshot.generation.0 + 1);
    let next = project_changes(&world.registry, &world.snapshot, &changed, generation);
    let whole = project(&world.registry, generation);
    let Some(next) = next else {
        assert_eq!(Snapshot { generation, ..world.snapshot.clone() }, whole, "{events:?}");
        return;
    };
    assert_eq!(next, whole, "{events:?}");
    for (id, endpoint) in &next.endpoints {
        let was = world.snapshot.endpoints.get(id);
        assert!(was.is_none_or(|it| it != endpoint || Arc::ptr_eq(it, endpoint)));
    }
    world.snapshot = next;
}

/// What the index finds is what looking at everything finds, in the same order, from any item on.
fn listings_agree(registry: &Registry) {
    for caller in [0, 1].map(step::caller) {
        let view = registry.view(&caller);
        let own: Vec<_> = view.endpoints().map(|it| it.id).collect();
        let vpcs = registry.vpcs().map(|it| it.id).collect::<Vec<_>>();
        let services = registry.services().map(|it| it.id).collect::<Vec<_>>();
        let of_two = vpcs.iter().take(2).map(|it| ResourceId::from(*it));
        let mut connected: Vec<_> = view.connections().map(|it| it.endpoint.id).collect();
        connected.sort_unstable();
        for after in own.iter().chain(&connected).copied().map(Some).chain([None]) {
            let follows = |id: &VpcEndpointId| after.is_none_or(|after| *id > after);
            let ids = |found: Vec<&Arc<VpcEndpoint>>| found.iter().map(|it| it.id).collect();
            let expected: Vec<_> = own.iter().copied().filter(follows).collect();
            let found: Vec<_> = ids(view.endpoints_after(after).collect());
            assert_eq!(found, expected);
            let is_in_two = |id: &VpcEndpointId| {
                registry
                    .endpoint(*id)
                    .is_some_and(|it| vpcs.iter().take(2).any(|vpc| *vpc == it.vpc))
            };
            let found: Vec<_> = ids(view.endpoints_among(of_two.clone(), after).collect());
            assert_eq!(found, expected.into_iter().filter(is_in_two).collect::<Vec<_>>());
            let found = view.connections_after(services.iter().copied(), after);
            let expected = connected.iter().copied().filter(follows);
            assert!(found.map(|it| it.endpoint.id).eq(expected));
        }
    }
}

/// What is stored reloads to the same registry, index and all.
fn reloads(registry: &Registry) {
    let stored: Vec<(String, Vec<u8>)> =
        registry.records().map(|it| (it.key().to_string(), it.encode())).collect();
    let read = stored.iter().map(|(key, bytes)| {
        let record = Record::decode(bytes).unwrap();
        assert_eq!(key.parse(), Ok(record.key()), "the key says which record");
        record
    });
    let reloaded = Registry::of(Arc::new(registry.settings().clone()), read);
    assert!(&reloaded == registry, "{:#?}", registry.records().collect::<Vec<_>>());
}
