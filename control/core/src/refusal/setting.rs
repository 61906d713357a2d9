//! Settings that a refusal can be about. Their names on the wire are the shell's.

use std::ops::RangeInclusive;

use super::Refusal;

/// A setting that can be beyond its range, or conflict with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// A listener's or a target group's protocol.
    Protocol,
    /// A listener's certificates.
    Certificates,
    /// A listener's security policy.
    SslPolicy,
    /// A listener's ALPN policy.
    AlpnPolicy,
    /// A listener's idle timeout.
    IdleTimeoutSeconds,
    /// A target group's weight.
    Weight,
    /// How a group's targets are named.
    TargetType,
    /// Health check protocol.
    HealthCheckProtocol,
    /// Health check path.
    HealthCheckPath,
    /// Codes that a health check expects.
    Matcher,
    /// Health check interval.
    HealthCheckInterval,
    /// Health check timeout.
    HealthCheckTimeout,
    /// Healthy threshold.
    HealthyThreshold,
    /// Unhealthy threshold.
    UnhealthyThreshold,
    /// Deregistration delay.
    DeregistrationDelay,
    /// Draining interval of unhealthy targets.
    UnhealthyDrainingInterval,
    /// Healthy targets below which a zone leaves DNS.
    DnsFailoverCount,
    /// Percentage of healthy targets below which a zone leaves DNS.
    DnsFailoverPercentage,
    /// Healthy targets below which all targets get traffic.
    RoutingCount,
    /// Percentage of healthy targets below which all targets get traffic.
    RoutingPercentage,
    /// Whether connections end with the deregistration delay.
    DeregistrationConnectionTermination,
    /// Whether client addresses are kept.
    PreserveClientIp,
    /// Whether flows of one address go to one target.
    Stickiness,
    /// Whether connections to unhealthy targets are ended.
    UnhealthyConnectionTermination,
    /// How long a target's share grows.
    SlowStart,
    /// How a target is chosen.
    Algorithm,
    /// Whether real connections speak against a target.
    OutlierDetection,
    /// Secondary addresses per subnet.
    SecondaryAddresses,
}

impl Setting {
    /// Refuses a value beyond the range.
    pub(crate) fn check(self, value: u32, range: &RangeInclusive<u32>) -> Result<(), Refusal> {
        if range.contains(&value) {
            return Ok(());
        }
        let (min, max) = (*range.start(), *range.end());
        Err(Refusal::OutOfRange { setting: self, value, min, max })
    }
}
