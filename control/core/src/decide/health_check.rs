//! How targets are probed: settings that change, within their ranges.

use crate::{
    command::HealthCheckChange,
    refusal::{Refusal, Setting},
    resource::{
        HealthCheck, HealthCheckProtocol, TargetType,
        health_check::{INTERVAL_S, THRESHOLD, TIMEOUT_S, default_question, is_path},
    },
};
use model::HttpQuestion;

/// What a new group is checked by.
pub(super) fn of(
    target_type: TargetType,
    change: &HealthCheckChange,
) -> Result<HealthCheck, Refusal> {
    let usual = match target_type {
        TargetType::Ip | TargetType::Instance => HealthCheckProtocol::Tcp,
        TargetType::Alb => HealthCheckProtocol::Http,
    };
    let protocol = change.protocol.unwrap_or(usual);
    changed(HealthCheck::of(protocol), change)
}

/// A health check with some settings changed. A default timeout gives way to a shorter interval;
/// one that was asked for does not.
pub(super) fn changed(
    old: HealthCheck,
    change: &HealthCheckChange,
) -> Result<HealthCheck, Refusal> {
    let interval_s = change.interval_s.unwrap_or(old.interval_s);
    let protocol = change.protocol.unwrap_or(old.protocol);
    let check = HealthCheck {
        protocol,
        http: question(protocol, old.http, change)?,
        port: change.port.unwrap_or(old.port),
        interval_s,
        timeout_s: change.timeout_s.unwrap_or_else(|| old.timeout_s.min(interval_s)),
        healthy_threshold: change.healthy_threshold.unwrap_or(old.healthy_threshold),
        unhealthy_threshold: change.unhealthy_threshold.unwrap_or(old.unhealthy_threshold),
    };
    let threshold = u32::from(*THRESHOLD.start())..=u32::from(*THRESHOLD.end());
    Setting::HealthCheckInterval.check(check.interval_s, &INTERVAL_S)?;
    Setting::HealthCheckTimeout.check(check.timeout_s, &TIMEOUT_S)?;
    Setting::HealthyThreshold.check(check.healthy_threshold.into(), &threshold)?;
    Setting::UnhealthyThreshold.check(check.unhealthy_threshold.into(), &threshold)?;
    if check.timeout_s > check.interval_s {
        return Err(conflict(Setting::HealthCheckTimeout, Setting::HealthCheckInterval));
    }
    Ok(check)
}

/// What is asked over HTTP; nothing with TCP, which refuses to be told a path or codes.
fn question(
    protocol: HealthCheckProtocol,
    old: Option<HttpQuestion>,
    change: &HealthCheckChange,
) -> Result<Option<HttpQuestion>, Refusal> {
    if !protocol.is_http() {
        let named = [
            (change.path.is_some(), Setting::HealthCheckPath),
            (change.matcher.is_some(), Setting::Matcher),
        ];
        return match named.into_iter().find(|(is_named, _)| *is_named) {
            Some((_, setting)) => Err(conflict(setting, Setting::HealthCheckProtocol)),
            None => Ok(None),
        };
    }
    let old = old.unwrap_or_else(default_question);
    let path = change.path.clone().unwrap_or(old.path);
    if !is_path(&path) {
        return Err(Refusal::HealthCheckPath);
    }
    Ok(Some(HttpQuestion { path, matcher: change.matcher.clone().unwrap_or(old.matcher) }))
}

fn conflict(setting: Setting, with: Setting) -> Refusal {
    Refusal::Conflicting { setting, with }
}
