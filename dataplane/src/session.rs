//! The life of one connection: connecting, relaying, idling, ending.
//!
//! Kept small, there are 100,000 of them: buffers and pipes belong to the worker, and what only
//! connecting needs is boxed and dropped. Does not know the tables it lives in, nor the poll.

use std::{
    os::fd::{AsFd as _, OwnedFd},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use dataplane_core::{
    proxy_header::UniqueId,
    reason::{End, ResetSide},
};
use model::{ClientAddr, EndpointAddr};
use rustix::net::{self, AddressFamily, Shutdown, SocketType, sockopt};

use crate::{
    IdleEnd,
    connect::Connecting,
    relay::{Direction, Side, Step, Tools},
    route::{Chosen, Interface},
    tls::session::{Greeting, Peer, TlsSession},
};

/// A tick of the worker's clock: how exact timeouts are.
pub(crate) const TICK: Duration = Duration::from_millis(50);

/// What all connections of one listener share within a worker.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) addr: EndpointAddr,
    pub(crate) interface: Arc<Interface>,
}

/// One client's connection and the connection to its target.
#[derive(Debug)]
pub(crate) struct Session {
    /// Tells this connection from earlier ones in the same place.
    pub(crate) generation: u32,
    pub(crate) client: Side,
    pub(crate) target: Side,
    pub(crate) to_target: Direction,
    pub(crate) to_client: Direction,
    pub(crate) origin: Rc<Origin>,
    pub(crate) chosen: Chosen,
    /// While no target has answered.
    pub(crate) connecting: Option<Box<Connecting>>,
    pub(crate) client_addr: ClientAddr,
    /// What the header calls the connection; boxed, for most have none.
    pub(crate) unique_id: Option<Box<UniqueId>>,
    /// Milliseconds of the worker's clock.
    pub(crate) started_ms: u64,
    pub(crate) idle: Idle,
    pub(crate) pacing: Pacing,
    /// Whether it waits in the run queue.
    pub(crate) is_queued: bool,
    half_closed: HalfClosed,
    /// On a TLS listener: what stands in for the plain ways.
    pub(crate) tls: Option<Box<TlsSession>>,
}

/// Whether a connection has to ask before it moves bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pacing {
    /// Its endpoint's bytes are not limited.
    Free,
    /// They are.
    Paced,
    /// It waits for the share that it has reserved, until this tick.
    Waiting { share: u32, until: u32 },
}

/// Which halves were closed on behalf of the other side.
#[derive(Clone, Copy, Debug, Default)]
struct HalfClosed {
    target: bool,
    client: bool,
}

/// What a connection wants after it was driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// To be woken.
    Wait,
    /// Another turn.
    Again,
    /// To end.
    End(End),
}

/// What came of opening a connection to a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// It is open.
    Done,
    /// The target has yet to agree upon TLS.
    Wait,
    /// To try another target, or to end so.
    Retry(End),
    /// To end.
    End(End),
}

impl Session {
    pub(crate) fn new(
        generation: u32,
        client: (Side, ClientAddr),
        target: (Side, Chosen),
        origin: Rc<Origin>,
        connecting: Connecting,
        idle: Idle,
        started_ms: u64,
    ) -> Self {
        Self {
            generation,
            client: client.0,
            client_addr: client.1,
            target: target.0,
            chosen: target.1,
            to_target: Direction::default(),
            to_client: Direction::default(),
            origin,
            unique_id: connecting.unique_id.map(Box::new),
            connecting: Some(Box::new(connecting)),
            started_ms,
            idle,
            pacing: Pacing::Free,
            is_queued: false,
            half_closed: HalfClosed::default(),
            tls: None,
        }
    }

    /// The target's socket became writable for the first time: the header goes first.
    pub(crate) fn open(&mut self, tools: &mut Tools) -> Opening {
        let Some(connecting) = &self.connecting else { return Opening::Done };
        let header = connecting.header.as_ref();
        if let Some(tls) = &mut self.tls {
            let (target, ip) = (&mut self.target, self.chosen.addr.0.ip());
            let opening = match tls.greet(target, ip, header, (&mut self.to_target, tools)) {
                Greeting::Done => Opening::Done,
                Greeting::Wait => Opening::Wait,
                Greeting::Failed(failure) => {
                    tls.failure = Some((Peer::Target, failure));
                    Opening::Retry(End::TargetTlsFailed)
                }
                Greeting::Broken => Opening::End(End::TargetReset),
            };
            if opening == Opening::Done {
                self.connecting = None;
            }
            return opening;
        }
        let opened = header
            .map(|header| self.to_target.open(header, &mut self.client, &mut self.target, tools));
        self.connecting = None;
        match opened {
            Some(Step::SenderBroken) => Opening::End(End::ClientReset),
            Some(Step::ReceiverBroken) => Opening::End(End::TargetReset),
            Some(Step::Wait | Step::Again | Step::Ended) | None => Opening::Done,
        }
    }

