//! UDP in a worker: its sockets on endpoint addresses, its flows, and when something happens to
//! either.
//!
//! There is none of it until the first UDP listener. [`up`] takes datagrams to targets, [`down`]
//! takes answers to clients; nothing else is ever sent to a client. A flow's place is used again,
//! so whatever is remembered of one over a call that may end it goes with its generation.

mod down;
mod up;

use std::{
    collections::HashMap,
    os::fd::{AsRawFd as _, OwnedFd},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use dataplane_core::{
    admission::Admission,
    reason::End,
    udp_flows::{Bounds, FlowTable},
};
use mio::{Interest, Registry, Token, event::Event, unix::SourceFd};
use model::{ClientAddr, TargetAddr, UDP_IDLE_TIMEOUT};
use sys::packets::Inbox;

use super::{Phase, Queued, Worker, table::Table, turn};
use crate::{
    Config,
    limit::Limits,
    route::{Change, Chosen, Key, NewListener},
    session::{Origin, ticks},
    udp::{
        access::{Lines, Record},
        metrics::{Count, FlowTally, Loss},
    },
};

/// Of the table, the share that flows may have that no target has answered: one in so many.
const UNANSWERED_SHARE: usize = 2;
/// The share that they may have at the cost of others, and again as much those whose clients were
/// not heard of since an answer: what a flood of a full table costs at most, and what begins before
/// the client of the first of it sends again.
const SPARED_SHARE: usize = 8;
/// Messages that are received before any is sent on: from clients, and from targets, whose messages
/// wait for those of other targets to go out together.
const CLIENT_MESSAGES_MAX: usize = 32;
const TARGET_MESSAGES_MAX: usize = 64;
/// Counters are flushed at least this often while anything moves.
const FLUSH_EVERY_MS: u64 = 500;
/// While the worker drains, silence of all flows for so long is their end: UDP tells of none.
const DRAIN_SILENCE: Duration = Duration::from_secs(2);
/// How long new flows go past a target that refused datagrams, if there is another.
const AVOID: Duration = Duration::from_secs(5);
/// Targets that are remembered as such.
const AVOIDED_MAX: usize = 1024;

fn listener_token(key: Key) -> Token {
    Token(turn::listener_token(key).0 | turn::UDP)
}

fn flow_token(here: Here) -> Token {
    Token(turn::widen(here.generation) << turn::PLACE_BITS | turn::widen(here.place) | turn::UDP)
}

/// What a token of UDP's is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Listener(Key),
    Flow(Here),
}

impl Of {
    fn token(Token(token): Token) -> Self {
        if let Some(key) = token.checked_sub(listener_token(0).0) {
            return Self::Listener(key);
        }
        let number = |bits: usize| u32::try_from(bits).unwrap_or(u32::MAX);
        let (place, token) = (token & turn::widen(u32::MAX), token & !turn::UDP);
        Self::Flow(Here { place: number(place), generation: number(token >> turn::PLACE_BITS) })
    }
}

/// A socket on an endpoint address.
#[derive(Debug)]
struct Listener {
    /// None once it is removed; its flows end right after.
    socket: Option<OwnedFd>,
    origin: Rc<Origin>,
    forward: Key,
    admission: Admission,
    limits: Option<Arc<Limits>>,
    is_queued: bool,
    tally: FlowTally,
    is_dirty: bool,
}

/// What stands in front of datagrams to the target.
#[derive(Clone, Debug)]
enum Preface {
    Nothing,
    First(Rc<[u8]>),
    Each(Rc<[u8]>),
}

/// One client's datagrams to one address, and the target's answers.
#[derive(Debug)]
struct Flow {
    generation: u32,
    listener: Key,
    client: ClientAddr,
    origin: Rc<Origin>,
    /// Connected to the target.
    socket: OwnedFd,
    target: Chosen,
    preface: Preface,
    /// It is counted there.
    limits: Option<Arc<Limits>>,
    started_ms: u64,
    to_target: Count,
    to_client: Count,
    /// Whether datagrams of one size may go out as one, each way.
    joins_up: bool,
    joins_down: bool,
    /// Whether the kernel joins what the target sends: worth a call only for many answers.
    hears_joined: bool,
    is_queued: bool,
}

