//! Limits of endpoints: what all workers use of them, counted in shared atomics.
//!
//! Only endpoints that have limits have these, so that others pay nothing. Settings may change
//! while connections are open; what is used stays counted. Does not know who asks, nor what a
//! refused client hears.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use dataplane_core::{pace::Pace, reason::Refusal};
use model::EndpointLimits;

use crate::relay::ROUND_BYTES;

/// New connections: a second's worth may come at once, then the rate counts.
const CONNECTION_SLACK: Duration = Duration::from_secs(1);
/// Bytes: a connection that waits is woken up to two ticks late, on a busy machine later; what it
/// could have moved meanwhile must not be lost.
const BYTE_SLACK: Duration = Duration::from_millis(250);
/// A share is this part of a second's bytes, so that many connections take turns quickly.
const SHARES_PER_SECOND: u64 = 50;
/// Datagrams, which can't wait, get at least this part of the bytes each way, however many
/// connections do: one in so many.
const DATAGRAMS_SHARE: u64 = 4;
/// How far answers may be ahead of the rate: what comes through to a target is worth nothing if its
/// answer does not.
const ANSWERS_AHEAD: Duration = Duration::from_millis(50);
/// A smaller share would be more system calls than bytes.
const SHARE_BYTES_MIN: u32 = 1024;

/// What an endpoint uses, over all workers and interfaces.
#[derive(Debug, Default)]
struct Usage {
    open: AtomicU64,
    /// Levels, see [`Pace`].
    connections: AtomicU64,
    bytes: AtomicU64,
    /// Of the bytes, what datagrams took of their shares, by [`Way`].
    datagrams: [AtomicU64; 2],
}

/// Whither datagrams go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    ToTarget,
    ToClient,
}

/// The limits of one endpoint, and what it uses of them.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) set: EndpointLimits,
    new_connections: Option<Pace>,
    bytes: Option<BytePace>,
    usage: Arc<Usage>,
}

/// How many bytes an endpoint may move.
#[derive(Clone, Copy, Debug)]
struct BytePace {
    pace: Pace,
    share: u32,
    datagrams: Pace,
}

impl Limits {
    /// The limits of an endpoint that had none so far, if there are any.
    pub(crate) fn new(set: EndpointLimits) -> Option<Self> {
        Self::made(set, Arc::default())
    }

    /// Other limits of the same endpoint: what it uses stays counted.
    pub(crate) fn changed(&self, set: EndpointLimits) -> Option<Self> {
        Self::made(set, Arc::clone(&self.usage))
    }

    fn made(set: EndpointLimits, usage: Arc<Usage>) -> Option<Self> {
        if set.is_unlimited() {
            return None;
        }
        let bytes = set.bytes_per_second.map(|per_second| BytePace {
            pace: Pace::new(per_second, BYTE_SLACK),
            share: share(per_second),
            datagrams: Pace::new(per_second / DATAGRAMS_SHARE, BYTE_SLACK),
        });
        let new_connections = set
            .new_connections_per_second
            .map(|per_second| Pace::new(per_second.into(), CONNECTION_SLACK));
        Some(Self { set, new_connections, bytes, usage })
    }

    /// Whether connections have to ask before they move bytes.
    pub(crate) fn paces_bytes(&self) -> bool {
        self.bytes.is_some()
    }

    /// Counts connections that were open before there were limits.
    pub(crate) fn adopt(&self, open: usize) {
        self.usage.open.fetch_add(u64::try_from(open).unwrap_or(0), Relaxed);
    }

    /// Counts a new connection, unless it is one too many.
    pub(crate) fn open(&self, now: u64) -> Result<(), Refusal> {
        let most = self.set.connections.map_or(u64::MAX, u64::from);
        let one_more = |open| (open < most).then_some(open + 1);
        if self.usage.open.fetch_update(Relaxed, Relaxed, one_more).is_err() {
            return Err(Refusal::EndpointConnections);
        }
        let Some(pace) = self.new_connections else { return Ok(()) };
        let take = |level| pace.take(level, now, 1);
        if self.usage.connections.fetch_update(Relaxed, Relaxed, take).is_err() {
            self.close();
            return Err(Refusal::EndpointConnectionRate);
        }
        Ok(())
    }

