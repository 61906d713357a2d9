//! Health check settings on ELBv2's wire.

use std::num::NonZeroU16;

use control_core::{
    command::HealthCheckChange,
    resource::{HealthCheckProtocol, health_check::matcher as read_codes},
};
use model::Matcher;

use crate::query::{Fault, Input, fault::quoted};

/// What probes speak, by name.
const PROTOCOLS: [(&str, HealthCheckProtocol); 3] = [
    ("HTTP", HealthCheckProtocol::Http),
    ("HTTPS", HealthCheckProtocol::Https),
    ("TCP", HealthCheckProtocol::Tcp),
];

/// What probes speak, as ELBv2 writes it.
pub(super) fn protocol_name(of: HealthCheckProtocol) -> &'static str {
    PROTOCOLS.iter().find(|(_, protocol)| *protocol == of).map_or("", |(name, _)| name)
}

/// Reads all `HealthCheck*` members.
pub(super) fn read(input: &Input<'_>) -> Result<HealthCheckChange, Fault> {
    if input.boolean("HealthCheckEnabled")? == Some(false) {
        let message = "Health checks must be enabled for target groups of the type ip.";
        return Err(Fault::new("InvalidConfigurationRequest", message));
    }
    let integer = "an integer";
    Ok(HealthCheckChange {
        protocol: protocol(input)?,
        path: input.text("HealthCheckPath")?.map(Into::into),
        matcher: codes(&input.structure("Matcher"))?,
        port: port(input)?,
        interval_s: input.parse("HealthCheckIntervalSeconds", integer)?,
        timeout_s: input.parse("HealthCheckTimeoutSeconds", integer)?,
        healthy_threshold: input.parse("HealthyThresholdCount", integer)?,
        unhealthy_threshold: input.parse("UnhealthyThresholdCount", integer)?,
    })
}

fn protocol(input: &Input<'_>) -> Result<Option<HealthCheckProtocol>, Fault> {
    match input.text("HealthCheckProtocol")? {
        Some(other @ ("TLS" | "UDP" | "TCP_UDP" | "QUIC" | "TCP_QUIC" | "GENEVE")) => {
            let message = format!("Health checks do not support the protocol {other}.");
            Err(Fault::new("InvalidConfigurationRequest", message))
        }
        _ => input.choice("HealthCheckProtocol", &PROTOCOLS),
    }
}

fn codes(matcher: &Input<'_>) -> Result<Option<Matcher>, Fault> {
    matcher.refuse(&["GrpcCode"])?;
    let Some(text) = matcher.text("HttpCode")? else { return Ok(None) };
    read_codes(text).map(Some).ok_or_else(|| {
        let message = format!(
            "Health check matcher HTTP code '{}' must be within '200-599' inclusive",
            quoted(text)
        );
        Fault::new("ValidationError", message)
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
