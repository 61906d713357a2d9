//! Target groups and their targets, in words and by the names of `DescribeTargetHealth`.

use dataplane_core::{
    explain::{GroupFacts, TargetFacts, Use},
    select::Routing,
};
use model::{Algorithm, Question, TargetHealth, UnhealthyReason};
use serde_json::{Value, json};

/// A group for programs.
pub(super) fn group_facts(group: &GroupFacts) -> Value {
    json!({
        "target_group": group.id,
        "weight": group.weight,
        "weights": group.of,
        "cross_zone": group.is_cross_zone,
        "proxy_protocol_v2": group.proxy_protocol_v2,
        "sticky": group.is_sticky,
        "algorithm": algorithm(group.algorithm),
        "slow_start_s": group.slow_start.as_secs(),
        "outlier_detection": group.outlier_detection,
        "healthy": group.healthy,
        "serving": group.serving,
        "minimum_healthy": { "count": group.enough.count, "percentage": group.enough.percentage },
        "fail_open": group.routing == Routing::FailOpen,
        "candidates": group.candidates().count(),
    })
}

/// How a group chooses among its candidates and who is healthy enough, in words.
pub(super) fn choice(group: &GroupFacts) -> String {
    let mut how = match group.algorithm {
        _ if group.is_sticky => "one target per client address (source_ip)".to_owned(),
        Algorithm::FlowHash => "by flow hash".to_owned(),
        Algorithm::LeastConnections => "fewest connections first".to_owned(),
    };
    if !group.slow_start.is_zero() {
        how += &format!(", slow start {} s", group.slow_start.as_secs());
    }
    if group.outlier_detection {
        how += ", failed connections count against a target";
    }
    how
}

/// What a group's standing comes to, in words.
pub(super) fn standing_of(group: &GroupFacts) -> String {
    let GroupFacts { healthy, serving, enough, .. } = group;
    match (group.candidates().count(), group.routing) {
        (0, _) => "no candidate".to_owned(),
        (count, Routing::Healthy) => format!("healthy candidates: {count}"),
        (count, Routing::FailOpen) if *healthy == 0 => {
            format!("none is healthy, so all in reach are candidates (fail open): {count}")
        }
        (count, Routing::FailOpen) => {
            let count_wanted = enough.count.map(|least| least.to_string());
            let share_wanted = enough.percentage.map(|least| format!("{least} %"));
            let wanted: Vec<_> = count_wanted.into_iter().chain(share_wanted).collect();
            format!(
                "{healthy} of {serving} are healthy and {} are wanted, so all in reach are \
                 candidates (fail open): {count}",
                wanted.join(" and ")
            )
        }
    }
}

const fn algorithm(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::FlowHash => "flow_hash",
        Algorithm::LeastConnections => "least_connections",
    }
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
                UnhealthyReason::ResponseCodeMismatch(code) => {
                    let wanted = wanted(&check.question);
                    format!(", checks of port {port} are answered with {code}{wanted}")
                }
                UnhealthyReason::FailedConnections => ", connections of clients failed".to_owned(),
            }
        }
        _ => String::new(),
    };
    let (name, role) = match it.is {
        Use::Candidate => ("candidate", "candidate"),
        Use::Draining => ("draining", "left out: it is deregistered and drains"),
        Use::NotInUse => {
            ("not_in_use", "left out: in a zone that the load balancer is not enabled in")
        }
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

/// The codes that a check wants, in words.
fn wanted(question: &Question) -> String {
    match question {
        Question::Connect => String::new(),
        Question::Http(http) | Question::Https(http) => format!(" and not {}", http.matcher),
    }
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
        UnhealthyReason::FailedHealthChecks | UnhealthyReason::FailedConnections => {
            "Target.FailedHealthChecks"
        }
        UnhealthyReason::ResponseCodeMismatch(_) => "Target.ResponseCodeMismatch",
    }
}
