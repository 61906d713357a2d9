//! `DeregisterTargets`: targets drain for the group's delay and are then gone.

use control_core::Command;

use crate::{
    api::Call,
    elb::{arn::Arns, member},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn = input.required_text("TargetGroupArn")?;
    let targets = member::targets(&input)?;
    if targets.is_empty() {
        return Err(Fault::missing_parameter("Targets"));
    }
    let ready = call.ready(&input)?;
    let arns = Arns::new(ready.registry(), &call.caller().account);
    let target_group = arns.target_group(arn)?.id;
    call.make_each(&ready, Command::DeregisterTargets { target_group, targets }).await?;
    Ok(Xml::new())
}
