//! `DeleteListener`.

use control_core::Command;

use crate::{
    api::Call,
    elb::arn::Arns,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn = input.required_text("ListenerArn")?;
    let ready = call.ready(&input)?;
    let listener = Arns::new(ready.registry(), &call.caller().account).listener(arn)?.id;
    call.make_each(&ready, Command::DeleteListener { listener }).await?;
    Ok(Xml::new())
}
