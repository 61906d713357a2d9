//! Connections of endpoints with limits: counted when they begin and end, and waiting for their
//! share of the bytes while they are open.
//!
//! A connection that has something to move reserves a share, and reads nothing before its time has
//! come: its peers' windows close, and no byte is lost. Without limits none of this runs.

use std::sync::Arc;

use dataplane_core::reason::Refusal;

use super::{Worker, turn};
use crate::{
    limit::Limits,
    route::Key,
    session::{Pacing, Session, TICK},
};

/// The workers' clock starts at zero; buckets are full then, so their slack, at most a second, must
/// lie before it.
const FIRST_MOMENT_MS: u64 = 60_000;

impl Worker {
    /// The moment as buckets count it.
    pub(super) fn moment(&self) -> u64 {
        self.now_ms.saturating_add(FIRST_MOMENT_MS).saturating_mul(1_000_000)
    }

    fn limits(&self, interface: Key) -> Option<&Arc<Limits>> {
        self.interfaces.get(interface)?.limits.as_ref()
    }

    pub(super) fn open_within_limits(&self, interface: Key) -> Result<(), Refusal> {
        self.limits(interface).map_or(Ok(()), |limits| limits.open(self.moment()))
    }

    /// For a connection that was let in and did not come to be.
    pub(super) fn close_within_limits(&self, interface: Key) {
        if let Some(limits) = self.limits(interface) {
            limits.close();
        }
    }

    /// Counts bytes that were moved without asking.
    pub(super) fn charge(&self, interface: Key, bytes: u64) {
        if let Some(limits) = self.limits(interface) {
            limits.settle(0, bytes);
        }
    }

    pub(super) fn is_paced(&self, interface: Key) -> bool {
        self.limits(interface).is_some_and(|limits| limits.paces_bytes())
    }

    /// Takes an interface's limits; its open connections are counted, and paced from now on. Those
    /// that still shake hands are counted when they are done.
    pub(super) fn set_limits(&mut self, key: Key, limits: Option<Arc<Limits>>) {
        let Some(local) = self.interfaces.get_mut(key) else { return };
        if local.limits.is_none()
            && let Some(limits) = &limits
        {
            let is_its = |session: &Session| session.origin.interface.key == key;
            limits.adopt(self.sessions.iter().filter(|(_, it)| is_its(it)).count());
        }
        local.limits = limits;
        if !self.is_paced(key) {
            return;
        }
        for (_, session) in &mut self.sessions {
            if session.origin.interface.key == key && session.pacing == Pacing::Free {
                session.pacing = Pacing::Paced;
            }
        }
    }

    /// A turn of a connection that has to ask before it moves bytes.
    pub(super) fn drive_paced(&mut self, index: u32) {
        let Some(session) = self.sessions.get_mut(turn::widen(index)) else { return };
        let pacing = session.pacing;
        let (is_ready, is_broken) = (session.is_ready(), session.is_broken());
        let interface = Arc::clone(&session.origin.interface);
        let Some(limits) = self.limits(interface.key).cloned() else {
            return self.drive_freely(index);
        };
        let share = match pacing {
            Pacing::Waiting { until, .. } if self.now < until && !is_broken => return,
            Pacing::Waiting { share, .. } => share,
            Pacing::Free | Pacing::Paced if !is_ready => {
                self.relay(index);
                return;
            }
            Pacing::Free | Pacing::Paced => match limits.reserve(self.moment()) {
                None => return self.drive_freely(index),
                Some((share, wait)) if wait.is_zero() => share,
                Some((share, wait)) => {
                    let ticks = wait.as_millis().div_ceil(TICK.as_millis());
                    let ticks = u32::try_from(ticks).unwrap_or(u32::MAX).max(1);
                    let until = self.now.saturating_add(ticks);
                    self.sessions[turn::widen(index)].pacing = Pacing::Waiting { share, until };
                    self.timers.set(index, until);
                    return interface.metrics.paused();
                }
            },
        };
        self.sessions[turn::widen(index)].pacing = Pacing::Paced;
        self.tools.ration(share);
        let moved = self.relay(index);
        self.tools.allow_all();
        limits.settle(share, moved);
    }

    /// A turn of a connection whose endpoint's bytes are no longer limited.
    fn drive_freely(&mut self, index: u32) {
        self.sessions[turn::widen(index)].pacing = Pacing::Free;
        self.relay(index);
    }
}

/// Counts a connection less, and gives back what it had reserved.
pub(super) fn give_back(limits: &Limits, pacing: Pacing) {
    limits.close();
    if let Pacing::Waiting { share, .. } = pacing {
        limits.settle(share, 0);
    }
}
