//! `DeleteListener`: has a load balancer no longer listen on a port.

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
    let listener = arns.listener(input.required_text("ListenerArn")?)?.id;
    let change = call.change(&input)?;
    call.make(change, Command::DeleteListener { listener }).await?;
    Ok(Xml::new())
}
