//! `AddTags`.

use control_core::{Command, resource::ResourceId};

use crate::{
    api::Call,
    elb::{arn::Arns, member},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn_texts = input.required_texts("ResourceArns")?;
    let tags = member::tags(&input)?;
    if tags.is_empty() {
        return Err(Fault::missing_parameter("Tags"));
    }
    let ready = call.ready(&input)?;
    let resources = tagged(&Arns::new(ready.registry(), &call.caller().account), &arn_texts)?;
    call.make_each(&ready, Command::CreateTags { resources, tags }).await?;
    Ok(Xml::new())
}

/// The resources that ARNs name.
pub(super) fn tagged(arns: &Arns<'_>, texts: &[&str]) -> Result<Vec<ResourceId>, Fault> {
    texts.iter().map(|arn| arns.tagged(arn)).collect()
}
