//! What would become of a connection: each step on its way, and at which it would stop.
//!
//! Walks the way of a connection with the functions that decide about real ones ([`admission`],
//! [`select`]), for every address and port that is asked about. What it finds after the first stop
//! is told as well, so that everything in the way is known at once. For people who ask, so it may
//! allocate and look at everything. Words nothing, and does not know why an endpoint is not served.
//!
//! [`admission`]: crate::admission
//! [`select`]: crate::select

mod certificate;
mod group;
mod step;

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use model::{
    Endpoint, EndpointAddr, Generation, Health, Interface, InterfaceId, Listener, LoadBalancerId,
    Snapshot, VpcEndpointId, ZoneId,
};

pub use self::{
    certificate::CertificateFacts,
    group::{GroupFacts, TargetFacts, Use},
    step::{Binding, Found, ListenerFacts, Rules, Step, Stop},
};
use self::{group::groups, step::Way};
use crate::{select::Routing, wire::Wire};

/// A connection that is to be explained.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The endpoint.
    pub endpoint: VpcEndpointId,
    /// Where at it.
    pub place: Place,
    /// Who connects; none is a program on this machine.
    pub client: Option<IpAddr>,
    /// The port that is dialled; none is every one that the load balancer listens on.
    pub port: Option<u16>,
    /// How many connections a worker may hold at the same time.
    pub connections_max: usize,
    /// How many connections and UDP flows the endpoint has open.
    pub open: u64,
    /// The certificates of TLS listeners that are loaded.
    pub certificates: BTreeSet<Arc<str>>,
    /// How UDP is served.
    pub udp: Datagrams,
}

/// How a data plane serves UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagrams {
    /// How many flows it holds at the same time.
    pub flows_max: usize,
    /// Whether any datagram carries a PROXY header.
    pub has_header: bool,
}

/// Which of an endpoint's addresses are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// All of them.
    #[default]
    Anywhere,
    /// Those of a zone.
    Zone(ZoneId),
    /// This one.
    Address(IpAddr),
}

/// What would become of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The snapshot that it is explained by.
    pub generation: Generation,
    /// The snapshot that the data plane had wholly taken: an older one means that what is explained
    /// is about to be, and not yet what is.
    pub served: Generation,
    /// The endpoint, if it is served.
    pub endpoint: Option<Arc<Endpoint>>,
    /// Why there is nothing to dial, if so.
    pub stop: Option<Stop>,
    /// One per address and port.
    pub paths: Vec<Path>,
}

/// What would become of a connection to one address and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The interface.
    pub interface: InterfaceId,
    /// Its zone.
    pub zone: ZoneId,
    /// Its load balancer.
    pub load_balancer: LoadBalancerId,
    /// What is dialled; port 0 if none was asked about and none is listened on.
    pub address: EndpointAddr,
    /// Over which transport.
    pub wire: Wire,
    /// Who connects.
    pub client: IpAddr,
    /// The way, step by step.
    pub steps: Vec<Step>,
}

/// How a connection ends its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A target takes it.
    Passes(Routing),
    /// It stops here.
    Stops(Stop),
    /// By chance: some target groups lack targets, with this much of the weight.
    Depends {
        /// Why those that stop do.
        stop: Stop,
        /// The weight of the groups without targets.
        weight: u64,
        /// The weight of all groups.
        of: u64,
    },
}

impl Path {
    /// How it ends.
    pub fn verdict(&self) -> Verdict {
        let is_group = |step: &&Step| matches!(step.found, Found::Group(_));
        let before = self.steps.iter().filter(|step| !is_group(step)).find_map(|step| step.stop);
        if let Some(stop) = before {
            return Verdict::Stops(stop);
        }
        let (mut of, mut lacking, mut stop, mut routing) = (0, 0, None, Routing::Healthy);
        for step in &self.steps {
            let Found::Group(group) = &step.found else { continue };
            if group.weight == 0 {
                continue;
            }
            of += u64::from(group.weight);
            if let Some(found) = step.stop {
                lacking += u64::from(group.weight);
                stop = Some(found);
            } else if group.routing == Routing::FailOpen {
                routing = Routing::FailOpen;
            }
        }
        match stop {
            None => Verdict::Passes(routing),
            Some(stop) if lacking == of => Verdict::Stops(stop),
            Some(stop) => Verdict::Depends { stop, weight: lacking, of },
        }
    }

