//! Health check settings on ELBv2's wire.

use std::num::NonZeroU16;

use control_core::{command::HealthCheckChange, resource::HealthCheckProtocol};

use crate::query::{Fault, Input};

/// Members of checks over HTTP.
const UNSUPPORTED: &[&str] = &["HealthCheckPath", "Matcher"];

/// Reads all `HealthCheck*` members.
pub(super) fn read(input: &Input<'_>) -> Result<HealthCheckChange, Fault> {
    input.refuse(UNSUPPORTED)?;
    if input.boolean("HealthCheckEnabled")? == Some(false) {
        let message = "Health checks must be enabled for target groups of the type ip.";
        return Err(Fault::new("InvalidConfigurationRequest", message));
    }
    let protocol = match input.text("HealthCheckProtocol")? {
        None => None,
        Some("TCP") => Some(HealthCheckProtocol::Tcp),
        Some(_) => {
            let message = "The only health check protocol supported here is TCP.";
            return Err(Fault::new("InvalidConfigurationRequest", message));
        }
    };
    let integer = "an integer";
    Ok(HealthCheckChange {
        protocol,
        port: port(input)?,
        interval_s: input.parse("HealthCheckIntervalSeconds", integer)?,
        timeout_s: input.parse("HealthCheckTimeoutSeconds", integer)?,
        healthy_threshold: input.parse("HealthyThresholdCount", integer)?,
        unhealthy_threshold: input.parse("UnhealthyThresholdCount", integer)?,
    })
}

fn port(input: &Input<'_>) -> Result<Option<Option<NonZeroU16>>, Fault> {
    match input.text("HealthCheckPort")? {
        None => Ok(None),
        Some("traffic-port") => Ok(Some(None)),
        Some(_) => {
            Ok(input.parse("HealthCheckPort", "traffic-port or a port from 1 to 65535")?.map(Some))
        }
    }
}
