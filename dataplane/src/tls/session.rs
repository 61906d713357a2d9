//! A TLS session: bytes both ways between a client's records and a target, plain or in records.
//!
//! Stands in for [`crate::relay`] where a socket carries records. The rules are the same: nothing
//! is read that the other socket could not take, a closed half is passed on, and an idle session
//! holds no buffer. Closing a half is said in a record (`close_notify`) and by closing the socket's
//! half; a peer that only does the latter may have been cut off, so towards another socket with
//! records the same is done. Does not know time, nor why a session should end.

use std::{fmt, net::IpAddr, sync::Arc};

use dataplane_core::{proxy_header::Encoded, reason::End};
use rustls::client::UnbufferedClientConnection;

use super::{
    channel::{Channel, Outputs},
    failure::Failure,
    handshake::{Agreed, Terms},
    keepalive::keep_alive,
    leg::{Heard, Leg, Sent},
    originate::Originator,
    sealed::Sealed,
};
use crate::{
    relay::{Direction, Side, Tools},
    session::Turn,
};

/// Rounds per direction and wake; then other connections have their turn.
const ROUNDS_MAX: u32 = 16;

/// Both ends of a session.
pub(crate) struct TlsSession {
    client: Leg,
    target: Leg,
    to_target: Way,
    to_client: Way,
    /// How the target is spoken to; none is as it is.
    originator: Option<Arc<Originator>>,
    has_begun: bool,
    is_kept_alive: bool,
    pub(crate) terms: Terms,
    /// Why it broke, and at which end.
    pub(crate) failure: Option<(Peer, Failure)>,
}

/// Who is at an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// The client.
    Client,
    /// The target.
    Target,
}

/// One way of it.
#[derive(Default)]
struct Way {
    /// Plain text that came before it could be passed on.
    held: Vec<u8>,
    ended: Option<LastWord>,
    /// Whether the last word was passed on.
    is_passed_on: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LastWord {
    Said,
    Cut,
}

/// How far a way came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Wait,
    Again,
    Ended,
    SenderBroken,
    ReceiverBroken,
    SenderFailed(Failure),
    ReceiverFailed(Failure),
}

/// What came of greeting a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Greeting {
    /// It is ready to hear the client.
    Done,
    /// It has yet to answer.
    Wait,
    /// Another one may do better.
    Failed(Failure),
    /// Its socket broke.
    Broken,
}

impl TlsSession {
    /// None for an agreement that was none.
    pub(crate) fn new(agreed: Agreed) -> Option<Self> {
        let Agreed { client, held, is_last, server_name } = agreed;
        let terms = Terms::of(client.channel.as_deref()?, server_name);
        let ended = is_last.then_some(LastWord::Said);
        Some(Self {
            client,
            target: Leg::default(),
            to_target: Way { held, ended, is_passed_on: false },
            to_client: Way::default(),
            originator: None,
            has_begun: false,
            is_kept_alive: false,
            terms,
            failure: None,
        })
    }

    /// Speaks to targets so from now on.
    pub(crate) fn speak(&mut self, originator: Option<Arc<Originator>>) {
        self.originator = originator;
    }

    /// Sends both sides keepalives from now on.
    pub(crate) fn keep_alive(&mut self, client: &Side, target: &Side) {
        if !std::mem::replace(&mut self.is_kept_alive, true) {
            for side in [client, target] {
                // Without them the connection is only cut sooner, by its idle timeout.
                let _ = keep_alive(&side.socket);
            }
        }
    }

    /// Forgets what was begun with a target: the next one is another.
    pub(crate) fn forget_target(&mut self) {
        (self.target, self.has_begun) = (Leg::default(), false);
        self.to_client = Way::default();
    }

    /// Whether a handshake with the target was begun and is not over.
    pub(crate) fn is_greeting(&self) -> bool {
        let is_shaking = |channel: &Channel| channel.is_shaking_hands();
        self.target.channel.as_deref().is_some_and(is_shaking)
    }

    /// Sends the header, and agrees with a target that wants it upon TLS.
    pub(crate) fn greet(
        &mut self,
        side: &mut Side,
        target: IpAddr,
        header: Option<&Encoded>,
        (to_target, tools): (&mut Direction, &mut Tools),
    ) -> Greeting {
        if !std::mem::replace(&mut self.has_begun, true) {
            let Some(originator) = &self.originator else {
                // One call for all that is known: a target's first read has the request as well.
                let held = std::mem::take(&mut self.to_target.held);
                count(held.len(), to_target, tools);
                let sent = self.target.send_first(side, header, &held);
                return if sent == Sent::Broken { Greeting::Broken } else { Greeting::Done };
            };
            let protocol = self.client.channel.as_ref().and_then(|channel| channel.protocol());
            let config = Arc::clone(originator.config_for(protocol));
            let name = originator.name_of(target);
            let mut channel = match UnbufferedClientConnection::new(config, name) {
                Ok(connection) => Channel::client(connection),
                Err(error) => return Greeting::Failed(Failure::of(&error)),
            };
            let (mut plain, mut sealed) = (Vec::new(), Sealed::default());
            let mut outputs = Outputs { plain: &mut plain, sealed: &mut sealed };
            if let Err(failure) = channel.take(&mut [], &mut outputs) {
                return Greeting::Failed(failure);
            }
            self.target = Leg::ciphered(channel);
            if self.target.send_first(side, header, &sealed) == Sent::Broken {
                return Greeting::Broken;
            }
        }
        self.hear_greeting(side, tools)
    }

