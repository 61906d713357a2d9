//! `DescribeTargetGroupAttributes`.

use crate::{
    api::Call,
    elb::{arn::Arns, attribute},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn = input.required_text("TargetGroupArn")?;
    let ready = call.ready(&input)?;
    let group = Arns::new(ready.registry(), &call.caller().account).target_group(arn)?;
    let mut xml = Xml::new();
    attribute::write(&mut xml, attribute::target_group_pairs(&group.attributes));
    Ok(xml)
}
