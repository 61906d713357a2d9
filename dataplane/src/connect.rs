//! Connecting to a target: one attempt, and the choice of the next.
//!
//! Nothing was sent to the client or to any target yet, so a failed attempt is followed by one on
//! another target. Does not know readiness or time: the worker tells when an attempt is over.

use std::{net::SocketAddr, os::fd::OwnedFd, sync::Arc};

use dataplane_core::{flow::FlowHash, proxy_header::Encoded};
use rustix::{
    io::Errno,
    net::{self, AddressFamily, SocketFlags, SocketType, ipproto, sockopt},
};

use crate::{
    metrics::InterfaceMetrics,
    route::{Chosen, Pool},
};

/// Targets tried for one connection. A dead target costs each client one attempt at most until its
/// health says so; more would multiply the connections of an outage.
const ATTEMPTS_MAX: usize = 3;

/// A connection on its way to a target.
#[derive(Debug)]
pub(crate) struct Connecting {
    pool: Arc<Pool>,
    hash: FlowHash,
    tried: [u16; ATTEMPTS_MAX],
    attempts: usize,
    pub(crate) header: Option<Encoded>,
}

/// What came of trying.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// Under way, to this target.
    Begun(OwnedFd, Chosen),
    /// No file descriptor, port or memory.
    ResourcesExhausted,
    /// No target is left.
    NoneLeft,
}

impl Connecting {
    pub(crate) fn new(pool: Arc<Pool>, hash: FlowHash, header: Option<Encoded>) -> Self {
        Self { pool, hash, tried: [0; ATTEMPTS_MAX], attempts: 0, header }
    }

    /// Begins to connect to the next target in the flow's order, and counts those that fail at
    /// once.
    pub(crate) fn attempt(&mut self, metrics: &InterfaceMetrics) -> Attempt {
        while self.attempts < ATTEMPTS_MAX {
            let tried = &self.tried[..self.attempts];
            let Some((place, target)) = self.pool.choose(self.hash, tried) else { break };
            self.tried[self.attempts] = place;
            self.attempts += 1;
            match begin(target.addr.0) {
                Ok(socket) => return Attempt::Begun(socket, target),
                Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                    return Attempt::ResourcesExhausted;
                }
                Err(_) => {
                    metrics.connect_failed();
                    target.note_failure();
                }
            }
        }
        Attempt::NoneLeft
    }
}

fn begin(target: SocketAddr) -> Result<OwnedFd, Errno> {
    let family = if target.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = net::socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    match net::connect(&socket, &target) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(socket),
        Err(errno) => Err(errno),
    }
}
