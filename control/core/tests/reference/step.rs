//! One step of a random sequence: numbers that choose who asks for what, most often of something
//! that exists.

use std::collections::{BTreeMap, BTreeSet};

use control_core::{
    Registry,
    resource::{DomainOutcome, DomainToken},
};
use model::{LoadBalancerId, ServiceId, SubnetId, VpcEndpointId, VpcId};

use crate::{
    ask::{Ask, NAMES, PRINCIPALS, Who},
    plain::Plain,
};

/// Who, what, and four choices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step(pub(crate) [u8; 6]);

impl Step {
    /// What the step means as things are.
    pub(crate) fn resolve(self, plain: &Plain, registry: &Registry) -> (Who, Ask) {
        let [who, what, n @ ..] = self.0;
        let who = [Who::A, Who::B, Who::B, Who::Ann][usize::from(who) % 4];
        let mut around = Around { plain, who, n };
        if n[3].is_multiple_of(8) {
            // Whoever it is.
        } else if (29..=32).contains(&(what % 40)) {
            around.who = around.consumer();
        } else if (33..40).contains(&(what % 40)) {
            around.who = around.provider(around.connection().0);
        } else if (15..=20).contains(&(what % 40)) {
            around.who = around.provider(around.service(0));
        }
        let ask = match what % 40 {
            0..=9 => around.happens(registry),
            // Few, so that things meet in them.
            10 if around.plain.vpcs.len() < 4 => Ask::CreateVpc,
            10 => Ask::SetHostnames { vpc: around.vpc(0), on: true },
            11 => around.vpc_changes(),
            12..=13 => Ask::CreateSubnet {
                vpc: around.vpc(0),
                network: [0, 1, 2, 3, 9][usize::from(n[1]) % 5],
                zone: usize::from(n[2] % 2),
            },
            14 => Ask::DeleteSubnet { subnet: around.subnet(0) },
            15 => Ask::CreateService {
                balancers: around.balancers(n[0]),
                acceptance: n[1].is_multiple_of(2),
                name: around.name(),
            },
            16..=18 => around.service_changes(),
            19..=20 => Ask::Permit {
                service: around.service(0),
                add: around.some(PRINCIPALS.len(), n[1]),
                remove: around.some(PRINCIPALS.len(), n[2] & n[3]),
            },
            21..=28 => Ask::CreateEndpoint {
                vpc: around.vpc(0),
                service: around.service(1),
                subnets: around.placed(n[2]),
                private: n[3] < 96,
            },
            29..=31 => Ask::ModifyEndpoint {
                endpoint: around.endpoint(),
                add: around.subnets(n[1] & n[2]),
                remove: around.subnets(n[2] & n[3]),
                private: [None, None, Some(true), Some(false)][usize::from(n[3]) % 4],
            },
            32 => Ask::DeleteEndpoint { endpoint: around.endpoint() },
            33..=36 => {
                let (service, endpoint) = around.connection();
                Ask::Accept { service, endpoint }
            }
            _ => {
                let (service, endpoint) = around.connection();
                Ask::Reject { service, endpoint }
            }
        };
        (around.who, ask)
    }
}

struct Around<'a> {
    plain: &'a Plain,
    who: Who,
    n: [u8; 4],
}

