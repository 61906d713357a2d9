//! `RegisterTargets`: adds targets to a group.

use control_core::Command;

use crate::{
    api::Call,
    elb::{arns::Arns, target},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let registry = call.registry();
    let arns = Arns(registry.view(call.caller()));
    let target_group = arns.target_group(input.required_text("TargetGroupArn")?)?.id;
    let targets = target::read(&input)?;
    if targets.is_empty() {
        return Err(Fault::missing_parameter("Targets"));
    }
    let change = call.change(&input)?;
    call.make(change, Command::RegisterTargets { target_group, targets }).await?;
    Ok(Xml::new())
}
