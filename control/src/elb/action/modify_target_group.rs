//! `ModifyTargetGroup`: changes how targets are checked.

use control_core::{Command, Outcome};

use crate::{
    api::Call,
    elb::{arns::Arns, health_check, shape::target_group::write},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let registry = call.registry();
    let arns = Arns(registry.view(call.caller()));
    let target_group = arns.target_group(input.required_text("TargetGroupArn")?)?.id;
    let health_check = health_check::read(&input)?;
    let change = call.change(&input)?;

    let command = Command::ModifyTargetGroup { target_group, health_check };
    let Outcome::TargetGroup(group) = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    let mut xml = Xml::new();
    xml.list("TargetGroups", "member", [&group], |xml, group| write(xml, arns, group));
    Ok(xml)
}
