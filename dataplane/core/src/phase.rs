//! Phases: at which moments of its interval each target is checked.
//!
//! Checks come in slots, several at a time, for a thread that wakes for each alone spends most of
//! its time on waking. Over the slots they are spread evenly. Does not know what is checked.

use std::time::Duration;

/// Slots of an interval.
const SLOTS: u32 = 100;
/// The longest slot: 1,000 targets that are checked every 5 s come 10 at a time.
const SLOT_MAX: Duration = Duration::from_millis(50);
/// The fraction of the golden ratio, in 2^-32: its multiples modulo 1 lie evenly in the unit
/// interval, whatever number of them there is.
const GOLDEN: u32 = 0x9E37_79B9;

/// How long until the next check of the `n`th target, less than an interval: `elapsed` is the time
/// since a moment that is the same for all targets. The checks after it follow by the interval.
pub fn until_next(n: u32, interval: Duration, elapsed: Duration) -> Duration {
    let slot = (interval / SLOTS).min(SLOT_MAX).as_nanos().max(1);
    let interval = interval.as_nanos().max(1);
    let phase = (interval * u128::from(n.wrapping_mul(GOLDEN))) >> u32::BITS;
    let phase = phase - phase % slot;
    let wait = (phase + interval - elapsed.as_nanos() % interval) % interval;
    Duration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const INTERVAL: Duration = Duration::from_secs(5);

    #[test]
    fn checks_are_spread_evenly_over_slots() {
        for count in [250, 1_000, 10_000] {
            let mut slots = BTreeMap::<_, u32>::new();
            for n in 7..7 + count {
                *slots.entry(until_next(n, INTERVAL, Duration::ZERO)).or_default() += 1;
            }
            assert!(slots.keys().all(|at| at.as_millis() % SLOT_MAX.as_millis() == 0));
            let even = count / SLOTS;
            let most = slots.values().max().copied();
            assert!(most <= Some(even + 2), "{most:?} of {count} in one slot, not {even}");
            assert_eq!(slots.len(), 100, "every slot is used");
        }
    }

    #[test]
    fn a_target_keeps_its_phase_whenever_it_came() {
        let phase = until_next(3, INTERVAL, Duration::ZERO);
        for elapsed in (0..20_000).step_by(333).map(Duration::from_millis) {
            let wait = until_next(3, INTERVAL, elapsed);
            assert!(wait < INTERVAL, "{wait:?}");
            let at = (elapsed + wait).as_nanos() % INTERVAL.as_nanos();
            assert_eq!(at, phase.as_nanos(), "{elapsed:?}");
        }
    }

    #[test]
    fn no_interval_is_too_short_or_too_long() {
        for interval in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
            let wait = until_next(u32::MAX, interval, Duration::from_secs(1));
            assert!(wait <= interval, "{interval:?}: {wait:?}");
        }
    }
}
