//! `ModifyTargetGroup`: the health check.

use control_core::{Command, Outcome};

use crate::{
    api::Call,
    elb::{arn::Arns, code, member, shape},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn = input.required_text("TargetGroupArn")?;
    let health_check = member::health_check(&input)?;
    let ready = call.ready(&input)?;
    let arns = Arns::new(ready.registry(), &call.caller().account);
    let target_group = arns.target_group(arn)?.id;
    let modify = Command::ModifyTargetGroup { target_group, health_check };
    let outcome = call.make_each(&ready, modify).await?;
    let Outcome::TargetGroup(group) = outcome else { return Err(code::unexpected(&outcome)) };
    let mut xml = Xml::new();
    shape::target_group::write_all(&mut xml, ready.registry(), call.caller(), [&*group]);
    Ok(xml)
}
