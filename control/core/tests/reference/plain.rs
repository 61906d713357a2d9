//! The reference: what AWS documents about VPCs, subnets, services, permissions, endpoints,
//! acceptance and private DNS, in plain maps, without index, events or snapshot.
//!
//! It says all the reasons there are to refuse; which of them is told is the core's to choose. Of
//! what is drawn (ids, load balancers) it takes note and checks that it may be so.

use std::collections::{BTreeMap, BTreeSet};

use control_core::resource::DomainOutcome;
use model::{LoadBalancerId, ServiceId, SubnetId, VpcEndpointId, VpcId};

use crate::ask::Ask;

/// Why something is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    NotFound,
    NoSuchServiceName,
    NoSuchConnection,
    InUse,
    OutsideVpc,
    Overlap,
    NoBalancer,
    BalancerTaken,
    BalancerNotInService,
    Connections,
    NoPrivateName,
    NotProven,
    DnsAttributes,
    NameTaken,
    SubnetOutsideVpc,
    SameZone,
    ServiceNotInZone,
    SubnetNotInEndpoint,
    State,
}

/// A state of an endpoint, as the wire has it.
pub(crate) type State = &'static str;

#[derive(Clone, Debug)]
pub(crate) struct Vpc {
    pub(crate) owner: u8,
    pub(crate) support: bool,
    pub(crate) hostnames: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Subnet {
    pub(crate) owner: u8,
    pub(crate) vpc: VpcId,
    pub(crate) network: u8,
    pub(crate) zone: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Balancer {
    pub(crate) owner: u8,
    pub(crate) zones: BTreeSet<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) owner: u8,
    pub(crate) acceptance: bool,
    pub(crate) balancers: BTreeSet<LoadBalancerId>,
    /// The private name and where its proof stands.
    pub(crate) name: Option<(usize, State)>,
    pub(crate) admitted: BTreeSet<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) owner: u8,
    pub(crate) vpc: VpcId,
    pub(crate) service: ServiceId,
    pub(crate) state: State,
    /// Whether it is pending for a change alone: what was served before still is.
    pub(crate) served: bool,
    /// Seconds at which the state ends by itself.
    pub(crate) ends: Option<u64>,
    pub(crate) private: Option<usize>,
    /// The load balancer of each subnet's interface.
    pub(crate) interfaces: BTreeMap<SubnetId, LoadBalancerId>,
}

/// Everything there is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plain {
    pub(crate) seconds: u64,
    pub(crate) vpcs: BTreeMap<VpcId, Vpc>,
    pub(crate) subnets: BTreeMap<SubnetId, Subnet>,
    pub(crate) balancers: BTreeMap<LoadBalancerId, Balancer>,
    pub(crate) services: BTreeMap<ServiceId, Service>,
    pub(crate) endpoints: BTreeMap<VpcEndpointId, Endpoint>,
}

const WEEK: u64 = 7 * 24 * 3600;
const HOUR: u64 = 3600;
/// How long a deletion waits for the data plane.
const RELEASE: u64 = 5;

/// Where an event leads (the table of states); none where it is refused or passed over.
pub(crate) fn after(state: State, event: &str) -> Option<State> {
    match (state, event) {
        ("pendingAcceptance" | "rejected", "accept") | ("pending" | "available", "modify") => {
            Some("pending")
        }
        ("pendingAcceptance" | "pending" | "available", "reject") => Some("rejected"),
        ("pendingAcceptance", "modify") => Some("pendingAcceptance"),
        ("pendingAcceptance", "expire") => Some("expired"),
        ("pending", "bind" | "bindpartly") | ("available", "bind") => Some("available"),
        ("pending", "fail") => Some("failed"),
        ("deleting" | "deleted", "delete") => None,
        (_, "delete") => Some("deleting"),
        ("deleting", "release") => Some("deleted"),
        _ => None,
    }
}

