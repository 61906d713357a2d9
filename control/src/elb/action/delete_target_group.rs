//! `DeleteTargetGroup`: removes a target group that nothing forwards to.

use control_core::Command;

use crate::{
    api::Call,
    elb::arns::Arns,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let registry = call.registry();
    let arns = Arns(registry.view(call.caller()));
    let target_group = arns.target_group(input.required_text("TargetGroupArn")?)?.id;
    let change = call.change(&input)?;
    call.make(change, Command::DeleteTargetGroup { target_group }).await?;
    Ok(Xml::new())
}
