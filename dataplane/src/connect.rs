//! Connecting to a target: one attempt, and the choice of the next.
//!
//! Nothing was sent to the client or to any target yet, so a failed attempt is followed by one on
//! another target. Does not know readiness or time: the worker tells when an attempt is over.

use std::{os::fd::OwnedFd, sync::Arc};

use dataplane_core::{
    flow::FlowHash,
    proxy_header::{Encoded, UniqueId},
};

use crate::{
    metrics::InterfaceMetrics,
    route::{Chosen, Pool},
    source::{NotBegun, Sources},
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
    pub(crate) unique_id: Option<UniqueId>,
}

/// What came of trying.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// Under way, to this target.
    Begun(OwnedFd, Chosen),
    /// No file descriptor or memory.
    ResourcesExhausted,
    /// No target is left, and for the last one no source address had a port.
    PortsExhausted,
    /// No target is left.
    NoneLeft,
}

impl Connecting {
    pub(crate) fn new(
        pool: Arc<Pool>,
        hash: FlowHash,
        header: Option<Encoded>,
        unique_id: Option<UniqueId>,
    ) -> Self {
        Self { pool, hash, tried: [0; ATTEMPTS_MAX], attempts: 0, header, unique_id }
    }

    /// Begins to connect to the next target in the flow's order, and counts those that fail at
    /// once.
    pub(crate) fn attempt(&mut self, sources: &mut Sources, metrics: &InterfaceMetrics) -> Attempt {
        let mut outcome = Attempt::NoneLeft;
        while self.attempts < ATTEMPTS_MAX {
            let tried = &self.tried[..self.attempts];
            let Some((place, target)) = self.pool.choose(self.hash, tried) else { break };
            self.tried[self.attempts] = place;
            self.attempts += 1;
            match sources.connect(target.addr.0, || metrics.ports_lacked()) {
                Ok(socket) => return Attempt::Begun(socket, target),
                Err(NotBegun::ResourcesExhausted) => return Attempt::ResourcesExhausted,
                // Not the target's fault; another one may be reached.
                Err(NotBegun::PortsExhausted) => outcome = Attempt::PortsExhausted,
                Err(NotBegun::Refused) => {
                    metrics.connect_failed();
                    target.note_failure();
                    outcome = Attempt::NoneLeft;
                }
            }
        }
        outcome
    }
}
