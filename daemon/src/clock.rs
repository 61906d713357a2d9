//! The only reader of the machine's clocks; everything else takes readings or a `model::Clock`.

use std::time::{Duration, Instant, SystemTime};

use model::{Clock, Timestamp};

/// The machine's clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MachineClock;

impl Clock for MachineClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the clock")]
    fn monotonic(&self) -> Instant {
        Instant::now()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the clock")]
    fn wall(&self) -> Timestamp {
        // A clock before 1970 is not set; 0 then refuses signatures rather than taking them.
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Timestamp(0) + since.unwrap_or(Duration::ZERO)
    }
}
