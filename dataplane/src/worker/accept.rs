//! Accepting: from a listener's event to a connection on its way to a target, or to a refusal.

use std::{
    net::SocketAddr,
    os::fd::{AsFd as _, AsRawFd as _, OwnedFd},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use dataplane_core::{
    flow::Flow,
    proxy_header::UniqueId,
    reason::{End, Refusal},
    select::Routing,
    wire::Wire,
};
use mio::{Interest, unix::SourceFd};
use model::ClientAddr;
use rustix::{io::Errno, net::SocketFlags};

use super::{Listener, Local, Queued, Worker, reserve, turn};
use crate::{
    access,
    connect::{Attempt, Connecting},
    relay::Side,
    route::{Chosen, Forward, Key, NewListener, Pool},
    session::{Idle, Origin, Pacing, Session, reset_on_close, ticks},
    tls::session::TlsSession,
};

/// Connections accepted from one listener per turn.
const ACCEPTS_MAX: u32 = 64;
/// With no file descriptor left, a listener rests this long: two ticks, so that turning clients
/// away is no busy loop.
const STARVED_TICKS: u32 = 2;

/// A client's connection, fresh from the listener.
pub(super) struct Accepted {
    pub(super) client: Side,
    pub(super) addr: ClientAddr,
    pub(super) origin: Rc<Origin>,
    /// Milliseconds of the worker's clock.
    pub(super) started_ms: u64,
    /// What was agreed upon with the client of a TLS listener.
    pub(super) tls: Option<Box<TlsSession>>,
}

/// Where it may go, and how long it may be idle.
type Decided = (Connecting, Duration);
/// A connection on its way to a target.
type Begun = (OwnedFd, Chosen);

impl Worker {
    pub(super) fn add_listener(&mut self, new: NewListener) {
        if new.wire == Wire::Udp {
            return self.add_udp_listener(new);
        }
        let NewListener { key, wire: _, socket, addr, interface, forward, admission, limits } = new;
        let raw = socket.as_raw_fd();
        let token = turn::listener_token(key);
        let registry = self.poll.registry();
        if let Err(error) = registry.register(&mut SourceFd(&raw), token, Interest::READABLE) {
            tracing::error!(%error, address = %addr, "watch a listener");
            return;
        }
        if self.interfaces.get(interface.key).is_none() {
            let local = Local {
                interface: Arc::clone(&interface),
                tally: Default::default(),
                limits,
                active: 0,
                is_dirty: false,
            };
            self.interfaces.put(interface.key, local);
        }
        let origin = Rc::new(Origin { addr, interface });
        let listener = Listener { socket, origin, forward, admission, is_queued: false };
        self.listeners.put(key, listener);
    }

    /// Accepts a turn's worth of connections.
    pub(super) fn accept(&mut self, key: Key) {
        for _ in 0..ACCEPTS_MAX {
            let Some(listener) = self.listeners.get(key) else { return };
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            match rustix::net::acceptfrom_with(&listener.socket, flags) {
                Ok((socket, addr)) => {
                    let origin = Rc::clone(&listener.origin);
                    let forward = listener.forward;
                    // The peer of a TCP connection always has an address of its family.
                    let Some(Ok(addr)) = addr.map(SocketAddr::try_from) else { continue };
                    let admitted = listener.admission.decide(addr.ip());
                    let client = Side::new(socket);
                    let (addr, started_ms) = (ClientAddr(addr), self.now_ms);
                    let accepted = Accepted { client, addr, origin, started_ms, tls: None };
                    match admitted {
                        Ok(()) => self.begin(accepted, forward),
                        Err(refusal) => self.turn_away(accepted, refusal),
                    }
                }
                Err(Errno::AGAIN) => return,
                Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                    return self.starve(key);
                }
                // The connection broke while it waited; the next one may be whole.
                Err(_) => {}
            }
        }
        if let Some(listener) = self.listeners.get_mut(key)
            && !std::mem::replace(&mut listener.is_queued, true)
        {
            self.queue.push_back(Queued::Listener(key));
        }
    }

    /// Turns waiting clients away with the reserve descriptor, and lets the listener rest.
    fn starve(&mut self, key: Key) {
        self.metrics.accept_errors.increment(1);
        let Some(listener) = self.listeners.get_mut(key) else { return };
        for _ in 0..ACCEPTS_MAX {
            drop(self.reserve.take());
            let accepted = rustix::net::accept_with(&listener.socket, SocketFlags::CLOEXEC);
            let Ok(socket) = accepted else { break };
            listener.origin.interface.metrics.ended(End::Refused(Refusal::AcceptExhausted));
            reset_on_close(&Side::new(socket));
            self.reserve = reserve().ok();
        }
        if self.reserve.is_none() {
            self.reserve = reserve().ok();
        }
        if !std::mem::replace(&mut listener.is_queued, true) {
            self.starved.push(key);
            self.starved_until = self.now.saturating_add(STARVED_TICKS);
        }
    }

    /// Queues the listeners that have rested.
    pub(super) fn feed_starved(&mut self) {
        if !self.starved.is_empty() && self.now >= self.starved_until {
            let rested = std::mem::take(&mut self.starved).into_iter().map(Queued::Listener);
            self.queue.extend(rested);
        }
    }

    /// Resets a client that no security group admits.
    fn turn_away(&mut self, accepted: Accepted, refusal: Refusal) {
        self.tally(accepted.origin.interface.key, |tally| tally.opened += 1);
        self.refuse(accepted, End::Refused(refusal));
    }

    /// Begins with a connection: with its handshake on a TLS listener, or with its target.
    fn begin(&mut self, accepted: Accepted, key: Key) {
        let forward = self.forwards.get(key).map(Arc::clone);
        if let Some(forward) = forward.as_ref().filter(|forward| forward.tls.is_some()) {
            return self.shake_hands(accepted, forward);
        }
        self.tally(accepted.origin.interface.key, |tally| tally.opened += 1);
        match forward {
            Some(forward) => self.proceed(accepted, &forward),
            None => self.refuse(accepted, End::Refused(Refusal::NoTargetGroup)),
        }
    }

    /// Takes a client that may have a target, or resets it.
    pub(super) fn proceed(&mut self, mut accepted: Accepted, forward: &Forward) {
        let interface = accepted.origin.interface.key;
        if let Err(refusal) = self.open_within_limits(interface) {
            return self.refuse(accepted, End::Refused(refusal));
        }
        match self.connect(&mut accepted, forward) {
            Ok((connecting, begun)) => {
                self.insert(accepted, (connecting, forward.idle_timeout), begun);
            }
            Err(end) => {
                self.close_within_limits(interface);
                self.refuse(accepted, end);
            }
        }
    }

    /// Decides where a connection goes, and begins to connect.
    fn connect(
        &mut self,
        accepted: &mut Accepted,
        forward: &Forward,
    ) -> Result<(Connecting, Begun), End> {
        let (mut connecting, pool) = self.decide(accepted, forward).map_err(End::Refused)?;
        if let Some(tls) = &mut accepted.tls {
            tls.speak(pool.tls.clone());
        }
        let metrics = &accepted.origin.interface.metrics;
        match connecting.attempt(&mut self.sources, metrics) {
            Attempt::Begun(socket, target) => Ok((connecting, (socket, target))),
            Attempt::ResourcesExhausted => Err(End::Refused(Refusal::ResourcesExhausted)),
            Attempt::PortsExhausted => Err(End::Refused(Refusal::PortsExhausted)),
            Attempt::NoneLeft => Err(End::ConnectFailed),
        }
    }

    fn insert(
        &mut self,
        accepted: Accepted,
        (connecting, idle_timeout): Decided,
        (socket, target): Begun,
    ) {
        self.generation = turn::next_generation(self.generation);
        let Accepted { client, addr, origin, started_ms, tls } = accepted;
        let mut session = Session::new(
            self.generation,
            (client, addr),
            (Side::new(socket), target),
            origin,
            connecting,
            Idle::new(idle_timeout, self.now),
            started_ms,
        );
        session.tls = tls;
        let interface = session.origin.interface.key;
        if self.is_paced(interface) {
            session.pacing = Pacing::Paced;
        }
        if let Some(local) = self.interfaces.get_mut(interface) {
            local.active += 1;
        }
        self.watch_new(session);
    }

    fn decide<'f>(
        &self,
        accepted: &Accepted,
        forward: &'f Forward,
    ) -> Result<(Connecting, &'f Pool), Refusal> {
        if self.sessions.len() + self.handshakes.len() >= self.config.connections_max {
            return Err(Refusal::TooManyConnections);
        }
        let sequence_number = if self.config.hash_sequence_number {
            // Without one the flow is hashed by its addresses alone.
            sys::saved_syn_sequence(accepted.client.socket.as_fd()).unwrap_or(None)
        } else {
            None
        };
        let endpoint = accepted.origin.addr;
        let flow = Flow { client: accepted.addr, endpoint, sequence_number };
        let (pool, hash) = forward.choose(&flow, self.config.hash_key)?;
        let interface = &accepted.origin.interface;
        if pool.routing == Routing::FailOpen {
            interface.metrics.failed_open();
        }
        let is_proxied = forward.proxy_protocol.unwrap_or(pool.proxy_protocol);
        let fields = pool.proxy_fields;
        let unique_id = (is_proxied && fields.unique_id).then(|| UniqueId(fastrand::u128(..)));
        let ends = (accepted.addr, endpoint);
        let authority = accepted.tls.as_ref().and_then(|tls| tls.terms.server_name.as_deref());
        let header = is_proxied.then(|| interface.header(ends, fields, unique_id, authority));
        Ok((Connecting::new(Arc::clone(pool), hash, header, unique_id), pool))
    }

    fn watch_new(&mut self, session: Session) {
        let generation = session.generation;
        let index = turn::narrow(self.sessions.insert(session));
        self.timers.set(index, self.now.saturating_add(ticks(self.config.connect_timeout)));
        let session = &self.sessions[turn::widen(index)];
        let token = turn::client_token(index, generation);
        let client = match &session.tls {
            None => self.watch(&session.client.socket, token),
            // It was watched during the handshake.
            Some(_) => self.watch_again(&session.client.socket, token),
        };
        let target = self.watch(&session.target.socket, turn::target_token(index, generation));
        if client.and(target).is_err() {
            self.end(index, End::Refused(Refusal::ResourcesExhausted));
        }
    }

    /// Registers a socket for all it may become.
    pub(super) fn watch(&self, socket: &OwnedFd, token: mio::Token) -> std::io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut SourceFd(&socket.as_raw_fd()), token, interest)
    }

    /// Changes the token of a registered socket; what it is ready for is told anew.
    fn watch_again(&self, socket: &OwnedFd, token: mio::Token) -> std::io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().reregister(&mut SourceFd(&socket.as_raw_fd()), token, interest)
    }

    /// Resets a client that no target takes.
    pub(super) fn refuse(&mut self, accepted: Accepted, end: End) {
        let Accepted { client, addr, origin, started_ms, tls } = accepted;
        reset_on_close(&client);
        self.tally(origin.interface.key, |tally| tally.closed += 1);
        origin.interface.metrics.ended(end);
        access::write(&access::Record {
            interface: &origin.interface,
            client: addr,
            address: origin.addr,
            target: None,
            unique_id: None,
            bytes_to_target: 0,
            bytes_to_client: 0,
            duration: Duration::from_millis(self.now_ms.saturating_sub(started_ms)),
            end,
            tls: access::Tls { terms: tls.as_ref().map(|tls| &tls.terms), failure: None },
        });
    }
}