/// A flow at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Here {
    place: u32,
    generation: u32,
}

/// All that a worker has of UDP.
#[derive(Debug)]
pub(super) struct Udp {
    listeners: Table<Listener>,
    flows: FlowTable<Flow>,
    generation: u32,
    /// What clients sent.
    inbox: Inbox,
    /// Whose it is, by message.
    arrivals: Vec<(Here, usize)>,
    /// What targets sent.
    answers: Inbox,
    /// For whom, by message.
    recipients: Vec<(Key, Here, usize)>,
    /// Targets that refused datagrams, and until when they are gone past.
    avoided: HashMap<TargetAddr, u32>,
    dirty: Vec<Key>,
    flush_at_ms: u64,
    removed: Vec<Key>,
    silent: Vec<u32>,
    /// When a datagram was last received.
    heard: u32,
    lines: Lines,
}

impl Udp {
    fn new(config: &Config) -> Self {
        let flows_max = config.udp_flows_max.div_ceil(config.workers.get());
        let unanswered_max = flows_max.div_ceil(UNANSWERED_SHARE);
        let spared = flows_max.div_ceil(SPARED_SHARE);
        let idle = ticks(UDP_IDLE_TIMEOUT);
        let bounds = Bounds { flows_max, unanswered_max, spared, idle };
        Self {
            listeners: Table::default(),
            flows: FlowTable::new(bounds, config.hash_key),
            generation: 0,
            inbox: Inbox::new(CLIENT_MESSAGES_MAX),
            arrivals: Vec::new(),
            answers: Inbox::new(TARGET_MESSAGES_MAX),
            recipients: Vec::new(),
            avoided: HashMap::new(),
            dirty: Vec::new(),
            flush_at_ms: 0,
            removed: Vec::new(),
            silent: Vec::new(),
            heard: 0,
            lines: Lines::default(),
        }
    }

    fn flow(&mut self, here: Here) -> Option<&mut Flow> {
        self.flows.get_mut(here.place).filter(|flow| flow.generation == here.generation)
    }

    /// Takes a note in the tally of a listener.
    fn tally(&mut self, key: Key, now_ms: u64, note: impl FnOnce(&mut FlowTally)) {
        let Some(listener) = self.listeners.get_mut(key) else { return };
        note(&mut listener.tally);
        if !std::mem::replace(&mut listener.is_dirty, true) {
            if self.dirty.is_empty() {
                self.flush_at_ms = now_ms.saturating_add(FLUSH_EVERY_MS);
            }
            self.dirty.push(key);
        }
    }

    fn flush(&mut self) {
        for key in std::mem::take(&mut self.dirty) {
            if let Some(listener) = self.listeners.get_mut(key) {
                listener.flush();
            }
        }
    }

    /// Has new flows go past a target for a while.
    fn avoid(&mut self, target: TargetAddr, now: u32) {
        if self.avoided.len() >= AVOIDED_MAX {
            self.avoided.retain(|_, until| *until > now);
        }
        if self.avoided.len() < AVOIDED_MAX {
            self.avoided.insert(target, now.saturating_add(ticks(AVOID)));
        }
    }

    fn is_avoided(&self, target: TargetAddr, now: u32) -> bool {
        self.avoided.get(&target).is_some_and(|until| *until > now)
    }

    /// When a tick next matters, and when counters are to be flushed, in milliseconds.
    pub(super) fn next(&self, phase: Phase) -> (Option<u32>, Option<u64>) {
        let quiet = || self.heard.saturating_add(ticks(DRAIN_SILENCE));
        let drained = (phase == Phase::Draining && !self.flows.is_empty()).then(quiet);
        let tick = self.flows.next_silent().into_iter().chain(drained).min();
        (tick, (!self.dirty.is_empty()).then_some(self.flush_at_ms))
    }

