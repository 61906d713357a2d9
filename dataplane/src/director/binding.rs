//! Bindings: which endpoint addresses are listened on, which could not be bound, and why.
//!
//! A snapshot is taken in two steps: [`Bindings::close`] lets go of what is gone,
//! [`Bindings::open`] binds what is new, so that an address can pass from one endpoint to another
//! in one snapshot. Only endpoints that differ are looked at. Does not know what happens on a
//! listener.

mod admission;
mod limit;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use dataplane_core::{admission::Admission, proxy_header::Template, wire::Wire};
use model::{
    BindFailure, BindFailureReason, Binding, Endpoint, EndpointAddr, Interface, InterfaceId,
    ListenerId, LoadBalancer, LoadBalancerId, Snapshot, VpcEndpointId,
};
use socket2::Socket;

use admission::Admissions;

use super::{
    forward::{ForwardId, Forwards, changed},
    key::Keys,
};
use crate::{
    Config,
    limit::Limits,
    listener,
    metrics::InterfaceMetrics,
    route::{self, Change, Key},
    udp,
};

/// An endpoint as it is served.
#[derive(Debug)]
struct Served {
    endpoint: Arc<Endpoint>,
    limits: Option<Arc<Limits>>,
    interfaces: Vec<ServedInterface>,
}

#[derive(Debug)]
struct ServedInterface {
    described: Interface,
    route: Arc<route::Interface>,
    addresses: BTreeMap<Spot, Address>,
}

/// An address and port on one wire: what one socket per worker is bound to.
type Spot = (EndpointAddr, Wire);

#[derive(Debug)]
enum Address {
    /// Its load balancer has no listener: only the address itself was tried.
    Tried,
    Listening {
        key: Key,
        forward: ForwardId,
    },
    Failed(BindFailureReason),
}

/// What [`Bindings::open`] did.
#[derive(Debug, Default)]
pub(super) struct OpenedAll {
    pub(super) listeners: Vec<Opened>,
    pub(super) moves: Vec<Change>,
}

/// A new listener, with one socket per worker.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) key: Key,
    pub(super) wire: Wire,
    pub(super) addr: EndpointAddr,
    pub(super) interface: Arc<route::Interface>,
    pub(super) forward: Key,
    pub(super) admission: Admission,
    pub(super) limits: Option<Arc<Limits>>,
    pub(super) sockets: Vec<Socket>,
}

/// All endpoints' addresses.
#[derive(Debug)]
pub(super) struct Bindings {
    config: Config,
    served: BTreeMap<VpcEndpointId, Served>,
    report: BTreeMap<VpcEndpointId, Binding>,
    /// To be looked at by [`Bindings::open`].
    unopened: BTreeSet<VpcEndpointId>,
    /// Those that lack addresses, and whose interfaces do.
    unbound: BTreeMap<VpcEndpointId, Vec<InterfaceId>>,
    interfaces: Keys,
    listeners: Keys,
}

impl Bindings {
    pub(super) fn new(config: Config) -> Self {
        Self {
            config,
            served: BTreeMap::new(),
            report: BTreeMap::new(),
            unopened: BTreeSet::new(),
            unbound: BTreeMap::new(),
            interfaces: Keys::default(),
            listeners: Keys::default(),
        }
    }

    /// Whether each endpoint's addresses are bound, as others see it.
    pub(super) fn report(&self) -> &BTreeMap<VpcEndpointId, Binding> {
        &self.report
    }

    /// The interfaces of which an address is not bound.
    pub(super) fn unbound(&self) -> BTreeSet<InterfaceId> {
        self.unbound.values().flatten().copied().collect()
    }

    /// How many listeners there are, and how many endpoints are not wholly bound.
    pub(super) fn count(&self) -> (usize, usize) {
        (self.listeners.count(), self.unbound.len())
    }

    pub(super) fn has_unbound(&self) -> bool {
        !self.unbound.is_empty()
    }

    pub(super) fn has_unopened(&self) -> bool {
        !self.unopened.is_empty()
    }

    /// Has the next [`Bindings::open`] try the unbound ones again.
    pub(super) fn retry_unbound(&mut self) {
        self.unopened.extend(self.unbound.keys());
    }

    /// Lets go of what the snapshot no longer has.
    pub(super) fn close(
        &mut self,
        before: Option<&Snapshot>,
        snapshot: &Snapshot,
        forwards: &mut Forwards,
    ) -> Vec<Change> {
        let balancers = before.map_or_else(BTreeSet::new, |before| moved(before, snapshot));
        let mut differing: Vec<VpcEndpointId> = Vec::new();
        let mut served = self.served.iter().peekable();
        for (id, endpoint) in &snapshot.endpoints {
            while let Some((gone, _)) = served.next_if(|(known, _)| *known < id) {
                differing.push(*gone);
            }
            let known = served.next_if(|(known, _)| *known == id);
            let is_same = known.is_some_and(|(_, known)| Arc::ptr_eq(&known.endpoint, endpoint));
            let uses = |balancer| endpoint.interfaces.iter().any(|i| i.load_balancer == balancer);
            if !is_same || balancers.iter().any(|balancer| uses(*balancer)) {
                differing.push(*id);
            }
        }
        differing.extend(served.map(|(gone, _)| *gone));
        let mut changes = Vec::new();
        for id in differing {
            self.close_one(id, snapshot, forwards, &mut changes);
        }
        changes
    }

