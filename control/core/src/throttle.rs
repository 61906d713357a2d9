//! How often an account may call: a token bucket for each account and class of operation, as EC2
//! has them ("Request throttling for the Amazon EC2 API").
//!
//! A bucket is one reading: when it will be full again. A call moves that reading by the time that
//! one token takes to come back, and is refused if the reading would then be further ahead than the
//! whole bucket takes. So there is nothing to refill, and a bucket that is full says nothing and
//! can be forgotten. The time is an argument.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    time::{Duration, Instant},
};

use model::AccountId;

/// How many buckets there may be: more than two for each of the accounts of a configuration that
/// people can still read. Beyond that, those that are full are forgotten.
const BUCKETS_MAX: usize = 65_536;

/// What a bucket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActionClass {
    /// Operations that change nothing: Describe, Get and List.
    Read,
    /// All others.
    Change,
}

/// The size of a bucket and how fast it fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many calls may come at once.
    pub burst: NonZeroU32,
    /// How many calls come back per second.
    pub per_second: NonZeroU32,
}

impl Rate {
    /// A rate of whole numbers; both at least 1.
    pub const fn new(burst: u32, per_second: u32) -> Self {
        Self { burst: at_least_1(burst), per_second: at_least_1(per_second) }
    }

    fn token(self) -> Duration {
        Duration::from_secs(1) / self.per_second.get()
    }
}

const fn at_least_1(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// The rates of all classes; none means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Of operations that change nothing.
    pub reads: Option<Rate>,
    /// Of all others.
    pub changes: Option<Rate>,
}

impl Rates {
    /// No limit at all.
    pub const UNLIMITED: Self = Self { reads: None, changes: None };

    fn of(self, class: ActionClass) -> Option<Rate> {
        match class {
            ActionClass::Read => self.reads,
            ActionClass::Change => self.changes,
        }
    }
}

impl Default for Rates {
    /// EC2's buckets of its non-mutating and its mutating operations.
    fn default() -> Self {
        Self { reads: Some(Rate::new(100, 20)), changes: Some(Rate::new(50, 5)) }
    }
}

/// A call came too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttled {
    /// How long until one would not.
    pub retry_after: Duration,
}

/// The buckets of all accounts.
#[derive(Clone, Debug)]
pub struct Throttle {
    rates: Rates,
    full_at: HashMap<(AccountId, ActionClass), Instant>,
}

impl Throttle {
    /// Full buckets everywhere.
    pub fn new(rates: Rates) -> Self {
        Self { rates, full_at: HashMap::new() }
    }

    /// Takes one token of an account's bucket. A refused call takes none.
    pub fn take(
        &mut self,
        account: &AccountId,
        class: ActionClass,
        now: Instant,
    ) -> Result<(), Throttled> {
        let Some(rate) = self.rates.of(class) else { return Ok(()) };
        let key = (account.clone(), class);
        let full_at = self.full_at.get(&key).copied().unwrap_or(now).max(now) + rate.token();
        let ahead = full_at.saturating_duration_since(now);
        if let Some(retry_after) = ahead.checked_sub(rate.token() * rate.burst.get())
            && !retry_after.is_zero()
        {
            return Err(Throttled { retry_after });
        }
        if self.full_at.len() >= BUCKETS_MAX && !self.full_at.contains_key(&key) {
            self.full_at.retain(|_, full_at| *full_at > now);
            if self.full_at.len() >= BUCKETS_MAX {
                return Err(Throttled { retry_after: rate.token() });
            }
        }
        self.full_at.insert(key, full_at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: Rates = Rates { reads: Some(Rate::new(3, 2)), changes: Some(Rate::new(1, 1)) };

    #[expect(clippy::disallowed_methods, reason = "some moment to count from")]
    fn start() -> Instant {
        Instant::now()
    }

    fn account(number: u64) -> AccountId {
        format!("{number:012}").parse().unwrap()
    }

    #[test]
    fn a_burst_is_taken_and_then_one_call_per_token() {
        let (mut throttle, start) = (Throttle::new(RATES), start());
        let account = account(1);
        // Milliseconds, and how long to wait if the call is refused.
        for (at, wait) in [
            (0, None),
            (0, None),
            (0, None),
            (0, Some(500)),
            (499, Some(1)),
            (500, None),
            (500, Some(500)),
            (1500, None),
            (1500, None),
            (1500, Some(500)),
            // However long nobody calls, the bucket holds no more than its burst.
            (60_000, None),
            (60_000, None),
            (60_000, None),
            (60_000, Some(500)),
        ] {
            let now = start + Duration::from_millis(at);
            let taken = throttle.take(&account, ActionClass::Read, now);
            let wait = wait.map(|ms| Throttled { retry_after: Duration::from_millis(ms) });
            assert_eq!(taken.err(), wait, "at {at} ms");
        }
    }

    #[test]
    fn accounts_and_classes_do_not_share_a_bucket() {
        let (mut throttle, now) = (Throttle::new(RATES), start());
        for (number, class) in [
            (1, ActionClass::Change),
            (1, ActionClass::Read),
            (2, ActionClass::Change),
            (2, ActionClass::Read),
        ] {
            assert_eq!(throttle.take(&account(number), class, now), Ok(()), "{number} {class:?}");
        }
        assert!(throttle.take(&account(1), ActionClass::Change, now).is_err());
    }

    #[test]
    fn without_a_rate_there_is_no_limit_and_no_table() {
        let (mut throttle, now) = (Throttle::new(Rates::UNLIMITED), start());
        for _ in 0..1000 {
            assert_eq!(throttle.take(&account(1), ActionClass::Change, now), Ok(()));
        }
        assert!(throttle.full_at.is_empty());
    }

    #[test]
    fn the_table_is_bounded_and_forgets_full_buckets_first() {
        let (mut throttle, now) = (Throttle::new(RATES), start());
        for number in 0..u64::try_from(BUCKETS_MAX).unwrap() {
            throttle.take(&account(number), ActionClass::Change, now).unwrap();
        }
        let late = account(u64::MAX % 1_000_000_000_000);
        assert!(throttle.take(&late, ActionClass::Change, now).is_err());
        let later = now + Duration::from_secs(2);
        assert_eq!(throttle.take(&late, ActionClass::Change, later), Ok(()));
        assert_eq!(throttle.full_at.len(), 1);
    }
}
