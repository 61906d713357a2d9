//! Calls on schedule: so many a second, each due at its own moment, made by as many callers as it
//! takes to keep the schedule while some of them wait.

use std::{
    io,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::clock;

/// A schedule of calls.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Calls a second.
    pub rate: u32,
    /// For how long.
    pub lasts: Duration,
    /// Callers that share the calls.
    pub callers: usize,
}

/// What came of a schedule.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// How long after it was due each call had its answer, sorted.
    pub latencies: Vec<Duration>,
    /// How long it took from the first call that was due to the last answer.
    pub took: Duration,
}

impl Outcome {
    /// The latency that this share of calls, in per cent, did not exceed.
    pub fn quantile(&self, percent: usize) -> Duration {
        let at = (self.latencies.len() * percent / 100).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(at).copied().unwrap_or_default()
    }

    /// Calls a second that were answered.
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// Makes the calls; `caller` makes one caller, which makes one call of a given number at a time and
/// says whether it counts. The first error ends everything.
pub fn run<C>(pace: Pace, caller: impl Fn() -> io::Result<C> + Sync) -> io::Result<Outcome>
where
    C: FnMut(u64) -> io::Result<Counts>,
{
    let total = u64::from(pace.rate) * pace.lasts.as_secs();
    let next = AtomicU64::new(0);
    let latencies = Mutex::new(Vec::new());
    let started = clock::now();
    let work = || -> io::Result<()> {
        let mut call = caller()?;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= total {
                return Ok(());
            }
            let due = started + Duration::from_secs(1) * number_u32(number) / pace.rate;
            wait_until(due);
            match call(number) {
                Ok(Counts::Yes) => {
                    let took = clock::now().saturating_duration_since(due);
                    latencies.lock().unwrap_or_else(PoisonError::into_inner).push(took);
                }
                Ok(Counts::No) => {}
                Err(error) => {
                    next.store(total, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
    };
    thread::scope(|scope| {
        let callers: Vec<_> = (0..pace.callers).map(|_| scope.spawn(work)).collect();
        let ended = callers.into_iter().map(|it| it.join().unwrap_or_else(|_| Err(panicked())));
        ended.collect::<io::Result<()>>()
    })?;
    let took = clock::now().saturating_duration_since(started);
    let mut latencies = latencies.into_inner().unwrap_or_else(PoisonError::into_inner);
    latencies.sort_unstable();
    Ok(Outcome { latencies, took })
}

/// Whether a call's time is a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// It is.
    Yes,
    /// It only belongs to the load.
    No,
}

/// Schedules are far shorter than this many calls.
fn number_u32(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn wait_until(due: Instant) {
    let wait = due.saturating_duration_since(clock::now());
    if !wait.is_zero() {
        thread::sleep(wait);
    }
}

fn panicked() -> io::Error {
    io::Error::other("a caller panicked")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_due_at_their_moments_and_quantiles_are_of_those_that_count() {
        let pace = Pace { rate: 200, lasts: Duration::from_secs(1), callers: 3 };
        let count =
            |number: u64| Ok(if number.is_multiple_of(2) { Counts::Yes } else { Counts::No });
        let outcome = run(pace, || Ok(count)).unwrap();
        assert_eq!(outcome.latencies.len(), 100);
        assert!(outcome.took >= Duration::from_millis(990), "{:?}", outcome.took);
        assert!(outcome.quantile(50) <= outcome.quantile(99));
    }

    #[test]
    fn the_first_error_ends_everything() {
        let pace = Pace { rate: 10, lasts: Duration::from_secs(1000), callers: 2 };
        let fail = |_| Err(io::Error::other("no"));
        let outcome: io::Result<Outcome> = run(pace, || Ok(fail));
        assert!(outcome.is_err());
    }
}