    fn close_one(
        &mut self,
        id: VpcEndpointId,
        snapshot: &Snapshot,
        forwards: &mut Forwards,
        changes: &mut Vec<Change>,
    ) {
        let wanted = snapshot.endpoints.get(&id);
        let known = self.served.remove(&id);
        let mut kept = Vec::new();
        let limits = known.as_ref().and_then(|known| known.limits.clone());
        for mut interface in known.into_iter().flat_map(|known| known.interfaces) {
            let stays = wanted.and_then(|endpoint| {
                let same = |other: &&Interface| is_same_place(other, &interface.described);
                let found = endpoint.interfaces.iter().find(same)?;
                let is_same = endpoint.owner == interface.route.owner
                    && endpoint.service == interface.route.service;
                is_same.then_some(found)
            });
            let addresses =
                stays.map_or_else(BTreeMap::new, |described| wanted_addresses(described, snapshot));
            let gone = interface.addresses.extract_if(.., |spot, _| !addresses.contains_key(spot));
            for (_, address) in gone {
                if let Address::Listening { key, forward } = address {
                    self.listeners.put_back(key);
                    forwards.release(&forward);
                    changes.push(Change::RemoveListener(key));
                }
            }
            if let Some(described) = stays {
                interface.described.clone_from(described);
                kept.push(interface);
            } else {
                self.interfaces.put_back(interface.route.key);
                changes.push(Change::RemoveInterface(interface.route.key));
            }
        }
        match wanted {
            Some(endpoint) => {
                let endpoint = Arc::clone(endpoint);
                self.served.insert(id, Served { endpoint, limits, interfaces: kept });
                self.unopened.insert(id);
            }
            None => {
                self.report.remove(&id);
                self.unbound.remove(&id);
                self.unopened.remove(&id);
            }
        }
    }

    /// Binds what is not bound yet, and moves listeners to the forwards they now belong to.
    pub(super) fn open(&mut self, snapshot: &Snapshot, forwards: &mut Forwards) -> OpenedAll {
        let mut opened = OpenedAll::default();
        let mut admissions = Admissions::new(snapshot);
        for id in std::mem::take(&mut self.unopened) {
            let Some(mut served) = self.served.remove(&id) else { continue };
            self.add_interfaces(&mut served);
            opened.moves.extend(limit::follow(&mut served));
            for interface in &mut served.interfaces {
                let first = opened.listeners.len();
                for wanted in wanted_addresses(&interface.described, snapshot) {
                    self.open_address(interface, wanted, &mut admissions, forwards, &mut opened);
                }
                for listener in &mut opened.listeners[first..] {
                    listener.limits.clone_from(&served.limits);
                }
            }
            self.note_binding(id, &served);
            self.served.insert(id, served);
        }
        opened
    }

    fn add_interfaces(&mut self, served: &mut Served) {
        let endpoint = &served.endpoint;
        for interface in &endpoint.interfaces {
            if served.interfaces.iter().any(|known| known.described.id == interface.id) {
                continue;
            }
            let route = route::Interface {
                key: self.interfaces.take(),
                endpoint: endpoint.id,
                owner: endpoint.owner.clone(),
                service: endpoint.service,
                zone: interface.zone.clone(),
                header: Template::new(endpoint.id, self.config.header_padding),
                metrics: InterfaceMetrics::new(endpoint.id, endpoint.service, &interface.zone),
            };
            served.interfaces.push(ServedInterface {
                described: interface.clone(),
                route: Arc::new(route),
                addresses: BTreeMap::new(),
            });
        }
    }

