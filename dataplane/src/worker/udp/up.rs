//! From clients to targets: which flow a datagram belongs to, or begins, or why it does not.

use std::{
    os::fd::{AsFd as _, OwnedFd},
    rc::Rc,
    time::Duration,
};

use dataplane_core::{
    flow::{Flow as Addresses, FlowHash},
    proxy_header::over_udp,
    reason::{End, Refusal},
    select::Routing,
    udp_flows::FlowKey,
};
use model::ClientAddr;
use rustix::io::Errno;
use sys::packets::BURST;

use super::{Flow, Here, Preface, Udp, Worker, flow_token, watch};
use crate::{
    UdpProxyHeader,
    limit::Way,
    route::{Chosen, Key, Pool},
    session::Origin,
    udp::{
        access::Record,
        metrics::{Count, Loss},
        post::{Fate, Item, post},
        socket,
    },
    worker::{Phase, Queued, turn},
};

/// Bursts taken from one socket per turn.
const BURSTS_MAX: usize = 4;
/// Targets looked at for one flow.
const ATTEMPTS_MAX: usize = 4;

/// What came of sending a flow's datagrams.
struct Posted {
    /// How many were sent or lost.
    done: usize,
    /// Whether the target takes none, so that the rest is for another one.
    is_refused: bool,
}

impl Worker {
    /// One turn of a socket on an endpoint address.
    pub(super) fn take_from_clients(&mut self, udp: &mut Udp, key: Key) {
        // What is silent for too long by now has no part in what arrives now.
        self.end_silent(udp);
        for _ in 0..BURSTS_MAX {
            let socket = udp.listeners.get(key).and_then(|listener| listener.socket.as_ref());
            let Some(socket) = socket else { return };
            udp.inbox.clear();
            match udp.inbox.receive(socket.as_fd(), BURST) {
                Ok(count) => {
                    udp.heard = self.now;
                    self.sort_arrivals(udp, key);
                    self.send_arrivals(udp, key);
                    if count < BURST {
                        return;
                    }
                }
                // An error other than that nothing is there is over with having been told.
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(_) => {}
            }
        }
        if let Some(listener) = udp.listeners.get_mut(key)
            && !std::mem::replace(&mut listener.is_queued, true)
        {
            self.queue.push_back(Queued::Clients(key));
        }
    }

    /// Finds or begins the flow of every message.
    fn sort_arrivals(&mut self, udp: &mut Udp, key: Key) {
        udp.arrivals.clear();
        let mut last = None;
        for at in 0..udp.inbox.len() {
            let Some(peer) = udp.inbox.get(at).and_then(|message| message.peer) else { continue };
            let here = match last {
                Some((known, here)) if known == peer => Some(here),
                _ => self.flow_of(udp, key, ClientAddr(peer)),
            };
            last = here.map(|here| (peer, here)).or(last);
            let Some(here) = here else { continue };
            if self.may_move(udp, key, at) {
                udp.arrivals.push((here, at));
            }
        }
        if !udp.arrivals.is_sorted() {
            udp.arrivals.sort_unstable();
        }
    }

    /// Whether the endpoint may move what a client sent, by its bytes per second. What it may not
    /// is lost: a datagram that waited would be late, and nobody would send less for it.
    fn may_move(&self, udp: &mut Udp, key: Key, at: usize) -> bool {
        let limits = udp.listeners.get(key).and_then(|listener| listener.limits.as_deref());
        let (Some(limits), Some(message)) = (limits, udp.inbox.get(at)) else { return true };
        if limits.take_datagrams(self.moment(), Way::ToTarget, message.bytes()) {
            return true;
        }
        let datagrams = message.datagrams().count();
        udp.tally(key, self.now_ms, |tally| tally.lose(Loss::ByteRate, datagrams));
        false
    }

    fn flow_of(&mut self, udp: &mut Udp, key: Key, client: ClientAddr) -> Option<Here> {
        let found = udp.flows.find(&FlowKey { listener: key, client });
        let Some(place) = found else { return self.begin_flow(udp, key, client) };
        udp.flows.hear_client(place, self.now);
        udp.flows.get(place).map(|flow| Here { place, generation: flow.generation })
    }

    /// Sends on what arrived, flow by flow.
    fn send_arrivals(&mut self, udp: &mut Udp, key: Key) {
        let arrivals = std::mem::take(&mut udp.arrivals);
        for of_one in arrivals.chunk_by(|a, b| a.0 == b.0) {
            self.send_up(udp, key, of_one);
        }
        udp.arrivals = arrivals;
    }

