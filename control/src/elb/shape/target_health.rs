//! The health of targets as ELBv2 shows it, with its reason codes and sentences (semantics 1.6).

use control_core::{
    Registry,
    resource::{Target, TargetGroup},
};
use model::{AccountId, Health, TargetHealth, UnhealthyReason};

use super::target_group::load_balancers_of;
use crate::query::Xml;

/// A state with its reason and what to say about it.
struct Verdict(&'static str, Option<(&'static str, &'static str)>);

/// Writes descriptions of a group's targets.
pub(in crate::elb) struct Descriptions<'a> {
    registry: &'a Registry,
    health: &'a Health,
    group: &'a TargetGroup,
    is_in_use: bool,
}

impl<'a> Descriptions<'a> {
    /// For one group.
    pub(in crate::elb) fn new(
        registry: &'a Registry,
        health: &'a Health,
        group: &'a TargetGroup,
    ) -> Self {
        let is_in_use = !load_balancers_of(registry, group.id).is_empty();
        Self { registry, health, group, is_in_use }
    }

    /// `TargetHealthDescriptions`.
    pub(in crate::elb) fn write<'t>(
        &self,
        xml: &mut Xml,
        targets: impl IntoIterator<Item = (model::TargetAddr, Option<&'t Target>)>,
    ) {
        xml.list("TargetHealthDescriptions", "member", targets, |xml, (addr, target)| {
            xml.element("Target", |xml| {
                xml.value("Id", addr.ip());
                xml.value("Port", addr.port());
                xml.option("AvailabilityZone", target.map(|t| self.zone(&self.group.owner, t)));
            });
            let port = self.group.health_check.port.map_or_else(|| addr.port(), Into::into);
            xml.value("HealthCheckPort", port);
            let Verdict(state, reason) = target.map_or(NOT_REGISTERED, |t| self.verdict(t));
            xml.element("TargetHealth", |xml| {
                xml.text("State", state);
                xml.option("Reason", reason.map(|(code, _)| code));
                xml.option("Description", reason.map(|(_, sentence)| sentence));
            });
        });
    }

    fn zone(&self, account: &AccountId, target: &Target) -> String {
        let Some(zone) = &target.zone else { return "all".to_owned() };
        let name = self.registry.settings().zone_name(account, zone);
        name.map_or_else(String::new, ToString::to_string)
    }

    fn verdict(&self, target: &Target) -> Verdict {
        if target.is_draining() {
            return DRAINING;
        }
        if !self.is_in_use {
            return NOT_IN_USE;
        }
        match self.health.targets.get(&(self.group.id, target.addr)) {
            None => REGISTERING,
            Some(TargetHealth::Initial) => CHECKING,
            Some(TargetHealth::Healthy) => Verdict("healthy", None),
            Some(TargetHealth::Unhealthy(UnhealthyReason::Timeout)) => TIMED_OUT,
            Some(TargetHealth::Unhealthy(UnhealthyReason::FailedHealthChecks)) => FAILED,
            Some(TargetHealth::Draining) => DRAINING,
            Some(TargetHealth::Unused) => NOT_IN_USE,
        }
    }
}

const REGISTERING: Verdict =
    Verdict("initial", Some(("Elb.RegistrationInProgress", "Target registration is in progress")));
const CHECKING: Verdict =
    Verdict("initial", Some(("Elb.InitialHealthChecking", "Initial health checks in progress")));
const TIMED_OUT: Verdict = Verdict("unhealthy", Some(("Target.Timeout", "Request timed out")));
const FAILED: Verdict =
    Verdict("unhealthy", Some(("Target.FailedHealthChecks", "Health checks failed")));
const DRAINING: Verdict = Verdict(
    "draining",
    Some(("Target.DeregistrationInProgress", "Target deregistration is in progress")),
);
const NOT_IN_USE: Verdict = Verdict(
    "unused",
    Some((
        "Target.NotInUse",
        "Target group is not configured to receive traffic from the load balancer",
    )),
);
const NOT_REGISTERED: Verdict = Verdict(
    "unused",
    Some(("Target.NotRegistered", "Target is not registered to the target group")),
);
