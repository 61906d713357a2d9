//! Metrics of health checks, by target group.

use dataplane_core::health::ProbeResult;
use metrics::{Unit, counter, describe_counter};
use model::TargetGroupId;

const PROBES: &str = "postern_health_checks_total";
const EJECTIONS: &str = "postern_target_ejections_total";

/// Tells the exporter what each metric is.
pub(super) fn describe() {
    describe_counter!(PROBES, Unit::Count, "Health checks made, by target group and result");
    describe_counter!(
        EJECTIONS,
        Unit::Count,
        "Times that a target turned unhealthy for clients' failed connections"
    );
}

/// Counts a health check.
pub(crate) fn count_probe(group: TargetGroupId, result: ProbeResult) {
    counter!(PROBES, "target_group" => group.to_string(), "result" => result.name()).increment(1);
}

/// Counts a target that turned unhealthy for its connections.
pub(crate) fn count_ejection(group: TargetGroupId) {
    counter!(EJECTIONS, "target_group" => group.to_string()).increment(1);
}