    /// One side has sent keepalives: they end here where TLS does, so both are sent our own.
    pub(crate) fn pass_on_keepalives(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.keep_alive(&self.client, &self.target);
        }
    }

    /// Goes on with another target, to which nothing was sent yet.
    pub(crate) fn turn_to(&mut self, socket: OwnedFd, target: Chosen) {
        self.target = Side::new(socket);
        self.chosen = target;
        if let Some(tls) = &mut self.tls {
            tls.forget_target();
        }
    }

    /// Moves what can be moved, and passes on closed halves.
    pub(crate) fn relay(&mut self, tools: &mut Tools) -> Turn {
        if self.client.ready.failed {
            return Turn::End(End::ClientReset);
        }
        if self.target.ready.failed {
            return Turn::End(End::TargetReset);
        }
        if let Some(tls) = &mut self.tls {
            let ways = (&mut self.to_target, &mut self.to_client);
            return tls.relay((&mut self.client, &mut self.target), ways, tools);
        }
        let up = self.to_target.pump(&mut self.client, &mut self.target, tools);
        let down = self.to_client.pump(&mut self.target, &mut self.client, tools);
        match (up, down) {
            (Step::SenderBroken, _) | (_, Step::ReceiverBroken) => Turn::End(End::ClientReset),
            (Step::ReceiverBroken, _) | (_, Step::SenderBroken) => Turn::End(End::TargetReset),
            // Closing both sockets closes whichever half is still open.
            (Step::Ended, Step::Ended) => Turn::End(End::Closed),
            (up, down) => {
                if up == Step::Ended {
                    close_half(&mut self.half_closed.target, &self.target);
                }
                if down == Step::Ended {
                    close_half(&mut self.half_closed.client, &self.client);
                }
                if up == Step::Again || down == Step::Again { Turn::Again } else { Turn::Wait }
            }
        }
    }

    /// Whether its next turn would do more than look.
    pub(crate) fn is_ready(&self) -> bool {
        if self.tls.is_some() {
            return self.client.ready.readable || self.target.ready.readable;
        }
        self.to_target.is_ready(&self.client, &self.target)
            || self.to_client.is_ready(&self.target, &self.client)
    }

    /// Whether a socket has an error pending.
    pub(crate) fn is_broken(&self) -> bool {
        self.client.ready.failed || self.target.ready.failed
    }

    /// Segments received on both sides: they grow with keepalives, which nothing else shows.
    pub(crate) fn segments_in(&self) -> u32 {
        // A socket that cannot be asked is about to end for its own reason.
        let count = |side: &Side| sys::segments_in(side.socket.as_fd()).unwrap_or(0);
        count(&self.client).wrapping_add(count(&self.target))
    }

    /// Makes the sockets reset when they are closed, but for the one that was reset by its peer; or
    /// say nothing. Tells who has reset the connection.
    pub(crate) fn prepare_end(&self, end: End, idle_end: IdleEnd) -> Option<ResetSide> {
        if end == End::IdleTimeout && idle_end == IdleEnd::Silent && self.is_forgotten() {
            return None;
        }
        let (client, target) = match end {
            End::Closed => (false, false),
            // A client that broke TLS was told so.
            End::ClientReset | End::ClientTlsFailed => (false, true),
            End::TargetReset => (true, false),
            End::ConnectFailed
            | End::ConnectTimeout
            | End::IdleTimeout
            | End::EndpointRemoved
            | End::TargetUnhealthy
            | End::TargetDeregistered
            | End::Shutdown
            | End::ClientTlsTimeout
            | End::TargetTlsFailed
            | End::ListenerRemoved
            | End::TargetRefused
            | End::Evicted
            | End::Refused(_) => (true, true),
        };
        for (side, resets) in [(&self.client, client), (&self.target, target)] {
            if resets {
                reset_on_close(side);
            }
        }
        end.reset_side()
    }

    /// Has the system forget the connection when its sockets are closed, if it lets us.
    fn is_forgotten(&self) -> bool {
        let forget = |side: &Side| sys::forget_on_close(side.socket.as_fd()).is_ok();
        [&self.client, &self.target].into_iter().all(forget)
    }
}

