//! The core against a reference that knows no index, no event and no snapshot: whatever is asked
//! for in whatever order, both do it or both refuse it, for a reason that the reference has too,
//! and afterwards both have the same things in the same states.
//!
//! Some thousands of steps here. Two million, in a minute:
//! `PROPTEST_CASES=20000 cargo test --release -p control-core --test reference`.
#![expect(clippy::unwrap_used, reason = "what is not there is a failed test")]

#[path = "reference/ask.rs"]
mod ask;
#[path = "reference/plain.rs"]
mod plain;
#[path = "reference/reasons.rs"]
mod reasons;
#[path = "reference/step.rs"]
mod step;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use ask::{Ask, Asked, NAMES, PRINCIPALS, Who, ZONES};
use control_core::{
    Command, Draw, Event, EventKind, Outcome, Record, Refusal, Registry, Settings, Tags, Zone,
    command::{CreateLoadBalancer, CreateSubnet, CreateVpc},
    decide, decide_chore,
    project::project,
    resource::Scheme,
    settings::ZoneRef,
};
use model::{Generation, IpAddressType, LoadBalancerId, SubnetId, Timestamp, VpcId};
use plain::{Balancer, Endpoint, Plain, Service, Subnet, Vpc, Why};
use proptest::prelude::*;
use step::Step;

struct Counting(u64);

impl Draw for Counting {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_041);
        self.0 >> 7
    }
}

/// Both, side by side.
struct World {
    registry: Registry,
    plain: Plain,
    draw: Counting,
    /// What the accounts' load balancers stand on, which the steps never name.
    ground: (BTreeSet<VpcId>, BTreeSet<SubnetId>),
}

impl World {
    fn new(seed: u64) -> Self {
        let zone = |name: &str| Zone { name: name.parse().unwrap(), id: name.parse().unwrap() };
        let settings = Settings::new("us-east-1".parse().unwrap(), ZONES.map(zone).into());
        let registry = Registry::new(Arc::new(settings));
        let (plain, draw) = (Plain::default(), Counting(seed));
        let ground = (BTreeSet::new(), BTreeSet::new());
        let mut world = Self { registry, plain, draw, ground };
        for who in [Who::A, Who::B] {
            world.found(who);
        }
        world
    }