    fn send_up(&mut self, udp: &mut Udp, key: Key, arrivals: &[(Here, usize)]) {
        let Some((mut here, _)) = arrivals.first().copied() else { return };
        let mut done = 0;
        for _ in 0..ATTEMPTS_MAX {
            // Another flow of the same burst may have taken its place.
            let Some(posted) = self.post_up(udp, here, (key, arrivals, done)) else {
                return self.lose(udp, key, Loss::Unsendable);
            };
            if !posted.is_refused {
                return;
            }
            done += posted.done;
            let Some(client) = self.turn_from_target(udp, here) else { return };
            let Some(next) = self.begin_flow(udp, key, client) else { return };
            here = next;
        }
    }

    /// Sends a flow's datagrams, but for the first ones that are done with.
    fn post_up(
        &mut self,
        udp: &mut Udp,
        here: Here,
        (key, arrivals, done): (Key, &[(Here, usize)], usize),
    ) -> Option<Posted> {
        let Udp { flows, inbox, .. } = udp;
        let flow = flows.get_mut(here.place).filter(|flow| flow.generation == here.generation)?;
        let preface = flow.preface.clone();
        let messages = arrivals.iter().filter_map(|(_, at)| inbox.get(*at));
        let datagrams = messages.flat_map(|message| message.datagrams()).skip(done);
        let item = |(at, bytes)| {
            let preface = match &preface {
                Preface::First(header) if at == 0 => &header[..],
                Preface::Each(header) => header,
                Preface::Nothing | Preface::First(_) => &[],
            };
            Item { to: None, preface, bytes, joins: flow.joins_up }
        };
        let items: Vec<_> = datagrams.enumerate().map(item).collect();
        let mut posted = Posted { done: 0, is_refused: false };
        let (mut sent, mut losses, mut joins) = (Count::default(), Vec::new(), flow.joins_up);
        post(flow.socket.as_fd(), &items, |at, fate| {
            match fate {
                Fate::Sent => sent.note(items[at].bytes.len()),
                Fate::SentApart => {
                    joins = false;
                    sent.note(items[at].bytes.len());
                }
                Fate::Failed(errno) if socket::is_refusal(errno) => {
                    posted.is_refused = true;
                    return false;
                }
                Fate::Failed(errno) => losses.push(Loss::of(errno)),
            }
            posted.done += 1;
            true
        });
        flow.joins_up = joins;
        if sent.datagrams > 0 && matches!(flow.preface, Preface::First(_)) {
            flow.preface = Preface::Nothing;
        }
        flow.to_target.add(sent);
        udp.tally(key, self.now_ms, |tally| {
            tally.to_target.add(sent);
            losses.into_iter().for_each(|loss| tally.lose(loss, 1));
        });
        Some(posted)
    }

    /// Ends the flow of a target that takes no datagrams, and has others go past it for a while.
    pub(super) fn turn_from_target(&mut self, udp: &mut Udp, here: Here) -> Option<ClientAddr> {
        let flow = udp.flow(here)?;
        let (client, target) = (flow.client, flow.target.addr);
        udp.avoid(target, self.now);
        self.end_flow(udp, here.place, End::TargetRefused);
        Some(client)
    }

    /// Begins the flow of a client, unless it is refused.
    fn begin_flow(&mut self, udp: &mut Udp, key: Key, client: ClientAddr) -> Option<Here> {
        if self.phase != Phase::Serving {
            return None;
        }
        let listener = udp.listeners.get(key)?;
        let (origin, limits) = (Rc::clone(&listener.origin), listener.limits.clone());
        // Before the limits: who is not let in takes nothing of them.
        if let Err(refusal) = listener.admission.decide(client.ip()) {
            self.refuse_flow(udp, client, &origin, End::Refused(refusal));
            return None;
        }
        if let Some(refusal) = limits.as_ref().and_then(|it| it.open(self.moment()).err()) {
            self.refuse_flow(udp, client, &origin, End::Refused(refusal));
            return None;
        }
        let (socket, target, preface) = match self.decide_flow(udp, key, (client, &origin)) {
            Ok(decided) => decided,
            Err(end) => {
                limits.inspect(|it| it.close());
                self.refuse_flow(udp, client, &origin, end);
                return None;
            }
        };
        while let Some(place) = udp.flows.in_the_way() {
            self.end_flow(udp, place, End::Evicted);
        }
        udp.generation = turn::next_generation(udp.generation);
        let generation = udp.generation;
        let owner = origin.interface.key;
        let flow = Flow {
            generation,
            listener: key,
            client,
            origin,
            socket,
            target,
            preface,
            limits,
            started_ms: self.now_ms,
            to_target: Count::default(),
            to_client: Count::default(),
            joins_up: true,
            joins_down: true,
            hears_joined: false,
            is_queued: false,
        };
        let place = udp.flows.insert(FlowKey { listener: key, client }, owner, self.now, flow);
        udp.tally(key, self.now_ms, |tally| tally.begun += 1);
        let flow = udp.flows.get(place)?;
        let here = Here { place, generation };
        if watch(self.poll.registry(), &flow.socket, flow_token(here)).is_err() {
            self.end_flow(udp, place, End::Refused(Refusal::ResourcesExhausted));
            return None;
        }
        Some(here)
    }

