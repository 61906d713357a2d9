//! `DeleteTargetGroup`: with its targets. One that is not there is as good as deleted.

use control_core::Command;

use crate::{
    api::Call,
    elb::arn::Arns,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn = input.required_text("TargetGroupArn")?;
    let ready = call.ready(&input)?;
    match Arns::new(ready.registry(), &call.caller().account).target_group(arn) {
        Ok(group) => {
            let delete = Command::DeleteTargetGroup { target_group: group.id };
            call.make_each(&ready, delete).await?;
        }
        Err(fault) if fault.code == "TargetGroupNotFound" => {}
        Err(fault) => return Err(fault),
    }
    Ok(Xml::new())
}