    fn hear_greeting(&mut self, side: &mut Side, tools: &mut Tools) -> Greeting {
        while self.is_greeting() {
            match self.target.flush(side) {
                Sent::All => {}
                Sent::Some => return Greeting::Wait,
                Sent::Broken => return Greeting::Broken,
            }
            if !side.ready.readable {
                return Greeting::Wait;
            }
            match self.target.receive(side, &mut tools.tls) {
                Heard::Words => self.to_client.held.extend_from_slice(tools.tls.words()),
                Heard::Nothing => return Greeting::Wait,
                Heard::Last if !self.is_greeting() => {
                    self.to_client.held.extend_from_slice(tools.tls.words());
                    self.to_client.ended = Some(LastWord::Said);
                }
                Heard::Last | Heard::Cut => return Greeting::Failed(Failure::Closed),
                Heard::Broken => return Greeting::Broken,
                Heard::Failed(failure) => return Greeting::Failed(failure),
            }
        }
        Greeting::Done
    }

    /// Moves what can be moved, and passes on closed halves.
    pub(crate) fn relay(
        &mut self,
        (client, target): (&mut Side, &mut Side),
        (to_target, to_client): (&mut Direction, &mut Direction),
        tools: &mut Tools,
    ) -> Turn {
        let (from, to) = ((&mut self.client, &mut *client), (&mut self.target, &mut *target));
        let up = self.to_target.pump(from, to, to_target, tools);
        let (from, to) = ((&mut self.target, &mut *target), (&mut self.client, &mut *client));
        let down = match up {
            Step::Wait | Step::Again | Step::Ended => {
                self.to_client.pump(from, to, to_client, tools)
            }
            Step::SenderBroken
            | Step::ReceiverBroken
            | Step::SenderFailed(_)
            | Step::ReceiverFailed(_) => Step::Wait,
        };
        match (up, down) {
            (Step::SenderBroken, _) | (_, Step::ReceiverBroken) => Turn::End(End::ClientReset),
            (Step::ReceiverBroken, _) | (_, Step::SenderBroken) => Turn::End(End::TargetReset),
            (Step::SenderFailed(failure), _) | (_, Step::ReceiverFailed(failure)) => {
                self.failure = Some((Peer::Client, failure));
                Turn::End(End::ClientTlsFailed)
            }
            (Step::ReceiverFailed(failure), _) | (_, Step::SenderFailed(failure)) => {
                self.failure = Some((Peer::Target, failure));
                Turn::End(End::TargetTlsFailed)
            }
            (Step::Ended, Step::Ended) => Turn::End(End::Closed),
            (Step::Again, _) | (_, Step::Again) => Turn::Again,
            (Step::Wait | Step::Ended, Step::Wait | Step::Ended) => Turn::Wait,
        }
    }
}

impl fmt::Debug for TlsSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSession").field("terms", &self.terms).finish_non_exhaustive()
    }
}

impl Way {
    fn pump(
        &mut self,
        (from, from_side): (&mut Leg, &mut Side),
        (to, to_side): (&mut Leg, &mut Side),
        counted: &mut Direction,
        tools: &mut Tools,
    ) -> Step {
        for _ in 0..tools.rounds().min(ROUNDS_MAX) {
            match to.flush(to_side) {
                Sent::All => {}
                Sent::Some => return Step::Wait,
                Sent::Broken => return Step::ReceiverBroken,
            }
            if self.is_passed_on {
                to.shut(to_side);
                return Step::Ended;
            }
            if !self.held.is_empty() {
                tools.tls.clear();
                tools.tls.plain.extend_from_slice(&std::mem::take(&mut self.held));
            } else if let Some(last) = self.ended {
                self.is_passed_on = true;
                match to.send_end(to_side, last == LastWord::Cut) {
                    Ok(Sent::All | Sent::Some) => continue,
                    Ok(Sent::Broken) => return Step::ReceiverBroken,
                    Err(failure) => return Step::ReceiverFailed(failure),
                }
            } else if !from_side.ready.readable || !to_side.ready.writable || from.is_stalled() {
                return Step::Wait;
            } else {
                match from.receive(from_side, &mut tools.tls) {
                    Heard::Words => {}
                    Heard::Nothing => return Step::Wait,
                    Heard::Last => self.ended = Some(LastWord::Said),
                    Heard::Cut => self.ended = Some(LastWord::Cut),
                    Heard::Broken => return Step::SenderBroken,
                    Heard::Failed(failure) => return Step::SenderFailed(failure),
                }
            }
            let bytes = tools.tls.words().len();
            if bytes == 0 {
                continue;
            }
            match to.send(to_side, &mut tools.tls) {
                Ok(Sent::All | Sent::Some) => {}
                Ok(Sent::Broken) => return Step::ReceiverBroken,
                Err(failure) => return Step::ReceiverFailed(failure),
            }
            count(bytes, counted, tools);
        }
        Step::Again
    }
}

/// Counts plain text that was passed on.
fn count(bytes: usize, way: &mut Direction, tools: &mut Tools) {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    way.bytes += bytes;
    tools.copied += bytes;
}