/// Whether connections can end without a word: whether the process has CAP_NET_ADMIN.
pub(crate) fn can_forget() -> bool {
    let socket = net::socket(AddressFamily::INET, SocketType::STREAM, None);
    socket.is_ok_and(|socket| sys::forget_on_close(socket.as_fd()).is_ok())
}

/// Makes a socket answer with RST when it is closed, whatever it still holds.
pub(crate) fn reset_on_close(side: &Side) {
    // It can only fail on what is no socket; a reset that becomes a FIN is still an end.
    let _ = sockopt::set_socket_linger(&side.socket, Some(Duration::ZERO));
}

fn close_half(done: &mut bool, side: &Side) {
    if !std::mem::replace(done, true) {
        // Fails only when the peer has reset the connection, which its own event tells.
        let _ = net::shutdown(&side.socket, Shutdown::Write);
    }
}

/// How long a connection has been silent.
///
/// Keepalives count as life (semantics 1.5), but show only in a socket's count of segments. So that
/// count is read at every quarter of the timeout of silence: a connection is cut at its timeout,
/// one kept alive at most a quarter late, and a busy one is never asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Idle {
    pub(crate) timeout: u32,
    last_active: u32,
    counted_at: u32,
    segments: u32,
}

/// What to do with a silent connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Cut it.
    Cut,
    /// Look again at this tick.
    LookAgain(u32),
}

impl Idle {
    pub(crate) fn new(timeout: Duration, now: u32) -> Self {
        let timeout = ticks(timeout);
        Self { timeout, last_active: now, counted_at: 0, segments: 0 }
    }

    pub(crate) fn touch(&mut self, now: u32) {
        self.last_active = now;
    }

    /// Whether it has come to life since: after a look, by keepalives.
    pub(crate) fn is_livelier_than(&self, before: &Self) -> bool {
        self.last_active > before.last_active
    }

    fn quarter(&self) -> u32 {
        (self.timeout / 4).max(1)
    }

    /// When to look first.
    pub(crate) fn first_look(&self) -> u32 {
        self.last_active.saturating_add(self.quarter())
    }

    pub(crate) fn look(&mut self, now: u32, segments: impl FnOnce() -> u32) -> Verdict {
        if now < self.first_look() {
            return Verdict::LookAgain(self.first_look());
        }
        let segments = segments();
        if self.counted_at > self.last_active && segments != self.segments {
            self.last_active = now;
        }
        (self.segments, self.counted_at) = (segments, now);
        let due = self.last_active.saturating_add(self.timeout);
        if now >= due {
            return Verdict::Cut;
        }
        // One tick on, or the count just taken would not be newer than the activity.
        self.counted_at = self.counted_at.max(self.last_active.saturating_add(1));
        Verdict::LookAgain(due.min(now.saturating_add(self.quarter())))
    }
}

/// A duration in ticks, rounded up, and one more: part of the present tick is over.
pub(crate) fn ticks(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis().div_ceil(TICK.as_millis()) + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_small() {
        let bytes = size_of::<Session>();
        assert!(bytes <= 192, "{bytes}");
    }

    /// Plays ticks against a timeout of 100 ticks until the cut; `alive` tells at which ticks the
    /// segment count grows by keepalives.
    fn cut_at(alive: impl Fn(u32) -> bool) -> u32 {
        let mut idle = Idle::new(TICK * 99, 1000);
        let mut next = idle.first_look();
        let mut segments = 5;
        for now in 1001..10_000 {
            if alive(now) {
                segments += 1;
            }
            if now >= next {
                match idle.look(now, || segments) {
                    Verdict::Cut => return now - 1000,
                    Verdict::LookAgain(at) => next = at,
                }
            }
        }
        u32::MAX
    }

    #[test]
    fn silence_is_cut_at_the_timeout_and_keepalives_are_not_silence() {
        assert_eq!(cut_at(|_| false), 100);
        // The last acknowledgement of the data itself is no keepalive.
        assert_eq!(cut_at(|now| now == 1002), 100);
        assert_eq!(cut_at(|now| now % 60 == 0), u32::MAX);
        assert_eq!(cut_at(|now| now % 99 == 0), u32::MAX);
        let once = cut_at(|now| now == 1090);
        assert!((190..=215).contains(&once), "{once}");
    }
}
