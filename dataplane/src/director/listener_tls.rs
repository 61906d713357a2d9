//! TLS of listeners and target groups: what forwards are made with.
//!
//! What a listener terminates TLS with lives as long as the listener, over all changes of its
//! targets and of its certificates: tickets of earlier sessions stay good. Does not know who uses a
//! listener.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use model::{AlpnPolicy, Listener, ListenerId, LoadBalancerId, Protocol, TlsTermination};

use crate::{
    Certificates, Config,
    tls::{originate::Originator, terminate::Terminator},
};

/// A listener of a load balancer.
type Id = (LoadBalancerId, ListenerId);

/// All TLS listeners in use, and what all targets have in common.
#[derive(Debug)]
pub(super) struct ListenersTls {
    certificates: Certificates,
    originator: Arc<Originator>,
    known: BTreeMap<Id, Arc<Terminator>>,
}

impl ListenersTls {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            certificates: config.certificates.clone(),
            originator: Arc::new(Originator::new(&config.target_tls)),
            known: BTreeMap::new(),
        }
    }

    /// How a listener terminates TLS, if it does.
    pub(super) fn terminator(&mut self, id: Id, listener: &Listener) -> Option<Arc<Terminator>> {
        let settings = match (listener.protocol, &listener.tls) {
            (Protocol::Tcp | Protocol::TcpUdp | Protocol::Udp, _) => return None,
            (Protocol::Tls, Some(settings)) => settings,
            // Without a word on how, nobody is let in; least of all in plain text.
            (Protocol::Tls, None) => &Arc::new(TlsTermination {
                default_certificate: "".into(),
                certificates: BTreeSet::new(),
                is_tls12_allowed: false,
                alpn: AlpnPolicy::None,
            }),
        };
        let made = match self.known.get(&id) {
            Some(known) if known.settings() == &**settings => return Some(Arc::clone(known)),
            Some(known) => known.changed(settings),
            None => Terminator::new(settings, &self.certificates),
        };
        let made = Arc::new(made);
        self.known.insert(id, Arc::clone(&made));
        Some(made)
    }

    /// How targets of a group are spoken to behind a TLS listener; none is plainly.
    pub(super) fn originator(&self, protocol: Protocol) -> Option<Arc<Originator>> {
        match protocol {
            Protocol::Tls => Some(Arc::clone(&self.originator)),
            Protocol::Tcp | Protocol::TcpUdp | Protocol::Udp => None,
        }
    }

    /// Forgets all other listeners.
    pub(super) fn keep(&mut self, used: &BTreeSet<Id>) {
        self.known.retain(|id, _| used.contains(id));
    }
}