    /// Counts a connection less.
    pub(crate) fn close(&self) {
        self.usage.open.fetch_sub(1, Relaxed);
    }

    /// Reserves a share of the bytes: how many, and how long to wait for them. None if bytes are
    /// not limited.
    pub(crate) fn reserve(&self, now: u64) -> Option<(u32, Duration)> {
        let BytePace { pace, share, .. } = self.bytes?;
        let mut wait = Duration::ZERO;
        let reserve = |level| {
            let reserved = pace.reserve(level, now, share.into());
            wait = reserved.wait;
            Some(reserved.level)
        };
        // It always has a new level.
        let _ = self.usage.bytes.fetch_update(Relaxed, Relaxed, reserve);
        Some((share, wait))
    }

    /// Takes bytes of datagrams: whether they are to be had now. Connections that wait are served
    /// later for what datagrams take of their own shares.
    pub(crate) fn take_datagrams(&self, now: u64, way: Way, bytes: u64) -> bool {
        let Some(BytePace { pace, datagrams, .. }) = self.bytes else { return true };
        let (own, ahead) = match way {
            Way::ToTarget => (&self.usage.datagrams[0], Duration::ZERO),
            Way::ToClient => (&self.usage.datagrams[1], ANSWERS_AHEAD),
        };
        let until = now.saturating_add(u64::try_from(ahead.as_nanos()).unwrap_or(u64::MAX));
        let take = |level| begun(pace, level, until, bytes);
        if self.usage.bytes.fetch_update(Relaxed, Relaxed, take).is_ok() {
            return true;
        }
        let take = |level| begun(datagrams, level, now, bytes);
        let is_theirs = own.fetch_update(Relaxed, Relaxed, take).is_ok();
        if is_theirs {
            self.settle(0, bytes);
        }
        is_theirs
    }

    /// Says what was used of a share.
    pub(crate) fn settle(&self, share: u32, used: u64) {
        let Some(BytePace { pace, .. }) = self.bytes else { return };
        let settle = |level| Some(pace.settle(level, share.into(), used));
        let _ = self.usage.bytes.fetch_update(Relaxed, Relaxed, settle);
    }
}

/// The level once all of the bytes are taken, unless even the first is not there: what is longer
/// than a full bucket passes as well, and others wait for it.
fn begun(pace: Pace, level: u64, now: u64, bytes: u64) -> Option<u64> {
    let reserved = pace.reserve(level, now, bytes);
    reserved.wait.is_zero().then_some(reserved.level)
}

