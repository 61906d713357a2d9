//! `ModifyTargetGroupAttributes`: all of them, or none.

use control_core::{Command, Outcome};

use crate::{
    api::Call,
    elb::{arn::Arns, attribute, code},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn = input.required_text("TargetGroupArn")?;
    let attributes = attribute::read(&input, attribute::of_target_group)?;
    let ready = call.ready(&input)?;
    let target_group = Arns::new(ready.registry(), &call.caller().account).target_group(arn)?.id;
    let modify = Command::ModifyTargetGroupAttributes { target_group, attributes };
    let outcome = call.make_each(&ready, modify).await?;
    let Outcome::TargetGroup(group) = outcome else { return Err(code::unexpected(&outcome)) };
    let mut xml = Xml::new();
    attribute::write(&mut xml, attribute::target_group_pairs(&group.attributes));
    Ok(xml)
}
