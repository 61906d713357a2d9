//! `RemoveTags`: takes tags from load balancers, listeners and target groups.

use control_core::{Command, tag::TagSelector};

use crate::{
    api::Call,
    elb::arns::Arns,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let registry = call.registry();
    let arns = Arns(registry.view(call.caller()));
    let resources = input.required_texts("ResourceArns")?;
    let resources = resources.into_iter().map(|arn| arns.any(arn)).collect::<Result<_, _>>()?;
    let keys = input.required_texts("TagKeys")?;
    let tags = keys.into_iter().map(|key| TagSelector { key: key.to_owned(), value: None });
    let command = Command::DeleteTags { resources, tags: tags.collect() };
    let change = call.change(&input)?;
    call.make(change, command).await?;
    Ok(Xml::new())
}
