//! Waiting for a condition instead of for time: looked at again and again until it holds.

use std::time::{Duration, Instant};

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

#[expect(clippy::disallowed_methods, reason = "the rig waits in real time")]
fn now() -> Instant {
    Instant::now()
}

/// Waits until `look` gives something, and returns it with the time that took; panics at the
/// deadline with what was waited for.
pub fn wait_for<T>(
    within: Duration,
    what: &str,
    mut look: impl FnMut() -> Option<T>,
) -> (T, Duration) {
    let start = now();
    loop {
        if let Some(found) = look() {
            return (found, now() - start);
        }
        assert!(now() - start < within, "waited {within:?} in vain: {what}");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Waits until `holds`; panics at the deadline with what was waited for.
pub fn wait_until(within: Duration, what: &str, mut holds: impl FnMut() -> bool) -> Duration {
    wait_for(within, what, || holds().then_some(())).1
}

/// Measures how long something takes.
pub fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let start = now();
    let result = act();
    (result, now() - start)
}
