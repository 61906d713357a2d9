//! What workers are told: immutable parts of a snapshot, and changes of them.
//!
//! A connection is decided by its listener's [`Interface`] and [`Forward`], once, when it is
//! accepted. All changes of one snapshot travel in one message and are made between two accepts, so
//! that no connection sees half of them. Does not know how they were worked out.

mod manner;
mod target;

use std::{os::fd::OwnedFd, sync::Arc, sync::mpsc::SyncSender, time::Duration};

use dataplane_core::{
    admission::Admission,
    flow::{Flow, FlowHash},
    proxy_header::{Encoded, Fields, Template, UniqueId},
    reason::{End, Refusal},
    select::{self, Routing, Seed},
    wire::Wire,
};
use model::{
    AccountId, ClientAddr, EndpointAddr, ProxyFields, ServiceId, VpcEndpointId,
    WeightedTargetGroup, ZoneId,
};

use crate::{
    limit::Limits,
    metrics::InterfaceMetrics,
    tls::{originate::Originator, terminate::Terminator},
};

pub(crate) use self::{
    manner::Manner,
    target::{Chosen, Target},
};

/// The place of an interface, listener or forward in every worker's tables.
pub(crate) type Key = usize;

/// An endpoint network interface, as its connections need it.
#[derive(Debug)]
pub(crate) struct Interface {
    pub(crate) key: Key,
    pub(crate) endpoint: VpcEndpointId,
    pub(crate) owner: AccountId,
    pub(crate) service: ServiceId,
    pub(crate) zone: ZoneId,
    pub(crate) header: Template,
    pub(crate) metrics: InterfaceMetrics,
}

impl Interface {
    /// The header of a connection through it; `authority` is the host that the client named, if it
    /// did.
    pub(crate) fn header(
        &self,
        (client, endpoint): (ClientAddr, EndpointAddr),
        fields: ProxyFields,
        unique_id: Option<UniqueId>,
        authority: Option<&str>,
    ) -> Encoded {
        if fields == ProxyFields::default() {
            return self.header.encode(client, endpoint);
        }
        let authority = authority.filter(|_| fields.authority);
        let fields = Fields { endpoint: fields.endpoint, authority, unique_id };
        self.header.encode_with(client, endpoint, &fields)
    }
}

/// The candidates of one target group for the clients of one zone.
#[derive(Debug)]
pub(crate) struct Pool {
    /// Whether connections start with a header, unless their listener says otherwise.
    pub(crate) proxy_protocol: bool,
    /// What such a header says.
    pub(crate) proxy_fields: ProxyFields,
    pub(crate) routing: Routing,
    manner: Manner,
    /// How its targets are spoken to behind a TLS listener; none is plainly.
    pub(crate) tls: Option<Arc<Originator>>,
    seeds: Box<[Seed]>,
    targets: Box<[Arc<Target>]>,
}

impl Pool {
    pub(crate) fn new(
        proxy: (bool, ProxyFields),
        routing: Routing,
        targets: Vec<Arc<Target>>,
    ) -> Self {
        Self {
            proxy_protocol: proxy.0,
            proxy_fields: proxy.1,
            routing,
            manner: Manner::default(),
            tls: None,
            seeds: targets.iter().map(|target| Seed::of(target.addr)).collect(),
            targets: targets.into(),
        }
    }

    /// Has it choose in another manner than by the flow's rank alone.
    pub(crate) fn choosing(self, manner: Manner) -> Self {
        Self { manner, ..self }
    }

    /// The candidate that takes the flow and its place, leaving out the places already tried.
    pub(crate) fn choose(&self, hash: FlowHash, tried: &[u16]) -> Option<(u16, Chosen)> {
        let place = self.manner.choose(&self.seeds, &self.targets, hash.target, tried)?;
        let target = &self.targets[usize::from(place)];
        Some((place, Chosen::new(target, self.manner.is_counting)))
    }
}

/// Where the connections of one load balancer's listener go, seen from one zone.
#[derive(Debug)]
pub(crate) struct Forward {
    pub(crate) idle_timeout: Duration,
    /// Whether connections start with a PROXY header; none means as the pool says.
    pub(crate) proxy_protocol: Option<bool>,
    pub(crate) weights: Box<[WeightedTargetGroup]>,
    /// One per weight.
    pub(crate) pools: Box<[Arc<Pool>]>,
    /// How clients are spoken to; none is plainly.
    pub(crate) tls: Option<Arc<Terminator>>,
}

impl Forward {
    /// The pool that takes the flow, which is not empty, and the hash to choose there by.
    pub(crate) fn choose(&self, flow: &Flow, key: u128) -> Result<(&Arc<Pool>, FlowHash), Refusal> {
        let hash = flow.hash(key);
        let place = select::choose_group(&self.weights, hash.group);
        let pool = place.and_then(|it| self.pools.get(it)).ok_or(Refusal::NoTargetGroup)?;
        if pool.targets.is_empty() {
            return Err(Refusal::NoTarget);
        }
        let is_sticky = pool.manner.is_sticky;
        Ok((pool, if is_sticky { hash.of_client(flow.client, key) } else { hash }))
    }
}

/// One worker's share of an endpoint address that is listened on.
#[derive(Debug)]
pub(crate) struct NewListener {
    pub(crate) key: Key,
    pub(crate) wire: Wire,
    pub(crate) socket: OwnedFd,
    pub(crate) addr: EndpointAddr,
    pub(crate) interface: Arc<Interface>,
    pub(crate) forward: Key,
    pub(crate) admission: Admission,
    /// Of the interface, which may be new to the worker.
    pub(crate) limits: Option<Arc<Limits>>,
}

/// One change of a worker's tables.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Puts a forward in place of whatever is there.
    SetForward(Key, Arc<Forward>),
    /// Removes a forward that no listener uses any more.
    RemoveForward(Key),
    /// Stops to accept; connections live on, UDP flows don't.
    RemoveListener(Key),
    /// Sends a listener's new connections elsewhere.
    MoveListener(Key, Key),
    /// Lets other clients in than before; those that are in stay.
    SetAdmission(Key, Admission),
    /// Limits an interface's connections, those that are open as well.
    SetLimits(Key, Option<Arc<Limits>>),
    /// Resets an interface's connections; its listeners were removed.
    RemoveInterface(Key),
    /// Resets a target's connections.
    ResetTarget(Arc<Target>, End),
}

/// Changes that belong together: no connection is decided between two of them.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Made first, in this order.
    pub(crate) changes: Vec<Change>,
    /// Then these begin to accept.
    pub(crate) listeners: Vec<NewListener>,
    /// Told when all is done.
    pub(crate) done: Option<SyncSender<()>>,
}

/// What a worker is told.
#[derive(Debug)]
pub(crate) enum Message {
    /// Make these changes at once.
    Change(Batch),
    /// Accept no more; stop when the last connection has ended.
    Drain,
    /// Reset what is left, and stop.
    Stop,
}
