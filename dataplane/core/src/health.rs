//! Health thresholds: probe results in, a target's state out (semantics 1.6).
//!
//! A new target serves after its first success; `unhealthy_threshold` failures in a row end
//! `Healthy`, `healthy_threshold` successes in a row end `Unhealthy`. Does not know how a probe is
//! made, nor when.

use model::{HealthCheck, TargetHealth, UnhealthyReason};

/// How a probe ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeResult {
    /// As it should.
    Success,
    /// It ran into its timeout.
    Timeout,
    /// It was refused or broken off.
    Failure,
}

/// The state of one target's checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checks {
    state: State,
    /// Results in a row that speak against the state.
    against: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Initial,
    Healthy,
    Unhealthy(UnhealthyReason),
}

impl Default for Checks {
    fn default() -> Self {
        Self { state: State::Initial, against: 0 }
    }
}

impl Checks {
    /// The state as others see it.
    pub const fn health(self) -> TargetHealth {
        match self.state {
            State::Initial => TargetHealth::Initial,
            State::Healthy => TargetHealth::Healthy,
            State::Unhealthy(reason) => TargetHealth::Unhealthy(reason),
        }
    }

    /// Takes a result. Tells whether [`Checks::health`] changed.
    pub fn record(&mut self, result: ProbeResult, settings: &HealthCheck) -> bool {
        let before = self.health();
        let failure = match result {
            ProbeResult::Success => None,
            ProbeResult::Timeout => Some(UnhealthyReason::Timeout),
            ProbeResult::Failure => Some(UnhealthyReason::FailedHealthChecks),
        };
        match (self.state, failure) {
            (State::Initial, None) => self.enter(State::Healthy),
            (State::Healthy, None) => self.against = 0,
            (State::Unhealthy(_), None) => {
                self.count(settings.healthy_threshold, State::Healthy);
            }
            (State::Initial | State::Healthy, Some(reason)) => {
                self.count(settings.unhealthy_threshold, State::Unhealthy(reason));
            }
            (State::Unhealthy(_), Some(reason)) => self.enter(State::Unhealthy(reason)),
        }
        self.health() != before
    }

    fn enter(&mut self, state: State) {
        *self = Self { state, against: 0 };
    }

    fn count(&mut self, threshold: u8, next: State) {
        self.against = self.against.saturating_add(1);
        if self.against >= threshold {
            self.enter(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays results against thresholds of 3 to recover and 2 to fail; `.` is a success, `x` a
    /// failure, `t` a timeout. The states come back as I, H, U (failed) and T (timed out).
    fn play(results: &str) -> String {
        let settings =
            HealthCheck { healthy_threshold: 3, unhealthy_threshold: 2, ..HealthCheck::default() };
        let mut checks = Checks::default();
        let mut step = |result| {
            let before = checks.health();
            let result = match result {
                '.' => ProbeResult::Success,
                't' => ProbeResult::Timeout,
                _ => ProbeResult::Failure,
            };
            assert_eq!(checks.record(result, &settings), checks.health() != before);
            match checks.health() {
                TargetHealth::Initial => 'I',
                TargetHealth::Healthy => 'H',
                TargetHealth::Unhealthy(UnhealthyReason::Timeout) => 'T',
                TargetHealth::Unhealthy(UnhealthyReason::FailedHealthChecks) => 'U',
                TargetHealth::Unhealthy(UnhealthyReason::ResponseCodeMismatch)
                | TargetHealth::UnhealthyDraining(_)
                | TargetHealth::Draining
                | TargetHealth::Unused => '?',
            }
        };
        results.chars().map(&mut step).collect()
    }

    #[test]
    fn thresholds_count_results_in_a_row() {
        for (results, states) in [
            (".", "H"),
            ("x.", "IH"),
            ("xx", "IU"),
            ("tt", "IT"),
            (".x.x.x", "HHHHHH"),
            (".xx", "HHU"),
            (".xt", "HHT"),
            (".xx..x...", "HHUUUUUUH"),
            ("xxt", "IUT"),
            ("xx...xx", "IUUUHHU"),
        ] {
            assert_eq!(play(results), states, "{results}");
        }
    }
}
