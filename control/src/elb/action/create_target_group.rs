//! `CreateTargetGroup`: target groups of type `ip`.

use control_core::{Command, Outcome, command::CreateTargetGroup};

use crate::{
    api::Call,
    elb::{code, member, shape},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    // Without it AWS makes a group of instances, of which there are none here.
    if input.text("TargetType")? != Some("ip") {
        return Err(Fault::new(
            "InvalidConfigurationRequest",
            "TargetType must be 'ip': other targets are not served here",
        ));
    }
    if let Some(other) = input.text("IpAddressType")?.filter(|kind| *kind != "ipv4") {
        return Err(Fault::invalid_value("IpAddressType", other, "ipv4"));
    }
    input.refuse(&["ProtocolVersion", "TargetControlPort"])?;
    let vpc = input.required_text("VpcId")?;
    let create = CreateTargetGroup {
        name: input.required_text("Name")?.into(),
        protocol: member::protocol(&input)?.ok_or_else(|| Fault::missing_parameter("Protocol"))?,
        port: member::port(&input, "Port")?.ok_or_else(|| Fault::missing_parameter("Port"))?,
        vpc: vpc.parse().map_err(|_| code::vpc_not_found(vpc))?,
        health_check: member::health_check(&input)?,
        tags: member::tags(&input)?,
    };
    let ready = call.ready(&input)?;
    let outcome = call.make_each(&ready, Command::CreateTargetGroup(create)).await?;
    let Outcome::TargetGroup(group) = outcome else { return Err(code::unexpected(&outcome)) };
    let mut xml = Xml::new();
    shape::target_group::write_all(&mut xml, ready.registry(), call.caller(), [&*group]);
    Ok(xml)
}
