//! The steps of a connection's way up to the target groups. Each asks the function that decides
//! about real connections, or what the data plane reports of itself.

use std::{net::IpAddr, num::NonZeroU16, sync::Arc, time::Duration};

use model::{
    BindFailure, BindFailureReason, EndpointAddr, EndpointLimits, Health, InboundRule,
    InboundRules, Interface, Listener, ListenerId, LoadBalancer, LoadBalancerId, Protocol,
    Snapshot, UDP_IDLE_TIMEOUT, VpcEndpointId,
};

use super::{certificate::CertificateFacts, group::GroupFacts, listener_on};
use crate::{
    admission::{Admission, Sources},
    reason::Refusal,
    select::choose_group,
    wire::Wire,
};

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is there.
    pub found: Found,
    /// Why the connection goes no further, if so.
    pub stop: Option<Stop>,
}

impl Step {
    /// A step that a connection passes.
    pub(super) const fn of(found: Found) -> Self {
        Self { found, stop: None }
    }
}

/// What a step found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Whether the data plane listens on the address.
    Address(Binding),
    /// What the load balancer listens on.
    Listener {
        /// The listener of the port, if there is one.
        listener: Option<ListenerFacts>,
        /// The load balancer.
        load_balancer: LoadBalancerId,
        /// All its ports.
        ports: Vec<NonZeroU16>,
    },
    /// What the endpoint's security groups say.
    EndpointRules(Rules),
    /// What the load balancer's say.
    LoadBalancerRules(Rules),
    /// What the endpoint may have; told only if that is limited.
    EndpointLimits {
        /// The most.
        limits: EndpointLimits,
        /// The connections and UDP flows that it has.
        open: u64,
    },
    /// How many connections a worker may hold; how many it does hold is its own affair.
    Limit {
        /// The most.
        connections_max: usize,
    },
    /// What a TLS listener may present.
    Certificates(Vec<CertificateFacts>),
    /// How many UDP flows there may be; for one more another ends.
    FlowLimit {
        /// The most.
        flows_max: usize,
    },
    /// Whether a target group of the listener has a weight.
    Forward {
        /// The sum of the weights.
        weights: u64,
    },
    /// What one target group has for the connection.
    Group(GroupFacts),
}

/// What matters of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenerFacts {
    /// Its id.
    pub id: ListenerId,
    /// What it speaks.
    pub protocol: Protocol,
    /// How long a connection may carry nothing.
    pub idle_timeout: Duration,
}

/// Whether the data plane listens on an address, as it reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// It does.
    Bound,
    /// It could not.
    Failed(BindFailureReason),
    /// It could not listen on another address or port of the interface; this one was not told of.
    Doubtful(BindFailure),
    /// It has not tried yet.
    Untried,
}

/// What security groups say about a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rules {
    /// There are none, or they do not count here.
    Everybody,
    /// These admit it.
    Admit(Vec<InboundRule>),
    /// None does; these admit others to the port.
    AdmitOthers(Vec<InboundRule>),
}

/// Why a connection goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stop {
    /// The endpoint is neither pending nor available.
    NotServed,
    /// It has no address of the client's family where it was asked about.
    NoAddress,
    /// The address was not bound yet.
    NotBoundYet,
    /// The address could not be bound.
    NotBound,
    /// The load balancer does not listen on the port.
    NoListener,
    /// The data plane resets it.
    Refused(Refusal),
}

impl Stop {
    /// Its name: of a refusal the one that metrics and the access line have. The others are met by
    /// no connection that the data plane hears of.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotServed => "endpoint_not_served",
            Self::NoAddress => "no_address",
            Self::NotBoundYet => "not_bound_yet",
            Self::NotBound => "not_bound",
            Self::NoListener => "no_listener",
            Self::Refused(refusal) => refusal.name(),
        }
    }
}

/// A connection to one address, with all that decides about it.
pub(super) struct Way<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) health: &'a Health,
    pub(super) endpoint: VpcEndpointId,
    pub(super) interface: &'a Interface,
    pub(super) address: EndpointAddr,
    pub(super) wire: Wire,
    pub(super) client: IpAddr,
    /// Whether a target hears of the client by a PROXY header, where its group says so.
    pub(super) has_header: bool,
}