/// How many bytes a connection moves per turn: no more than a read takes.
fn share(per_second: u64) -> u32 {
    let most = u32::try_from(ROUND_BYTES).unwrap_or(u32::MAX);
    u32::try_from(per_second / SHARES_PER_SECOND).unwrap_or(most).clamp(SHARE_BYTES_MIN, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn connections_are_counted_over_changes_of_the_limit() {
        assert!(Limits::new(EndpointLimits::default()).is_none());
        let two = EndpointLimits { connections: Some(2), ..EndpointLimits::default() };
        let limits = Limits::new(two).unwrap();
        limits.adopt(1);
        assert_eq!(limits.open(0), Ok(()));
        assert_eq!(limits.open(0), Err(Refusal::EndpointConnections));
        let three = EndpointLimits { connections: Some(3), ..two };
        let limits = limits.changed(three).unwrap();
        assert_eq!(limits.open(0), Ok(()));
        assert_eq!(limits.open(0), Err(Refusal::EndpointConnections));
        limits.close();
        assert_eq!(limits.open(0), Ok(()));
    }

    #[test]
    fn a_connection_too_early_is_not_counted_as_open() {
        let set = EndpointLimits {
            connections: Some(3),
            new_connections_per_second: Some(2),
            ..EndpointLimits::default()
        };
        let limits = Limits::new(set).unwrap();
        let at_once: Vec<_> = (0..3).map(|_| limits.open(10 * SECOND)).collect();
        assert_eq!(at_once, [Ok(()), Ok(()), Err(Refusal::EndpointConnectionRate)]);
        assert_eq!(limits.open(11 * SECOND), Ok(()));
        assert_eq!(limits.open(11 * SECOND), Err(Refusal::EndpointConnections));
    }

    /// What passes in ten seconds.
    #[derive(Clone, Copy, Debug, Default)]
    struct Passed {
        up: u64,
        down: u64,
        connections: u64,
    }

    /// Has a datagram of 1,000 bytes come each millisecond, each that passes be answered with as
    /// many as said, and so many connections take shares one after the other.
    fn contend(limits: &Limits, answers: u64, connections: usize) -> Passed {
        let (mut passed, mut due) = (Passed::default(), vec![0; connections]);
        for at in 0..10_000 {
            let now = 10 * SECOND + at * SECOND / 1000;
            for due in due.iter_mut().filter(|due| **due <= now) {
                let (share, wait) = limits.reserve(now).unwrap();
                passed.connections += u64::from(share);
                *due = now + u64::try_from(wait.as_nanos()).unwrap();
            }
            if limits.take_datagrams(now, Way::ToTarget, 1000) {
                passed.up += 1000;
                let answer = || u64::from(limits.take_datagrams(now, Way::ToClient, 1000));
                passed.down += (0..answers).map(|_| 1000 * answer()).sum::<u64>();
            }
        }
        passed
    }

    #[test]
    fn datagrams_have_the_rate_alone_and_a_quarter_each_way_beside_connections() {
        let set = EndpointLimits { bytes_per_second: Some(100_000), ..EndpointLimits::default() };
        // Ten seconds' worth, and what the buckets held; with a hundred connections, what those
        // have reserved ahead.
        for (answers, connections, up, down, all) in [
            (0, 0, 1000, 0, 1000),
            (1, 0, 500, 500, 1000),
            (20, 0, 250, 750, 1000),
            (1, 100, 250, 250, 1400),
            (20, 100, 250, 250, 1400),
        ] {
            let passed = contend(&Limits::new(set).unwrap(), answers, connections);
            let is_about = |bytes: u64, kib: u64| {
                (kib * 1000 * 95 / 100..=kib * 1000 + 50_000).contains(&bytes)
            };
            let sum = passed.up + passed.down + passed.connections;
            assert!(
                is_about(passed.up, up) && is_about(passed.down, down) && is_about(sum, all),
                "{answers} answers, {connections} connections: {passed:?}"
            );
        }
        // Longer than what is kept.
        let slow = EndpointLimits { bytes_per_second: Some(1000), ..EndpointLimits::default() };
        let slow = Limits::new(slow).unwrap();
        let passes = |second: u64| slow.take_datagrams(second * SECOND, Way::ToTarget, 60_000);
        let passed = (0..180).filter(|second| passes(10 + second)).count();
        assert!((3..=6).contains(&passed), "{passed} minutes' worth in three");
        let only_open = EndpointLimits { connections: Some(1), ..EndpointLimits::default() };
        assert!(Limits::new(only_open).unwrap().take_datagrams(0, Way::ToTarget, u64::MAX));
    }

    #[test]
    fn unused_bytes_of_a_share_are_anothers() {
        let set = EndpointLimits { bytes_per_second: Some(1_000_000), ..EndpointLimits::default() };
        let limits = Limits::new(set).unwrap();
        let mut waits = 0;
        for _ in 0..1000 {
            let (share, wait) = limits.reserve(10 * SECOND).unwrap();
            assert_eq!(share, 20_000);
            waits += u32::from(!wait.is_zero());
            limits.settle(share, 0);
        }
        assert_eq!(waits, 0);
        for _ in 0..13 {
            limits.reserve(10 * SECOND);
        }
        assert_eq!(limits.reserve(10 * SECOND).unwrap().1, Duration::from_millis(10));
    }
}
