//! `RemoveTags`: by key, whatever the value.

use control_core::{Command, tag::TagSelector};

use super::add_tags::tagged;
use crate::{
    api::Call,
    elb::arn::Arns,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn_texts = input.required_texts("ResourceArns")?;
    let keys = input.required_texts("TagKeys")?;
    let selector = |key: &str| TagSelector { key: key.to_owned(), value: None };
    let tags = keys.into_iter().map(selector).collect();
    let ready = call.ready(&input)?;
    let resources = tagged(&Arns::new(ready.registry(), &call.caller().account), &arn_texts)?;
    call.make_each(&ready, Command::DeleteTags { resources, tags }).await?;
    Ok(Xml::new())
}
