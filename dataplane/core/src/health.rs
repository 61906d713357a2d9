//! Health: probe results and failed connections in, a target's state out (semantics 1.3, 1.6).
//!
//! A new target serves after its first success; `unhealthy_threshold` failures in a row end
//! `Healthy`, `healthy_threshold` successes in a row end `Unhealthy`. Where connections are not
//! ended with the target's health, it is `unhealthy.draining` for a while first. Does not know how
//! a probe is made, nor when; the time is an argument.

use std::time::{Duration, Instant};

use model::{TargetGroup, TargetHealth, UnhealthyReason};

use crate::select::Share;

/// How a probe ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeResult {
    /// As it should.
    Success,
    /// It ran into its timeout.
    Timeout,
    /// It was refused or broken off, or answered with what is no answer.
    Failure,
    /// It was answered with a code that does not match.
    Mismatch(u16),
}

impl ProbeResult {
    /// Its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Timeout => "timeout",
            Self::Failure => "failure",
            Self::Mismatch(_) => "response_code_mismatch",
        }
    }

    /// What it says against a target.
    const fn reason(self) -> Option<UnhealthyReason> {
        match self {
            Self::Success => None,
            Self::Timeout => Some(UnhealthyReason::Timeout),
            Self::Failure => Some(UnhealthyReason::FailedHealthChecks),
            Self::Mismatch(code) => Some(UnhealthyReason::ResponseCodeMismatch(code)),
        }
    }
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
    Healthy {
        since: Instant,
    },
    Unhealthy {
        reason: UnhealthyReason,
        /// While it drains.
        draining_until: Option<Instant>,
    },
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
            State::Healthy { .. } => TargetHealth::Healthy,
            State::Unhealthy { reason, draining_until: None } => TargetHealth::Unhealthy(reason),
            State::Unhealthy { reason, draining_until: Some(_) } => {
                TargetHealth::UnhealthyDraining(reason)
            }
        }
    }

    /// Whether probes found it unhealthy. Failed connections alone take it no new ones; those that
    /// it has speak for themselves.
    pub const fn is_failed_by_probes(self) -> bool {
        match self.state {
            State::Initial | State::Healthy { .. } => false,
            State::Unhealthy { reason, .. } => {
                !matches!(reason, UnhealthyReason::FailedConnections)
            }
        }
    }

    /// Takes a result. Tells whether [`Checks::health`] changed.
    pub fn record(&mut self, result: ProbeResult, group: &TargetGroup, now: Instant) -> bool {
        let before = self.health();
        let settings = &group.health_check;
        match (self.state, result.reason()) {
            (State::Initial, None) => self.enter(State::Healthy { since: now }),
            (State::Healthy { .. }, None) => self.against = 0,
            (State::Unhealthy { .. }, None) => {
                self.count(settings.healthy_threshold, State::Healthy { since: now });
            }
            (State::Initial, Some(reason)) => {
                let next = State::Unhealthy { reason, draining_until: None };
                self.count(settings.unhealthy_threshold, next);
            }
            (State::Healthy { .. }, Some(reason)) => {
                self.count(settings.unhealthy_threshold, failed(reason, group, now));
            }
            (State::Unhealthy { draining_until, .. }, Some(reason)) => {
                self.enter(State::Unhealthy { reason, draining_until });
            }
        }
        self.health() != before
    }

    /// Takes as many failed connections in a row as `unhealthy_threshold` says. Tells whether
    /// [`Checks::health`] changed: a target that is not healthy is left to its probes.
    pub fn eject(&mut self, group: &TargetGroup, now: Instant) -> bool {
        let is_healthy = matches!(self.state, State::Healthy { .. });
        if is_healthy {
            self.enter(failed(UnhealthyReason::FailedConnections, group, now));
        }
        is_healthy
    }

    /// Ends what is over by now. Tells whether [`Checks::health`] changed.
    pub fn pass_time(&mut self, now: Instant) -> bool {
        match &mut self.state {
            State::Unhealthy { draining_until, .. } => {
                draining_until.take_if(|until| *until <= now).is_some()
            }
            State::Initial | State::Healthy { .. } => false,
        }
    }

    /// How much of its share of new flows a target takes that begins slowly.
    pub fn share(self, slow_start: Duration, now: Instant) -> Share {
        match self.state {
            State::Healthy { since } => {
                Share::after(now.saturating_duration_since(since), slow_start)
            }
            // It takes flows only for want of healthy ones.
            State::Initial | State::Unhealthy { .. } => Share::FULL,
        }
    }

    /// When time alone next changes its health or its share.
    pub fn next_change(self, slow_start: Duration, now: Instant) -> Option<Instant> {
        match self.state {
            State::Healthy { since } => {
                let elapsed = now.saturating_duration_since(since);
                Share::next_change(elapsed, slow_start).and_then(|at| since.checked_add(at))
            }
            State::Unhealthy { draining_until, .. } => draining_until,
            State::Initial => None,
        }
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

/// What a healthy target of a group fails into.
fn failed(reason: UnhealthyReason, group: &TargetGroup, now: Instant) -> State {
    let interval = group.unhealthy_draining_interval;
    let drains = !group.unhealthy_connection_termination && !interval.is_zero();
    let draining_until = now.checked_add(interval).filter(|_| drains);
    State::Unhealthy { reason, draining_until }
}

#[cfg(test)]
mod tests;
