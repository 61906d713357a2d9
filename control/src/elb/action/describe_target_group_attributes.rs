//! `DescribeTargetGroupAttributes`: lists the attributes of a target group.

use crate::{
    api::Call,
    elb::{
        arns::Arns,
        attribute::{self, target_group::all},
    },
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn = input.required_text("TargetGroupArn")?;
    let ready = call.ready(&input)?;
    let found = Arns(ready.registry().view(call.caller())).target_group(arn)?;
    Ok(attribute::write(all(&found.attributes)))
}
