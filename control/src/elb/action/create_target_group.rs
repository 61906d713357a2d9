//! `CreateTargetGroup`: makes a target group.

use control_core::{Command, Outcome, command::CreateTargetGroup, resource::TargetType};

use crate::{
    api::Call,
    elb::{arns::Arns, forward, health_check, shape::target_group::{TARGET_TYPES, write}, tag},
    query::{Fault, Xml},
};

const UNSUPPORTED: &[&str] = &["ProtocolVersion", "TargetControlPort"];

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(UNSUPPORTED)?;
    let target_type = match input.text("TargetType")? {
        None => TargetType::Instance,
        Some("lambda") => {
            let message = "The target type lambda is not supported here.";
            return Err(Fault::new("InvalidConfigurationRequest", message));
        }
        Some(_) => input.choice("TargetType", &TARGET_TYPES)?.unwrap_or_default(),
    };
    input.choice("IpAddressType", &[("ipv4", ())])?;
    let protocol = forward::protocol(&input)?;
    let command = Command::CreateTargetGroup(CreateTargetGroup {
        name: input.required_text("Name")?.into(),
        target_type,
        protocol: protocol.ok_or_else(|| Fault::missing_parameter("Protocol"))?,
        port: input.required("Port", "a port from 1 to 65535")?,
        vpc: input.required("VpcId", "the id of a VPC")?,
        health_check: health_check::read(&input)?,
        tags: tag::read(&input)?,
    });
    let change = call.change(&input)?;

    let Outcome::TargetGroup(group) = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    let registry = call.registry();
    let arns = Arns(registry.view(call.caller()));
    let mut xml = Xml::new();
    xml.list("TargetGroups", "member", [&group], |xml, group| write(xml, arns, group));
    Ok(xml)
}