    fn open_address(
        &mut self,
        interface: &mut ServedInterface,
        (spot, listener): (Spot, Option<ListenerId>),
        admissions: &mut Admissions<'_>,
        forwards: &mut Forwards,
        opened: &mut OpenedAll,
    ) {
        let forward = listener.map(|listener| ForwardId {
            load_balancer: interface.described.load_balancer,
            listener,
            zone: interface.described.zone.clone(),
        });
        match (interface.addresses.get_mut(&spot), &forward) {
            (Some(Address::Tried), _) => return,
            (Some(Address::Listening { forward: known, key }), Some(forward)) => {
                if known != forward {
                    let to = forwards.acquire(forward.clone());
                    forwards.release(known);
                    known.clone_from(forward);
                    opened.moves.push(Change::MoveListener(*key, to));
                }
                return;
            }
            (Some(Address::Listening { .. } | Address::Failed(_)) | None, _) => {}
        }
        let sockets = bind(spot, forward.is_some(), &self.config);
        let address = match (sockets, forward) {
            (Err(reason), _) => Address::Failed(reason),
            (Ok(_), None) => Address::Tried,
            (Ok(sockets), Some(id)) => {
                let (key, forward) = (self.listeners.take(), forwards.acquire(id.clone()));
                let (endpoint, described) = (interface.route.endpoint, &interface.described);
                let admission = admissions.of(endpoint, described, spot);
                let (interface, (addr, wire)) = (Arc::clone(&interface.route), spot);
                let limits = None;
                let new =
                    Opened { key, wire, addr, interface, forward, admission, limits, sockets };
                opened.listeners.push(new);
                Address::Listening { key, forward: id }
            }
        };
        interface.addresses.insert(spot, address);
    }

    fn note_binding(&mut self, id: VpcEndpointId, served: &Served) {
        let mut addresses = served.interfaces.iter().flat_map(|interface| &interface.addresses);
        let failure = addresses.find_map(|((addr, _), address)| match address {
            Address::Failed(reason) => Some(BindFailure { addr: *addr, reason: *reason }),
            Address::Tried | Address::Listening { .. } => None,
        });
        let binding = failure.map_or(Binding::Bound, Binding::Failed);
        let lacks = |it: &&ServedInterface| {
            it.addresses.values().any(|address| matches!(address, Address::Failed(_)))
        };
        let lacking = served.interfaces.iter().filter(lacks).map(|it| it.described.id);
        let lacking: Vec<_> = lacking.collect();
        if lacking.is_empty() {
            self.unbound.remove(&id);
        } else {
            self.unbound.insert(id, lacking);
        }
        if self.report.get(&id) != Some(&binding) {
            if let Binding::Failed(failure) = &binding {
                tracing::warn!(endpoint = %id, %failure, "bind an endpoint; tried again");
            }
            self.report.insert(id, binding);
        }
    }
}

/// Binds an address, and listens on it; or only tries the address itself, by claiming it.
fn bind(
    (addr, wire): Spot,
    is_listened_on: bool,
    config: &Config,
) -> Result<Vec<Socket>, BindFailureReason> {
    match (wire, is_listened_on) {
        (Wire::Tcp, false) => listener::claim(addr, config).map(|()| Vec::new()),
        (Wire::Tcp, true) => {
            listener::claim(addr, config).and_then(|()| listener::listen(addr, config))
        }
        (Wire::Udp, false) => udp::socket::claim(addr, config).map(|()| Vec::new()),
        (Wire::Udp, true) => {
            udp::socket::claim(addr, config).and_then(|()| udp::socket::listen(addr, config))
        }
    }
}

/// Whether an interface differs from what it was in nothing that its connections depend on: it may
/// have an address more.
fn is_same_place(now: &Interface, before: &Interface) -> bool {
    now.id == before.id
        && now.zone == before.zone
        && now.load_balancer == before.load_balancer
        && before.addresses().all(|address| now.addresses().any(|it| it == address))
}

/// The addresses and ports that an interface listens on, and for which listener; TCP port 0 and
/// none if there is none.
fn wanted_addresses(
    interface: &Interface,
    snapshot: &Snapshot,
) -> BTreeMap<Spot, Option<ListenerId>> {
    let balancer = snapshot.load_balancers.get(&interface.load_balancer);
    let listeners = balancer.map_or(&[][..], |balancer| &balancer.listeners);
    let mut wanted = BTreeMap::new();
    for ip in interface.addresses() {
        if listeners.is_empty() {
            wanted.insert((EndpointAddr((ip, 0).into()), Wire::Tcp), None);
        }
        for listener in listeners {
            let addr = EndpointAddr((ip, listener.port.get()).into());
            let spots = Wire::of(listener.protocol).map(|wire| (addr, wire));
            wanted.extend(spots.map(|spot| (spot, Some(listener.id))));
        }
    }
    wanted
}

/// The load balancers whose ports, protocols or listeners changed.
fn moved(before: &Snapshot, snapshot: &Snapshot) -> BTreeSet<LoadBalancerId> {
    let ports = |balancer: &LoadBalancer| -> BTreeSet<_> {
        balancer.listeners.iter().map(|it| (it.port, it.protocol, it.id)).collect()
    };
    changed(&before.load_balancers, &snapshot.load_balancers)
        .into_iter()
        .filter(|id| {
            let [before, after] =
                [before, snapshot].map(|s| s.load_balancers.get(id).map(|lb| ports(lb)));
            before != after
        })
        .collect()
}
