//! `CreateTags`: adds or overwrites tags of resources, of all or of none.

use control_core::Command;

use crate::{
    api::Call,
    ec2::tag,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let resources = input.required_texts("ResourceId")?;
    let resources = resources.into_iter().map(tag::resource_id).collect::<Result<_, _>>()?;
    let tags = tag::tags(&input)?;
    let change = call.change(&input)?;
    call.make(change, Command::CreateTags { resources, tags }).await?;
    Ok(Xml::yes())
}
