//! Handshakes in progress: connections of TLS listeners that have no target yet.
//!
//! A handshake costs processor time before anything is known of the client, so it is bounded three
//! ways: in time, in number, and in share. Who is slow gives way to who comes: the oldest handshake
//! ends when there is no room for a new one, and one interface's own goes first if it has more than
//! its share. Steps of handshakes take turns, interface by interface, and only some per turn of the
//! loop, so that a flood of them slows neither connections nor other endpoints' handshakes for
//! long. Does not know what becomes of a connection after its handshake.

use std::{collections::VecDeque, rc::Rc, sync::Arc, time::Duration};

use dataplane_core::{
    reason::{End, Refusal},
    timer::Wheel,
};
use mio::event::Event;
use model::ClientAddr;
use slab::Slab;

use super::{Worker, accept::Accepted, table::Table, turn};
use crate::{
    access,
    relay::Side,
    route::{Forward, Key},
    session::{Origin, reset_on_close, ticks},
    tls::{
        failure::Failure,
        handshake::{Handshake, Progress},
        session::{Peer, TlsSession},
    },
};

/// What part of a worker's handshakes those of one interface may be.
const SHARE: usize = 4;
/// How many ended handshakes the order of age may have beside as many as there are.
const ORDER_SLACK: usize = 64;
/// Steps per turn of the loop: at up to a millisecond each (RSA) connections wait 8 ms for them.
const STEPS_PER_TURN: usize = 8;

/// A connection whose handshake is in progress.
struct Shaking {
    generation: u32,
    client: Side,
    addr: ClientAddr,
    origin: Rc<Origin>,
    forward: Arc<Forward>,
    handshake: Handshake,
    started_ms: u64,
    is_queued: bool,
}

/// Those of one interface.
#[derive(Default)]
struct Own {
    live: usize,
    /// That can go on. Those that have ended meanwhile are skipped.
    ready: VecDeque<(u32, u32)>,
}

/// All handshakes of a worker.
#[derive(Default)]
pub(super) struct Handshakes {
    all: Slab<Shaking>,
    timers: Wheel,
    fired: Vec<u32>,
    generation: u32,
    own: Table<Own>,
    /// Interfaces with handshakes that can go on, each once.
    turns: VecDeque<Key>,
    /// By age, with some that have ended.
    order: VecDeque<(u32, u32)>,
}

impl Handshakes {
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether any can go on.
    pub(super) fn is_busy(&self) -> bool {
        !self.turns.is_empty()
    }

    /// The tick of the next timeout.
    pub(super) fn next_timer(&self) -> Option<u32> {
        self.timers.next()
    }

    fn find(&mut self, index: u32, generation: u32) -> Option<&mut Shaking> {
        let found = self.all.get_mut(turn::widen(index));
        found.filter(|shaking| shaking.generation == generation)
    }

    /// Lets one go on when its turn comes.
    fn queue(&mut self, index: u32) {
        let Some(shaking) = self.all.get_mut(turn::widen(index)) else { return };
        if std::mem::replace(&mut shaking.is_queued, true) {
            return;
        }
        let key = shaking.origin.interface.key;
        if let Some(own) = self.own.get_mut(key) {
            if own.ready.is_empty() {
                self.turns.push_back(key);
            }
            own.ready.push_back((index, shaking.generation));
        }
    }

    /// The next one to go on: one of each interface, then the next of each.
    fn next(&mut self) -> Option<u32> {
        while let Some(key) = self.turns.pop_front() {
            let Some(own) = self.own.get_mut(key) else { continue };
            let next = own.ready.pop_front();
            if !own.ready.is_empty() {
                self.turns.push_back(key);
            }
            let Some((index, generation)) = next else { continue };
            if let Some(shaking) = self.find(index, generation) {
                shaking.is_queued = false;
                return Some(index);
            }
        }
        None
    }

