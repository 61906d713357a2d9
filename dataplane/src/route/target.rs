//! A registered target as workers share it: how many connections it has, and how they fare.
//!
//! Counted only where a target group asks for it, so that others pay nothing. Does not know what
//! follows from it.

use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
};

use dataplane_core::reason::End;
use model::{TargetAddr, TargetGroupId};
use tokio::sync::mpsc;

use crate::probe::{Evidence, Outcome};

/// A registered target. Compared by pointer: registered anew, it is another one.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) addr: TargetAddr,
    pub(crate) group: TargetGroupId,
    /// Connections of all workers, of pools that count them.
    open: AtomicU32,
    /// So many failures in a row are told; 0 if none are counted.
    failures_max: AtomicU32,
    failures: AtomicU32,
    /// Whether it is healthy, so that another good probe is no news.
    is_healthy: AtomicBool,
    outcomes: mpsc::Sender<Outcome>,
}

impl Target {
    pub(crate) fn new(
        addr: TargetAddr,
        group: TargetGroupId,
        outcomes: mpsc::Sender<Outcome>,
    ) -> Self {
        Self {
            addr,
            group,
            open: AtomicU32::new(0),
            failures_max: AtomicU32::new(0),
            failures: AtomicU32::new(0),
            is_healthy: AtomicBool::new(false),
            outcomes,
        }
    }

    /// How many connections it has, of those that are counted.
    pub(crate) fn open(&self) -> u32 {
        self.open.load(Relaxed)
    }

    /// Whether it was healthy when last looked at.
    pub(crate) fn is_healthy(&self) -> bool {
        self.is_healthy.load(Relaxed)
    }

    /// Makes known how it stands, and has failures of connections told when so many came in a row;
    /// 0 for never.
    pub(crate) fn watch(&self, is_healthy: bool, failures_max: u32) {
        self.is_healthy.store(is_healthy, Relaxed);
        if self.failures_max.swap(failures_max, Relaxed) == 0 {
            self.failures.store(0, Relaxed);
        }
    }

    /// Notes a connection that could not be made.
    pub(crate) fn note_failure(self: &Arc<Self>) {
        let most = self.failures_max.load(Relaxed);
        if most > 0 && self.failures.fetch_add(1, Relaxed).saturating_add(1) >= most {
            // When the queue is full the next failure tells as much.
            let target = Arc::clone(self);
            let evidence = Evidence::FailedConnections;
            let _ = self.outcomes.try_send(Outcome { target, evidence });
        }
    }

    /// Notes how a connection that was made ended: one that the target broke before it had sent a
    /// byte has failed, one in which it had, or that ended in order, has not. The rest says
    /// nothing.
    pub(crate) fn note_end(self: &Arc<Self>, end: End, bytes_to_client: u64) {
        if self.failures_max.load(Relaxed) == 0 {
            return;
        }
        if bytes_to_client > 0 || end == End::Closed {
            if self.failures.load(Relaxed) > 0 {
                self.failures.store(0, Relaxed);
            }
        } else if matches!(end, End::TargetReset | End::TargetTlsFailed) {
            self.note_failure();
        }
    }
}

/// A target that was chosen for a connection, counted for as long as the connection has it.
#[derive(Debug)]
pub(crate) struct Chosen {
    target: Arc<Target>,
    is_counted: bool,
}

impl Chosen {
    pub(super) fn new(target: &Arc<Target>, is_counted: bool) -> Self {
        if is_counted {
            target.open.fetch_add(1, Relaxed);
        }
        Self { target: Arc::clone(target), is_counted }
    }
}

impl Drop for Chosen {
    fn drop(&mut self) {
        if self.is_counted {
            self.target.open.fetch_sub(1, Relaxed);
        }
    }
}

impl Deref for Chosen {
    type Target = Arc<Target>;

    fn deref(&self) -> &Arc<Target> {
        &self.target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> (Arc<Target>, mpsc::Receiver<Outcome>) {
        let (sender, receiver) = mpsc::channel(8);
        let addr = TargetAddr(([10, 0, 0, 1], 80).into());
        (Arc::new(Target::new(addr, TargetGroupId::from_bits(1), sender)), receiver)
    }

    #[test]
    fn failures_in_a_row_are_told_if_they_are_watched_for() {
        let (target, mut told) = target();
        let mut count = |play: &str| {
            for event in play.chars() {
                match event {
                    'x' => target.note_failure(),
                    'r' => target.note_end(End::TargetReset, 0),
                    'R' => target.note_end(End::TargetReset, 9),
                    '.' => target.note_end(End::Closed, 0),
                    'c' => target.note_end(End::ClientReset, 0),
                    'w' => target.watch(true, 3),
                    _ => target.watch(false, 0),
                }
            }
            std::iter::from_fn(|| told.try_recv().ok()).count()
        };
        for (play, expected) in [
            ("xxxxrrr", 0),
            ("wxx", 0),
            ("x", 1),
            // Until it is heard, every failure tells.
            ("x", 1),
            ("-xxx", 0),
            // Watched anew, it begins anew.
            ("wxr", 0),
            (".xr", 0),
            ("Rxr", 0),
            // Neither good nor bad.
            ("ccc", 0),
            ("r", 1),
        ] {
            assert_eq!(count(play), expected, "{play}");
        }
    }

    #[test]
    fn a_chosen_target_is_counted_while_it_is_held() {
        let (target, _told) = target();
        let counted = [Chosen::new(&target, true), Chosen::new(&target, true)];
        let uncounted = Chosen::new(&target, false);
        assert_eq!(target.open(), 2);
        drop(uncounted);
        assert_eq!(target.open(), 2);
        drop(counted);
        assert_eq!(target.open(), 0);
    }
}
