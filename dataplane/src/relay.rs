//! Bytes both ways: one [`Direction`] moves them from one [`Side`] to the other.
//!
//! Edge-triggered: a side's readiness is remembered until a call proves it wrong, and a short read
//! is trusted to have emptied the socket, which saves the read that only says so. While the
//! receiver is full the direction holds what it has read ([`Stalled`], at most one read) and reads
//! no more, so memory is bounded and the sender's window closes. Flows that fill reads go over to
//! `splice`. Does not know what the sides are, nor why a connection should end.

mod copy;
mod splice;

pub(crate) use splice::PipePool;

use std::os::fd::OwnedFd;

use rustix::{
    io::{Errno, retry_on_intr},
    net::{RecvFlags, SendFlags},
};

use crate::tls::TlsTools;
use splice::Pipe;

/// Bytes per read, and per splice: what a fresh pipe holds.
pub(crate) const ROUND_BYTES: usize = 64 * 1024;
/// Rounds per direction and wake; then other connections have their turn.
const ROUNDS_MAX: u32 = 16;
/// Reads in a row of this size make a flow bulk.
const BULK_READ_BYTES: usize = 16 * 1024;
/// How many of them.
const BULK_READS: u8 = 2;
/// A splice of fewer bytes ends it.
const BULK_SPLICE_BYTES: usize = 4 * 1024;

/// What is known of a socket's readiness.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// The peer has closed its half: reading goes on until it says so.
    pub(crate) closing: bool,
    /// The socket has an error pending.
    pub(crate) failed: bool,
}

/// One end of a connection.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) socket: OwnedFd,
    pub(crate) ready: Ready,
}

/// What a call to receive found.
pub(crate) enum Received {
    Bytes(usize),
    End,
    Nothing,
    Broken,
}

impl Side {
    pub(crate) fn new(socket: OwnedFd) -> Self {
        Self { socket, ready: Ready::default() }
    }

    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> Received {
        let length = buffer.len();
        match retry_on_intr(|| rustix::net::recv(&self.socket, &mut *buffer, RecvFlags::empty())) {
            Ok((0, _)) => Received::End,
            Ok((n, _)) => {
                self.ready.readable = n == length || self.ready.closing;
                Received::Bytes(n)
            }
            Err(Errno::AGAIN) => {
                self.ready.readable = false;
                Received::Nothing
            }
            Err(_) => Received::Broken,
        }
    }

    /// Sends what the socket takes: all, some, or nothing while it is full.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<usize, Errno> {
        match retry_on_intr(|| rustix::net::send(&self.socket, bytes, SendFlags::NOSIGNAL)) {
            Ok(n) => {
                // The kernel remembers that we were cut short and tells when there is room.
                self.ready.writable = n == bytes.len();
                Ok(n)
            }
            Err(Errno::AGAIN) => {
                self.ready.writable = false;
                Ok(0)
            }
            Err(errno) => Err(errno),
        }
    }
}

/// What all connections of a worker share.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) buffer: Box<[u8]>,
    pub(crate) pipes: PipePool,
    pub(crate) tls: TlsTools,
    /// Bytes moved through the buffer since last asked.
    pub(crate) copied: u64,
    /// Bytes moved through pipes since last asked.
    pub(crate) spliced: u64,
    share: Share,
}

/// What a direction may move per wake.
#[derive(Clone, Copy, Debug)]
struct Share {
    rounds: u32,
    round_bytes: usize,
}

/// Of a connection whose endpoint has no limit.
const WHOLE: Share = Share { rounds: ROUNDS_MAX, round_bytes: ROUND_BYTES };

impl Tools {
    pub(crate) fn new(pipes_max: usize) -> Self {
        Self {
            buffer: vec![0; ROUND_BYTES].into(),
            pipes: PipePool::new(pipes_max),
            tls: TlsTools::default(),
            copied: 0,
            spliced: 0,
            share: WHOLE,
        }
    }

    /// Has directions move no more than one read of so many bytes per wake.
    pub(crate) fn ration(&mut self, bytes: u32) {
        let round_bytes = usize::try_from(bytes).unwrap_or(ROUND_BYTES).min(ROUND_BYTES);
        self.share = Share { rounds: 1, round_bytes };
    }

    /// Rounds per direction and wake.
    pub(crate) fn rounds(&self) -> u32 {
        self.share.rounds
    }

    /// Ends the rationing.
    pub(crate) fn allow_all(&mut self) {
        self.share = WHOLE;
    }
}

/// Bytes that were read and that the receiver has yet to take.
#[derive(Debug)]
enum Stalled {
    Bytes { bytes: Box<[u8]>, from: usize },
    Piped { pipe: Pipe, bytes: usize },
}

/// One way of a connection.
#[derive(Debug, Default)]
pub(crate) struct Direction {
    /// How many bytes went this way.
    pub(crate) bytes: u64,
    stalled: Option<Box<Stalled>>,
    bulk_reads: u8,
    /// `splice` does not work here.
    copies_only: bool,
    ended: bool,
}

/// How far a direction came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Until a socket is ready again.
    Wait,
    /// Its share of this wake is used up.
    Again,
    /// The sender closed its half, and all it sent was passed on.
    Ended,
    /// The sender's socket is broken.
    SenderBroken,
    /// The receiver's socket is broken.
    ReceiverBroken,
}

/// What one round did.
enum Round {
    Moved,
    Stop(Step),
}

impl Direction {
    /// Moves bytes while both sides are ready.
    pub(crate) fn pump(&mut self, from: &mut Side, to: &mut Side, tools: &mut Tools) -> Step {
        for _ in 0..tools.share.rounds {
            if self.stalled.is_some() {
                match self.unstall(to, tools) {
                    Round::Moved => {}
                    Round::Stop(step) => return step,
                }
            }
            if self.ended {
                return Step::Ended;
            }
            if !from.ready.readable || !to.ready.writable {
                return Step::Wait;
            }
            let round = if self.bulk_reads >= BULK_READS && !self.copies_only {
                self.splice_round(from, to, tools)
            } else {
                self.copy_round(from, to, tools)
            };
            match round {
                Round::Moved => {}
                Round::Stop(step) => return step,
            }
        }
        Step::Again
    }

    /// Whether there is something to pass on, or may be.
    pub(crate) fn is_ready(&self, from: &Side, to: &Side) -> bool {
        to.ready.writable && (self.stalled.is_some() || (from.ready.readable && !self.ended))
    }

    /// Passes on what the receiver had no room for.
    fn unstall(&mut self, to: &mut Side, tools: &mut Tools) -> Round {
        if !to.ready.writable {
            return Round::Stop(Step::Wait);
        }
        match self.stalled.take().map(|stalled| *stalled) {
            None => Round::Moved,
            Some(Stalled::Bytes { bytes, from }) => self.send_rest(bytes, from, to, tools),
            Some(Stalled::Piped { pipe, bytes }) => self.drain_pipe(pipe, bytes, to, tools),
        }
    }
}