    /// Whether nothing is going on any more.
    pub(super) fn is_quiet(&self, now: u32) -> bool {
        self.flows.is_empty() || now >= self.heard.saturating_add(ticks(DRAIN_SILENCE))
    }
}

impl Listener {
    fn flush(&mut self) {
        self.is_dirty = false;
        self.origin.interface.metrics.udp().flush(&mut self.tally);
    }
}

fn watch(registry: &Registry, socket: &OwnedFd, token: Token) -> std::io::Result<()> {
    registry.register(&mut SourceFd(&socket.as_raw_fd()), token, Interest::READABLE)
}

impl Worker {
    /// Does something to what there is of UDP, if there is any.
    pub(super) fn with_udp(&mut self, act: impl FnOnce(&mut Self, &mut Udp)) {
        if let Some(mut udp) = self.udp.take() {
            act(self, &mut udp);
            self.udp = Some(udp);
        }
    }

    pub(super) fn add_udp_listener(&mut self, new: NewListener) {
        let NewListener { key, wire: _, socket, addr, interface, forward, admission, limits } = new;
        if let Err(error) = watch(self.poll.registry(), &socket, listener_token(key)) {
            tracing::error!(%error, address = %addr, "watch a UDP socket");
            return;
        }
        let listener = Listener {
            socket: Some(socket),
            origin: Rc::new(Origin { addr, interface }),
            forward,
            admission,
            limits,
            is_queued: false,
            tally: FlowTally::default(),
            is_dirty: false,
        };
        let udp = self.udp.get_or_insert_with(|| Box::new(Udp::new(&self.config)));
        udp.listeners.put(key, listener);
    }

    /// Takes an event whose token has [`turn::UDP`].
    pub(super) fn take_udp_event(&mut self, event: &Event) {
        self.with_udp(|worker, udp| match Of::token(event.token()) {
            Of::Listener(key) => {
                if udp.listeners.get(key).is_some_and(|listener| !listener.is_queued) {
                    worker.take_from_clients(udp, key);
                }
            }
            Of::Flow(here) => {
                if udp.flow(here).is_some_and(|flow| !flow.is_queued) {
                    worker.take_from_target(udp, here);
                }
            }
        });
    }

    /// Gives a socket that had more than a turn's worth another turn.
    pub(super) fn run_queued_udp(&mut self, queued: Queued) {
        self.with_udp(|worker, udp| match queued {
            Queued::Clients(key) => {
                if let Some(listener) = udp.listeners.get_mut(key) {
                    listener.is_queued = false;
                    worker.take_from_clients(udp, key);
                }
            }
            Queued::Target { place, generation } => {
                let here = Here { place, generation };
                if let Some(flow) = udp.flow(here) {
                    flow.is_queued = false;
                    worker.take_from_target(udp, here);
                }
            }
            Queued::Listener(_) | Queued::Session { .. } => {}
        });
    }

    /// After all events of a turn: answers go out, silent flows end, counters are flushed if it is
    /// time.
    pub(super) fn finish_udp_turn(&mut self) {
        self.with_udp(|worker, udp| {
            worker.send_answers(udp);
            worker.end_silent(udp);
            if !udp.dirty.is_empty() && worker.now_ms >= udp.flush_at_ms {
                udp.flush();
            }
        });
    }

