//! Pace: how often something may happen, as a token bucket whose whole state is one number.
//!
//! That number, the level, is the moment at which all that was taken so far is earned; it lies at
//! most `slack` in the past when something is taken, which is the bucket's size in time (generic
//! cell rate algorithm). So many threads can share a bucket through one atomic. Moments are
//! nanoseconds since whatever the caller counts from. Does not know the clock, nor what is taken.

use std::time::Duration;

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// How many of something per second, and for how long what was not taken is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    per_second: u64,
    slack: u64,
}

/// What was reserved, and from when on it may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The bucket's level after it.
    pub level: u64,
    /// Zero, or how much later.
    pub wait: Duration,
}

impl Pace {
    /// So many per second; what `slack` would have earned may be taken at once. A rate of zero
    /// counts as one.
    pub fn new(per_second: u64, slack: Duration) -> Self {
        Self { per_second: per_second.max(1), slack: nanos(slack) }
    }

    /// How long it takes to earn so many.
    fn earning(&self, count: u64) -> u64 {
        let nanos = u128::from(count) * NANOS_PER_SECOND / u128::from(self.per_second);
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }

    /// The level from which the next is counted: what is older than the slack is lost.
    fn floor(&self, level: u64, now: u64) -> u64 {
        level.max(now.saturating_sub(self.slack))
    }

    /// Takes so many at once: the new level, or none if they are not there.
    pub fn take(&self, level: u64, now: u64, count: u64) -> Option<u64> {
        let level = self.floor(level, now).saturating_add(self.earning(count));
        (level <= now).then_some(level)
    }

    /// Reserves so many behind all that were reserved before.
    pub fn reserve(&self, level: u64, now: u64, count: u64) -> Reservation {
        let from = self.floor(level, now);
        let level = from.saturating_add(self.earning(count));
        Reservation { level, wait: Duration::from_nanos(from.saturating_sub(now)) }
    }

    /// The level once `used` of what was reserved were used, more or fewer.
    pub fn settle(&self, level: u64, reserved: u64, used: u64) -> u64 {
        let more = self.earning(used.saturating_sub(reserved));
        level.saturating_add(more).saturating_sub(self.earning(reserved.saturating_sub(used)))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000_000;
    /// Some moment: a level of zero is long ago.
    const START: u64 = 1000 * SECOND;

    /// How many of `tries` evenly spread over a time are let through.
    fn passed(pace: Pace, tries: u64, over: u64) -> u64 {
        let mut level = 0;
        let mut passed = 0;
        for i in 0..tries {
            if let Some(taken) = pace.take(level, START + over * i / tries, 1) {
                (level, passed) = (taken, passed + 1);
            }
        }
        passed
    }

    #[test]
    fn a_full_bucket_is_a_slacks_worth_and_then_the_rate_counts() {
        for per_second in [1, 3, 7, 100, 9_999] {
            let pace = Pace::new(per_second, Duration::from_secs(1));
            assert_eq!(passed(pace, per_second * 3, 0), per_second, "at once, {per_second}");
            let all = passed(pace, per_second * 50, 10 * SECOND);
            assert!(all.abs_diff(per_second * 11) <= 1, "{all} in 10 s at {per_second}");
        }
    }

    #[test]
    fn reservations_queue_up_and_what_is_not_used_is_given_back() {
        let pace = Pace::new(1000, Duration::ZERO);
        let first = pace.reserve(0, START, 100);
        assert_eq!(first, Reservation { level: START + SECOND / 10, wait: Duration::ZERO });
        let second = pace.reserve(first.level, START, 100);
        assert_eq!(second.wait, Duration::from_millis(100));
        let settled = pace.settle(second.level, 100, 20);
        assert_eq!(pace.reserve(settled, START, 1).wait, Duration::from_millis(120));
        let settled = pace.settle(settled, 100, 150);
        assert_eq!(pace.reserve(settled, START, 1).wait, Duration::from_millis(170));
    }

    #[test]
    fn extremes_neither_overflow_nor_stop() {
        let slow = Pace::new(0, Duration::MAX);
        assert_eq!(slow.take(0, 0, 1), None);
        let fast = Pace::new(u64::MAX, Duration::ZERO);
        assert_eq!(fast.reserve(u64::MAX, 0, u64::MAX).level, u64::MAX);
        assert_eq!(fast.settle(0, u64::MAX, 0), 0);
    }

    proptest! {
        /// Whatever is asked for and whenever: in any time no more passes than the rate and one
        /// bucket.
        #[test]
        fn no_more_passes_than_is_earned(
            per_second in 1_u64..5000,
            slack_ms in 0_u64..2000,
            asked in proptest::collection::vec((0_u64..200_000_000, 1_u64..50), 1..200),
        ) {
            let pace = Pace::new(per_second, Duration::from_millis(slack_ms));
            let (mut now, mut level, mut passed) = (START, 0, 0);
            for (later, count) in asked {
                now += later;
                if let Some(taken) = pace.take(level, now, count) {
                    (level, passed) = (taken, passed + count);
                }
                let nanos = now - START + slack_ms * 1_000_000;
                let earned = u128::from(nanos) * u128::from(per_second);
                // Rounding down lets at most one more through per million that pass.
                prop_assert!(u128::from(passed) <= earned / NANOS_PER_SECOND + 1);
            }
        }
    }
}
