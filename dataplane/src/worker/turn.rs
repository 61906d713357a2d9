//! A connection's turns: from events, from the queue and from timers, up to its end.
//!
//! A token names a listener (top bit set), or a connection's place, its generation and a side;
//! other bits say that it is a handshake's or UDP's. The generation keeps an event of an ended
//! connection from reaching the next one in its place.

use std::{sync::Arc, time::Duration};

use dataplane_core::reason::End;
use mio::{Token, event::Event};

use super::{Queued, Worker, pace};
use crate::{
    access,
    config::ANSWER_WAIT_MAX,
    connect::Attempt,
    relay::Side,
    route::Key,
    session::{Opening, Pacing, Session, Turn, Verdict, ticks},
    tls::{failure::Failure, session::Peer},
};

const LISTENER: usize = 1 << (usize::BITS - 1);
/// A connection whose TLS handshake is in progress; generations leave this bit free.
const HANDSHAKE: usize = 1 << (usize::BITS - 2);
const TARGET_SIDE: usize = 1;
/// Bits of a token for the place (31) and the side (1).
pub(super) const PLACE_BITS: u32 = 32;
/// Something of UDP's; generations leave this bit free as well.
pub(super) const UDP: usize = 1 << (usize::BITS - 3);
/// Generations fit between the place and the three top bits, and leave the waker's token free.
pub(super) const GENERATION_MAX: u32 = (1 << 29) - 1;

pub(super) fn next_generation(generation: u32) -> u32 {
    if generation >= GENERATION_MAX { 0 } else { generation + 1 }
}

/// The place of a connection as timers know it.
pub(super) fn narrow(index: usize) -> u32 {
    u32::try_from(index).expect("Config::connections_max bounds places well below 2^31")
}

pub(super) fn widen(index: u32) -> usize {
    usize::try_from(index).expect("usize has at least 32 bits")
}

pub(super) fn listener_token(key: Key) -> Token {
    Token(LISTENER | key)
}

pub(super) fn client_token(index: u32, generation: u32) -> Token {
    Token(widen(generation) << PLACE_BITS | widen(index) << 1)
}

pub(super) fn target_token(index: u32, generation: u32) -> Token {
    Token(client_token(index, generation).0 | TARGET_SIDE)
}

pub(super) fn handshake_token(index: u32, generation: u32) -> Token {
    Token(HANDSHAKE | client_token(index, generation).0)
}

/// Remembers what an event says of a side.
pub(super) fn note(side: &mut Side, event: &Event) {
    let ready = &mut side.ready;
    ready.readable |= event.is_readable() || event.is_read_closed();
    ready.writable |= event.is_writable() || event.is_write_closed();
    ready.closing |= event.is_read_closed();
    ready.failed |= event.is_error();
}

impl Worker {
    pub(super) fn take_event(&mut self, event: &Event) {
        let Token(token) = event.token();
        if token & UDP != 0 {
            return self.take_udp_event(event);
        }
        if token & LISTENER != 0 {
            let key = token & !LISTENER;
            if self.listeners.get(key).is_some_and(|listener| !listener.is_queued) {
                self.accept(key);
            }
            return;
        }
        let index = (token & ((1 << PLACE_BITS) - 1)) >> 1;
        if token & HANDSHAKE != 0 {
            let generation = narrow((token & !HANDSHAKE) >> PLACE_BITS);
            return self.note_handshake(index, generation, event);
        }
        let Some(session) = self.sessions.get_mut(index) else { return };
        if widen(session.generation) != token >> PLACE_BITS {
            return;
        }
        let is_target = token & TARGET_SIDE != 0;
        note(if is_target { &mut session.target } else { &mut session.client }, event);
        self.drive(narrow(index));
    }

