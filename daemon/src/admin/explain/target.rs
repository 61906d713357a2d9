//! Target groups and their targets, in words and by the names of `DescribeTargetHealth`.

use dataplane_core::{
    explain::{GroupFacts, TargetFacts, Use},
    select::Routing,
};
use model::{TargetHealth, UnhealthyReason};
use serde_json::{Value, json};

/// A group for programs.
pub(super) fn group_facts(group: &GroupFacts) -> Value {
    json!({
        "target_group": group.id,
        "weight": group.weight,
        "weights": group.of,
        "cross_zone": group.is_cross_zone,
        "proxy_protocol_v2": group.proxy_protocol_v2,
        "fail_open": group.routing == Routing::FailOpen,
        "candidates": group.candidates().count(),
    })
}

/// One target, for programs and in words.
pub(super) fn target(group: &GroupFacts, it: &TargetFacts) -> (Value, String) {
    let zone = it.zone.as_ref().map_or("all zones", |zone| zone.as_str());
    let (state, code) = standing(it.health);
    let check = &group.health_check;
    let why = match it.health {
        Some(TargetHealth::Unhealthy(reason) | TargetHealth::UnhealthyDraining(reason)) => {
            let port = check.port.map_or_else(|| it.addr.port(), |port| port.get());
            match reason {
                UnhealthyReason::Timeout => {
                    format!(", checks of port {port} run into {} s", check.timeout.as_secs())
                }
                UnhealthyReason::FailedHealthChecks => {
                    format!(", checks of port {port} are refused or broken off")
                }
                UnhealthyReason::ResponseCodeMismatch => {
                    format!(", checks of port {port} are answered with another code")
                }
            }
        }
        _ => String::new(),
    };
    let (name, role) = match it.is {
        Use::Candidate => ("candidate", "candidate"),
        Use::Draining => ("draining", "left out: it is deregistered and drains"),
        Use::OtherZone => ("other_zone", "left out: another zone's, and cross-zone is off"),
        Use::Unhealthy => ("unhealthy", "left out: others are healthy"),
    };
    let facts = json!({
        "address": it.addr.to_string(),
        "zone": it.zone,
        "health": state,
        "health_reason": code,
        "use": name,
    });
    let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
    (facts, format!("{} in {zone}: {state}{code}{why}: {role}", it.addr))
}

/// A target's state and reason, by the names of `DescribeTargetHealth`.
fn standing(health: Option<TargetHealth>) -> (&'static str, Option<&'static str>) {
    match health {
        None => ("initial", Some("Elb.RegistrationInProgress")),
        Some(TargetHealth::Initial) => ("initial", Some("Elb.InitialHealthChecking")),
        Some(TargetHealth::Healthy) => ("healthy", None),
        Some(TargetHealth::Unhealthy(reason)) => ("unhealthy", Some(code(reason))),
        Some(TargetHealth::UnhealthyDraining(reason)) => ("unhealthy.draining", Some(code(reason))),
        Some(TargetHealth::Draining) => ("draining", Some("Target.DeregistrationInProgress")),
        Some(TargetHealth::Unused) => ("unused", Some("Target.NotInUse")),
    }
}

fn code(reason: UnhealthyReason) -> &'static str {
    match reason {
        UnhealthyReason::Timeout => "Target.Timeout",
        UnhealthyReason::FailedHealthChecks => "Target.FailedHealthChecks",
        UnhealthyReason::ResponseCodeMismatch => "Target.ResponseCodeMismatch",
    }
}