    /// Makes a change, as far as it is about UDP.
    pub(super) fn change_udp(&mut self, change: &Change) {
        self.with_udp(|worker, udp| match change {
            Change::RemoveListener(key) => {
                if let Some(listener) = udp.listeners.get_mut(*key) {
                    listener.socket = None;
                    udp.removed.push(*key);
                }
            }
            Change::MoveListener(key, forward) => {
                if let Some(listener) = udp.listeners.get_mut(*key) {
                    listener.forward = *forward;
                }
            }
            Change::SetAdmission(key, admission) => {
                if let Some(listener) = udp.listeners.get_mut(*key) {
                    listener.admission = admission.clone();
                }
            }
            // Flows that there are stay counted where they were.
            Change::SetLimits(interface, limits) => {
                for key in 0..udp.listeners.len() {
                    if let Some(listener) = udp.listeners.get_mut(key)
                        && listener.origin.interface.key == *interface
                    {
                        listener.limits.clone_from(limits);
                    }
                }
            }
            Change::RemoveInterface(key) => {
                worker.end_flows_where(udp, End::EndpointRemoved, |flow| {
                    flow.origin.interface.key == *key
                })
            }
            // A flow stays with a target that turns unhealthy (semantics 1.3).
            Change::ResetTarget(_, End::TargetUnhealthy) => {}
            Change::ResetTarget(target, end) => {
                worker.end_flows_where(udp, *end, |flow| Arc::ptr_eq(&flow.target, target));
            }
            Change::SetForward(..) | Change::RemoveForward(_) => {}
        });
    }

    /// After a batch of changes: flows whose listeners are gone end, unless their endpoint's end
    /// was theirs.
    pub(super) fn finish_udp_changes(&mut self) {
        self.with_udp(|worker, udp| {
            for key in std::mem::take(&mut udp.removed) {
                worker.end_flows_where(udp, End::ListenerRemoved, |flow| flow.listener == key);
                if let Some(mut listener) = udp.listeners.take(key) {
                    listener.flush();
                }
            }
        });
    }

    /// Ends all flows, and listens no more.
    pub(super) fn stop_udp(&mut self) {
        self.with_udp(|worker, udp| {
            worker.send_answers(udp);
            worker.end_flows_where(udp, End::Shutdown, |_| true);
            udp.flush();
            udp.listeners.clear();
        });
    }

    fn end_flows_where(&mut self, udp: &mut Udp, end: End, is_meant: impl Fn(&Flow) -> bool) {
        for place in udp.flows.places_where(is_meant) {
            self.end_flow(udp, place, end);
        }
    }

    fn end_silent(&mut self, udp: &mut Udp) {
        let mut silent = std::mem::take(&mut udp.silent);
        udp.flows.silent(self.now, &mut silent);
        for place in silent.drain(..) {
            self.end_flow(udp, place, End::IdleTimeout);
        }
        udp.silent = silent;
    }

    /// Ends a flow: socket, counters, access line.
    fn end_flow(&mut self, udp: &mut Udp, place: u32, end: End) {
        let Some(flow) = udp.flows.remove(place) else { return };
        udp.tally(flow.listener, self.now_ms, |tally| tally.ended += 1);
        flow.limits.inspect(|limits| limits.close());
        let interface = &flow.origin.interface;
        interface.metrics.udp().ended(end);
        let record = Record {
            interface,
            client: flow.client,
            address: flow.origin.addr,
            target: Some(flow.target.addr),
            to_target: flow.to_target,
            to_client: flow.to_client,
            duration: Duration::from_millis(self.now_ms.saturating_sub(flow.started_ms)),
            end,
        };
        udp.lines.write(self.now_ms, &record);
    }

    /// Counts datagrams that could not be sent.
    fn lose(&mut self, udp: &mut Udp, key: Key, loss: Loss) {
        udp.tally(key, self.now_ms, |tally| tally.lose(loss, 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::WAKE;

    #[test]
    fn tokens_tell_flows_listeners_and_connections_apart() {
        let highest = Here { place: u32::MAX - 1, generation: turn::GENERATION_MAX };
        for of in [Here { place: 0, generation: 0 }, Here { place: 7, generation: 3 }, highest] {
            let token = flow_token(of);
            assert_ne!(token.0 & turn::UDP, 0);
            assert_eq!(Of::token(token), Of::Flow(of));
        }
        for key in [0, 5, Key::MAX >> 4] {
            assert_ne!(listener_token(key).0 & turn::UDP, 0);
            assert_ne!(listener_token(key), WAKE);
            assert_eq!(Of::token(listener_token(key)), Of::Listener(key));
        }
    }
}