    /// The oldest one, of an interface if one is named.
    fn oldest(&self, of: Option<Key>) -> Option<u32> {
        let is_meant = |(index, generation): &&(u32, u32)| {
            let shaking = self.all.get(turn::widen(*index));
            let live = shaking.filter(|shaking| shaking.generation == *generation);
            live.is_some_and(|live| of.is_none_or(|key| live.origin.interface.key == key))
        };
        self.order.iter().find(is_meant).map(|(index, _)| *index)
    }

    /// Which one gives way to a new one of this interface, if there is no room.
    fn in_the_way(&self, key: Key, most: usize) -> Option<u32> {
        let share = most.div_ceil(SHARE);
        if self.own.get(key).is_some_and(|own| own.live >= share) {
            self.oldest(Some(key))
        } else if self.all.len() >= most {
            self.oldest(None)
        } else {
            None
        }
    }

    fn insert(&mut self, shaking: Shaking, due: u32) -> u32 {
        let key = shaking.origin.interface.key;
        if self.own.get(key).is_none() {
            self.own.put(key, Own::default());
        }
        if let Some(own) = self.own.get_mut(key) {
            own.live += 1;
        }
        let generation = shaking.generation;
        let index = turn::narrow(self.all.insert(shaking));
        self.timers.set(index, due);
        if self.order.len() >= 2 * self.all.len() + ORDER_SLACK {
            let Self { order, all, .. } = self;
            order.retain(|(index, generation)| {
                all.get(turn::widen(*index)).is_some_and(|it| it.generation == *generation)
            });
        }
        self.order.push_back((index, generation));
        index
    }

    fn remove(&mut self, index: u32) -> Option<Shaking> {
        let shaking = self.all.try_remove(turn::widen(index))?;
        self.timers.cancel(index);
        let key = shaking.origin.interface.key;
        if let Some(own) = self.own.get_mut(key) {
            own.live -= 1;
            if own.live == 0 && own.ready.is_empty() {
                self.own.take(key);
            }
        }
        Some(shaking)
    }
}

impl Worker {
    /// Begins a handshake with a client that was admitted.
    pub(super) fn shake_hands(&mut self, accepted: Accepted, forward: &Arc<Forward>) {
        let interface = accepted.origin.interface.key;
        self.tally(interface, |tally| tally.opened += 1);
        if self.sessions.len() + self.handshakes.len() >= self.config.connections_max {
            return self.refuse(accepted, End::Refused(Refusal::TooManyConnections));
        }
        let terminator = forward.tls.as_ref().filter(|it| it.has_certificate());
        let handshake = match terminator.map(|terminator| Handshake::new(terminator)) {
            Some(Ok(handshake)) => handshake,
            None => return self.refuse(accepted, End::Refused(Refusal::NoCertificate)),
            Some(Err(_)) => return self.refuse(accepted, End::ClientTlsFailed),
        };
        if let Some(oldest) = self.handshakes.in_the_way(interface, self.config.handshakes_max) {
            let end = End::Refused(Refusal::TooManyHandshakes);
            self.end_handshake(oldest, end, Some(Failure::MadeRoom));
        }
        self.handshakes.generation = turn::next_generation(self.handshakes.generation);
        let generation = self.handshakes.generation;
        let Accepted { client, addr, origin, started_ms, .. } = accepted;
        let shaking = Shaking {
            generation,
            client,
            addr,
            origin,
            forward: Arc::clone(forward),
            handshake,
            started_ms,
            is_queued: false,
        };
        let due = self.now.saturating_add(ticks(self.config.handshake_timeout));
        let index = self.handshakes.insert(shaking, due);
        if let Some(local) = self.interfaces.get_mut(interface) {
            local.active += 1;
        }
        let token = turn::handshake_token(index, generation);
        let Some(shaking) = self.handshakes.all.get(turn::widen(index)) else { return };
        if self.watch(&shaking.client.socket, token).is_err() {
            self.end_handshake(index, End::Refused(Refusal::ResourcesExhausted), None);
        }
    }

