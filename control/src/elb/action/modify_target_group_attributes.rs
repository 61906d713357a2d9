//! `ModifyTargetGroupAttributes`: changes attributes of a target group.

use control_core::{Command, Outcome};

use crate::{
    api::Call,
    elb::{
        arns::Arns,
        attribute::{
            self,
            target_group::{all, read},
        },
    },
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let registry = call.registry();
    let arns = Arns(registry.view(call.caller()));
    let target_group = arns.target_group(input.required_text("TargetGroupArn")?)?.id;
    let attributes = attribute::read(&input, read)?;
    let change = call.change(&input)?;

    let command = Command::ModifyTargetGroupAttributes { target_group, attributes };
    let Outcome::TargetGroup(found) = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    Ok(attribute::write(all(&found.attributes)))
}
