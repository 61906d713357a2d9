//! Members that several operations read: tags, actions, targets, health check settings.

use std::{num::NonZeroU16, str::FromStr};

use control_core::{
    command::{HealthCheckChange, TargetDescription, TargetZone},
    resource::HealthCheckProtocol,
    settings::ZoneRef,
    tag::Tags,
};
use model::{Protocol, WeightedTargetGroup};

use super::arn::Arns;
use crate::query::{Fault, Input, fault::quoted};

/// `Tags.member.N`; a key that comes twice is refused.
pub(super) fn tags(input: &Input<'_>) -> Result<Tags, Fault> {
    let mut tags = Tags::none();
    for tag in input.structures("Tags") {
        let key = tag.required_text("Key")?.to_owned();
        let value = tag.text("Value")?.unwrap_or_default().to_owned();
        if let Some((key, _)) = tags.0.get_key_value(&key) {
            return Err(Fault::new("DuplicateTagKeys", format!("The tag key '{key}' comes twice")));
        }
        tags.0.insert(key, value);
    }
    Ok(tags)
}

/// A port from 1 to 65535.
pub(super) fn port(input: &Input<'_>, name: &str) -> Result<Option<NonZeroU16>, Fault> {
    input.parse(name, "a port from 1 to 65535")
}

/// The one protocol that is served so far; the others are named as what they are.
pub(super) fn protocol(input: &Input<'_>) -> Result<Option<Protocol>, Fault> {
    match input.text("Protocol")? {
        None => Ok(None),
        Some("TCP") => Ok(Some(Protocol::Tcp)),
        Some(known @ ("TLS" | "UDP" | "TCP_UDP" | "QUIC" | "TCP_QUIC")) => Err(Fault::new(
            "UnsupportedProtocol",
            format!("The protocol {known} is not supported here; TCP is."),
        )),
        Some(other) => Err(Fault::invalid_value("Protocol", other, "TCP")),
    }
}

/// A target group as a forward action names it, with its weight.
pub(super) type Forward<'a> = Vec<(&'a str, u16)>;

/// `DefaultActions`: one forward action, to one group or to several by weight.
pub(super) fn forward<'a>(input: &Input<'a>) -> Result<Option<Forward<'a>>, Fault> {
    let actions = input.structures("DefaultActions");
    let action = match &actions[..] {
        [] => return Ok(None),
        [action] => action,
        _ => return Err(Fault::new("TooManyActions", "A TCP listener has one default action")),
    };
    let kind = action.required_text("Type")?;
    if kind != "forward" {
        return Err(Fault::new(
            "InvalidLoadBalancerAction",
            format!("A TCP listener forwards; it has no action of type '{}'", quoted(kind)),
        ));
    }
    action.parse::<u32>("Order", "an integer")?;
    let config = action.structure("ForwardConfig");
    let stickiness = config.structure("TargetGroupStickinessConfig");
    stickiness.refuse(&["DurationSeconds"])?;
    if stickiness.boolean("Enabled")? == Some(true) {
        return Err(Fault::unsupported_parameter(&stickiness.full_name("Enabled")));
    }
    let mut groups = Vec::new();
    for group in config.structures("TargetGroups") {
        let weight = group.parse("Weight", "an integer from 0 to 999")?.unwrap_or(1);
        groups.push((group.required_text("TargetGroupArn")?, weight));
    }
    if let Some(arn) = action.text("TargetGroupArn")? {
        match &groups[..] {
            [] => groups.push((arn, 1)),
            [(one, _)] if *one == arn => {}
            _ => {
                return Err(Fault::invalid_combination(
                    "TargetGroupArn and ForwardConfig name different target groups",
                ));
            }
        }
    }
    Ok(Some(groups))
}

/// The target groups that a forward action names.
pub(super) fn resolve(
    forward: Forward<'_>,
    arns: &Arns<'_>,
) -> Result<Vec<WeightedTargetGroup>, Fault> {
    let group = |arn| arns.target_group(arn).map(|group| group.id);
    let one = |(arn, weight)| Ok(WeightedTargetGroup { group: group(arn)?, weight });
    forward.into_iter().map(one).collect()
}

/// `Targets.member.N`.
pub(super) fn targets(input: &Input<'_>) -> Result<Vec<TargetDescription>, Fault> {
    input.structures("Targets").iter().map(target).collect()
}

fn target(input: &Input<'_>) -> Result<TargetDescription, Fault> {
    input.refuse(&["QuicServerId"])?;
    let id = input.required_text("Id")?;
    let ip = id.parse().map_err(|_| {
        Fault::new("ValidationError", format!("The IP address '{id}' is not a valid IP address"))
    })?;
    let zone = match input.text("AvailabilityZone")? {
        None => None,
        Some("all") => Some(TargetZone::All),
        Some(name) => Some(TargetZone::One(zone(name)?)),
    };
    Ok(TargetDescription { ip, port: port(input, "Port")?, zone })
}

fn zone(text: &str) -> Result<ZoneRef, Fault> {
    FromStr::from_str(text).map(ZoneRef::Name).map_err(|_| {
        Fault::invalid_value("AvailabilityZone", text, "the name of an Availability Zone or all")
    })
}

/// The health check settings of a target group.
pub(super) fn health_check(input: &Input<'_>) -> Result<HealthCheckChange, Fault> {
    if input.boolean("HealthCheckEnabled")? == Some(false) {
        return Err(Fault::new(
            "InvalidConfigurationRequest",
            "Health checks must be enabled for target groups with target type 'ip'",
        ));
    }
    input.refuse(&["HealthCheckPath", "Matcher"])?;
    Ok(HealthCheckChange {
        protocol: probe_protocol(input)?,
        port: probe_port(input)?,
        interval_s: input.parse("HealthCheckIntervalSeconds", "an integer")?,
        timeout_s: input.parse("HealthCheckTimeoutSeconds", "an integer")?,
        healthy_threshold: input.parse("HealthyThresholdCount", "an integer")?,
        unhealthy_threshold: input.parse("UnhealthyThresholdCount", "an integer")?,
    })
}

fn probe_protocol(input: &Input<'_>) -> Result<Option<HealthCheckProtocol>, Fault> {
    match input.text("HealthCheckProtocol")? {
        None => Ok(None),
        Some("TCP") => Ok(Some(HealthCheckProtocol::Tcp)),
        Some(known @ ("HTTP" | "HTTPS")) => Err(Fault::new(
            "UnsupportedProtocol",
            format!("Health checks with {known} are not supported here; with TCP they are."),
        )),
        Some(other) => Err(Fault::invalid_value("HealthCheckProtocol", other, "TCP")),
    }
}

fn probe_port(input: &Input<'_>) -> Result<Option<Option<NonZeroU16>>, Fault> {
    match input.text("HealthCheckPort")? {
        None => Ok(None),
        Some("traffic-port") => Ok(Some(None)),
        Some(_) => Ok(Some(input.parse("HealthCheckPort", "a port or traffic-port")?)),
    }
}