    /// Everything in the way, in the order in which a connection would meet it.
    pub fn stops(&self) -> impl Iterator<Item = Stop> + '_ {
        self.steps.iter().filter_map(|step| step.stop)
    }
}

/// Explains what would become of a connection.
pub fn explain(snapshot: &Snapshot, health: &Health, asked: &Asked) -> Explanation {
    let mut explanation = Explanation {
        generation: snapshot.generation,
        served: health.generation,
        endpoint: snapshot.endpoints.get(&asked.endpoint).map(Arc::clone),
        stop: None,
        paths: Vec::new(),
    };
    let Some(endpoint) = snapshot.endpoints.get(&asked.endpoint) else {
        explanation.stop = Some(Stop::NotServed);
        return explanation;
    };
    for interface in &endpoint.interfaces {
        for address in interface.addresses().filter(|it| is_meant(asked, interface, *it)) {
            let path = |(port, wire)| {
                path((snapshot, health), asked, endpoint, interface, (address, port, wire))
            };
            explanation.paths.extend(ports(snapshot, asked, interface).into_iter().map(path));
        }
    }
    if explanation.paths.is_empty() {
        explanation.stop = Some(Stop::NoAddress);
    }
    explanation
}

/// Whether a connection to this address is asked about: clients dial addresses of their family.
fn is_meant(asked: &Asked, interface: &Interface, address: IpAddr) -> bool {
    let is_there = match &asked.place {
        Place::Anywhere => true,
        Place::Zone(zone) => interface.zone == *zone,
        Place::Address(meant) => meant.to_canonical() == address,
    };
    let client = asked.client.map(|client| client.to_canonical());
    is_there && client.is_none_or(|client| client.is_ipv4() == address.is_ipv4())
}

/// The ports asked about, each with the wires that it is listened on; TCP port 0 if there is none,
/// and TCP if there is no listener.
fn ports(snapshot: &Snapshot, asked: &Asked, interface: &Interface) -> Vec<(u16, Wire)> {
    let listeners = snapshot.load_balancers.get(&interface.load_balancer);
    let listeners = listeners.into_iter().flat_map(|balancer| &balancer.listeners);
    let is_asked = |it: &&Listener| asked.port.is_none_or(|port| it.port.get() == port);
    let wires = |it: &Listener| {
        let port = it.port.get();
        Wire::of(it.protocol).map(move |wire| (port, wire))
    };
    let ports: Vec<_> = listeners.filter(is_asked).flat_map(wires).collect();
    if ports.is_empty() { vec![(asked.port.unwrap_or(0), Wire::Tcp)] } else { ports }
}

fn path(
    (snapshot, health): (&Snapshot, &Health),
    asked: &Asked,
    endpoint: &Endpoint,
    interface: &Interface,
    (address, port, wire): (IpAddr, u16, Wire),
) -> Path {
    let client = asked.client.map_or_else(|| this_machine(address), |client| client.to_canonical());
    let address = EndpointAddr((address, port).into());
    let has_header = wire == Wire::Tcp || asked.udp.has_header;
    let way = Way {
        snapshot,
        health,
        endpoint: endpoint.id,
        interface,
        address,
        wire,
        client,
        has_header,
    };
    let mut steps = vec![way.binding()];
    let (step, listener) = way.listener();
    steps.push(step);
    if let Some((balancer, listener)) = listener {
        steps.extend(way.rules());
        steps.extend(way.limits(endpoint.limits, asked.open));
        steps.push(Step::of(match wire {
            Wire::Tcp => Found::Limit { connections_max: asked.connections_max },
            Wire::Udp => Found::FlowLimit { flows_max: asked.udp.flows_max },
        }));
        steps.extend(certificate::certificates(listener, &asked.certificates));
        steps.push(way.forward(listener));
        steps.extend(groups(&way, balancer, listener));
    }
    Path {
        interface: interface.id,
        zone: interface.zone.clone(),
        load_balancer: interface.load_balancer,
        address,
        wire,
        client,
        steps,
    }
}

/// As whom a program on this machine dials one of its addresses: Linux has it come from the address
/// itself, but for the loopback network, where it comes from the first address.
fn this_machine(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(ip) if ip.is_loopback() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_loopback() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

/// Finds the listener that a port of a wire belongs to.
fn listener_on(listeners: &[Listener], port: u16, wire: Wire) -> Option<&Listener> {
    let is_on =
        |it: &&Listener| it.port.get() == port && Wire::of(it.protocol).any(|on| on == wire);
    listeners.iter().find(is_on)
}

#[cfg(test)]
mod tests;
