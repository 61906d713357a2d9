//! The part of its share of new flows that a target takes while it starts slowly.

use std::time::Duration;

/// Steps from little to all: fine enough that none is felt, and few enough that pools are seldom
/// made anew.
const STEPS: u8 = 32;

/// How much of its share a target takes: one step's worth up to all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u8);

impl Share {
    /// All of it.
    pub const FULL: Self = Self(STEPS);

    /// The share of a target that has been healthy for so long. It grows evenly.
    pub fn after(elapsed: Duration, slow_start: Duration) -> Self {
        if slow_start.is_zero() {
            return Self::FULL;
        }
        let step = elapsed.as_nanos().saturating_mul(STEPS.into()) / slow_start.as_nanos();
        Self(u8::try_from(step).map_or(STEPS, |step| step.saturating_add(1).min(STEPS)))
    }

    /// How long a target has been healthy when its share grows next; none if it has all.
    pub fn next_change(elapsed: Duration, slow_start: Duration) -> Option<Duration> {
        let Self(step) = Self::after(elapsed, slow_start);
        let nanos = slow_start.as_nanos().saturating_mul(step.into()).div_ceil(STEPS.into());
        let next = || Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        (step < STEPS).then(next)
    }

    /// Whether a flow of this hash is within the share.
    pub(super) fn takes(self, hash: u64) -> bool {
        hash % u64::from(STEPS) < u64::from(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_grows_in_even_steps_and_says_when() {
        let slow_start = Duration::from_secs(30);
        let mut elapsed = Duration::ZERO;
        for step in 1..=STEPS {
            assert_eq!(Share::after(elapsed, slow_start), Share(step));
            match Share::next_change(elapsed, slow_start) {
                Some(next) => elapsed = next,
                None => assert_eq!(step, STEPS),
            }
        }
        assert_eq!(elapsed, slow_start * 31 / 32);
        let odd = Duration::from_nanos(1_000_000_007);
        let next = Share::next_change(Duration::ZERO, odd).unwrap();
        assert_eq!(Share::after(next, odd), Share(2), "not a nanosecond too early");
        for elapsed in [slow_start, slow_start * 100, Duration::MAX] {
            assert_eq!(Share::after(elapsed, slow_start), Share::FULL);
        }
        assert_eq!(Share::after(Duration::ZERO, Duration::ZERO), Share::FULL);
        assert_eq!(Share::next_change(Duration::ZERO, Duration::ZERO), None);
    }
}