    /// Takes note of an event; what is to be done about it waits for its turn.
    pub(super) fn note_handshake(&mut self, index: usize, generation: u32, event: &Event) {
        let index = turn::narrow(index);
        if let Some(shaking) = self.handshakes.find(index, generation) {
            turn::note(&mut shaking.client, event);
            self.handshakes.queue(index);
        }
    }

    /// Lets handshakes go on, some per turn.
    pub(super) fn run_handshakes(&mut self) {
        for _ in 0..STEPS_PER_TURN {
            let Some(index) = self.handshakes.next() else { break };
            self.step(index);
        }
        let mut fired = std::mem::take(&mut self.handshakes.fired);
        self.handshakes.timers.advance(self.now, &mut fired);
        for index in fired.drain(..) {
            self.end_handshake(index, End::ClientTlsTimeout, Some(Failure::Timeout));
        }
        self.handshakes.fired = fired;
    }

    fn step(&mut self, index: u32) {
        let Some(shaking) = self.handshakes.all.get_mut(turn::widen(index)) else { return };
        if shaking.client.ready.failed {
            return self.end_handshake(index, End::ClientReset, Some(Failure::Closed));
        }
        let Some(terminator) = &shaking.forward.tls else { return };
        let tools = &mut self.tools.tls;
        match shaking.handshake.advance(&mut shaking.client, terminator, tools) {
            Progress::Wait => {}
            Progress::Again => self.handshakes.queue(index),
            Progress::Failed(failure) => {
                self.end_handshake(index, End::ClientTlsFailed, Some(failure));
            }
            Progress::Done => self.open_session(index),
        }
    }

    /// The handshake is over: the connection goes on as any other does.
    fn open_session(&mut self, index: u32) {
        let Some(shaking) = self.handshakes.remove(index) else { return };
        let Shaking { client, addr, origin, forward, handshake, started_ms, .. } = shaking;
        if let Some(local) = self.interfaces.get_mut(origin.interface.key) {
            local.active -= 1;
        }
        let tls = TlsSession::new(handshake.agreed(&self.tools.tls)).map(Box::new);
        if let Some(tls) = &tls {
            origin.interface.metrics.tls().agreed(&tls.terms);
        }
        self.proceed(Accepted { client, addr, origin, started_ms, tls }, &forward);
    }

    /// Ends the handshakes that the condition picks.
    pub(super) fn end_handshakes(&mut self, end: End, is_meant: impl Fn(&Origin) -> bool) {
        let all = self.handshakes.all.iter();
        let meant = all.filter(|(_, shaking)| is_meant(&shaking.origin));
        let meant: Vec<u32> = meant.map(|(index, _)| turn::narrow(index)).collect();
        for index in meant {
            self.end_handshake(index, end, None);
        }
    }

    fn end_handshake(&mut self, index: u32, end: End, failure: Option<Failure>) {
        let Some(shaking) = self.handshakes.remove(index) else { return };
        if !matches!(end, End::ClientTlsFailed | End::ClientReset) {
            reset_on_close(&shaking.client);
        }
        let interface = &shaking.origin.interface;
        if let Some(local) = self.interfaces.get_mut(interface.key) {
            local.active -= 1;
        }
        self.tally(interface.key, |tally| tally.closed += 1);
        interface.metrics.ended(end);
        if let Some(failure) = failure {
            interface.metrics.tls().failed(Peer::Client, failure);
        }
        access::write(&access::Record {
            interface,
            client: shaking.addr,
            address: shaking.origin.addr,
            target: None,
            unique_id: None,
            bytes_to_target: 0,
            bytes_to_client: 0,
            duration: Duration::from_millis(self.now_ms.saturating_sub(shaking.started_ms)),
            end,
            tls: access::Tls { failure: failure.map(|it| (Peer::Client, it)), terms: None },
        });
    }
}