    /// Decides where a flow goes.
    fn decide_flow(
        &self,
        udp: &mut Udp,
        key: Key,
        (client, origin): (ClientAddr, &Origin),
    ) -> Result<(OwnedFd, Chosen, Preface), End> {
        let listener = udp.listeners.get(key).ok_or(End::ListenerRemoved)?;
        let no_group = End::Refused(Refusal::NoTargetGroup);
        let forward = self.forwards.get(listener.forward).ok_or(no_group)?;
        let flow = Addresses { client, endpoint: origin.addr, sequence_number: None };
        let (pool, hash) = forward.choose(&flow, self.config.hash_key).map_err(End::Refused)?;
        let (socket, target) = self.reach(udp, pool, hash, origin)?;
        let metrics = &origin.interface.metrics;
        if pool.routing == Routing::FailOpen {
            metrics.udp().failed_open();
        }
        let (ends, fields) = ((client, origin.addr), pool.proxy_fields);
        let header = || over_udp(&origin.interface.header(ends, fields, None, None)).into();
        let is_proxied = forward.proxy_protocol.unwrap_or(pool.proxy_protocol);
        let preface = match self.config.udp_proxy_header {
            UdpProxyHeader::First if is_proxied => Preface::First(header()),
            UdpProxyHeader::Each if is_proxied => Preface::Each(header()),
            UdpProxyHeader::Off | UdpProxyHeader::First | UdpProxyHeader::Each => Preface::Nothing,
        };
        Ok((socket, target, preface))
    }

    /// Opens a socket to the flow's first target in its order that has not just refused others, or
    /// to the first of all if all have.
    fn reach(
        &self,
        udp: &mut Udp,
        pool: &Pool,
        hash: FlowHash,
        origin: &Origin,
    ) -> Result<(OwnedFd, Chosen), End> {
        let (mut tried, mut first_avoided) = ([0; ATTEMPTS_MAX], None);
        for attempt in 0..ATTEMPTS_MAX {
            let Some((place, target)) = pool.choose(hash, &tried[..attempt]) else { break };
            tried[attempt] = place;
            if udp.is_avoided(target.addr, self.now) {
                first_avoided = first_avoided.or(Some(target));
                continue;
            }
            match socket::connect(target.addr.0) {
                Ok(socket) => return Ok((socket, target)),
                Err(errno) if socket::is_exhausted(errno) => return Err(exhausted(errno)),
                Err(_) => {
                    udp.avoid(target.addr, self.now);
                    origin.interface.metrics.connect_failed();
                }
            }
        }
        let target = first_avoided.ok_or(End::ConnectFailed)?;
        match socket::connect(target.addr.0) {
            Ok(socket) => Ok((socket, target)),
            Err(errno) if socket::is_exhausted(errno) => Err(exhausted(errno)),
            Err(_) => Err(End::ConnectFailed),
        }
    }

    fn refuse_flow(&mut self, udp: &mut Udp, client: ClientAddr, origin: &Origin, end: End) {
        origin.interface.metrics.udp().ended(end);
        let record = Record {
            interface: &origin.interface,
            client,
            address: origin.addr,
            target: None,
            to_target: Count::default(),
            to_client: Count::default(),
            duration: Duration::ZERO,
            end,
        };
        udp.lines.write(self.now_ms, &record);
    }
}

/// What want of a descriptor, memory or port comes to.
fn exhausted(_: Errno) -> End {
    End::Refused(Refusal::ResourcesExhausted)
}
