//! A listener's default action: forwarding, by weight, is the only one that Network Load Balancers
//! have.

use model::{Protocol, WeightedTargetGroup};

use super::arns::Arns;
use crate::query::{Fault, Input};

/// The weight of a target group that names none.
const WEIGHT_DEFAULT: u16 = 1;

/// Members of actions that only Application Load Balancers have.
const UNSUPPORTED: &[&str] = &[
    "AuthenticateCognitoConfig",
    "AuthenticateOidcConfig",
    "FixedResponseConfig",
    "JwtValidationConfig",
    "RedirectConfig",
];

/// Reads `DefaultActions`; none if there is no action.
pub(super) fn read(
    input: &Input<'_>,
    arns: Arns<'_>,
) -> Result<Option<Vec<WeightedTargetGroup>>, Fault> {
    let actions = input.structures("DefaultActions");
    let action = match &actions[..] {
        [] => return Ok(None),
        [action] => action,
        _ => {
            return Err(Fault::new("TooManyActions", "A listener has one default action."));
        }
    };
    if action.required_text("Type")? != "forward" {
        let message = "The only action of a Network Load Balancer is forward.";
        return Err(Fault::new("InvalidLoadBalancerAction", message));
    }
    action.refuse(UNSUPPORTED)?;
    action.parse::<u32>("Order", "an integer")?;
    let one = action.text("TargetGroupArn")?.map(|arn| arns.target_group(arn)).transpose()?;
    let weighted = weighted(&action.structure("ForwardConfig"), arns)?;
    match (one, &weighted[..]) {
        (Some(group), []) => {
            Ok(Some(vec![WeightedTargetGroup { group: group.id, weight: WEIGHT_DEFAULT }]))
        }
        // Some clients send both; then both must mean the same.
        (Some(group), [only]) if only.group == group.id => Ok(Some(weighted)),
        (Some(_), _) => Err(Fault::new(
            "ValidationError",
            "TargetGroupArn and ForwardConfig must name the same target group.",
        )),
        (None, []) => Err(Fault::missing_parameter(&action.full_name("TargetGroupArn"))),
        (None, _) => Ok(Some(weighted)),
    }
}

fn weighted(config: &Input<'_>, arns: Arns<'_>) -> Result<Vec<WeightedTargetGroup>, Fault> {
    let stickiness = config.structure("TargetGroupStickinessConfig");
    if stickiness.boolean("Enabled")? == Some(true) {
        return Err(Fault::unsupported_parameter(&stickiness.full_name("Enabled")));
    }
    stickiness.parse::<u32>("DurationSeconds", "an integer")?;
    let read = |group: Input<'_>| {
        Ok(WeightedTargetGroup {
            group: arns.target_group(group.required_text("TargetGroupArn")?)?.id,
            weight: group.parse("Weight", "an integer from 0 to 999")?.unwrap_or(WEIGHT_DEFAULT),
        })
    };
    config.structures("TargetGroups").into_iter().map(read).collect()
}

/// The protocols of listeners and target groups, by their names.
const PROTOCOLS: [(&str, Protocol); 4] = [
    ("TCP", Protocol::Tcp),
    ("TCP_UDP", Protocol::TcpUdp),
    ("TLS", Protocol::Tls),
    ("UDP", Protocol::Udp),
];

/// Reads `Protocol`.
pub(super) fn protocol(input: &Input<'_>) -> Result<Option<Protocol>, Fault> {
    match input.text("Protocol")? {
        Some(other @ ("QUIC" | "TCP_QUIC" | "HTTP" | "HTTPS" | "GENEVE")) => {
            let message = format!("The protocol {other} is not supported here.");
            Err(Fault::new("UnsupportedProtocol", message))
        }
        _ => input.choice("Protocol", &PROTOCOLS),
    }
}

/// A protocol as ELBv2 writes it.
pub(super) fn protocol_name(of: Protocol) -> &'static str {
    PROTOCOLS.iter().find(|(_, protocol)| *protocol == of).map_or("", |(name, _)| name)
}