impl Plain {
    /// Does what was asked of things that exist. What is made is noted by the caller, with its id.
    pub(crate) fn change(&mut self, ask: &Ask) {
        match ask.clone() {
            Ask::SetHostnames { vpc, on } => self.vpcs.get_mut(&vpc).unwrap().hostnames = on,
            Ask::SetSupport { vpc, on } => self.vpcs.get_mut(&vpc).unwrap().support = on,
            Ask::DeleteVpc { vpc } => drop(self.vpcs.remove(&vpc)),
            Ask::DeleteSubnet { subnet } => drop(self.subnets.remove(&subnet)),
            Ask::SetAcceptance { service, on } => self.service(service).acceptance = on,
            Ask::SetName { service, name } => {
                let it = self.service(service);
                if it.name.map(|(name, _)| name) != name {
                    it.name = name.map(|name| (name, "pendingVerification"));
                }
            }
            Ask::SetBalancers { service, add, remove } => {
                let it = self.service(service);
                it.balancers = &(&it.balancers - &remove) | &add;
            }
            Ask::StartVerification { service } => self.prove(service, |proof| match proof {
                "failed" => "pendingVerification",
                proof => proof,
            }),
            Ask::DeleteService { service } => drop(self.services.remove(&service)),
            Ask::Permit { service, add, remove } => {
                let it = self.service(service);
                it.admitted = &(&it.admitted - &remove) | &add;
            }
            Ask::ModifyEndpoint { endpoint, add, remove, private } => {
                self.modify(endpoint, &add, &remove, private);
            }
            Ask::DeleteEndpoint { endpoint } => self.happen(endpoint, "delete"),
            Ask::Accept { endpoint, .. } => self.accept(endpoint),
            Ask::Reject { endpoint, .. } => self.happen(endpoint, "reject"),
            Ask::Bound { endpoint } => self.happen(endpoint, "bind"),
            Ask::NotBound { endpoint } => {
                let served = self.endpoints.get(&endpoint).is_some_and(|it| it.served);
                self.happen(endpoint, if served { "bindpartly" } else { "fail" });
            }
            Ask::Released { endpoint } => self.happen(endpoint, "release"),
            Ask::LookedUp { service, outcome, .. } => self.prove(service, |proof| match outcome {
                DomainOutcome::Found => "verified",
                DomainOutcome::Missing | DomainOutcome::Different => "failed",
                DomainOutcome::Unanswered | DomainOutcome::NoResolver => proof,
            }),
            Ask::Passed { seconds } => self.pass(seconds),
            Ask::CreateVpc
            | Ask::CreateSubnet { .. }
            | Ask::CreateService { .. }
            | Ask::CreateEndpoint { .. } => {}
        }
    }

    /// The first state of an endpoint of a service, and when it ends by itself.
    pub(crate) fn first_state(&self, service: ServiceId) -> (State, Option<u64>) {
        if self.services[&service].acceptance {
            ("pendingAcceptance", Some(self.seconds + WEEK))
        } else {
            ("pending", None)
        }
    }

    fn service(&mut self, id: ServiceId) -> &mut Service {
        self.services.get_mut(&id).unwrap()
    }

    fn prove(&mut self, service: ServiceId, next: impl Fn(State) -> State) {
        if let Some((_, proof)) = self.services.get_mut(&service).and_then(|it| it.name.as_mut()) {
            *proof = next(proof);
        }
    }

    fn modify(
        &mut self,
        endpoint: VpcEndpointId,
        add: &BTreeSet<SubnetId>,
        remove: &BTreeSet<SubnetId>,
        private: Option<bool>,
    ) {
        let service = self.endpoints[&endpoint].service;
        let name = self.services[&service].name.map(|(name, _)| name);
        let it = self.endpoints.get_mut(&endpoint).unwrap();
        let was = it.private;
        it.private = match private {
            Some(true) if was.is_none() => name,
            Some(false) => None,
            Some(true) | None => was,
        };
        it.interfaces.retain(|subnet, _| !remove.contains(subnet));
        let adds = add.iter().any(|subnet| !it.interfaces.contains_key(subnet));
        if adds || !remove.is_empty() || it.private != was {
            self.happen(endpoint, "modify");
        }
    }

    fn accept(&mut self, endpoint: VpcEndpointId) {
        let service = self.services[&self.endpoints[&endpoint].service].clone();
        let it = self.endpoints.get_mut(&endpoint).unwrap();
        it.interfaces.retain(|_, lb| service.balancers.contains(lb));
        self.happen(endpoint, "accept");
    }

    fn happen(&mut self, endpoint: VpcEndpointId, event: &str) {
        let now = self.seconds;
        let Some(it) = self.endpoints.get_mut(&endpoint) else { return };
        let Some(state) = after(it.state, event) else { return };
        it.ends = match state {
            "pendingAcceptance" => it.ends,
            "deleting" => Some(now + RELEASE),
            "deleted" => Some(now + HOUR),
            _ => None,
        };
        it.served = event == "modify" && (it.served || it.state == "available");
        it.state = state;
    }

    fn pass(&mut self, seconds: u64) {
        self.seconds += seconds;
        let now = self.seconds;
        let due = self.endpoints.iter().filter(|(_, it)| it.ends.is_some_and(|at| at <= now));
        let due: Vec<(VpcEndpointId, State)> = due.map(|(id, it)| (*id, it.state)).collect();
        for (id, state) in due {
            match state {
                "pendingAcceptance" => self.happen(id, "expire"),
                "deleting" => self.happen(id, "release"),
                _ => drop(self.endpoints.remove(&id)),
            }
        }
    }
}