    /// Gives everyone in the queue one turn; who wants another queues up again.
    pub(super) fn run_queue(&mut self) {
        self.feed_starved();
        for _ in 0..self.queue.len() {
            match self.queue.pop_front() {
                None => return,
                Some(Queued::Listener(key)) => {
                    if let Some(listener) = self.listeners.get_mut(key) {
                        listener.is_queued = false;
                        self.accept(key);
                    }
                }
                Some(Queued::Session { index, generation }) => {
                    let session = self.sessions.get_mut(widen(index));
                    if let Some(session) = session.filter(|s| s.generation == generation) {
                        session.is_queued = false;
                        self.drive(index);
                    }
                }
                Some(queued @ (Queued::Clients(_) | Queued::Target { .. })) => {
                    self.run_queued_udp(queued);
                }
            }
        }
    }

    /// One turn of a connection.
    fn drive(&mut self, index: u32) {
        let Some(session) = self.sessions.get_mut(widen(index)) else { return };
        if session.connecting.is_some() {
            if session.client.ready.failed {
                return self.end(index, End::ClientReset);
            }
            if session.target.ready.failed {
                return self.retry(index, End::ConnectFailed);
            }
            if !session.target.ready.writable {
                return;
            }
            match session.open(&mut self.tools) {
                Opening::Done => {}
                Opening::Wait => return,
                Opening::Retry(end) => return self.retry(index, end),
                Opening::End(end) => return self.end(index, end),
            }
            session.idle.touch(self.now);
            self.timers.set(index, session.idle.first_look());
            self.count_first_bytes(index);
        }
        let session = &self.sessions[widen(index)];
        if session.pacing == Pacing::Free {
            self.relay(index);
        } else {
            self.drive_paced(index);
        }
    }

    /// Counts what went with the header.
    fn count_first_bytes(&mut self, index: u32) {
        let session = &self.sessions[widen(index)];
        let (first, interface) = (session.to_target.bytes, session.origin.interface.key);
        if first > 0 {
            self.tally(interface, |tally| tally.bytes_to_target += first);
            self.charge(interface, first);
        }
    }

    /// Moves what can be moved, and tells how many bytes that was.
    pub(super) fn relay(&mut self, index: u32) -> u64 {
        let Some(session) = self.sessions.get_mut(widen(index)) else { return 0 };
        let before = (session.to_target.bytes, session.to_client.bytes);
        let turn = session.relay(&mut self.tools);
        let to_target = session.to_target.bytes - before.0;
        let to_client = session.to_client.bytes - before.1;
        let interface = session.origin.interface.key;
        if to_target | to_client != 0 {
            session.idle.touch(self.now);
            self.tally(interface, |tally| {
                tally.bytes_to_target += to_target;
                tally.bytes_to_client += to_client;
            });
        }
        match turn {
            Turn::Wait => {}
            Turn::Again => self.requeue(index),
            Turn::End(end) => self.end(index, end),
        }
        to_target + to_client
    }

    fn requeue(&mut self, index: u32) {
        let session = &mut self.sessions[widen(index)];
        if !std::mem::replace(&mut session.is_queued, true) {
            self.queue.push_back(Queued::Session { index, generation: session.generation });
        }
    }

    /// After a failed attempt: the next target, or the end for want of one.
    fn retry(&mut self, index: u32, otherwise: End) {
        let session = &mut self.sessions[widen(index)];
        let metrics = &session.origin.interface.metrics;
        metrics.connect_failed();
        session.chosen.note_failure();
        if let Some((peer, failure)) = session.tls.as_mut().and_then(|tls| tls.failure.take()) {
            metrics.tls().failed(peer, failure);
        }
        let waited = Duration::from_millis(self.now_ms.saturating_sub(session.started_ms));
        let left = ANSWER_WAIT_MAX.saturating_sub(waited);
        if left.is_zero() {
            return self.end(index, otherwise);
        }
        let Some(connecting) = session.connecting.as_mut() else { return };
        let Attempt::Begun(socket, target) = connecting.attempt(&mut self.sources, metrics) else {
            return self.end(index, otherwise);
        };
        session.turn_to(socket, target);
        let token = target_token(index, session.generation);
        if self.watch(&self.sessions[widen(index)].target.socket, token).is_err() {
            return self.end(index, End::ConnectFailed);
        }
        let wait = self.config.connect_timeout.min(left);
        self.timers.set(index, self.now.saturating_add(ticks(wait)));
    }

