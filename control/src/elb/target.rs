//! Targets on ELBv2's wire: how they are named, and what is said of their health.

use std::{borrow::Cow, sync::Arc};

use control_core::{
    ZoneRef,
    command::{TargetDescription, TargetZone},
    resource::{LoadBalancer, Target, TargetName},
};
use model::{Health, TargetHealth, UnhealthyReason};

use crate::query::{Fault, Input, Xml};

/// Reads `Targets`.
pub(super) fn read(input: &Input<'_>) -> Result<Vec<TargetDescription>, Fault> {
    input.structures("Targets").into_iter().map(read_one).collect()
}

fn read_one(target: Input<'_>) -> Result<TargetDescription, Fault> {
    target.refuse(&["QuicServerId"])?;
    let id = target.required_text("Id")?;
    let id = id.parse().map_or_else(|_| TargetName::Named(id.into()), TargetName::Ip);
    let zone = match target.text("AvailabilityZone")? {
        None => None,
        Some("all") => Some(TargetZone::All),
        Some(_) => target
            .parse("AvailabilityZone", "an Availability Zone or all")?
            .map(|name| TargetZone::One(ZoneRef::Name(name))),
    };
    Ok(TargetDescription { id, port: target.parse("Port", "a port from 1 to 65535")?, zone })
}

/// What is said of a target: state, reason code, description (semantics 1.6).
pub(super) struct Report {
    state: &'static str,
    reason: Option<Reason>,
}

impl Report {
    /// The report of a target that is not registered.
    pub(super) fn unregistered() -> Self {
        let reason = ("Target.NotRegistered", "Target is not registered to the target group");
        Self { state: "unused", reason: Some(fixed(reason)) }
    }

    /// The report of a registered target. Whether it drains, and whether anybody knows where it is,
    /// is control's to know, the rest is what the data plane saw; if that has not seen it yet, it
    /// depends on whether anything forwards to it.
    pub(super) fn of(target: &Target, is_known: bool, is_used: bool, health: &Health) -> Self {
        const NOT_IN_USE: (&str, &str) = (
            "Target.NotInUse",
            "Target group is not configured to receive traffic from the load balancer",
        );
        const INVALID_STATE: (&str, &str) =
            ("Target.InvalidState", "Target is in an invalid state");
        let draining = ("Target.DeregistrationInProgress", "Target deregistration is in progress");
        if target.is_draining() {
            return Self { state: "draining", reason: Some(fixed(draining)) };
        }
        if !is_known {
            return Self { state: "unused", reason: Some(fixed(INVALID_STATE)) };
        }
        if !is_used {
            return Self { state: "unused", reason: Some(fixed(NOT_IN_USE)) };
        }
        let (state, reason) = match health.targets.get(&(target.group, target.addr)) {
            None => (
                "initial",
                Some(fixed(("Elb.RegistrationInProgress", "Target registration is in progress"))),
            ),
            Some(TargetHealth::Initial) => (
                "initial",
                Some(fixed(("Elb.InitialHealthChecking", "Initial health checks in progress"))),
            ),
            Some(TargetHealth::Healthy) => ("healthy", None),
            Some(TargetHealth::Unhealthy(reason)) => ("unhealthy", Some(failure(*reason))),
            Some(TargetHealth::UnhealthyDraining(reason)) => {
                ("unhealthy.draining", Some(failure(*reason)))
            }
            Some(TargetHealth::Draining) => ("draining", Some(fixed(draining))),
            Some(TargetHealth::Unused) => ("unused", Some(fixed(NOT_IN_USE))),
        };
        Self { state, reason }
    }

    /// Whether any of the load balancers that forward to a group is in the target's zone.
    pub(super) fn is_used(target: &Target, by: &[&Arc<LoadBalancer>]) -> bool {
        let is_in = |zone| by.iter().any(|balancer| balancer.subnets.contains_key(zone));
        target.zone.as_ref().map_or(!by.is_empty(), is_in)
    }

    /// Writes `TargetHealth`.
    pub(super) fn write(&self, xml: &mut Xml) {
        xml.element("TargetHealth", |xml| {
            xml.text("State", self.state);
            if let Some((code, description)) = &self.reason {
                xml.text("Reason", code);
                xml.text("Description", description);
            }
        });
    }
}

