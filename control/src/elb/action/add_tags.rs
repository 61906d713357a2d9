//! `AddTags`: adds or overwrites tags of load balancers, listeners and target groups.

use control_core::Command;

use crate::{
    api::Call,
    elb::{arns::Arns, tag},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let registry = call.registry();
    let arns = Arns(registry.view(call.caller()));
    let resources = input.required_texts("ResourceArns")?;
    let resources = resources.into_iter().map(|arn| arns.any(arn)).collect::<Result<_, _>>()?;
    let tags = tag::read(&input)?;
    if tags.is_empty() {
        return Err(Fault::missing_parameter("Tags"));
    }
    let change = call.change(&input)?;
    call.make(change, Command::CreateTags { resources, tags }).await?;
    Ok(Xml::new())
}