impl<'a> Way<'a> {
    /// Whether the address is listened on.
    pub(super) fn binding(&self) -> Step {
        let binding = match self.health.bindings.get(&self.endpoint) {
            None => Binding::Untried,
            Some(model::Binding::Bound) => Binding::Bound,
            Some(model::Binding::Failed(failure)) if self.is_of(failure) => {
                Binding::Failed(failure.reason)
            }
            Some(model::Binding::Failed(failure)) => {
                let lacks = self.health.unbound.contains(&self.interface.id);
                if lacks { Binding::Doubtful(*failure) } else { Binding::Bound }
            }
        };
        let stop = match binding {
            Binding::Bound | Binding::Doubtful(_) => None,
            Binding::Failed(_) => Some(Stop::NotBound),
            Binding::Untried => Some(Stop::NotBoundYet),
        };
        Step { found: Found::Address(binding), stop }
    }

    /// Whether a failure is this address's: one that the machine lacks is lacking on all ports.
    fn is_of(&self, failure: &BindFailure) -> bool {
        let is_lacking = failure.reason == BindFailureReason::AddressNotAvailable;
        failure.addr == self.address || (is_lacking && failure.addr.ip() == self.address.ip())
    }

    /// What the load balancer listens on.
    pub(super) fn listener(&self) -> (Step, Option<(&'a LoadBalancer, &'a Listener)>) {
        let id = self.interface.load_balancer;
        let balancer = self.snapshot.load_balancers.get(&id).map(Arc::as_ref);
        let listeners = balancer.map_or(&[][..], |balancer| &balancer.listeners);
        let listener = listener_on(listeners, self.address.port(), self.wire);
        let found = Found::Listener {
            listener: listener.map(|listener| ListenerFacts {
                id: listener.id,
                protocol: listener.protocol,
                idle_timeout: match self.wire {
                    Wire::Tcp => listener.idle_timeout,
                    Wire::Udp => UDP_IDLE_TIMEOUT,
                },
            }),
            load_balancer: id,
            ports: listeners.iter().map(|listener| listener.port).collect(),
        };
        let stop = listener.is_none().then_some(Stop::NoListener);
        (Step { found, stop }, balancer.zip(listener))
    }

    /// What the security groups say: the endpoint's, then the load balancer's.
    pub(super) fn rules(&self) -> [Step; 2] {
        let (protocol, port) = (self.wire.protocol(), self.address.port());
        let inbound = &self.snapshot.inbound;
        let balancer = self.interface.load_balancer;
        let table = |rules: &Arc<InboundRules>| Arc::new(Sources::of(rules, protocol, port));
        let Admission { endpoint, load_balancer } =
            Admission::of(inbound, self.endpoint, balancer, table);
        let alone = [
            Admission { endpoint, load_balancer: None },
            Admission { endpoint: None, load_balancer },
        ];
        let [by_endpoint, by_balancer] = alone.map(|it| it.decide(self.client).err());
        let at_endpoint = inbound.endpoints.get(&self.endpoint);
        let at_balancer = inbound.load_balancers.get(&balancer);
        let rules = |rules: Option<&Arc<InboundRules>>, refusal: Option<Refusal>| {
            self.facts(rules.map(Arc::as_ref), refusal, (protocol, port))
        };
        [
            Step {
                found: Found::EndpointRules(rules(at_endpoint, by_endpoint)),
                stop: by_endpoint.map(Stop::Refused),
            },
            Step {
                found: Found::LoadBalancerRules(rules(at_balancer, by_balancer)),
                stop: by_balancer.map(Stop::Refused),
            },
        ]
    }

    /// What the endpoint may have and has, if that is limited. One connection more may come again
    /// at any time in the next second, so rates stop nothing here.
    pub(super) fn limits(&self, limits: EndpointLimits, open: u64) -> Option<Step> {
        let is_full = limits.connections.is_some_and(|most| open >= u64::from(most));
        let stop = is_full.then_some(Stop::Refused(Refusal::EndpointConnections));
        (!limits.is_unlimited())
            .then_some(Step { found: Found::EndpointLimits { limits, open }, stop })
    }

    fn facts(
        &self,
        rules: Option<&InboundRules>,
        refusal: Option<Refusal>,
        (protocol, port): (Protocol, u16),
    ) -> Rules {
        let Some(rules) = rules else { return Rules::Everybody };
        let of_port = rules.rules().iter().filter(|rule| rule.covers(protocol, port)).copied();
        if refusal.is_some() {
            Rules::AdmitOthers(of_port.collect())
        } else {
            Rules::Admit(of_port.filter(|rule| rule.source.contains(&self.client)).collect())
        }
    }

    /// Whether any target group can be chosen.
    pub(super) fn forward(&self, listener: &Listener) -> Step {
        let weights = listener.forward.iter().map(|group| u64::from(group.weight)).sum();
        let is_lost = choose_group(&listener.forward, 0).is_none();
        let stop = is_lost.then_some(Stop::Refused(Refusal::NoTargetGroup));
        Step { found: Found::Forward { weights }, stop }
    }
}
