//! The one reader of the clock in this crate. Everything else measures with its readings.

use std::time::{Duration, Instant, SystemTime};

/// The monotonic clock, now.
#[expect(clippy::disallowed_methods, reason = "a bench measures time; this is its only reader")]
pub fn now() -> Instant {
    Instant::now()
}

/// Today's date in UTC, `YYYY-MM-DD`, for the head of a report.
#[expect(clippy::disallowed_methods, reason = "a report bears the day it was made")]
pub fn today() -> String {
    let now = jiff::Timestamp::try_from(SystemTime::now()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    now.strftime("%Y-%m-%d").to_string()
}

/// The time of day as signatures carry it, `YYYYMMDDThhmmssZ`.
#[expect(clippy::disallowed_methods, reason = "signatures carry the time of day")]
pub fn amz_date() -> String {
    let now = jiff::Timestamp::try_from(SystemTime::now()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    now.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A wait that is bounded from its start.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    from: Instant,
    lasts: Duration,
}

impl Limit {
    /// Starts now.
    pub fn starting(lasts: Duration) -> Self {
        Self { from: now(), lasts }
    }

    /// Whether the time is up.
    pub fn is_over(&self) -> bool {
        self.from.elapsed() >= self.lasts
    }
}