    pub(super) fn run_timers(&mut self) {
        let mut fired = std::mem::take(&mut self.fired);
        self.timers.advance(self.now, &mut fired);
        for index in fired.drain(..) {
            self.time_out(index);
        }
        self.fired = fired;
    }

    fn time_out(&mut self, index: u32) {
        let Some(session) = self.sessions.get_mut(widen(index)) else { return };
        if session.connecting.is_some() {
            if let Some(tls) = session.tls.as_mut().filter(|tls| tls.is_greeting()) {
                tls.failure = Some((Peer::Target, Failure::Timeout));
            }
            return self.retry(index, End::ConnectTimeout);
        }
        if let Pacing::Waiting { .. } = session.pacing {
            // It had something to move all the while.
            session.idle.touch(self.now);
            self.timers.set(index, session.idle.first_look());
            return self.drive(index);
        }
        let mut idle = session.idle;
        match idle.look(self.now, || session.segments_in()) {
            Verdict::Cut => self.end(index, End::IdleTimeout),
            Verdict::LookAgain(at) => {
                if idle.is_livelier_than(&session.idle) {
                    session.pass_on_keepalives();
                }
                session.idle = idle;
                self.timers.set(index, at);
            }
        }
    }

    /// Ends all connections that the condition picks.
    pub(super) fn end_where(&mut self, end: End, is_meant: impl Fn(&Session) -> bool) {
        let meant: Vec<u32> = self
            .sessions
            .iter()
            .filter(|(_, session)| is_meant(session))
            .map(|(index, _)| narrow(index))
            .collect();
        for index in meant {
            self.end(index, end);
        }
    }

    /// Ends a connection: sockets, timer, counters, access line.
    pub(super) fn end(&mut self, index: u32, end: End) {
        let Some(mut session) = self.sessions.try_remove(widen(index)) else { return };
        self.timers.cancel(index);
        let reset_by = session.prepare_end(end, self.config.idle_end);
        if session.connecting.is_none() {
            session.chosen.note_end(end, session.to_client.bytes);
        }
        session.to_target.close(&mut self.tools);
        session.to_client.close(&mut self.tools);
        let interface = Arc::clone(&session.origin.interface);
        self.tally(interface.key, |tally| tally.closed += 1);
        if let Some(local) = self.interfaces.get_mut(interface.key) {
            local.active -= 1;
            if let Some(limits) = &local.limits {
                pace::give_back(limits, session.pacing);
            }
            interface.metrics.flush(&mut local.tally);
        }
        interface.metrics.ended_by(end, reset_by);
        let tls = session.tls.as_ref().map_or_else(access::Tls::default, |tls| access::Tls {
            terms: Some(&tls.terms),
            failure: tls.failure,
        });
        if let Some((peer, failure)) = tls.failure {
            interface.metrics.tls().failed(peer, failure);
        }
        access::write(&access::Record {
            interface: &interface,
            client: session.client_addr,
            address: session.origin.addr,
            target: Some(session.chosen.addr),
            unique_id: session.unique_id.as_deref().copied(),
            bytes_to_target: session.to_target.bytes,
            bytes_to_client: session.to_client.bytes,
            duration: Duration::from_millis(self.now_ms.saturating_sub(session.started_ms)),
            end,
            tls,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_do_not_collide() {
        let last = client_token(u32::MAX >> 1, GENERATION_MAX);
        assert_eq!(last.0 & LISTENER, 0);
        assert_ne!(target_token(1, 1), client_token(1, 1));
        assert_ne!(client_token(1, 1), client_token(1, 2));
        assert_ne!(handshake_token(1, 1), client_token(1, 1));
        assert_eq!(last.0 & (HANDSHAKE | UDP), 0);
        assert_eq!(listener_token(Key::MAX >> 3).0 & UDP, 0);
        assert_ne!(listener_token(Key::MAX >> 2), super::super::WAKE);
        assert_eq!(next_generation(GENERATION_MAX), 0);
    }
}