    /// Three load balancers of an account: in both zones, and in one each.
    fn found(&mut self, who: Who) {
        let cidr = "10.0.0.0/16".parse().unwrap();
        let vpc =
            self.make(who, &Command::CreateVpc(CreateVpc { cidr, ipv6: None, tags: Tags::none() }));
        let Outcome::Vpc(vpc) = vpc else { panic!("{vpc:?}") };
        self.ground.0.insert(vpc.id);
        let mut subnets = Vec::new();
        for (number, zone) in ZONES.into_iter().enumerate() {
            let create = Command::CreateSubnet(CreateSubnet {
                vpc: vpc.id,
                cidr: Some(format!("10.0.{number}.0/24").parse().unwrap()),
                ipv6: None,
                zone: Some(ZoneRef::Id(zone.parse().unwrap())),
                tags: Tags::none(),
            });
            let subnet = self.make(who, &create);
            let Outcome::Subnet(subnet) = subnet else { panic!("{subnet:?}") };
            self.ground.1.insert(subnet.id);
            subnets.push(subnet.id);
        }
        for (name, zones) in [("both", vec![0, 1]), ("first", vec![0]), ("second", vec![1])] {
            let create = Command::CreateLoadBalancer(CreateLoadBalancer {
                name: name.into(),
                subnets: zones.iter().map(|zone| subnets[*zone]).collect(),
                scheme: Scheme::Internal,
                ip_address_type: IpAddressType::Ipv4,
                security_groups: BTreeSet::new(),
                tags: Tags::none(),
            });
            let balancer = self.make(who, &create);
            let Outcome::LoadBalancer(balancer) = balancer else { panic!("{balancer:?}") };
            let zones = zones.into_iter().collect();
            self.plain.balancers.insert(balancer.id, Balancer { owner: who.account(), zones });
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp(0) + Duration::from_secs(self.plain.seconds)
    }

    fn make(&mut self, who: Who, command: &Command) -> Outcome {
        let now = self.now();
        let decided = decide(&self.registry, &who.caller(), command, &mut self.draw, now).unwrap();
        decided.events.iter().for_each(|event| self.registry.apply(event));
        decided.outcome
    }

    fn take(&mut self, step: Step) {
        let (who, ask) = step.resolve(&self.plain, &self.registry);
        let reasons = self.plain.reasons(who, &ask);
        match ask.asked() {
            Asked::Command(command) => {
                let now = self.now();
                let decided = decide(&self.registry, &who.caller(), &command, &mut self.draw, now);
                match decided {
                    Ok(decision) => {
                        assert!(reasons.is_empty(), "{who:?} {ask:?} is done despite {reasons:?}");
                        self.follow(&decision.events);
                        self.plain.change(&ask);
                        self.note(who, &ask, &decision.outcome);
                    }
                    Err(refusal) => {
                        let why = why(&refusal);
                        let is_known = why.is_some_and(|why| reasons.contains(&why));
                        assert!(is_known, "{who:?} {ask:?}: {refusal:?}, not {reasons:?}");
                    }
                }
            }
            Asked::Chore(chore) => {
                self.plain.change(&ask);
                let events = decide_chore(&self.registry, &chore, self.now());
                self.follow(&events);
            }
        }
        self.agree(&ask);
    }

    /// Applies events; a move of an endpoint is one of the reference's table.
    fn follow(&mut self, events: &[Event]) {
        for event in events {
            if let EventKind::EndpointMoved { on, from, to, .. } = event.kind {
                let on = format!("{on:?}").to_lowercase();
                let expected = plain::after(state(from), &on);
                assert_eq!(expected, Some(state(to)), "{event:?}");
            }
            self.registry.apply(event);
        }
    }

    /// Takes note of what was made, which may be what was drawn.
    fn note(&mut self, who: Who, ask: &Ask, outcome: &Outcome) {
        let owner = who.account();
        match (ask, outcome) {
            (Ask::CreateVpc, Outcome::Vpc(vpc)) => {
                let made = Vpc { owner, support: true, hostnames: false };
                assert!(self.plain.vpcs.insert(vpc.id, made).is_none());
            }
            (Ask::CreateSubnet { vpc, network, zone }, Outcome::Subnet(subnet)) => {
                let made = Subnet { owner, vpc: *vpc, network: *network, zone: *zone };
                assert!(self.plain.subnets.insert(subnet.id, made).is_none());
            }
            (Ask::CreateService { balancers, acceptance, name }, Outcome::Service(service)) => {
                let made = Service {
                    owner,
                    acceptance: *acceptance,
                    balancers: balancers.clone(),
                    name: name.map(|name| (name, "pendingVerification")),
                    admitted: BTreeSet::new(),
                };
                assert!(self.plain.services.insert(service.id, made).is_none());
            }
            (Ask::CreateEndpoint { vpc, service, subnets, private }, Outcome::Endpoint(it)) => {
                let (state, ends) = self.plain.first_state(*service);
                let name = self.plain.services[service].name.map(|(name, _)| name);
                let made = Endpoint {
                    owner,
                    vpc: *vpc,
                    service: *service,
                    state,
                    served: false,
                    ends,
                    private: name.filter(|_| *private),
                    interfaces: BTreeMap::new(),
                };
                assert!(self.plain.endpoints.insert(it.id, made).is_none());
                let placed: BTreeSet<_> = it.interfaces.iter().map(|eni| eni.subnet).collect();
                assert_eq!(placed, *subnets, "an interface in each subnet");
                self.adopt(it);
            }
            (Ask::ModifyEndpoint { add, .. }, Outcome::Endpoint(it)) => {
                assert!(add.iter().all(|subnet| it.interface_in(*subnet).is_some()));
                self.adopt(it);
            }
            (Ask::Accept { .. }, Outcome::Endpoint(it)) => self.adopt(it),
            _ => {}
        }
    }

    /// Takes note of the load balancers that were drawn for interfaces, if they may be drawn.
    fn adopt(&mut self, endpoint: &control_core::resource::VpcEndpoint) {
        let service = &self.plain.services[&endpoint.service];
        let known = self.plain.endpoints.get_mut(&endpoint.id).unwrap();
        for interface in &endpoint.interfaces {
            let (subnet, drawn) = (interface.subnet, interface.load_balancer);
            if let std::collections::btree_map::Entry::Vacant(vacant) =
                known.interfaces.entry(subnet)
            {
                let zone = self.plain.subnets[&subnet].zone;
                assert!(service.balancers.contains(&drawn), "{drawn} is not of the service");
                assert!(self.plain.balancers[&drawn].zones.contains(&zone), "{drawn}: zone");
                assert_eq!(interface.zone.as_str(), ZONES[zone]);
                vacant.insert(drawn);
            }
        }
    }

    /// The same things in the same states.
    fn agree(&self, ask: &Ask) {
        let plain = &self.plain;
        let vpcs = self.registry.vpcs().filter(|it| !self.ground.0.contains(&it.id));
        let vpcs = vpcs.map(|it| (it.id, (it.dns_support, it.dns_hostnames)));
        let expected = plain.vpcs.iter().map(|(id, it)| (*id, (it.support, it.hostnames)));
        assert!(vpcs.eq(expected), "VPCs after {ask:?}");

        let subnets = self.registry.subnets().filter(|it| !self.ground.1.contains(&it.id));
        let subnets = subnets.map(|it| (it.id, it.vpc, it.zone.as_str()));
        let expected = plain.subnets.iter().map(|(id, it)| (*id, it.vpc, ZONES[it.zone]));
        assert!(subnets.eq(expected), "subnets after {ask:?}");

        assert!(self.registry.services().map(|it| it.id).eq(plain.services.keys().copied()));
        for (id, expected) in &plain.services {
            self.service_agrees(self.registry.service(*id).unwrap(), expected, ask);
        }
        assert!(self.registry.endpoints().map(|it| it.id).eq(plain.endpoints.keys().copied()));
        for (id, expected) in &plain.endpoints {
            let it = self.registry.endpoint(*id).unwrap();
            assert_eq!(state(it.state), expected.state, "{id} after {ask:?}");
            let private = it.private_dns_names.iter().map(model::DnsName::as_str);
            assert!(private.eq(expected.private.map(|at| NAMES[at])), "{id} after {ask:?}");
            let interfaces: BTreeMap<SubnetId, LoadBalancerId> =
                it.interfaces.iter().map(|eni| (eni.subnet, eni.load_balancer)).collect();
            assert_eq!(interfaces, expected.interfaces, "{id} after {ask:?}");
        }
        // Served is what is pending or available, and nothing else.
        let snapshot = project(&self.registry, Generation(1));
        let served = plain.endpoints.iter();
        let served = served.filter(|(_, it)| matches!(it.state, "pending" | "available"));
        assert!(snapshot.endpoints.keys().eq(served.map(|(id, _)| id)), "served after {ask:?}");
    }

    fn service_agrees(
        &self,
        it: &control_core::resource::EndpointService,
        expected: &Service,
        ask: &Ask,
    ) {
        assert_eq!(it.acceptance_required, expected.acceptance, "{} after {ask:?}", it.id);
        assert!(it.load_balancers.keys().eq(&expected.balancers), "{} after {ask:?}", it.id);
        let name = it.private_dns.as_ref();
        let name = name.map(|it| (it.name.as_str().to_owned(), it.state.to_string()));
        let wanted = expected.name.map(|(at, proof)| (NAMES[at].to_owned(), proof.to_owned()));
        assert_eq!(name, wanted, "{} after {ask:?}", it.id);
        let admitted: BTreeSet<_> =
            self.registry.permissions_of(it.id).map(|it| it.principal.to_string()).collect();
        let wanted: BTreeSet<_> =
            expected.admitted.iter().map(|at| PRINCIPALS[*at].to_owned()).collect();
        assert_eq!(admitted, wanted, "{} after {ask:?}", it.id);
    }

    /// What is stored is all there is: read back, it is the live state, snapshot and all.
    fn reloads(&self) {
        let stored = self.registry.records().map(|it| it.encode());
        let read = stored.map(|bytes| Record::decode(&bytes).unwrap());
        let reloaded = Registry::of(Arc::new(self.registry.settings().clone()), read);
        assert!(reloaded == self.registry, "the registry reloads");
        let snapshots = [&reloaded, &self.registry].map(|it| project(it, Generation(1)));
        assert_eq!(snapshots[0], snapshots[1], "the snapshot reloads");
    }
}

/// The state as the wire has it.
fn state(state: model::EndpointState) -> &'static str {
    use model::EndpointState as S;
    match state {
        S::PendingAcceptance => "pendingAcceptance",
        S::Pending => "pending",
        S::Available => "available",
        S::Rejected => "rejected",
        S::Expired => "expired",
        S::Failed => "failed",
        S::Deleting => "deleting",
        S::Deleted => "deleted",
    }
}