impl Around<'_> {
    /// What nobody asks for.
    fn happens(&self, registry: &Registry) -> Ask {
        let endpoint = self.endpoint();
        match self.n[1] % 10 {
            0..=3 => Ask::Bound { endpoint },
            4 => Ask::NotBound { endpoint },
            5..=6 => Ask::Released { endpoint },
            7..=8 => {
                let service = self.service(0);
                let private = registry.service(service).and_then(|it| it.private_dns.as_ref());
                let token =
                    private.map_or_else(|| DomainToken::from_bits(0), |it| it.token.clone());
                let outcomes = [DomainOutcome::Found, DomainOutcome::Found, DomainOutcome::Missing];
                let outcomes = [&outcomes[..], &DomainOutcome::ALL].concat();
                let outcome = outcomes[usize::from(self.n[2]) % outcomes.len()];
                Ask::LookedUp { service, outcome, token }
            }
            _ => {
                let seconds = [1, 6, 3601, 86_400, 604_801][usize::from(self.n[2]) % 5];
                Ask::Passed { seconds }
            }
        }
    }

    fn vpc_changes(&self) -> Ask {
        let (vpc, on) = (self.vpc(0), !self.n[2].is_multiple_of(4));
        match self.n[1] % 8 {
            0 => Ask::DeleteVpc { vpc },
            1 => Ask::SetSupport { vpc, on },
            _ => Ask::SetHostnames { vpc, on },
        }
    }

    fn service_changes(&self) -> Ask {
        let service = self.service(0);
        match self.n[1] % 8 {
            0 => Ask::SetAcceptance { service, on: self.n[2].is_multiple_of(2) },
            1..=2 => Ask::SetName { service, name: self.name() },
            3 => Ask::StartVerification { service },
            4 => Ask::DeleteService { service },
            _ => Ask::SetBalancers {
                service,
                add: self.balancers(self.n[2]),
                remove: self.balancers(self.n[3]),
            },
        }
    }

    fn vpc(&self, at: usize) -> VpcId {
        // Most often one's own.
        let own = self.plain.vpcs.iter().filter(|(_, it)| it.owner == self.who.account());
        let own: Vec<_> = own.map(|(id, _)| *id).collect();
        let all = self.plain.vpcs.keys().copied().collect();
        let from = if self.n[at] < 240 && !own.is_empty() { own } else { all };
        self.nth(&from, at).unwrap_or(VpcId::from_bits(0))
    }

    fn service(&self, at: usize) -> ServiceId {
        let all: Vec<_> = self.plain.services.keys().copied().collect();
        self.nth(&all, at).unwrap_or(ServiceId::from_bits(0))
    }

    fn endpoint(&self) -> VpcEndpointId {
        let all: Vec<_> = self.plain.endpoints.keys().copied().collect();
        self.nth(&all, 0).unwrap_or(VpcEndpointId::from_bits(0))
    }

    /// An endpoint with its service, or now and then another.
    fn connection(&self) -> (ServiceId, VpcEndpointId) {
        let endpoint = self.endpoint();
        let own = self.plain.endpoints.get(&endpoint).map(|it| it.service);
        (own.filter(|_| self.n[1] < 240).unwrap_or_else(|| self.service(1)), endpoint)
    }

    fn subnet(&self, at: usize) -> SubnetId {
        let all: Vec<_> = self.plain.subnets.keys().copied().collect();
        self.nth(&all, at).unwrap_or(SubnetId::from_bits(0))
    }

    /// Some subnets, most often of the VPC that the step is about.
    fn subnets(&self, bits: u8) -> BTreeSet<SubnetId> {
        let endpoint = self.plain.endpoints.get(&self.endpoint()).map(|it| it.vpc);
        let vpcs = [Some(self.vpc(0)), endpoint];
        let all = self.plain.subnets.iter();
        let near = all.filter(|(_, it)| bits >= 240 || vpcs.contains(&Some(it.vpc)));
        let near: Vec<SubnetId> = near.map(|(id, _)| *id).collect();
        self.some(near.len(), bits).into_iter().map(|at| near[at]).collect()
    }

    /// Subnets as they should be chosen, one a zone, but now and then some.
    fn placed(&self, bits: u8) -> BTreeSet<SubnetId> {
        if bits.is_multiple_of(8) {
            return self.subnets(bits);
        }
        let mut subnets = BTreeMap::new();
        let vpc = self.vpc(0);
        for (id, it) in self.plain.subnets.iter().filter(|(_, it)| it.vpc == vpc) {
            if bits >> (it.zone + 1) & 1 == 1 {
                subnets.insert(it.zone, *id);
            }
        }
        subnets.into_values().collect()
    }

    /// Whose the endpoint is.
    fn consumer(&self) -> Who {
        let owner = self.plain.endpoints.get(&self.endpoint()).map(|it| it.owner);
        owner.map_or(self.who, |owner| [Who::A, Who::B][usize::from(owner)])
    }

    /// Whose a service is.
    fn provider(&self, service: ServiceId) -> Who {
        let owner = self.plain.services.get(&service).map(|it| it.owner);
        owner.map_or(self.who, |owner| [Who::A, Who::B][usize::from(owner)])
    }

    /// Some load balancers, most often one's own.
    fn balancers(&self, bits: u8) -> BTreeSet<LoadBalancerId> {
        let all = self.plain.balancers.iter();
        let own = all.filter(|(_, it)| bits >= 248 || it.owner == self.who.account());
        let own: Vec<LoadBalancerId> = own.map(|(id, _)| *id).collect();
        self.some(own.len(), bits).into_iter().map(|at| own[at]).collect()
    }

    fn name(&self) -> Option<usize> {
        let at = usize::from(self.n[2]) % (NAMES.len() + 1);
        (at < NAMES.len()).then_some(at)
    }

    /// The numbers below a count whose bits are set.
    fn some(&self, count: usize, bits: u8) -> BTreeSet<usize> {
        (0..count.min(8)).filter(|at| bits >> at & 1 == 1).collect()
    }

    fn nth<T: Copy>(&self, from: &[T], at: usize) -> Option<T> {
        from.get(usize::from(self.n[at]) % from.len().max(1)).copied()
    }
}
