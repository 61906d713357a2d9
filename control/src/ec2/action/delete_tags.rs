//! `DeleteTags`: takes tags from resources, from all or from none.

use control_core::{Command, tag::TagSelector};

use crate::{
    api::Call,
    ec2::tag,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let resources = input.required_texts("ResourceId")?;
    let resources = resources.into_iter().map(tag::resource_id).collect::<Result<_, _>>()?;
    let mut tags = Vec::new();
    for tag in input.structures("Tag") {
        let key = tag.required_text("Key")?.to_owned();
        // An empty value takes the tag only if its value is empty, as in EC2; none takes it anyway.
        tags.push(TagSelector { key, value: tag.text("Value")?.map(str::to_owned) });
    }
    let change = call.change(&input)?;
    call.make(change, Command::DeleteTags { resources, tags }).await?;
    Ok(Xml::yes())
}