/// The reason of a refusal in the reference's terms; none if nothing asked for here may be refused
/// for it.
fn why(refusal: &Refusal) -> Option<Why> {
    Some(match refusal {
        Refusal::NotFound(_) => Why::NotFound,
        Refusal::ServiceNameNotFound(_) => Why::NoSuchServiceName,
        Refusal::ConnectionNotFound { .. } => Why::NoSuchConnection,
        Refusal::InUse { .. } => Why::InUse,
        Refusal::CidrOutsideVpc { .. } => Why::OutsideVpc,
        Refusal::CidrOverlap { .. } => Why::Overlap,
        Refusal::LoadBalancerMissing => Why::NoBalancer,
        Refusal::LoadBalancerTaken { .. } => Why::BalancerTaken,
        Refusal::LoadBalancerNotInService { .. } => Why::BalancerNotInService,
        Refusal::ConnectionsExist { .. } => Why::Connections,
        Refusal::PrivateDnsUnsupported(_) | Refusal::PrivateDnsNameMissing(_) => Why::NoPrivateName,
        Refusal::PrivateDnsUnverified(_) => Why::NotProven,
        Refusal::VpcDnsDisabled(_) => Why::DnsAttributes,
        Refusal::PrivateDnsConflict { .. } => Why::NameTaken,
        Refusal::SubnetOutsideVpc { .. } => Why::SubnetOutsideVpc,
        Refusal::SubnetsInSameZone { .. } => Why::SameZone,
        Refusal::ServiceZone { .. } => Why::ServiceNotInZone,
        Refusal::SubnetNotInEndpoint { .. } => Why::SubnetNotInEndpoint,
        Refusal::IllegalMove { .. } => Why::State,
        _ => return None,
    })
}

/// What every sequence starts with, so that there is something to ask about: of each account a VPC
/// with a subnet in each zone, and a public service whose private name is proven.
const BEGINNING: [[u8; 6]; 14] = [
    [0, 10, 0, 0, 0, 0],
    [0, 12, 0, 0, 0, 0],
    [0, 12, 0, 1, 1, 0],
    [0, 15, 6, 0, 0, 0],
    [0, 19, 0, 1, 0, 0],
    [0, 11, 0, 2, 1, 0],
    [1, 10, 0, 0, 0, 0],
    [1, 12, 0, 0, 0, 0],
    [1, 12, 0, 1, 1, 0],
    [1, 15, 6, 1, 0, 0],
    [1, 19, 1, 1, 0, 0],
    [1, 11, 0, 2, 1, 0],
    [0, 7, 0, 7, 0, 0],
    [0, 7, 1, 7, 0, 0],
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn core_and_reference_agree(
        seed: u64,
        steps in prop::collection::vec(any::<[u8; 6]>().prop_map(Step), 1..160),
    ) {
        let mut world = World::new(seed);
        for step in BEGINNING.map(Step).into_iter().chain(steps) {
            world.take(step);
        }
        world.reloads();
    }
}