/// A reason code and its description.
type Reason = (&'static str, Cow<'static, str>);

fn fixed((code, description): (&'static str, &'static str)) -> Reason {
    (code, Cow::Borrowed(description))
}

fn failure(reason: UnhealthyReason) -> Reason {
    match reason {
        UnhealthyReason::Timeout => fixed(("Target.Timeout", "Request timed out")),
        UnhealthyReason::FailedHealthChecks => {
            fixed(("Target.FailedHealthChecks", "Health checks failed"))
        }
        UnhealthyReason::FailedConnections => {
            fixed(("Target.FailedHealthChecks", "Connections of clients failed"))
        }
        UnhealthyReason::ResponseCodeMismatch(code) => (
            "Target.ResponseCodeMismatch",
            format!("Health checks failed with these codes: [{code}]").into(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use control_core::resource::TargetState;
    use model::{TargetAddr, TargetGroupId, Timestamp};

    use super::*;

    #[test]
    fn reports_have_the_documented_states_and_reasons() {
        let addr = TargetAddr("10.0.0.1:80".parse().unwrap());
        let group = TargetGroupId::from_bits(1);
        let target =
            |state| Target { group, addr, name: None, zone: None, state, created: Timestamp(0) };
        let registered = target(TargetState::Registered);
        let draining = target(TargetState::Draining { until: Timestamp(1) });
        let timeout = TargetHealth::Unhealthy(UnhealthyReason::Timeout);
        let failed = TargetHealth::Unhealthy(UnhealthyReason::FailedHealthChecks);
        let mismatch = TargetHealth::Unhealthy(UnhealthyReason::ResponseCodeMismatch(503));
        let connections = TargetHealth::Unhealthy(UnhealthyReason::FailedConnections);
        let leaving = TargetHealth::UnhealthyDraining(UnhealthyReason::Timeout);
        for (target, is_used, seen, state, reason) in [
            (&registered, true, None, "initial", Some("Elb.RegistrationInProgress")),
            (
                &registered,
                true,
                Some(TargetHealth::Initial),
                "initial",
                Some("Elb.InitialHealthChecking"),
            ),
            (&registered, true, Some(TargetHealth::Healthy), "healthy", None),
            (&registered, true, Some(timeout), "unhealthy", Some("Target.Timeout")),
            (&registered, true, Some(failed), "unhealthy", Some("Target.FailedHealthChecks")),
            (&registered, true, Some(mismatch), "unhealthy", Some("Target.ResponseCodeMismatch")),
            (&registered, true, Some(connections), "unhealthy", Some("Target.FailedHealthChecks")),
            (&registered, true, Some(leaving), "unhealthy.draining", Some("Target.Timeout")),
            (
                &registered,
                true,
                Some(TargetHealth::Draining),
                "draining",
                Some("Target.DeregistrationInProgress"),
            ),
            (&registered, true, Some(TargetHealth::Unused), "unused", Some("Target.NotInUse")),
            (&registered, false, None, "unused", Some("Target.NotInUse")),
            (
                &draining,
                true,
                Some(TargetHealth::Healthy),
                "draining",
                Some("Target.DeregistrationInProgress"),
            ),
        ] {
            let mut health = Health::default();
            health.targets.extend(seen.map(|seen| ((group, addr), seen)));
            let report = Report::of(target, true, is_used, &health);
            let got = (report.state, report.reason.map(|(code, _)| code));
            assert_eq!(got, (state, reason), "{is_used} {seen:?}");
        }
        let lost = Report::of(&registered, false, true, &Health::default());
        assert_eq!(
            (lost.state, lost.reason.map(|(code, _)| code)),
            ("unused", Some("Target.InvalidState"))
        );
        let unregistered = Report::unregistered();
        let reason = unregistered.reason.map(|(code, _)| code);
        assert_eq!((unregistered.state, reason), ("unused", Some("Target.NotRegistered")));
    }

    #[test]
    fn the_code_that_was_seen_is_told() {
        let (_, description) = failure(UnhealthyReason::ResponseCodeMismatch(503));
        assert_eq!(description, "Health checks failed with these codes: [503]");
    }
}
