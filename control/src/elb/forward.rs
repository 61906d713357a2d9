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

/// Members of listeners that other protocols have.
const UNSUPPORTED_OF_LISTENER: &[&str] =
    &["AlpnPolicy", "Certificates", "MutualAuthentication", "SslPolicy"];

/// Refuses what belongs to protocols other than TCP, and reads `Protocol`.
pub(super) fn protocol(input: &Input<'_>) -> Result<Option<Protocol>, Fault> {
    input.refuse(UNSUPPORTED_OF_LISTENER)?;
    read_protocol(input, "Protocol")
}

/// Reads a protocol.
pub(super) fn read_protocol(input: &Input<'_>, name: &str) -> Result<Option<Protocol>, Fault> {
    match input.text(name)? {
        None => Ok(None),
        Some("TCP") => Ok(Some(Protocol::Tcp)),
        Some("TLS" | "UDP" | "TCP_UDP" | "QUIC" | "TCP_QUIC" | "HTTP" | "HTTPS" | "GENEVE") => {
            Err(Fault::new(
                "UnsupportedProtocol",
                format!("The only protocol that {name} supports here is TCP."),
            ))
        }
        Some(other) => Err(Fault::invalid_value(name, other, "TCP")),
    }
}
